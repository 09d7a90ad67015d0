"""The published JSON Schema of `report.json` and of comparisons."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal, get_args

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from .comparison import Comparison
from .report import Report
from .version import FORMAT

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ADDRESS = "urn:spikeloom:{name}:{format}"

DocumentName = Literal["report", "comparison"]
MODELS: dict[DocumentName, type[BaseModel]] = {"report": Report, "comparison": Comparison}


class _Untitled(GenerateJsonSchema):
    """Without titles of keys, which would only repeat their names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def json_schema(name: DocumentName) -> dict[str, Any]:
    """The schema of a document, with its version in its identifier and title; the same by any version of pydantic."""
    model = MODELS[name]
    schema = model.model_json_schema(schema_generator=_Untitled, by_alias=True)
    parts = {**schema["$defs"], model.__name__: schema}
    for part in models_within(model):
        keys = parts[part.__name__]["properties"]
        for key, field in part.model_fields.items():
            # Pydantic leaves out a description that says the same as the object's own.
            keys[field.alias or key] = {**_plain(keys[field.alias or key]), "description": field.description}
    return {
        "$schema": DIALECT,
        "$id": ADDRESS.format(name=name, format=FORMAT),
        **schema,
        "title": f"Spikeloom {name}, format {FORMAT}",
    }


def schema_text(name: DocumentName) -> str:
    """The schema as the file in docs/ has it."""
    return json.dumps(json_schema(name), indent=1, sort_keys=True) + "\n"


def models_within(first: type[BaseModel]) -> list[type[BaseModel]]:
    """A model and all that its fields lead to, each once, those that are nearer first."""
    found, waiting = [], [first]
    while waiting:
        model = waiting.pop(0)
        if model not in found:
            found.append(model)
            waiting += [part for field in model.model_fields.values() for part in _parts(field.annotation)]
    return found


def _parts(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _parts(part)


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """As newer versions of pydantic write it: references stand by themselves, what says nothing is left out."""
    match schema:
        case {"allOf": [reference], **rest}:
            return {**reference, **rest}
        case {"const": _, "enum": _, **rest}:
            return {"const": schema["const"], **rest}
        case {"additionalProperties": True, **rest}:
            return rest
    return schema
