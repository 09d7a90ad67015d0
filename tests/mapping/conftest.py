"""Random networks and chips. (Test files cannot import each other, so that these come as fixtures.)"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from scipy import sparse

from spikeloom.mapping.target import Target
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Connectivity, Convolution, Dense, OneToOne, Pool, Sparse
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons.leaky_integrate_and_fire import IntegerLeakyIntegrateAndFire, LeakyIntegrateAndFire

MakeTarget = Callable[..., Target]
MakeNetwork = Callable[..., Network]


def float_neuron(**changes: Any) -> LeakyIntegrateAndFire:
    zero, one = np.zeros(()), np.ones(())
    return LeakyIntegrateAndFire(zero, one, one, one, one, zero, **changes)


def integer_neuron(threshold: int = 100, **changes: Any) -> IntegerLeakyIntegrateAndFire:
    decay, zero = np.asarray(4096), np.asarray(0)
    return IntegerLeakyIntegrateAndFire(decay, zero, np.asarray(threshold), zero, zero, **changes)


def assumed(value: int | None, **more: Any) -> dict[str, Any]:
    return {"value": value, "unit": "things", "kind": "assumed", "source": "a test", **more}


def _target(
    base: str = "loihi1",
    chips: int = 1,
    shared: bool = True,
    memory: dict[str, dict[str, Any]] | None = None,
    **numbers: int | None,
) -> Target:
    """A chip that differs from another in some limits or topology counts, `neurons=16`, `columns=2`, or in formats."""
    data = load_target(base).model_dump()
    data["name"] = "test"
    data["topology"]["chips"] = chips
    for name, value in numbers.items():
        section = data["limits"] if name in data["limits"] else data["topology"]
        section[name] = assumed(value)
    for name, section in (memory or {}).items():
        data["synaptic_memory"][name] |= section
    if not shared:
        data["synaptic_memory"]["convolution"] = None
    return Target.model_validate(data)


def _network(
    connectivities: list[Connectivity],
    shapes: list[tuple[int, ...]],
    extra: list[tuple[int, int, Connectivity]] | None = None,
    constant: bool = False,
    integer: bool = False,
    delays: dict[int, int] | None = None,
    neurons: dict[int, Any] | None = None,
) -> Network:
    """A chain input -> layer1 -> layer2 ..., with extra projections (from, to, connectivity) between its members."""
    model = integer_neuron() if integer else float_neuron()
    populations = [Population("input", shapes[0], Role.INPUT, None, 0)]
    projections = []
    for index, connectivity in enumerate(connectivities, start=1):
        name = f"layer{index}"
        neuron = (neurons or {}).get(index, model)
        depth = populations[-1].depth + (delays or {}).get(index, 1)
        populations.append(Population(name, shapes[index], Role.NEURON, neuron, depth))
        source, delay = populations[-2].name, depth - populations[-2].depth
        projections.append(Projection(f"to {name}", source, name, connectivity, delay))
    for number, (first, second, connectivity) in enumerate(extra or []):
        source, end = populations[first], populations[second]
        delay = max(1, end.depth - source.depth + (first >= second))
        projections.append(Projection(f"extra{number}", source.name, end.name, connectivity, delay))
    if constant:
        bias = Dense(np.ones((populations[1].size, 1), dtype=np.int64 if integer else float))
        populations.insert(0, Population("constant", (1,), Role.CONSTANT, None, 0))
        projections.append(Projection("bias", "constant", "layer1", bias))
    return Network(tuple(populations), tuple(projections), populations[-1].name, integer)


@st.composite
def _connectivities(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[Connectivity, tuple[int, ...]]:
    size = int(np.prod(shape))
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    zeros = draw(st.sampled_from([0.0, 0.3, 0.9, 1.0]))
    most, signs = draw(st.sampled_from([1, 5, 100])), draw(st.sampled_from([(1,), (-1,), (-1, 1)]))

    def weights(*dimensions: int) -> Any:
        values = random.integers(1, most + 1, dimensions).astype(float) * random.choice(signs, dimensions)
        values[random.random(dimensions) < zeros] = 0
        return values

    kinds = ["dense", "sparse", "one"] + (["convolution", "pool"] if len(shape) > 1 else [])
    kind = draw(st.sampled_from(kinds))
    if kind == "one":
        return OneToOne(weights(size)), shape
    if kind in ("dense", "sparse"):
        targets = draw(st.integers(1, 30))
        dense = weights(targets, size)
        matrix = Sparse.from_matrix(sparse.csr_array(dense)) if kind == "sparse" else Dense(dense)
        return matrix, (targets,)
    axes = len(shape) - 1
    kernel = tuple(draw(st.integers(1, min(3, length))) for length in shape[1:])
    stride = tuple(draw(st.integers(1, 2)) for _ in range(axes))
    padding = tuple((draw(st.integers(0, 1)), draw(st.integers(0, 1))) for _ in range(axes))
    if kind == "pool":
        pool = Pool(np.ones(shape[0]), shape, kernel, stride, padding)
        return pool, pool.output_shape
    groups = draw(st.sampled_from([1, shape[0]]))
    outputs = groups * draw(st.integers(1, 3))
    kernels = weights(outputs, shape[0] // groups, *kernel)
    dilation = (1,) * axes
    convolution = Convolution(kernels, shape, stride, padding, dilation, groups)
    return convolution, convolution.output_shape


@st.composite
def _networks(draw: st.DrawFn) -> Network:
    shape = draw(st.sampled_from([(7,), (2, 6), (1, 5, 4), (3, 4, 6)]))
    shapes, connectivities = [shape], []
    for _ in range(draw(st.integers(1, 4))):
        connectivity, shape = draw(_connectivities(shape))
        connectivities.append(connectivity)
        shapes.append(shape)
    extra = []
    for _ in range(draw(st.integers(0, 2))):
        first, second = draw(st.integers(0, len(shapes) - 1)), draw(st.integers(1, len(shapes) - 1))
        random = np.random.default_rng(draw(st.integers(0, 10**6)))
        dense = random.integers(0, 3, (int(np.prod(shapes[second])), int(np.prod(shapes[first])))).astype(float)
        extra.append((first, second, Dense(dense)))
    constant, integer = draw(st.booleans()), draw(st.booleans())
    if integer:
        connectivities = [whole(connectivity) for connectivity in connectivities]
        extra = [(first, second, whole(connectivity)) for first, second, connectivity in extra]
    return _network(connectivities, shapes, extra, constant, integer)


def whole(connectivity: Connectivity) -> Connectivity:
    return connectivity.with_weights(connectivity.weights.astype(np.int16))


@st.composite
def _formats(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """Formats of listed synapses of any size, of which some follow the weights' width."""

    def sizes() -> dict[str, Any]:
        own = sorted(draw(st.lists(st.integers(0, 40), min_size=3, max_size=3)))
        table = dict(zip((1, 4, 9), own, strict=True)) if draw(st.booleans()) else {}
        return {"header_bits": assumed(draw(st.integers(0, 70))), "bits_per_synapse": assumed(own[-1], table=table)}

    return {"dense": sizes(), "sparse": sizes()}


