"""Seconds to steps: every time of a network is a whole number of steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array, real_values

LARGEST = 1 << 24  # steps that float32 counts exactly
LAST = 1 << 62  # steps that a run is counted in


def steps_of(name: str, seconds: Any, dt_s: float, least: int, most: int = LARGEST) -> Array:
    """The nearest whole numbers of steps, int64; ValueError when one is below `least` or beyond `most`."""
    steps = real_values(name, seconds) / dt_s
    if (steps > most).any():
        raise ValueError(f"{name}: expected at most {most} steps of {dt_s:g} s, got {np.max(steps) * dt_s:g} s")
    if (steps < least - 1e-6).any():
        raise ValueError(
            f"{name}: expected at least {least} step{'s' * (least != 1)} of {dt_s:g} s, got {np.min(steps) * dt_s:g} s"
        )
    return np.floor(steps + 0.5).astype(np.int64)
