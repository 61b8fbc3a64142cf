"""How regular spike trains are: intervals between spikes and what is computed from them, one value a neuron.

All take the spikes of a population as two arrays, in any order: times_s, and neurons, whose each spike is. A neuron
with too few spikes has NaN: nothing is known of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array, array_of, whole
from spikenet.spike_trains.checked import seconds


def by_neuron(name: str, times_s: Any, neurons: Any, n: int) -> tuple[Array, Array]:
    """(times sorted by neuron, then by time; (n + 1,) where each neuron's begin)."""
    times = seconds(f"{name}: times_s", times_s)
    who = array_of(f"{name}: neurons", neurons)
    n = whole(f"{name}: n", n)
    if times.ndim != 1 or who.shape != times.shape:
        raise ValueError(f"{name}: expected one neuron a spike, got {times.shape} times and {who.shape} neurons")
    if who.size and (who.dtype.kind not in "iu" or int(who.min()) < 0 or int(who.max()) >= n):
        raise ValueError(f"{name}: expected neurons 0 to {n - 1}, got {who.min()} to {who.max()}")
    order = np.lexsort((times, who))
    counts = np.bincount(who.astype(np.int64), minlength=n) if who.size else np.zeros(n, np.int64)
    return times[order], np.concatenate([[0], np.cumsum(counts)])


def intervals_s(times_s: Any, neurons: Any, n: int) -> tuple[Array, Array]:
    """(intervals between successive spikes of one neuron, the neuron of each)."""
    times, starts = by_neuron("intervals_s", times_s, neurons, n)
    owner = np.repeat(np.arange(n), np.diff(starts))
    inside = owner[1:] == owner[:-1]
    return np.diff(times)[inside], owner[1:][inside]


def cv(times_s: Any, neurons: Any, n: int) -> Array:
    """(n,) coefficient of variation of the intervals, 1 for a Poisson process; NaN below 3 spikes."""
    gaps, owner = intervals_s(times_s, neurons, n)
    many = np.bincount(owner, minlength=n)
    mean = _mean(gaps, owner, many, n)
    spread = np.sqrt(_mean((gaps - mean[owner]) ** 2, owner, many, n))
    return np.where(many >= 2, spread / np.where(mean > 0, mean, np.nan), np.nan)


def cv2(times_s: Any, neurons: Any, n: int) -> Array:
    """(n,) mean of 2 |b - a| / (b + a) over successive gaps. Source: Holt et al. 1996, J. Neurophysiol. 75:1806."""
    a, b, owner = _pairs(times_s, neurons, n)
    return _mean(2 * _contrast(a, b), owner, np.bincount(owner, minlength=n), n)


def lv(times_s: Any, neurons: Any, n: int) -> Array:
    """(n,) local variation: mean of 3 ((a - b) / (a + b))^2. Source: Shinomoto et al. 2003, Neural Comput. 15:2823."""
    a, b, owner = _pairs(times_s, neurons, n)
    return _mean(3 * _contrast(a, b) ** 2, owner, np.bincount(owner, minlength=n), n)


def _pairs(times_s: Any, neurons: Any, n: int) -> tuple[Array, Array, Array]:
    gaps, owner = intervals_s(times_s, neurons, n)
    inside = owner[1:] == owner[:-1]
    return gaps[:-1][inside], gaps[1:][inside], owner[1:][inside]


def _contrast(a: Array, b: Array) -> Array:
    """|a - b| / (a + b); NaN where both are 0, three spikes at one time."""
    total = a + b
    return np.asarray(np.where(total > 0, np.abs(a - b) / np.where(total > 0, total, 1), np.nan))


def _mean(values: Array, owner: Array, many: Array, n: int) -> Array:
    total = np.bincount(owner, weights=values, minlength=n)
    return np.where(many > 0, total / np.maximum(many, 1), np.nan)
