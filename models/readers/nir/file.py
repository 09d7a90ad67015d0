"""The HDF5 side of a NIR file: from bytes to flat dictionaries of nodes and a list of edges.

NIR's own reader infers shapes while it reads, takes a convolution's kernel for square, and rewrites graphs without
input nodes; a graph it refuses is refused with no name of the node. It trusts a file, besides. So shapes are inferred
by `Graph` here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...errors import UnsupportedModelError
from ..hdf5_file import read_group

NodeDict = dict[str, Any]


def read_nodes(path: Path) -> tuple[dict[str, NodeDict], list[tuple[str, str]], dict[str, Any]]:
    """Nodes by name, edges, and the graph's metadata; nested graphs are dissolved, their nodes named "outer.inner".

    Raises
    ------
    UnsupportedModelError : no file, a git-LFS pointer, no HDF5, truncated, or no NIR graph.
    """
    root = read_group(path, "node", "a NIR file")
    if not isinstance(root, dict) or "nodes" not in root or "edges" not in root:
        raise UnsupportedModelError(f"{path} is an HDF5 file, but holds no NIR graph.")
    dissolved = _Dissolved(path)
    dissolved.add(root, "")
    if not dissolved.nodes:
        raise UnsupportedModelError(f"{path} holds a NIR graph without nodes.")
    metadata = root.get("metadata")
    return dissolved.nodes, list(dict.fromkeys(dissolved.edges)), metadata if isinstance(metadata, dict) else {}


class _Dissolved:
    """Nodes and edges of a graph and of all graphs within.

    Attributes
    ----------
    nodes : by their names in the whole.
    edges : between these names.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.nodes: dict[str, NodeDict] = {}
        self.edges: list[tuple[str, str]] = []

    def add(self, graph: NodeDict, prefix: str) -> None:
        """Add a graph's nodes under `prefix`; the ends of nested graphs become identities."""
        where = f" in the nested graph {prefix[:-1]!r}" if prefix else ""
        content = graph.get("nodes", {})
        if not isinstance(content, dict) or not all(isinstance(node, dict) for node in content.values()):
            raise UnsupportedModelError(f"{self.path}: something among the nodes{where} is no node.")
        pairs = self._pairs(graph, where)
        for pair in pairs:
            for end in pair:
                if end not in content:
                    raise UnsupportedModelError(
                        f"{self.path}: the edge {pair[0]!r} -> {pair[1]!r}{where} names node {end!r}, which does not "
                        f"exist; there are {', '.join(map(repr, content)) or 'none'}."
                    )
        for name, node in content.items():
            whole, kind = f"{prefix}{name}", _kind(node)
            if kind == "NIRGraph":
                self.add(node, f"{whole}.")
            elif whole in self.nodes:
                raise UnsupportedModelError(
                    f"{self.path}: the node {whole!r} and a node of the nested graph {whole.rpartition('.')[0]!r} "
                    "come to the same name: rename one of them."
                )
            else:
                self.nodes[whole] = node | {"type": "Identity" if prefix and kind in ("Input", "Output") else kind}
        for source, target in pairs:
            leaving = self._inner_end(content, source, "Output")
            arriving = self._inner_end(content, target, "Input")
            self.edges.append((f"{prefix}{source}{leaving}", f"{prefix}{target}{arriving}"))

    def _pairs(self, graph: NodeDict, where: str) -> list[tuple[str, str]]:
        edges = np.asarray(graph.get("edges", ()), dtype=object)
        if edges.size and (edges.ndim != 2 or edges.shape[1] != 2):
            raise UnsupportedModelError(f"{self.path}: the edges{where} are no list of pairs.")
        return [(_text(source), _text(target)) for source, target in edges.reshape(-1, 2)]

    def _inner_end(self, content: dict[str, NodeDict], name: str, kind: str) -> str:
        """What to append to a nested graph's name to reach its end of a kind; nothing for a plain node."""
        node = content[name]
        if _kind(node) != "NIRGraph":
            return ""
        inside = node.get("nodes")
        ends = [
            key
            for key, inner in (inside if isinstance(inside, dict) else {}).items()
            if isinstance(inner, dict) and _kind(inner) == kind
        ]
        if len(ends) != 1:
            raise UnsupportedModelError(
                f"{self.path}: the nested graph {name!r} has {len(ends)} nodes of the kind {kind}, 1 is needed."
            )
        return f".{ends[0]}"


def _kind(node: NodeDict) -> str | None:
    kind = node.get("type")
    return kind if isinstance(kind, str) else None


def _text(value: Any) -> str:
    return value.decode("utf8", "replace") if isinstance(value, bytes) else str(value)
