"""What a list of spike times has to be."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.errors import array_of, finite_values


def spike_times(name: str, times_s: Any) -> npt.NDArray[np.float64]:
    """`times_s` as (n,) float64, n >= 0; TypeError for what is no row of numbers, ValueError unless sorted, >= 0."""
    times = finite_values(name, array_of(name, times_s)) if np.size(times_s) else np.zeros(np.shape(times_s))
    if times.ndim != 1 or times.dtype.kind != "f":
        raise TypeError(f"{name}: expected a row of times in seconds, got shape {times.shape} of {times.dtype}")
    times = times.astype(np.float64)
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
