"""Writes a network as a program that needs only lava-nc and NumPy."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ...models.array_file import write_arrays
from ...models.network import Network
from ...models.network_file import write_network
from ...models.neurons import FAMILIES

Array = NDArray[Any]

CORES_NAME = "cores.npz"
_PROGRAM = Path(__file__).parent / "standalone"


def write_standalone(network: Network, folder: Path, cores: Mapping[str, Array] | None = None) -> None:
    """Write the program, the network and, where given, the cores of its neurons.

    Parameters
    ----------
    network : a quantized network.
    folder : where to write; made if it does not exist.
    cores : per population name, (neurons,) core numbers, for `run.py --processes core`; populations may be left out.
    """
    if not network.integer:
        raise ValueError("only a quantized network can run in Lava")
    folder.mkdir(parents=True, exist_ok=True)
    for source in sorted(_PROGRAM.iterdir()):
        if source.suffix in (".py", ".md"):
            shutil.copyfile(source, folder / source.name)
    # The step rules exist once: what the simulator runs goes along with the program.
    for family in FAMILIES.values():
        source = family.integer_model.rule.file
        shutil.copyfile(source, folder / source.name)
    write_network(network, folder)
    (folder / CORES_NAME).unlink(missing_ok=True)
    if cores is not None:
        write_arrays(folder / CORES_NAME, cores)
