"""Compiled templates, kept from run to run: to compile those of a report takes as long as to fill them in."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

import jinja2
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from ..models.compiled_code import cache_folder
from ..models.kept_bytes import keep, read_kept


class CompiledTemplates(BytecodeCache):
    """Files of compiled templates.

    Parameters
    ----------
    environment : the file of Python that says how templates are read, of which the compiled ones are.
    """

    def __init__(self, environment: Path) -> None:
        content = hashlib.sha256(environment.read_bytes() + jinja2.__version__.encode())
        self._folder = cache_folder(f"pages-{content.hexdigest()[:16]}")

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill in what is kept of a template; Jinja itself sees whether it is of the same text."""
        kept = read_kept(self._file(bucket))
        if kept is not None:
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template if there is room; it is compiled anew otherwise."""
        with contextlib.suppress(OSError):
            keep(self._file(bucket), bucket.bytecode_to_string())

    def _file(self, bucket: Bucket) -> Path:
        return self._folder / f"{bucket.key}.template"
