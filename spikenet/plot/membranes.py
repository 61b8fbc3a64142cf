"""State variables over time, with the threshold they are held against and the spikes they cause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from spikenet.errors import Array, finite_number, finite_values, positive
from spikenet.plot.clock import label_time, time_unit
from spikenet.plot.style import BLACK, GREY, colour, line_style, note, one_axes
from spikenet.plot.values import numbers, spike_events

MOST_NAMED = 8  # traces in a legend; beyond that the lines are told apart by eye or not at all
ROW = 0.06  # height of a row of spikes, as part of the range of the traces


def traces(
    v: Any,
    *,
    spikes: Any = None,
    threshold: Any = None,
    dt_s: float = 1e-3,
    start_s: float = 0.0,
    label: str = "membrane potential (no unit)",
    names: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Axes with a line per neuron, its threshold dashed in grey, and a row of its spikes above all lines.

    v         : (steps,) or (steps, k) values; NaN leaves a gap
    spikes    : 0/1 values of the shape of v
    threshold : number, or (k,) one per trace
    dt_s      : length of a step, seconds; step t is drawn at start_s + t * dt_s
    label     : what v is, with its unit
    names     : what the legend calls each trace; "neuron 0", "neuron 1", ... unless given

    Raises ValueError for wrong shapes and a threshold that is not finite.
    """
    values = numbers("traces: v", v)
    if values.ndim not in (1, 2):
        raise ValueError(
            f"traces: expected v (steps,) or (steps, k), got {values.shape}; pick a sample and neurons with v[:, 0, :4]"
        )
    lines = values[:, None] if values.ndim == 1 else values
    steps, k = lines.shape
    fired = None if spikes is None else checked_spikes(spikes, values.shape)
    levels = None if threshold is None else finite_values("traces: threshold", threshold)
    if levels is not None and levels.shape not in ((), (k,)):
        raise ValueError(f"traces: expected one threshold or {k}, one per trace, got {levels.shape}")
    called = [f"neuron {j}" for j in range(k)] if names is None else list(names)
    if len(called) != k:
        raise ValueError(f"traces: expected {k} names, one per trace, got {len(called)}")

    before = finite_number("traces: start_s", start_s) / positive("traces: dt_s", dt_s)
    dt, unit = time_unit("traces", round(before) + steps, dt_s)
    start = before * dt
    time = start + np.arange(steps) * dt
    ax = one_axes(ax, 7.0, 3.2)
    for j in range(k):
        ax.plot(time, lines[:, j], color=colour(j), linestyle=line_style(j), linewidth=1.3, label=called[j])
    if levels is not None:
        draw_threshold(ax, levels)
    if fired is not None:
        draw_spikes(ax, lines, fired, levels, time)
    if not np.isfinite(lines).any():
        note(ax, "no finite values")
    label_time(ax, steps, dt, unit, start)
    ax.set_ylabel(label)
    if levels is not None or 1 < k <= MOST_NAMED:
        handles, texts = ax.get_legend_handles_labels()
        named = [(h, t) for h, t in zip(handles, texts, strict=True) if 1 < k <= MOST_NAMED or t == "threshold"]
        ax.legend(*zip(*named, strict=True), loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    return ax


def checked_spikes(spikes: Any, shape: tuple[int, ...]) -> Array:
    """`spikes` as booleans (steps, k); ValueError unless they are 0 or 1 and of the shape of the traces."""
    given = numbers("traces: spikes", spikes)
    if given.shape != shape:
        raise ValueError(f"traces: expected spikes of the shape of v, {shape}, got {given.shape}")
    return spike_events("traces: spikes", given[:, None] if given.ndim == 1 else given)[0]


def draw_threshold(ax: Axes, levels: Array) -> None:
    """A dashed line at every different threshold."""
    for n, level in enumerate(np.unique(levels)):
        ax.axhline(float(level), color=GREY, linestyle="dashed", linewidth=1.0, label="threshold" if n == 0 else None)


def draw_spikes(ax: Axes, lines: Array, fired: Array, levels: Array | None, time: Array) -> None:
    """A row of upright marks per neuron above everything else, the first neuron on top."""
    shown = lines[np.isfinite(lines)] if levels is None else np.append(lines[np.isfinite(lines)], levels)
    low, high = (float(shown.min()), float(shown.max())) if shown.size else (0.0, 1.0)
    span = high - low or 1.0
    k = lines.shape[1]
    for j in range(k):
        at = time[fired[:, j]]
        y = high + span * ROW * (k - j)
        ink = colour(j) if k > 1 else BLACK
        ax.plot(
            at, np.full(len(at), y), linestyle="none", marker="|", markersize=7, color=ink, rasterized=at.size > 5000
        )
    ax.set_ylim(low - span * ROW, high + span * ROW * (k + 1))
