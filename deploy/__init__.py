"""The pipeline from a trained model to an artifact. The package can be called: `spikeloom.deploy(...)` runs it all."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Pipeline(ModuleType):
    """The name `deploy` is both this package and, by the design of the Python API, a verb."""

    def __call__(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        """See `api.deploy`."""
        from .api import deploy

        return deploy(*arguments, **options)


sys.modules[__name__].__class__ = _Pipeline
