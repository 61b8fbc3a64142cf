"""Checks of what is put into a network."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import real_values
from spikenet.kernels.poisson_counts import LARGEST as MOST_EVENTS
from spikenet.network import inputs, rules
from spikenet.network.cell import Cell
from spikenet.network.clock import LAST, steps_of
from spikenet.network.draw import Distribution
from spikenet.network.plasticity import Plasticity
from spikenet.network.records import Population

GRID, STEP_ERROR = 1e-6, 1e-12  # of a step, and of all steps, that rounding may move a time off the grid


def check_values(label: str, cell: Cell, population: Population) -> None:
    """ValueError unless every parameter and start is a number, one a neuron, or a distribution."""
    for parameter, value in cell.values.items():
        if np.ndim(value) > 1 or (np.ndim(value) == 1 and np.shape(value) not in ((1,), (population.n,))):
            written = _written(population, np.shape(value)) or parameter
            raise ValueError(
                f"{label}: {written}: expected a number or {population.n} values, got shape {np.shape(value)}"
            )
    for state, value in population.start.items():
        if state not in cell.rest:
            raise ValueError(f"{label}: start: no state {state!r}; there are {', '.join(cell.rest)}")
        if isinstance(value, Distribution):
            continue
        if np.shape(real_values(f"{label}: start {state}", value)) not in ((), (1,), (population.n,)):
            raise ValueError(
                f"{label}: start {state}: expected a number or {population.n} values, got shape {np.shape(value)}"
            )


def _written(population: Population, shape: tuple[int, ...]) -> str:
    """The arguments of this shape that a parameter was worked out from, as the user called them."""
    made = population.model
    given = {**getattr(made, "_describe", {}), **population.values}
    named = [
        name for name, v in given.items() if any(np.shape(one) == shape for one in (v if type(v) is tuple else (v,)))
    ]
    return " or ".join(named)


def check_sign(label: str, weight: Any, cell: Cell) -> None:
    """ValueError for weights of both signs at a cell that has an input for each, where none is named."""
    low, high = weight.range if isinstance(weight, Distribution) else (np.min(weight), np.max(weight))
    if cell.by_sign is not None and low < 0 < high:
        raise ValueError(
            f"{label}: weight: {cell.kind} takes the two signs at different inputs, got weights from {low:g} to "
            f"{high:g}; connect them apart, cut a distribution with low=0 or high=0, or name the receptor"
        )


def check_drive(label: str, drive: inputs.Drive, n: int, dt_s: float) -> None:
    """ValueError for an input that n neurons cannot take in steps of dt_s."""
    if isinstance(drive, inputs.Poisson):
        values, most = drive.rates_hz, float(drive.rates_hz.max(initial=0.0)) * dt_s
        if most > MOST_EVENTS:
            raise ValueError(
                f"{label}: expected up to {MOST_EVENTS:g} Poisson events a step, got {most:g}; "
                "give such an input as a current with noise"
            )
        bin_steps(label, drive, dt_s)
    elif isinstance(drive, inputs.Steps):
        values = drive.values
        steps_of(f"{label}: starts_s", drive.starts_s, dt_s, 0, LAST)
    else:
        values = drive.mean
    if values.shape[-1] not in (1, n):
        raise ValueError(f"{label}: expected one value or {n}, got {values.shape[-1]}")


def bin_steps(label: str, drive: inputs.Poisson, dt_s: float) -> int:
    """How many steps a rate holds; LAST where it holds for good."""
    return LAST if np.isinf(drive.bin_s) else int(steps_of(f"{label}: bin_s", drive.bin_s, dt_s, 1, LAST))


def synaptic(name: str, value: Any, rule: rules.Rule) -> Any:
    """A weight or delay: a float, a distribution, or one value a listed synapse."""
    if isinstance(value, Distribution):
        return value
    if value is None:
        raise TypeError(f"{name}: expected a number, a distribution of sn.draw or one value a synapse, got None")
    array = real_values(name, value)
    if array.ndim == 0:
        return float(array)
    if not isinstance(rule, rules.Listed):
        raise ValueError(f"{name}: one value a synapse needs rules.listed or rules.matrix, got shape {array.shape}")
    if array.shape != rule.source.shape:
        raise ValueError(f"{name}: expected {rule.source.size} values, one a synapse, got shape {array.shape}")
    return array


def check_delays(name: str, delay_s: Any, dt_s: float) -> None:
    """ValueError for delays of less than a step, also where only a few that are drawn would be."""
    shortest = delay_s.range[0] if isinstance(delay_s, Distribution) else delay_s
    if isinstance(delay_s, Distribution) and shortest < dt_s * (1 - GRID):
        raise ValueError(
            f"{name}: expected at least 1 step of {dt_s:g} s, got a distribution that reaches {shortest:g} s; give "
            f"it low={dt_s:g}"
        )
    steps_of(name, shortest, dt_s, 1)


def check_plastic(label: str, plasticity: Any, weight: Any, delay_s: Any) -> None:
    """TypeError or ValueError unless a plastic projection can be what it is asked to be."""
    if not isinstance(plasticity, Plasticity):
        raise TypeError(f"{label}: plasticity: expected a rule of sn.plasticity, got {plasticity!r:.60}")
    if not isinstance(delay_s, float):
        raise ValueError(f"{label}: delay_s: synapses that change have one delay, got {delay_s!r:.60}")
    if not isinstance(weight, Distribution) and np.abs(weight).max(initial=0.0) > plasticity.largest:
        raise ValueError(f"{label}: weight: expected at most the rule's largest {plasticity.largest:g}")


def on_the_grid(label: str, trains: inputs.Trains, n: int, dt_s: float) -> inputs.Trains:
    """The trains, times checked to be steps; ValueError for one that is not, or that one neuron has twice."""
    if trains.neurons.size and not 0 <= int(trains.neurons.min()) <= int(trains.neurons.max()) < n:
        bad = trains.neurons[(trains.neurons < 0) | (trains.neurons >= n)][0]
        raise ValueError(f"{label}: expected neurons 0 to {n - 1}, got {bad}")
    steps = trains.times_s / dt_s
    if steps.size and steps[-1] > LAST:
        raise ValueError(f"{label}: expected times up to {LAST * dt_s:g} s, got {trains.times_s[-1]}")
    off = np.abs(steps - np.round(steps)) > np.maximum(GRID, STEP_ERROR * np.abs(steps))
    if off.any():
        k = int(np.argmax(off))
        raise ValueError(
            f"{label}: times_s[{k}] = {float(trains.times_s[k])!r} lies between steps of {dt_s:g} s; round them, "
            "as with dt_s * np.round(times_s / dt_s)"
        )
    if (steps < 0.5).any():
        raise ValueError(
            f"{label}: expected times from {dt_s:g} s on, the end of the first step, got {trains.times_s[0]}"
        )
    whole = np.round(steps).astype(np.int64)
    order = np.lexsort((trains.neurons, whole))
    again = (np.diff(whole[order]) == 0) & (np.diff(trains.neurons[order]) == 0)
    if again.any():
        k = order[int(np.argmax(again))]
        raise ValueError(f"{label}: neuron {trains.neurons[k]} has two spikes at {trains.times_s[k]} s; give each once")
    return inputs.Trains(whole[order] * dt_s, trains.neurons[order])
