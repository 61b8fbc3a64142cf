"""A layer in Loihi 1's words: weights, exponent, threshold and bias of each layer chosen together.

A layer's integers are the float net's numbers times scale = m 2^(6 + e): weights round(w m) in 8 bits, sums shifted by
the exponent e, thresholds round(threshold m 2^e) in 17 bits, biases round(bias scale) as a mantissa times 2^k. m is the
factor with the smallest error of what arrives, weights weighed by how often their input fires on the calibration data;
a larger one than the largest weight allows clips some. e is the largest for which thresholds and biases fit their words
and u and v, on the calibration data, keep half as much again of room in theirs: the finer v, the less a decay loses.
Synapses among a layer's neurons have the same scale and an exponent of their own. Where an exponent acts on each weight
(`hw.compilers.loihi_readings`), what it cuts counts as error of the weights.

A bias reaches v at once, the float net's through its synapse. It is what that comes to in the end, or in the mean over
the steps, whichever gives what the float layer sends more nearly on the calibration data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.compilers import loihi_readings as readings
from hw.compilers.part import Held, Part, float_run, importance, values_of, with_values
from hw.neurons import loihi
from hw.neurons.loihi_words import THRESHOLD, words_of
from hw.programs.layer import missed
from hw.programs.loihi import Population
from hw.records.chip import Chip
from spikenet.errors import Array as Values

Array = npt.NDArray[Any]
ROOM = 1.5  # of the 24 bits of u and v over what the calibration data needs
FACTORS = (1.0, 1.1, 1.25, 1.5, 2.0)  # of the scale at which the largest weight just fits
MOST_BIAS = 4095 << 7
MOST_SUM = 1 << 31  # of what may arrive at a neuron at once


@dataclass(frozen=True)
class Choice:
    """Of one layer; its scale follows its weights, so that those that grow in training stay within their words.

    factor    : how much more than the largest weight allows the mantissas are;  exponent: of the weights
    bias_share: (n,) or 1, of a bias that is used
    """

    factor: float
    exponent: int
    reading: str = readings.LAVA
    bias_share: Any = 1.0


def choose(reading: str, part: Part, spikes: Array, chip: Chip) -> Choice:
    """The scale of a layer driven by the calibration spikes (steps, batch, sources).

    Raises ValueError for a layer for which no exponent fits.
    """
    factor = _factor(values_of(part.weights), importance(part.weights, spikes))
    m = _filling(values_of(part.weights)) * factor
    end = float(1 << 23)
    for exponent in readings.EXPONENTS[reading]:
        choice = Choice(factor, exponent, reading)
        if not _fits(part, m * 2.0 ** (6 + exponent)):
            continue
        layer, _ = words(part, choice)
        if layer.largest >= MOST_SUM:
            continue
        got = layer.run(spikes, watch=True)
        at_threshold = 0.0 if part.reads_v else float(layer.params.vth.max() * 64) / end
        used = max(got.used, at_threshold)
        if not sum(got.overflows.values()) and (used * ROOM <= 1 or (used <= at_threshold and not part.reads_v)):
            return _with_bias(part, choice, spikes)
    threshold = part.numbers.threshold
    raise ValueError(
        f"compile: layer {part.name}: no weight exponent from -8 to 7 holds thresholds up to "
        f"{threshold.max():.4g} and biases up to {np.abs(part.bias).max():.4g} beside weights up to "
        f"{np.abs(values_of(part.weights)).max(initial=0):.4g}; train with weights, thresholds and biases nearer to "
        "each other"
    )


def _with_bias(part: Part, choice: Choice, spikes: Array) -> Choice:
    """The choice with the share of the biases that is nearer."""
    if not part.bias.any() or not np.any(part.numbers.syn_leak):
        return choice
    wanted, found = float_run(part, spikes), [choice, replace(choice, bias_share=part.numbers.gathered(len(spikes)))]
    lost = [missed(words(part, one)[0], spikes, wanted) for one in found]
    return min(zip(lost, found, strict=True), key=lambda pair: (pair[0][0], pair[0][1].sum()))[1]


def words(part: Part, choice: Choice) -> tuple[Population, Held]:
    """The layer in integers under a scale that was chosen; what its words cannot hold is cut and counted as clipped."""
    numbers, exponent, values = part.numbers, choice.exponent, values_of(part.weights)
    m = _filling(values) * choice.factor
    scale = m * 2.0 ** (6 + exponent)
    at_once = (1 - numbers.syn_leak) / choice.bias_share  # a bias reaches v at once on the chip
    mant, exp = _bias(part.bias / at_once * scale)
    fires = not part.reads_v
    vth = np.full(len(part.bias), float(THRESHOLD))  # a readout never fires
    if fires:
        vth = np.clip(np.rint(numbers.threshold * scale / 64), 1, THRESHOLD)
    mantissas = _mantissas(values * m)
    cut = np.abs(values * m - mantissas) > 1 + 1e-9
    weights, by, found = readings.sent_weights(with_values(part.weights, mantissas), exponent, choice.reading)
    held, own, own_by = found / scale, None, 0
    if part.recurrent is not None:
        given = part.recurrent * (scale / 64)  # mantissas at exponent 0
        most, among = max(np.abs(given).max(initial=0.0), 1e-300), readings.EXPONENTS[choice.reading]
        own_exponent = int(np.clip(math.ceil(math.log2(most / 254)), among[-1], among[0]))
        mantissas = _mantissas(given * 2.0**-own_exponent)
        cut = np.concatenate([cut, (np.abs(given * 2.0**-own_exponent - mantissas) > 1 + 1e-9).reshape(-1)])
        own, own_by, found = readings.sent_weights(mantissas, own_exponent, choice.reading)
        held = np.concatenate([held, found / scale])
    params = readings.params(part, choice.reading, vth, mant, exp)
    layer = Population(
        name=part.name,
        weights=weights,
        exponent=by,
        params=params,
        scale=scale,
        shape=part.shape,
        reads_v=part.reads_v,
        delays=part.delays,
        recurrent_weights=own,
        recurrent_exponent=own_by,
        recurrent_delays=part.recurrent_delays,
    )
    threshold: Values = vth * 64 / scale if fires else np.full(len(vth), np.inf)
    bias = mant * 2.0**exp / scale * at_once
    keep_u, keep_v = words_of(params)[:2] / 4096
    clipped = float(np.mean(cut)) if cut.size else 0.0
    return layer, Held(held, clipped, threshold, bias, keep_v, keep_u, exponent, np.array(scale))


def _fits(part: Part, scale: float) -> bool:
    """Whether thresholds and biases fit their words."""
    bias = np.abs(part.bias / (1 - part.numbers.syn_leak) * scale).max(initial=0.0)
    vth = np.ones(1) if part.reads_v else np.rint(part.numbers.threshold * scale / 64)
    return bool(vth.max() <= THRESHOLD and vth.min() >= 1 and bias <= MOST_BIAS)


def _filling(w: Array) -> float:
    """Mantissas to the float net's 1 with which the largest weight just fits."""
    largest = np.abs(w).max(initial=0.0)
    most = 254 if w.min(initial=0.0) < 0 < w.max(initial=0.0) else 255
    return float(most / largest) if largest else 1.0


def _factor(w: Array, rates: Array) -> float:
    """The factor with the least error of what arrives."""
    found = [_filling(w) * factor for factor in FACTORS]
    errors = [float((rates * np.square(_mantissas(w * m) / m - w)).sum()) for m in found]
    return FACTORS[int(np.argmin(errors))]


def _mantissas(scaled: Array) -> Array:
    """The nearest that the weight words hold, of mixed signs in steps of two."""
    mixed = scaled.min(initial=0.0) < 0 < scaled.max(initial=0.0)
    step, most = (2, 254) if mixed else (1, 255)
    return loihi.loihi_weights(np.clip(np.rint(scaled / step) * step, -most, most))


def _bias(values: Array) -> tuple[Array, Array]:
    """(mantissa, exponent) of each, the smallest exponent with which the mantissa fits."""
    exponent = np.minimum(np.ceil(np.log2(np.maximum(np.abs(values) / 4095, 1.0))), 7)
    mantissa = np.rint(values / 2.0**exponent)
    return np.clip(mantissa, -4095, 4095).astype(np.int64), exponent.astype(np.int64)
