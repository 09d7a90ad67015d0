"""The readers of files from strangers, by the end of a file's name, and what each owes its user."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from spikeloom.models.errors import SpikeloomError

LONGEST_MESSAGE = 20_000


def _read_nir(path: Path) -> object:
    from spikeloom.models.readers.nir import read_nir

    return read_nir(path)


def _read_net(path: Path) -> object:
    from spikeloom.models.readers.netx import read_net

    return read_net(path)


def _read_onnx(path: Path) -> object:
    from spikeloom.models.readers.onnx import read_onnx

    return read_onnx(path)


def _read_graph(path: Path) -> object:
    from spikeloom.models.graph_file import read_graph

    return read_graph(path)


def _read_data(path: Path) -> object:
    from spikeloom.deploy.data import load_data

    return load_data(path)


def _read_target(path: Path) -> object:
    from spikeloom.mapping.target_files import load_target

    return load_target(path)


def _read_checkpoint(path: Path) -> object:
    from spikeloom.models.readers.torch import read_checkpoint

    return read_checkpoint(path, f"{Path(__file__).with_name('small_module.py')}:small_module", (1, 2, 6, 6))


def _read_exported(path: Path) -> object:
    from spikeloom.models.readers.torch import read_exported

    return read_exported(path)


READERS: dict[str, Callable[[Path], object]] = {
    "nir": _read_nir,
    "net": _read_net,
    "onnx": _read_onnx,
    "graph": _read_graph,
    "npz": _read_data,
    "yaml": _read_target,
    "pt": _read_checkpoint,
    "pt2": _read_exported,
}


def outcome(path: Path) -> str:
    """Read a file: "read", or "refused" where its user is told why in a paragraph that names it.

    Raises
    ------
    AssertionError : the message is not as it has to be.
    Exception : what no reader may let through.
    """
    try:
        READERS[path.suffix.removeprefix(".")](path)
    except SpikeloomError as error:
        message = str(error)
        assert path.name in message, f"the message does not name the file: {message[:500]!r}"
        assert "\n\n" not in message and message.strip() == message, f"no paragraph: {message[:500]!r}"
        assert message.replace("\n", "").isprintable(), f"cannot be shown: {message[:500]!r}"
        assert len(message) <= LONGEST_MESSAGE, f"{len(message)} characters: {message[:500]!r}"
        return "refused"
    return "read"
