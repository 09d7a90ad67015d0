"""Reading targets: those that come along, and the user's own YAML."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..models.errors import UsageError
from ..models.yaml_file import YamlError, read_yaml
from .target import Target

MOST_EXTENDED = 16
FOLDER = Path(__file__).parent / "targets"


def target_names() -> tuple[str, ...]:
    """Names of the targets that come along."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def load_target(name_or_path: str | Path) -> Target:
    """A target by its name, or from a YAML file.

    A file of the user's own may say `extends: loihi2` and then give only what differs, such as
    `topology: {chips: 4}`; a constant is replaced as a whole, so that no number keeps another one's source.
    """
    name = str(name_or_path)
    return _own_target(name) if name in target_names() else _validated(_read(name_or_path, ()), name)


@cache
def _own_target(name: str) -> Target:
    """A target that comes along, which does not change while a program runs."""
    return _validated(_read(name, ()), name)


def _read(name_or_path: str | Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    path = _find(name_or_path, seen[-1] if seen else None)
    if path in seen:
        raise UsageError(f"target {name_or_path} extends itself")
    if len(seen) >= MOST_EXTENDED:
        raise UsageError(f"target {name_or_path}: more than {MOST_EXTENDED} files extend one another")
    try:
        data = read_yaml(path)
    except OSError as error:
        raise UsageError(f"target {name_or_path}: it cannot be read: {error.strerror}") from None
    except YamlError as error:
        raise UsageError(f"target {name_or_path}: {error}") from error
    if not isinstance(data, dict):
        raise UsageError(f"target {name_or_path}: a target is a YAML mapping, with keys such as name and limits")
    base = data.pop("extends", None)
    if base is None:
        return data
    if not isinstance(base, str):
        raise UsageError(f"target {name_or_path}: extends is {base!r}, where the name of a target or a file is needed")
    return _merged(_read(base, (*seen, path)), data)


def _find(name_or_path: str | Path, extending: Path | None) -> Path:
    if str(name_or_path) in target_names():
        return FOLDER / f"{name_or_path}.yaml"
    for path in (Path(name_or_path), *([] if extending is None else [extending.parent / name_or_path])):
        try:
            if path.is_file():
                return path.resolve()
        except OSError:  # a name that no file can have
            continue
    known = ", ".join(target_names())
    where = "" if extending is None else f"{extending} extends what is "
    raise UsageError(
        f"{where}no target {str(name_or_path)!r}; known are {known}, and any path to a YAML file of your own"
    )


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
