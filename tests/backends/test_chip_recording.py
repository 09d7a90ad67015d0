"""A neuron that ran on a real Loihi, for the NIR paper: our integers give every number that was recorded.

The recording is `paper/01_lif/lif_lava_loihi_fixed.csv` of neuromorphs/NIR, a row a step: input, membrane potential,
spike. The same program ran in Lava on a CPU: `lif_lava_cpu_fixed.csv`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest
from numpy.typing import NDArray

import spikeloom
from spikeloom.deploy.artifact.artifact import load_program
from spikeloom.models.connectivity import Dense
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import IntegerLeakyIntegrateAndFire

Array = NDArray[Any]

DT = 1e-4  # seconds a step, in the paper's notebook `lif_lava.ipynb`
# In the step of a spike the chip's potential reads 128 where Lava has 0: the register then counts the refractory
# period in units of 128, and one step is the shortest there is (lava-nc issue 282, nengo-loihi issue 170). The step
# after that goes on from 0.
REFRACTORY_READING = 128


def recording(folder: Path, name: str) -> tuple[Array, Array, Array]:
    """Input, potential and spikes, (steps,) each."""
    rows = np.loadtxt(folder / "lif_traces" / f"{name}.csv", delimiter=",")
    assert rows.shape == (1000, 3)
    assert np.array_equal(rows, np.rint(rows))
    return tuple(rows.astype(np.int64).T)


def integers_of_the_paper(folder: Path) -> dict[str, int]:
    """What the paper's `_lava_nir.py` makes of the neuron in `lif_norse.nir`: tau 2.5 ms, threshold 0.1, gain 1."""
    neuron = nir.read(folder / "nir" / "lif_norse.nir").nodes["1"]
    step = DT / float(neuron.tau[0])  # 0.04 of the potential is lost in a step, and 0.04 of the input comes in
    return {
        "du": 4095,  # no current is kept
        "dv": int(step * 4095),  # 163.8
        "vth": int(float(neuron.v_threshold[0]) * 131071) >> 9,  # 13107 in 17 bits, 25 in units of the weight's
        "weight": int(step * 256),  # 10.24; the paper leaves out the graph's own weight, which is 1
    }


def network_of(numbers: dict[str, int]) -> Network:
    """One neuron in the time of the chip: at depth 0, what was sent in one step arrives in the next."""
    neuron = IntegerLeakyIntegrateAndFire(
        current_decay=np.asarray(numbers["du"] + 1),
        voltage_decay=np.asarray(numbers["dv"]),
        threshold=np.asarray(numbers["vth"]),
        bias_mantissa=np.asarray(0),
        bias_exponent=np.asarray(0),
    )
    populations = (Population("in", (1,), Role.INPUT, None, 0), Population("lif", (1,), Role.NEURON, neuron, 0))
    projection = Projection("dense", "in", "lif", Dense(np.asarray([[numbers["weight"]]])))
    return Network(populations, (projection,), "lif", integer=True)


def test_the_paper_s_integers(shared_data: Path) -> None:
    assert integers_of_the_paper(shared_data) == {"du": 4095, "dv": 163, "vth": 25, "weight": 10}


@pytest.mark.parametrize(
    ("name", "at_a_spike"), [("lif_lava_loihi_fixed", REFRACTORY_READING), ("lif_lava_cpu_fixed", 0)]
)
def test_every_row_of_the_recording(shared_data: Path, reference: Any, name: str, at_a_spike: int) -> None:
    data, potential, spikes = recording(shared_data, name)
    run = reference(network_of(integers_of_the_paper(shared_data)), data.reshape(1, -1, 1))["lif"]
    np.testing.assert_array_equal(run["output"][0, :, 0], spikes)
    assert spikes.sum() == 4
    readable = np.where(spikes == 1, at_a_spike, run["voltage"][0, :, 0])
    np.testing.assert_array_equal(readable, potential)


@pytest.mark.parametrize("changed", [{"dv": 162}, {"dv": 164}, {"vth": 24}, {"vth": 26}, {"weight": 9}])
def test_other_integers_do_not_give_the_recording(shared_data: Path, reference: Any, changed: dict[str, int]) -> None:
    data, potential, spikes = recording(shared_data, "lif_lava_loihi_fixed")
    numbers = integers_of_the_paper(shared_data) | changed
    run = reference(network_of(numbers), data.reshape(1, -1, 1))["lif"]
    readable = np.where(spikes == 1, REFRACTORY_READING, run["voltage"][0, :, 0])
    assert not np.array_equal(readable, potential)


@pytest.mark.slow
def test_lava_gives_the_recording_today(shared_data: Path, lava: Any) -> None:
    data, potential, spikes = recording(shared_data, "lif_lava_loihi_fixed")
    numbers = integers_of_the_paper(shared_data)
    lif = {"shape": (1,), "du": numbers["du"], "dv": numbers["dv"], "vth": numbers["vth"]}
    processes = {
        "in": ("RingBuffer", {"data": data[np.newaxis]}),
        "dense": ("Dense", {"weights": np.array([[numbers["weight"]]])}),
        "lif": ("LIF", lif),
    }
    connections = [("in", "dense"), ("dense", "lif")]
    found = lava({"steps": data.size, "processes": processes, "connections": connections})["lif"]
    np.testing.assert_array_equal(found["s_out"][:, 0], spikes)
    np.testing.assert_array_equal(np.where(spikes == 1, REFRACTORY_READING, found["v"][:, 0]), potential)


def test_the_simulator_gives_the_recording(shared_data: Path, simulated: Any) -> None:
    data, potential, spikes = recording(shared_data, "lif_lava_loihi_fixed")
    run = simulated(network_of(integers_of_the_paper(shared_data)), data.reshape(1, -1, 1))["lif"]
    np.testing.assert_array_equal(run["output"][0, :, 0], spikes)
    np.testing.assert_array_equal(np.where(spikes == 1, REFRACTORY_READING, run["voltage"][0, :, 0]), potential)


@pytest.mark.slow
def test_deploying_the_file_spikes_when_the_chip_did(shared_data: Path, tmp_path: Path) -> None:
    """Our quantization uses the registers up, so its integers are others; its spikes are those of the chip."""
    data, _, spikes = recording(shared_data, "lif_lava_loihi_fixed")
    x = data.reshape(1, -1, 1)
    model = shared_data / "nir" / "lif_norse.nir"
    spikeloom.deploy(model, "loihi2", (x, None), tmp_path / "artifact", dt=DT, reset="zero")
    network = load_program(tmp_path / "artifact").network
    [neuron] = [population for population in network.populations if population.neuron]
    assert network.by_name[network.output] is neuron
    found = run_network(network, x)[neuron.name][0, :, 0]
    # Our steps are those of the neuron's window of the sample, which begins `depth` steps into the chip's run.
    np.testing.assert_array_equal(np.flatnonzero(found) + neuron.depth, np.flatnonzero(spikes))
