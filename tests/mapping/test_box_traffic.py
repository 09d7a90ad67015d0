"""Messages between boxes, in closed form, against every single synapse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeloom.mapping.partition.box_fields import extents_of, field_of
from spikeloom.mapping.partition.box_traffic import box_traffic, cores_reached, listed_traffic
from spikeloom.mapping.partition.tiling import Tiling
from spikeloom.models.connectivity import Connectivity, Convolution, Dense, OneToOne, Pool

Case = tuple[Connectivity, tuple[int, ...], tuple[int, ...]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A connectivity without zeros, and the shapes of both ends."""
    shape = draw(st.sampled_from([(7,), (2, 6), (4, 9), (1, 5, 4), (4, 6, 7), (6, 8, 3)]))
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    kind = draw(st.sampled_from(["dense", "one"] + (["convolution", "pool"] * 2 if len(shape) > 1 else [])))
    if kind == "dense":
        end = draw(st.sampled_from([(5,), (2, 3), (2, 3, 2)]))
        return Dense(random.integers(1, 9, (int(np.prod(end)), int(np.prod(shape))))), shape, end
    if kind == "one":
        return OneToOne(random.integers(1, 9, int(np.prod(shape)))), shape, shape
    axes = len(shape) - 1
    kernel = tuple(draw(st.integers(1, min(3, size))) for size in shape[1:])
    stride = tuple(draw(st.integers(1, 3)) for _ in range(axes))
    padding = tuple((draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in range(axes))
    if kind == "pool":
        pool = Pool(np.ones(shape[0], dtype=np.int64), shape, kernel, stride, padding)
        return pool, shape, pool.output_shape
    dilation = tuple(
        draw(st.integers(1, 2)) if (size - 1) * 2 < extent else 1
        for size, extent in zip(kernel, shape[1:], strict=True)
    )
    groups = draw(st.sampled_from([number for number in (1, 2, shape[0]) if shape[0] % number == 0]))
    weights = random.integers(1, 9, (groups * draw(st.integers(1, 3)), shape[0] // groups, *kernel))
    convolution = Convolution(weights, shape, stride, padding, dilation, groups)
    return convolution, shape, convolution.output_shape


@st.composite
def tilings(draw: st.DrawFn, name: str, shape: tuple[int, ...]) -> Tiling:
    def cuts(extent: int) -> tuple[int, ...]:
        inner = draw(st.sets(st.integers(1, extent - 1), max_size=3)) if extent > 1 else set()
        return (0, *sorted(inner), extent)

    return Tiling(name, *(cuts(extent) for extent in extents_of(shape)))


def brute_force(connectivity: Connectivity, source: Tiling, target: Tiling, rates: Any) -> Any:
    """(boxes, boxes) spikes, from single synapses."""
    expected = np.zeros((source.boxes, target.boxes))
    reaches = connectivity.to_sparse().toarray() != 0
    source_of, target_of = source.box_of(), target.box_of()
    for neuron, rate in enumerate(np.broadcast_to(rates, source_of.shape)):
        for box in set(target_of[reaches[:, neuron]].tolist()):
            expected[source_of[neuron], box] += rate
    return expected


@given(st.data())
def test_traffic_of_boxes_equals_that_of_their_synapses(data: st.DataObject) -> None:
    connectivity, shape, end = data.draw(cases())
    source, target = data.draw(tilings("a", shape)), data.draw(tilings("b", end))
    field = field_of(connectivity, extents_of(shape), extents_of(end))
    assert field is not None
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    profiled = random.random(int(np.prod(shape))) * (random.random(int(np.prod(shape))) < 0.7)
    for rates in (1.0, 0.3, profiled):
        expected = brute_force(connectivity, source, target, rates)
        assert box_traffic(field, source, target, rates).toarray() == pytest.approx(expected)
        boxes = source.box_of(), target.box_of()
        listed = listed_traffic(connectivity, *boxes, rates, source.boxes, target.boxes)
        assert listed.toarray() == pytest.approx(expected)
    reached = (brute_force(connectivity, by_neuron(source), target, 1.0) > 0).sum(axis=1)
    assert cores_reached(field, target).tolist() == reached.tolist()


def by_neuron(tiling: Tiling) -> Tiling:
    """Every neuron a box."""
    channels, rows, columns = (tuple(range(extent + 1)) for extent in tiling.extents)
    return Tiling(tiling.population, channels, rows, columns)


def test_zeros_in_a_kernel_are_taken_for_synapses() -> None:
    weights = np.ones((1, 1, 1, 2), dtype=np.int64)
    weights[..., 1] = 0
    convolution = Convolution(weights, (1, 1, 4), (1, 1), ((0, 0), (0, 0)), (1, 1))
    source, target = Tiling("a", (0, 1), (0, 1), (0, 4)), Tiling("b", (0, 1), (0, 1), (0, 1, 3))
    field = field_of(convolution, (1, 1, 4), (1, 1, 3))
    assert field is not None
    assert box_traffic(field, source, target).toarray().tolist() == [[2, 3]]
    assert brute_force(convolution, source, target, 1.0).tolist() == [[1, 2]]


def test_a_kernel_that_sees_only_padding_brings_no_traffic() -> None:
    convolution = Convolution(np.ones((1, 1, 1, 1)), (1, 2, 1), (1, 3), ((0, 0), (1, 1)), (1, 1))
    halves = (0, 1), (0, 1, 2), (0, 1)
    source, target = Tiling("a", *halves), Tiling("b", *halves)
    field = field_of(convolution, (1, 2, 1), (1, 2, 1))
    assert field is not None
    for rates in (1.0, np.ones(2)):
        assert box_traffic(field, source, target, rates).toarray().tolist() == [[0, 0], [0, 0]]


@given(st.data())
def test_boxes_of_a_tiling_hold_each_neuron_once(data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from([(7,), (2, 6), (3, 4, 6)]))
    tiling = data.draw(tilings("a", shape))
    box_of = tiling.box_of()
    assert box_of.shape == (int(np.prod(shape)),)
    for box in range(tiling.boxes):
        assert tiling.neurons(box).tolist() == np.flatnonzero(box_of == box).tolist()


def test_listed_synapses_have_no_fields() -> None:
    from scipy import sparse

    from spikeloom.models.connectivity import Sparse

    assert field_of(Sparse.from_matrix(sparse.csr_array(np.eye(4))), (4, 1, 1), (4, 1, 1)) is None
