"""The HDF5 side of a NIR file: from bytes to flat dictionaries of nodes and a list of edges.

NIR's own reader infers shapes while it reads, takes a convolution's kernel for square, and rewrites graphs without
input nodes; a graph it refuses is refused with no name of the node. So its file layer alone is used, and shapes are
inferred by `Graph`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UnsupportedModelError

NodeDict = dict[str, Any]
LFS_MARK = b"version https://git-lfs"


def read_nodes(path: Path) -> tuple[dict[str, NodeDict], list[tuple[str, str]], dict[str, Any]]:
    """Nodes by name, edges, and the graph's metadata; nested graphs are dissolved, their nodes named "outer.inner".

    Raises
    ------
    UnsupportedModelError : no file, a git-LFS pointer, no HDF5, truncated, or no NIR graph.
    """
    document = _load(path)
    root = document.get("node")
    if not isinstance(root, dict) or "nodes" not in root or "edges" not in root:
        raise UnsupportedModelError(f"{path} is an HDF5 file, but holds no NIR graph.")
    nodes: dict[str, NodeDict] = {}
    edges: list[tuple[str, str]] = []
    _dissolve(path, root, "", nodes, edges)
    metadata = root.get("metadata")
    return nodes, list(dict.fromkeys(edges)), metadata if isinstance(metadata, dict) else {}


def _load(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            start = file.read(len(LFS_MARK))
    except OSError as error:
        raise UnsupportedModelError(f"{path} cannot be read: {error.strerror}.") from None
    if start == LFS_MARK:
        raise UnsupportedModelError(
            f"{path} is a git-LFS pointer, not the model itself: run `git lfs pull` where it came from."
        )
    import h5py
    from nir.serialization import hdf2dict

    if start[:8] != b"\x89HDF\r\n\x1a\n":
        raise UnsupportedModelError(f"{path} is not a NIR file: it does not begin as HDF5 does.")
    try:
        with h5py.File(path, "r") as file:
            document: dict[str, Any] = hdf2dict(file)
            return document
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise UnsupportedModelError(f"{path} is truncated or damaged: {error}.") from None


def _dissolve(
    path: Path, graph: NodeDict, prefix: str, nodes: dict[str, NodeDict], edges: list[tuple[str, str]]
) -> None:
    """Add a graph's nodes under `prefix`; the ends of nested graphs become identities."""
    content = graph.get("nodes") or {}
    entries, exits = _ends(content)
    where = f" in the nested graph {prefix[:-1]!r}" if prefix else ""
    pairs = [tuple(_text(end) for end in edge) for edge in np.asarray(graph["edges"]).reshape(-1, 2)]
    for pair in pairs:
        for end in pair:
            if end not in content:
                raise UnsupportedModelError(
                    f"{path}: the edge {pair[0]!r} -> {pair[1]!r}{where} names node {end!r}, which does not exist; "
                    f"there are {', '.join(map(repr, content))}."
                )
    for name, node in content.items():
        kind = node.get("type") if isinstance(node, dict) else None
        if kind == "NIRGraph":
            _dissolve(path, node, f"{prefix}{name}.", nodes, edges)
        elif prefix and kind in ("Input", "Output"):
            nodes[f"{prefix}{name}"] = {"type": "Identity"}
        else:
            nodes[f"{prefix}{name}"] = node if isinstance(node, dict) else {"type": None}
    for source, target in pairs:
        leaving = _inner_end(path, content, source, "Output")
        arriving = _inner_end(path, content, target, "Input")
        edges.append((f"{prefix}{source}{leaving}", f"{prefix}{target}{arriving}"))
    if prefix and not (entries and exits):
        raise UnsupportedModelError(f"{path}: the nested graph {prefix[:-1]!r} has no input or no output node.")


def _ends(content: dict[str, NodeDict]) -> tuple[list[str], list[str]]:
    kinds = {name: node.get("type") for name, node in content.items() if isinstance(node, dict)}
    return [n for n, kind in kinds.items() if kind == "Input"], [n for n, kind in kinds.items() if kind == "Output"]


def _inner_end(path: Path, content: dict[str, NodeDict], name: str, kind: str) -> str:
    """What to append to a nested graph's name to reach its end of the given kind; nothing for a plain node."""
    node = content[name]
    if node.get("type") != "NIRGraph":
        return ""
    entries, exits = _ends(node.get("nodes") or {})
    ends = entries if kind == "Input" else exits
    if len(ends) != 1:
        raise UnsupportedModelError(f"{path}: the nested graph {name!r} has {len(ends)} {kind} nodes, 1 is needed.")
    inner = node["nodes"][ends[0]]
    deeper = _inner_end(path, node["nodes"], ends[0], kind) if inner.get("type") == "NIRGraph" else ""
    return f".{ends[0]}{deeper}"


def _text(value: Any) -> str:
    return value.decode("utf8") if isinstance(value, bytes) else str(value)
