"""One pass of a neuron model over time and its adjoint, on plain arrays: allocates, lays out and calls the loops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikenet.derive.adjoint import Adjoint
from spikenet.derive.trace import Trace
from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.events import Events, blocks
from spikenet.kernels.threads import enough_threads
from spikenet.kernels.time_loop import adjoint_loop, forward_loop

NS_PER_UPDATE = 1.0  # of one neuron for one step, one core, about what it takes here
NARROW = 128  # populations below this many neurons are laid out with the batch as one long row


@dataclass(frozen=True)
class Pass:
    """What the adjoint needs of a forward pass: arrays of `time_loop`, the batch folded into n if narrow.

    events: where neurons fired, rows being (step, batch row); listed for wide populations only
    """

    names: tuple[str, ...]
    p: Array
    x: Array
    trace: Array
    events: Events | None = None


def forward(
    model: Trace, values: dict[str, Array], x: Array, state: Array, steps: int, keep: bool
) -> tuple[Array, Array, Pass]:
    """(output (steps, batch, n), states after the last step (states, batch, n), what the adjoint needs).

    values: parameters by name, each (n,) in the dtype of x
    x     : (steps, batch, n), or (1, batch, n) when the current does not change
    state : (states, batch, n) before the first step; not changed
    keep  : whether to keep the states before each step, for the adjoint
    """
    names = tuple(values)
    batch, n = x.shape[1:]
    p = np.stack([values[name] for name in names]) if names else np.empty((0, n), x.dtype)
    after = np.array(state, dtype=x.dtype, order="C")
    out = memory.empty((steps, batch, n), x.dtype)
    trace = memory.empty((steps if keep else 0, len(model.states), batch, n), x.dtype)
    x = np.require(x, requirements=("C", "ALIGNED"))
    if n < NARROW:
        p = np.tile(p, (1, batch))
    listed = model.spikes and n >= NARROW
    columns = memory.empty((steps, batch, n) if listed else (0, 0, 0), np.uint16)
    counts = memory.empty((steps, batch, blocks(n)) if listed else (0, 0, 0), np.int32)
    flat_x, flat_trace = _folded(x, n), _folded(trace, n)
    loop = forward_loop(model, names, x.dtype.name)
    with enough_threads(out.size * NS_PER_UPDATE):
        loop(p, _folded(after, n), flat_x, _folded(out, n), flat_trace, columns, counts)
    events = Events(columns.reshape(-1, n), counts.reshape(-1, blocks(n)), binary=True) if listed else None
    return out, after, Pass(names, p, flat_x, flat_trace, events)


def adjoint(
    rules: Adjoint, one: Pass, g_out: Array, g_state: Array, repeated: bool, w: Array | None = None
) -> tuple[Array, Array, Array]:
    """(gradient of the current, of the states before the first step, of the learnt parameters summed over time).

    g_out   : (steps, batch, n), or with stride 0 in time when it is the same at every step
    g_state : (states, batch, n) gradient of the states after the last step; not changed
    repeated: whether the current was the same at every step; its gradient is then (1, batch, n), summed over time
    w       : (n, m) when g_out is (steps, batch, m) and the gradient of the output is g_out @ w.T; populations that are
              not narrow only
    """
    batch, n = g_state.shape[1:]
    kind = one.x.dtype
    g_out = np.ascontiguousarray(g_out[:1] if g_out.strides[0] == 0 and len(g_out) else g_out, dtype=kind)
    g_state = np.array(g_state, dtype=kind, order="C")
    make = memory.zeros if repeated else memory.empty
    g_x = make((1 if repeated else len(one.trace), batch, n), kind)
    g_p = memory.zeros((len(rules.g_parameters), batch, n), kind)
    loop = adjoint_loop(rules, one.names, repeated, kind.name)
    factor = np.empty((0, n), kind) if w is None else np.ascontiguousarray(w.T, dtype=kind)
    arrived = _folded(g_out, n) if w is None else g_out
    with enough_threads(len(one.trace) * batch * n * NS_PER_UPDATE):
        loop(one.p, one.trace, one.x, arrived, factor, _folded(g_state, n), _folded(g_x, n), _folded(g_p, n))
    return g_x, g_state, g_p


def _folded(a: Array, n: int) -> Array:
    """(..., batch, n) as (..., 1, batch * n) for narrow populations: the loops run along the last axis."""
    return a.reshape(*a.shape[:-2], 1, a.shape[-2] * a.shape[-1]) if n < NARROW else a
