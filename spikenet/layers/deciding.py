"""Classification that stops as soon as it is clear: easy samples take few steps, and no further work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.errors import Array, positive, whole
from spikenet.graph import Tensor, TensorLike, no_grad
from spikenet.layers.layer import Layer, State, as_input, dtype_of
from spikenet.layers.state_leaves import leaves, with_leaves


@dataclass(frozen=True)
class Decisions:
    """What was decided for each sample, and when.

    labels: (batch,) class with the largest output, summed over the steps used; the lowest of equal ones
    steps : (batch,) steps used
    sums  : (batch, classes) outputs summed over them: spike counts
    """

    labels: npt.NDArray[np.int64]
    steps: npt.NDArray[np.int64]
    sums: Array


def decide(net: Layer, x: TensorLike, *, margin: float | None = None, steps_at_once: int = 4) -> Decisions:
    """Runs `net` until the class of each sample is decided; decided samples leave the batch, so their work is saved.

    x            : (steps, batch, ...)
    margin       : a sample is decided once its leading class is this much, in spikes or in units of the readout, ahead
                   of the second; > 0. None: once no other class can overtake in the steps that are left, so that the
                   decisions are those of the whole sequence; needs an output of spikes, at most one a step
    steps_at_once: steps between two looks at the outputs, >= 1: fewer stop sooner, more cost fewer calls

    The net gives (steps, batch, classes), samples being independent. A product of another size may round
    differently, as in `stream`.

    Raises TypeError when net is no layer, ValueError for outputs of another shape or, without a margin, other outputs
    than spikes.
    """
    if isinstance(net, type) or not isinstance(net, Layer):
        raise TypeError(f"decide: net: expected a layer, got {net!r:.60}")
    ahead = None if margin is None else positive("decide: margin", margin)
    length = whole("decide: steps_at_once", steps_at_once)
    x = as_input("decide", x, dtype_of(net.parameters()))
    if x.ndim < 3 or not x.size:
        raise ValueError(f"decide: expected input (steps, batch, ...) without empty axes, got {x.shape}")
    with no_grad():
        return _decide(net, x.data, ahead, length)


def _decide(net: Layer, x: Array, margin: float | None, length: int) -> Decisions:
    steps, batch = x.shape[:2]
    open_rows = np.arange(batch)  # of samples that are not decided
    used = np.full(batch, steps)
    sums: Array | None = None
    state: State | None = None
    alone: list[tuple[int, ...]] | None = None  # shapes of the state of one sample
    for start in range(0, steps, length):
        stop = min(start + length, steps)
        y, state = net.run(Tensor(_rows(x[start:stop], open_rows)), state)
        if y.ndim != 3 or y.shape[:2] != (stop - start, len(open_rows)):
            raise ValueError(f"decide: expected a net that gives (steps, batch, classes), got {y.shape}")
        if margin is None and not ((y.data == 0) | (y.data == 1)).all():
            raise ValueError("decide: expected an output of spikes, 0 or 1; other outputs need a margin")
        if sums is None:
            sums = np.zeros((batch, y.shape[2]), y.dtype)
        sums[open_rows] += y.data.sum(axis=0)
        clear = _is_clear(sums[open_rows], steps - stop, margin)
        used[open_rows[clear]] = stop
        if clear.all():
            break
        if clear.any():
            if alone is None:
                alone = [leaf.shape for leaf in leaves(net.run(Tensor(x[:1, :1]))[1])]
            state = _undecided(state, ~clear, alone)
            open_rows = open_rows[~clear]
    assert sums is not None
    return Decisions(sums.argmax(axis=1).astype(np.int64), used.astype(np.int64), sums)


def _is_clear(sums: Array, steps_left: int, margin: float | None) -> npt.NDArray[np.bool_]:
    """(batch,) whether the leading class is settled, for sums (batch, classes)."""
    rows, first = np.arange(len(sums)), sums.argmax(axis=1)
    lead = sums[rows, first][:, None] - sums  # over each class; 0 over itself
    if margin is not None:
        lead[rows, first] = np.inf
        return np.asarray((lead >= margin).all(axis=1))
    later = np.arange(sums.shape[1]) > first[:, None]  # a class that can only draw level wins if its label is lower
    safe = (lead > steps_left) | ((lead == steps_left) & later)
    safe[rows, first] = True
    return np.asarray(safe.all(axis=1))


def _rows(x: Array, rows: Array) -> Array:
    """Some samples of (steps, batch, ...); input that does not change over time stays a view with stride 0."""
    if x.strides[0] == 0 and len(x) > 1:
        return np.broadcast_to(x[0][rows], (len(x), len(rows), *x.shape[2:]))
    return x[:, rows]


def _undecided(state: State, kept: npt.NDArray[np.bool_], alone: list[tuple[int, ...]]) -> State | None:
    """The state of the samples that are kept.

    alone: shapes of the state's tensors for one sample: the axis that differs is the one that counts samples
    """
    shapes = iter(alone)

    def picked(leaf: Any) -> Any:
        axes = [axis for axis, (n, one) in enumerate(zip(leaf.shape, next(shapes), strict=True)) if n != one]
        if len(axes) != 1 or leaf.shape[axes[0]] != len(kept):
            raise ValueError(f"decide: expected a state with an axis of {len(kept)} samples, got {leaf.shape}")
        return Tensor(np.compress(kept, leaf.data, axis=axes[0]))

    return with_leaves(state, picked)
