"""Spikes and membranes back to numbers: what a readout over time says about each sample.

All take (steps, batch, classes); spikes are numbers >= 0: 0 and 1, or counts. Where two classes are level, a prediction
is the lower label, as np.argmax has it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.encode.check import batch
from spikenet.errors import Array, whole


def spike_counts(spikes: npt.ArrayLike) -> Array:
    """(batch, classes) spikes of each readout neuron, in the float type of `spikes`."""
    counts: Array = _spikes("spike_counts", spikes).sum(axis=0)
    return counts


def first_spike_steps(spikes: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """(batch, classes) step of each readout neuron's first spike; the number of steps where there is none."""
    fired = _spikes("first_spike_steps", spikes) > 0
    return np.where(fired.any(axis=0), fired.argmax(axis=0), len(fired)).astype(np.int64)


def predict_by_count(spikes: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """(batch,) class with the most spikes."""
    return _largest(_spikes("predict_by_count", spikes).sum(axis=0))


def predict_by_first_spike(spikes: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """(batch,) class that spikes first; class 0, as a tie of all, when none does."""
    return _largest(-first_spike_steps(spikes))


def predict_by_sum_membrane(membrane: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """(batch,) class whose membrane has the largest sum, and so the largest mean, over time."""
    return _largest(_readout("predict_by_sum_membrane", membrane).sum(axis=0))


def predict_by_max_membrane(membrane: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """(batch,) class whose membrane reaches the highest value at any step."""
    return _largest(_readout("predict_by_max_membrane", membrane).max(axis=0))


def predict_by_population(spikes: npt.ArrayLike, classes: int) -> npt.NDArray[np.int64]:
    """(batch,) class whose neurons spike most together; neighbours form a class: 30 neurons of 10 classes, 3 each.

    spikes: (steps, batch, n), n a multiple of `classes`
    """
    array, n = _spikes("predict_by_population", spikes), whole("predict_by_population: classes", classes)
    if array.shape[2] % n:
        raise ValueError(f"predict_by_population: expected a multiple of {n} neurons, got {array.shape[2]}")
    votes: Array = array.sum(axis=0).reshape(array.shape[1], n, -1).sum(axis=2)
    return _largest(votes)


def _largest(scores: Array) -> npt.NDArray[np.int64]:
    """(batch,) class of the largest score of (batch, classes)."""
    labels: npt.NDArray[np.int64] = np.argmax(scores, axis=1).astype(np.int64)
    return labels


def _spikes(name: str, values: Any) -> Array:
    array = _readout(name, values)
    if array.min() < 0:
        where = tuple(int(k) for k in np.argwhere(array < 0)[0])
        raise ValueError(
            f"{name}: expected spikes >= 0, got {array[where]} at index {where}; for membranes and spikes of both "
            "signs take predict_by_sum_membrane"
        )
    return array


def _readout(name: str, values: Any) -> Array:
    array = batch(name, values, axes=("steps", "batch"))
    if array.ndim != 3:
        raise ValueError(f"{name}: expected (steps, batch, classes), got shape {array.shape}")
    return array
