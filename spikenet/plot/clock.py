"""The time axis: steps into microseconds, milliseconds or seconds, whichever reads best."""

from __future__ import annotations

from matplotlib.axes import Axes

from spikenet.errors import positive


def time_unit(where: str, steps: int, dt_s: float) -> tuple[float, str]:
    """Length of one step in the unit that suits `steps` of them, and that unit's name.

    steps : length of the recording
    dt_s  : length of a step, seconds, > 0
    """
    duration_s = max(steps, 1) * positive(f"{where}: dt_s", dt_s)
    if duration_s < 1e-3:
        return dt_s * 1e6, "µs"
    if duration_s <= 1.0:
        return dt_s * 1e3, "ms"
    return dt_s, "s"


def label_time(ax: Axes, steps: int, dt: float, unit: str, start: float = 0.0) -> None:
    """Give `ax` a time axis from half a step before the first sample, at `start`, to half a step after the last."""
    ax.set_xlim(start - 0.5 * dt, start + (max(steps, 1) - 0.5) * dt)
    ax.set_xlabel(f"time ({unit})")
