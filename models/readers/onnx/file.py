"""From the bytes of an ONNX file to its protobuf message; what is no ONNX file is named for what it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import BackendMissingError, UnsupportedModelError
from ..file_start import LFS_MARK

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from onnx import ModelProto

LARGEST_MESSAGE = 2**31  # bytes; protobuf's limit

OTHER_FORMATS = (
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras, NIR and lava-dl write it"),
    (0, b"PK\x03\x04", "a zip archive, as PyTorch and Keras write it"),
    (4, b"TFL3", "a TensorFlow Lite model"),
    (4, b"ORTM", "a model in the format of ONNX Runtime"),
    (0, b"\x80", "a pickle"),
    (0, b"<", "a text file"),
    (0, b"{", "a text file"),
)


def load(path: Path) -> ModelProto:
    """The message, external data left where they are.

    Raises
    ------
    UnsupportedModelError : no file, a git-LFS pointer, empty, truncated, another format, or no graph in it.
    BackendMissingError : the package `onnx` is not installed.
    """
    try:
        if path.stat().st_size >= LARGEST_MESSAGE:
            raise UnsupportedModelError(
                f"{path} is larger than the 2 GiB that a protobuf file can be: save it with external data."
            )
        content = path.read_bytes()
    except OSError as error:
        raise UnsupportedModelError(f"{path} cannot be read: {error.strerror}.") from None
    if not content:
        raise UnsupportedModelError(f"{path} is empty.")
    if content.startswith(LFS_MARK):
        raise UnsupportedModelError(
            f"{path} is a git-LFS pointer, not the model itself: run `git lfs pull` where it came from."
        )
    for place, mark, description in OTHER_FORMATS:
        if content[place : place + len(mark)] == mark:
            raise UnsupportedModelError(f"{path} is not an ONNX file but {description}: export the model to ONNX.")
    try:
        import onnx
    except ImportError:
        raise BackendMissingError("Reading ONNX files needs the package onnx: pip install onnx") from None
    try:
        model: ModelProto = onnx.load_model_from_string(content)
    except Exception:  # protobuf's own error; whatever it is, the user has a file that cannot be read
        raise UnsupportedModelError(f"{path} is no ONNX file, or a truncated or damaged one.") from None
    _require_a_graph(path, model)
    _require_text(path, model)
    return model


def _require_text(path: Path, message: Message) -> None:
    """Refuse names and other texts that are not UTF-8: protobuf reads them, and gives bytes in their place."""
    for field, value in message.ListFields():
        if field.type == field.TYPE_STRING and field.name != "doc_string":  # which is for people, and not read
            texts = [value] if isinstance(value, str | bytes) else value
            if any(isinstance(text, bytes) for text in texts):
                raise UnsupportedModelError(f"{path} is damaged: a {field.name} in it is no text (not UTF-8).")
        elif field.type == field.TYPE_MESSAGE:
            for inner in [value] if hasattr(value, "ListFields") else value:
                _require_text(path, inner)


def _require_a_graph(path: Path, model: ModelProto) -> None:
    """Almost any bytes parse as some message; only a graph with ends and a version is a model."""
    import onnx

    if not model.HasField("graph") or not model.opset_import:
        if model.functions:
            raise UnsupportedModelError(f"{path} holds ONNX functions, but no model that calls them.")
        raise UnsupportedModelError(f"{path} holds no ONNX model; it may be a message of another kind.")
    if model.ir_version > onnx.IR_VERSION:
        raise UnsupportedModelError(
            f"{path} is of ONNX IR version {model.ir_version}; the installed package onnx {onnx.__version__} reads up "
            f"to {onnx.IR_VERSION}: update onnx, or export for an older version."
        )
    for what, content in (("nodes", model.graph.node), ("outputs", model.graph.output)):
        if not content:
            raise UnsupportedModelError(f"{path} holds an ONNX graph without {what}.")
