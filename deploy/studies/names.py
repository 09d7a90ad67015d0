"""Names as people list them: with commas between."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator


def listed(text: Any) -> Any:
    """The names of a text, each once, in their order."""
    if isinstance(text, str):
        text = tuple(part.strip() for part in text.split(",") if part.strip())
    return tuple(dict.fromkeys(text)) if isinstance(text, list | tuple) else text


Names = Annotated[tuple[str, ...], BeforeValidator(listed)]
