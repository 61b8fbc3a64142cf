"""The loop over time, forward and adjoint, written once for every neuron model.

The threads share (batch row, block of neurons); each takes its block through all steps, so its states stay in the
nearest cache, no two threads touch one sum, and results do not depend on the number of threads. The forward loop
saves the states before each step and nothing else; the adjoint recomputes the step from them.

Arrays, all C-contiguous and of one float type:
    p     (parameters, n)           one row a parameter
    state (states, batch, n)        before; overwritten by the state after the last step
    x     (steps or 1, batch, n)    current; one step stands for all when it does not change
    out   (steps, batch, n)
    trace (steps or 0, states, batch, n)    states before each step; empty to keep none
    columns, counts                         where the neurons fired, as `events` lists it; empty to list nothing
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np

from spikenet.derive.adjoint import Adjoint
from spikenet.derive.compile import compiled, compiled_source
from spikenet.derive.emit import Emitter
from spikenet.derive.expression import Expression, ordered
from spikenet.derive.trace import Trace
from spikenet.errors import Array
from spikenet.kernels.events import (
    BLOCK,
    list_fired,
)  # neurons a thread takes through time: a few such rows fit 32 KB of cache

_FORWARD = """
def forward(p, state, x, out, trace, columns, counts):
    steps, batch, n = out.shape
    blocks = (n + BLOCK - 1) // BLOCK
    for task in numba.prange(batch * blocks):
        b = task // blocks
        low = (task % blocks) * BLOCK
        high = min(low + BLOCK, n)
        width = high - low
{views}
        for t in range(steps):
            now = t if x.shape[0] > 1 else 0
            current = x[now, b, low:high]
            output = out[t, b, low:high]
            if trace.shape[0] > 0:
{keep}
            for j in range(width):
{body}
            if counts.shape[0] > 0:
                counts[t, b, task % blocks] = list_fired(output, columns[t, b, low:high])
