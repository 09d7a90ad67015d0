"""The rows of the simulator's table: who takes part in each, and what it is to reach."""

from __future__ import annotations

from dataclasses import dataclass

from simulator_environments import OWN


@dataclass(frozen=True)
class Peer:
    """A way to run a workload.

    Attributes
    ----------
    name : in the table.
    environment : see `simulator_environments.py`.
    script : in peers/, run_<script>.py.
    options : of the script; "{processors}" stands for the number of processors.
    drifts : whether its potentials are not truncated, so that with a leak its spikes differ more and more from those
        of integers.
    listed : whether it wants every synapse in a list.
    """

    name: str
    environment: str
    script: str
    options: tuple[str, ...] = ()
    drifts: bool = False
    listed: bool = False


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes
    ----------
    peers : keys of `PEERS`.
    goals : by how many times ours shall be the faster one; keys of `PEERS`, or "fastest".
    """

    peers: tuple[str, ...]
    goals: dict[str, float]


OURS = Peer("Spikeloom", OWN, "spikeloom")
PEERS = {
    "lava": Peer("Lava", OWN, "lava"),
    "nengo-loihi": Peer("nengo-loihi emulator", "nengo", "nengo_loihi"),
    "snntorch": Peer("snnTorch", "torch", "snntorch", ("float",), drifts=True),
    "snntorch-exact": Peer("snnTorch, truncating", "torch", "snntorch", ("exact",)),
    "norse": Peer("Norse", "torch", "norse", ("float",), drifts=True),
    "norse-exact": Peer("Norse, truncating", "torch", "norse", ("exact",)),
    "sinabs": Peer("Sinabs", "torch", "sinabs", ("float",), drifts=True),
    "sinabs-exact": Peer("Sinabs, truncating", "torch", "sinabs", ("exact",)),
    "spikingjelly": Peer("SpikingJelly", "torch", "spikingjelly", ("float",), drifts=True),
    "spikingjelly-exact": Peer("SpikingJelly, truncating", "torch", "spikingjelly", ("exact",)),
    "torch": Peer("plain torch, layer by layer", "torch", "plain_torch", ("float",), drifts=True),
    "torch-exact": Peer("plain torch, truncating", "torch", "plain_torch", ("exact",)),
    "brian2": Peer("Brian2 cpp_standalone, one thread", "brian", "brian2", ("1",), listed=True),
    "brian2-threads": Peer("Brian2 cpp_standalone, threads", "brian", "brian2", ("{processors}",), listed=True),
    "nest": Peer("NEST, one thread", "nest", "nest", ("1",), drifts=True, listed=True),
    "nest-threads": Peer("NEST, threads", "nest", "nest", ("{processors}",), drifts=True, listed=True),
    "sanafe": Peer("SANA-FE, simple timing", "sanafe", "sanafe", ("simple",)),
    "sanafe-detailed": Peer("SANA-FE, detailed timing", "sanafe", "sanafe", ("detailed",)),
}

_LAYERED = (
    "snntorch",
    "snntorch-exact",
    "norse",
    "norse-exact",
    "sinabs",
    "sinabs-exact",
    "spikingjelly",
    "spikingjelly-exact",
    "torch",
    "torch-exact",
)
ROWS = {
    "A": Row(("lava", "nengo-loihi", *_LAYERED, "brian2"), {"lava": 250, "torch": 12, "torch-exact": 12}),
    "B": Row((*_LAYERED, "brian2"), {"torch": 4, "torch-exact": 4, "norse": 5, "norse-exact": 5}),
    "C": Row((*_LAYERED, "brian2"), {"norse": 20, "norse-exact": 20, "brian2": 8}),
    "W": Row((*_LAYERED, "brian2"), {"norse": 20, "norse-exact": 20, "brian2": 8}),
    "D": Row(("sanafe", "sanafe-detailed", "spikingjelly", "torch"), {"sanafe": 120}),
    "E": Row(("brian2", "brian2-threads", "nest", "nest-threads"), {"fastest": 3}),
    "F": Row((), {}),
}
SCATTER_GOAL = 0.7  # of the machine's limit, in the dense layers of A and B
