"""What a list of spike times and a raster have to be."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.errors import array_of, finite_values


def seconds(name: str, times_s: Any) -> npt.NDArray[np.float64]:
    """`times_s` as a float64 array of any shape and order; TypeError for what is no real number, ValueError for NaN."""
    given = array_of(name, times_s)
    if given.dtype.kind in "bc":
        raise TypeError(f"{name}: expected times in seconds, got {given.dtype} of shape {given.shape}")
    return finite_values(name, given).astype(np.float64)


def raster(name: str, values: Any) -> npt.NDArray[np.float64]:
    """`values` (steps, ...) of spikes or counts as float64; ValueError unless there is one and all are >= 0."""
    given = finite_values(name, array_of(name, values))
    if given.ndim < 1 or not given.size or given.dtype.kind != "f":
        raise ValueError(
            f"{name}: expected real numbers (steps, n...), at least one, got {given.dtype} of shape {given.shape}"
        )
    if given.min() < 0:
        raise ValueError(f"{name}: expected spikes or counts >= 0, got {given.min():g}")
    return given.astype(np.float64)


def spike_times(name: str, times_s: Any) -> npt.NDArray[np.float64]:
    """`times_s` as (n,) float64, n >= 0; TypeError for what is no row of numbers, ValueError unless sorted, >= 0."""
    times = seconds(name, times_s)
    if times.ndim != 1:
        raise TypeError(f"{name}: expected a row of times in seconds, got shape {times.shape}")
    if len(times) and times[0] < 0:
        raise ValueError(f"{name}: expected times >= 0, got {times[0]:g} s at position 0")
    back = np.flatnonzero(np.diff(times) < 0)
    if len(back):
        k = int(back[0])
        raise ValueError(
            f"{name}: expected sorted times, got {times[k + 1]:g} s after {times[k]:g} s at position {k + 1}; "
            "np.sort them"
        )
    return times
