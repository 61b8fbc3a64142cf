"""SynSense DYNAP-CNN and Speck: a core is one convolution of events, integrate-and-fire neurons and sum pooling.

The chip has no clock: each arriving event adds a column of the kernel to the 16-bit states at once (`run_events`).
sinabs 3.1.3 models it clocked, all events of a bin at once (`run`; equal to its layers bit for bit where no state
leaves 16 bits, which sinabs does not limit):

    v = sat(v + sum of weights of the bin's events + bias)       sat: 16 bits signed; counted (on the chip from memory)
    n = v div threshold where v > 0                              several spikes a bin
    v = v - n * threshold,  or 0 where n > 0 with `reset_to_zero`
    v = max(v, v_min)
    out = sum of n under each pooling square

Event by event, the same for one event and the neurons it reaches:  v = sat(v + weight), fire, v = max(v, v_min).
A neuron driven up and down within a bin may then fire where the clocked sum does not. Neurons are visited by row, then
column, then filter, and several spikes of one neuron leave together: the order inside one event is ours, the chip's is
not published. The bias acts on all neurons at each tick of the leak clock, before the events of that moment.
Convolution is a cross-correlation, as torch's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.neurons.integer_windows import Window, convolve
from hw.neurons.words import Integers, arriving, bits, integers, without_batch, word
from spikenet.errors import array_of, whole
from spikenet.kernels.memory import read_only

WEIGHT, STATE = bits(8), bits(16)
STRIDES, POOLS = (1, 2, 4, 8), (1, 2, 4)  # sinabs docs/speck/overview.md
MOST_PADDING, MOST_KERNEL = 7, 16  # likewise


@dataclass(frozen=True)
class Params:
    """One core.

    weights  : (filters, channels, side, side) int8
    threshold: 1..32767;  v_min: 16 bits signed, <= 0, the lowest state
    bias     : (filters,) int8, or a number
    stride   : 1, 2, 4 or 8;  padding: 0..7;  pool: 1, 2 or 4
    reset_to_zero: after spikes, instead of subtracting a threshold for each
    """

    weights: Any
    threshold: int
    v_min: int = STATE[0]
    bias: Any = 0
    stride: int = 1
    padding: int = 0
    pool: int = 1
    reset_to_zero: bool = False

    def __post_init__(self) -> None:
        w = integers("speck: weights", self.weights, *WEIGHT, hint="scale the layer to 8 bits")
        if w.ndim != 4 or w.shape[2] != w.shape[3] or not w.size or w.shape[2] > MOST_KERNEL:
            raise ValueError(
                f"speck: weights: expected (filters, channels, side, side), sides up to {MOST_KERNEL}, got {w.shape}"
            )
        for name, allowed in (("stride", STRIDES), ("pool", POOLS), ("padding", tuple(range(MOST_PADDING + 1)))):
            if getattr(self, name) not in allowed:
                raise ValueError(f"speck: {name}: expected one of {allowed}, got {getattr(self, name)!r}")
        for name, (low, high) in {"threshold": (1, STATE[1]), "v_min": (STATE[0], 0)}.items():
            object.__setattr__(self, name, int(integers(f"speck: {name}", getattr(self, name), low, high)))
        object.__setattr__(self, "bias", word("speck: bias", self.bias, *WEIGHT, (len(w),)))
        object.__setattr__(self, "weights", np.ascontiguousarray(w))

    def neurons(self, height: int, width: int) -> tuple[int, int, int]:
        """(filters, rows, columns) of the neurons for a map of this size."""
        side = self.weights.shape[2]
        return len(self.weights), *Window((side,) * 2, (self.stride,) * 2, (self.padding,) * 4).places(height, width)


@dataclass(frozen=True)
class Run:
    """What happened in clocked steps, with the raster's batch axis if that had one.

    spikes  : (steps, [batch,] filters, rows, columns) pooled counts, what the core sends
    v       : (steps, [batch,] filters, rows, columns) before pooling, after the step
    overflow: sums that left the 16 bits;  v_after: (batch, filters, rows, columns), to carry on from
    """

    spikes: npt.NDArray[np.int32]
    v: npt.NDArray[np.int16]
    overflow: int
    v_after: Integers


def run(params: Params, raster: Any, v: Any = 0) -> Run:
    """Runs a core on (steps, [batch,] channels, height, width) counts of events in each step, as sinabs does.

    v: (batch, filters, rows, columns) or a number, the states to start from

    Widths: states 16 bits, weights and biases 8. Order: all events of a step summed with the bias, then
    spikes, then the floor v_min. Rounding: none, all is whole; v div threshold spikes. Overflow: the sum saturates,
    and is counted. What pooling squares leave over at the far ends is not sent. Source: sinabs 3.1.3.

    Raises ValueError for what does not fit.
    """
    given = array_of("speck: raster", raster)
    channels = params.weights.shape[1]
    if given.ndim not in (4, 5) or given.shape[-3] != channels:
        raise ValueError(f"speck: raster: expected (steps, [batch,] {channels}, height, width), got {given.shape}")
    x, alone = arriving("speck: raster", given, given.shape[-3:], 0, STATE[1])
    steps, batch, _, height, width = x.shape
    shape = params.neurons(height, width)
    n = math.prod(shape)
    state = word("speck: v", v, *STATE, (batch, *shape)).reshape(batch, n).copy()
    side = params.weights.shape[2]
    window = Window((side,) * 2, (params.stride,) * 2, (params.padding,) * 4)
    sums = convolve(x.reshape(steps * batch, *x.shape[2:]), params.weights, window) + params.bias[:, None, None]
    fired, rec_v, met = fire(
        sums.reshape(steps, batch, n),
        params.threshold,
        params.v_min,
        reset_to_zero=params.reset_to_zero,
        v=state,
    )
    spikes = pooled(fired.reshape(steps * batch, *shape), params.pool)
    ends: list[Any] = [spikes.reshape(steps, batch, *spikes.shape[1:]), rec_v.reshape(steps, batch, *shape)]
    kept: list[Any] = [*(without_batch(a, alone) for a in ends), met, state.reshape(batch, *shape)]
    return Run(*kept)


def fire(
    sums: Any, threshold: int, v_min: int = STATE[0], *, reset_to_zero: bool = False, v: Any = None
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int16], int]:
    """The clocked neurons alone: (spikes, states after each step, sums that left 16 bits), (steps, batch, n) each.

    sums: (steps, batch, n) of what arrives in each step, biases added;  v: (batch, n) int64 to start from, changed
    """
    from hw.kernels import speck_loop  # when first used: a kernel costs milliseconds to import

    steps, batch, n = sums.shape
    state = np.zeros((batch, n), np.int64) if v is None else v
    fired, rec_v = np.empty((steps, batch, n), np.int32), np.empty((steps, batch, n), np.int16)
    met = np.zeros(batch, np.int64)
    arguments: list[Any] = [
        read_only(np.ascontiguousarray(sums, np.int64)),
        *(np.int64(threshold), np.int64(v_min), bool(reset_to_zero)),
        *(state, fired, rec_v, met),
    ]
    speck_loop.clocked(batch, *arguments)
    return fired, rec_v, int(met.sum())


def pooled(spikes: npt.NDArray[np.int32], pool: int) -> npt.NDArray[np.int32]:
    """Sums of squares of maps (..., rows, columns); what is left over at the far ends is dropped."""
    rows, columns = (extent // pool for extent in spikes.shape[-2:])
    squares = spikes[..., : rows * pool, : columns * pool]
    summed = squares[..., ::pool, ::pool].copy()
    for k in range(1, pool * pool):
        summed += squares[..., k // pool :: pool, k % pool :: pool]
    return summed


@dataclass(frozen=True)
class EventRun:
    """What happened event by event. events: (n, 4) time, filter, row, column, pooled; v: (filters, rows, columns)."""

    events: Integers
    v: Integers
    overflow: int


def run_events(
    params: Params, events: Any, height: int, width: int, *, leak_period: int | None = None, until: int = 0, v: Any = 0
) -> EventRun:
    """Runs a core on single events, one after another, as the chip does.

    events      : (n, 4) integers time, channel, row, column; times never go back
    height, width: of the input map
    leak_period : time between ticks of the leak clock, the first one period after 0; None: the bias never acts
    until       : time up to which the clock ticks on after the last event

    Widths: states of 16 bits, as of `run`. Order: events as they come, of one event its neurons by row, column and
    filter, at a tick of the clock before the events of that moment. Rounding: none. Overflow: every addition
    saturates, and is counted. Source: sinabs' neurons, event by event; the order inside one event is ours, the
    chip's is not published.

    Raises ValueError for an event out of the map or out of order, with its place in the list.
    """
    given = integers("speck: events", np.reshape(events, (-1, 4)) if np.size(events) == 0 else events, 0, 2**62)
    extents = (params.weights.shape[1], whole("speck: height", height), whole("speck: width", width))
    if given.ndim != 2 or given.shape[1] != 4:
        raise ValueError(f"speck: events: expected (n, 4) of time, channel, row, column, got {given.shape}")
    outside = np.argwhere(given[:, 1:] >= extents)
    if len(outside):
        raise ValueError(
            f"speck: event {outside[0][0]} {given[outside[0][0]].tolist()} is outside the map {extents}; "
            "leave it out or take a larger map"
        )
    back = np.flatnonzero(np.diff(given[:, 0]) < 0)
    if len(back):
        raise ValueError(
            f"speck: event {back[0] + 1} goes back in time: {given[back[0]][0]}, {given[back[0] + 1][0]}; "
            "sort the events by their times"
        )
    shape = params.neurons(height, width)
    state = word("speck: v", v, *STATE, shape).copy()
    ticks = 0 if leak_period is None else whole("speck: leak_period", leak_period)
    from hw.kernels import speck_loop  # when first used: a kernel costs milliseconds to import

    end = max(whole("speck: until", until, least=0), int(given[-1, 0]) if len(given) else 0)
    out = np.empty((state.size + (1 << 16), 5), np.int64)  # the kernel stops before it could overflow
    progress, chunks, met = np.array([0, ticks], np.int64), [], 0
    words = np.array([params.threshold, params.v_min, params.reset_to_zero, params.stride, params.padding], np.int64)
    while True:
        fixed: list[Any] = [*(read_only(a) for a in (given, params.weights, params.bias, words)), ticks, end]
        changing: list[Any] = [state, out, progress]
        written, cut = speck_loop.by_event(*fixed, *changing)
        chunks.append(out[:written].copy())
        met += int(cut)
        if progress[0] == len(given) and (not ticks or progress[1] > end):
            break
    sent = np.concatenate(chunks)
    sent = np.repeat(sent[:, :4], sent[:, 4], axis=0)
    sent[:, 2:] //= params.pool
    rows, columns = (extent // params.pool for extent in shape[1:])
    return EventRun(sent[(sent[:, 2] < rows) & (sent[:, 3] < columns)], state, met)
