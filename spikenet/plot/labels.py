"""Labels beside points, each on the side where it covers the least."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from spikenet.plot.style import figure_of

Across = Literal["left", "center", "right"]
Up = Literal["bottom", "center", "top"]
# horizontal and vertical offset in points with the alignment that goes with it; the first is preferred
SIDES: tuple[tuple[int, int, Across, Up], ...] = (
    (7, 0, "left", "center"),
    (-7, 0, "right", "center"),
    (0, 7, "center", "bottom"),
    (0, -7, "center", "top"),
    (6, 6, "left", "bottom"),
    (6, -6, "left", "top"),
    (-6, 6, "right", "bottom"),
    (-6, -6, "right", "top"),
    (0, 20, "center", "bottom"),
    (0, -20, "center", "top"),
    (12, 18, "left", "bottom"),
    (12, -18, "left", "top"),
    (-12, 18, "right", "bottom"),
    (-12, -18, "right", "top"),
)
MARK_POINTS = 10.0  # room kept free around every marker


def place_labels(ax: Axes, at: Sequence[tuple[float, float]], texts: Sequence[str]) -> None:
    """Write `texts` beside the points `at` (data coordinates), away from points, arrows, words and the frame.

    Greedy: each label takes the side with the least overlap, in pixels squared, as the figure stands when called.
    """
    figure = figure_of(ax)
    figure.draw_without_rendering()  # settles the layout, so that pixels mean something
    frame = ax.get_window_extent()
    half = MARK_POINTS / 2 * figure.dpi / 72
    taken = [Bbox.from_bounds(x - half, y - half, 2 * half, 2 * half) for x, y in ax.transData.transform(list(at))]
    taken += [text.get_window_extent() for text in ax.texts]
    for spot, text in zip(at, texts, strict=True):
        label = ax.annotate(text, spot, xytext=(0, 0), textcoords="offset points", fontsize="small")
        label.set_in_layout(False)  # or its length would squeeze the axes that it was measured in
        costs = []
        for dx, dy, across, up in SIDES:
            label.set_position((dx, dy))
            label.set_horizontalalignment(across)
            label.set_verticalalignment(up)
            box = label.get_window_extent()
            costs.append((area(box) - shared(box, frame) + sum(shared(box, other) for other in taken), box))
        best = min(range(len(SIDES)), key=lambda k: costs[k][0])
        dx, dy, across, up = SIDES[best]
        label.set_position((dx, dy))
        label.set_horizontalalignment(across)
        label.set_verticalalignment(up)
        taken.append(costs[best][1])


def area(box: Bbox) -> float:
    """Pixels squared that `box` covers."""
    return float(box.width * box.height)


def shared(a: Bbox, b: Bbox) -> float:
    """Pixels squared that both boxes cover."""
    both = Bbox.intersection(a, b)
    return 0.0 if both is None else area(both)
