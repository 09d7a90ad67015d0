"""Loops that advance neurons by a rule, made from the rule itself: its `step` is taken in, not written again.

A rule's parameters come as one array each. Where a parameter is the same for all neurons of a population, or even has
a value that makes half of the arithmetic fall away, a loop that knows so runs several times as fast. Such a loop is a
`Form`; the rule's arithmetic in it is the same text.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ...models.neurons.neuron_model import IntegerRule
from ...models.neurons.rules import leaky_rule
from .compiled_loops import compiled_loop
from .wide_vectors import use_wide_vectors

Array = NDArray[Any]


@dataclass(frozen=True)
class Form:
    """What a loop takes for granted.

    Attributes
    ----------
    constants : parameters that have this value in all neurons.
    uniform : parameters that have one value in all neurons.
    unused : states that nothing depends on, given the constants; they are neither read nor written.
    narrow : the largest sum that arrives, for which 32 bits do for every number within a step; None where 64 are
        taken. A processor works on twice as many numbers of 32 bits at a time.
    """

    constants: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    uniform: frozenset[str] = frozenset()
    unused: frozenset[str] = frozenset()
    narrow: int | None = None

    def suits(self, parameters: Mapping[str, Array], largest: int) -> bool:
        """Whether a population is as this form takes it for granted.

        Parameters
        ----------
        parameters : of the rule, () or (neurons,) each.
        largest : of the sums that can arrive.
        """
        if self.narrow is not None and largest > self.narrow:
            return False
        return all(np.all(parameters[name] == value) for name, value in self.constants.items()) and all(
            np.all(parameters[name] == np.reshape(parameters[name], -1)[:1]) for name in self.uniform
        )


_SPIKING = {"graded": 0, "output_shift": 0}
_MEMORYLESS = {**_SPIKING, "current_decay": leaky_rule.DECAY_UNITY}
_DECAYS = frozenset({"current_decay", "voltage_decay", "keep"})
_LEVELS = frozenset({"bias", "level", "offset"})
_CURRENT = frozenset({"current"})
FORMS: Mapping[str, tuple[Form, ...]] = MappingProxyType(
    {
        leaky_rule.NAME: (
            Form(_MEMORYLESS, _DECAYS | _LEVELS, _CURRENT, leaky_rule.NARROW_ACTIVATION),
            Form(_MEMORYLESS, _DECAYS, _CURRENT, leaky_rule.NARROW_ACTIVATION),
            Form(_SPIKING, _DECAYS | _LEVELS, narrow=leaky_rule.NARROW_ACTIVATION),
            Form(_SPIKING, _DECAYS, narrow=leaky_rule.NARROW_ACTIVATION),
            Form(_SPIKING, _DECAYS),
        )
    }
)
"""By the name of a rule, from the fastest to the slowest; the one that suits all neurons is not among them."""


def forms_of(rule: IntegerRule) -> tuple[Form, ...]:
    """All forms of a rule, from the fastest to the one that suits all."""
    return (*FORMS.get(rule.name, ()), Form())


def advance_of(rule: IntegerRule, number: int) -> Callable[..., None]:
    """The loop of a rule in the form of a number in `forms_of`, to be compiled as part of another.

    It takes states (samples, states, neurons) int32, which sample of them, the first of the neurons to advance and how
    many they are; the sums that arrived at these, int32, which it sets to zero; parameters (parameters, neurons)
    int32; and where to put their output, int8 or int32.
    """
    form = forms_of(rule)[number]
    # A name that no other loop has: machine code of the same name, read from disk, would take the place of another.
    own = f"advance_{rule.name}_{number}"
    narrow = form.narrow is not None
    names: dict[str, Any] = {
        "int64": np.int64,
        "int32": np.int32,
        "uint64": np.uint64,
        "use_wide_vectors": use_wide_vectors,
        "step": numba.njit(inline="always")(_narrow(rule) if narrow else rule.step),
    }
    return compiled_loop(inline="always")(_compiled(_loop(rule, form, own), own, names))


def _loop(rule: IntegerRule, form: Form, own: str) -> str:
    """The text of a form's loop."""
    width = "int64" if form.narrow is None else "int32"
    lines = [
        f"def {own}(states, sample, first, count, total, parameters, output):",
        "    use_wide_vectors()",
        "    sample, first, count = uint64(sample), uint64(first), uint64(count)",
    ]
    taken, given = [], []
    for row, name in enumerate(rule.states):
        if name in form.unused:
            taken.append(f"{width}(0)")
            given.append("_")
            continue
        place = f"states[sample, uint64({row}), first + i]"
        taken.append(f"{width}({place})")
        given.append(place)
    taken.append(f"{width}(total[i])")
    for row, name in enumerate(rule.parameters):
        if name in form.constants:
            taken.append(f"{width}({form.constants[name]})")
        elif name in form.uniform:
            lines.append(f"    {name} = parameters[{row}, first]")
            taken.append(f"{width}({name})")
        else:
            taken.append(f"{width}(parameters[uint64({row}), first + i])")
    lines += [
        "    for i in range(count):",
        f"        {', '.join(given)}, output[i] = step({', '.join(taken)})",
        "        total[i] = 0",
    ]
    return "\n".join(lines)


def _narrow(rule: IntegerRule) -> Callable[..., Any]:
    """The step of a rule with every operation in 32 bits; Numba would widen each to 64."""
    tree = ast.parse(inspect.getsource(rule.step))
    ast.fix_missing_locations(_InThirtyTwoBits().visit(tree))
    names = {**rule.step.__globals__, "int32": np.int32}
    return _compiled(tree, rule.step.__name__, names)


class _InThirtyTwoBits(ast.NodeTransformer):
    """Wraps every operation into int32(...)."""

    def _wrapped(self, node: ast.expr) -> ast.expr:
        self.generic_visit(node)
        return ast.Call(ast.Name("int32", ast.Load()), [node], [])

    visit_BinOp = visit_UnaryOp = visit_Compare = visit_Call = _wrapped  # noqa: N815 - names that ast asks for


def _compiled(text: str | ast.AST, name: str, names: dict[str, Any]) -> Callable[..., Any]:
    namespace = dict(names)
    exec(compile(text, f"<{name} of a neuron rule>", "exec"), namespace)  # type: ignore[arg-type]
    return namespace[name]  # type: ignore[no-any-return]
