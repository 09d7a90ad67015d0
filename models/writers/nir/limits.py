"""What NIR has no place for: sentences on what it can say only in another way or not at all, and a refusal."""

from __future__ import annotations

import numpy as np

LARGEST_MATRIX = 2**26
"""Elements of a matrix or kernel that is written only because NIR has no shorter way to say it."""


class NotExpressibleError(Exception):
    """Why an operator cannot be written; ends up in the list of everything that stands against a model."""


class Notes:
    """Sentences, each once, with the names of all nodes that it is about."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}

    def add(self, sentence: str, name: str) -> None:
        """Note something; `{}` in the sentence stands for the names."""
        names = self._names.setdefault(sentence, [])
        if name not in names:
            names.append(name)

    def __contains__(self, sentence: str) -> bool:
        return sentence in self._names

    def sentences(self) -> tuple[str, ...]:
        """One for each thing noted."""
        return tuple(sentence.replace("{}", ", ".join(map(repr, names))) for sentence, names in self._names.items())


def matrix_size(shape: tuple[int, ...]) -> None:
    """Raise NotExpressibleError where a matrix or kernel of this shape would be unreasonably large."""
    if int(np.prod(shape, dtype=np.int64)) > LARGEST_MATRIX:
        raise NotExpressibleError(
            f"would need a matrix of shape {shape}, larger than the {LARGEST_MATRIX} elements that are written"
        )
