"""The tiles of a chip: how busy each core is, and what travels over the links between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.colors import Normalize
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

from spikenet.errors import Array, array_of
from spikenet.plot.mosaic import colour_bar
from spikenet.plot.style import BLACK, GREY, PALETTE, SEQUENTIAL, colour, figure_of, one_axes, tint

TILE, GAP = 0.7, 0.04  # side of a tile and space between its cores, the distance of two tiles being 1
WIDEST = 8.0  # points of the busiest link
LABELS = 34.0  # points that the labels below the axes take
STRIP = 0.3  # of a core's side, for the colours of its layers
SHOWN = 16  # tiles along a side of which all are drawn; of longer ones those in use and one around
HATCHES = ("", "////", "....")  # of the first eight layers, the next eight, ...


def mesh(
    load: Any,
    horizontal: Any,
    vertical: Any,
    chip_tiles: tuple[int, int] | None = None,
    shares: Any = None,
    layers: Sequence[str] = (),
    title: str = "",
    *,
    unit: str = "operations a step",
    traffic_unit: str = "messages a step",
    ax: Axes | None = None,
) -> Axes:
    """Axes with a square for each tile, its cores coloured by load, and lines between as wide as their traffic.

    load      : (rows, columns, cores a tile); NaN where nothing is placed, drawn empty
    horizontal: (rows, columns - 1), traffic between neighbours in a row;  vertical: (rows - 1, columns)
    chip_tiles: (columns, rows) of one chip: dashed lines separate several; None: there is one
    shares    : (rows, columns, cores a tile, layers) how much of each core is each layer's, shown along its upper edge
                in the layer's colour;  layers: their names, for the legend
    title     : what is drawn, such as the chip; above what is said of the links
    unit, traffic_unit: what the numbers are, for the bar and the title

    Row 0 is at the top. Of a mesh of more than 16 tiles along a side only the part in use is drawn.

    Raises ValueError for shapes that do not match, NaN or negative traffic, infinite load, shares that are negative or
    of other layers than are named.
    """
    cores, across, down = (
        array_of(f"mesh: {name}", values).astype(np.float64)
        for name, values in (("load", load), ("horizontal", horizontal), ("vertical", vertical))
    )
    _check(cores, across, down)
    parts = None if shares is None else _checked_shares(shares, cores, layers)
    rows, columns, _ = cores.shape
    side_by_side = 4 if columns > 4 else 3  # names in a row of the legend
    left, right = _in_use((np.isfinite(cores).any(axis=(0, 2)), across.any(axis=0), down.any(axis=0)), columns)
    top, bottom = _in_use((np.isfinite(cores).any(axis=(1, 2)), down.any(axis=1), across.any(axis=1)), rows)
    height = min(max(1.2 + 0.55 * (bottom - top), 3.2), 12.0) + 0.25 * -(-len(layers) // side_by_side)
    ax = one_axes(ax, min(max(1.5 + 0.55 * (right - left), 5.0), 12.0), height)
    most = max(float(across.max(initial=0)), float(down.max(initial=0)))
    for ends, widths in _lines(across, down, most):
        ax.add_collection(LineCollection(ends, colors=GREY, linewidths=widths, capstyle="butt", zorder=1))
    highest = float(np.nanmax(cores)) if np.isfinite(cores).any() else 1.0
    scale = Normalize(0.0, highest if highest > 0 else 1.0)
    ax.add_collection(_cores(cores, scale))
    colour_bar(ax, ScalarMappable(scale, SEQUENTIAL), f"load of a core ({unit})")
    if parts is not None:
        _show_layers(ax, parts, layers, side_by_side)
    if chip_tiles is not None:
        for x in range(chip_tiles[0], columns, chip_tiles[0]):
            ax.axvline(x - 0.5, color=BLACK, linewidth=1, linestyle="dashed")
        for y in range(chip_tiles[1], rows, chip_tiles[1]):
            ax.axhline(y - 0.5, color=BLACK, linewidth=1, linestyle="dashed")
    ax.set_xlim(left - 0.6, right - 0.4)
    ax.set_ylim(bottom - 0.4, top - 0.6)
    ax.set_aspect("equal")
    ax.set_xlabel("tile, east-west")
    ax.set_ylabel("tile, north-south")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    widest = f"{most:.4g}" if most < 1e4 else f"{most:,.0f}"
    said = (
        "no traffic between tiles"
        if most == 0
        else f"links as wide as their traffic, the widest {widest} {traffic_unit}"
    )
    if (bottom - top, right - left) != (rows, columns):
        said = f"part of {columns} x {rows} tiles, {said}"
    ax.set_title(f"{title}\n{said}" if title else said, fontsize="medium")
    return ax


def _in_use(used: tuple[Any, Any, Any], n: int) -> tuple[int, int]:
    """(first, last + 1) of n rows or columns that are drawn.

    used: of each whether a core has a load, whether there is traffic to the next, and whether there is across it
    """
    cores, onward, over = used
    there = cores.copy()
    there[:-1] |= onward
    there[1:] |= onward
    there |= over
    found = np.flatnonzero(there)
    if n <= SHOWN or not found.size:
        return 0, n
    return max(int(found[0]) - 1, 0), min(int(found[-1]) + 2, n)


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


def _checked_shares(shares: Any, cores: Array, layers: Sequence[str]) -> Array:
    parts = array_of("mesh: shares", shares).astype(np.float64)
    wanted = (*cores.shape, len(layers))
    if parts.shape != wanted or not len(layers):
        raise ValueError(f"mesh: shares: expected (rows, columns, cores, layers) {wanted}, got {parts.shape}")
    if not (np.isfinite(parts) & (parts >= 0)).all():
        raise ValueError("mesh: shares: expected numbers >= 0, got NaN, infinity or a negative one")
    return parts


def _corners(cores: Array) -> tuple[Array, float]:
    """((cores, 2) upper left corners of all squares, in the order of `cores`, their side)."""
    side = int(np.ceil(np.sqrt(cores.shape[2])))
    y, x, k = np.indices(cores.shape).reshape(3, -1)
    size = TILE / side
    left, top = x - TILE / 2 + k % side * size + GAP / 2, y - TILE / 2 + k // side * size + GAP / 2
    return np.stack([left, top], axis=1), size - GAP


def _show_layers(ax: Axes, parts: Array, layers: Sequence[str], side_by_side: int) -> None:
    """Along the upper edge of each core the colours of its layers, as long as their shares; a legend below."""
    corners, size = _corners(parts[..., 0])
    shares = parts.reshape(len(corners), -1)
    ends = np.cumsum(shares, axis=1) / np.maximum(shares.sum(axis=1, keepdims=True), 1e-300) * size
    named = []
    for k, name in enumerate(layers):
        there = np.flatnonzero(shares[:, k])
        begin = ends[there, k - 1] if k else np.zeros(len(there))
        look: dict[str, Any] = {
            "facecolor": colour(k),
            "edgecolor": "white",
            "linewidth": 0.4,
            "hatch": HATCHES[k // len(PALETTE) % 3],
        }
        strips = [
            Rectangle((corners[c, 0] + low, corners[c, 1]), ends[c, k] - low, STRIP * size)
            for c, low in zip(there, begin, strict=True)
        ]
        ax.add_collection(PatchCollection(strips, zorder=3, **look))
        named.append(Patch(label=name, **look))
    below = ax.transAxes + ScaledTranslation(0, -LABELS / 72, figure_of(ax).dpi_scale_trans)
    ax.legend(
        handles=named, loc="upper center", bbox_to_anchor=(0.5, 0), bbox_transform=below, frameon=False,
        ncols=min(len(layers), side_by_side), handlelength=1.5, columnspacing=1.0,
    )  # fmt: skip


def _cores(cores: Array, scale: Normalize) -> PatchCollection:
    """A square for each core, side by side within its tile."""
    corners, size = _corners(cores)
    squares, values = [Rectangle((x, y), size, size) for x, y in corners], cores.reshape(-1)
    drawn = PatchCollection(squares, norm=scale, edgecolor=GREY, linewidth=0.4, zorder=2)
    drawn.set_cmap(colormaps[SEQUENTIAL].with_extremes(bad=tint(GREY, 0.06)))
    drawn.set_array(np.ma.masked_invalid(values))
    return drawn
