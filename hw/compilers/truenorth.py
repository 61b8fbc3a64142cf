"""A layer on TrueNorth's crossbars: an axon has one of four types, a neuron one weight for each type, or none.

Axons are assigned to types as k-means assigns points: with the types given, the best weight of a neuron for a type, and
which of that type's axons it is joined to, follow exactly (those whose weights are the largest, or the most negative;
their mean); with the weights given, each axon takes the type with which the least is lost. Sources that fire often on
the calibration data count for more. Repeated until nothing changes: the loss never grows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.compilers.part import Held, Part
from hw.lowering.connectivity import order
from hw.lowering.neurons import Reset
from hw.neurons import truenorth
from hw.neurons.truenorth import AXONS, NEURONS, TYPES
from hw.programs.truenorth import CrossbarCore, TrueNorthLayer
from hw.records.chip import Chip

Array = npt.NDArray[Any]
ROUNDS = 50
LITTLE = 1e-3  # of the mean rate: how much a source counts for at least
RESETS = {Reset.ZERO: 0, Reset.VALUE: 0, Reset.SUBTRACT: 1, Reset.NONE: 2}


@dataclass(frozen=True, eq=False)
class Choice:
    """Of one layer: the neurons of each core, its sources with their types, and how much each source counts for."""

    neurons: tuple[Array, ...]
    sources: tuple[Array, ...]
    types: tuple[Array, ...]
    counts: Array


def choose(part: Part, spikes: Array, chip: Chip) -> Choice:
    """Cores filled one after another, and the types of their axons."""
    rates = spikes.reshape(-1, spikes.shape[-1]).mean(axis=0, dtype=np.float64)
    counts = rates + LITTLE * max(float(rates.mean()), 1e-6)
    whole = _weights(part)
    if part.recurrent is not None:
        counts = np.concatenate([counts, np.full(len(part.recurrent), counts.mean())])
    neurons, sources = list[Array](), list[Array]()
    for one, heard in _cores(part, whole):
        neurons.append(one)
        sources.append(heard)
    types = [assigned(whole[np.ix_(s, n)], counts[s]) for n, s in zip(neurons, sources, strict=True)]
    return Choice(tuple(neurons), tuple(sources), tuple(types), counts)


def words(part: Part, choice: Choice) -> tuple[TrueNorthLayer, Held]:
    """The layer in integers, a scale for each neuron."""
    whole, numbers, n = _weights(part), part.numbers, len(part.bias)
    held, scales = np.zeros(whole.shape), np.ones(n)
    threshold, leak, reset_value = (np.zeros(n, np.int64) for _ in range(3))
    cores = list[CrossbarCore]()
    for own, heard, types in zip(choice.neurons, choice.sources, choice.types, strict=True):
        block, counts = whole[np.ix_(heard, own)], choice.counts[heard]
        values = best_values(block, types, counts)
        largest = np.maximum(np.abs(values).max(axis=0), np.abs(part.bias[own]))
        scale = truenorth.WEIGHT[1] / np.maximum(largest, 1e-300)
        scale = np.minimum(scale, truenorth.THRESHOLD[1] / np.maximum(numbers.threshold[own], 1e-300))
        integers = np.clip(np.rint(values * scale), *truenorth.WEIGHT)
        theta = np.clip(np.rint(numbers.threshold[own] * scale), 1, truenorth.THRESHOLD[1])
        lost, kept = np.rint(part.bias[own] * scale), np.rint(numbers.reset_value[own] * scale)
        joined = np.square(block - (integers / scale)[types]) < np.square(block)
        params = truenorth.Params(
            joined, types, integers.T, theta, leak=np.clip(lost, *truenorth.LEAK), reset=RESETS[numbers.model.reset],
            reset_value=np.clip(kept, *truenorth.MEMBRANE), negative_reset=0,
        )  # fmt: skip
        cores.append(CrossbarCore(own, heard, params))
        held[np.ix_(heard, own)], scales[own] = joined * (integers / scale)[types], scale
        threshold[own], leak[own], reset_value[own] = theta, params.leak, params.reset_value
    inputs = part.stage.n_sources
    delays = None if part.delays is None else np.broadcast_to(part.delays, (inputs, 1))[:, 0].astype(np.int64)
    layer = TrueNorthLayer(part.name, part.shape, inputs, tuple(cores), scales, delays, part.recurrent is not None)
    report = _in_order(part, held)
    return layer, Held(report, 0.0, threshold / scales, leak / scales, np.ones(n), np.zeros(n), 0, scales)


def assigned(w: Array, counts: Array) -> Array:
    """(axons,) types of axons with weights (axons, neurons), each counting for as much as it fires."""
    types = _start(w)
    before = np.inf
    for _ in range(ROUNDS):
        values = best_values(w, types, counts)
        lost = np.stack([np.minimum(np.square(w), np.square(w - value)).sum(axis=1) for value in values])
        types = lost.argmin(axis=0)
        total = float(counts @ lost.min(axis=0))
        if total >= before * (1 - 1e-9):
            break
        before = total
    return types.astype(np.int64)


def best_values(w: Array, types: Array, counts: Array) -> Array:
    """(types, neurons) the weight of each type with which the least of w (axons, neurons) is lost.

    A neuron joined to the axons S with their weighted mean as its weight loses (sum over S of counts w)^2 / (sum over S
    of counts) less than one joined to none; the best S are the largest weights down to some place, or the smallest up.
    """
    values = np.zeros((TYPES, w.shape[1]))
    for kind in range(TYPES):
        mine = w[types == kind]
        if not len(mine):
            continue
        gain = np.zeros(w.shape[1])
        for sign in (1.0, -1.0):
            places = np.argsort(-sign * mine, axis=0, kind="stable")
            weight = counts[types == kind][places]
            totals = np.cumsum(weight * np.take_along_axis(mine, places, axis=0), axis=0)
            numbers = np.cumsum(weight, axis=0)
            gains = np.where(sign * totals > 0, np.square(totals) / numbers, 0.0)
            best = gains.argmax(axis=0)[None]
            better = (top := np.take_along_axis(gains, best, axis=0)[0]) > gain
            mean = np.take_along_axis(totals / numbers, best, axis=0)[0]
            values[kind], gain = np.where(better, mean, values[kind]), np.maximum(gain, top)
    return values


def _start(w: Array) -> Array:
    """Types by the signs of the two directions in which axons differ most."""
    centred = w - w.mean(axis=0)
    _, vectors = np.linalg.eigh(centred @ centred.T)  # (axons, axons): at most 256
    first, second = vectors[:, -1], vectors[:, -2 if len(w) > 1 else -1]
    types: Array = (first > 0) * 2 + (second > 0)
    return types


def _weights(part: Part) -> Array:
    """(sources, and own neurons where recurrent, n)."""
    dense: Array = part.weights.toarray() if hasattr(part.weights, "toarray") else part.weights
    return dense if part.recurrent is None else np.concatenate([dense, part.recurrent])


def _cores(part: Part, whole: Array) -> Any:
    """(neurons, sources) of each core: neurons in order as long as their sources have axons."""
    here, heard = list[int](), np.zeros(len(whole), bool)
    for neuron in order(part.stage):
        more = heard | (whole[:, neuron] != 0)
        if here and (len(here) == NEURONS or np.count_nonzero(more) > AXONS):
            yield np.array(here), np.flatnonzero(heard)
            here, more = [], whole[:, neuron] != 0
        here.append(int(neuron))
        heard = more
    if not heard.any():
        heard[0] = True  # a core has an axon
    yield np.array(here), np.flatnonzero(heard)


def _in_order(part: Part, held: Array) -> Array:
    """Of (sources, n), the values in the order of `part.values_of`, those of own neurons behind."""
    inputs = part.stage.n_sources
    if hasattr(part.weights, "toarray"):
        rows = np.repeat(np.arange(inputs), np.diff(part.weights.indptr))
        first = held[rows, part.weights.indices]
    else:
        first = held[:inputs].reshape(-1)
    values: Array = np.concatenate([first, held[inputs:].reshape(-1)])
    return values
