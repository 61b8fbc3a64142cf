"""A conventional layer in Akida's words: weights of 1, 2 or 4 bits (second generation: 8), activations likewise.

A potential p counts weights times activations; with x the value of an activation of 1 and w that of a weight of 1, it
stands for x w p + bias. An activation of y stands for y times a value of its own, one for a layer, so that the next can
add them up; it and the weights' values, one a filter, are those with the least squared error on calibration data, what
is cut off at the words' ends included.

First generation: y = ceil((p - threshold) / step), so that the bias and the half step of rounding to the nearest are in
the threshold. Second generation: p is multiplied with m 2^-s, m of 8 bits; the weights' value is made such that this is
exact, and only the bias is rounded. Neurons without memory, which send 1 above a threshold, are activations of one bit.
Potentials that are read, those of a last layer without activation, get their bias where they are read: on the first
generation the chip adds none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.compilers.frame import Frame, potentials
from hw.compilers.part import Held
from hw.neurons import akida
from hw.neurons.words import bits
from hw.programs.akida import AkidaLayer
from hw.programs.entrance import Entrance
from hw.records.chip import Chip

Array = npt.NDArray[Any]
FACTORS = tuple(k / 40 for k in range(40, 3, -1))  # of the largest weight or activation, that fill their words
VALUES = 200_000  # of a layer's activations that are looked at
SECOND = 8  # bits, of the second generation only
TOP_V2 = bits(SECOND)[1]


@dataclass(frozen=True, eq=False)
class Choice:
    """Of one layer.

    weight_bits, input_bits, act_bits: of the words, act_bits None for potentials that are read
    unit_in, unit_out: what an activation of 1 is in the float net, before the layer and behind it
    factor  : (units,) of the largest weight, the weight that fills its word
    """

    weight_bits: int
    input_bits: int
    act_bits: int | None
    unit_in: float
    unit_out: float
    factor: Array


def widths(chip: Chip) -> tuple[int, int]:
    """Bits of weights and of activations; ValueError for an edited record with others than the engine has."""
    of_weights, of_activations = int(chip.limit("weight_bits") or 4), int(chip.limit("activation_bits") or 4)
    if of_weights == SECOND == of_activations:
        return of_weights, of_activations
    for name, given in (("weight_bits", of_weights), ("activation_bits", of_activations)):
        if given not in akida.ACTIVATIONS_V1:
            raise ValueError(
                f"compile: {chip.name}: {name}: expected 1, 2 or 4, or 8 for both weights and activations, got {given}"
            )
    return of_weights, of_activations


def choose(parts: tuple[Frame, ...], entrance: Entrance, x: Array, chip: Chip, per_channel: bool) -> tuple[Choice, ...]:
    """The scales of all layers on calibration words (steps, batch, inputs), each driven by the chip's own."""
    weight_bits, act_bits = widths(chip)
    unit, input_bits, chosen = 1 / entrance.scale, entrance.high.bit_length(), list[Choice]()
    for part in parts:
        samples = x.reshape(-1, x.shape[-1])
        of_act: int | None = None if part.reads_potentials else 1 if part.fires else act_bits
        unit_out = 1.0 if part.fires else part.step
        if of_act is not None and unit_out == 0.0:
            top = TOP_V2 if of_act == SECOND else (1 << of_act) - 1
            unit_out = _unit(potentials(part, samples, unit), top)
        factor = _factors(part, samples, weight_bits, per_channel)
        chosen.append(Choice(weight_bits, input_bits, of_act, unit, unit_out, factor))
        layer, _ = words(part, chosen[-1])
        x = layer.run(x).spikes
        unit, input_bits = unit_out, of_act or act_bits
    return tuple(chosen)


def words(part: Frame, choice: Choice) -> tuple[AkidaLayer, Held]:
    """The layer in integers under scales that were chosen; weights beyond their words are cut and counted."""
    low, high = (-TOP_V2, TOP_V2) if choice.weight_bits == SECOND else akida.WEIGHTS_V1[choice.weight_bits]
    each = part.weights.reshape(part.units, -1) if part.stage.window is not None else part.weights.T
    most = np.abs(each).max(axis=1, initial=0.0)
    value = np.where(most > 0, most * choice.factor / high, choice.unit_out / choice.unit_in or 1.0)  # 0: any will do
    made = _second if choice.weight_bits == SECOND else _first
    value, held, layer_words = made(part, choice, value)
    wanted = np.rint(each / value[:, None])
    mantissas = np.clip(wanted, low, high).astype(np.int64)
    unit = choice.unit_in * value
    shaped = mantissas.reshape(part.weights.shape) if part.stage.window is not None else mantissas.T
    read_bias = None
    if part.reads_potentials and choice.weight_bits != SECOND:
        read_bias = part.each_place(part.bias / unit)
    scale = part.each_place(1 / unit) if part.reads_potentials else np.full(math.prod(part.shape), 1 / choice.unit_out)
    layer = AkidaLayer(part.name, part.shape, shaped[..., ::-1, ::-1] if part.stage.window is not None else shaped,
                       layer_words, part.pool, scale, read_bias, part.fires, part.in_integers(shaped))  # fmt: skip
    back = (mantissas * value[:, None]).reshape(-1)
    cut = float(np.mean((wanted < low) | (wanted > high)))
    none = np.zeros(1)
    return layer, Held(back, cut, held.threshold, held.bias, none, none, 0, 1 / unit)


