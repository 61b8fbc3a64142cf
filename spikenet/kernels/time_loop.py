"""The loop over time, forward and adjoint, written once for every neuron model.

The threads share (batch row, block of neurons); each takes its block through all steps, so its states stay in the
nearest cache, no two threads touch one sum, and results do not depend on the number of threads. Time is cut into
segments of `span` steps. The forward loop keeps the states before each segment and nothing else; the adjoint takes the
segments from the last to the first, runs each again, keeping of every step what `derive.tape` names in a scratch that
fits the cache, then walks it backwards. Where that is the surrogate's slope alone, and the slope is mostly 0, the
forward loop lists the others at once, and nothing is run again.

Arrays, all C-contiguous and of one float type:
    p     (parameters, n)           one row a parameter
    state (states, batch, n)        before; overwritten by the state after the last step
    x     (steps or 1, batch, n)    current; one step stands for all when it does not change
    out   (steps or 0, batch, n)    output; empty to write none, where only its events are asked for
    kept  (segments or 0, states, batch, n)     states before each segment; empty to keep none
    columns, counts                 where the neurons fired, as `events` lists it; empty to list nothing
    wanted, n_wanted                likewise, where the surrogate is not 0; empty to list nothing
    slopes (tasks or 0, n_listed)   its values there, end to end for each task; empty where segments are run again
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
from spikenet.derive.tape import is_all, tape
from spikenet.derive.trace import Trace, surrogate_name
from spikenet.kernels.by_source import FIRST_PLACES
from spikenet.kernels.events import BLOCK, list_fired
from spikenet.kernels.noise import uniform
from spikenet.kernels.row import multiply_row
from spikenet.kernels.tasks import in_parallel
from spikenet.kernels.time_text import ADJOINT, AGAIN, FETCH, FORWARD, SLOPES
from spikenet.kernels.unowned import keep, unowned
from spikenet.kernels.vector_products import prefetch, prefetch_to_write
from spikenet.neurons.surrogate import Surrogate

_ARRAYS = {  # (axes, whether it is only read, type where it is not the loop's own) of each argument
    "forward": (
        *((2, True, None), (3, False, None), (3, True, None), (3, False, None), (4, False, None)),
        *((3, False, numba.uint16), (3, False, numba.int32)) * 2,
        (2, False, None),
    ),
    "adjoint": (
        *((axes, True, None) for axes in (2, 4, 3, 3, 2)),
        *((3, True, numba.uint16), (3, True, numba.int32), (2, True, None)),
        *((3, False, None),) * 3,
    ),
}


def _lines(depth: int, lines: list[str]) -> str:
    return "\n".join("    " * depth + line for line in lines or ["pass"])


_STATE = {"forward": 1, "adjoint": 8}  # the argument whose shape is (states, batch, n)


def _over_tasks(run: Callable[..., None], name: str) -> Callable[..., None]:
    """The loop over all tasks: a block of neurons of a batch row each."""

    def loop(*arguments: Any) -> None:
        batch, n = arguments[_STATE[name]].shape[1:]
        run(batch * -(-n // BLOCK), *arguments)

    return loop


@cache
def _compiled(name: str, source: str, dtype: str) -> Callable[..., None]:
    """The loop in the emitted `source`, compiled once for all models that come to the same text."""
    number = numba.from_dtype(np.dtype(dtype))
    arrays = (numba.types.Array(own or number, axes, "C", readonly=read) for axes, read, own in _ARRAYS[name])
    kinds = (*arrays, numba.int64, numba.int64)
    names = {"np": np, "math": math, "list_fired": list_fired, "multiply_row": multiply_row}
    names |= {
        "unowned": unowned,
        "keep": keep,
        "prefetch": prefetch,
        "prefetch_to_write": prefetch_to_write,
        "uniform": uniform,
        "FIRST_PLACES": FIRST_PLACES,
    }
    one = compiled_source(name, source, names, (numba.int64, *kinds), parallel=False)
    return _over_tasks(in_parallel(one, kinds), name)


def _module(text: str, emitter: Emitter, dtype: str) -> str:
    return f"{emitter.header(dtype)}\nBLOCK = {BLOCK}\n{text}"


@cache
def forward_loop(
    model: Trace, parameters: tuple[str, ...], dtype: str, surrogate: Surrogate | None = None
) -> Callable[..., Any]:
    """The compiled loop `forward(p, state, x, out, kept, columns, counts, wanted, n_wanted, slopes, steps, span)`.

    parameters: names of the rows of p; it may hold more than the model uses
    dtype     : "float32" or "float64"
    surrogate : lists where it is not 0 in `wanted`; None for a loop that never lists it
    """
    emitter = Emitter()
    names = _names(parameters, model.states)
    roots = (*model.after, model.output)
    if surrogate is not None:
        roots = (*roots, slope := slope_of(model, surrogate), apply("absolute", slope))
    lines, results = emitter.statements(roots, names)
    held = [f"s_{s} = state[{k}, b, low:high]" for k, s in enumerate(model.states)]
    stores = [f"s_{s}[j] = {value}" for s, value in zip(model.states, results, strict=False)]
    stores += [f"output[j] = {results[len(model.states)]}"]
    stores += [f"slope[j] = {results[-2]}", f"size[j] = {results[-1]}"] if surrogate is not None else []
    text = FORWARD.format(
        views=_lines(1, _parameter_views(parameters, ordered(roots)) + held),
        keep=_lines(3, _saved(model.states, "kept[segment, {k}, b, low:high]")),
        body=_lines(3, [*lines, *stores]),
    )
    return _compiled("forward", _module(text, emitter, dtype), dtype)


@cache
def adjoint_loop(
    rules: Adjoint, parameters: tuple[str, ...], repeated: bool, dtype: str, listed: bool = False
) -> Callable[..., Any]:
    """The compiled loop `adjoint(p, kept, x, g_out, w, wanted, n_wanted, slopes, g_state, g_x, g_p, steps, span)`.

    g_out  : (steps or 1, batch, n) gradient of the output; one step stands for all
    w      : (0, n), or (m, n): then g_out is (steps or 1, batch, m), and the gradient of the output its product with w
    g_state: (states, batch, n) gradient of the states after the last step; overwritten by that of the first ones
    g_x    : (steps, batch, n), or (1, batch, n) zeros when `repeated`: then the sum over time
    g_p    : (learnt parameters, batch, n) zeros; sums over time, one a batch row so that no two threads share a sum
    listed : the slopes are given; kept and x are not looked at, span is steps
    """
    emitter = Emitter()
    states = rules.model.states
    names = _names(parameters, states)
    learnt = [name for name, _ in rules.g_parameters]
    kept, roots = tape(rules).kept, tape(rules).roots
    again, values = emitter.statements((*kept, *rules.model.after), names)
    lines, results = emitter.statements(roots, names | {f"kept_{k}": f"kept_{k}[j]" for k in range(len(kept))})
    before, g_current, g_learnt = results[: len(states)], results[len(states)], results[len(states) + 1 :]
    held = [f"gs_{s} = g_state[{k}, b, low:high]" for k, s in enumerate(states)]  # gs_: a state may be called "x"
    held += [f"s_{s} = unowned(row)[{k + 1}]" for k, s in enumerate(states)]
    sums = [f"sum_{q} = g_p[{k}, b, low:high]" for k, q in enumerate(learnt)]
    stores = [f"gs_{s}[j] = {value}" for s, value in zip(states, before, strict=True)]
    adds = [f"sum_{q}[j] += {value}" for q, value in zip(learnt, g_learnt, strict=True)]
    into = f"g_current[j] {'+=' if repeated else '='} {g_current}"
    keeps = [f"kept_{k}[j] = {value}" for k, value in enumerate(values[: len(kept)])]
    keeps += [f"s_{s}[j] = {value}" for s, value in zip(states, values[len(kept) :], strict=True)]
    rerun = AGAIN.format(
        start="\n".join(_copied(states, "s_{s}", "kept[segment, {k}, b, low:high]")),
        rows=_lines(1, [f"kept_{k} = scratch[k, {k}]" for k in range(len(kept))]),
        repeat=_lines(2, [*again, *keeps]),
    )
    runs = bool(kept) and not listed  # a model without factors needs no past
    each = [f"kept_{k} = scratch[t - first, {k}]" for k in range(len(kept))]
    uses_current = symbol("current") in set(ordered(roots))
    text = ADJOINT.format(
        n_kept=len(kept),
        views=_lines(1, _parameter_views(parameters, ordered((*roots, *kept, *rules.model.after))) + held + sums),
        again=_lines(2, rerun.strip().split("\n") if runs else []),
        fetch=_lines(3, [] if runs else FETCH.strip().split("\n")),
        current=_lines(3, ["current = x[t if x.shape[0] > 1 else 0, b, low:high]"] if uses_current else []),
        rows=_lines(3, SLOPES.strip().split("\n") if listed else each),
        body=_lines(4, [*lines, into, *adds, *stores]),
    )
    return _compiled("adjoint", _module(text, emitter, dtype), dtype)


def slope_of(model: Trace, surrogate: Surrogate) -> Expression:
    """The derivative that stands for that of the spike."""
    assert model.distance is not None
    slope: Expression = surrogate.derivative_at(model.distance, symbol(f"p_{surrogate_name(surrogate)}"))
    return slope


def slope_is_all(rules: Adjoint | None, model: Trace, surrogate: Surrogate | None) -> bool:
    """Whether `rules` need nothing of a step but the surrogate's derivative, so nothing where that is 0."""
    return rules is not None and surrogate is not None and is_all(rules, slope_of(model, surrogate))


