"""Options that come in bundles: a command has one parameter, which becomes several options."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

Command = Callable[..., None]


def gathered(
    parameter: str, options: Mapping[str, tuple[Any, Any]], gather: Callable[[dict[str, Any]], Any]
) -> Callable[[Command], Command]:
    """Give a command options in place of one of its parameters.

    Parameters
    ----------
    parameter : name of the one that is replaced.
    options : by the names that they get, the annotation and the default of each.
    gather : from what was given for the options to what the command gets for its parameter.
    """
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in options.items()
    ]

    def decorate(command: Command) -> Command:
        own = inspect.signature(command, eval_str=True).parameters.values()

        @functools.wraps(command)
        def with_options(**given: Any) -> None:
            bundle = {name: given.pop(name) for name in options}
            command(**given, **{parameter: gather(bundle)})

        return with_signature(with_options, [*(part for part in own if part.name != parameter), *added])

    return decorate


def with_signature(command: Command, parameters: list[inspect.Parameter]) -> Command:
    """Let a command, which takes keywords, show these parameters to Typer."""
    keywords = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
    command.__signature__ = inspect.Signature(keywords)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in keywords}
    return command
