"""A loss surface from above, with the way an optimiser took on it."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.ticker import Locator, LogLocator, MaxNLocator

from spikenet.errors import Array, finite_values
from spikenet.plot.mosaic import colour_bar
from spikenet.plot.style import SEQUENTIAL, VERMILLION, note, one_axes
from spikenet.plot.values import numbers

N_LEVELS = 24
WIDE = 100.0  # a loss that spans more than this factor gets levels in equal ratios, else its valley is all one colour
DEEPEST = 1e4  # below this part of the highest loss all is one colour


def loss_surface(loss_grid: Any, x: Any, y: Any, path: Any = None, *, ax: Axes | None = None) -> Axes:
    """Axes with the contours of a loss in two directions, and the path of an optimiser from its dot to its star.

    loss_grid : (len(y), len(x)) loss at x[j], y[i]; NaN and infinity are left white
    x, y      : rising coordinates in the two directions, at least two each
    path      : (k, 2) places visited, first to last; None draws none

    Raises ValueError for wrong shapes and coordinates that do not rise.
    """
    loss = numbers("loss_surface: loss_grid", loss_grid).astype(np.float64)
    across, up = (finite_values(f"loss_surface: {name}", given) for name, given in (("x", x), ("y", y)))
    for name, axis in (("x", across), ("y", up)):
        if axis.ndim != 1 or len(axis) < 2 or not (np.diff(axis) > 0).all():
            raise ValueError(f"loss_surface: expected {name} (n,) rising, n >= 2, got shape {axis.shape}")
    if loss.shape != (len(up), len(across)):
        raise ValueError(
            f"loss_surface: expected loss_grid (len(y), len(x)) = {(len(up), len(across))}, got {loss.shape}"
        )
    visited = None if path is None else finite_values("loss_surface: path", path)
    if visited is not None and (visited.ndim != 2 or visited.shape[1] != 2):
        raise ValueError(f"loss_surface: expected path (k, 2), got {visited.shape}")

    ax = one_axes(ax, 6.0, 4.8)
    if np.isfinite(loss).any():
        draw_contours(ax, loss, across, up)
    else:
        note(ax, "no finite loss")
    if visited is not None and len(visited):
        draw_path(ax, visited)
    ax.set_xlim(across[0], across[-1])
    ax.set_ylim(up[0], up[-1])
    ax.set_xlabel("first direction (no unit)")
    ax.set_ylabel("second direction (no unit)")
    return ax


def draw_contours(ax: Axes, loss: Array, x: Array, y: Array) -> None:
    """Filled contours with thin lines between them, and the colour bar."""
    known = loss[np.isfinite(loss)]
    low, high = float(known.min()), float(known.max())
    floor = max(float(known[known > 0].min(initial=high)), high / DEEPEST)  # a loss of 0 has no logarithm
    norm: Normalize
    ticks: Locator
    if low >= 0 and high > WIDE * floor:
        loss = np.maximum(loss, floor)
        levels, norm, ticks = np.geomspace(floor, high, N_LEVELS), LogNorm(floor, high), LogLocator()
    else:
        if not high > low:  # a flat surface still needs two levels
            low, high = low - 0.5, high + 0.5
        levels = np.asarray(MaxNLocator(N_LEVELS).tick_values(low, high))
        norm, ticks = Normalize(levels[0], levels[-1]), MaxNLocator(8)
    values: Any = np.ma.masked_invalid(loss)
    filled = ax.contourf(x, y, values, levels=levels, norm=norm, cmap=SEQUENTIAL)
    if known.max() > known.min():
        ax.contour(x, y, values, levels=levels, colors="white", linewidths=0.4, alpha=0.6)
    colour_bar(ax, filled, "loss (no unit)", ticks)


def draw_path(ax: Axes, visited: Array) -> None:
    """The way from its first place (dot) to its last (star), dark rimmed so that it shows on every colour."""
    dots = "." if len(visited) <= 60 else None
    ax.plot(*visited.T, color="white", linewidth=3.0, solid_capstyle="round")
    ax.plot(*visited.T, color=VERMILLION, linewidth=1.5, marker=dots, label=f"path, {len(visited) - 1} steps")
    ax.plot(
        *visited[0],
        linestyle="none",
        marker="o",
        markersize=8,
        color=VERMILLION,
        markeredgecolor="white",
        label="start",
    )
    ax.plot(
        *visited[-1],
        linestyle="none",
        marker="*",
        markersize=14,
        color=VERMILLION,
        markeredgecolor="white",
        label="end",
    )
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
