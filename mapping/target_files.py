"""Reading targets: those that come along, and the user's own YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ..models.errors import UsageError
from .target import Target

FOLDER = Path(__file__).parent / "targets"


def target_names() -> tuple[str, ...]:
    """Names of the targets that come along."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def load_target(name_or_path: str | Path) -> Target:
    """A target by its name, or from a YAML file.

    A file of the user's own may say `extends: loihi2` and then give only what differs, such as
    `topology: {chips: 4}`; a constant is replaced as a whole, so that no number keeps another one's source.
    """
    return _validated(_read(name_or_path, ()), str(name_or_path))


def _read(name_or_path: str | Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    path = _find(name_or_path, seen[-1].parent if seen else None)
    if path in seen:
        raise UsageError(f"target {name_or_path} extends itself")
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"target {name_or_path}: not a YAML file: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict):
        raise UsageError(f"target {name_or_path}: a target is a YAML mapping, with keys such as name and limits")
    base = data.pop("extends", None)
    if base is None:
        return data
    return _merged(_read(str(base), (*seen, path)), data)


def _find(name_or_path: str | Path, beside: Path | None) -> Path:
    if str(name_or_path) in target_names():
        return FOLDER / f"{name_or_path}.yaml"
    for path in (Path(name_or_path), *([] if beside is None else [beside / name_or_path])):
        if path.is_file():
            return path.resolve()
    known = ", ".join(target_names())
    raise UsageError(f"no target {str(name_or_path)!r}; known are {known}, and any path to a YAML file of your own")


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in changes.items():
        old = result.get(key)
        if isinstance(old, dict) and isinstance(value, dict) and "value" not in old:
            result[key] = _merged(old, value)
        else:
            result[key] = value
    return result


def _validated(data: dict[str, Any], name: str) -> Target:
    try:
        return Target.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        message = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"target {name}: {key}: {message}{more}") from error
