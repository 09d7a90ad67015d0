"""What file a model of the zoo is written to."""

from __future__ import annotations

from .catalogue import ZooModel

NIR = ".nir"
GRAPH = ".graph"


def suffixes_of(model: ZooModel) -> tuple[str, ...]:
    """Suffixes of the files that can hold a model, the usual one first.

    NIR has no rectifiers and no adaptive neurons.
    """
    if model.ordinary or model.components is None:
        return (GRAPH,)
    return (NIR,) if model.name == "digits" else (NIR, GRAPH)  # `zoo.digits` writes its own file