@dataclass(frozen=True, eq=False)
class _Made:
    """threshold: (units,) of the chip over the float net's, or of a step of activations;  bias: (units,)."""

    threshold: Array
    bias: Array


def _first(part: Frame, choice: Choice, value: Array) -> tuple[Array, _Made, akida.V1]:
    """Words of the first generation."""
    unit = choice.unit_in * value
    if choice.act_bits is None:
        words = akida.V1(choice.weight_bits, None, input_bits=choice.input_bits)
        return value, _Made(np.ones(1), part.bias), words
    if part.fires:
        at = np.floor((part.threshold - part.bias) / unit)
        threshold = _word(part, "threshold", at, bits(32))
        words = akida.V1(choice.weight_bits, 1, 1.0, threshold, choice.input_bits)
        return value, _Made((at * unit + part.bias) / part.threshold, part.bias), words
    wanted = choice.unit_out / unit
    longer = 1 << (4 - choice.act_bits)
    sixteenths = np.maximum(np.rint(wanted * 16 / longer), 1)
    step = sixteenths * longer / 16
    exact = step / 2 - part.bias / unit
    exact = np.where(step == np.rint(step), np.floor(exact), np.rint(exact))  # p is whole: the part of 1 is lost anyway
    threshold = _word(part, "threshold", exact, bits(32))
    words = akida.V1(choice.weight_bits, choice.act_bits, sixteenths / 16, threshold, choice.input_bits)
    return value, _Made(step / wanted, (step / 2 - threshold) * unit), words


def _second(part: Frame, choice: Choice, value: Array) -> tuple[Array, _Made, akida.V2]:
    """Words of the second generation; the weights' values grow so that m 2^-s brings activations exactly."""
    if part.fires or choice.act_bits is None:
        unit = choice.unit_in * value
        wanted = part.bias / unit if choice.act_bits is None else -np.floor((part.threshold - part.bias) / unit)
        bias, shift = _mantissa(wanted)
        held = (bias << shift) * unit
        if choice.act_bits is None:
            return value, _Made(np.ones(1), held), akida.V2(bias=bias, bias_shift=shift, output_bits=32)
        words = akida.V2(bias=bias, bias_shift=shift, relu=True, max_value=1, max_value_shift=0)
        return value, _Made((part.bias - held) / part.threshold, part.bias), words
    ratio = choice.unit_in * value / choice.unit_out
    down = np.clip(np.floor(np.log2(255 / ratio)), 0, 31).astype(np.int64)
    m = np.ceil(ratio * 2.0**down).astype(np.int64)
    _word(part, "output_scale", m, (0, 255))
    value = m / 2.0**down * choice.unit_out / choice.unit_in
    unit = choice.unit_in * value
    bias, shift = _mantissa(part.bias / unit)
    words = akida.V2(bias=bias, bias_shift=shift, relu=True, output_scale=m, output_shift=-down)
    return value, _Made(np.ones(1), (bias << shift) * unit), words


def _mantissa(wanted: Array) -> tuple[Array, Array]:
    """(8 bits, left shift) nearest to wanted numbers."""
    shift = np.ceil(np.log2(np.maximum(np.abs(wanted) / (TOP_V2 + 0.5), 1))).astype(np.int64)
    return np.rint(wanted / 2.0**shift).astype(np.int64), shift


def _word(part: Frame, name: str, values: Array, ends: tuple[int, int]) -> Array:
    if (values < ends[0]).any() or (values > ends[1]).any():
        raise ValueError(
            f"compile: layer {part.name}: {name} needs {values[np.abs(values).argmax()]:.4g}, its word holds {ends[0]}"
            f"..{ends[1]}; train with biases and weights nearer to each other"
        )
    return values.astype(np.int64)


def _unit(a: Array, top: int) -> float:
    """What an activation of 1 stands for with the least squared error of max(a, 0)."""
    values = np.maximum(a.reshape(-1), 0)
    values = values[:: max(values.size // VALUES, 1)]
    most = float(values.max(initial=0.0))
    if most == 0.0:
        return 1.0
    units = [most * factor / top for factor in FACTORS]
    errors = [float(np.square(np.minimum(np.rint(values / unit), top) * unit - values).sum()) for unit in units]
    return units[int(np.argmin(errors))]


def _factors(part: Frame, samples: Array, weight_bits: int, per_channel: bool) -> Array:
    """(units,) of the largest weight, what fills the word with the least error of what the calibration data bring."""
    low, high = (-TOP_V2, TOP_V2) if weight_bits == SECOND else akida.WEIGHTS_V1[weight_bits]
    strength = np.square(samples, dtype=np.float64).mean(axis=0)
    each = part.weights.T
    if part.stage.window is not None:
        taps = math.prod(part.weights.shape[2:])
        strength = np.repeat(strength.reshape(part.weights.shape[1], -1).mean(axis=1), taps)
        each = part.weights.reshape(part.units, -1)
    strength = strength + 1e-3 * max(float(strength.mean()), 1e-30)  # what was silent counts a little
    most = np.maximum(np.abs(each).max(axis=1), 1e-30)
    largest = most if per_channel else np.full(part.units, most.max())
    errors = []
    for factor in FACTORS:
        value = (largest * factor / high)[:, None]
        errors.append(np.square(np.clip(np.rint(each / value), low, high) * value - each) @ strength)
    found = np.array(errors)
    best = found.argmin(axis=0) if per_channel else np.full(part.units, found.sum(axis=1).argmin())
    factors: Array = np.array(FACTORS)[best] * largest / most
    return factors
