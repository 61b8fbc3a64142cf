"""Loihi 1's current-based leaky integrate-and-fire neuron in integers, as three published simulators read it.

Words: current u and voltage v 24 bits signed; decays 12 bits, of 4096; threshold a 17-bit mantissa times 64; bias a
13-bit mantissa times 2^exponent. tz(x, f) is x f / 4096 rounded toward zero.

`lava` (Lava's PyLifModelBitAcc, PyTernLifModelFixed, PyLifResetModelBitAcc; a is multiplied by 2^weight_exp, not by 64)
    u <- tz(u, 4096 - (du + 1)) + (a << 6);  u > 2^23: u - 2^24;  u <= -2^23: u + 2^24       wraps once
    v <- clip(tz(v, 4096 - dv) + u + bias, -(2^23 - 1), 2^23 - 1)                             saturates
    spike 1 where v > vth << 6, -1 where v < vth_low << 6 (ternary only);  v <- 0 where it spiked
    with reset_interval, u and v are 0 before step t (counted from 1) where t = reset_offset modulo reset_interval

`nengo_loihi` (nengo-loihi's emulator; a is the sum of weights that are already multiplied by 2^(6 + weight_exp))
    u <- wrap(tz(u, 4095 - du) + wrap(a, 22 bits), 24 bits)
    v <- clip(tz(v, 4096 - dv) + wrap(u + bias, 24 bits), vmin, vmax);  0 for the refractory - 1 steps after a spike
    spike where v > vth << 6;  v <- 0 where it spiked                                 u runs on while v is held

`brian2_loihi` (Brian2Loihi; a is the sum of weights already multiplied by 64; du has no hidden 1, no word overflows)
    u <- tz(u, 4096 - du) + a
    v <- tz(v, 4096 - dv) + u;  unchanged, and no spike, for the refractory - 1 steps after a spike
    spike where v > vth << 6;  v <- 0 where it spiked

Lava calls a real chip's du = 409 what Brian2Loihi calls 410; apart from that and from the limits they agree. No chip is
here to say which reading is right where they differ. nengo-loihi's noise is left out. Source: the simulators' own code,
traces of which these equations reproduce.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np

from hw.kernels.loihi_loops import loop, tasks
from hw.neurons.loihi_synapses import SignMode, deliver, loihi_weights
from hw.neurons.loihi_words import HIGHEST, checked, words_of
from hw.neurons.words import integers
from spikenet.errors import Array, array_of
from spikenet.kernels import memory
from spikenet.kernels.memory import read_only
from spikenet.kernels.threads import enough_threads

__all__ = ["Overflows", "Params", "Record", "SignMode", "State", "deliver", "loihi_weights", "rest", "run"]

NARROW = 256  # populations below this many neurons are laid out with the batch as one long row
NS_PER_UPDATE = 0.5  # of one neuron for one step on one core, about
WIDE_SUM = 1 << 18  # |a| of `lava` from which one turn may not bring u back
LARGEST = (1 << 31) - 1  # |a|, and what a state may be
ROOM = 1 << 62


@dataclass(frozen=True, eq=False)
class Params:
    """Parameters of a population, each a whole number or an array (n,), or of the shape of the neurons.

    du, dv       : decay words of u and v, 0..4095; `brian2_loihi` 0..4096; `lava` also takes dv = 4096, as Lava does
    vth          : threshold mantissa, 0..131071
    bias_mant    : -4096..4095; `nengo_loihi` -4095..4095; `brian2_loihi` has no bias
    bias_exp     : 0..7; `lava` also -7..-1, which shift to the right as Lava does
    reading      : "lava", "nengo_loihi" or "brian2_loihi"
    refractory   : steps from a spike to the next possible one, 1..64 (`nengo_loihi` 1..63); `lava` has 1 only
    vmin, vmax   : `nengo_loihi` only: 0 or 1 - 2^e (e up to 23), and 2^(9 + 2 k) - 1 (k 0..7); None for 0 and 2^23 - 1
    vth_low      : `lava` only: mantissa of the threshold below which a spike is -1; None for neurons without
    reset_interval, reset_offset : `lava` only: steps between resets of u and v, and of the first; None for none

    Raises ValueError, or TypeError, naming the parameter, its value, the limit and the nearest value that fits.
    """

    du: Any
    dv: Any
    vth: Any
    bias_mant: Any = 0
    bias_exp: Any = 0
    reading: str = "lava"
    refractory: Any = 1
    vmin: Any = None
    vmax: Any = None
    vth_low: Any = None
    reset_interval: Any = None
    reset_offset: Any = 0

    def __post_init__(self) -> None:
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, values in checked(given).items():
            object.__setattr__(self, name, values)


class State(NamedTuple):
    """Of every neuron after a step: u, v, steps of silence left; and how many steps have been run."""

    u: Array
    v: Array
    waiting: Array
    steps: int


class Overflows(NamedTuple):
    """How often a value left its word.

    arriving: sums that wrapped (`nengo_loihi`)
    u       : currents, and in `nengo_loihi` currents with bias, that wrapped
    v       : voltages that were cut; in `nengo_loihi` at vmax
    floor   : voltages held at vmin (`nengo_loihi`), which is how that reading is meant
    """

    arriving: int
    u: int
    v: int
    floor: int


@dataclass(frozen=True, eq=False)
class Record:
    """What a run gives: spikes int8 0/1 (ternary: -1, 0, 1), u and v after every step (v after its reset), all of the
    shape of `arriving`; u and v are None unless they were asked for."""

    spikes: Array
    u: Array | None
    v: Array | None
    after: State
    overflows: Overflows


def run(params: Params, arriving: Any, before: State | None = None, *, states: bool = True) -> Record:
    """The population `params` driven by `arriving`, from rest or from `before`.

    arriving: (steps, ..., n) whole numbers reaching the neurons, in the units of the reading (see above), 32 bits
    before  : `record.after` of the steps before
    states  : whether u and v of every step are kept, 8 bytes a neuron and step

    Widths: u and v 24 bits, decays 12, thresholds 17 times 64, biases 13 times 2^exponent. Order: u decays and takes
    what arrives, v decays and takes u and bias, then the test, then the reset. Rounding: decays toward zero. Overflow:
    `lava` wraps u once and cuts v; `nengo_loihi` wraps what arrives, u and u + bias, and cuts v; `brian2_loihi` has no
    ends; counted in `overflows`. Equations of each: `hw.neurons.loihi`. Source: Lava's PyLifModelBitAcc, nengo-loihi's
    emulator, Brian2Loihi.

    Raises ValueError when shapes do not fit, or naming the first integer beyond 32 bits.
    """
    if not isinstance(params, Params):
        raise TypeError(f"loihi.run: expected hw.neurons.loihi.Params, got {type(params).__name__}")
    x = _whole_numbers(arriving, np.int16 if params.reading == "lava" else np.int32)
    words, rows = _laid_out(words_of(params), x.shape[1:])
    start = _start(before, x.shape[1:])
    wide = params.reading == "brian2_loihi"
    if wide:
        _has_room(words, x, start)
    elif max(_largest(start.u), _largest(start.v)) > HIGHEST + 1:
        if params.reading == "nengo_loihi":
            raise ValueError("loihi.run: expected states before within 24 bits signed; take record.after")
        wide = True  # after sums that turned more than once
    record, seen = _pass(params, words, rows, x, start, states, wide=wide)
    if params.reading == "lava" and seen >= WIDE_SUM and not wide:
        record, _ = _pass(params, words, rows, x, start, states, wide=True)
    return record


def rest(shape: tuple[int, ...]) -> State:
    """Neurons of this shape at rest."""
    u, v, waiting = (np.zeros(shape, np.int32) for _ in range(3))
    return State(u, v, waiting, 0)


def _largest(values: Array) -> int:
    """The largest |value|."""
    return max(int(values.max(initial=0)), -int(values.min(initial=0)))


def _whole_numbers(arriving: Any, narrowest: Any) -> Array:
    """`arriving` in int32, or in `narrowest` where it fits, with at least one axis besides time."""
    x = array_of("loihi.run: arriving", arriving)
    if x.ndim < 2:
        raise ValueError(f"loihi.run: expected arriving (steps, ..., n), got shape {x.shape}")
    if x.dtype in (np.int8, np.int16):
        return np.require(x, narrowest, ("C", "ALIGNED"))
    if x.dtype != np.int32:
        x = integers("loihi.run: arriving", x, -LARGEST, LARGEST, "no chip word holds it").astype(np.int32)
    return np.require(x, np.int32, ("C", "ALIGNED"))


def _laid_out(words: Array, shape: tuple[int, ...]) -> tuple[Array, int]:
    """(words (8, n), or (8, 1) where all neurons have the same, rows) with rows * n neurons in all."""
    size = int(np.prod(shape))
    own = words.shape[1:]
    try:
        fits = np.broadcast_shapes(own, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            f"loihi.run: parameters have shape {own}, arriving is for neurons of shape {shape}; "
            "give one value, or one for each of the last axes"
        )
    inner = shape[len(shape) - len(own) :] if own and np.prod(own, dtype=int) >= NARROW else shape
    n = int(np.prod(inner))
    if words[0].size == 1:
        return words.reshape(8, 1), size // n if n else 0
    laid = np.broadcast_to(words.reshape(8, *(1,) * (len(inner) - len(own)), *own), (8, *inner)).reshape(8, n)
    return laid, size // n if n else 0


def _start(before: State | None, shape: tuple[int, ...]) -> State:
    if before is None:
        return rest(shape)
    if not isinstance(before, State):
        raise TypeError(f"loihi.run: expected before to be a State (record.after), got {type(before).__name__}")
    for name, values in zip(State._fields[:3], before[:3], strict=True):
        if np.shape(values) != shape:
            raise ValueError(f"loihi.run: before.{name} has shape {np.shape(values)}, arriving is for {shape}")
        integers(f"loihi.run: before.{name}", values, -(1 << 62), 1 << 62, "take record.after")
    return before


def _has_room(words: Array, x: Array, start: State) -> None:
    """`brian2_loihi` limits nothing: refuse what 64 bits might not hold, rather than wrap."""
    steps, keeps = x.shape[0], int(words[0].max(initial=0))
    lasting = steps if keeps == 4096 else min(steps, 4096 // (4096 - keeps) + 1)  # the sum of keeps^k / 4096^k
    largest = _largest(x)
    u = _largest(start.u) + largest * lasting
    if _largest(start.v) + u * steps >= ROOM:
        raise ValueError(f"loihi.run: sums of {largest} over {steps} steps may leave 64 bits; run fewer steps at once")


def _pass(
    params: Params, words: Array, rows: int, x: Array, start: State, states: bool, *, wide: bool
) -> tuple[Record, int]:
    """(record, largest |arriving| that the loop met)."""
    integer = np.int64 if wide else np.int32
    steps, shape = x.shape[0], x.shape[1:]
    n = math.prod(shape) // max(rows, 1)
    state = memory.empty((3, rows, n), integer)
    for part, values in zip(state, start[:3], strict=True):
        part.reshape(shape)[...] = values
    kept = steps if states else 0
    u, v = memory.empty((kept, rows, n), integer), memory.empty((kept, rows, n), integer)
    spikes = memory.empty((steps, rows, n), np.int8)
    counts, seen = np.zeros((tasks(rows, n), 4), np.int64), np.zeros(tasks(rows, n), np.int64)
    interval = params.reset_interval or 0
    offset = params.reset_offset % interval if interval else 0
    with enough_threads(x.size * NS_PER_UPDATE):
        loop(params.reading, params.vth_low is not None, wide, x.dtype.name)(
            *(len(seen), read_only(words.astype(integer)), state, read_only(x.reshape(steps, rows, n)), spikes, u, v),
            *(counts, seen, start.steps + 1, interval, offset),
        )
    last_u, last_v, waiting = state.reshape(3, *shape)
    after = State(last_u, last_v, waiting, start.steps + steps)
    overflows = Overflows(*(int(count) for count in counts.sum(axis=0)))
    kept_u, kept_v = (u.reshape(x.shape), v.reshape(x.shape)) if states else (None, None)
    return Record(spikes.reshape(x.shape), kept_u, kept_v, after, overflows), int(seen.max(initial=0))
