"""Signed values as colour: a scale that is white at zero, its bar, and the weights of a layer as a mosaic of images."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.ticker import Locator

from spikenet.errors import Array, whole
from spikenet.plot.style import DIVERGING, GREY, one_axes
from spikenet.plot.values import numbers


def weights(
    w: Any, *, shape: tuple[int, int] | None = None, columns: int | None = None, ax: Axes | None = None
) -> Axes:
    """Axes with one image per neuron: the weights that arrive at it, blue below zero, red above, on one scale.

    w       : (n_in, n_out)
    shape   : (height, width) of one image, height * width = n_in; None takes the square root
    columns : images in a row; None makes the mosaic about square
    Weights that are NaN or infinite are crossed out.

    Raises ValueError for wrong shapes, and for an n_in that is no square when `shape` is not given.
    """
    table = numbers("weights", w)
    if table.ndim != 2 or 0 in table.shape:
        raise ValueError(f"weights: expected (n_in, n_out), neither of them 0, got {table.shape}")
    n_in, n_out = table.shape
    side = math.isqrt(n_in)
    if shape is None and side * side != n_in:
        raise ValueError(f"weights: expected n_in to be a square, got {n_in}; pass shape=(height, width)")
    high, wide = (side, side) if shape is None else shape
    if high * wide != n_in:
        raise ValueError(f"weights: expected height * width = n_in = {n_in}, got {high} * {wide} = {high * wide}")
    columns = math.ceil(math.sqrt(n_out)) if columns is None else min(whole("weights: columns", columns), n_out)
    rows = math.ceil(n_out / columns)

    canvas = np.full((rows * columns, high, wide), np.nan)
    canvas[:n_out] = table.T.reshape(n_out, high, wide)
    picture = canvas.reshape(rows, columns, high, wide).swapaxes(1, 2).reshape(rows * high, columns * wide)
    limit = centred_limit(table)
    width_inch = 6.0
    height_inch = min(0.8 + 5.0 * rows * high / (columns * wide), 9.0)
    ax = one_axes(ax, width_inch, height_inch)
    values: Any = np.ma.masked_invalid(picture)
    image = ax.imshow(values, cmap=DIVERGING, vmin=-limit, vmax=limit, interpolation="nearest")
    colour_bar(ax, image, "weight (no unit)")
    for k in range(1, columns):
        ax.axvline(k * wide - 0.5, color="white", linewidth=1.5)
    for k in range(1, rows):
        ax.axhline(k * high - 0.5, color="white", linewidth=1.5)

    wrong = np.argwhere(~np.isfinite(table))
    if wrong.size:
        pixel, neuron = wrong[:, 0], wrong[:, 1]
        x = neuron % columns * wide + pixel % wide
        y = neuron // columns * high + pixel // wide
        ax.plot(x, y, linestyle="none", marker="x", color="black", label="not finite")
    ax.set_xticks(thinned(columns) * wide + (wide - 1) / 2, [str(k) for k in thinned(columns)])
    ax.set_yticks(thinned(rows) * high + (high - 1) / 2, [str(k * columns) for k in thinned(rows)])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("neuron = number at the row + number at the column")
    ax.set_ylabel("first neuron of the row")
    return ax


def thinned(n: int) -> Array:
    """0..n-1, or every so many of them where more than 16 labels would run into one another."""
    return np.arange(0, n, math.ceil(n / 16))


def centred_limit(values: Array) -> float:
    """The largest finite magnitude in `values`, the end of a colour scale centred on zero; 1 where there is none."""
    magnitude = np.abs(values[np.isfinite(values)].astype(np.float64))
    return float(magnitude.max()) if magnitude.size and magnitude.max() > 0 else 1.0


def colour_bar(ax: Axes, image: ScalarMappable, label: str, ticks: Locator | None = None) -> None:
    """A bar to the right of `ax` that takes no room from it, so that stacked panels keep one width."""
    bar = ax.figure.colorbar(image, cax=ax.inset_axes((1.02, 0.0, 0.025, 1.0)), ticks=ticks)
    bar.set_label(label)
    bar.outline.set_edgecolor(GREY)
