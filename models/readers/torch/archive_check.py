"""Looking into files of PyTorch before PyTorch does: what would run code on reading is refused.

`torch.export.load` unpickles whatever an archive calls a pickle, loads compiled code, and evaluates symbolic sizes with
SymPy, which evaluates Python. So an archive may hold only the members, operators and expressions that ordinary programs
are made of. What PyTorch 2.13 reads: torch/export/pt2_archive/_package.py, torch/_export/serde/serialize.py.
"""

from __future__ import annotations

import io
import json
import pickle
import pickletools
import re
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from ...errors import UnsupportedModelError
from ...size_limits import in_bytes, most_bytes
from ..file_start import file_start
from ..trial import survived

DAMAGE = (OSError, EOFError, ValueError, NotImplementedError, RuntimeError, zipfile.BadZipFile, struct.error)
LARGEST_DOCUMENT = 2**26  # bytes; Python takes ten times as many for it
MEMBERS = re.compile(
    r"archive_format|archive_version|version|byteorder|\.data/\w+|\.format_version|\.storage_alignment"
    r"|data/weights/weight_\d+|data/weights/\w+_weights_config\.json"
    r"|data/constants/tensor_\d+|data/constants/\w+_constants_config\.json"
    r"|data/sample_inputs/\w+\.pt|models/\w+\.json|extra/.*"
)
OPERATORS = re.compile(
    r"torch\.ops\.(aten|prims)\.\w+\.\w+|torch\.sym_\w+"
    r"|torch\.ops\.quantized_decomposed\.(de)?quantize_per_(tensor|channel)\.\w+"
    r"|_operator\.(getitem|add|sub|mul|floordiv|truediv|mod|neg|pow|eq|ne|lt|le|gt|ge|and_|or_)|math\.\w+"
)
EXPRESSION_NAMES = re.compile(
    r"[su]\d+|FloorDiv|ModularIndexing|Where|PythonMod|Mod|CleanDiv|CeilDiv|CeilToInt|FloorToInt|Max|Min|And|Or|Not|Eq"
    r"|Ne|Lt|Le|Gt|Ge|Piecewise|True|False|oo|int_oo|Identity|Integer|Rational|Add|Mul|Pow|Equality|Unequality"
    r"|GreaterThan|LessThan|StrictGreaterThan|StrictLessThan|true|false"
)
SYMBOL = re.compile(r"Symbol\('([su]\d+)'(?:, \w+=(?:True|False))*\)")
EXPRESSION = re.compile(r"[\w\s+\-*/(),<>=&|~!%]*")


def check_exported(path: Path) -> None:
    """Refuse an exported program that holds more than operators of PyTorch and numbers.

    Raises
    ------
    UnsupportedModelError : naming what it holds.
    """
    file_start(path)
    with _opened(path, "no exported program") as archive:
        members = {}
        for whole in archive.namelist():
            name = whole.split("/", 1)[-1]
            if name in members:
                raise UnsupportedModelError(f"{path} holds {name} twice; export the network anew.")
            members[name] = whole
        if any(name.startswith("serialized_") for name in members):
            raise UnsupportedModelError(
                f"{path} was written by a PyTorch older than 2.8, in a form that is unpickled; export the network anew."
            )
        if "code/" in {f"{name.split('/', 1)[0]}/" for name in members} or "constants.pkl" in members:
            raise _torchscript(path)
        _require_plain(path, archive)
        for name, whole in members.items():
            if not MEMBERS.fullmatch(name):
                raise UnsupportedModelError(
                    f"{path} holds {name}, which is no part of a program of plain operators; export the network anew "
                    "with torch.export.export and torch.export.save."
                )
            if name.endswith(".json"):
                _check_program(path, name, _document(path, name, archive.read(whole)))
            elif name.endswith(".pt") and archive.getinfo(whole).file_size:
                content = archive.read(whole)
                survived(path, partial(_check_pickle, path, name, content), most_bytes(len(content)))


def check_checkpoint(path: Path) -> None:
    """Refuse TorchScript, and what is no file of a model.

    Raises
    ------
    UnsupportedModelError : it is that, cannot be opened, is empty, or a git-LFS pointer.
    """
    file_start(path)
    if _is_archive(path):
        with _opened(path, "no archive of PyTorch") as archive:
            names = {name.split("/", 1)[-1] for name in archive.namelist()}
            if "constants.pkl" in names or any(name.startswith("code/") for name in names):
                raise _torchscript(path)
            _require_plain(path, archive)


