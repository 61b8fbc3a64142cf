"""What a drawn graph is made of, on axes where one unit is one point: boxes with lines of text, and labelled edges.

Text is measured before it is placed, so that boxes fit it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path
from matplotlib.textpath import text_to_path

from spikenet.errors import Array
from spikenet.plot.layering import Size
from spikenet.plot.style import BLACK, GREY, ORANGE, tint

# lengths in points, times the scale of the sheet
FONT = 9.0
LINE = 1.35 * FONT
PAD = 5.0

MINUS = "\N{MINUS SIGN}"
RESULT, LEAF, CONSTANT = "#FFFFFF", tint(ORANGE, 0.3), tint(GREY, 0.15)


class Line(NamedTuple):
    text: str
    colour: str = BLACK
    bold: bool = False


def number(value: Any) -> str:
    """Five digits of a number, with a real minus sign."""
    return f"{value:.5g}".replace("-", MINUS)


def summary(array: Array) -> str:
    """The value of an array of size 1, the mean of a larger one."""
    if array.size == 1:
        return number(array.item())
    return "mean " + f"{array.mean():.3g}".replace("-", MINUS)


def text_width(line: Line) -> float:
    """Width of a line of text, points."""
    if not line.text.strip():
        return 0.0
    font = FontProperties(weight="bold" if line.bold else "normal", size=FONT)
    width, _, _ = text_to_path.get_text_width_height_descent(line.text, font, False)
    return float(width)


def node_size(lines: Sequence[Line]) -> Size:
    """Width and height of a box around lines of text."""
    return max([24.0, *(text_width(line) + 2 * PAD for line in lines)]), max(len(lines), 1) * LINE + 2 * PAD


def edge_size(lines: Sequence[Line]) -> Size:
    """Width and height of the label of an edge: a line of text above it, one below."""
    return max(12.0, *(text_width(line) + 4.0 for line in lines)), 2 * LINE + 2.0


def draw_box(ax: Axes, centre: Array, lines: Sequence[Line], paint: str, scale: float) -> None:
    """A rounded box with its lines of text, the first on top."""
    width, height = node_size(lines)
    x, y = centre
    ax.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=5",
            facecolor=paint,
            edgecolor=BLACK,
            linewidth=0.8 * scale,
        )
    )
    for k, line in enumerate(lines):
        write(ax, x, y + (k - (len(lines) - 1) / 2) * LINE, line, "center_baseline", scale)


def draw_edge(ax: Axes, way: Array, label: Array, lines: tuple[Line, Line], scale: float) -> None:
    """An arrow along the corners `way`, level or climbing in an S, with text above and below the line at `label`."""
    points, codes = [tuple(way[0])], [Path.MOVETO]
    for (x0, y0), (x1, y1) in pairwise(way):
        if x1 - x0 < 0.01:  # a piece without length has no direction, and an arrow that ends on it no head
            continue
        if abs(y1 - y0) < 0.01:
            points.append((x1, y1))
            codes.append(Path.LINETO)
        else:
            middle = (x0 + x1) / 2
            points += [(middle, y0), (middle, y1), (x1, y1)]
            codes += [Path.CURVE4] * 3
    arrow = FancyArrowPatch(
        path=Path(points, codes), arrowstyle="-|>", mutation_scale=8 * scale, linewidth=0.9 * scale, color=GREY
    )
    ax.add_artist(arrow)  # not add_patch, which would measure the curve for limits that are set already
    x, y = label
    write(ax, x, y - 2.0, lines[0], "bottom", scale)
    write(ax, x, y + 2.0, lines[1], "top", scale)


def write(ax: Axes, x: float, y: float, line: Line, up: Any, scale: float, across: Any = "center") -> None:
    """One line of text, in which a dollar sign is a dollar sign."""
    if line.text.strip():
        ax.text(
            x,
            y,
            line.text,
            color=line.colour,
            fontsize=FONT * scale,
            fontweight="bold" if line.bold else "normal",
            ha=across,
            va=up,
            parse_math=False,
        )
