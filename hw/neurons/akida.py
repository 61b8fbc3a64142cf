"""BrainChip Akida: quantised layers without time; an event is an activation that is not 0.

Measured on the vendor's CPU engine, akida 2.19.3, and equal to it bit for bit (its documentation gives the operations,
not the rounding). First generation, AKD1000 and AKD1500 (`V1`), weights of 1, 2 or 4 bits, activations 1, 2 or 4:

    p = sum x * w                                       then max pooling, then
    step = floor(16 * act_step) / 16 * 2^(4 - act_bits)
    y = clip(ceil((p - threshold) / step), 0, 2^act_bits - 1)           no activation: y = p, threshold ignored

Second generation (`V2`), 8 bits:

    p = clip(sum (x << input_shift) * w, buffer_bits)   once, after the whole sum, then
    p = p + (bias << bias_shift)                        not clipped again;  then max pooling
    p = clip(p, 0, max_value << max_value_shift)        with ReLU
    q = clip(p * output_scale, 32 bits)                 the engine's default buffer; smaller ones are not modelled
    y = clip((q + 2^(-s-1)) >> -s, output_bits)         s = output_shift < 0: halves up;  q << s for s >= 0

Convolutions are true ones, though the documentation of the second generation suggests otherwise: the kernel is
mirrored in both directions.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from hw.neurons.integer_windows import Window, convolve, product, same, windows
from hw.neurons.words import Integers, bits, integers, one_or_each
from spikenet.errors import array_of, positive_values, whole

WEIGHTS_V1 = {1: (0, 1), 2: (-1, 1), 4: (-7, 7)}  # what the engine accepts
ACTIVATIONS_V1 = (1, 2, 4)
LEAST_ACT_STEP = 1 / 16
POST_OP_BITS = 32


@dataclass(frozen=True)
class V1:
    """Words of a first-generation layer; what belongs to filters is one value for all or one each.

    weight_bits, input_bits: 1, 2 or 4;  act_bits: likewise, or None for potentials as they are
    act_step   : >= 1/16, rounded down to sixteenths;  threshold: 32 bits signed
    """

    weight_bits: int
    act_bits: int | None = None
    act_step: Any = 1.0
    threshold: Any = 0
    input_bits: int = 4

    def __post_init__(self) -> None:
        for name in ("weight_bits", "input_bits", "act_bits"):
            value = getattr(self, name)
            if value not in ACTIVATIONS_V1 and (name, value) != ("act_bits", None):
                raise ValueError(f"akida V1: {name}: expected 1, 2 or 4, got {value!r}")
        step = positive_values("akida V1: act_step", self.act_step)
        if (step < LEAST_ACT_STEP).any():
            raise ValueError(f"akida V1: act_step: expected at least 1/16, got {step.min():g}")
        object.__setattr__(self, "threshold", integers("akida V1: threshold", self.threshold, *bits(32)))

    @property
    def inputs(self) -> tuple[int, int]:
        return 0, (1 << self.input_bits) - 1

    @property
    def weights(self) -> tuple[int, int]:
        return WEIGHTS_V1[self.weight_bits]


@dataclass(frozen=True)
class V2:
    """Words of a second-generation layer; what belongs to filters is one value for all or one each.

    input_shift : one for all inputs or channels or one each, 0..16
    bias        : 8 bits signed, bias_shift 0..31
    relu        : whether there is a ReLU, cut off at max_value << max_value_shift (0..255, 0..31)
    output_scale: 0..255;  output_shift: -31..31
    output_bits : 2..32, of the result: signed, but unsigned for at most 4 bits, with a ReLU or without
    buffer_bits : 2..32, signed, of the sum
    """

    input_shift: Any = 0
    bias: Any = 0
    bias_shift: Any = 0
    relu: bool = False
    max_value: Any = 127
    max_value_shift: Any = 31
    output_scale: Any = 1
    output_shift: Any = 0
    output_bits: int = 8
    buffer_bits: int = 28

    def __post_init__(self) -> None:
        ranges = {"input_shift": (0, 16), "bias": bits(8), "bias_shift": (0, 31), "max_value": (0, 255),
                  "max_value_shift": (0, 31), "output_scale": (0, 255), "output_shift": (-31, 31)}  # fmt: skip
        for name, (low, high) in ranges.items():
            object.__setattr__(self, name, integers(f"akida V2: {name}", getattr(self, name), low, high))
        for name in ("output_bits", "buffer_bits"):
            if whole(f"akida V2: {name}", getattr(self, name), least=2) > 32:
                raise ValueError(f"akida V2: {name}: expected 2..32, got {getattr(self, name)}")

    @property
    def inputs(self) -> tuple[int, int]:
        return bits(8)

    @property
    def weights(self) -> tuple[int, int]:
        return bits(8)


@dataclass(frozen=True)
class Run:
    """y: the layer's integers in the layout of its input;  overflow: how many were cut off.

    overflow counts sums that met the end of the buffer and results that met the end of the output word; activations
    of V1 at their top, and ReLUs at 0, are as intended and not counted.
    """

    y: Integers
    overflow: int


def dense(x: Any, weights: Any, words: V1 | V2) -> Run:
    """A fully connected layer: x (..., inputs) integers, weights (inputs, units); leading axes are all alike.

    Widths: V1 x unsigned of `input_bits`, weights of 1, 2 or 4 bits, activations of 1, 2 or 4; V2 all 8 bits
    signed, sums of `buffer_bits`. Order: the whole sum, bias, pooling, activation. Rounding: V1 up, of steps cut to
    sixteenths; V2 halves up. Overflow: V1 has none, V2 saturates once after the sum and once more at the scale, and
    is counted. Equations: `hw.neurons.akida`. Source: measured on the vendor's engine, akida 2.19.3.

    Raises ValueError for integers outside the words.
    """
    w = integers("akida: weights", weights, *_checked(words).weights, hint="quantise to the layer's weight bits")
    q = integers("akida: x", x, *words.inputs)
    if w.ndim != 2 or q.shape[-1:] != w.shape[:1]:
        raise ValueError(f"akida dense: expected x (..., inputs) and weights (inputs, units), got {q.shape}, {w.shape}")
    _fitting(words, *w.shape)
    if isinstance(words, V2):
        q = q << words.input_shift
    y, overflow = _finished(product(q, w)[..., None, None], words, None)
    return Run(y[..., 0, 0], overflow)


def conv2d(
    x: Any,
    weights: Any,
    words: V1 | V2,
    *,
    stride: int = 1,
    same_size: bool = True,
    pool: int = 0,
    pool_stride: int = 0,
) -> Run:
    """A convolution: x (..., channels, height, width) integers, weights (filters, channels, height, width).

    stride     : of the windows, both ways, 1 or 2; kernels have odd sides
    same_size  : zeros around, so that a stride of 1 keeps the size; else only whole windows
    pool       : side of the square under which the maximum is taken before the activation; 0: none
    pool_stride: 0: as `pool`

    Widths, order, rounding, overflow and source are those of `dense`: bits of weights and activations by
    generation, and the maximum under each square between bias and activation; the kernel is mirrored, a true
    convolution.
    Max pooling keeps partial windows at the far ends when same_size, as the engine does.
    Raises ValueError for integers outside the words and for sizes that do not fit.
    """
    w = integers("akida: weights", weights, *_checked(words).weights, hint="quantise to the layer's weight bits")
    q = integers("akida: x", x, *words.inputs)
    if w.ndim != 4 or q.ndim < 3 or q.shape[-3] != w.shape[1]:
        raise ValueError(
            f"akida conv2d: expected x (..., channels, height, width) and weights (filters, channels, height, width), "
            f"got {array_of('x', x).shape} and {w.shape}"
        )
    _fitting(words, w.shape[1], w.shape[0])
    leading, maps = q.shape[:-3], q.reshape(-1, *q.shape[-3:])
    if isinstance(words, V2):
        maps = maps << words.input_shift.reshape(-1, 1, 1)
    size, steps = (w.shape[2], w.shape[3]), (whole("akida: stride", stride),) * 2
    pads = same(maps.shape[-2], maps.shape[-1], size, steps) if same_size else (0, 0, 0, 0)
    if w.shape[2] % 2 == 0 or w.shape[3] % 2 == 0 or stride > 2:
        raise ValueError(f"akida conv2d: expected odd kernels and a stride of 1 or 2, got {size} and {stride}")
    sums = convolve(maps, w[:, :, ::-1, ::-1], Window(size, steps, pads))
    pooling = None
    if whole("akida: pool", pool, least=0):
        sides, apart = (pool,) * 2, (whole("akida: pool_stride", pool_stride, least=0) or pool,) * 2
        pooling = Window(
            sides, apart, same(sums.shape[-2], sums.shape[-1], sides, apart) if same_size else (0, 0, 0, 0)
        )
    y, overflow = _finished(sums, words, pooling)
    return Run(y.reshape(*leading, *y.shape[1:]), overflow)


def _checked(words: Any) -> V1 | V2:
    if not isinstance(words, V1 | V2):
        raise TypeError(f"akida: words: expected akida.V1(...) or akida.V2(...), got {words!r:.60}")
    return words


def _fitting(words: V1 | V2, inputs: int, filters: int) -> None:
    for field in fields(words):
        one_or_each(f"akida: {field.name}", getattr(words, field.name), inputs if "input_" in field.name else filters)


def _finished(sums: Integers, words: V1 | V2, pooling: Window | None) -> tuple[Integers, int]:
    """From sums (..., filters, h, w) to the layer's output; and how often a word overflowed."""
    if isinstance(words, V1):
        return _activated(max_pooled(sums, pooling), words), 0
    low, high = bits(words.buffer_bits)
    held = np.clip(sums, low, high)
    overflow = int((held != sums).sum())
    p = max_pooled(held + _filters(words.bias << words.bias_shift), pooling)
    if words.relu:
        p = np.clip(p, 0, _filters(words.max_value << words.max_value_shift))
    shift = _filters(words.output_shift)
    scaled = p * _filters(words.output_scale)
    q = np.clip(scaled, *bits(POST_OP_BITS))
    overflow += int((q != scaled).sum())
    down = np.maximum(-shift, 0)
    q = np.where(shift < 0, (q + (np.int64(1) << np.maximum(down - 1, 0))) >> down, q << np.maximum(shift, 0))
    low, high = (0, (1 << words.output_bits) - 1) if words.output_bits <= 4 else bits(words.output_bits)
    return np.clip(q, low, high), overflow + int(((q < low) | (q > high)).sum())


def _activated(p: Integers, words: V1) -> Integers:
    if words.act_bits is None:
        return p
    sixteenths = np.floor(np.asarray(words.act_step, np.float64) * 16).astype(np.int64)
    step = _filters(sixteenths << (4 - words.act_bits))  # in sixteenths, so that everything stays an integer
    over = (p - _filters(words.threshold)) * 16
    y: Integers = np.clip(-(-over // step), 0, (1 << words.act_bits) - 1)
    return y


def _filters(value: Integers) -> Integers:
    """One value a filter along the third axis from the end."""
    return value if value.ndim == 0 else value.reshape(-1, 1, 1)


def max_pooled(p: Integers, pooling: Window | None) -> Integers:
    """The largest of (..., filters, h, w) under each window, those cut off by the far ends kept; None: as they are."""
    if pooling is None:
        return p
    least = np.int64(np.iinfo(np.int64).min)
    top, bottom, left, right = pooling.pads
    padded = np.pad(p, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=least)
    highest: Integers = windows(padded, Window(pooling.size, pooling.stride)).max(axis=(4, 5))
    return highest
