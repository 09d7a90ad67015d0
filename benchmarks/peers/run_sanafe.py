"""SANA-FE with the DVS-gesture network that its wheel ships, as its authors' tutorial builds and maps it.

Options: "simple" or "detailed", the model of time; or "dump", to write what the network is instead of measuring: every
neuron with its core, every synapse, and what SANA-FE counts, by step and by core.

The input layer's neurons are driven by a bias each; all neurons integrate without a leak.
"""

import time
from importlib.resources import files

import numpy as np
import sanafe
from exchange import Call, measured, write
from sanafe import layers

CORES_OF_LAYERS = (1, 4, 16, 16, 4, 1)  # as in the tutorial, in equal parts in the order of the neurons
CHUNK = 20  # steps of which all messages are held at once
COUNTED = ("fired", "packets", "hops", "spikes", "updated")
COSTS = ("sim_time", "total_energy", "synapse_energy", "soma_energy", "network_energy")  # s and J a step


def main():
    """Measure, or write the network."""
    call = Call()
    chip, groups, setup = build(traced="dump" in call.options)
    if "dump" in call.options:
        dump(call, chip, groups, setup)
        return
    model = "detailed" if "detailed" in call.options else "simple"
    steps = call.workload.steps
    first, seconds, found = measured(lambda: chip.sim(steps, timing_model=model), call.repeats, chip.reset)
    write(
        call,
        setup=setup,
        first=first,
        seconds=seconds,
        versions=["sanafe"],
        counts={name: int(found[name]) for name in ("spikes", "packets_sent", "neurons_updated", "neurons_fired")},
    )


def build(traced):
    """The chip, its neurons by layer, and the seconds that it took; `traced`, so that it tells who fires."""
    with files("sanafe.examples").joinpath("dvs_challenge.npz").open("rb") as file:
        data = dict(np.load(file))
    thresholds = data["thresholds"]
    began = time.perf_counter()
    architecture = sanafe.load_loihi()
    network = sanafe.Network()
    groups = [layers.Input2D(network, 32, 32, threshold=thresholds[0])]
    for number in range(1, 5):
        stride = 2 if number == 1 else 1
        settings = {"stride_width": stride, "stride_height": stride, "threshold": thresholds[number]}
        groups.append(layers.Conv2D(network, groups[-1], data[f"conv{number}"], **settings))
    groups.append(layers.Dense(network, groups[-1], 11, data["dense1"], threshold=thresholds[5]))
    for neuron, bias in zip(groups[0], data["inputs"], strict=True):
        neuron.set_attributes(model_attributes={"bias": bias})
    cores = architecture.cores()
    for group, (first, count) in zip(groups, core_ranges(), strict=True):
        share = len(group) // count
        for index, neuron in enumerate(group):
            neuron.map_to_core(cores[first + min(index // share, count - 1)])
            if traced:
                neuron.set_attributes(log_spikes=True)
    chip = sanafe.SpikingChip(architecture)
    chip.load(network)
    for group, threshold, name in zip(groups, thresholds, ("inputs", *[None] * 5), strict=True):
        group.threshold, group.bias = int(threshold), data[name] if name else None
    return chip, groups, time.perf_counter() - began


def core_ranges():
    """First core and number of cores of each layer."""
    first = np.cumsum((0, *CORES_OF_LAYERS[:-1]))
    return list(zip(first.tolist(), CORES_OF_LAYERS, strict=True))


def dump(call, chip, groups, setup):
    """Write the network and SANA-FE's own counts."""
    arrays = {}
    for number, group in enumerate(groups):
        first, count = core_ranges()[number]
        share = len(group) // count
        arrays[f"core {number}"] = first + np.minimum(np.arange(len(group)) // share, count - 1)
        channels, side = getattr(group, "channels", len(group)), getattr(group, "height", 1)
        arrays[f"shape {number}"] = np.array([channels, side, getattr(group, "width", 1)])
        arrays[f"threshold {number}"] = np.array(group.threshold)
        source, target, weight = [], [], []
        for index, neuron in enumerate(group):
            edges = neuron.edges_out
            source.append(np.full(len(edges), index, dtype=np.int32))
            target.append(np.array([edge.post_neuron.neuron_offset for edge in edges], dtype=np.int32))
            weight.append(np.array([edge.synapse_attributes["w"] for edge in edges], dtype=np.int32))
        arrays[f"source {number}"] = np.concatenate(source)
        arrays[f"target {number}"] = np.concatenate(target)
        arrays[f"weight {number}"] = np.concatenate(weight)
    arrays["bias"] = groups[0].bias.astype(np.int64)
    names = {group.group.get_name(): number for number, group in enumerate(groups)}
    steps = call.workload.steps
    cores = sum(CORES_OF_LAYERS)
    counts = {name: np.zeros(steps, dtype=np.int64) for name in COUNTED}
    costs = {name: np.zeros(steps) for name in COSTS}
    by_core = {name: np.zeros((steps, cores), dtype=np.int64) for name in ("packets in", "packets out", "events")}
    fired, places = [], {}
    chip.reset()
    for begin in range(0, steps, CHUNK):
        length = min(CHUNK, steps - begin)
        traces = {"perf_trace": True, "message_trace": True, "spike_trace": True}
        found = chip.sim(length, timing_model="simple", **traces)
        here = slice(begin, begin + length)
        for name in ("fired", "hops", "spikes", "updated"):
            counts[name][here] = found["perf_trace"][name]
        for name in COSTS:
            costs[name][here] = found["perf_trace"][name]
        for step, messages in enumerate(found["message_trace"], start=begin):
            for message in messages:
                if not message["placeholder"]:
                    sender, receiver = message["src_core_id"], message["dest_core_id"]
                    counts["packets"][step] += 1
                    by_core["packets out"][step, sender] += 1
                    by_core["packets in"][step, receiver] += 1
                    by_core["events"][step, receiver] += message["spikes"]
                    places[sender] = (message["src_x"], message["src_y"], message["src_core_offset"])
                    places[receiver] = (message["dest_x"], message["dest_y"], message["dest_core_offset"])
        for step, neurons in enumerate(found["spike_trace"], start=begin):
            fired += [(step, names[neuron.group_name], neuron.neuron_offset) for neuron in neurons]
    arrays["fired"] = np.array(fired, dtype=np.int32).reshape(-1, 3)
    arrays["places"] = np.array([places[core] for core in range(cores)], dtype=np.int64)
    arrays |= {f"count {name}": values for name, values in counts.items()}
    arrays |= {f"cost {name}": values for name, values in costs.items()}
    arrays |= {f"by core {name}": values for name, values in by_core.items()}
    call.result.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(call.result / "network.npz", **arrays)
    write(call, setup=setup, first=0.0, seconds=[], versions=["sanafe"])


main()
