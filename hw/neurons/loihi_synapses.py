"""Loihi's synapses: floats or integers to the weights its words hold, and spikes through them to what arrives.

Three published simulators drop bits in three ways; `reading` says whose way. p = 2^(8 - bits), twice that where signs
are mixed, is the step between weights that the stored bits leave.

`lava`         w clipped to 0..255, mixed to -256..255, inhibitory to -255..0, then down to a multiple of p (inhibitory:
               toward zero); the exponent shifts the SUM of what arrives at a neuron at once, downward where negative
`nengo_loihi`  m = w / p to the nearest, halves to even, within +-(256 / p - 1); where p 2^exponent < 1 once more to the
               nearest multiple of its inverse; weight = (m p 2^exponent, downward) * 64, each on its own
`brian2_loihi` w toward zero to a multiple of p; weight = floor(w 2^exponent) * 64 within +-(2^21 - 64), each on its own
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np

from hw.int8.fixed_point import product
from hw.neurons.loihi_words import known_reading
from hw.neurons.words import Integers, integers
from spikenet.errors import Array, array_of, real_values

BITS = (1, 2, 3, 4, 5, 6, 8)
LARGEST_SYNAPSE = (1 << 21) - 64
MOST_DELAY = 62
NARROW = 1 << 23  # sums below this keep within 32 bits under every exponent


class SignMode(StrEnum):
    """Which signs the weights of a projection may have: one sign leaves a bit more to their size."""

    MIXED = "mixed"
    EXCITATORY = "excitatory"
    INHIBITORY = "inhibitory"


def loihi_weights(
    w: Any, bits: int = 8, sign_mode: SignMode | str | None = None, exponent: int = 0, reading: str = "lava"
) -> Integers:
    """Weights as integers, of the shape of `w`: what a spike adds to what arrives.

    w        : whole numbers, mantissas of 8 bits; `nengo_loihi` also takes fractions
    bits     : stored for each weight: 1 to 6, or 8
    sign_mode: None for what the signs of `w` are
    exponent : -8..7; `nengo_loihi` -7..7. In `lava` it is not in the result but acts on sums: give it to `deliver`
    reading  : "lava", "nengo_loihi" or "brian2_loihi"; only `lava` clips, the others refuse what is beyond the mantissa

    Widths: mantissas of 8 bits, of which `bits` are stored. Order: bits are dropped, then the exponent acts. Rounding:
    `lava` down, `nengo_loihi` to the nearest, `brian2_loihi` toward zero. Overflow: `lava` and `nengo_loihi` clip the
    mantissa, `brian2_loihi` the weight at 2^21 - 64; `loihi_clipped` counts them. Source: `hw.neurons.loihi_synapses`,
    the three simulators' own code.

    Raises ValueError naming what does not fit, and the nearest that does.
    """
    return _words("loihi_weights", w, bits, sign_mode, exponent, reading)[0]


def loihi_clipped(
    w: Any, bits: int = 8, sign_mode: SignMode | str | None = None, exponent: int = 0, reading: str = "lava"
) -> int:
    """How many weights `loihi_weights` cuts to what their words hold; arguments and errors are the same.

    Under a sign mode that `w` does not have, all of the other sign are among them.
    """
    return int(_words("loihi_clipped", w, bits, sign_mode, exponent, reading)[1].sum())


def _words(
    where: str, w: Any, bits: int, sign_mode: SignMode | str | None, exponent: int, reading: str
) -> tuple[Integers, Array]:
    """(weights, which of them were cut)."""
    known_reading(where, reading)
    if bits not in BITS:
        raise ValueError(f"{where}: expected bits of {BITS}, got {bits!r}")
    exponent = _exponent(where, exponent, reading)
    values = real_values(f"{where}: w", w)
    broken = np.argwhere(values != np.rint(values))
    if reading != "nengo_loihi" and len(broken):
        at = tuple(int(k) for k in broken[0])
        raise ValueError(
            f"{where}: w: expected whole mantissas, got {values[at]:g} at index {at}; scale w to +-255 and round it"
        )
    mode = _sign_mode(where, values, sign_mode)
    step = 2.0 ** (8 - bits + (mode is SignMode.MIXED))
    if reading == "lava":
        return _lava(values, mode, step)
    low = {SignMode.MIXED: -256.0, SignMode.EXCITATORY: 0.0, SignMode.INHIBITORY: -256.0}[mode]
    high = {SignMode.MIXED: 255.0, SignMode.EXCITATORY: 255.0, SignMode.INHIBITORY: 0.0}[mode]
    if values.size and not low <= values.min() <= values.max() <= high:
        raise ValueError(
            f"{where}: {mode} weights lie in {low:g}..{high:g}, got {values.min():g}..{values.max():g}; "
            "scale them, or take another sign mode"
        )
    return _nengo(values, step, exponent) if reading == "nengo_loihi" else _brian2(values, step, exponent)


def deliver(
    spikes: Any,
    weights: Any,
    *,
    exponent: int = 0,
    delays: Any = None,
    graded_bits: int = 0,
    latency: int = 0,
    reading: str = "lava",
) -> Array:
    """What arrives at each neuron, (steps, ..., n): the weights of the spikes of `latency` + delay steps ago, summed.

    spikes     : (steps, ..., inputs) 0 or 1, or whole numbers of `graded_bits`, by which weights are multiplied
    weights    : (inputs, n) from `loihi_weights`
    exponent   : `lava` only: sums are multiplied by 2^exponent, downward where negative; with delays the sum of
                 spikes of one step and one delay, as Lava's DelayDense does
    delays     : (inputs, n) steps, 0..62, or None
    graded_bits: bits of a spike's size besides its sign, 0 for plain spikes, up to 24
    latency    : steps of every connection besides its delay: 1 between two of Lava's processes, or nengo-loihi's

    Widths: sums of 32 bits or more. Order: spikes of one step and delay are summed, then the exponent acts on the sum.
    Rounding: down. Overflow: none here; the neuron wraps or cuts. Source: Lava's Dense and DelayDense.

    What would arrive after the last step is left out. Raises ValueError naming shape, spike, delay or exponent.
    """
    known_reading("deliver", reading)
    w = integers("deliver: weights", weights, -LARGEST_SYNAPSE, LARGEST_SYNAPSE, "take them from loihi_weights")
    if w.ndim != 2:
        raise ValueError(f"deliver: expected weights (inputs, n), got shape {w.shape}")
    if graded_bits not in range(25):
        raise ValueError(f"deliver: expected graded_bits from 0 to 24, got {graded_bits!r}")
    low, high = (0, 1) if graded_bits == 0 else (1 - (1 << graded_bits), (1 << graded_bits) - 1)
    s = _sent(spikes, low, high)
    if s.ndim < 2 or s.shape[-1] != len(w):
        raise ValueError(f"deliver: expected spikes (steps, ..., {len(w)}) for weights {w.shape}, got shape {s.shape}")
    shift = _exponent("deliver", exponent, reading)
    if reading != "lava" and shift != 0:
        raise ValueError(f"deliver: in {reading!r} the exponent is part of each weight; give it to loihi_weights")
    late = integers("deliver: latency", latency, 0, MOST_DELAY)
    if delays is None:
        return _later(_shifted(_sums(s, w), shift), int(late))
    waits = integers("deliver: delays", delays, 0, MOST_DELAY, "a synapse has 6 bits for its delay")
    if waits.shape != w.shape:
        raise ValueError(f"deliver: expected delays of the weights' shape {w.shape}, got {waits.shape}")
    total = np.zeros((*s.shape[:-1], w.shape[1]), np.int64)
    for delay in np.unique(waits):
        total += _later(_shifted(_sums(s, np.where(waits == delay, w, 0)), shift), int(late + delay))
    return total


def _exponent(where: str, exponent: Any, reading: str) -> int:
    return int(integers(f"{where}: exponent", exponent, -7 if reading == "nengo_loihi" else -8, 7))


def _sign_mode(where: str, values: Array, given: SignMode | str | None) -> SignMode:
    if given is None:
        low, high = values.min(initial=0.0), values.max(initial=0.0)
        return SignMode.EXCITATORY if low >= 0 else SignMode.INHIBITORY if high <= 0 else SignMode.MIXED
    try:
        return SignMode(str(given).lower())
    except ValueError:
        raise ValueError(f"{where}: expected a sign mode of {[str(m) for m in SignMode]}, got {given!r}") from None


def _lava(values: Array, mode: SignMode, step: float) -> tuple[Integers, Array]:
    sign = -1.0 if mode is SignMode.INHIBITORY else 1.0
    held = np.clip(sign * values, -256.0 if mode is SignMode.MIXED else 0.0, 255.0)
    return (sign * np.floor(held / step) * step).astype(np.int64), held != sign * values


def _nengo(values: Array, step: float, exponent: int) -> tuple[Integers, Array]:
    most = 256 / step - 1
    wanted = np.rint(values / step)
    scale = step * 2.0**exponent
    if scale < 1:
        wanted = np.rint(np.clip(wanted, -most, most) * scale) / scale
    m = np.clip(wanted, -most, most)
    return np.floor(m * scale).astype(np.int64) << 6, (m != wanted) | (abs(np.rint(values / step)) > most)


def _brian2(values: Array, step: float, exponent: int) -> tuple[Integers, Array]:
    mantissas = np.trunc(values / step) * step
    weights = np.floor(mantissas * 2.0**exponent) * 64
    held = np.clip(weights, -LARGEST_SYNAPSE, LARGEST_SYNAPSE)
    return held.astype(np.int64), held != weights


def _sent(spikes: Any, low: int, high: int) -> Array:
    """`spikes` as integers of any type, within their ends."""
    given = array_of("deliver: spikes", spikes)
    if given.dtype.kind in "iu" and given.size and low <= given.min() and given.max() <= high:
        return given
    return integers("deliver: spikes", given, low, high, "graded spikes need graded_bits")


def _sums(s: Array, w: Integers) -> Array:
    """s @ w of integers, exactly: in float32 where all partial sums are below 2^24, else in float64."""
    largest = max(int(s.max(initial=0)), -int(s.min(initial=0))) * int(np.abs(w).sum(axis=0).max(initial=0))
    if largest < 1 << 24:
        return (s.astype(np.float32) @ w.astype(np.float32)).astype(np.int32 if largest < NARROW else np.int64)
    return product(s.astype(np.int64), w)


def _shifted(sums: Array, exponent: int) -> Array:
    return sums << exponent if exponent >= 0 else sums >> -exponent


def _later(sums: Array, steps: int) -> Array:
    """The same `steps` later, as far as there are steps."""
    if steps == 0:
        return sums
    moved = np.zeros_like(sums)
    moved[steps:] = sums[: len(sums) - steps] if steps < len(sums) else 0
    return moved
