"""From what a user typed to the options of a study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from ...models.errors import UsageError
from .study import Study


def make_study(kind: type[Study], given: Mapping[str, Any]) -> Study:
    """A study with these options; those that are None are left at their defaults.

    Raises
    ------
    UsageError : a value cannot be; names the option.
    """
    try:
        return kind(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        reason = first["msg"].removeprefix("Value error, ")
        reason = reason[0].lower() + reason[1:]
        if not first["loc"]:  # of options that do not go together
            raise UsageError(f"{reason[0].upper()}{reason[1:].rstrip('.')}.") from None
        name = str(first["loc"][0])
        option = f"--{name.replace('_', '-')}"
        raise UsageError(f"The option {option} cannot be {given.get(name)!r}: {reason.rstrip('.')}.") from None
