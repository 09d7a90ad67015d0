"""A number about a chip, which is never without its range, its unit and its source."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple, Self

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Kind = Literal["measured", "published", "derived", "assumed"]


class Bounds(NamedTuple):
    """A figure as every report prints it."""

    low: float
    nominal: float
    high: float


class Strict(BaseModel):
    """A section of a target file: immutable, and a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Constant(Strict):
    """A number with its range and where it comes from.

    Attributes
    ----------
    value : the nominal value, in `unit`.
    low, high : the range, low <= value <= high; the value itself where none is given.
    unit : such as "pJ", "ns", "W", "cores".
    kind : "measured" (on silicon, by its source), "published" (specification or pre-silicon simulation), "derived"
        (arithmetic on the former; the source says which) or "assumed".
    source : who says so.
    """

    value: float
    low: float
    high: float
    unit: str = Field(min_length=1)
    kind: Kind
    source: str = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _fill_range(cls, data: Any) -> Any:
        return _with_range(data)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low <= self.value <= self.high:
            raise ValueError(f"low <= value <= high does not hold: {self.low}, {self.value}, {self.high}")
        return self

    @property
    def bounds(self) -> Bounds:
        """Low, nominal, high."""
        return Bounds(self.low, self.value, self.high)


class TabledConstant(Constant):
    """A constant that grows with a number of things in use.

    Attributes
    ----------
    by : what is counted, such as "tiles".
    table : value by count, in ascending order; empty where the constant does not depend on it. `value` is the largest
        entry, and `low` and `high` are in proportion for the others.
    between : what holds between two counts: "line" for what lies on a line between their entries, "below" for the entry
        of the smaller one.
    """

    by: str = ""
    table: dict[int, float] = Field(default_factory=dict)
    between: Literal["line", "below"] = "line"

    @model_validator(mode="after")
    def _value_is_largest(self) -> Self:
        if self.table and (max(self.table.values()) != self.value or list(self.table) != sorted(self.table)):
            raise ValueError("value is the largest entry of the table, whose counts ascend")
        return self

    def at(self, count: int) -> Bounds:
        """Bounds at a count; beyond the ends of the table it is constant."""
        if not self.table or self.value == 0:
            return self.bounds
        counts, values = list(self.table), list(self.table.values())
        if self.between == "below":
            nominal = values[max(0, int(np.searchsorted(counts, count, side="right")) - 1)]
        else:
            nominal = float(np.interp(count, counts, values))
        return Bounds(nominal * (self.low / self.value), nominal, nominal * (self.high / self.value))


class Limit(Strict):
    """A whole number that must not be exceeded; value None where it is not public, which the source then says."""

    value: int | None
    low: int | None
    high: int | None
    unit: str = Field(min_length=1)
    kind: Kind
    source: str = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _fill_range(cls, data: Any) -> Any:
        return _with_range(data)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.value is None:
            return self
        if self.low is None or self.high is None or not 0 <= self.low <= self.value <= self.high:
            raise ValueError(f"0 <= low <= value <= high does not hold: {self.low}, {self.value}, {self.high}")
        return self


class TabledLimit(Limit):
    """A whole number that depends on another.

    Attributes
    ----------
    by : what it depends on, such as "weight bits".
    table : value by count, both ascending; empty where it is `value` whatever the count. `value` is one of the entries.
    """

    by: str = ""
    table: dict[int, int] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _value_is_in_the_table(self) -> Self:
        counts, values = list(self.table), list(self.table.values())
        if self.table and (self.value not in values or counts != sorted(counts) or values != sorted(values)):
            raise ValueError("value is one of the table's entries, which ascend with their counts")
        return self

    def at(self, count: int | None) -> int:
        """The entry of the smallest count that is no less, or the last; `value` for None; 0 where nothing is public."""
        if count is None or not self.table:
            return self.value or 0
        return next((value for limit, value in self.table.items() if limit >= count), max(self.table.values()))


class Count(Limit):
    """A whole number that a chip always has, such as its cores."""

    value: int = Field(ge=1)
    low: int
    high: int


def _with_range(data: Any) -> Any:
    if not isinstance(data, dict):
        return data
    return {"low": data.get("value"), "high": data.get("value"), **data}


def _in_unit(unit: str) -> AfterValidator:
    # A constant in the wrong unit would be wrong by a factor of a thousand without anyone seeing it.
    def check(constant: Constant) -> Constant:
        if constant.unit != unit:
            raise ValueError(f"the unit here is {unit}, not {constant.unit}")
        if constant.low < 0:
            raise ValueError("a cost is not negative")
        return constant

    return AfterValidator(check)


Picojoules = Annotated[Constant, _in_unit("pJ")]
Nanoseconds = Annotated[Constant, _in_unit("ns")]
TabledNanoseconds = Annotated[TabledConstant, _in_unit("ns")]
Watts = Annotated[Constant, _in_unit("W")]
Cycles = Annotated[Constant, _in_unit("cycles")]
Megahertz = Annotated[Constant, _in_unit("MHz")]


def _at_least(smallest: int) -> AfterValidator:
    def check(limit: Limit) -> Limit:
        if limit.value is not None and limit.value < smallest:
            raise ValueError(f"a width here is at least {smallest}, not {limit.value}")
        return limit

    return AfterValidator(check)


def _counted_in(unit: str) -> AfterValidator:
    def check(limit: Limit) -> Limit:
        if limit.unit != unit:
            raise ValueError(f"the unit here is {unit}, not {limit.unit}")
        return limit

    return AfterValidator(check)


Bytes = Annotated[Limit, _counted_in("bytes")]
BytesAlways = Annotated[Count, _counted_in("bytes")]
Width = Annotated[Limit, _at_least(1)]
StateWidth = Annotated[Limit, _at_least(8)]  # a weight of 1 is 64 in a state, and there is a sign
