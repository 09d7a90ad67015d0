"""Stored tensors as arrays, without copies where the file allows it."""

from __future__ import annotations

from math import prod
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...size_limits import LONGEST_NAME

if TYPE_CHECKING:
    from onnx import TensorProto

Array = NDArray[Any]

MOST_AXES = 64  # of NumPy's arrays
MOST_NUMBERS = 2**63 // 16 - 1  # of the largest kind, complex numbers of 16 bytes
PACKED = {"INT2": 2, "UINT2": 2, "INT4": 4, "UINT4": 4, "FLOAT4E2M1": 4, "FLOAT6E2M3": 6, "FLOAT6E3M2": 6}


class TensorError(Exception):
    """Why a stored tensor cannot be read; says it of "its data"."""


def array_of(tensor: TensorProto, folder: Path) -> Array:
    """A tensor's numbers; read-only where they are the file's own bytes.

    Parameters
    ----------
    folder : where external data lie.

    Raises
    ------
    TensorError : the data are missing, of another size than the shape says, or outside the folder.
    """
    import onnx
    from onnx import helper, numpy_helper

    shape = _shape(tensor)
    try:
        dtype = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
    except KeyError:
        raise TensorError(f"its data are of type {tensor.data_type}, which the installed onnx does not know") from None
    if dtype.hasobject:
        if len(tensor.string_data) != prod(shape):
            raise TensorError(f"its data have {len(tensor.string_data)} texts, its shape is {shape}")
        return np.array(tensor.string_data, dtype=object).reshape(shape)
    packed = _bits(tensor.data_type) < 8
    size = (prod(shape) * _bits(tensor.data_type) + 7) // 8
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        content = _external(tensor, folder, size)
        if packed:
            whole = onnx.TensorProto(dims=shape, data_type=tensor.data_type, raw_data=content.tobytes())
            return np.asarray(numpy_helper.to_array(whole))
        return content.view(dtype).reshape(shape)
    if tensor.HasField("raw_data"):
        raw = tensor.raw_data
        if len(raw) != size:
            raise TensorError(f"its data have {len(raw)} bytes, its shape {shape} wants {size}")
        return np.asarray(numpy_helper.to_array(tensor)) if packed else np.frombuffer(raw, dtype).reshape(shape)
    if tensor.data_type == onnx.TensorProto.FLOAT:
        # NumPy would make a list of all numbers first, of eight times their size.
        if len(tensor.float_data) != prod(shape):
            raise TensorError(f"its data have {len(tensor.float_data)} numbers, its shape is {shape}")
        return np.fromiter(tensor.float_data, np.float32, prod(shape)).reshape(shape)
    try:
        return np.asarray(numpy_helper.to_array(tensor))
    except (ValueError, TypeError) as error:
        raise TensorError(f"its data do not suit its shape {shape}: {error}") from None


def _shape(tensor: TensorProto) -> tuple[int, ...]:
    """That of a tensor, if arrays have such shapes."""
    shape = tuple(tensor.dims)
    if any(size < 0 for size in shape):
        raise TensorError(f"its shape {shape} has a negative size")
    if len(shape) > MOST_AXES:
        raise TensorError(f"it has {len(shape)} axes, more than the {MOST_AXES} of any array")
    if prod(max(size, 1) for size in shape) > MOST_NUMBERS:  # NumPy refuses such shapes of empty arrays, too
        raise TensorError(f"its shape {shape} is larger than that of any array")
    return shape


def byte_size(tensor: TensorProto) -> int:
    """Bytes that the shape of a tensor wants."""
    return int(prod(max(size, 0) for size in tensor.dims) * max(_bits(tensor.data_type), 8) // 8)


def _bits(data_type: int) -> int:
    """Bits of a number as it is stored; 8 for a type that does not exist."""
    from onnx import TensorProto, helper

    if data_type not in TensorProto.DataType.values() or data_type == TensorProto.UNDEFINED:
        return 8
    name = TensorProto.DataType.Name(data_type)
    return PACKED.get(name) or int(np.dtype(helper.tensor_dtype_to_np_dtype(data_type)).itemsize) * 8


def _external(tensor: TensorProto, folder: Path, size: int) -> Array:
    """Bytes of a tensor from the file that it names."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")
    where = folder / PurePosixPath(location)
    if len(location) > LONGEST_NAME or "\0" in location:
        raise TensorError(f"its data are said to lie in {location[:40]!r}..., which no file is called")
    if not location or not where.resolve().is_relative_to(folder.resolve()):
        raise TensorError(f"its data are said to lie in {location!r}, outside the model's folder")
    try:
        offset, length = int(entries.get("offset", 0)), int(entries.get("length", size))
    except ValueError:
        raise TensorError(f"its place in {location!r} is not given in numbers") from None
    if length != size or offset < 0:
        raise TensorError(f"its data in {location!r} have {length} bytes at {offset}, its shape wants {size}")
    try:
        if where.exists() and not where.is_file():
            raise TensorError(f"its data are said to lie in {location!r}, which is no file")
        there = where.stat().st_size - offset
        if there < size:
            raise TensorError(
                f"its data in {location!r} end after {max(there, 0)} of {size} bytes: the file is truncated"
            )
        content = np.fromfile(where, np.uint8, size, offset=offset)
    except OSError as error:
        raise TensorError(f"its data in {location!r} cannot be read: {error.strerror}") from None
    if content.size != size:
        raise TensorError(f"its data in {location!r} end after {content.size} of {size} bytes: the file is truncated")
    return content
