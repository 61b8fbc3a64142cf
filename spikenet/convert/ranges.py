"""How the range of quantised numbers is chosen from what they took on during calibration.

A range function takes all calibration values of one layer, any shape, and returns (low, high).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.errors import finite_number, whole

Array = npt.NDArray[Any]
Range = Callable[[Array], tuple[float, float]]


def min_max(values: Array) -> tuple[float, float]:
    """Everything seen fits; one outlier widens the grid for all."""
    return float(values.min()), float(values.max())


def percentile(percent: float) -> Range:
    """The central `percent` of the values fits, 50 < percent <= 100; the rest saturates."""
    if not 50 < finite_number("percentile", percent) <= 100:
        raise ValueError(f"percentile: expected a number in (50, 100], got {percent}")

    def central(values: Array) -> tuple[float, float]:
        low, high = np.percentile(values, [100 - percent, percent])
        return float(low), float(high)

    return central


def entropy(bits: int = 8, *, bins: int = 2048) -> Range:
    """The range whose quantised histogram says most about the true one: least Kullback-Leibler divergence.

    bits: of the grid;  bins: of the histogram, more than the grid has levels
    Ranges tried end at +-t or where the values do; what lies beyond t counts as being at t.
    Source: Migacz 2017, 8-bit inference with TensorRT (GTC), slides 24-33.
    """
    levels, count = 2 ** whole("entropy: bits", bits), whole("entropy: bins", bins)
    if count <= levels:
        raise ValueError(f"entropy: bins: expected more than the {levels} levels of {bits} bits, got {bins}")

    def least(values: Array) -> tuple[float, float]:
        low, high = min_max(values)
        if not high > low:
            return low, high
        counts, edges = np.histogram(values, count, (low, high))
        centres, best, kept = (edges[1:] + edges[:-1]) / 2, np.inf, (low, high)
        for end in np.linspace(0.05, 1, 96) * max(abs(low), abs(high)):
            ends = max(low, -end), min(high, end)
            inside = np.flatnonzero((centres >= ends[0]) & (centres <= ends[1]))
            if len(inside) <= levels:
                continue
            seen = counts[inside].astype(np.float64)
            level = np.arange(len(inside)) * levels // len(inside)
            mass, filled = np.bincount(level, seen, levels), np.bincount(level, seen > 0, levels)
            q = np.where(seen > 0, (mass / np.maximum(filled, 1))[level], 0)
            p = seen.copy()
            p[0] += counts[: inside[0]].sum()
            p[-1] += counts[inside[-1] + 1 :].sum()
            there = p > 0
            divergence = float(np.sum(p[there] * np.log(p[there] / p.sum() / np.maximum(q[there] / q.sum(), 1e-9))))
            if divergence < best:
                best, kept = divergence, (float(ends[0]), float(ends[1]))
        return kept

    return least
