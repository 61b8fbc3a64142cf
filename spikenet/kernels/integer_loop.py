"""The loop over time of a model in integers, 64 bits wide, whatever its words: emitted around the lines of one step.

Fixed-point twins of float models and the chips' own integer models run in it. Words narrower than 64 bits are the
business of the lines. A task is a block of neurons of one row, taken through all steps, whose parameters and states lie
side by side in one array: more arrays than a few the compiler will not prove apart, and then it makes no vectors.

    p      (parameters, n)
    state  (states, rows, n)            before; overwritten by those after the last step
    x      (inputs, steps, rows, n)
    out    (steps, rows, n)
    kept   (states, steps or 0, rows, n)    after every step; empty to keep none
    counts (tasks, counters)            what the lines counted
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numba
import numpy as np

from spikenet.derive.compile import compiled_source
from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.memory import read_only
from spikenet.kernels.tasks import array, in_parallel
from spikenet.kernels.threads import enough_threads

BLOCK = 512  # neurons of a task
STRIDE = BLOCK + 8  # of a row of words: rows 4 KB apart would want the same lines of cache
NARROW = 128  # populations below this many neurons are laid out with the batch as one long row
NS_PER_UPDATE = 2.0

_TEXT = """
def integers(task, p, state, x, out, kept, counts):
    steps, rows, n = out.shape
    blocks = (n + BLOCK - 1) // BLOCK
    b, low = task // blocks, (task % blocks) * BLOCK
    width = min(low + BLOCK, n) - low
    high = low + width
    first = p.shape[0] * STRIDE
    room = np.zeros((p.shape[0] + state.shape[0]) * STRIDE, np.int64)
    for k in range(p.shape[0]):
        room[k * STRIDE : k * STRIDE + width] = p[k, low:high]
    for k in range(state.shape[0]):
        room[first + k * STRIDE : first + k * STRIDE + width] = state[k, b, low:high]
    for t in range(steps):
{views}
        sent = out[t, b, low:high]
{zeros}
        for j in range(width):
{body}
{sums}
        if kept.shape[1] > 0:
            for k in range(state.shape[0]):
                kept[k, t, b, low:high] = room[first + k * STRIDE : first + k * STRIDE + width]
    for k in range(state.shape[0]):
        state[k, b, low:high] = room[first + k * STRIDE : first + k * STRIDE + width]
"""


def parameter(k: int) -> str:
    """What the k-th parameter is called in the lines of a step."""
    return f"room[{k * STRIDE} + j]"


def state(k: int, parameters: int) -> str:
    """What the k-th state is called, of a model with so many parameters."""
    return f"room[{(parameters + k) * STRIDE} + j]"


def arrived(k: int) -> str:
    """What the k-th input is called."""
    return f"input_{k}[j]"


SENT = "sent[j]"


def counter(k: int) -> str:
    """What the k-th counter is called: a sum that the lines add to."""
    return f"counted_{k}"


@cache
def integer_loop(
    name: str, lines: tuple[str, ...], inputs: int, counters: int, functions: tuple[tuple[str, Any], ...] = ()
) -> Callable[..., None]:
    """run(tasks, p, state, x, out, kept, counts) of the model whose step the `lines` are.

    name     : of the model, which tells two apart whose lines are the same but call other functions
    functions: compiled functions the lines call, by the name under which they do
    """

    def indented(depth: int, some: list[str]) -> str:
        return "\n".join("    " * depth + line for line in some or ["pass"])

    text = f"# {name}\nBLOCK, STRIDE = {BLOCK}, {STRIDE}\n" + _TEXT.format(
        views=indented(2, [f"input_{k} = x[{k}, t, b, low:high]" for k in range(inputs)]),
        zeros=indented(2, [f"{counter(k)} = np.int64(0)" for k in range(counters)]),
        body=indented(3, list(lines)),
        sums=indented(2, [f"counts[task, {k}] += {counter(k)}" for k in range(counters)]),
    )
    kinds = (
        *(array("int64", 2, read=True), array("int64", 3, read=False), array("int64", 4, read=True)),
        *(array("int64", 3, read=False), array("int64", 4, read=False), array("int64", 2, read=False)),
    )
    names: Mapping[str, Any] = {"np": np, "math": math, **dict(functions)}
    one = compiled_source("integers", text, dict(names), (numba.int64, *kinds), parallel=False)
    return in_parallel(one, kinds)


def run(
    loop: Callable[..., None], p: Array, before: Array, x: Array, counters: int, *, states: bool
) -> tuple[Array, Array, Array, Array]:
    """(output (steps, ...), states after the last step, of every step or none, counters) of an `integer_loop`.

    p     : (parameters, ...) of the shape of the neurons or of its last axes, int64
    before: (states, ...) of the shape of the neurons
    x     : (inputs, steps, ...) likewise
    states: whether those of every step are wanted
    """
    shape = x.shape[2:]
    inner = p.shape[1:]
    size = int(np.prod(shape, dtype=np.int64))
    if np.prod(inner, dtype=np.int64) < NARROW:
        inner = shape
    n = int(np.prod(inner, dtype=np.int64))
    rows = size // n if n else 0
    fill = (1,) * (len(inner) + 1 - p.ndim)
    laid = np.ascontiguousarray(np.broadcast_to(p.reshape(len(p), *fill, *p.shape[1:]), (len(p), *inner)), np.int64)
    after = np.array(before, np.int64, order="C").reshape(len(before), rows, n)
    steps = x.shape[1]
    arriving = np.ascontiguousarray(x, np.int64).reshape(len(x), steps, rows, n)
    out = memory.empty((steps, rows, n), np.int64)
    kept = memory.empty((len(before), steps if states else 0, rows, n), np.int64)
    tasks = rows * -(-n // BLOCK)
    counts = np.zeros((tasks, max(counters, 1)), np.int64)
    with enough_threads(out.size * NS_PER_UPDATE):
        loop(tasks, read_only(laid.reshape(len(p), n)), after, read_only(arriving), out, kept, counts)
    every = kept.reshape(len(before), kept.shape[1], *shape)
    return out.reshape(steps, *shape), after.reshape(len(before), *shape), every, counts.sum(axis=0)
