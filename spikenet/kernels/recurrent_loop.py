"""The loop over time of a recurrent population, forward and adjoint, written once for every neuron model.

The current of step t is x[t] + output[t - 1] @ w. A thread takes a few batch rows (`group`) through all steps, so
nothing waits between steps: for each row the rows of w whose neuron fired are added to the current, the model runs, its
spikes are listed. The forward loop keeps on `tape` what `derive.tape` says the adjoint needs of every step; or, where
that would be too much memory, the states at the starts of segments only, and the adjoint runs each segment again, from
the spikes that were listed, before it walks it backwards. There the error that arrives at an output is
g_out[t] + w @ g_current[t + 1]: computed only where the surrogate is not 0, when those places are listed.

Arrays, C-contiguous and of one float type, rows being (step, batch row):
    p     (parameters, n)               one row a parameter
    state (states, batch, n)            before; overwritten by the state after the last step
    last  (batch, n)                    output of the step before the first; overwritten by the last output
    x     (steps or 1, batch, n)        current from outside; one step stands for all when it does not change
    w, back (tiles, n, lanes)           weight (from, to) and its transpose, as `recurrent_products.packed` lays it out
    out   (rows or 0, n)                output; empty to write none
    kept  (segments or 0, states, batch, n)     states before each segment; empty to keep none
    tape  (rows or 0, factors, n)       what the adjoint needs of every step; empty to keep none. Or (batch, 1, steps n)
                                        where that is the surrogate's slope: where it is not 0, end to end for each row
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
from spikenet.derive.tape import tape
from spikenet.derive.trace import Trace
from spikenet.kernels.events import BLOCK, list_fired
from spikenet.kernels.noise import uniform
from spikenet.kernels.recurrent_products import add_dense, add_wanted, copy_rows, fetch_rows, lanes_of, spikes_adder
from spikenet.kernels.recurrent_text import ADJOINT, AGAIN, FORWARD, LISTING, SLOPES, SPREAD
from spikenet.kernels.tasks import in_parallel
from spikenet.kernels.time_loop import slope_of
from spikenet.kernels.unowned import keep, unowned
from spikenet.neurons.surrogate import Surrogate

_U, _I = numba.uint16, numba.int32
_ARRAYS: dict[str, tuple[tuple[str, int, bool, Any], ...]] = {  # (name, axes, only read, type if not the loop's own)
    "recurrent_forward": (
        *(("p", 2, True, None), ("state", 3, False, None), ("last", 2, False, None), ("x", 3, True, None)),
        *(("w", 3, True, None), ("out", 2, False, None), ("kept", 4, False, None), ("tape", 3, False, None)),
        *(("columns", 2, False, _U), ("counts", 2, False, _I), ("wanted", 2, False, _U), ("n_wanted", 2, False, _I)),
    ),
    "recurrent_adjoint": (
        *(("p", 2, True, None), ("kept", 4, True, None), ("last", 2, True, None), ("x", 3, True, None)),
        *(("out", 2, True, None), ("w", 3, True, None), ("w_rows", 2, True, None), ("back", 3, True, None)),
        *(("columns", 2, True, _U), ("counts", 2, True, _I), ("wanted", 2, True, _U), ("n_wanted", 2, True, _I)),
        *(("tape", 3, True, None), ("g_out", 3, True, None), ("g_last", 2, True, None)),
        *(("g_state", 3, False, None), ("g_x", 3, False, None), ("g_p", 3, False, None)),
    ),
}


def _over_groups(run: Callable[..., None], name: str) -> Callable[..., None]:
    """The loop over all tasks: a group of batch rows each."""
    last = [argument for argument, *_ in _ARRAYS[name]].index("last")

    def loop(*arguments: Any) -> None:
        batch, group = arguments[last].shape[0], arguments[-1]
        run(-(-batch // group), *arguments)

    return loop


def _lines(depth: int, lines: list[str]) -> str:
    return "\n".join("    " * depth + line for line in lines or ["pass"])


@cache
def _compiled(name: str, source: str, dtype: str) -> Callable[..., Any]:
    """The loop in the emitted `source`, compiled once for all models that come to the same text."""
    number = numba.from_dtype(np.dtype(dtype))
    arrays = (numba.types.Array(own or number, axes, "C", readonly=read) for _, axes, read, own in _ARRAYS[name])
    kinds = (*arrays, *[numba.int64] * 3)
    names = {"np": np, "math": math, "list_fired": list_fired, "add_dense": add_dense}
    names |= {"add_wanted": add_wanted, "add_spikes": spikes_adder(lanes_of(dtype)), "fetch_rows": fetch_rows}
    names |= {"uniform": uniform, "copy_rows": copy_rows, "unowned": unowned, "keep": keep}
    one = compiled_source(name, source, names, (numba.int64, *kinds), parallel=False)
    return _over_groups(in_parallel(one, kinds), name)


def _arguments(name: str) -> str:
    return ", ".join([*(argument for argument, *_ in _ARRAYS[name]), "steps", "span"])


def _module(text: str, emitter: Emitter, dtype: str) -> str:
    return f"{emitter.header(dtype)}\nBLOCK = {BLOCK}\n{text}"


@cache
def forward_loop(
    model: Trace,
    parameters: tuple[str, ...],
    dtype: str,
    surrogate: Surrogate | None = None,
    factors: tuple[Expression, ...] = (),
    listed: bool = False,
) -> Callable[..., Any]:
    """The compiled loop `recurrent_forward(p, ..., steps, span, group)` of a model.

    parameters: names of the rows of p; it may hold more than the model uses
    dtype     : "float32" or "float64"
    surrogate : lists where it is not 0 in `wanted`; None for a loop that never lists it
    factors   : what is written to `tape` at every step
    listed    : of the one factor only what is not 0
    """
    emitter = Emitter()
    roots = (*model.after, model.output, *factors)
    if surrogate is not None:
        roots = (*roots, apply("absolute", slope_of(model, surrogate)))
    lines, results = emitter.statements(roots, _names(parameters, model.states))
    n_states = len(model.states)
    stores = [f"s_{s}[j] = {value}" for s, value in zip(model.states, results, strict=False)]
    stores += [f"output[j] = {results[n_states]}"]
    stores += [f"kept_{k}[j] = {value}" for k, value in enumerate(results[n_states + 1 :][: len(factors)])]
    stores += [f"slope[j] = {results[-1]}"] if surrogate is not None else []
    text = FORWARD.format(
        arguments=_arguments("recurrent_forward"),
        bare=_bare("recurrent_forward"),
        views=_lines(1, _parameter_views(parameters, roots)),
        recur=_lines(3, _recur(model, "currents", "fired, 0, n_fired", "sent, 0")),
        held=_lines(3, [f"s_{s} = state[{k}, b]" for k, s in enumerate(model.states)]),
        keep=_lines(4, _copied(model.states, "kept[segment, {k}, b]", "state[{k}, b]")),
        taped=_lines(3, ["kept_0 = factor"] if listed else [f"kept_{k} = tape[at, {k}]" for k in range(len(factors))]),
        body=_lines(4, [*lines, *stores]),
        listing=_lines(3, (LISTING + SLOPES * listed).strip().split("\n") if model.spikes else []),
    )
    return _compiled("recurrent_forward", _module(text, emitter, dtype), dtype)


@cache
def adjoint_loop(rules: Adjoint, parameters: tuple[str, ...], dtype: str, listed: bool = False) -> Callable[..., Any]:
    """The compiled loop `recurrent_adjoint(p, ..., steps, span, group)` of a model.

    w_rows : weight (n, n), or with the (n, m) of the next layer behind it, as `recurrent_products.wide_rows` makes it
    back   : its transpose, packed
    g_out  : (steps or 1, batch, n) gradient of the output; one step stands for all. Or (steps or 1, batch, m), m < n,
             where w_rows holds the weights that it comes back through
    g_last : (batch, n) gradient of the last output, where it is carried on as a state
    g_state: (states, batch, n) gradient of the states after the last step; overwritten by that of the first ones
    g_x    : (steps, batch, n) gradient of the current of every step
    g_p    : (learnt parameters, batch, n) zeros; sums over time, one a batch row so that no two threads share a sum
    listed : of the one factor the tape has only what is not 0
    """
    emitter = Emitter()
    model, states = rules.model, rules.model.states
    names = _names(parameters, states)
    learnt = [name for name, _ in rules.g_parameters]
    kept, roots = tape(rules).kept, tape(rules).roots
    again, values = emitter.statements((*kept, *model.after), names)
    lines, results = emitter.statements(roots, names | {f"kept_{k}": f"kept_{k}[j]" for k in range(len(kept))})
    g_before, g_learnt = results[: len(states)], results[len(states) + 1 :]
    stores = [f"gs_{s}[j] = {value}" for s, value in zip(states, g_before, strict=True)]
    adds = [f"sum_{q}[j] += {value}" for q, value in zip(learnt, g_learnt, strict=True)]
    into = [f"g_current[j] = {results[len(states)]}", f"into[j] = {results[len(states)]}"]
    rows = [f"gs_{s} = g_state[{k}, b]" for k, s in enumerate(states)]  # gs_: a state may be called "x"
    rows += [f"sum_{q} = g_p[{k}, b]" for k, q in enumerate(learnt)]
    taped = [f"kept_{k} = tape[at, {k}] if tape.shape[0] > 0 else scratch[k, {k}, r]" for k in range(len(kept))]
    rows += SPREAD.strip().split("\n") if listed else taped
    rows += ["current = currents[k, r]"] if symbol("current") in set(ordered(roots)) else []
    place = "t * batch + first - batch"  # of the step before
    keeps = [f"kept_{k}[j] = {value}" for k, value in enumerate(values[: len(kept)])]
    keeps += [f"s_{s}[j] = {value}" for s, value in zip(states, values[len(kept) :], strict=True)]
    rerun = AGAIN.format(
        recur=_lines(3, _recur(model, "currents[k]", f"columns, {place}, counts", f"out, {place}")),
        held=_lines(3, [f"s_{s} = unowned(states)[{i}, r]" for i, s in enumerate(states)]),
        start=_lines(4, _copied(states, "unowned(states)[{k}, r]", "kept[segment, {k}, b]")),
        taped=_lines(3, [f"kept_{k} = scratch[k, {k}, r]" for k in range(len(kept))]),
        repeat=_lines(4, [*again, *keeps]),
    )
    text = ADJOINT.format(
        arguments=_arguments("recurrent_adjoint"),
        bare=_bare("recurrent_adjoint"),
        n_kept=len(kept),
        views=_lines(1, _parameter_views(parameters, (*roots, *kept, *model.after))),
        again=_lines(
            2, rerun.strip().split("\n") if kept and not listed else []
        ),  # a model without factors needs no past
        rows=_lines(4, rows),
        body=_lines(5, [*lines, *into, *adds, *stores]),
    )
    return _compiled("recurrent_adjoint", _module(text, emitter, dtype), dtype)


def _recur(model: Trace, into: str, events: str, outputs: str) -> list[str]:
    """Lines that make the current of a step from the given one and the outputs of the step before."""
    if model.spikes:
        return [f"add_spikes(given, first, {into}, rows, w, {events}, spare)"]
    return [f"copy_rows(given, first, rows, {into})", f"add_dense({into}, rows, w, {outputs})"]


def _bare(name: str) -> str:
    """Lines that make views of the arguments count no references."""
    return _lines(1, [f"{argument} = unowned({argument})" for argument, *_ in _ARRAYS[name]])


def _copied(states: tuple[str, ...], to: str, place: str) -> list[str]:
    """Lines that copy each state's row from `place`."""
    views = [f"into_{s}, from_{s} = {to.format(k=k)}, {place.format(k=k)}" for k, s in enumerate(states)]
    return [*views, "for j in range(n):", *(f"    into_{s}[j] = from_{s}[j]" for s in states)] if states else ["pass"]


def _parameter_views(parameters: tuple[str, ...], roots: tuple[Expression, ...]) -> list[str]:
    used = {str(e.value) for e in ordered(roots) if e.operation == "symbol"}
    return [f"p_{q} = p[{k}]" for k, q in enumerate(parameters) if f"p_{q}" in used]


def _names(parameters: tuple[str, ...], states: tuple[str, ...]) -> dict[str, str]:
    names = {f"p_{q}": f"p_{q}[j]" for q in parameters}
    names |= {f"s_{s}": f"s_{s}[j]" for s in states}
    names |= {f"g_after_{s}": f"gs_{s}[j]" for s in states}
    return names | {"current": "current[j]", "g_output": "g_output[j]"}
