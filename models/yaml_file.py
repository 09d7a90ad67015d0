"""YAML from files that anybody may have written: plain data, of a size that a person would write.

PyYAML's safe loader makes no Python objects, but a few lines that repeat one another by aliases become any number of
values, and deep nesting ends in Python's own limit.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from .size_limits import DEEPEST_NESTING, in_bytes

LARGEST_FILE = 2**20  # bytes; PyYAML takes some seconds for as many
LONGEST_TEXT = 4_000  # characters; PyYAML reads 1:1:1 ... as a number, in a time that grows as the square
MOST_VALUES = 2**16  # with those that aliases repeat; a chip has some hundred


class YamlError(ValueError):
    """A file that is no YAML, or more of it than is read; the message is a clause, such as "it is ..."."""


def read_yaml(path: Path, look: Callable[[yaml.Node], None] = lambda root: None) -> Any:
    """The document in a file.

    Parameters
    ----------
    look : is given the nodes, which know their lines, before values are made of them; not called for an empty file.

    Raises
    ------
    OSError : it cannot be read.
    YamlError : it is no YAML, or too much.
    """
    with path.open("rb") as file:
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise YamlError(f"it has more than {in_bytes(LARGEST_FILE)}")
    try:
        loader = _Loader(content.decode("utf-8"))
        node = loader.get_single_node()
        if node is None:
            return None
        look(node)
        return loader.construct_document(node)
    except YamlError:
        raise
    # Dates and numbers that cannot be, such as the month 13, and keys that cannot, are no errors of YAML to PyYAML.
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, LookupError, AttributeError) as error:
        raise YamlError(f"it is not YAML: {' '.join(str(error).split())}") from error


class _Loader(yaml.SafeLoader):
    """Counts values as they are composed, those that an alias repeats each time, and their depth."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._values = 0
        self._depth = 0
        self._extents: dict[int, int] = {}  # of nodes, by their identity

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Compose a node; see `yaml.composer.Composer`."""
        repeats = self.check_event(yaml.AliasEvent)
        before = self._values
        self._values += 1
        self._depth += 1
        if self._depth > DEEPEST_NESTING:
            raise YamlError(f"it nests deeper than {DEEPEST_NESTING}")
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        if isinstance(node, yaml.ScalarNode) and len(node.value) > LONGEST_TEXT:
            line = node.start_mark.line + 1
            raise YamlError(
                f"line {line} has a text of {len(node.value):,} characters, where {LONGEST_TEXT:,} are enough"
            )
        if repeats:
            if id(node) not in self._extents:
                raise YamlError("it has a value within itself")
            self._values += self._extents[id(node)]
        if self._values > MOST_VALUES:
            raise YamlError(f"it holds more than {MOST_VALUES} values, those that are repeated counted each time")
        self._extents[id(node)] = self._values - before
        return node
