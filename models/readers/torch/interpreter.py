"""Reading a program node by node."""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from typing import Any

from ...errors import Unsupported
from ...operators import ShapeError
from ..dataflow import Dataflow
from .copying import Copy
from .elements import MixedError, Traced, data
from .layout_operations import CASTING, FILLING, MOVING, cast, filled, moved
from .neuron_layer import Refusal
from .operations import ENDINGS, HANDLERS, IGNORED, LINEAR, PRODUCTS, RANDOM, reason_against
from .pooling_operations import MEAN_OVER_TIME, SUM_OVER_TIME
from .reading import Reading
from .tracing import Program

BIASES = ("bias", "running_mean")


@dataclass(frozen=True)
class Unknown:
    """What came of something that cannot be read; `shape` is None where it is not known, `ending` as in `Traced`."""

    shape: tuple[int, ...] | None
    ending: str = ""


@dataclass
class Read:
    """A program that was read.

    Attributes
    ----------
    reading : with the graph.
    returned : what the program returns: traced tensors, constants, unknowns.
    problems : nodes that cannot be deployed.
    out_of_time : whether one of them is about the axis of time.
    """

    reading: Reading
    returned: list[Any]
    problems: list[Unsupported]
    out_of_time: bool


def read(program: Program, copy: Copy, time_axis: int | None) -> Read:
    """Read a program, with an axis of the data taken for time, or none."""
    names = copy.names
    leaves = frozenset(path for path, part in copy.module.named_modules() if path and not list(part.children()))
    flow = Dataflow()
    axes = 1 if time_axis is None else 2
    entry = flow.input("input", program.shape[axes:] or (1,))
    entered, samples = data(program.shape, entry, time_axis)
    reading = Reading(flow, copy.layers, names, samples)
    result = Read(reading, [], [], False)
    values: dict[Any, Any] = {}

    def value_of(argument: Any) -> Any:
        if isinstance(argument, list | tuple):
            return [value_of(part) for part in argument]
        return values.get(argument) if hasattr(argument, "op") else argument

    for node in program.nodes:
        if node.op == "placeholder":
            values[node] = entered if node.name == program.data else program.constants.get(node.name)
        elif node.op == "output":
            result.returned = [value_of(argument) for argument in node.args[0]]
        elif node.op == "call_function":
            arguments = [value_of(argument) for argument in node.args]
            options = {key: value_of(argument) for key, argument in node.kwargs.items()}
            name = name_of(node, leaves)
            try:
                values[node] = _called(reading, name, node.target, arguments, options, node)
            except (Refusal, ShapeError) as error:
                result.out_of_time |= isinstance(error, MixedError)
                where = names[arguments[2]] if _kind(node.target) == "neurons" else name
                problem = Unsupported(where, _what(node), str(error))
                if problem not in result.problems:
                    result.problems.append(problem)
                values[node] = _unknown(node)
    return result


def name_of(node: Any, leaves: frozenset[str]) -> str:
    """Path of the module that an operation belongs to, with the operation's own name where the module does more.

    Parameters
    ----------
    leaves : paths of modules without modules in them.
    """
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    path, kind = stack[-1] if stack else ("", "")
    kind = kind if isinstance(kind, str) else f"{kind.__module__}.{kind.__qualname__}"
    path = path.removeprefix("network").removeprefix(".").split("@", 1)[0]
    if path and (path in leaves or kind.startswith("torch.nn.")) and ".stand_ins." not in kind:
        return path
    operation = _kind(node.target) or node.name
    return f"{path}.{operation}" if path else operation


