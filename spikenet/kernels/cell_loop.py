"""The operation that carries a population through one step: states, threshold and the list of who fired, in one pass.

The text is emitted from a model's trace, so whatever has a step function can be simulated. A parameter that all neurons
share is a number read once; one of their own is a row. Inputs are read and set back to 0 for the next step.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np

from spikenet.derive.compile import compiled, compiled_source
from spikenet.derive.emit import Emitter
from spikenet.derive.operations import SPIKES
from spikenet.derive.trace import Trace
from spikenet.errors import Array
from spikenet.kernels.events import list_fired
from spikenet.kernels.noise import uniform
from spikenet.kernels.pointers import array_at
from spikenet.kernels.program import OPERATION
from spikenet.kernels.unowned import keep, unowned
from spikenet.kernels.vector import nan_bits

_longs_at = array_at("int64")

COUNTERS = ("rests",)  # states that count steps, and are numbers always
BLOCK = 1024  # neurons whose outputs are listed at once
WORDS = 8  # of an entry of the plan, before the addresses of parameters, states and inputs
(
    N,  # neurons of this thread's share
    FIRST,  # the first one's number in the population
    COUNTS,  # address of (SLOTS,) int32: how many fired
    PLACES,  # address of (SLOTS, CAPACITY) uint32: which
    CAPACITY,
    SLOTS,
    FAULT,  # address of two int64: step and neuron of the first value that is no number, step -1 for none
    OUTPUT,  # address of N numbers for what the neurons send on, or 0 to keep none
) = range(WORDS)

_CELLS = """
def cells(plan, at, t):
    n = plan[at + {N}]
    slot = t & (plan[at + {SLOTS}] - 1)
    listed = places_at(plan[at + {PLACES}] + 4 * plan[at + {CAPACITY}] * slot, n)
    room, places = np.empty({BLOCK}, np.{dtype}), np.empty({BLOCK}, np.uint16)
    scratch, columns = unowned(room), unowned(places)
{scalars}
    count = 0
    for low in range(0, n, {BLOCK}):
        width = min({BLOCK}, n - low)
        if plan[at + {OUTPUT}] != 0:
            sent = floats_at(plan[at + {OUTPUT}] + low * {size}, width)
        else:
            sent = scratch[:width]
{rows}
        for j in range(width):
{body}
{checks}
{listing}
    counts_at(plan[at + {COUNTS}], slot + 1)[slot] = count
    keep(room)
    keep(places)
"""

_CHECK = """\
        for k in range(0, width, 32):
            bits = nan_bits({row}, k)
            if bits != 0:
                note_fault(plan, at, t, low + k, bits)"""

_LISTING = """\
        fired = list_fired(sent, columns)
        first = plan[at + {FIRST}] + low
        for k in range(fired):
            listed[count + k] = first + columns[k]
        count += fired"""


@compiled()
def note_fault(plan: Array, at: int, t: int, low: int, bits: int) -> None:
    """Keeps step and number of the first neuron whose state is no number."""
    fault = _longs_at(plan[at + FAULT], 2)
    if fault[0] < 0:
        lowest = 0
        while not (bits >> lowest) & 1:
            lowest += 1
        fault[0], fault[1] = t, plan[at + FIRST] + low + lowest


@cache
def cell_operation(
    model: Trace, inputs: tuple[str, ...], silent: tuple[str, ...], own: frozenset[str], dtype: str
) -> Callable[..., None]:
    """The compiled operation of a model.

    inputs: symbols of the model that are inputs, set back to 0 once read
    silent: those that never get anything, and are 0
    own   : parameters of which every neuron has its own value
    dtype : "float32" or "float64"

    Its entry of the plan: WORDS words, the address of the parameters that are shared, then the addresses of the rows of
    those that are not, of the states and of the inputs, in the model's order.
    """
    shared = [q for q in model.parameters if q not in own]
    rows = (
        [f"p_{q}" for q in model.parameters if q in own] + [f"s_{s}" for s in model.states] + [f"i_{i}" for i in inputs]
    )
    names = {f"p_{q}": f"p_{q}[j]" if q in own else f"p_{q}" for q in model.parameters}
    names |= {f"s_{s}": f"s_{s}[j]" for s in model.states}
    names |= {i: f"i_{i}[j]" for i in inputs} | dict.fromkeys(silent, "zero")
    emitter = Emitter()
    lines, results = emitter.statements((*model.after, model.output), names)
    lines += [f"s_{s}[j] = {value}" for s, value in zip(model.states, results, strict=False)]
    lines += [f"sent[j] = {results[-1]}", *(f"i_{i}[j] = zero" for i in inputs)]
    size = np.dtype(dtype).itemsize
    scalars = [f"shared = floats_at(plan[at + {WORDS}], {len(shared)})"] if shared else []
    scalars += [f"p_{q} = shared[{k}]" for k, q in enumerate(shared)]
    # up to the next 32: rows are longer than the neurons, and what lies beyond them is 0
    views = [f"{row} = floats_at(plan[at + {WORDS + 1 + k}] + low * {size}, width)" for k, row in enumerate(rows)]
    checks = [_CHECK.format(row=f"s_{s}") for s in model.states if s not in COUNTERS]
    places = {
        name: globals()[name] for name in ("N", "FIRST", "COUNTS", "PLACES", "CAPACITY", "SLOTS", "OUTPUT", "BLOCK")
    }
    text = _CELLS.format(
        dtype=dtype, size=size, scalars=_indented(1, scalars), rows=_indented(2, views), body=_indented(3, lines),
        checks="\n".join(checks), listing=_LISTING.format(FIRST=FIRST) if emits(model) else "", **places,
    )  # fmt: skip
    return _compiled(f"{emitter.header(dtype)}\n{text}", dtype)


@cache
def _compiled(source: str, dtype: str) -> Callable[..., None]:
    names = {"np": np, "math": math, "list_fired": list_fired, "unowned": unowned, "keep": keep}
    names |= {"nan_bits": nan_bits, "note_fault": note_fault, "floats_at": array_at(dtype)}
    names |= {"places_at": array_at("uint32"), "counts_at": array_at("int32"), "uniform": uniform}
    return compiled_source("cells", source, names, OPERATION, parallel=False)


def emits(model: Trace) -> bool:
    """Whether the output is a spike, or a spike held back while the neuron rests."""
    sent = model.output
    while sent.operation in ("stop_gradient", "straight_through", "where"):
        sent = next(e for e in sent.operands[sent.operation == "where" :] if e.operation != "constant")
    return sent.operation in SPIKES


def _indented(depth: int, lines: list[str]) -> str:
    return "\n".join("    " * depth + line for line in lines)
