"""Spike rasters: one mark per spike, or a density image where marks would only hide one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from spikenet.errors import Array
from spikenet.plot.clock import label_time, time_unit
from spikenet.plot.style import colour, figure_of, note, one_axes
from spikenet.plot.values import one_sample, spike_events

MOST_MARKS = 50_000  # beyond it marks overlap at any usual size; the image also keeps vector files small
IMAGE_CELLS = (1200, 600)  # time, neurons: about the pixels of a printed panel
LEAST_INK = 0.25  # opacity of a cell with the fewest spikes, so that a single one is seen


def raster(
    spikes: Any,
    *,
    names: Sequence[str] | None = None,
    colours: Sequence[str] | None = None,
    sample: int = 0,
    dt_s: float = 1e-3,
    ax: Axes | None = None,
) -> Axes:
    """Axes with the spikes of one sample: time to the right, neurons upwards.

    spikes  : 0/1 values (steps, n) or (steps, batch, ...), or a list of such, one per population, stacked upwards
    names   : one per population, for the legend
    colours : one per population, any matplotlib colour
    sample  : row of the batch that is drawn
    dt_s    : length of a step, seconds; step t is drawn at t * dt_s
    Up to 50,000 spikes are drawn as marks, more as an image in which a darker cell holds more spikes.

    Raises ValueError for wrong shapes, values other than 0 and 1, populations of different length, and as many names
    or colours as there are not populations.
    """
    several = isinstance(spikes, (list, tuple)) and len(spikes) > 0 and np.ndim(spikes[0]) > 1
    groups = [
        spike_events("raster", one_sample("raster", given, sample)) for given in (spikes if several else [spikes])
    ]
    lengths = sorted({fired.shape[0] for fired, _, _ in groups})
    if len(lengths) > 1:
        raise ValueError(f"raster: expected populations of equal length, got {lengths} steps")
    for what, given in (("names", names), ("colours", colours)):
        if given is not None and len(given) != len(groups):
            raise ValueError(f"raster: expected {len(groups)} {what}, one per population, got {len(given)}")

    dt, unit = time_unit("raster", lengths[0], dt_s)
    n_all = sum(fired.shape[1] for fired, _, _ in groups)
    inks = [colour(k) for k in range(len(groups))] if colours is None else colours
    ax = one_axes(ax, 7.0, 3.6)
    as_image = sum(step.size for _, step, _ in groups) > MOST_MARKS
    first = 0
    for (fired, step, neuron), ink in zip(groups, inks, strict=True):
        if as_image:
            draw_density(ax, fired.shape, step, neuron, first, dt, ink)
        else:
            draw_marks(ax, step * dt, neuron + first, n_all, lengths[0], ink)
        first += fired.shape[1]

    label_time(ax, lengths[0], dt, unit)
    label_neurons(ax, n_all)
    if not any(step.size for _, step, _ in groups):
        note(ax, "no spikes")
    if names is not None:
        rows = [
            Line2D([], [], linestyle="none", marker="s", color=ink, label=name)
            for name, ink in zip(names, inks, strict=True)
        ]
        ax.legend(
            handles=rows[::-1], loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False
        )  # top row: top population
    return ax


def label_neurons(ax: Axes, n: int) -> None:
    """Give `ax` an upward axis with a row for each of n neurons."""
    ax.set_ylim(-0.5, max(n, 1) - 0.5)
    ax.set_ylabel("neuron")
    ax.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))


def draw_marks(ax: Axes, time: Array, neuron: Array, n_rows: int, n_steps: int, ink: str) -> None:
    """One upright mark per spike, as tall as a row; wider where steps are wide, taller where spikes are few."""
    box = ax.get_window_extent()
    points = 72 / figure_of(ax).dpi
    width, height = box.width * points, box.height * points
    alone = np.sqrt(width * height / max(time.size, 1)) / 8  # a height at which few marks meet
    tall = float(np.clip(max(0.8 * height / max(n_rows, 1), min(alone, 4.0)), 1.0, 12.0))
    wide = float(np.clip(0.3 * width / max(n_steps, 1), 0.8, 2.5))
    # rasterized: tens of thousands of paths make a vector file that no viewer likes
    many = time.size > 5000
    ax.plot(
        time, neuron, linestyle="none", marker="|", markersize=tall, markeredgewidth=wide, color=ink, rasterized=many
    )


def draw_density(ax: Axes, shape: tuple[int, ...], step: Array, neuron: Array, first: int, dt: float, ink: str) -> None:
    """The spikes of one population counted in at most 1200 x 600 cells; opacity rises with the count."""
    steps, n = shape
    if not step.size:
        return
    columns, rows = min(steps, IMAGE_CELLS[0]), min(n, IMAGE_CELLS[1])
    cell = (neuron * rows // n) * columns + step * columns // steps
    count = np.bincount(cell, minlength=rows * columns).reshape(rows, columns)
    image = np.empty((rows, columns, 4), dtype=np.uint8)
    image[..., :3] = np.round(255 * np.asarray(to_rgb(ink))).astype(np.uint8)
    image[..., 3] = np.where(count > 0, 255 * (LEAST_INK + (1 - LEAST_INK) * count / count.max()), 0)
    extent = (-0.5 * dt, (steps - 0.5) * dt, first - 0.5, first + n - 0.5)
    ax.imshow(image, extent=extent, origin="lower", aspect="auto", interpolation="nearest")
