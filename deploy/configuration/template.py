"""A configuration to begin with, and the table of all keys for the guide; both made from the keys themselves."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ...models.errors import UsageError
from .allowed_values import allowed_values, may_be_left_open
from .keys import Configuration
from .layer_keys import LayerConfiguration
from .learning_choices import RULES

WIDTH = 110
SECTIONS = {
    "The data": (
        "samples", "steps", "encoder", "input_scale", "input_offset", "input_whole", "input_shape", "layout",
        "decision",
    ),
    "What a model file leaves open": (
        "reset", "dt", "threshold_inclusive", "integration", "convert", "max_pool", "threshold_rule", "output_name",
        "architecture", "time_axis", "single_spike", "ignore_lower_limit", "spike_exponent", "pipelined",
    ),
    "Numbers on the chip": (
        "bits", "split", "prune", "fine_tune", "calibration_samples", "operating_point",
    ),
    "Where neurons go": ("mapping", "effort", "mapping_seconds", "real_time"),
    "What is tried and refused": ("lava_samples", "min_accuracy", "max_loss", "allow", "seed"),
    "What it costs": ("costs", "host_power", "transfer_energy"),
}  # fmt: skip
"""All keys but `layers`, in the order in which they are written down."""
HEAD = """\
Configuration of Spikeloom, for the option --config of check, deploy, export and study.

Every key stands here with its default and has no effect yet: take away the first # of its line to set it.
A key that is set also wins over what a built-in model brings along; an option on the command line wins over both.
"""
OF_LAYERS = """\
Settings of single layers, by their names in the model ("name" stands for one), in place of those above. Bits, split and
prune are those of the synapses that reach the layer.
"""
OF_LEARNING = """\
How the dense synapses that reach the layer learn while the program runs (docs/learning.md), by one of these rules.
"""


def write_template(file: Path) -> None:
    """Write a configuration with every key, its default, what may be written and what it means.

    Raises
    ------
    UsageError : the file is there already, or cannot be written.
    """
    if file.exists() or file.is_symlink():
        raise UsageError(f"{file} is there already and stays as it is: name another file.")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as opened:
            opened.write(template())
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}.") from None


def template() -> str:
    """The text of the file."""
    lines = [*_comment(HEAD, ""), ""]
    for title, keys in SECTIONS.items():
        lines += [f"# ---- {title} ----", ""]
        for key in keys:
            lines += [*_key(key, Configuration.model_fields[key], ""), ""]
    return "\n".join([*lines, *_layers()]) + "\n"


def key_table() -> str:
    """All keys as a Markdown table, for docs/configuration.md."""
    rows = ["| key | default | may be | meaning |", "|---|---|---|---|"]
    for keys in SECTIONS.values():
        rows += [_row(key, Configuration.model_fields[key]) for key in keys]
    rows += [_row(f"layers.NAME.{key}", field) for key, field in LayerConfiguration.model_fields.items()]
    return "\n".join(rows)


def _row(key: str, field: FieldInfo) -> str:
    default = _yaml(field.get_default(call_default_factory=True))
    return f"| `{key}` | `{default}` | {_allowed(field)} | {field.description} |"


def _layers() -> Iterator[str]:
    yield "# ---- Layer by layer ----"
    yield ""
    yield from _comment(OF_LAYERS, "")
    yield from ("", "#layers:", "#  name:")
    for key, field in LayerConfiguration.model_fields.items():
        if key != "learning":
            yield from _key(key, field, "    ")
    yield from _comment(OF_LEARNING, "    ")
    for rule in RULES.values():
        yield from _rule(rule)


def _rule(rule: type[BaseModel]) -> Iterator[str]:
    """A learning rule; those of its keys that have no default get a name that is to be replaced."""
    shared = set.intersection(*(set(kind.model_fields) for kind in RULES.values())) - {"rule"}
    first = rule is next(iter(RULES.values()))
    yield from ("#    learning:", f"#      rule: {allowed_values(rule.model_fields['rule'])}")
    for key, field in rule.model_fields.items():
        if key != "rule" and (first or key not in shared):
            yield from _key(key, field, "      ")
    if not first:
        names = ", ".join(key for key in rule.model_fields if key in shared)
        yield from _comment(f"And {names}, as above.", "      ")


def _key(key: str, field: FieldInfo, indent: str) -> Iterator[str]:
    """What a key means, what may be written, and the key with its default."""
    yield from _comment(f"{field.description} May be {_allowed(field)}.", indent)
    default = "name" if field.is_required() else _yaml(field.get_default(call_default_factory=True))
    yield f"#{indent}{key}: {default}"


def _allowed(field: FieldInfo) -> str:
    return allowed_values(field) + (", or null" if may_be_left_open(field) else "")


def _comment(text: str, indent: str) -> list[str]:
    paragraphs = text.strip().split("\n\n")
    lines = [textwrap.wrap(paragraph, WIDTH - len(indent), break_on_hyphens=False) for paragraph in paragraphs]
    mark = f"#{indent}# " if indent else "# "  # what is left when the first # is taken away is a comment still
    return [f"{mark}{line}" for paragraph in lines for line in paragraph]


def _yaml(value: Any) -> str:
    """A value as a file has it in one line."""
    plain = list(value) if isinstance(value, tuple) else getattr(value, "value", value)
    text: str = yaml.safe_dump(plain, default_flow_style=True, width=float("inf"))
    return text.removesuffix("\n...\n").rstrip("\n")
