"""Colours, line styles and figures, in one place: all pictures look alike and read without colour vision.

Figures are made without pyplot: no global state, no window, no backend chosen for the reader.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

# Okabe & Ito 2008, "Color Universal Design", jfly.uni-koeln.de/color; yellow left out, it is lost on white. Violet is
# not theirs: an eighth that is as far from them and from GREY, to every common colour vision, as they are at best
BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK, VIOLET = PALETTE = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
    "#8000E0",
)
GREY = "#6E6E6E"  # notes beside the data: thresholds, "no spikes", "unknown"
LINES = ("solid", "dashed", "dotted", "dashdot")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DIVERGING = "RdBu_r"  # blue below zero, red above; the poles differ to every common colour vision
SEQUENTIAL = "cividis"  # Nunez et al. 2018, PLoS ONE 13(7):e0199239: the same to normal and deficient colour vision


def colour(k: int) -> str:
    """Colour of the k-th series; repeats after eight, where `line_style` moves on."""
    return PALETTE[k % len(PALETTE)]


def line_style(k: int) -> str:
    """Line style of the k-th series: solid for the first eight, then dashed, dotted, dash-dotted."""
    return LINES[k // len(PALETTE) % len(LINES)]


def marker(k: int) -> str:
    """Marker of the k-th family of points."""
    return MARKERS[k % len(MARKERS)]


def one_axes(ax: Axes | None, width_inch: float = 6.4, height_inch: float = 4.0) -> Axes:
    """`ax` itself, or the only axes of a new figure."""
    if ax is not None:
        return ax
    return Figure(figsize=(width_inch, height_inch), layout="constrained").add_subplot()


def panels(
    where: str,
    axes: Sequence[Axes] | None,
    rows: int,
    columns: int = 1,
    *,
    width_inch: float = 6.4,
    height_inch: float = 3.4,
    share_x: bool = False,
) -> tuple[Axes, ...]:
    """`axes` itself when it holds rows * columns of them (else ValueError), or those of a new figure, row by row."""
    if axes is None:
        figure = Figure(figsize=(width_inch, height_inch), layout="constrained")
        return tuple(figure.subplots(rows, columns, sharex=share_x, squeeze=False).flat)
    if len(axes) != rows * columns:
        raise ValueError(f"{where}: expected {rows * columns} axes, one per panel, got {len(axes)}")
    return tuple(axes)


def figure_of(ax: Axes) -> Figure:
    """The whole figure that `ax` is drawn on, also from within a subfigure."""
    owner = ax.figure
    while isinstance(owner, SubFigure):
        owner = owner.figure
    return owner


def note(ax: Axes, text: str) -> None:
    """Write `text` in grey in the middle of `ax`: what there is to say about a picture without data."""
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", color=GREY)


def tint(colour_hex: str, strength: float) -> str:
    """The colour mixed into white: strength 0 is white, 1 the colour itself."""
    mixed = (round(255 + (int(colour_hex[k : k + 2], 16) - 255) * strength) for k in (1, 3, 5))
    return "#" + "".join(f"{channel:02X}" for channel in mixed)
