"""The Victor-Purpura distance: the least cost of turning one spike train into another.

Source: Victor & Purpura 1996, Journal of Neurophysiology 76(2):1310-1326, D^spike.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spikenet.errors import finite_number
from spikenet.spike_trains.checked import spike_times


def victor_purpura(a_s: npt.ArrayLike, b_s: npt.ArrayLike, cost_hz: float) -> float:
    """Least total cost, where inserting or deleting a spike costs 1 and moving it by dt costs cost_hz * |dt|.

    a_s, b_s: sorted times in seconds, each possibly empty: n spikes cost n against none, two empty trains 0
    cost_hz : >= 0; 0 compares counts only, a very large one counts the spikes that do not coincide
    """
    a, b = spike_times("victor_purpura: a_s", a_s), spike_times("victor_purpura: b_s", b_s)
    cost = finite_number("victor_purpura: cost_hz", cost_hz)
    if cost < 0:
        raise ValueError(f"victor_purpura: cost_hz: expected a number >= 0, got {cost}")
    place = np.arange(len(b) + 1, dtype=np.float64)
    least = place  # costs of making the first j spikes of b out of none of a
    for time in a:
        with np.errstate(over="ignore"):
            moved = least[:-1] + cost * np.abs(b - time)
        best = least + 1
        best[1:] = np.minimum(best[1:], moved)
        least = place + np.minimum.accumulate(best - place)  # inserting spikes of b one after another
    return float(least[-1])
