"""Layers on SpiNNaker, and what they share with Loihi 2's (`hw.compilers.loihi2`): neurons that are programs.

Any neuron runs as its fixed-point twin (`hw.neurons.twin`): every number of its step in one word. On SpiNNaker words
are s16.15, and what arrives passes ring buffers of 16 bits, whose shift is the smallest with which sums of the
calibration data keep twice their room. LIF and CubaLIF that are reset to a value, refractory or not, and LI, are
sPyNNaker's own neuron there, bit for bit, at the scale that fills s16.15 best. A bias is its i_offset, which acts on v
at once and not through the synapse: it is what the bias comes to in the long run, so that a CubaLIF has it some tau_syn
earlier than in the float net, as on Loihi 1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.compilers.nearest_words import Choice, nearest
from hw.compilers.part import Held, Part, values_of, with_values
from hw.lowering.neurons import Reset
from hw.neurons import spinnaker, twin
from hw.programs.arriving import Synapses
from hw.programs.driven import DrivenLayer, Neurons
from hw.programs.programmed import SpinnakerNeurons, TwinNeurons
from hw.records.chip import Chip
from spikenet.derive.fixed_point import Rounding, Word, Words

Array = npt.NDArray[Any]
RING_ROOM = 2.0
MOST_SHIFT = 16  # of a ring buffer
FINE = 1 << 20  # of the largest weight: what sums are found with
MOST_SCALE = 10  # 2^10 of s16.15's 1 to the float net's, at most
OWN = ("LIF", "CubaLIF", "LI")
RESETS = (Reset.ZERO, Reset.VALUE, Reset.NEVER)


def choose(part: Part, spikes: Array, chip: Chip) -> Choice:
    """The largest scale with which nothing overflows, twice as much included; of a twin only the ring buffers' shift.

    Raises ValueError for a layer that s16.15 does not hold, or whose step has no twin.
    """
    largest = float(np.abs(values_of(part.weights)).max(initial=0.0))
    fine = with_values(part.weights, np.rint(values_of(part.weights) / (largest or 1.0) * FINE).astype(np.int64))
    sums = (Synapses(fine * (fine * sign > 0) * sign, part.delays).delivered(spikes) for sign in (1, -1))
    most = max(largest, *(float(one.max(initial=0)) * largest / FINE for one in sums))
    if part.recurrent is not None:  # all of its own spikes at once, at most
        most += float(np.abs(part.recurrent).sum(axis=0).max(initial=0.0))
    if not _own(part):
        shift = _shift(most)
        if shift <= MOST_SHIFT:
            bits = spinnaker.ACCUM[1].bit_length() + 1
            return nearest(part, spikes, [Choice(shift=shift)], words, bits)
    else:
        held = -spinnaker.ACCUM[0] / spinnaker.ONE / max(most * 2 / (1 - part.numbers.leak.max()), 2.0**-MOST_SCALE)
        first = min(math.floor(math.log2(held)), MOST_SCALE)  # steady currents of that size would just not fit
        for k in range(first, first - 12, -1):
            shift = _shift(most * 2.0**k)
            try:
                layer, _ = words(part, Choice(scale=2.0 ** (k + 1), shift=min(shift + 1, 31)))
            except ValueError:
                continue
            if shift <= MOST_SHIFT and not sum(layer.run(spikes, watch=True).overflows.values()):
                return Choice(scale=2.0**k, shift=shift)
    numbers = part.numbers
    raise ValueError(
        f"compile: layer {part.name}: s16.15 (-65536..65536) does not hold what it computes on the calibration data, "
        f"sums up to {most:.4g}, thresholds up to {numbers.threshold.max():.4g}; train with smaller ones"
    )


def words(part: Part, choice: Choice) -> tuple[DrivenLayer, Held]:
    """The layer in integers under a scale that was chosen; weights beyond 16 bits are cut and counted as clipped."""
    one = spinnaker.ONE * choice.scale
    unit = 2.0**choice.shift / one  # what a weight of 1 is in the float net
    given = [values_of(part.weights)] + ([] if part.recurrent is None else [part.recurrent.reshape(-1)])
    mantissas = [np.clip(np.rint(w / unit), -spinnaker.SLOT, spinnaker.SLOT).astype(np.int64) for w in given]
    held = [m * unit for m in mantissas]
    clipped = float(np.mean(np.abs(np.concatenate(given) / unit) > spinnaker.SLOT + 0.5))
    if not _own(part):
        bias = np.rint(part.bias * one).astype(np.int64)
        word = Word(32, choice.fraction, Rounding.NEAREST)
        neurons: Neurons = twin_of(part, Words(word), bias, (spinnaker.SLOT, choice.shift))
        layer = layer_of(part, mantissas, [0, 0], neurons, one)
        return layer, held_of(part, held, bias / one, choice.shift, one, clipped, choice.advice)
    numbers, ends = part.numbers, spinnaker.ACCUM
    e = np.rint(numbers.leak * spinnaker.ONE)
    gain = 1 / np.maximum(1 - e / spinnaker.ONE, 1e-12)  # v gains (1 - e) r of the current
    r = np.rint(gain * spinnaker.ONE)
    decay = np.clip(np.rint(numbers.syn_leak * 2.0**32), *spinnaker.FRACTION)
    offset = np.rint(part.bias / (1 - numbers.syn_leak) * one)
    fires = not part.reads_v
    theta = np.rint(numbers.threshold * one) + 1 if fires else np.full(len(e), float(ends[1]))
    back = np.rint(numbers.reset_value * one) if fires else np.zeros(len(e))
    for name, values in (("leak", r), ("bias", offset), ("threshold", theta), ("reset", back)):
        if (values < ends[0]).any() or (values > ends[1]).any():
            raise ValueError(f"compile: layer {part.name}: {name} needs {np.abs(values).max():.4g} of s16.15's 2^31")
    whole = [np.asarray(a).astype(np.int64) for a in (e, r, back, theta, offset, decay)]
    init, waits = spinnaker.FRACTION[1], numbers.refractory.astype(np.int64)
    params = spinnaker.Params(
        len(e), whole[0], whole[1], 0, whole[2], whole[3], whole[4], waits, whole[5], init, whole[5], init,
        choice.shift, choice.shift,
    )  # fmt: skip
    layer = layer_of(part, mantissas, [0, 0], SpinnakerNeurons(params), one)
    made = held_of(part, held, offset * (1 - numbers.syn_leak) / one, choice.shift, one, clipped)
    at = (theta - 1) / one if fires else np.full(len(e), np.inf)
    return layer, Held(
        made.weights, made.clipped, at, made.bias, e / spinnaker.ONE, decay / 2.0**32, made.exponent, made.scale
    )


def _own(part: Part) -> bool:
    """Whether a layer's neurons are sPyNNaker's: leaky, one spike a step, no state of their own besides, at 0 first."""
    model = part.numbers.model
    known = model.kind in OWN and model.reset in RESETS and model.levels == 1
    at_zero = not any(np.any(value) for value in part.stage.neurons.rest.values())
    below = model.reads_v or bool(
        (part.numbers.reset_value < part.numbers.threshold).all()
    )  # it tests v in silence, too
    return known and at_zero and below and bool((part.numbers.leak <= 1 - 2.0**-14).all())


def twin_of(part: Part, words: Words, bias: Array, slot: tuple[int, int] | None = None) -> TwinNeurons:
    """The layer's neurons in these words. slot: of `TwinNeurons`

    Raises ValueError for a parameter or a state before the first step that its word does not hold.
    """
    layer: Any = part.stage.neurons
    made = twin.twin(layer, words)
    values = {name: layer.values[name].data.copy() for name in made.model.parameters}  # training goes on in place
    for name, value in values.items():
        words.work.integers(f"compile: layer {part.name}: {name}", np.asarray(value))
    neurons = TwinNeurons(made, values, bias, part.shape, slot, layer.rest)
    neurons.start(1)  # what does not fit is said now
    return neurons


def layer_of(part: Part, mantissas: list[Array], exponents: list[int], neurons: Neurons, scale: float) -> DrivenLayer:
    """A layer of these mantissas, of its own synapses the second; of neurons that send numbers the output is read."""
    own = None if part.recurrent is None else mantissas[1].reshape(part.recurrent.shape)
    reads_v = part.reads_v or (isinstance(neurons, TwinNeurons) and not neurons.twin.model.spikes)
    return DrivenLayer(
        part.name, part.shape, with_values(part.weights, mantissas[0]), exponents[0], neurons, scale, reads_v,
        part.delays, own, exponents[-1], part.recurrent_delays,
    )  # fmt: skip


def held_of(
    part: Part, weights: list[Array], bias: Array, exponent: int, one: float, clipped: float = 0.0, advice: str = ""
) -> Held:
    """What a twin holds: its parameters as the word rounds them."""
    numbers = part.numbers

    def rounded(values: Array) -> Array:
        found: Array = np.floor(np.where(np.isfinite(values), values, 0) * one + 0.5) / one
        return np.where(np.isfinite(values), found, values)

    return Held(
        np.concatenate(weights), clipped, rounded(numbers.threshold), bias, rounded(numbers.leak),
        rounded(numbers.syn_leak), exponent, np.array(one), advice,
    )  # fmt: skip


def _shift(most: float) -> int:
    """With which sums of this size keep their room in a ring buffer."""
    needed = most * spinnaker.ONE * RING_ROOM / spinnaker.SLOT
    return max(math.ceil(math.log2(max(needed, 1e-300))), 0)
