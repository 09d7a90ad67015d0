"""Writes what docs/ has of the schema: `python -m spikeloom.deploy.report_schema docs`."""

from __future__ import annotations

import sys
from pathlib import Path

from .json_schema import MODELS, schema_text
from .reference import reference_page


def main(docs: Path) -> None:
    """Write both schemas, and a page of keys for each.

    Parameters
    ----------
    docs : the folder of the documentation.
    """
    for name in MODELS:
        (docs / f"{name}.schema.json").write_text(schema_text(name), encoding="utf-8")
        (docs / f"{name}-keys.md").write_text(reference_page(name), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
