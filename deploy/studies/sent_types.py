"""How what Python cannot pickle by itself goes from process to process: read-only mappings, and targets."""

from __future__ import annotations

import copyreg
from types import MappingProxyType
from typing import Any

from ...mapping.target import Target


def _read_only(values: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(values)


def _reduced_mapping(mapping: MappingProxyType[Any, Any]) -> tuple[Any, tuple[dict[Any, Any]]]:
    return _read_only, (dict(mapping),)


def _reduced_target(target: Target) -> tuple[Any, tuple[str]]:
    # Its parts are of generic classes, which have no name to be found by.
    return Target.model_validate_json, (target.model_dump_json(),)


copyreg.pickle(MappingProxyType, _reduced_mapping)
copyreg.pickle(Target, _reduced_target)
