"""How the range of a quantised activation is chosen from what it took on during calibration.

A range function takes all calibration values of one layer, any shape, and returns (low, high).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.errors import finite_number

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
