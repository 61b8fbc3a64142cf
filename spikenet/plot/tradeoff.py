"""Accuracy against energy: one point per network and device."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter

from spikenet.errors import within
from spikenet.plot.energy import Energy, checked_energy
from spikenet.plot.labels import place_labels
from spikenet.plot.style import GREY, colour, marker, one_axes

Point = tuple[str, float, Energy, str]


def accuracy_energy(points: Sequence[Point], *, ax: Axes | None = None) -> Axes:
    """Axes with one labelled point per network and device: energy to the right (logarithmic), accuracy upwards.

    points : (label, accuracy as a fraction, joules per inference, family); a family has one colour and marker.
             Points whose energy is None or NaN, unknown, stand in a grey strip at the right: only their height counts

    Raises ValueError for no points, an accuracy outside [0, 1], and energies that are not positive.
    """
    if not points:
        raise ValueError("accuracy_energy: expected at least one point, got none")
    checked = [checked_point(point) for point in points]
    known = [joule for _, _, joule, _ in checked if joule is not None]
    low, high = (min(known), max(known)) if known else (1e-9, 1e-6)
    pad = max((high / low) ** 0.15, 3.0)
    strip = high * pad, high * pad**2
    beyond = math.sqrt(strip[0] * strip[1])
    at = [(beyond if joule is None else joule, 100 * accuracy) for _, accuracy, joule, _ in checked]

    ax = one_axes(ax, 7.0, 4.4)
    families = list(dict.fromkeys(family for *_, family in checked))
    for k, family in enumerate(families):
        own = np.array([spot for spot, point in zip(at, checked, strict=True) if point[3] == family])
        ax.plot(own[:, 0], own[:, 1], linestyle="none", marker=marker(k), markersize=8, color=colour(k), label=family)
    ax.set_xscale("log")
    ax.set_xlim(low / pad, strip[0] if len(known) == len(checked) else strip[1])
    ax.margins(y=0.18)
    ax.xaxis.set_major_formatter(EngFormatter(unit="J"))
    ax.set_xlabel("energy per inference (J, logarithmic)")
    ax.set_ylabel("accuracy (%)")
    ax.grid(True, color="0.92")
    ax.set_axisbelow(True)
    ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=min(len(families), 4))
    if len(known) < len(checked):
        ax.axvspan(*strip, color=GREY, alpha=0.15, linewidth=0)
        where = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
        ax.annotate("energy unknown", (beyond, 1.0), xytext=(0, -4), ha="center", va="top", color=GREY, fontsize="small", **where)
    place_labels(ax, at, [label for label, *_ in checked])
    return ax


def checked_point(point: Point) -> Point:
    """The point with its accuracy and energy as floats, the energy None where it is unknown."""
    label, accuracy, energy_j, family = point
    part = within(f"accuracy_energy: accuracy of {label!r}, a fraction", accuracy, 0.0, 1.0)
    joule = checked_energy(f"accuracy_energy: energy of {label!r}", energy_j)
    if joule == 0:
        raise ValueError(f"accuracy_energy: expected the energy of {label!r} > 0 or None for unknown, got 0")
    return label, part, joule, family
