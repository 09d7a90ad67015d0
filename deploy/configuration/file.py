"""Reading a YAML file of choices, which may come from a stranger, so that every key is known by its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ...models.errors import UsageError
from ...models.yaml_file import YamlError, read_yaml

MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True)
class ConfigurationFile:
    """What a file says.

    Attributes
    ----------
    path : of the file.
    values : what stands in it.
    lines : the line of each key, counted from 1, by the keys that lead to it.
    """

    path: Path
    values: Mapping[str, Any]
    lines: Mapping[tuple[str, ...], int]

    def place(self, keys: Sequence[str]) -> str:
        """The file and, as far as the keys are in it, the line."""
        for end in range(len(keys), 0, -1):
            line = self.lines.get(tuple(keys[:end]))
            if line is not None:
                return f"{self.path}, line {line}"
        return str(self.path)


def read_configuration(path: Path) -> ConfigurationFile:
    """Read a file.

    Raises
    ------
    UsageError : it cannot be read, is too large, no YAML or no mapping, repeats a key or has one that is no word.
    """
    lines: dict[tuple[str, ...], int] = {}

    def note_lines(root: yaml.Node) -> None:
        if not isinstance(root, yaml.MappingNode):
            raise UsageError(f"The configuration {path} must be a mapping of keys to values.")
        lines.update(_lines(path, root, ()))

    try:
        values = read_yaml(path, note_lines)
    except OSError as error:
        raise UsageError(f"The configuration {path} cannot be read: {error.strerror}.") from None
    except YamlError as error:
        raise UsageError(f"The configuration {path}: {error}.") from None
    return ConfigurationFile(path, values or {}, lines)


def _lines(path: Path, node: yaml.Node, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
    """The line of each key of a mapping and of those below it, no key twice."""
    if isinstance(node, yaml.SequenceNode):
        for number, part in enumerate(node.value):
            yield (*above, str(number)), _line(part)
            yield from _lines(path, part, (*above, str(number)))
    if not isinstance(node, yaml.MappingNode):
        return
    seen: dict[str, int] = {}
    for key, value in node.value:
        if key.tag == MERGE:
            continue
        if not isinstance(key, yaml.ScalarNode) or key.tag != yaml.resolver.BaseResolver.DEFAULT_SCALAR_TAG:
            shown = key.value if isinstance(key, yaml.ScalarNode) else "of several values"
            raise UsageError(
                f"The configuration {path}, line {_line(key)}, has the key {shown}; keys are words: quote it."
            )
        if key.value in seen:
            raise UsageError(
                f"The configuration {path} has the key {'.'.join((*above, key.value))!r} twice, in lines "
                f"{seen[key.value]} and {_line(key)}: keep one."
            )
        seen[key.value] = _line(key)
        yield (*above, key.value), _line(key)
        yield from _lines(path, value, (*above, key.value))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
