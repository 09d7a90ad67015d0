"""How pages are made: from templates, with everything that comes from a model escaped."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import ChainableUndefined, Environment, FileSystemLoader

from ..mapping.constant import Bounds
from .compiled_templates import CompiledTemplates
from .quantities import UNKNOWN, format_count, format_interval, format_quantity, format_range, format_share, is_number
from .report.baseline_verdict import format_factor

TEMPLATES = Path(__file__).with_name("templates")


@cache
def page_environment() -> Environment:
    """An environment in which what is missing is left out, and numbers have filters that write them."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=CompiledTemplates(Path(__file__)),
    )
    environment.filters.update(
        quantity=format_quantity,
        range=_range,
        share=format_share,
        count=format_count,
        interval=format_interval,
        factor=_factor,
        factors=_factors,
        bare=_bare,
    )
    return environment


def _range(quantity: object, unit: str) -> str:
    quantity = quantity._asdict() if isinstance(quantity, Bounds) else quantity
    return format_range(quantity, unit) if isinstance(quantity, Mapping) else UNKNOWN


def _factor(value: float | None) -> str:
    return format_factor(value) if is_number(value) else UNKNOWN


def _factors(ends: object) -> str:
    """Low to high of factors; one figure where both read alike."""
    if not isinstance(ends, Mapping):
        return UNKNOWN
    return " to ".join(dict.fromkeys(_factor(ends.get(end)) for end in ("low", "high")))


def _bare(value: float | None) -> str:
    """A number as it is, in as few digits as say it."""
    return f"{value:g}" if is_number(value) else UNKNOWN
