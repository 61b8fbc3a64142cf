"""Where every neuron of a net is on a chip, and what that costs in load and traffic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hw.placement.mesh import Floats, Integers, Links, Mesh
from hw.records.si import how_many


@dataclass(frozen=True)
class Part:
    """Neurons of a layer on a core: their numbers in the layer's own order, flattened."""

    layer: str
    neurons: Integers


@dataclass(frozen=True)
class PlacedCore:
    """One core in use.

    chip, x, y : of its tile, x and y counted over all chips;  number: of the core within its tile
    parts      : what is on it
    used       : of each limit of the chip's record, how much
    load       : synaptic operations and neuron updates a step
    """

    chip: int
    x: int
    y: int
    number: int
    parts: tuple[Part, ...]
    used: Mapping[str, float]
    load: float

    @property
    def n_neurons(self) -> int:
        return sum(part.neurons.size for part in self.parts)


class MeshPicture(NamedTuple):
    """What `sn.plot.mesh(*picture)` draws.

    load      : (rows, columns, cores a tile), NaN where nothing is placed
    horizontal: (rows, columns - 1) messages a step, both directions;  vertical: (rows - 1, columns)
    chip_tiles: (columns, rows) of one chip
    shares    : (rows, columns, cores a tile, layers) of a core's neurons, 0 where nothing is placed;  layers: names
    title     : chip, cores in use, and whether load and traffic are expected or measured
    """

    load: Floats
    horizontal: Floats
    vertical: Floats
    chip_tiles: tuple[int, int]
    shares: Floats
    layers: tuple[str, ...]
    title: str


@dataclass(frozen=True)
class Placement:
    """A net laid onto a chip by `hw.place`.

    cores      : those in use
    layers     : names of the net's layers of neurons, in order;  n_chips: chips in use
    traffic    : (cores, cores) messages a step from each to each; a spike is one message for each core it goes to
    incoming   : (cores,) messages a step from outside the chip
    links      : messages a step on every link
    hops, hops_greedy: mean hops of a message, and those of the greedy filling laid out row by row
    load_most_greedy : load of the busiest core in the greedy filling
    assumptions: what was taken for granted
    """

    chip: str
    n_chips: int
    mesh: Mesh
    layers: tuple[str, ...]
    cores: tuple[PlacedCore, ...]
    traffic: Floats
    incoming: Floats
    links: Links
    hops: float
    hops_greedy: float
    load_most_greedy: float
    seed: int
    assumptions: tuple[str, ...]

    @property
    def load_most(self) -> float:
        """Load of the busiest core, which decides how long a step lasts."""
        return max(core.load for core in self.cores)

    @property
    def load_mean(self) -> float:
        return sum(core.load for core in self.cores) / len(self.cores)

    def core_of(self, layer: str) -> npt.NDArray[np.int64]:
        """(neurons,) the number of the core each neuron of a layer is on; KeyError when there is no such layer."""
        parts = [(k, part) for k, core in enumerate(self.cores) for part in core.parts if part.layer == layer]
        if not parts:
            raise KeyError(f"placement: no layer {layer!r}; there are {list(self.layers)}")
        found = np.empty(sum(part.neurons.size for _, part in parts), np.int64)
        for k, part in parts:
            found[part.neurons] = k
        return found

    @property
    def picture(self) -> MeshPicture:
        """The mesh as arrays to draw."""
        load = np.full((self.mesh.height, self.mesh.width, self.mesh.cores), np.nan)
        shares = np.zeros((*load.shape, len(self.layers)))
        for core in self.cores:
            load[core.y, core.x, core.number] = core.load
            for part in core.parts:
                shares[core.y, core.x, core.number, self.layers.index(part.layer)] += part.neurons.size / core.n_neurons
        links = self.links
        chip_tiles = (self.mesh.columns, self.mesh.rows)
        across, down = links.east + links.west, links.south + links.north
        return MeshPicture(
            load, across, down, chip_tiles, shares, self.layers, f"{self.in_use}, load and traffic expected"
        )

    @property
    def in_use(self) -> str:
        """Chip, and how many cores and chips are in use."""
        return f"{self.chip}: {how_many(len(self.cores), 'core')} on {how_many(self.n_chips, 'chip')}"

    def __str__(self) -> str:
        lines = [
            self.in_use,
            f"  load of the busiest core {self.load_most:.6g}, mean {self.load_mean:.6g} operations a step "
            f"(greedy {self.load_most_greedy:.6g})",
            f"  mean hops of a message {self.hops:.4g} (greedy {self.hops_greedy:.4g}), busiest link "
            f"{self.links.most:.6g} messages a step",
        ]
        for k, core in enumerate(self.cores):
            parts = ", ".join(f"{part.neurons.size} of {part.layer}" for part in core.parts)
            where = f"chip {core.chip}, tile ({core.x}, {core.y}), core {core.number}"
            lines.append(f"  {k} at {where}: {parts}; load {core.load:.6g}")
        return "\n".join([*lines, *(f"  assumed: {text}" for text in self.assumptions)])
