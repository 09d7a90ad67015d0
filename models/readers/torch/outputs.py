"""Which of the tensors that a network returns is its answer."""

from __future__ import annotations

from typing import Any

from ...errors import Unsupported, UsageError
from ..dataflow import Signal
from .elements import Traced
from .neuron_layer import Refusal
from .reading import Reading


def add_outputs(reading: Reading, returned: list[Any], chosen: int | None) -> list[Unsupported]:
    """Add the output nodes, and say what was taken for the answer; what stands against it is returned.

    Raises
    ------
    UsageError : `chosen` is no number of a tensor that the network returns.
    """
    candidates = [value for value in returned if isinstance(value, Traced)]
    count = len(candidates)
    if chosen is not None:
        if not 0 <= chosen < len(returned) or not isinstance(returned[chosen], Traced):
            numbers = [number for number, value in enumerate(returned) if isinstance(value, Traced)]
            raise UsageError(
                f"The network returns no tensor {chosen} that depends on the data; those that do: "
                f"{', '.join(map(str, numbers)) or 'none'} (--output-name)."
            )
        candidates = [returned[chosen]]
    shown = [value for value in candidates if not any(source.node in reading.hidden for source in value.sources)]
    problems = []
    signals: dict[str, Signal] = {}
    for value in shown or candidates:
        try:
            signal = reading.signal("output", value, reading.rows(value))
        except Refusal as refusal:
            problems.append(Unsupported("the output", "returned tensor", str(refusal)))
            continue
        signals.setdefault(signal.node, signal)
        _explain(reading, value)
    if not candidates:
        problems.append(Unsupported("the output", "returned value", "does not depend on the data"))
    answers = _last(reading, signals) if chosen is None else list(signals.values())
    if len(answers) < count:
        named = ", ".join(repr(signal.node) for signal in answers)
        reading.flow.assumptions.append(
            f"output: of {count} returned tensors, those of {named} are taken for the answer (--output-name)."
        )
    for signal in answers:
        reading.flow.output("output", signal)
    return problems


def _explain(reading: Reading, value: Traced) -> None:
    if value.ending:
        if "time" in value.ending:
            note = f"output: the {value.ending} at the end is left to how the answer is decided (decision)."
        else:
            note = f"output: the {value.ending} at the end is left out; it does not change which class is largest."
        if note not in reading.flow.assumptions:
            reading.flow.assumptions.append(note)


def _last(reading: Reading, signals: dict[str, Signal]) -> list[Signal]:
    """Without those that others are made of: layers recorded on the way."""
    sources: dict[str, set[str]] = {}
    for edge in reading.flow.edges:
        if edge.lag == 0:
            sources.setdefault(edge.target, set()).add(edge.source)
    inner: set[str] = set()
    for node in signals:
        waiting = [*sources.get(node, ())]
        while waiting:
            source = waiting.pop()
            if source not in inner:
                inner.add(source)
                waiting += sources.get(source, ())
    return [signal for node, signal in signals.items() if node not in inner]
