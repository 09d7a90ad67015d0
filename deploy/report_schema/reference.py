"""The pages in docs/ that list all keys, written from the schema that documents are checked against."""

from __future__ import annotations

import types
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .json_schema import MODELS, DocumentName, models_within
from .version import FORMAT

BEGINNING = """# Keys of a {name}

Written by `make reference` from the [JSON Schema]({name}.schema.json) that every {name} is checked against when it is
read. Format {format}; [{page}]({page}) says what it is about.

"""
PAGES: dict[DocumentName, str] = {"report": "report.md", "comparison": "compare.md"}
SHARE = "share, 0 to 1"
KINDS = {int: "integer", float: "number", str: "text", bool: "true or false", type(None): "null", Any: "any"}


def reference_page(name: DocumentName) -> str:
    """The page in docs/ with the keys of a document."""
    return BEGINNING.format(name=name, format=FORMAT, page=PAGES[name]) + reference(name)


def reference(name: DocumentName) -> str:
    """Tables of all keys, the whole document first, then each object in it, in the order in which they come."""
    blocks = []
    for place, model in enumerate(models_within(MODELS[name])):
        heading = [] if place == 0 else [f"### {_title(model)}", ""]
        says = [_sentence(model), ""]
        fields = model.model_fields.items()
        rows = [f"| `{field.alias or key}` | {_kind(field)} | {field.description} |" for key, field in fields]
        blocks.append("\n".join([*heading, *says, "| key | is | content |", "|---|---|---|", *rows, ""]))
    return "\n".join(blocks)


def _kind(field: FieldInfo) -> str:
    shown = SHARE if _at_most_one(field.metadata) else _shown(field.annotation)
    return shown if field.is_required() else f"{shown}; may be absent"


def _shown(annotation: Any) -> str:
    """A type in words, with a link to the table of an object."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return SHARE if _at_most_one(annotation.__metadata__) else _shown(parts[0])
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in parts)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_shown(part) for part in parts))
    if origin is list:
        return f"list of {_shown(parts[0])}"
    if origin is dict:
        return f"by name, {_shown(parts[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{_title(annotation).lower()}](#{_title(annotation).lower().replace(' ', '-')})"
    return KINDS[annotation]


def _at_most_one(metadata: Iterable[Any]) -> bool:
    """Whether numbers lie between 0 and 1, as pydantic has it."""
    limits = [limit for entry in metadata for limit in getattr(entry, "metadata", [entry])]
    return any(getattr(limit, "ge", None) == 0 for limit in limits) and any(
        getattr(limit, "le", None) == 1 for limit in limits
    )


def _title(model: type[BaseModel]) -> str:
    """The name of a model in words."""
    name = model.__name__.removesuffix("Section")
    return "".join(f" {letter.lower()}" if letter.isupper() and place else letter for place, letter in enumerate(name))


def _sentence(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split())
