"""The van Rossum distance: spikes made into exponentials, and the squared difference integrated over time.

Source: van Rossum 2001, Neural Computation 13(4):751-763.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from spikenet.errors import Array, positive
from spikenet.spike_trains.checked import raster, spike_times


def van_rossum(a_s: npt.ArrayLike, b_s: npt.ArrayLike, tau_s: float) -> float:
    """Squared van Rossum distance of two spike trains, exact, without steps.

    a_s, b_s: sorted times in seconds, each possibly empty
    tau_s   : width of the exponential, > 0
    returns : (1 / tau) integral of (f - g)^2; 1/2 for one spike against none, 1 for two that are far apart; 0 for two
              empty trains, which are alike
    """
    a, b = spike_times("van_rossum: a_s", a_s), spike_times("van_rossum: b_s", b_s)
    tau = positive("van_rossum: tau_s", tau_s)
    same = _overlap(a, a, tau) + _overlap(b, b, tau) - 2 * _overlap(a, b, tau)
    return max(0.0, 0.5 * same)


def van_rossum_rasters(a: npt.ArrayLike, b: npt.ArrayLike, tau_s: float, dt_s: float) -> Array:
    """Squared van Rossum distance between rasters, neuron by neuron.

    a, b   : (steps, n...) spikes or counts on the same clock
    tau_s  : width of the exponential, > 0, seconds
    dt_s   : length of a step, > 0
    returns: (n...) distances; the integral of the exponentials that begin at the steps' starts, as `van_rossum`
    """
    rasters = [raster(f"van_rossum_rasters: {name}", x) for name, x in (("a", a), ("b", b))]
    if rasters[0].shape != rasters[1].shape:
        raise ValueError(
            f"van_rossum_rasters: expected rasters of one shape, got {rasters[0].shape} and {rasters[1].shape}"
        )
    tau, dt = positive("van_rossum_rasters: tau_s", tau_s), positive("van_rossum_rasters: dt_s", dt_s)
    keep, d = math.exp(-dt / tau), rasters[0] - rasters[1]
    trace, total = np.zeros(d.shape[1:]), np.zeros(d.shape[1:])
    for one in d:
        trace = keep * trace + one
        total += trace * trace
    share = -0.5 * math.expm1(-2 * dt / tau)  # of one step in the integral of an exponential squared, over tau
    last: Array = keep * keep * trace * trace * 0.5  # what goes on after the last step
    return total * share + last


def _overlap(a: Array, b: Array, tau: float) -> float:
    return float(np.exp(-np.abs(a[:, None] - b) / tau).sum())
