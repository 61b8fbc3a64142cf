"""Accuracy against energy, and against latency: one point per network and device."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, NullFormatter

from spikenet.errors import within
from spikenet.plot.energy import JOULES, Energy, checked_energy
from spikenet.plot.labels import place_labels
from spikenet.plot.style import GREY, colour, marker, one_axes

Point = tuple[str, float, Energy, str]
MANY = 8  # points; more are numbered, and named in a list at the side


def accuracy_energy(
    points: Sequence[Point],
    *,
    at_least: Collection[str] = (),
    not_run: Collection[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Axes with one labelled point per network and device: energy to the right (logarithmic), accuracy upwards.

    More than eight are numbered, with a list of their labels at the side.

    points : (label, accuracy as a fraction, joules per inference, family); a family has one colour and marker.
             Points whose energy is None or NaN, unknown, stand in a grey strip at the right: only their height counts
    at_least: labels of points whose energy is a lower bound; drawn hollow, with an arrow to the right
    not_run : labels of points that price what another device ran; hollow crosses, with a line of the legend

    Raises ValueError for no points, an accuracy outside [0, 1], and energies that are not positive.
    """
    return against("energy", JOULES, points, at_least, not_run, ax)


def accuracy_latency(points: Sequence[Point], *, at_least: Collection[str] = (), ax: Axes | None = None) -> Axes:
    """As `accuracy_energy` with seconds per inference in place of joules."""
    return against("latency", EngFormatter("s"), points, at_least, (), ax)


def against(
    cost: str,
    formatter: EngFormatter,
    points: Sequence[Point],
    at_least: Collection[str],
    not_run: Collection[str],
    ax: Axes | None,
    families: Sequence[str] = (),
    most_beside: int = MANY,
) -> Axes:
    """The picture of both.

    families   : those that have the first colours and markers, in this order
    most_beside: up to so many points have their labels beside them
    """
    if not points:
        raise ValueError(f"accuracy_{cost}: expected at least one point, got none")
    checked = [checked_point(point, cost) for point in points]
    known = [joule for _, _, joule, _ in checked if joule is not None]
    low, high = (min(known), max(known)) if known else (1e-9, 1e-6)
    pad = max((high / low) ** 0.15, 6.0)  # never less than a decade, or no tick has a label
    strip = high * pad, high * pad**2
    beyond = math.sqrt(strip[0] * strip[1])
    at = [(beyond if joule is None else joule, 100 * accuracy) for _, accuracy, joule, _ in checked]

    names = [f"{label}, at least" if label in at_least else label for label, *_ in checked]
    numbered = len(names) > most_beside
    ax = one_axes(ax, *size_inch(points, numbered))
    families = list(dict.fromkeys((*families, *(family for *_, family in checked))))
    for k, family in enumerate(families):
        ran = (
            (x, y) for (x, y), point in zip(at, checked, strict=True) if point[3] == family and point[0] not in not_run
        )
        own = np.array(list(ran)).reshape(-1, 2)
        if not any(point[3] == family for point in checked):
            continue
        ax.plot(
            own[:, 0],
            own[:, 1],
            linestyle="none",
            marker=marker(k),
            markersize=9,
            markeredgecolor="white",
            color=colour(k),
            label=family,
        )
    ax.set_xscale("log")
    for (x, y), (label, *_, family) in zip(at, checked, strict=True):
        edge, shape = colour(families.index(family)), marker(families.index(family))
        if label in at_least or label in not_run:
            shape = "X" if label in not_run else shape
            ax.plot(x, y, marker=shape, markersize=9, color="white", markeredgecolor=edge)
        if label in at_least:
            ax.annotate(
                "", (x * 1.9, y), (x * 1.12, y), arrowprops={"arrowstyle": "->", "color": edge}, annotation_clip=False
            )
    ax.set_xlim(low / pad, strip[0] if len(known) == len(checked) else strip[1])
    lowest, highest = min(percent for _, percent in at), max(percent for _, percent in at)
    room = 0.18 * max(highest - lowest, 1.0)
    ax.set_ylim(lowest - room, min(highest + room, 100 + room / 2))
    ax.set_xlabel(f"{cost} per inference ({formatter.unit}, logarithmic)")
    ax.set_ylabel("accuracy (%)")
    ax.grid(True, color="0.92")
    ax.set_axisbelow(True)
    if any(label in not_run for label, *_ in checked):
        none: list[float] = []
        ax.plot(none, none, "X", markersize=9, color="white", markeredgecolor=GREY, label="not run on the device")
    ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=min(len(families) + 1, 4))
    if len(known) < len(checked):
        ax.axvspan(*strip, color=GREY, alpha=0.15, linewidth=0)
        for minor in (False, True):  # no energies below points that have none
            ax.set_xticks([tick for tick in ax.get_xticks(minor=minor) if low / pad < tick < strip[0]], minor=minor)
        bottom, top = ax.get_ylim()
        inside = [(percent - bottom) / (top - bottom) for x, percent in at if x == beyond]
        height = max((0.91, 0.5, 0.09), key=lambda h: min(abs(h - y) for y in inside))  # clear of the points there
        across = ax.get_xaxis_transform()
        ax.text(
            beyond, height, f"{cost}\nunknown", transform=across, ha="center", va="center", color=GREY, fontsize="small"
        )
    ax.xaxis.set_major_formatter(formatter)  # after the ticks, whose setting would bring its own
    ax.xaxis.set_minor_formatter(NullFormatter())
    if not numbered:
        place_labels(ax, at, names)
        return ax
    listed = "\n".join(f"{k:2}  {name}" for k, name in enumerate(names, 1))
    ax.text(1.02, 1.0, listed, transform=ax.transAxes, ha="left", va="top", fontsize="small", linespacing=1.4)
    spots = dict[tuple[float, float], list[str]]()
    for k, spot in enumerate(at, 1):  # what stands on one spot shares a label
        spots.setdefault(spot, []).append(str(k))
    place_labels(ax, list(spots), [", ".join(numbers) for numbers in spots.values()])
    return ax


def size_inch(points: Sequence[Point], numbered: bool) -> tuple[float, float]:
    """Width and height of a picture of the points, with a list of their labels at the side where they are numbered."""
    if not numbered:
        return 7.0, 4.4
    return 5.5 + 0.075 * max(len(point[0]) for point in points), max(4.4, 0.21 * len(points))


def checked_point(point: Point, cost: str = "energy") -> Point:
    """The point with its accuracy and energy, or another cost, as floats, the cost None where it is unknown."""
    label, accuracy, energy_j, family = point
    part = within(f"accuracy_{cost}: accuracy of {label!r}, a fraction", accuracy, 0.0, 1.0)
    joule = checked_energy(f"accuracy_{cost}: {cost} of {label!r}", energy_j)
    if joule == 0:
        raise ValueError(f"accuracy_{cost}: expected the {cost} of {label!r} > 0 or None for unknown, got 0")
    return label, part, joule, family
