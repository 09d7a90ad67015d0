"""A board whose chips have six neighbours each, as SpiNNaker's: its links, and the ways between its chips.

A mesh of squares with one more axis along a diagonal is a mesh of triangles. Links are numbered as SpiNNaker numbers
them: 0 east, 1 north-east, 2 north, 3 west, 4 south-west, 5 south (SpiNNaker datasheet 2.02, router); y grows to the
north. A tile here is a SpiNNaker chip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ...models.errors import UsageError
from ..compiled_loops import keep_loops
from ..mapping import Place
from ..target import Target
from .line import SMALLEST_RING
from .mesh import Link, Tile

Array = NDArray[Any]
OFFSETS = ((1, 0), (1, 1), (0, 1), (-1, 0), (-1, -1), (0, -1))  # by number of the link: columns, rows
LINKS = len(OFFSETS)
NONE, UNREACHABLE = -1, -1
keep_loops()


def opposite(link: Any) -> Any:
    """The link on the other side of a chip; also the one by which a chip at the end of a link receives."""
    return (link + LINKS // 2) % LINKS


@dataclass(frozen=True)
class TriangularMesh:
    """Tiles of one board, numbered row by row from the south-west. Memory grows with the square of their number.

    Attributes
    ----------
    width, height : in tiles.
    torus : whether the edges are joined; a line of fewer than three tiles is not, as in `Mesh`.
    absent : (column, row) of places without a tile.
    input_tile : where input enters.
    """

    width: int
    height: int
    torus: bool = False
    absent: frozenset[tuple[int, int]] = frozenset()
    input_tile: Tile = (0, 0, 0)

    @classmethod
    def of(cls, target: Target) -> TriangularMesh:
        """The mesh of a target with `topology.mesh` "triangular".

        Raises
        ------
        UsageError : the target has several chips of tiles: here a tile is a chip, and there is one board.
        """
        topology = target.topology
        if topology.chips != 1:
            raise UsageError(
                f"target {target.name}: a triangular mesh is one board whose tiles are chips; set topology.chips to 1, "
                f"not {topology.chips}, and give columns and rows"
            )
        entry = topology.input_tile
        return cls(
            topology.columns.value,
            topology.rows.value,
            topology.torus,
            frozenset((tile.column, tile.row) for tile in topology.absent_tiles),
            (entry.chip, entry.column, entry.row),
        )

    @property
    def size(self) -> int:
        """Number of places, absent tiles included."""
        return self.width * self.height

    @property
    def wraps(self) -> tuple[bool, bool]:
        """Whether rows are rings, and whether columns are."""
        return self.torus and self.width >= SMALLEST_RING, self.torus and self.height >= SMALLEST_RING

    @property
    def entry(self) -> int:
        """Number of the tile at which input enters."""
        return self.tile_number(*self.input_tile)

    def tile_number(self, chip: int, column: int, row: int) -> int:
        """Number of a tile; `chip` is the board, of which there is one."""
        return row * self.width + column

    def number(self, place: Place) -> int:
        """Number of a place's tile."""
        return self.tile_number(place.chip, place.column, place.row)

    def numbers(self, places: Sequence[Place]) -> Array:
        """(places,) int64, number of the tile of each."""
        return np.asarray([self.number(place) for place in places], dtype=np.int64)

    def tile(self, number: int) -> Tile:
        """Board, column and row of a tile."""
        row, column = divmod(number, self.width)
        return (0, column, row)

    @cached_property
    def present(self) -> Array:
        """(tiles,) bool, whether there is a tile at a place."""
        result = np.ones(self.size, dtype=bool)
        result[[row * self.width + column for column, row in self.absent]] = False
        return result

    @cached_property
    def neighbours(self) -> Array:
        """(6, tiles) int64, the tile at the end of each link; -1 where there is no link."""
        row, column = np.divmod(np.arange(self.size), self.width)
        result = np.full((LINKS, self.size), NONE, dtype=np.int64)
        for link, (columns, rows) in enumerate(OFFSETS):
            x, y = column + columns, row + rows
            inside = np.ones(self.size, dtype=bool)
            for place, length, ring in ((x, self.width, self.wraps[0]), (y, self.height, self.wraps[1])):
                if ring:
                    place %= length
                inside &= (place >= 0) & (place < length)
            end = np.where(inside, y * self.width + x, 0)
            result[link] = np.where(inside & self.present & self.present[end], end, NONE)
        return result

    @cached_property
    def link_at(self) -> Array:
        """(6, tiles) int64, number in `links` of each link of a tile; -1 where there is none."""
        result = np.full((LINKS, self.size), NONE, dtype=np.int64)
        result[self.direction, self.start] = np.arange(self.start.size)
        return result

    @cached_property
    def _ends(self) -> tuple[Array, Array]:
        start, direction = np.nonzero(self.neighbours.T >= 0)
        return start, direction

    @property
    def start(self) -> Array:
        """(links,) int64, the tile where each link begins; every direction is a link of its own."""
        return self._ends[0]

    @property
    def direction(self) -> Array:
        """(links,) int64, number of each link at the tile where it begins."""
        return self._ends[1]

    @cached_property
    def end(self) -> Array:
        """(links,) int64, the tile where each link ends."""
        return np.asarray(self.neighbours[self.direction, self.start])

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """((board, column, row), (board, column, row)) of every link, in use or not, in the order of `start`."""
        tiles = [self.tile(number) for number in range(self.size)]
        return tuple((tiles[start], tiles[end]) for start, end in zip(self.start, self.end, strict=True))

    @cached_property
    def distances(self) -> Array:
        """(tiles, tiles) int32, hops of the shortest way past absent tiles; -1 where there is none."""
        result = np.full((self.size, self.size), UNREACHABLE, dtype=np.int32)
        _fill_distances(self.neighbours, self.present, result)
        return result

    @cached_property
    def turns(self) -> Array:
        """(tiles, tiles) int8, the link that a way from tile to tile takes where it begins or turns; -1 for none.

        Of all links that lead nearer this is the one of the longest part of the shortest vector ("longest dimension
        first"), and where absent tiles stand in that way the one with the lowest number. One hop each to the east, to
        the north and to the south-west lead nowhere, so that a vector of hops along these axes may be shifted along
        (1, 1, 1): it is shortest where its median is 0.
        """
        result = np.full((self.size, self.size), NONE, dtype=np.int8)
        for start in np.flatnonzero(self.present).tolist():
            around = self.neighbours[:, start]
            nearer = (self.distances[around] == self.distances[start] - 1) & (around >= 0)[:, None]
            parts = np.where(nearer, 1 + self._parts(start), 0)  # what only leads nearer is better than nothing
            result[start] = np.where(nearer.any(axis=0), parts.argmax(axis=0), NONE)
        return result

    def _parts(self, start: int) -> Array:
        """(6, tiles) int64, hops over each link in the shortest vector from a tile to all others, absent or not."""
        y, x = np.divmod(start, self.width)
        row, column = np.divmod(np.arange(self.size), self.width)
        best, fewest = np.zeros((LINKS, self.size), dtype=np.int64), np.full(self.size, self.size)
        for around_x in (0, 1) if self.wraps[0] else (0,):
            for around_y in (0, 1) if self.wraps[1] else (0,):
                columns, rows = column - x, row - y
                if self.wraps[0]:
                    columns = columns % self.width - around_x * self.width
                if self.wraps[1]:
                    rows = rows % self.height - around_y * self.height
                median = np.sort(np.stack([columns, rows, np.zeros_like(rows)]), axis=0)[1]
                forward = np.stack([columns - median, median, rows - median])  # east, north-east, north
                parts = np.concatenate([forward, -forward]).clip(0)
                hops = parts.sum(axis=0)
                best = np.where(hops < fewest, parts, best)
                fewest = np.minimum(hops, fewest)
        return best

    def route(self, start: int, end: int) -> list[int]:
        """Links from tile to tile, by their numbers: straight on as long as that leads nearer.

        Raises
        ------
        UsageError : there is no way.
        """
        self.check_ways(np.asarray([start]), np.asarray([0, 1]), np.asarray([end]))
        path: list[int] = []
        tile, link = start, NONE
        while tile != end:
            ahead = self.neighbours[link, tile] if link != NONE else NONE
            if ahead == NONE or self.distances[ahead, end] != self.distances[tile, end] - 1:
                link = int(self.turns[tile, end])
            path.append(int(self.link_at[link, tile]))
            tile = int(self.neighbours[link, tile])
        return path

    def check_ways(self, starts: Array, offsets: Array, ends: Array) -> None:
        """Refuse trees that cannot be; parameters as in `explored_trees`.

        Raises
        ------
        UsageError : a tile is absent, or there is no way to it past the absent ones.
        """
        begin = np.repeat(starts, np.diff(offsets))
        for tile in np.concatenate([begin, ends]).tolist():
            if not self.present[tile]:
                raise UsageError(f"{_name(self, tile)} is in topology.absent_tiles and cannot hold a core or input")
        cut = np.flatnonzero(self.distances[begin, ends] == UNREACHABLE)
        if cut.size:
            first, last = (_name(self, int(part[cut[0]])) for part in (begin, ends))
            raise UsageError(
                f"no way leads from {first} to {last}, which absent tiles cut off: add the cut-off tiles to "
                "topology.absent_tiles"
            )


def _name(mesh: TriangularMesh, tile: int) -> str:
    return f"the chip at column {tile % mesh.width} and row {tile // mesh.width}"


@numba.njit(cache=True)
def _fill_distances(neighbours: Array, present: Array, distances: Array) -> None:
    """Breadth first from every tile."""
    size = present.size
    queue = np.empty(size, np.int64)
    for start in range(size):
        if not present[start]:
            continue
        queue[0] = start
        distances[start, start] = 0
        done, found = 0, 1
        while done < found:
            tile = queue[done]
            done += 1
            for link in range(neighbours.shape[0]):
                end = neighbours[link, tile]
                if end >= 0 and distances[start, end] < 0:
                    distances[start, end] = distances[start, tile] + 1
                    queue[found] = end
                    found += 1
