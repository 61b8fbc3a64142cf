"""What a graph is drawn on: axes without a frame on which one unit is one point, or less where there is less room."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spikenet.plot.boxes import FONT, LINE, Line, text_width, write
from spikenet.plot.layering import Size
from spikenet.plot.style import BLUE, VERMILLION, figure_of

MARGIN = 8.0  # points, as are all lengths here
KEY = 2.2 * LINE  # height of the key below the drawing
WIDEST = 200 * 72.0  # 200 inches, 30,000 pixels at 150 dpi: about what viewers still open
SMALLEST = 2.0  # type below this size is unreadable, and below 1 point matplotlib sets it too large


def sheet(ax: Axes | None, size: Size) -> tuple[Axes, float]:
    """Axes without frame, y downwards, with room for a drawing of `size` points and its key; and the scale for it.

    Raises ValueError where the text would be too small to be read.
    """
    width, height = size[0] + 2 * MARGIN, size[1] + 2 * MARGIN + KEY
    width = max(width, text_width(Line("value →        ← gradient")) + 2 * MARGIN)
    if ax is None:
        scale = min(1.0, WIDEST / width, WIDEST / height)
        ax = Figure(figsize=(width * scale / 72, height * scale / 72)).add_axes((0.0, 0.0, 1.0, 1.0))
        room = (width * scale, height * scale)
    else:
        figure_of(ax).draw_without_rendering()  # settles the layout, so that the axes have their final size
        box = ax.get_window_extent()
        room = (box.width * 72 / figure_of(ax).dpi, box.height * 72 / figure_of(ax).dpi)
        scale = min(1.0, room[0] / width, room[1] / height)
    if FONT * scale < SMALLEST:
        raise ValueError(
            f"graph: expected axes on which letters of {SMALLEST} points or more fit, got {FONT * scale:.1f} points: "
            f"the drawing needs {width / 72:.0f} x {height / 72:.0f} inches; use larger axes or a smaller graph"
        )
    ax.set_axis_off()
    width, height = room[0] / scale, room[1] / scale
    left = (size[0] - width) / 2
    top = (size[1] + KEY - height) / 2
    ax.set_xlim(left, left + width)
    ax.set_ylim(top + height, top)
    return ax, scale


def draw_key(ax: Axes, size: Size, scale: float) -> None:
    """What the colours of the numbers mean, below the drawing."""
    x, y = size[0] / 2, size[1] + KEY - LINE / 2
    write(ax, x - 6.0, y, Line("value →", BLUE), "center_baseline", scale, "right")
    write(ax, x + 6.0, y, Line("← gradient", VERMILLION), "center_baseline", scale, "left")
