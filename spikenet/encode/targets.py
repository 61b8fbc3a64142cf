"""What a readout should do for a label: spike at a rate, or first at a step. For losses on rasters and on times."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.errors import Array, array_of, finite_number, whole


def target_spikes(
    labels: npt.ArrayLike, classes: int, steps: int, right_rate: float = 0.5, wrong_rate: float = 0.0, first: int = 0
) -> npt.NDArray[np.float32]:
    """(steps, batch, classes) regular spike trains: the labelled class at one rate, all others at another.

    labels     : (batch,) whole numbers in 0 .. classes - 1
    right_rate, wrong_rate: spikes per step, in [0, 1]; spike k falls into step floor(first + k / rate)
    first      : step of the first spike
    """
    numbers = _labels("target_spikes", labels, classes)
    n, begin = whole("target_spikes: steps", steps), whole("target_spikes: first", first, least=0)
    if begin >= n:
        raise ValueError(f"target_spikes: first: expected a step in 0 .. {n - 1}, got {begin}")
    trains = np.zeros((2, n), np.float32)
    for train, name, rate in zip(trains, ("wrong_rate", "right_rate"), (wrong_rate, right_rate), strict=True):
        value = finite_number(f"target_spikes: {name}", rate)
        if not 0 <= value <= 1:
            raise ValueError(f"target_spikes: {name}: expected spikes per step in [0, 1], got {value}")
        if value > 0:
            at = begin + np.arange(int(np.ceil((n - begin) * value)) + 1) / value
            at = np.floor(at + 1e-9).astype(np.int64)  # 3 / 0.3 is 10.000000000000002, 0.3 * 10 is less than 3
            train[at[at < n]] = 1
    right = numbers[:, None] == np.arange(classes)
    return np.ascontiguousarray(np.moveaxis(trains[right.astype(np.intp)], -1, 0))


def target_first_steps(labels: npt.ArrayLike, classes: int, right_step: int, wrong_step: int) -> npt.NDArray[np.int64]:
    """(batch, classes) step of the first spike wanted of each readout neuron.

    right_step, wrong_step: of the labelled class and of all others, whole numbers >= 0; the number of steps for
                            "never", as first_spike_steps has it
    """
    numbers = _labels("target_first_steps", labels, classes)
    right = whole("target_first_steps: right_step", right_step, least=0)
    wrong = whole("target_first_steps: wrong_step", wrong_step, least=0)
    return np.where(numbers[:, None] == np.arange(classes), right, wrong).astype(np.int64)


def _labels(name: str, labels: Any, classes: int) -> Array:
    numbers, n = array_of(f"{name}: labels", labels), whole(f"{name}: classes", classes)
    if numbers.dtype.kind not in "iu":
        raise TypeError(f"{name}: expected whole-number labels, got dtype {numbers.dtype}")
    if numbers.ndim != 1 or not numbers.size:
        raise ValueError(f"{name}: expected labels (batch,), at least one, got shape {numbers.shape}")
    if numbers.min() < 0 or numbers.max() >= n:
        raise ValueError(f"{name}: expected labels in 0 .. {n - 1}, got {numbers.min()} .. {numbers.max()}")
    return numbers