def _called(reading: Reading, name: str, target: Any, arguments: list[Any], options: dict[str, Any], node: Any) -> Any:
    """The result of one operation; raises Refusal and ShapeError."""
    kind = _kind(target)
    if target is operator.getitem:
        return arguments[0][arguments[1]] if not isinstance(arguments[0], Unknown) else _unknown(node)
    if kind in IGNORED:
        return None
    if kind in RANDOM:
        raise Refusal(reason_against(kind))
    depending = [value for value in _flat([*arguments, *options.values()]) if isinstance(value, Traced | Unknown)]
    if not depending:
        if not hasattr(target, "_schema"):
            return target(*arguments, **options)
        return reading.steps.computed(kind, target, _bound(target, arguments, options))
    if kind in ("sym_size", "size"):
        return depending[0].shape[arguments[1]] if isinstance(depending[0], Traced) else node.meta["val"]
    bound = _bound(target, arguments, options)
    if kind.endswith("_like") or kind.startswith("new_"):
        return _constant(target, bound)
    _check(kind, depending, bound)
    if any(isinstance(value, Unknown) for value in depending):
        ending = next((value.ending for value in depending if value.ending), ENDINGS.get(kind, ""))
        unknown = _unknown(node)
        return replace(unknown, ending=ending) if isinstance(unknown, Unknown) else unknown
    if kind in MOVING:
        return moved(kind, target, bound)
    if kind in CASTING:
        return cast(bound)
    if kind in FILLING:
        return filled(kind, bound)
    if kind in ENDINGS:
        return replace(depending[0], ending=depending[0].ending or ENDINGS[kind])
    result = HANDLERS[kind](reading, name, bound)
    several = len(target._schema.returns) > 1 and not isinstance(result, tuple)
    return (result, None) if several else result


def _check(kind: str, depending: list[Traced | Unknown], bound: dict[str, Any]) -> None:
    """Refuse an operation that is not known, or not on these."""
    if kind in PRODUCTS and len(depending) > 1:
        raise Refusal(PRODUCTS[kind])
    if kind in MOVING or kind in CASTING or kind in FILLING or kind in ENDINGS:
        return
    if kind not in HANDLERS:
        raise Refusal(reason_against(kind))
    for value in depending:
        _allow_after(value.ending, kind, bound)


def _allow_after(ending: str, kind: str, bound: dict[str, Any]) -> None:
    """Refuse what cannot follow something that ends a network."""
    if not ending or kind in ("mul", "div", "dequantize_per_tensor"):
        return
    constant = any(bound.get(name) is not None for name in BIASES) or kind == "addmm"
    if kind in LINEAR and (ending == MEAN_OVER_TIME or (ending == SUM_OVER_TIME and not constant)):
        return
    if (
        ending == SUM_OVER_TIME
        and kind == "add"
        and all(isinstance(bound[key], Traced | Unknown) for key in ("self", "other"))
    ):
        return
    raise Refusal(f"follows a {ending}, which only the end of a network can have")


def _constant(target: Any, bound: dict[str, Any]) -> Any:
    """zeros_like and its kin, of a tensor whose values do not matter."""
    import torch

    value = bound["self"]
    shape = value.shape
    if shape is None:
        return Unknown(None)
    return target(**{**bound, "self": torch.empty(shape, dtype=torch.float32)})


def _bound(target: Any, arguments: list[Any], options: dict[str, Any]) -> dict[str, Any]:
    """All arguments by the names of the operator's schema."""
    schema = target._schema.arguments
    bound = {argument.name: value for argument, value in zip(schema, arguments, strict=False)} | options
    defaults = {argument.name: argument.default_value for argument in schema if argument.name not in bound}
    return {argument.name: (bound | defaults)[argument.name] for argument in schema}


def _kind(target: Any) -> str:
    """An operator's name without its overload: aten.conv2d.padding is conv2d."""
    schema = getattr(target, "_schema", None)
    name = schema.name.split("::")[-1] if schema is not None else getattr(target, "__name__", str(target))
    return str(name)


def _what(node: Any) -> str:
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    kind = stack[-1][1] if stack else ""
    kind = kind if isinstance(kind, str) else kind.__qualname__
    return kind.rsplit(".", 1)[-1] if kind.startswith("torch.nn.") else _kind(node.target)


def _flat(values: list[Any]) -> list[Any]:
    flat: list[Any] = []
    for value in values:
        flat += _flat(value) if isinstance(value, list) else [value]
    return flat


def _unknown(node: Any) -> Any:
    value = node.meta.get("val")
    if isinstance(value, list | tuple):
        return tuple(Unknown(_shape(part)) for part in value)
    return Unknown(_shape(value))


def _shape(value: Any) -> tuple[int, ...] | None:
    sizes = tuple(getattr(value, "shape", ()))
    return sizes if all(isinstance(size, int) for size in sizes) else None
