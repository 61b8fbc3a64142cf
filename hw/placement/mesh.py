"""Tiles of one or several chips as one grid, and what travels over the links between them.

Chips stand side by side in the squarest grid, their meshes joined at the edges. A message goes along x first, then
along y (SANA-FE's and RANC's routers do), and counts once on every link it crosses.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hw.records.chip import Chip

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
LONGEST = 4  # an assumed mesh that would be longer than so many times its width gets empty tiles instead


@dataclass(frozen=True)
class Mesh:
    """columns x rows tiles on each of chip_columns x chip_rows chips, `cores` cores a tile.

    per_chip: cores of a chip, 0 for all that its tiles have
    assumed : whether the shape of the mesh is ours, because nobody published it
    """

    columns: int
    rows: int
    cores: int
    chip_columns: int = 1
    chip_rows: int = 1
    per_chip: int = 0
    assumed: bool = False

    @property
    def width(self) -> int:
        return self.columns * self.chip_columns

    @property
    def height(self) -> int:
        return self.rows * self.chip_rows

    def slots(self, n_chips: int) -> Integers:
        """(n_chips * cores a chip, 4) of chip, tile x, tile y, core of the tile: chip by chip, row by row and back."""
        found: list[tuple[int, int, int, int]] = []
        each = self.per_chip or self.columns * self.rows * self.cores
        for chip in range(n_chips):
            first = len(found)
            down, across = divmod(chip, self.chip_columns)
            for y in range(self.rows):
                there = range(self.columns) if y % 2 == 0 else range(self.columns - 1, -1, -1)
                x0, y0 = across * self.columns, down * self.rows
                found += [(chip, x0 + x, y0 + y, k) for x in there for k in range(self.cores)]
            del found[first + each :]
        return np.array(found, np.int64)

    def nearest(self, n_chips: int, n: int) -> Integers:
        """The n slots closest to each chip's first corner, chip after chip: squares, ring by ring, each as one path."""
        slots = self.slots(n_chips)
        x, y = slots[:, 1] % self.columns, slots[:, 2] % self.rows
        ring = np.maximum(x, y)
        along = np.where(ring % 2 == 0, y + ring - x, x + ring - y)  # down one ring, back up the next
        kept: Integers = slots[np.lexsort((slots[:, 3], along, ring, slots[:, 0]))][:n]
        return kept


def mesh_of(chip: Chip, n_chips: int) -> Mesh:
    """The mesh of a chip's record; where it is not published, the squarest one with the chip's number of cores."""
    sizes = [chip.limit(name) for name in ("tiles_east_west", "tiles_north_south", "cores_per_tile")]
    down, across = _squarest(n_chips)
    if None not in sizes:
        columns, rows, cores = (int(size or 0) for size in sizes)
        return Mesh(columns, rows, cores, across, down, int(chip.limit("cores") or 0))
    cores = int(sizes[2] or 1)
    tiles = -(-int(chip.limit("cores") or 1) // cores)
    rows = max(n for n in range(1, math.isqrt(tiles) + 1) if tiles % n == 0)
    columns = tiles // rows
    if columns > LONGEST * rows:
        rows, columns = _squarest(tiles)
    return Mesh(columns, rows, cores, across, down, int(chip.limit("cores") or 0), assumed=True)


def _squarest(n: int) -> tuple[int, int]:
    """(rows, columns) of a grid of at least n places, columns >= rows."""
    columns = math.ceil(math.sqrt(n))
    return -(-n // columns), columns


def distances(slots: Integers, crossing_hops: float) -> Floats:
    """(slots, slots) hops from each to each; a step from chip to chip counts `crossing_hops` more."""
    x, y, chip = slots[:, 1], slots[:, 2], slots[:, 0]
    hops = np.abs(x[:, None] - x) + np.abs(y[:, None] - y)
    far: Floats = hops + crossing_hops * (chip[:, None] != chip)
    return far


@dataclass(frozen=True)
class Links:
    """Messages a step over each link: east and west (rows, columns - 1), south and north (rows - 1, columns).

    Element [y, x] of east and west joins tiles x and x + 1 of row y; of south and north tiles y and y + 1 of column x;
    south is towards growing y.
    """

    east: Floats
    west: Floats
    south: Floats
    north: Floats

    @property
    def most(self) -> float:
        """Messages on the busiest link."""
        return max((float(link.max(initial=0)) for link in (self.east, self.west, self.south, self.north)), default=0.0)


def link_traffic(mesh: Mesh, places: Integers, traffic: Floats) -> Links:
    """What `traffic` (cores, cores) makes on the links when the cores stand at `places` (cores, 2), x and y."""
    east, west = (np.zeros((mesh.height, max(mesh.width - 1, 0))) for _ in range(2))
    south, north = (np.zeros((max(mesh.height - 1, 0), mesh.width)) for _ in range(2))
    for a, b in np.argwhere(traffic):
        (x, y), (to_x, to_y), n = places[a], places[b], traffic[a, b]
        row, column = (east, slice(x, to_x)) if to_x > x else (west, slice(to_x, x))
        row[y, column] += n
        line, span = (south, slice(y, to_y)) if to_y > y else (north, slice(to_y, y))
        line[span, to_x] += n
    return Links(east, west, south, north)
