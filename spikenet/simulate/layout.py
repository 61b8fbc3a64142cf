"""Who owns what: each population is cut into one share a thread, whose states and inputs only that thread touches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.network.cell import Cell
from spikenet.network.network import Network
from spikenet.network.populations import cell_for

GRAIN = 64  # neurons: shares begin at multiples, so that 32 neurons that are drawn together stay together
ROW = 512  # numbers: rows are rounded up to whole slabs of bit_counts


def rounded(n: int) -> int:
    return max(1, -(-n // ROW)) * ROW


@dataclass(frozen=True)
class Share:
    """Neurons low to high - 1 of a population, on one thread.

    rows  : (own parameters and states, rounded(n)) floats; states come last
    counts: (slots,) int32, how many fired; places: (slots, n) uint32, which, counted in the population
    inputs: place of each input's row among the inputs of the thread, by name; of those that get anything
    """

    low: int
    high: int
    rows: Array
    counts: Array
    places: Array
    inputs: dict[str, int]

    @property
    def n(self) -> int:
        return self.high - self.low


@dataclass(frozen=True)
class Layout:
    """dtype: "float32" or "float64"; slots: steps that lists of spikes go back; cells, bounds and shares by population
    (None for the cell of a source); bounds (threads + 1,) int64; shares one a thread; inputs: one row of floats a
    thread, all inputs of its neurons; lists: whose spikes arrive, in the order of their neurons: the shares, with those
    of other processes before and behind them."""

    dtype: str
    threads: int
    slots: int
    cells: list[Cell | None]
    bounds: list[Array]
    shares: list[list[Share]]
    inputs: list[Array]
    lists: list[list[Share]]

    def ports(self, population: int, receptor: str) -> Array:
        """(threads,) int64: place of the first input of each share."""
        return np.array([share.inputs[receptor] for share in self.shares[population]], np.int64)


def bounds_of(n: int, threads: int, first: int) -> Array:
    """(threads + 1,) where shares begin: multiples of GRAIN, as even as they can be; `first` is served first."""
    grains = -(-n // GRAIN)
    many = np.full(threads, grains // threads)
    many[(first + np.arange(grains % threads)) % threads] += 1
    bounds = np.minimum(np.concatenate([[0], np.cumsum(many)]) * GRAIN, n)
    whole: Array = bounds.astype(np.int64)
    return whole


def layout(network: Network, dtype: str, threads: int, slots: int, seed: int, rank: int = 0, ranks: int = 1) -> Layout:
    """Room for everything that changes while the network runs, all of it 0: what falls to one of several processes."""
    cells = [None if p.model is None else cell_for(p, network.dt_s, seed) for p in network.populations]
    mine = slice(rank * threads, (rank + 1) * threads + 1)
    bounds = [bounds_of(p.n, ranks * threads, p.index)[mine] for p in network.populations]
    shares: list[list[Share]] = [[] for _ in cells]
    inputs = []
    used = {(p.target.index, p.receptor) for p in network.projections}
    used |= {(d.target.index, d.receptor) for d in network.drives}
    most = max((len(cell.inputs) for cell in cells if cell), default=0)
    for thread in range(threads):
        places: list[dict[str, int]] = [{} for _ in cells]
        total = 0
        for k in range(most):  # the first inputs of all populations lie together: 16 bits number more of them
            for index, cell in enumerate(cells):
                if cell and k < len(cell.inputs) and (index, cell.inputs[k]) in used:
                    places[index][cell.inputs[k]] = total
                    total += rounded(int(bounds[index][thread + 1] - bounds[index][thread]))
        inputs.append(memory.zeros((max(total, 1),), dtype))
        for index, cell in enumerate(cells):
            low, high = int(bounds[index][thread]), int(bounds[index][thread + 1])
            rows = len(own_parameters(cell)) + len(cell.model.states) if cell else 0
            shares[index].append(
                Share(
                    low, high, memory.zeros((rows, rounded(high - low)), dtype), np.zeros(slots, np.int32),
                    np.empty((slots, max(high - low, 1)), np.uint32), places[index],
                )
            )  # fmt: skip
    lists = [
        [*_elsewhere(0, int(b[0]), slots, ranks), *own, *_elsewhere(int(b[-1]), p.n, slots, ranks)]
        for p, b, own in zip(network.populations, bounds, shares, strict=True)
    ]
    return Layout(dtype, threads, slots, cells, bounds, shares, inputs, lists)


def _elsewhere(low: int, high: int, slots: int, ranks: int) -> list[Share]:
    """The list of spikes of neurons that other processes have; there is none without them."""
    places = np.empty((slots, max(high - low, 1)), np.uint32)
    return [Share(low, high, np.empty((0, 0)), np.zeros(slots, np.int32), places, {})] if ranks > 1 else []


def own_parameters(cell: Cell) -> list[str]:
    """Parameters of which every neuron has its own value, in the model's order."""
    return [q for q in cell.model.parameters if np.size(cell.values[q]) > 1]


def shared_parameters(cell: Cell) -> list[str]:
    return [q for q in cell.model.parameters if np.size(cell.values[q]) == 1]


def make_room(layout: Layout, population: int) -> None:
    """Rows for as many own parameters as the population's cell now has; its states stay, and its spikes."""
    cell, shares, lists = layout.cells[population], layout.shares[population], layout.lists[population]
    assert cell is not None
    states = len(cell.model.states)
    for thread, share in enumerate(shares):
        rows = memory.zeros((len(own_parameters(cell)) + states, share.rows.shape[1]), layout.dtype)
        rows[len(rows) - states :] = share.rows[len(share.rows) - states :]
        shares[thread] = replace(share, rows=rows)
        lists[:] = [shares[thread] if one is share else one for one in lists]


def state_rows(cell: Cell, share: Share) -> dict[str, Any]:
    """The row of each state."""
    states = cell.model.states
    return dict(zip(states, share.rows[len(share.rows) - len(states) :], strict=True))
