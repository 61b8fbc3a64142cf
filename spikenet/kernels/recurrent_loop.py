"""The loop over time of a recurrent population, forward and adjoint, written once for every neuron model.

The current of step t is x[t] + output[t - 1] @ w. A thread takes a few batch rows (`group`) through all steps, so
nothing waits between steps: for each row the rows of w whose neuron fired are added to the current, the model runs, its
spikes are listed. As in `time_loop`, the forward loop keeps the states at the starts of segments only, and the adjoint
runs each segment again, from the spikes that were listed, before it walks it backwards. There the error that arrives at
an output is g_out[t] + w @ g_current[t + 1]: computed only where the surrogate is not 0, when those places are listed.

Arrays, C-contiguous and of one float type, rows being (step, batch row):
    p     (parameters, n)               one row a parameter
    state (states, batch, n)            before; overwritten by the state after the last step
    last  (batch, n)                    output of the step before the first; overwritten by the last output
    x     (steps or 1, batch, n)        current from outside; one step stands for all when it does not change
    w, back (tiles, n, lanes)           weight (from, to) and its transpose, as `recurrent_products.packed` lays it out
    out   (rows or 0, n)                output; empty to write none
    kept  (segments or 0, states, batch, n)     states before each segment; empty to keep none
    columns, counts                     where the neurons fired, as `events` lists it; graded models leave it alone
    wanted, n_wanted                    likewise, where the surrogate is not 0; empty to list nothing
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np

from spikenet.derive.adjoint import Adjoint
from spikenet.derive.compile import compiled_source
from spikenet.derive.emit import Emitter
from spikenet.derive.expression import Expression, apply, ordered, symbol
from spikenet.derive.trace import Trace, surrogate_name
from spikenet.kernels.by_address import address_of, call_at
from spikenet.kernels.events import BLOCK, list_fired
from spikenet.kernels.noise import uniform
from spikenet.kernels.recurrent_products import add_dense, add_wanted, fetch_rows, lanes_of, spikes_adder
from spikenet.kernels.recurrent_text import ADJOINT, ALL_GROUPS, FORWARD, LISTING
from spikenet.neurons.surrogate import Surrogate

_U, _I = numba.uint16, numba.int32
_ARRAYS: dict[str, tuple[tuple[str, int, bool, Any], ...]] = {  # (name, axes, only read, type if not the loop's own)
    "recurrent_forward": (
        *(("p", 2, True, None), ("state", 3, False, None), ("last", 2, False, None), ("x", 3, True, None)),
        *(("w", 3, True, None), ("out", 2, False, None), ("kept", 4, False, None)),
        *(("columns", 2, False, _U), ("counts", 2, False, _I), ("wanted", 2, False, _U), ("n_wanted", 2, False, _I)),
    ),
    "recurrent_adjoint": (
        *(("p", 2, True, None), ("kept", 4, True, None), ("last", 2, True, None), ("x", 3, True, None)),
        *(("out", 2, True, None), ("w", 3, True, None), ("w_rows", 2, True, None), ("back", 3, True, None)),
        *(("columns", 2, True, _U), ("counts", 2, True, _I), ("wanted", 2, True, _U), ("n_wanted", 2, True, _I)),
        *(("g_out", 3, True, None), ("g_last", 2, True, None)),
        *(("g_state", 3, False, None), ("g_x", 3, False, None), ("g_p", 3, False, None)),
    ),
}


def _lines(depth: int, lines: list[str]) -> str:
    return "\n".join("    " * depth + line for line in lines or ["pass"])


@cache
def _compiled(name: str, source: str, dtype: str) -> Callable[..., Any]:
    """The loop in the emitted `source` over all groups, compiled once for all models that come to the same text."""
    signature = (*_signature(name, dtype), *[numba.int64] * 4)
    names = {"np": np, "math": math, "list_fired": list_fired, "add_dense": add_dense}
    names |= {"add_wanted": add_wanted, "add_spikes": spikes_adder(lanes_of(dtype)), "fetch_rows": fetch_rows}
    names["uniform"] = uniform
    one = compiled_source(name, source, names, signature, parallel=False)
    everyone = _groups(name, dtype)

    def loop(*arguments: Any) -> None:
        everyone(address_of(one), *arguments)

    return loop


@cache
def _groups(name: str, dtype: str) -> Callable[..., Any]:
    """The parallel loop over groups of batch rows, one for all models."""
    text = ALL_GROUPS.format(name=name, arguments=_arguments(name))
    signature = (numba.int64, *_signature(name, dtype), *[numba.int64] * 3)
    return compiled_source(f"{name}_groups", text, {"np": np, "numba": numba, "call_at": call_at}, signature)


def _signature(name: str, dtype: str) -> list[Any]:
    number = numba.from_dtype(np.dtype(dtype))
    return [numba.types.Array(own or number, axes, "C", readonly=read) for _, axes, read, own in _ARRAYS[name]]


def _arguments(name: str) -> str:
    return ", ".join([*(argument for argument, *_ in _ARRAYS[name]), "steps", "span"])


def _module(text: str, emitter: Emitter, dtype: str) -> str:
    return f"{emitter.header(dtype)}\nBLOCK = {BLOCK}\n{text}"


@cache
def forward_loop(
    model: Trace, parameters: tuple[str, ...], dtype: str, surrogate: Surrogate | None = None
) -> Callable[..., Any]:
    """The compiled loop `recurrent_forward(p, ..., steps, span, group)` of a model.

    parameters: names of the rows of p; it may hold more than the model uses
    dtype     : "float32" or "float64"
    surrogate : lists where it is not 0 in `wanted`; None for a loop that never lists it
    """
    emitter = Emitter()
    roots = (*model.after, model.output)
    if surrogate is not None:
        assert model.distance is not None
        width = symbol(f"p_{surrogate_name(surrogate)}")
        roots = (*roots, apply("absolute", surrogate.derivative_at(model.distance, width)))
    lines, results = emitter.statements(roots, _names(parameters, model.states))
    stores = [f"s_{s}[j] = {value}" for s, value in zip(model.states, results, strict=False)]
    stores += [f"output[j] = {results[len(model.states)]}"]
    stores += [f"slope[j] = {results[-1]}"] if surrogate is not None else []
    text = FORWARD.format(
        arguments=_arguments("recurrent_forward"),
        views=_lines(1, _parameter_views(parameters, roots)),
        recur="add_spikes(currents, rows, w, fired, 0, n_fired, spare)"
        if model.spikes
        else "add_dense(currents, rows, w, sent, 0)",
        held=_lines(3, [f"s_{s} = state[{k}, b]" for k, s in enumerate(model.states)]),
        keep=_lines(4, _copied(model.states, "kept[segment, {k}, b]", "state[{k}, b]")),
        body=_lines(4, [*lines, *stores]),
        listing=_lines(3, LISTING.strip().split("\n") if model.spikes else []),
    )
    return _compiled("recurrent_forward", _module(text, emitter, dtype), dtype)


@cache
def adjoint_loop(rules: Adjoint, parameters: tuple[str, ...], dtype: str) -> Callable[..., Any]:
    """The compiled loop `recurrent_adjoint(p, ..., steps, span, group)` of a model.

    w_rows : weight (n, width) with rows filled up with 0, as `recurrent_products.wide_rows` makes it
    g_out  : (steps or 1, batch, n) gradient of the output; one step stands for all
    g_last : (batch, n) gradient of the last output, where it is carried on as a state
    g_state: (states, batch, n) gradient of the states after the last step; overwritten by that of the first ones
    g_x    : (steps, batch, n) gradient of the current of every step
    g_p    : (learnt parameters, batch, n) zeros; sums over time, one a batch row so that no two threads share a sum
    """
    emitter = Emitter()
    model, states = rules.model, rules.model.states
    names = _names(parameters, states)
    learnt = [name for name, _ in rules.g_parameters]
    again, after = emitter.statements(model.after, names)
    roots = (*rules.g_before, rules.g_current, *(g for _, g in rules.g_parameters))
    lines, results = emitter.statements(roots, names)
    g_before, g_learnt = results[: len(states)], results[len(states) + 1 :]
    stores = [f"gs_{s}[j] = {value}" for s, value in zip(states, g_before, strict=True)]
    adds = [f"sum_{q}[j] += {value}" for q, value in zip(learnt, g_learnt, strict=True)]
    into = [f"g_current[j] = {results[len(states)]}", f"into[j] = {results[len(states)]}"]
    held = [f"gs_{s} = g_state[{k}, b]" for k, s in enumerate(states)]  # gs_: a state may be called "x"
    sums = [f"sum_{q} = g_p[{k}, b]" for k, q in enumerate(learnt)]
    place = "t * batch + first - batch"  # of the step before
    text = ADJOINT.format(
        arguments=_arguments("recurrent_adjoint"),
        views=_lines(1, _parameter_views(parameters, (*roots, *model.after))),
        recur=f"add_spikes(currents[k], rows, w, columns, {place}, counts, spare)"
        if model.spikes
        else f"add_dense(currents[k], rows, w, out, {place})",
        start=_lines(5, _copied(states, "scratch[0, {k}, r]", "kept[segment, {k}, b]")),
        again=_lines(5, [f"s_{s}, to_{s} = scratch[k - 1, {i}, r], scratch[k, {i}, r]" for i, s in enumerate(states)]),
        repeat=_lines(6, [*again, *(f"to_{s}[j] = {value}" for s, value in zip(states, after, strict=True))]),
        rows=_lines(4, [*(f"s_{s} = scratch[k, {i}, r]" for i, s in enumerate(states)), *held, *sums]),
        body=_lines(5, [*lines, *into, *adds, *stores]),
    )
    return _compiled("recurrent_adjoint", _module(text, emitter, dtype), dtype)


def _copied(states: tuple[str, ...], to: str, place: str) -> list[str]:
    """Lines that copy each state's row from `place`."""
    views = [f"into_{s}, from_{s} = {to.format(k=k)}, {place.format(k=k)}" for k, s in enumerate(states)]
    return [*views, "for j in range(n):", *(f"    into_{s}[j] = from_{s}[j]" for s in states)] if states else []


def _parameter_views(parameters: tuple[str, ...], roots: tuple[Expression, ...]) -> list[str]:
    used = {str(e.value) for e in ordered(roots) if e.operation == "symbol"}
    return [f"p_{q} = p[{k}]" for k, q in enumerate(parameters) if f"p_{q}" in used]


def _names(parameters: tuple[str, ...], states: tuple[str, ...]) -> dict[str, str]:
    names = {f"p_{q}": f"p_{q}[j]" for q in parameters}
    names |= {f"s_{s}": f"s_{s}[j]" for s in states}
    names |= {f"g_after_{s}": f"gs_{s}[j]" for s in states}
    return names | {"current": "current[j]", "g_output": "g_output[j]"}
