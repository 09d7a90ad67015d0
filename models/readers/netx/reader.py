"""Reading lava-dl's `.net` files into integer graphs: what runs is what netx would have run, integer for integer.

The facts about the format, and about how netx runs it, are those of lava-dl 0.6 (`lava.lib.dl.netx`, and the exporters
in `lava.lib.dl.slayer.block`). Shapes are channels first; layers follow one another as they are numbered.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ...errors import Unsupported, UnsupportedModelError, UsageError, unsupported_model
from ...graph import Graph, GraphError
from ...operators import Shape, ShapeError
from .assumptions import assumptions
from .fields import NotReadableError, shape, text
from .file import LayerDict, read_layers
from .layers import LayerReader, require_known
from .neurons import is_sigma_delta
from .options import NetxOptions

LARGEST_SPIKE_EXPONENT = 6


def read_net(path: Path, options: NetxOptions | None = None) -> Graph:
    """Read a `.net` file into an integer graph.

    Raises
    ------
    UnsupportedModelError : unreadable, contradictory, or with layers that have no meaning here (all of them listed).
    UsageError : an option out of range.
    """
    options = options or NetxOptions()
    if not 0 <= options.spike_exponent <= LARGEST_SPIKE_EXPONENT:
        raise UsageError(f"spike_exponent is {options.spike_exponent}; it is from 0 to {LARGEST_SPIKE_EXPONENT}.")
    layers = read_layers(path)
    if options.input_shape is not None and _kind(layers[0]) == "input":
        raise UsageError(f"{path} has an input layer, which says the shape of the data: leave out --input-shape.")
    sigma_delta = any(map(is_sigma_delta, layers))
    settled = replace(options, pipelined=sigma_delta if options.pipelined is None else options.pipelined)
    reader = LayerReader(settled, len(layers) - 1, sigma_delta)
    problems = _problems(reader, layers)
    if problems:
        raise unsupported_model(str(path), problems)
    reader.flow.output("output", reader.layers[-1].signal)
    reader.flow.assumptions += assumptions(layers, options, reader)
    try:
        return reader.flow.graph(path.stem)
    except GraphError as error:
        raise UnsupportedModelError(f"{path}: {error}.") from None


def _problems(reader: LayerReader, layers: list[LayerDict]) -> list[Unsupported]:
    """Add the layers; what stands against them, all of them being looked at as far as shapes are known."""
    problems: list[Unsupported] = []
    lost = False
    for number, fields in enumerate(layers):
        try:
            if lost:
                require_known(fields)
            else:
                reader.add(fields, number)
        except (NotReadableError, ShapeError) as error:
            problems.append(Unsupported(f"layer {number}", _kind(fields), str(error)))
            declared = _declared(fields)
            lost = lost or declared is None
            if declared is not None:
                reader.add_placeholder(declared)
    return problems


def _kind(fields: LayerDict) -> str:
    try:
        return text(fields, "type")
    except NotReadableError:
        return "unknown type"


def _declared(fields: LayerDict) -> Shape | None:
    try:
        return shape(fields)
    except NotReadableError:
        return None
