"""Making the module that a checkpoint belongs to, from code that the user names."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import UsageError

if TYPE_CHECKING:
    from torch import nn


def made_by(architecture: str) -> nn.Module:
    """The module that "file.py:name" or "package.module:name" makes when called without arguments.

    Raises
    ------
    UsageError : it is no such thing.
    """
    from torch import nn

    place, separator, name = architecture.rpartition(":")
    if not separator or not place or not name.isidentifier():
        raise UsageError(
            f"{architecture!r} names no network; give FILE.py:NAME or package.module:NAME of a class or function "
            "(--architecture)."
        )
    try:
        maker = getattr(_imported(place), name)
    except AttributeError:
        raise UsageError(f"{place} has no {name!r} (--architecture).") from None
    try:
        module = _run(maker) if callable(maker) and not isinstance(maker, nn.Module) else maker
    except (Exception, SystemExit) as error:
        raise UsageError(
            f"{architecture}, called without arguments, fails: {_said(error)}; name a "
            "function without arguments that returns the network (--architecture)."
        ) from error
    if not isinstance(module, nn.Module):
        raise UsageError(f"{architecture} returns {type(module).__name__}, not a torch.nn.Module (--architecture).")
    return module


def _imported(place: str) -> Any:
    """A module of Python, from a file or by its name; beside a file, its folder is looked in for others."""
    if not place.endswith(".py"):
        return _running(place, lambda: importlib.import_module(place))
    file = Path(place).resolve()
    if not file.is_file():
        raise UsageError(f"There is no file {place} (--architecture).")
    specification = importlib.util.spec_from_file_location(file.stem, file)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    loader = specification.loader
    before = sys.modules.get(file.stem)
    sys.modules[file.stem] = module  # dataclasses and the like look their own module up
    sys.path.insert(0, str(file.parent))
    try:
        _running(place, lambda: loader.exec_module(module))
    finally:
        sys.path.remove(str(file.parent))
        if before is not None:
            sys.modules[file.stem] = before
    return module


def _running(place: str, run: Any) -> Any:
    try:
        return _run(run)
    except (Exception, SystemExit) as error:
        raise UsageError(f"{place} cannot be imported: {_said(error)} (--architecture).") from error


def _run(run: Any) -> Any:
    """A user's code; what it prints goes to standard error, as a report, perhaps in JSON, goes to standard output."""
    with redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return run()


def _said(error: BaseException) -> str:
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
