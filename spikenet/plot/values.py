"""What a picture is given, as arrays: tensors, arrays and nested lists alike, checked once."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array, array_of


def numbers(where: str, given: Any) -> Array:
    """`given` as an array of real numbers, NaN and infinity allowed; TypeError for anything else."""
    array = array_of(where, given)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{where}: expected real numbers, got dtype {array.dtype}")
    return array


def one_sample(where: str, given: Any, sample: int) -> Array:
    """The (steps, n) values of one sample.

    given  : (steps, n), or (steps, batch, ...) of which row `sample` is taken and flattened
    Raises ValueError for another number of axes and a sample that is not there.
    """
    array = numbers(where, given)
    if array.ndim == 2:
        if sample != 0:
            raise ValueError(f"{where}: expected (steps, batch, n) to pick sample {sample} from, got {array.shape}")
        return array
    if array.ndim < 2:
        raise ValueError(
            f"{where}: expected (steps, n) or (steps, batch, n), got {array.shape}; add axes with x[:, None]"
        )
    if not 0 <= sample < array.shape[1]:
        raise ValueError(f"{where}: expected a sample in 0..{array.shape[1] - 1}, got {sample}")
    chosen = array[:, sample]
    return chosen.reshape(chosen.shape[0], int(np.prod(chosen.shape[1:])))  # not -1: there may be no steps


def spike_events(where: str, values: Array) -> tuple[Array, Array, Array]:
    """`values` (steps, n) as booleans, and the step and neuron of every spike; ValueError unless all are 0 or 1."""
    fired = values != 0
    step, neuron = np.nonzero(fired)
    odd = np.flatnonzero(values[step, neuron] != 1)  # NaN is not 1 either
    if odd.size:
        at = int(step[odd[0]]), int(neuron[odd[0]])
        raise ValueError(f"{where}: expected 0/1 spikes, got {values[at]} at step {at[0]}, neuron {at[1]}")
    return fired, step, neuron
