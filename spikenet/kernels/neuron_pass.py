"""One pass of a neuron model over time and its adjoint, on plain arrays: allocates, lays out and calls the loops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikenet.derive.adjoint import Adjoint
from spikenet.derive.trace import Trace
from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.events import BLOCK, Events, blocks
from spikenet.kernels.threads import enough_threads
from spikenet.kernels.time_loop import adjoint_loop, forward_loop, slope_is_all
from spikenet.neurons.surrogate import Surrogate

NS_PER_UPDATE = 1.0  # of one neuron for one step, one core, about what it takes here
NARROW = 128  # populations below this many neurons are laid out with the batch as one long row
SPAN = (
    32  # steps of a segment at most: with a block of 1024 neurons 128 KB a state, so a few states fit 512 KB of cache
)


@dataclass(frozen=True)
class Pass:
    """What the adjoint needs of a forward pass: arrays of `time_loop`, the batch folded into n if narrow.

    steps, span: of the pass, and of a segment
    events     : where neurons fired, rows being (step, batch row); listed for wide populations only
    wanted     : where the surrogate is not 0, likewise; listed where it was asked for
    slopes     : its values there, as `time_loop` lists them; then neither x nor kept is needed
    """

    names: tuple[str, ...]
    p: Array
    x: Array
    kept: Array
    steps: int
    span: int
    events: Events | None = None
    wanted: Events | None = None
    slopes: Array | None = None


def forward(
    model: Trace,
    values: dict[str, Array],
    x: Array,
    state: Array,
    steps: int,
    *,
    span: int = 0,
    surrogate: Surrogate | None = None,
    rules: Adjoint | None = None,
) -> tuple[Array | None, Array, Pass]:
    """(output (steps, batch, n), states after the last step (states, batch, n), what the adjoint needs).

    The output is None where its events are listed, which say everything about spikes.

    values   : parameters by name, each (n,) or a single number
    x        : (steps, batch, n), or (1, batch, n) when the current does not change
    state    : (states, batch, n) before the first step; overwritten with that after the last
    span     : steps of a segment, before which the states are kept for the adjoint; 0 to keep none
    surrogate: one of compact support, to list where it is not 0; wide spiking populations only
    rules    : the adjoint that will be asked for: where the surrogate is all it needs, that is listed and nothing kept
    """
    names = tuple(values)
    batch, n = x.shape[1:]
    p = memory.empty((len(names), batch * n if n < NARROW else n), x.dtype)
    for row, name in zip(p, names, strict=True):
        row.reshape(-1, n)[...] = values[name]
    x = np.require(x, requirements=("C", "ALIGNED"))
    listed = model.spikes and n >= NARROW
    out = memory.empty((0 if listed else steps, batch, n), x.dtype)
    sloped = listed and slope_is_all(rules, model, surrogate)
    span = 0 if sloped else span
    slopes = memory.empty((batch * blocks(n) if sloped else 0, steps * min(n, BLOCK)), x.dtype, roomy=True)
    kept = memory.empty((-(-steps // span) if span else 0, len(model.states), batch, n), x.dtype)
    fired, wanted = _lists(steps, batch, n, listed), _lists(steps, batch, n, listed and surrogate is not None)
    flat_x, flat_kept = _folded(x, n), _folded(kept, n)
    loop = forward_loop(model, names, x.dtype.name, surrogate if listed else None)
    with enough_threads(steps * batch * n * NS_PER_UPDATE):
        loop(p, _folded(state, n), flat_x, _folded(out, n), flat_kept, *fired, *wanted, slopes, steps, max(span, 1))
    events, places = _events(*fired, binary=True), _events(*wanted, binary=False)
    if sloped:
        one = Pass(names, p, flat_x[:0].copy(), flat_kept, steps, steps, events, places, slopes)
    else:
        one = Pass(names, p, flat_x, flat_kept, steps, span, events, places)
    return None if listed else out, state, one


def whole_span(steps: int) -> int:
    """Steps of each segment when `steps` are cut into as few equal ones as fit the cache."""
    return -(-steps // -(-steps // SPAN))


def adjoint(
    rules: Adjoint, one: Pass, g_out: Array, g_state: Array, repeated: bool, w: Array | None = None
) -> tuple[Array, Array, Array]:
    """(gradient of the current, of the states before the first step, of the learnt parameters summed over time).

    g_out   : (steps, batch, n), or with stride 0 in time when it is the same at every step
    g_state : (states, batch, n) gradient of the states after the last step; overwritten with that of the first
    repeated: whether the current was the same at every step; its gradient is then (1, batch, n), summed over time
    w       : (n, m) when g_out is (steps, batch, m) and the gradient of the output is g_out @ w.T; populations that are
              not narrow only
    """
    batch, n = g_state.shape[1:]
    kind = one.x.dtype
    g_out = np.ascontiguousarray(g_out[:1] if g_out.strides[0] == 0 and len(g_out) else g_out, dtype=kind)
    make = memory.zeros if repeated else memory.empty
    g_x = make((1 if repeated else one.steps, batch, n), kind)
    g_p = memory.zeros((len(rules.g_parameters), batch, n), kind)
    loop = adjoint_loop(rules, one.names, repeated, kind.name, one.slopes is not None)
    factor = np.empty((0, n), kind) if w is None else np.ascontiguousarray(w.T, dtype=kind)
    wanted, n_wanted = _lists(one.steps, batch, n, listed=False)
    slopes = np.empty((0, 0), kind)
    if one.slopes is not None and one.wanted is not None:
        wanted, n_wanted, slopes = one.wanted.columns, one.wanted.counts, one.slopes
        wanted, n_wanted = (a.reshape(one.steps, batch, -1) for a in (wanted, n_wanted))
    arrays = (one.p, one.kept, one.x, _folded(g_out, n) if w is None else g_out, factor, wanted, n_wanted, slopes)
    with enough_threads(one.steps * batch * n * NS_PER_UPDATE):
        loop(*arrays, _folded(g_state, n), _folded(g_x, n), _folded(g_p, n), one.steps, one.span)
    return g_x, g_state, g_p


def _lists(steps: int, batch: int, n: int, listed: bool) -> tuple[Array, Array]:
    """Room for the columns and counts of events; empty unless `listed`."""
    if not listed:
        return np.empty((0, 0, 0), np.uint16), np.empty((0, 0, 0), np.int32)
    return memory.empty((steps, batch, n), np.uint16), memory.empty((steps, batch, blocks(n)), np.int32)


def _events(columns: Array, counts: Array, binary: bool) -> Events | None:
    n, per_row = columns.shape[-1], counts.shape[-1]
    return Events(columns.reshape(-1, n), counts.reshape(-1, per_row), binary) if len(counts) else None


def _folded(a: Array, n: int) -> Array:
    """(..., batch, n) as (..., 1, batch * n) for narrow populations: the loops run along the last axis."""
    return a.reshape(*a.shape[:-2], 1, a.shape[-2] * a.shape[-1]) if n < NARROW else a
