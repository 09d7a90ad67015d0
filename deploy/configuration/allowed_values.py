"""What a key of the configuration may be, in words: for error messages, `spikeloom init` and the guide."""

from __future__ import annotations

import types
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, Union

from pydantic import BaseModel
from pydantic.fields import FieldInfo


@dataclass(frozen=True)
class Allowed:
    """Says, among the annotations of a type, what may be written where the type alone does not tell it."""

    words: str


def allowed_values(field: FieldInfo) -> str:
    """What may be written for a field, such as "a whole number of at least 1"."""
    return _words(field.annotation, field.metadata)


def may_be_left_open(field: FieldInfo) -> bool:
    """Whether null is a value of the field."""
    return type(None) in typing.get_args(field.annotation)


def choices(annotation: Any) -> tuple[str, ...]:
    """The words that a type, or a list of it, consists of; none where it is another kind of type."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return tuple(str(member.value) for member in annotation)
    if typing.get_origin(annotation) is Literal:
        return tuple(map(str, typing.get_args(annotation)))
    if typing.get_origin(annotation) is tuple:
        return choices(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (Union, types.UnionType):
        inner = [part for part in typing.get_args(annotation) if part is not type(None)]
        return choices(inner[0]) if len(inner) == 1 else ()
    return ()


def _words(annotation: Any, metadata: Sequence[Any]) -> str:
    said = next((item.words for item in metadata if isinstance(item, Allowed)), None)
    if said is not None:
        return said
    origin, inside = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _words(inside[0], [*inside[1:], *metadata])
    if origin is tuple:
        return f"a list of {', '.join(choices(annotation)) or _plural(inside[0])}"
    if words := choices(annotation):
        return _listed(words)
    if origin in (Union, types.UnionType):
        # Layers of unions, as of rules of learning, have words of their own.
        return _words(next(part for part in inside if part is not type(None)), metadata)
    if origin is dict or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return "a mapping of keys to values"
    if annotation is bool:
        return "true or false"
    if annotation in (int, float):
        return f"a {'whole ' if annotation is int else ''}number{_range(metadata)}"
    return "a text"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _plural(annotation: Any) -> str:
    return "whole numbers" if annotation is int else "names"


def _range(metadata: Sequence[Any]) -> str:
    """The bounds of a number, as annotations have them."""
    bounds = {
        name: getattr(item, name)
        for item in metadata
        for name in ("ge", "gt", "le")
        if getattr(item, name, None) is not None
    }
    if "le" in bounds:
        lowest = f"from {bounds['ge']} to" if "ge" in bounds else f"above {bounds['gt']}, at most"
        return f" {lowest} {bounds['le']}"
    if "ge" in bounds:
        return f" of at least {bounds['ge']}"
    return f" above {bounds['gt']}" if "gt" in bounds else ""
