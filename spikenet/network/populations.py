"""From a population as described to its cell with numbers, drawn where they are distributions."""

from __future__ import annotations

import inspect
import math
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from spikenet.errors import Array, all_below, real_values, whole
from spikenet.kernels.sampling import sample_row
from spikenet.layers.resting import Stream
from spikenet.network.cell import Cell, cell_of, resting
from spikenet.network.clock import steps_of
from spikenet.network.draw import Distribution
from spikenet.network.records import Population

PARAMETERS, STARTS, SYNAPSES, WEIGHTS, DELAYS, DRIVES, SOURCES = (k << 24 for k in range(1, 8))
"""Purposes of random streams: a purpose plus a number below 2^24 is a stream."""
_APART = 0x9E3779B97F4A7C15  # odd and without pattern, so that seeds of runs and of populations do not meet


def cell_for(population: Population, dt_s: float, seed: int) -> Cell:
    """The cell of a population; every distribution among its values drawn, one a neuron.

    Raises ValueError for a neuron that a spike would leave at its threshold or above, and for a model made already, for
    another step.
    """
    label = f"population {population.name!r}"
    cell = _cell(population, label, dt_s, seed)
    if cell.dt_s is not None and not math.isclose(cell.dt_s, dt_s):
        raise ValueError(
            f"{label}: dt_s: the network's step is {dt_s:g} s, the model is made for {cell.dt_s:g} s; make it for "
            "the network's, or give its function and the values apart"
        )
    _check_reset(label, cell)
    return cell


def _cell(population: Population, label: str, dt_s: float, seed: int) -> Cell:
    if not callable(population.model) or isinstance(population.model, Cell):
        return _made_already(population, label, dt_s)
    if population.model.__class__.__name__ == "Spiking":
        return _made_already(population, label, dt_s)
    values = _drawn_values(population, population.values, seed)
    takes = inspect.signature(population.model).parameters
    rests_s = values.pop("refractory_s", None) if "refractory_s" not in takes else None
    if "dt_s" in takes:
        values.setdefault("dt_s", dt_s)
        if values["dt_s"] != dt_s:
            raise ValueError(f"{label}: dt_s: the network's step is {dt_s:g} s, got {values['dt_s']:g}; leave it out")
    try:
        cell = cell_of(population.model(**values), label)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{label}: {error}") from error
    return cell if rests_s is None else resting(cell, steps_of(f"{label}: refractory_s", rests_s, dt_s, 0))


def _check_reset(label: str, cell: Cell) -> None:
    if {"threshold", "reset_value"} <= cell.values.keys():
        expected = f"{label}: reset_value: expected values below the threshold"
        all_below(expected, cell.values["reset_value"], cell.values["threshold"])


def numbers_set(population: Population, values: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """`values` to be set while a simulation stands, distributions drawn; TypeError for what is no number."""
    if population.model is None:
        raise ValueError(
            f"population {population.name!r}: set: a source of spikes has no model whose numbers to change"
        )
    numbers = _drawn_values(population, values, seed)
    for name, value in numbers.items():
        array = np.asarray(np.broadcast_arrays(*value) if isinstance(value, (tuple, list)) else value)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"population {population.name!r}: set: {name}: expected numbers, got {value!r:.60}")
        numbers[name] = array[()]
    return numbers


def _drawn_values(population: Population, values: Mapping[str, Any], seed: int) -> dict[str, Any]:
    return {
        name: drawn(value, population.n, seed, stream(PARAMETERS, population.index, name))
        if isinstance(value, Distribution) else value
        for name, value in values.items()
    }  # fmt: skip


def _made_already(population: Population, label: str, dt_s: float) -> Cell:
    cell = cell_of(population.model, label)
    values = dict(population.values)
    rests_s = values.pop("refractory_s", None)
    if values:
        raise TypeError(f"{label}: {sorted(values)}: the model is made already; give them to it")
    return cell if rests_s is None else resting(cell, steps_of(f"{label}: refractory_s", rests_s, dt_s, 0))


def stream(purpose: int, index: int, name: str = "") -> int:
    """A stream of random numbers of its own for what it is for."""
    return purpose + ((index * 2654435761 + zlib.crc32(name.encode())) & 0xFFFFFF if name else index)


def drawn(distribution: Distribution, n: int, seed: int, number: int) -> Array:
    """n values, float64."""
    d = distribution
    into = np.empty(whole("draw: n", n, 0))
    sample_row(d.kind, d.a, d.b, d.low, d.high, number, seed, into)
    return into


def starting(population: Population, cell: Cell, seed: int) -> dict[str, Array]:
    """(n,) float64 of every state before the first step."""
    states = {}
    for name, rest in cell.rest.items():
        value: Any = population.start.get(name)
        if value is None:
            value = rest
            if isinstance(rest, Stream):  # of a population that fires by chance: its own, and the run's
                value = rest((1, population.n), (seed + (population.index + 1) * _APART) % 2**64, 0)[0]
        else:
            if isinstance(value, Distribution):
                value = drawn(value, population.n, seed, stream(STARTS, population.index, name))
            value = real_values(f"start {name}", value) - cell.origin.get(name, 0.0)
        states[name] = np.array(np.broadcast_to(np.asarray(value, np.float64), (population.n,)))
    return states