"""

_ADJOINT = """
def adjoint(p, trace, x, g_out, w, g_state, g_x, g_p):
    steps, batch, n = trace.shape[0], g_x.shape[1], g_x.shape[2]
    blocks = (n + BLOCK - 1) // BLOCK
    for task in numba.prange(batch * blocks):
        b = task // blocks
        low = (task % blocks) * BLOCK
        high = min(low + BLOCK, n)
        width = high - low
        g_output = np.empty(width, g_out.dtype)
{views}
        for k in range(steps):
            t = steps - 1 - k
            current = x[t if x.shape[0] > 1 else 0, b, low:high]
            arrived = g_out[t if g_out.shape[0] > 1 else 0, b]
            if w.shape[0] == 0:
                here = arrived[low:high]
                for j in range(width):
                    g_output[j] = here[j]
            else:
                multiply_row(arrived, w, low, g_output)
            g_current = g_x[t if g_x.shape[0] > 1 else 0, b, low:high]
{rows}
            for j in range(width):
{body}
"""


@compiled()
def multiply_row(g: Array, w: Array, low: int, y: Array) -> None:
    """y = g @ w[:, low : low + y.size]; four rows at a time, so that y is read and written once for four."""
    for j in range(y.size):
        y[j] = 0
    high = low + y.size
    whole = g.size - g.size % 4
    for c in range(0, whole, 4):
        g0, g1, g2, g3 = g[c], g[c + 1], g[c + 2], g[c + 3]
        w0, w1, w2, w3 = w[c, low:high], w[c + 1, low:high], w[c + 2, low:high], w[c + 3, low:high]
        for j in range(y.size):
            y[j] += g0 * w0[j] + g1 * w1[j] + g2 * w2[j] + g3 * w3[j]
    for c in range(whole, g.size):
        g0, w0 = g[c], w[c, low:high]
        for j in range(y.size):
            y[j] += g0 * w0[j]


_ARRAYS = {  # (axes, whether it is only read, type where it is not the loop's own) of each argument
    "forward": (
        *((2, True, None), (3, False, None), (3, True, None), (3, False, None), (4, False, None)),
        *((3, False, numba.uint16), (3, False, numba.int32)),
    ),
    "adjoint": tuple((axes, k < 5, None) for k, axes in enumerate((2, 4, 3, 3, 2, 3, 3, 3))),
}


def _lines(depth: int, lines: list[str]) -> str:
    return "\n".join("    " * depth + line for line in lines or ["pass"])


@cache
def _compiled(name: str, source: str, dtype: str) -> Callable[..., Any]:
    """The loop in the emitted `source`, compiled once for all models that come to the same text."""
    number = numba.from_dtype(np.dtype(dtype))
    signature = tuple(
        numba.types.Array(own or number, axes, "C", readonly=only_read) for axes, only_read, own in _ARRAYS[name]
    )
    return compiled_source(
        name,
        source,
        {"np": np, "math": math, "numba": numba, "list_fired": list_fired, "multiply_row": multiply_row},
        signature,
    )


def _module(text: str, emitter: Emitter, dtype: str) -> str:
    return f"{emitter.header(dtype)}\nBLOCK = {BLOCK}\n{text}"


@cache
def forward_loop(model: Trace, parameters: tuple[str, ...], dtype: str) -> Callable[..., Any]:
    """The compiled loop `forward(p, state, x, out, trace, columns, counts)` of a model.

    parameters: names of the rows of p; it may hold more than the model uses
    dtype     : "float32" or "float64"
    """
    emitter = Emitter()
    names = _names(parameters, model.states)
    lines, results = emitter.statements((*model.after, model.output), names)
    held = [f"s_{s} = state[{k}, b, low:high]" for k, s in enumerate(model.states)]
    kept = [f"kept_{s} = trace[t, {k}, b, low:high]" for k, s in enumerate(model.states)]
    keep = [f"    kept_{s}[j] = s_{s}[j]" for s in model.states]
    stores = [f"s_{s}[j] = {value}" for s, value in zip(model.states, results[:-1], strict=True)]
    text = _FORWARD.format(
        views=_lines(2, _parameter_views(parameters, model.order()) + held),
        keep=_lines(4, [*kept, "for j in range(width):", *keep] if keep else []),
        body=_lines(4, [*lines, *stores, f"output[j] = {results[-1]}"]),
    )
    return _compiled("forward", _module(text, emitter, dtype), dtype)


@cache
def adjoint_loop(rules: Adjoint, parameters: tuple[str, ...], repeated: bool, dtype: str) -> Callable[..., Any]:
    """The compiled loop `adjoint(p, trace, x, g_out, w, g_state, g_x, g_p)` of a model.

    g_out  : (steps or 1, batch, n) gradient of the output; one step stands for all
    w      : (0, n), or (m, n): then g_out is (steps or 1, batch, m), and the gradient of the output its product with w
    g_state: (states, batch, n) gradient of the states after the last step; overwritten by that of the first ones
    g_x    : (steps, batch, n), or (1, batch, n) zeros when `repeated`: then the sum over time
    g_p    : (learnt parameters, batch, n) zeros; sums over time, one a batch row so that no two threads share a sum
    """
    emitter = Emitter()
    states = rules.model.states
    names = _names(parameters, states)
    learnt = [name for name, _ in rules.g_parameters]
    roots = (*rules.g_before, rules.g_current, *(g for _, g in rules.g_parameters))
    lines, results = emitter.statements(roots, names)
    before, g_current, g_learnt = results[: len(states)], results[len(states)], results[len(states) + 1 :]
    held = [f"gs_{s} = g_state[{k}, b, low:high]" for k, s in enumerate(states)]  # gs_: a state may be called "x"
    sums = [f"sum_{q} = g_p[{k}, b, low:high]" for k, q in enumerate(learnt)]
    stores = [f"gs_{s}[j] = {value}" for s, value in zip(states, before, strict=True)]
    adds = [f"sum_{q}[j] += {value}" for q, value in zip(learnt, g_learnt, strict=True)]
    into = f"g_current[j] {'+=' if repeated else '='} {g_current}"
    text = _ADJOINT.format(
        views=_lines(2, _parameter_views(parameters, ordered(roots)) + held + sums),
        rows=_lines(3, [f"s_{s} = trace[t, {k}, b, low:high]" for k, s in enumerate(states)]),
        body=_lines(4, [*lines, into, *adds, *stores]),
    )
    return _compiled("adjoint", _module(text, emitter, dtype), dtype)


def _parameter_views(parameters: tuple[str, ...], expressions: list[Expression]) -> list[str]:
    used = {str(e.value) for e in expressions if e.operation == "symbol"}
    return [f"p_{q} = p[{k}, low:high]" for k, q in enumerate(parameters) if f"p_{q}" in used]


def _names(parameters: tuple[str, ...], states: tuple[str, ...]) -> dict[str, str]:
    names = {f"p_{q}": f"p_{q}[j]" for q in parameters}
    names |= {f"s_{s}": f"s_{s}[j]" for s in states}
    names |= {f"g_after_{s}": f"gs_{s}[j]" for s in states}
    return names | {"current": "current[j]", "g_output": "g_output[j]"}