@st.composite
def _targets(draw: st.DrawFn) -> Target:
    def limit(low: int, high: int) -> Any:
        return draw(st.one_of(st.none(), st.integers(low, high)))

    columns, rows, cores = (draw(st.integers(1, 3)) for _ in range(3))
    base = draw(st.sampled_from(["loihi1", "loihi2"]))
    return _target(
        base,
        chips=draw(st.integers(1, 2)),
        shared=draw(st.booleans()),
        memory=draw(st.one_of(st.none(), _formats())),
        columns=columns,
        rows=rows,
        cores_per_tile=cores,
        usable_cores=draw(st.integers(1, columns * rows * cores)),
        neurons=draw(st.integers(1, 60)),
        synaptic_memory_bits=limit(1000, 100_000),
        input_axons=limit(5, 200),
        output_axons=limit(5, 200),
        memory_bits=limit(1000, 100_000) if base == "loihi2" else None,
    )


@pytest.fixture(scope="session")
def networks() -> st.SearchStrategy[Network]:
    return _networks()


@pytest.fixture(scope="session")
def targets() -> st.SearchStrategy[Target]:
    return _targets()


@pytest.fixture(scope="session")
def make_target() -> MakeTarget:
    return _target


@pytest.fixture(scope="session")
def make_network() -> MakeNetwork:
    return _network


@pytest.fixture(scope="session")
def make_neuron() -> Callable[..., IntegerLeakyIntegrateAndFire]:
    return integer_neuron


@pytest.fixture(scope="session")
def make_float_neuron() -> Callable[..., LeakyIntegrateAndFire]:
    return float_neuron
