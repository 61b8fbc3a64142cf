"""The tiles of a chip: how busy each core is, and what travels over the links between them."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from spikenet.errors import Array, array_of
from spikenet.plot.mosaic import colour_bar
from spikenet.plot.style import BLACK, GREY, SEQUENTIAL, VERMILLION, one_axes, tint

TILE, GAP = 0.7, 0.04  # side of a tile and space between its cores, the distance of two tiles being 1
WIDEST = 8.0  # points of the busiest link


def mesh(
    load: Any,
    horizontal: Any,
    vertical: Any,
    chip_tiles: tuple[int, int] | None = None,
    *,
    unit: str = "operations a step",
    traffic_unit: str = "messages a step",
    ax: Axes | None = None,
) -> Axes:
    """Axes with a square for each tile, its cores coloured by load, and lines between as wide as their traffic.

    load      : (rows, columns, cores a tile); NaN where nothing is placed, drawn empty
    horizontal: (rows, columns - 1), traffic between neighbours in a row;  vertical: (rows - 1, columns)
    chip_tiles: (columns, rows) of one chip: dashed lines separate several; None: there is one
    unit, traffic_unit: what the numbers are, for the bar and the title

    Row 0 is at the top. Raises ValueError for shapes that do not match, NaN or negative traffic, infinite load.
    """
    cores, across, down = (
        array_of(f"mesh: {name}", values).astype(np.float64)
        for name, values in (("load", load), ("horizontal", horizontal), ("vertical", vertical))
    )
    _check(cores, across, down)
    rows, columns, _ = cores.shape
    ax = one_axes(ax, min(max(1.5 + 0.55 * columns, 4.5), 12.0), min(max(1.2 + 0.55 * rows, 2.8), 12.0))
    most = max(float(across.max(initial=0)), float(down.max(initial=0)))
    for ends, widths in _lines(across, down, most):
        ax.add_collection(LineCollection(ends, colors=VERMILLION, linewidths=widths, capstyle="butt", zorder=1))
    highest = float(np.nanmax(cores)) if np.isfinite(cores).any() else 1.0
    scale = Normalize(0.0, highest if highest > 0 else 1.0)
    ax.add_collection(_cores(cores, scale))
    colour_bar(ax, ScalarMappable(scale, SEQUENTIAL), f"load of a core ({unit})")
    if chip_tiles is not None:
        for x in range(chip_tiles[0], columns, chip_tiles[0]):
            ax.axvline(x - 0.5, color=BLACK, linewidth=1, linestyle="dashed")
        for y in range(chip_tiles[1], rows, chip_tiles[1]):
            ax.axhline(y - 0.5, color=BLACK, linewidth=1, linestyle="dashed")
    ax.set_xlim(-0.6, columns - 0.4)
    ax.set_ylim(rows - 0.4, -0.6)
    ax.set_aspect("equal")
    ax.set_xlabel("tile, east-west")
    ax.set_ylabel("tile, north-south")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    said = (
        "no traffic between tiles"
        if most == 0
        else f"links as wide as their traffic, the widest {most:.4g} {traffic_unit}"
    )
    ax.set_title(said, fontsize="medium", color=GREY)
    return ax


def _check(cores: Array, across: Array, down: Array) -> None:
    if cores.ndim != 3 or 0 in cores.shape:
        raise ValueError(f"mesh: load: expected (rows, columns, cores a tile), none of them 0, got {cores.shape}")
    rows, columns, _ = cores.shape
    for name, links, wanted in (("horizontal", across, (rows, columns - 1)), ("vertical", down, (rows - 1, columns))):
        if links.shape != wanted:
            raise ValueError(f"mesh: {name}: expected {wanted} for load {cores.shape}, got {links.shape}")
        if not (np.isfinite(links) & (links >= 0)).all():
            raise ValueError(f"mesh: {name}: expected numbers >= 0, got NaN, infinity or a negative one")
    if np.isinf(cores).any() or (cores < 0).any():
        raise ValueError("mesh: load: expected numbers >= 0, or NaN where nothing is placed")


def _lines(across: Array, down: Array, most: float) -> list[tuple[list[Any], Array]]:
    """(ends of the lines, their widths in points) along the rows and along the columns; none without traffic.

    From edge to edge of two tiles: from their middles they would show between the cores, as if these were linked.
    """
    found, edge = [], TILE / 2 - GAP / 2
    for links, step in ((across, (1, 0)), (down, (0, 1))):
        y, x = np.nonzero(links)
        ends: list[Any] = [
            [(a + edge * step[0], b + edge * step[1]), (a + (1 - edge) * step[0], b + (1 - edge) * step[1])]
            for a, b in zip(x, y, strict=True)
        ]
        found.append((ends, 0.5 + (WIDEST - 0.5) * links[y, x] / most if most else links[y, x]))
    return found


def _cores(cores: Array, scale: Normalize) -> PatchCollection:
    """A square for each core, side by side within its tile."""
    rows, columns, each = cores.shape
    side = int(np.ceil(np.sqrt(each)))
    size = TILE / side
    squares, values = [], []
    for y in range(rows):
        for x in range(columns):
            for k in range(each):
                i, j = divmod(k, side)
                corner = (x - TILE / 2 + j * size + GAP / 2, y - TILE / 2 + i * size + GAP / 2)
                squares.append(Rectangle(corner, size - GAP, size - GAP))
                values.append(cores[y, x, k])
    drawn = PatchCollection(squares, norm=scale, edgecolor=GREY, linewidth=0.4, zorder=2)
    drawn.set_cmap(colormaps[SEQUENTIAL].with_extremes(bad=tint(GREY, 0.06)))
    drawn.set_array(np.ma.masked_invalid(values))
    return drawn