def _saved(states: tuple[str, ...], place: str) -> list[str]:
    """Lines that copy each state's row to its `place`."""
    views = [f"to_{s} = {place.format(k=k)}" for k, s in enumerate(states)]
    return [*views, "for j in range(width):", *(f"    to_{s}[j] = s_{s}[j]" for s in states)] if states else []


def _copied(states: tuple[str, ...], to: str, place: str) -> list[str]:
    """Lines that copy each state's row from `place`."""
    views = [f"from_{s} = {place.format(k=k)}" for k, s in enumerate(states)]
    copies = [f"    {to.format(s=s)}[j] = from_{s}[j]" for s in states]
    return [*views, "for j in range(width):", *copies] if states else []


def _parameter_views(parameters: tuple[str, ...], expressions: list[Expression]) -> list[str]:
    used = {str(e.value) for e in expressions if e.operation == "symbol"}
    return [f"p_{q} = p[{k}, low:high]" for k, q in enumerate(parameters) if f"p_{q}" in used]


def _names(parameters: tuple[str, ...], states: tuple[str, ...]) -> dict[str, str]:
    names = {f"p_{q}": f"p_{q}[j]" for q in parameters}
    names |= {f"s_{s}": f"s_{s}[j]" for s in states}
    names |= {f"g_after_{s}": f"gs_{s}[j]" for s in states}
    return names | {"current": "current[j]", "g_output": "g_output[j]"}
