"""Learning rules as text: "2^-7*x1*y0 - 2^-7*y1*x0", the sums of products that Loihi's learning engine computes.

    rule    = [+|-] product {(+|-) product}
    product = factor {* factor}
    factor  = x0 | y0 | u0 .. u9          when it is computed: at a spike of the source, at a spike of the target, or at
                                          the end of every 2^k-th epoch (uk)
            | x1 | x2 | y1 | y2 | y3      traces of the source and of the target, as they stand at that moment
            | w | d | t                   the weight, the second tag (Loihi's delay) and the tag of the synapse
            | (variable + constant)       any of these with a whole number added
            | sgn(w) | sgn(w + constant)  its sign; also of d and t
            | scale                       3, 2^-7 or 3*2^-7, in brackets where it is negative: (-3)*2^-7

Every product has one x0, y0 or u, the first of which says when it is computed; a further x0 or y0 is a factor. All
scales of a product make one: a mantissa -8..7 times a power of two, 2^-7..2^8.

Lava reads such texts too (`lava.magma.core.learning`). What is written here means the same there; what Lava takes
without a word and then computes as something else ("x0*-2*y1" as x0 - 2*y1, "(x1*3)" as x1 + 3, "(-x1)" as x1) is
refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import UsageError

DEPENDENCIES = ("x0", "y0", "u")
SOURCE_TRACES = ("x1", "x2")
TARGET_TRACES = ("y1", "y2", "y3")
SYNAPTIC_VARIABLES = ("w", "d", "t")
# Bits that the learning engine multiplies, without the sign of traces; Loihi's registers, from Lava's
# `magma.core.learning.constants`.
FACTOR_BITS = {
    **dict.fromkeys(("x0", "y0"), 1),
    **dict.fromkeys((*SOURCE_TRACES, *TARGET_TRACES), 7),
    **dict.fromkeys(SYNAPTIC_VARIABLES, 9),
}
MANTISSA_BITS = 4
MANTISSAS, EXPONENTS = (-8, 7), (-7, 8)
EXPONENT_OFFSET = 7
LARGEST_CONSTANT = 511  # with a sign as wide as the widest variable

_TOKEN = re.compile(r"\s*(sgn|[xyu]\d|[wdt]|2\s*\^\s*[+-]?\s*\d+|\d+|[-+*()])")


@dataclass(frozen=True)
class Factor:
    """One factor of a product.

    Attributes
    ----------
    variable : "x0", "y0", a trace, or "w", "d", "t".
    constant : is added to it.
    sign : whether only the sign of the sum counts.
    """

    variable: str
    constant: int = 0
    sign: bool = False


@dataclass(frozen=True)
class Product:
    """mantissa * 2**exponent * factors, computed at a dependency.

    Attributes
    ----------
    dependency : "x0", "y0" or "u".
    mantissa : -8..7.
    exponent : -7..8.
    factors : in the order of the text.
    every : of "u": computed at the end of each so-manieth epoch, a power of two; else 1.
    """

    dependency: str
    mantissa: int
    exponent: int
    factors: tuple[Factor, ...]
    every: int = 1

    @property
    def shift(self) -> int:
        """By how many bits the product of mantissa and factors is shifted right, back to 15 bits."""
        return max(0, sum(FACTOR_BITS[factor.variable] for factor in self.factors) + MANTISSA_BITS - 15)


def parse_rule(text: str) -> tuple[Product, ...]:
    """The products of a rule.

    Raises
    ------
    UsageError : names the rule and the place where it cannot be read.
    """
    return _Parser(text).rule()


class _Parser:
    """Reads a rule from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[str] = []
        self.place = 0
        start, end = 0, len(text.rstrip())
        while start < end:
            found = _TOKEN.match(text, start)
            if found is None:
                raise self.error(
                    f"{text[start:].strip()!r} begins with none of x0, y0, u0, x1, x2, y1, y2, y3, w, d, t, sgn, a "
                    "whole number, a power of two (2^-7), + - * and brackets"
                )
            self.tokens.append(re.sub(r"\s", "", found[1]))
            start = found.end()

    def error(self, reason: str) -> UsageError:
        return UsageError(f"The learning rule {self.text!r} cannot be read: {reason}.")

    @property
    def next(self) -> str:
        """The next token, "" at the end."""
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    @property
    def token_after_next(self) -> str:
        return self.tokens[self.place + 1] if self.place + 1 < len(self.tokens) else ""

    def take(self) -> str:
        token = self.next
        self.place += 1
        return token

    def sign(self) -> int:
        """A sign, if one comes next; 1 without one."""
        return {"+": 1, "-": -1}[self.take()] if self.next in ("+", "-") else 1

    def rule(self) -> tuple[Product, ...]:
        if not self.tokens:
            raise self.error("it is empty")
        products = []
        while self.next:
            products.append(self.product(self.sign()))
        if len({product.every for product in products if product.dependency == "u"}) > 1:
            raise self.error("all its u have to be the same, u0 for one")
        return tuple(products)

    def product(self, mantissa: int) -> Product:
        exponent, dependency, every = 0, "", 1
        factors: list[Factor] = []
        while True:
            if self.next[:1] == "u":
                token = self.take()
                if dependency:
                    raise self.error(f"{dependency}*{token} says twice when a product is computed; begin with {token}")
                dependency, every = "u", 1 << int(token[1:])
            elif self.next in ("x0", "y0") and not dependency:
                dependency = self.take()
            else:
                factor, scale, power = self.factor()
                factors += [] if factor is None else [factor]
                mantissa, exponent = mantissa * scale, exponent + power
            if self.next in ("", "+", "-"):
                break
            if self.take() != "*":
                raise self.error(f"before {self.tokens[self.place - 1]!r} a *, + or - is missing")
        if not dependency:
            raise self.error("every product needs an x0, y0 or u0, which says when it is computed")
        return Product(dependency, *self.normal(mantissa, exponent), tuple(factors), every)

    def factor(self) -> tuple[Factor | None, int, int]:
        """A factor, None for a number; and what it gives to the mantissa and to the exponent."""
        token = self.take()
        if token in FACTOR_BITS:
            return Factor(token), 1, 0
        if token == "sgn" or (token == "(" and not self.holds_number()):
            return *self.bracket(token == "sgn"), 0
        if token == "(":
            sign = self.sign()
            mantissa, exponent = self.scale(self.take())
            self.close()
            return None, sign * mantissa, exponent
        if token in ("+", "-"):
            raise self.error(f"a {token} follows a * or another sign: put the number in brackets, as in x0*(-2)*y1")
        if token in ("", "*", ")"):
            raise self.error(f"a factor is missing {f'before {token!r}' if token else 'at its end'}")
        return None, *self.scale(token)

    def holds_number(self) -> bool:
        """Whether brackets that were just opened hold a number alone."""
        rest = self.tokens[self.place :]
        inside = rest[: rest.index(")")] if ")" in rest else rest
        return not any(token in FACTOR_BITS for token in inside)

    def scale(self, token: str) -> tuple[int, int]:
        """Mantissa and exponent of a number that begins with a token: 3, 2^-7 or 3*2^-7."""
        if "^" in token:
            return 1, int(token.split("^")[1])
        if not token.isdigit():
            raise self.error(f"a number is missing {f'before {token!r}' if token else 'at its end'}")
        exponent = 0
        if self.next == "*" and "^" in self.token_after_next:
            self.take()
            exponent = self.scale(self.take())[1]
        return int(token), exponent

    def close(self) -> None:
        if self.take() != ")":
            raise self.error("brackets hold a number, or one variable and one whole number, such as (x1 - 3)")

    def bracket(self, is_sign: bool) -> tuple[Factor, int]:
        """A variable and a constant, and the sign that is drawn before the brackets."""
        if is_sign and self.take() != "(":
            raise self.error("sgn wants brackets, as in sgn(w)")
        variable, sign, constant = "", 1, 0
        for term in range(2):
            if term and self.next not in ("+", "-"):
                break
            own = self.sign()
            if self.next in FACTOR_BITS and not variable:
                variable, sign = self.take(), own
            elif not self.next[:1].isdigit():
                break
            else:
                mantissa, exponent = self.scale(self.take())
                if exponent < 0:
                    raise self.error("what is added to a variable has to be a whole number")
                constant = own * mantissa << exponent
        self.close()
        if abs(constant) > LARGEST_CONSTANT:
            raise self.error(f"{constant} is more than the {LARGEST_CONSTANT} that can be added to a variable")
        if is_sign and (variable not in SYNAPTIC_VARIABLES or sign < 0):
            raise self.error("sgn is of w, d or t without a sign, with or without a constant")
        if not variable or (sign < 0 and not constant) or (variable in ("x0", "y0") and not constant):
            raise self.error("brackets hold a number, or one variable and one whole number, such as (x1 - 3)")
        return Factor(variable, sign * constant, is_sign), sign

    def normal(self, mantissa: int, exponent: int) -> tuple[int, int]:
        """The scale as the chip's registers hold it."""
        while abs(mantissa) > MANTISSAS[1] and mantissa % 2 == 0 and exponent < EXPONENTS[1]:
            mantissa, exponent = mantissa // 2, exponent + 1
        if not MANTISSAS[0] <= mantissa <= MANTISSAS[1]:
            raise self.error(f"the scale {mantissa}*2^{exponent} of a product has more than 3 bits and a sign")
        if not EXPONENTS[0] <= exponent <= EXPONENTS[1]:
            low, high = EXPONENTS
            raise self.error(f"the scale {mantissa}*2^{exponent} of a product leaves 2^{low}..2^{high}")
        return mantissa, exponent
