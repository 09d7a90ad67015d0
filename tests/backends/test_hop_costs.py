"""Hops are priced by their direction, and from chip to chip at what such a link costs."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeloom.backends.energy import energy_terms
from spikeloom.backends.estimate import estimate
from spikeloom.backends.hop_costs import is_east_west, link_kinds
from spikeloom.backends.run import Counters, LayerCounts
from spikeloom.mapping.mapping import Mapping, Place
from spikeloom.mapping.routing.loads import LinkLoads
from spikeloom.mapping.routing.mesh import Mesh
from spikeloom.mapping.target import Target
from spikeloom.mapping.target_files import load_target


def board(across: int, down: int, columns: int, rows: int, torus: bool = False) -> Target:
    """A board of Loihi 2 chips of any size, with links between chips that cost three hops."""
    data = load_target("loihi2").model_dump()

    def number(value: int) -> dict[str, object]:
        return {"value": value, "unit": "things", "kind": "assumed", "source": "a test"}

    data["topology"] |= {
        "chips": across * down, "chip_columns": across, "columns": number(columns), "rows": number(rows),
        "cores_per_tile": number(1), "usable_cores": number(columns * rows), "torus": torus,
        "link_between_chips": {**number(3), "unit": "hops", "low": 2, "high": 5},
    }  # fmt: skip
    return Target.model_validate(data)


def run_over(mesh: Mesh, packets: np.ndarray, target: Target) -> Counters:
    """Counters of a run in which nothing happens but messages over links, all at the first of two steps."""
    nothing = np.zeros((2, 1), dtype=np.int64)
    kinds = MappingProxyType(dict.fromkeys(("dense", "sparse", "convolution"), nothing))
    none = MappingProxyType({})
    over = np.stack([packets, np.zeros_like(packets)])
    hops = {
        name: np.asarray([[packets[links].sum(), 0]]) for name, links in link_kinds(mesh.links, target.topology).items()
    }
    by_layer = LayerCounts(("all",), hops, np.asarray([[1, 0]]))
    return Counters(
        1, 2, nothing, kinds, nothing[0], nothing, nothing, nothing, over, mesh.links, none, none, none, by_layer
    )


SIZES = st.integers(1, 4)


@given(across=SIZES, down=SIZES, columns=SIZES, rows=SIZES, torus=st.booleans(), seed=st.integers(0, 1000))
def test_every_link_pays_for_its_direction_and_its_chips(
    across: int, down: int, columns: int, rows: int, torus: bool, seed: int
) -> None:
    target = board(across, down, columns, rows, torus)
    mesh = Mesh.of(target)
    packets = np.random.default_rng(seed).integers(0, 100, mesh.start.size)
    counters = run_over(mesh, packets, target)
    assert np.array_equal(is_east_west(counters.links, target.topology), mesh.east_west)
    costs = target.cost_set()
    terms = {term.name: term for term in energy_terms(counters, costs, target.topology)}
    assert ("hop_between_chips_east_west" in terms) == (across > 1)
    assert ("hop_between_chips_north_south" in terms) == (down > 1)
    for end, factor in ((0, 2), (1, 3), (2, 5)):
        hop = np.where(mesh.east_west, costs.energy.hop_east_west.bounds[end], costs.energy.hop_north_south.bounds[end])
        expected = (packets * hop * np.where(mesh.joins_chips, factor, 1)).sum()
        found = sum(term.energy[end] for name, term in terms.items() if name.startswith("hop"))
        assert found == pytest.approx(expected * 1e-12, rel=1e-9, abs=0)
    # The mapper prices links as the estimate does: here the busiest is all that there is to wait for.
    loads = LinkLoads(mesh, packets * 1e6, np.zeros(1), np.zeros(1), np.zeros(mesh.size, int))
    mapping = Mapping("test", "by hand", MappingProxyType({"all": np.zeros(1, int)}), (Place(0, 0, 0, 0),), ())
    result = estimate(run_over(mesh, packets * 10**6, target), mapping, target, period=2)
    for end in range(3):
        slowest = (loads.packets * loads.link_times(target)[:, end]).max(initial=0.0)
        floor = costs.time.barrier.at(1)[end]
        assert result.latency[end] == pytest.approx((max(slowest, floor) + floor) * 1e-9, rel=1e-9, abs=0)
    assert set(terms) & {"hop_east_west", "hop_north_south"} == {"hop_east_west", "hop_north_south"}
    names = {term.name for term in result.timing.terms}
    assert {name for name in terms if name.startswith("hop")} == {name for name in names if name.startswith("hop")}


def test_the_source_of_a_cost_between_chips_names_both_constants() -> None:
    target = board(2, 1, 2, 2)
    counters = run_over(Mesh.of(target), np.zeros(Mesh.of(target).start.size, int), target)
    terms = {term.name: term for term in energy_terms(counters, target.cost_set(), target.topology)}
    hop, between = terms["hop_east_west"], terms["hop_between_chips_east_west"]
    assert between.constant == tuple(cost * factor for cost, factor in zip(hop.constant, (2, 3, 5), strict=True))
    assert hop.source in between.source and "a test" in between.source
