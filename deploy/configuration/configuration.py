"""From a file and options to a configuration, or to a sentence that says what is wrong with them, and where."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from ...models.errors import UsageError
from .allowed_values import allowed_values, choices
from .file import ConfigurationFile, read_configuration
from .keys import Configuration, GuardName
from .layer_keys import LayerConfiguration
from .learning_choices import RULES, TraceChoice

__all__ = ["Configuration", "GuardName", "configuration"]

LONGEST_VALUE = 60  # characters of a wrong value that an error shows
OF_A_RULE = {  # what pydantic says of learning rules, in a user's words
    "union_tag_not_found": f"its rule is missing, one of {', '.join(RULES)}",
    "union_tag_invalid": f"its rule is one of {', '.join(RULES)}",
}
BY_A_CHECK = "value_error"
MISSING = "missing"


def configuration(file: Path | None = None, **options: Any) -> Configuration:
    """Read a YAML file, if one is given, and let options that are not None win over it.

    Raises
    ------
    UsageError : the file cannot be read, or a key or value is not known; names file, line, key and what may be there.
    """
    found = None if file is None else read_configuration(file)
    given = {key: value for key, value in options.items() if value is not None}
    try:
        return Configuration(**({} if found is None else dict(found.values)) | given)
    except ValidationError as error:
        raise UsageError(_explained(error.errors()[0], found, given)) from None


def _explained(error: ErrorDetails, file: ConfigurationFile | None, given: Mapping[str, Any]) -> str:
    """A sentence about the first thing that is wrong."""
    place = [str(part) for part in error["loc"] if part != "[key]"]
    models = _models(place)
    if len(place) > 3 and place[2] == "learning":  # after it stands the name of the rule, which no file has there
        del place[3]
    key, option = ".".join(place), place[0] in given
    where = f"The configuration {file.place(place)}: " if file is not None and not option else ""
    fields = models[-1].model_fields
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(place[-1], fields, 1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        there_is = f"{where}there is" if where else "There is"
        return f"{there_is} no configuration key {key!r}{hint}; the keys are {', '.join(fields)}."
    field = next((fields[name] for name in reversed(place) if name in fields), None)  # of an entry, that of its list
    value = error["input"]
    if option:  # of a tuple, an option has no entries with names of their own
        field, value = Configuration.model_fields[place[0]], given[place[0]]
        where, key = "The option ", f"--{place[0].replace('_', '-')}"
    if error["type"] == MISSING:
        return f"{where}{key} is missing: {_reason(error, field, None)}."
    return f"{where}{key} cannot be {_shown(value)}: {_reason(error, field, value)}."


def _models(place: Sequence[str]) -> list[type[BaseModel]]:
    """The kinds of settings on the way to a place, as pydantic has it; the last one is where its key belongs."""
    models: list[type[BaseModel]] = [Configuration]
    if place[0] == "layers" and len(place) > 2:
        models.append(LayerConfiguration)
        if len(place) > 4 and place[2] == "learning":
            models.append(RULES[place[3]])
            if len(place) > 5 and RULES[place[3]].model_fields[place[4]].annotation == TraceChoice | None:
                models.append(TraceChoice)
    return models


def _reason(error: ErrorDetails, field: FieldInfo | None, value: Any) -> str:
    """Why a value cannot be, and what could."""
    if error["type"] in OF_A_RULE:
        return OF_A_RULE[error["type"]]
    if error["type"] == BY_A_CHECK or field is None:
        reason = error["msg"].removeprefix("Value error, ")
        return reason[0].lower() + reason[1:]
    near = difflib.get_close_matches(str(value), choices(field.annotation), 1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"it must be {allowed_values(field)}{hint}"


def _shown(value: Any) -> str:
    text = repr(value.value) if isinstance(value, Enum) else repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
