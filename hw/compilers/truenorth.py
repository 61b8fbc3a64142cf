"""A layer on TrueNorth's crossbars: an axon has one of four types, a neuron one weight for each type, or none.

Types, joints and weights are fitted to what arrives on the calibration data (`hw.compilers.axon_types`); a neuron's
scale is the largest with which its weights fit their words, and smaller where its membrane meets the floor or the ends
of its word.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.compilers.axon_types import fitted, missed, moment_of, nearest, valued
from hw.compilers.part import Held, Part, float_run
from hw.lowering.connectivity import delays_of_sources, order
from hw.lowering.neurons import Reset
from hw.lowering.stages import Layout
from hw.neurons import truenorth
from hw.placement.core_room import wirings
from hw.placement.fill import fill
from hw.programs.truenorth import CrossbarCore, TrueNorthLayer
from hw.records.chip import Chip

Array = npt.NDArray[Any]
HALVINGS = 8  # of a neuron's scale, at most
END = truenorth.THRESHOLD[1]  # of the floor; sums of a tick do not reach the word's ends from below it
FEWER = "a record of the chip with fewer neurons a core has more cores and loses less"
RESETS = {Reset.ZERO: 0, Reset.VALUE: 0, Reset.SUBTRACT: 1, Reset.NONE: 2}


@dataclass(frozen=True, eq=False)
class Choice:
    """Of one layer: each core's number, neurons and sources, their second moment, the types of the axons, the joints.

    joined: fitted to what arrives; None in training, where those nearest to the weights as they are are made anew
    factor: (n,) of each neuron's largest scale
    """

    numbers: tuple[int, ...]
    neurons: tuple[Array, ...]
    sources: tuple[Array, ...]
    moments: tuple[Array, ...]
    types: tuple[Array, ...]
    joined: tuple[Array, ...] | None
    factor: Array


def cut(found: Layout, chip: Chip) -> tuple[tuple[tuple[int, Array], ...], ...]:
    """The cores that `hw.place` would fill: with room for a copy of a neuron for each core that hears it.

    Raises DoesNotFit when there is no such filling, ValueError for a net whose synapses are too many to list.
    """
    wired = wirings(found)
    if wired is None:
        raise ValueError(f"compile: {chip.name}: the net has more synapses than are listed; compile it in parts")
    cores: list[list[tuple[int, Array]]] = [[] for _ in wired]
    for number, core in enumerate(fill(wired, chip).cores):
        for piece in core:
            cores[piece.stage].append((number, order(found.stages[piece.stage])[piece.low : piece.high]))
    return tuple(map(tuple, cores))


def choose(part: Part, spikes: Array, chip: Chip) -> Choice:
    """The types of the axons of each core and the joints of its crossbar; scales under which no membrane overflows."""
    whole = _weights(part)
    sent = spikes if part.recurrent is None else np.concatenate([spikes, float_run(part, spikes)], axis=-1)
    numbers, neurons = zip(*part.cores, strict=True)
    sources = tuple(_heard(whole[:, own]) for own in neurons)
    moments = tuple(moment_of(sent[..., heard]) for heard in sources)
    found = [fitted(whole[np.ix_(s, n)], m) for n, s, m in zip(neurons, sources, moments, strict=True)]
    types, joined = tuple(one.types for one in found), tuple(one.joined for one in found)
    choice = Choice(numbers, neurons, sources, moments, types, joined, np.ones(len(part.bias)))
    for _ in range(HALVINGS):
        layer, _ = words(part, choice)
        over = layer.largest(spikes) >= END
        if not over.any():
            break
        choice = replace(choice, factor=np.where(over, choice.factor / 2, choice.factor))
    return choice


def words(part: Part, choice: Choice) -> tuple[TrueNorthLayer, Held]:
    """The layer in integers, a scale for each neuron."""
    whole, numbers, n = _weights(part), part.numbers, len(part.bias)
    held, scales, off = np.zeros(whole.shape), np.ones(n), list[float]()
    threshold, leak, reset_value = (np.zeros(n, np.int64) for _ in range(3))
    cores = list[CrossbarCore]()
    every = zip(choice.numbers, choice.neurons, choice.sources, choice.moments, choice.types, strict=True)
    for k, (number, own, heard, moment, types) in enumerate(every):
        block = whole[np.ix_(heard, own)]
        if choice.joined is None:
            values, joined = nearest(block, types, np.ones(len(block)))
        else:
            values, joined = valued(block, moment, types, choice.joined[k]), choice.joined[k]
        largest = np.maximum(np.abs(values).max(axis=0), np.abs(part.bias[own]))
        scale = truenorth.WEIGHT[1] / np.maximum(largest, 1e-300)
        scale = np.minimum(scale, truenorth.THRESHOLD[1] / np.maximum(numbers.threshold[own], 1e-300))
        scale = scale * choice.factor[own]
        integers = np.clip(np.rint(values * scale), *truenorth.WEIGHT)
        theta = np.clip(np.rint(numbers.threshold[own] * scale), 1, truenorth.THRESHOLD[1])
        lost, kept = np.rint(part.bias[own] * scale), np.rint(numbers.reset_value[own] * scale)
        params = truenorth.Params(
            joined.astype(np.int64), types, integers.T, theta, leak=np.clip(lost, *truenorth.LEAK),
            reset=RESETS[numbers.model.reset], reset_value=np.clip(kept, *truenorth.MEMBRANE), negative_reset=0,
        )  # fmt: skip
        cores.append(CrossbarCore(number, own, heard, params))
        here = joined * (integers / scale)[types]
        held[np.ix_(heard, own)], scales[own] = here, scale
        off.append(missed(block, moment, here))
        threshold[own], leak[own], reset_value[own] = theta, params.leak, params.reset_value
    inputs = part.stage.n_sources
    layer = TrueNorthLayer(
        part.name, part.shape, inputs, tuple(cores), scales, delays_of_sources(part.delays, part.weights),
        part.recurrent is not None, delays_of_sources(part.recurrent_delays, part.recurrent),
    )  # fmt: skip
    report = _in_order(part, held)
    most = max(off)
    advice = f"fitted to what arrives on the calibration data, which is off {most:.1%} in the worst core; {FEWER}"
    return layer, Held(
        report, 0.0, threshold / scales, leak / scales, np.ones(n), np.zeros(n), 0, scales, advice * (most > 0.02)
    )


def follow(choice: Choice) -> Choice:
    """The choice with joints that follow the weights in training."""
    return replace(choice, joined=None)


def _weights(part: Part) -> Array:
    """(sources, and own neurons where recurrent, n)."""
    dense: Array = part.weights.toarray() if hasattr(part.weights, "toarray") else part.weights
    return dense if part.recurrent is None else np.concatenate([dense, part.recurrent])


def _heard(w: Array) -> Array:
    """The sources that a core's neurons hear; one where they hear none, as a core has an axon."""
    heard = np.flatnonzero((w != 0).any(axis=1))
    return heard if heard.size else np.zeros(1, np.int64)


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
