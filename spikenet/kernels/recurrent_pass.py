"""One pass of a recurrent population over time and its adjoint: allocates, lays out and calls the loops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikenet.derive.adjoint import Adjoint
from spikenet.derive.expression import Expression, ordered, symbol
from spikenet.derive.tape import tape as tape_of
from spikenet.derive.trace import Trace
from spikenet.errors import Array
from spikenet.kernels import blas, memory, products
from spikenet.kernels.events import Events, blocks
from spikenet.kernels.memory import read_only
from spikenet.kernels.recurrent_loop import adjoint_loop, forward_loop
from spikenet.kernels.recurrent_products import packed, wide_rows
from spikenet.kernels.threads import enough_threads
from spikenet.kernels.time_loop import slope_is_all
from spikenet.neurons.surrogate import Surrogate

NS_PER_UPDATE = 2.0  # of one neuron for one step, one core, about what it takes here
GROUP = 4  # batch rows a thread takes at once: a dense product reads the weights once for all of them
SCRATCH_BYTES = 1 << 17  # of the segment a thread runs again: beside the weights in 512 KB of second-level cache
LONGEST_SPAN = 32  # steps of a segment at most
TAPE_BYTES = 1 << 26  # of what the adjoint needs of all steps: more, and it runs them again


@dataclass(frozen=True)
class RecurrentPass:
    """What the adjoint needs of a forward pass: arrays of `recurrent_loop`; x is empty where there is a tape.

    sloped     : whether the tape lists slopes
    steps, span: of the pass, and of a segment
    out        : (steps, batch, n) of graded models; None for spikes, which their events stand for
    events     : where neurons fired, rows being (step, batch row); None for graded models
    wanted     : where the surrogate is not 0, likewise; listed where it was asked for
    """

    names: tuple[str, ...]
    p: Array
    x: Array
    w: Array
    kept: Array
    tape: Array
    sloped: bool
    last: Array
    steps: int
    span: int
    out: Array | None
    events: Events | None
    wanted: Events | None


def forward(
    model: Trace,
    values: dict[str, Array],
    x: Array,
    w: Array,
    state: Array,
    last: Array,
    steps: int,
    *,
    rules: Adjoint | None = None,
    surrogate: Surrogate | None = None,
) -> tuple[Array, Array, RecurrentPass]:
    """(states after the last step (states, batch, n), last output (batch, n), what the adjoint needs).

    values   : parameters by name, each (n,) in the dtype of x
    x        : (steps, batch, n), or (1, batch, n) when the current from outside does not change
    w        : (n, n) weight from the neuron of the row to that of the column
    state    : (states, batch, n) before the first step; last: (batch, n) output before it; not changed
    rules    : the adjoint that will be asked for, if any
    surrogate: one of compact support, to list where it is not 0; spiking models only
    """
    names = tuple(values)
    batch, n = last.shape
    p = np.empty((len(names), n), x.dtype)
    for row, name in zip(p, names, strict=True):
        row[...] = values[name]
    after, sent = (np.array(a, dtype=x.dtype, order="C") for a in (state, last))
    x, w = (np.require(a, x.dtype, requirements=("C", "ALIGNED")) for a in (x, w))
    span = _span(len(state), batch, n, x.dtype.itemsize, steps)
    written, n_kept = factors(rules), 0 if rules is None else steps
    taped = is_taped(len(written), steps, batch, n, x.dtype.itemsize)
    sloped = taped and model.spikes and slope_is_all(rules, model, surrogate)
    if sloped:
        tape = memory.empty((batch, 1, steps * n), x.dtype, roomy=True)
    else:
        tape = memory.empty((steps * batch if taped else 0, len(written), n), x.dtype)
    kept = memory.empty((0 if taped else -(-n_kept // span), len(state), batch, n), x.dtype)
    out = memory.empty((0 if model.spikes else steps * batch, n), x.dtype)
    fired = _lists(steps * batch if model.spikes else 0, n)
    wanted = _lists(steps * batch if model.spikes and surrogate is not None else 0, n)
    loop = forward_loop(
        model, names, x.dtype.name, surrogate if model.spikes else None, written if taped else (), sloped
    )
    with enough_threads(steps * batch * n * NS_PER_UPDATE):
        loop(
            read_only(p),
            after,
            sent,
            *map(read_only, (x, packed(w))),
            out,
            kept,
            tape,
            *fired,
            *wanted,
            steps,
            span,
            _group(batch),
        )
    events, places = (Events(*lists, binary=lists is fired) if len(lists[0]) else None for lists in (fired, wanted))
    graded = None if model.spikes else out.reshape(steps, batch, n)
    x = x[:0].copy() if taped else x
    return (
        after,
        sent,
        RecurrentPass(names, p, x, w, kept, tape, sloped, np.array(last, x.dtype), steps, span, graded, events, places),
    )


def adjoint(
    rules: Adjoint, one: RecurrentPass, g_out: Array, g_state: Array, g_last: Array, w: Array | None = None
) -> tuple[Array, Array, Array]:
    """(gradient of every step's current (steps, batch, n), of the states before the first step, of learnt parameters).

    g_out  : (steps, batch, n), or with stride 0 in time when it is the same at every step
    g_state: (states, batch, n) gradient of the states after the last step; not changed
    g_last : (batch, n) gradient of the last output as it is carried on
    w      : (n, m) when g_out is (steps, batch, m) and the gradient of the output is g_out @ w.T
    """
    batch, n = one.last.shape
    kind = one.x.dtype
    if w is not None and w.shape[1] >= n:
        g_out, w = g_out @ w.T, None
    g_out = np.ascontiguousarray(g_out[:1] if g_out.strides[0] == 0 and len(g_out) else g_out, dtype=kind)
    g_state = np.array(g_state, dtype=kind, order="C")
    g_x = memory.empty((one.steps, batch, n), kind)
    g_p = memory.zeros((len(rules.g_parameters), batch, n), kind)
    out = np.empty((0, n), kind) if one.out is None else one.out.reshape(-1, n)
    fired, wanted = (_lists(0, n) if e is None else (e.columns, e.counts) for e in (one.events, one.wanted))
    loop = adjoint_loop(rules, one.names, kind.name, one.sloped)
    onward = one.w if w is None else np.hstack([one.w, w.astype(kind, copy=False)])  # what the error comes back through
    weights = packed(one.w), wide_rows(onward), packed(onward.T)
    arrays = (one.p, one.kept, one.last, one.x, out, *weights, *fired, *wanted)
    given = map(read_only, (*arrays, one.tape, g_out, np.ascontiguousarray(g_last, dtype=kind)))
    with enough_threads(one.steps * batch * n * NS_PER_UPDATE):
        loop(*given, g_state, g_x, g_p, one.steps, one.span, _group(batch))
    return g_x, g_state, g_p


def weight_gradient(one: RecurrentPass, g_x: Array) -> Array:
    """sum over steps of output[t - 1].T @ g_current[t], from the gradient of every step's current."""
    batch, n = one.last.shape
    g = blas.transposed_multiply(one.last, g_x[0])
    if one.steps == 1:
        return g
    rows, whole = (one.steps - 1) * batch, g_x[1:].reshape(-1, n)
    if one.out is not None:
        return g + blas.transposed_multiply(one.out.reshape(-1, n)[:rows], whole)
    assert one.events is not None
    earlier = Events(one.events.columns[:rows], one.events.counts[:rows], binary=True)
    return g + products.transposed_multiply(lambda: earlier.written_out(g_x.dtype), whole, earlier)


def factors(rules: Adjoint | None) -> tuple[Expression, ...]:
    """What to keep of every step; nothing where the adjoint needs the step's current too."""
    if rules is None or symbol("current") in set(ordered(tape_of(rules).roots)):
        return ()
    return tape_of(rules).kept


def is_taped(n_factors: int, steps: int, batch: int, n: int, itemsize: int) -> bool:
    """Whether so many factors of every step are kept, and not its current."""
    return 0 < n_factors * steps * batch * n * itemsize <= TAPE_BYTES


def _group(batch: int) -> int:
    """Batch rows a thread takes at once: four tasks where there is work for them, whatever the number of threads."""
    return max(1, min(GROUP, batch // 4))


def _span(n_states: int, batch: int, n: int, itemsize: int, steps: int) -> int:
    """Steps of a segment: its states and currents fit the cache, and all segments are about as long."""
    fitting = SCRATCH_BYTES // max(_group(batch) * (n_states + 1) * n * itemsize, 1)
    span = max(1, min(fitting, LONGEST_SPAN, steps))
    return -(-steps // -(-steps // span))


def _lists(rows: int, n: int) -> tuple[Array, Array]:
    """Room for the columns and counts of events."""
    return memory.empty((rows, n), np.uint16), memory.empty((rows, blocks(n)), np.int32)
