"""Surrogate derivatives beside the smooth functions they are the derivatives of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from matplotlib.axes import Axes

from spikenet.errors import Array
from spikenet.neurons import surrogate
from spikenet.plot.style import GREY, colour, line_style, panels

N_POINTS = 801
TOGETHER = 12  # curves that can still be told apart in one panel
COLUMNS = 6


class Curve(Protocol):
    """What is read of a surrogate: its name, its derivative and its smooth twin of u = v - threshold."""

    @property
    def name(self) -> str: ...
    def derivative(self, u: Any) -> Any: ...
    def smooth(self, u: Any) -> Any: ...


def surrogates(
    curves: Sequence[Curve] = surrogate.ALL, *, reach: float = 2.0, axes: Sequence[Axes] | None = None
) -> tuple[Axes, ...]:
    """The curves, all of sn.surrogate where none are given, for u from -reach to reach.

    Up to 12 of them on two axes: the smooth spikes with the true step in grey, and their derivatives. More get an axes
    each, with both in it.

    Raises ValueError when there is no curve.
    """
    if not isinstance(curves, Sequence):
        raise TypeError(f"surrogates: curves: expected a list of surrogates, got {curves!r:.60}")
    if not curves:
        raise ValueError("surrogates: expected at least one surrogate, got none")
    u = np.linspace(-reach, reach, N_POINTS)
    return _together(curves, u, axes) if len(curves) <= TOGETHER else _one_by_one(curves, u, axes)


def _together(curves: Sequence[Curve], u: Array, axes: Sequence[Axes] | None) -> tuple[Axes, ...]:
    drawn = panels("surrogates", axes, 1, 2, width_inch=9.0, height_inch=3.6)
    left, right = drawn
    _true_step(left, u)
    for k, curve in enumerate(curves):
        left.plot(u, curve.smooth(u), color=colour(k), linestyle=line_style(k), label=curve.name)
        right.plot(u, curve.derivative(u), color=colour(k), linestyle=line_style(k), label=curve.name)
    left.set_ylabel("smooth spike (no unit)")
    right.set_ylabel("surrogate derivative (no unit)")
    for ax in drawn:
        ax.set_xlim(u[0], u[-1])
        ax.set_xlabel("membrane above threshold, v - threshold (no unit)")
    right.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    return drawn


def _one_by_one(curves: Sequence[Curve], u: Array, axes: Sequence[Axes] | None) -> tuple[Axes, ...]:
    rows = -(-len(curves) // COLUMNS)
    drawn = panels("surrogates", axes, rows, COLUMNS, width_inch=2.2 * COLUMNS, height_inch=1.7 * rows, share_x=True)
    for ax, curve in zip(drawn, curves, strict=False):
        _true_step(ax, u)
        ax.plot(u, curve.smooth(u), color=colour(0), linestyle=line_style(0), label="smooth spike")
        ax.plot(u, curve.derivative(u), color=colour(1), linestyle="dashed", label="its derivative")
        ax.set_title(curve.name, fontsize="small")
        ax.set_xlim(u[0], u[-1])
    for ax in drawn[len(curves) :]:
        ax.set_axis_off()
    for k in range(len(curves)):
        if k + COLUMNS >= len(curves):
            drawn[k].set_xlabel("v - threshold (no unit)")
            drawn[k].tick_params(labelbottom=True)
    drawn[0].legend(frameon=False, fontsize="x-small")
    return drawn[: len(curves)]


def _true_step(ax: Axes, u: Array) -> None:
    ax.plot([u[0], 0, 0, u[-1]], [0, 0, 1, 1], color=GREY, linewidth=1.0, label="spike")