def _is_archive(path: Path) -> bool:
    try:
        return zipfile.is_zipfile(path)
    except zipfile.BadZipFile:  # one that is damaged, which opening it says
        return True


@contextmanager
def _opened(path: Path, wanted: str) -> Iterator[zipfile.ZipFile]:
    """An open archive; what is wrong with it or its members, when they are read, becomes one sentence."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except DAMAGE as error:
        raise UnsupportedModelError(
            f"{path} is {wanted}, or a truncated or damaged one ({' '.join(str(error).split())}); "
            "torch.export.save(program, 'model.pt2') writes one."
        ) from None


def _require_plain(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse members that are packed or overlap; PyTorch writes them as they are, one beside the other."""
    members = archive.infolist()
    packed = any(member.compress_type != zipfile.ZIP_STORED for member in members)
    if packed or sum(member.file_size for member in members) > path.stat().st_size:
        raise UnsupportedModelError(f"{path} is packed in a way that PyTorch does not write; save it anew.")


def _document(path: Path, member: str, content: bytes) -> Any:
    if len(content) > LARGEST_DOCUMENT:
        raise UnsupportedModelError(
            f"{path} has {in_bytes(len(content))} of {member}; {in_bytes(LARGEST_DOCUMENT)} are read at most."
        )
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise UnsupportedModelError(f"{path} is damaged: {member} is not JSON.") from None


def _torchscript(path: Path) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"{path} is TorchScript, which PyTorch has given up and which runs code on reading; export the module instead: "
        "torch.export.save(torch.export.export(module, (example,)), 'model.pt2')."
    )


def _check_program(path: Path, member: str, content: Any) -> None:
    for key, value in _entries(content):
        if key == "use_pickle" and value:
            raise UnsupportedModelError(
                f"{path} holds a pickled tensor in {member}, which could run code; export the network without tensor "
                "subclasses."
            )
        if key == "target" and isinstance(value, str) and not OPERATORS.fullmatch(value):
            raise UnsupportedModelError(
                f"{path} calls {value}, which is none of PyTorch's own operators; export the network without it."
            )
        if key == "expr_str" and isinstance(value, str):
            plain = SYMBOL.sub(r"\1", value)
            names = re.findall(r"[A-Za-z_]\w*", plain)
            if not EXPRESSION.fullmatch(plain) or not all(EXPRESSION_NAMES.fullmatch(name) for name in names):
                raise UnsupportedModelError(
                    f"{path} has the size {value!r}, which is no plain expression; export it with fixed sizes."
                )


def _entries(content: Any) -> Iterator[tuple[str, Any]]:
    """All keys and values of a document, at any depth."""
    waiting = [content]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, dict):
            yield from inner.items()
            waiting += inner.values()
        elif isinstance(inner, list):
            waiting += inner


def _check_pickle(path: Path, member: str, content: bytes) -> None:
    import torch

    try:
        torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
    except Exception as error:
        raise UnsupportedModelError(
            f"{path} holds a pickle of more than tensors, {member}{wanted_class(error)}; export the network anew, with "
            "an example of plain tensors."
        ) from None


def wanted_class(error: Exception, path: Path | None = None) -> str:
    """The class that a pickle asked for, as " (module.Class)", or nothing where neither PyTorch nor the pickle says."""
    found = re.search(r"(?:GLOBAL|class|function|global)\s+`?([A-Za-z_]\w*(?:\.\w+)+)", str(error))
    if found:
        return f" ({found.group(1)})"
    if path is None or not isinstance(error, pickle.UnpicklingError):
        return ""
    named = _first_class(path.read_bytes())
    return f" ({named})" if named else ""


def _first_class(content: bytes) -> str:
    """The first class or function that a plain pickle names; nothing of it is run."""
    strings: list[str] = []
    try:
        for operation, argument, _ in pickletools.genops(content):
            if operation.name == "GLOBAL":
                return str(argument).replace(" ", ".")
            if operation.name == "STACK_GLOBAL":
                return ".".join(strings[-2:])
            if isinstance(argument, str):
                strings.append(argument)
    except ValueError:
        return ""
    return ""
