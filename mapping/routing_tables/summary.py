"""What a report says about routing tables, and what stands against them."""

from __future__ import annotations

from typing import Any

from ..problem import Problem
from .delivery import Delivery
from .tables import RoutingTables


def table_problems(tables: RoutingTables, limit: int | None) -> list[Problem]:
    """The chips whose tables are too long for their router, the longest first.

    Parameters
    ----------
    limit : entries that a router holds; None for any number.
    """
    if limit is None:
        return []
    too_long = sorted((table for table in tables.tables if table.entries > limit), key=lambda table: -table.entries)
    return [
        Problem(
            f"the router of the chip at column {table.chip[0]} and row {table.chip[1]}",
            "routing_entries",
            table.entries,
            limit,
            f"it had {table.uncompressed} before they were compressed; let neurons reach fewer cores (smaller layers, "
            "local in place of random connections), or use a larger board, which puts fewer cores on each way",
        )
        for table in too_long
    ]


def routing_section(tables: RoutingTables, delivery: Delivery, limit: int | None) -> dict[str, Any]:
    """The routing tables as a report takes them.

    Parameters
    ----------
    delivery : what `deliver` found for these tables.
    limit : entries that a router holds; None where that is not known.
    """
    fullest = tables.fullest
    chips = [
        {"x": table.chip[0], "y": table.chip[1], "entries": table.entries, "uncompressed": table.uncompressed}
        for table in tables.tables
    ]
    return {
        "blocks": len(tables.blocks),
        "keys": tables.keys,
        "entries": sum(table.entries for table in tables.tables),
        "uncompressed_entries": sum(table.uncompressed for table in tables.tables),
        "limit": limit,
        "fullest": None if fullest is None else chips[tables.tables.index(fullest)],
        "chips": chips,
        "delivered": {
            "keys": delivery.keys,
            "packets": delivery.deliveries,
            "hops": delivery.hops,
            "exact": delivery.exact,
            "failures": [str(failure) for failure in delivery.examples],
        },
    }
