"""Surrogate derivatives beside the smooth functions they are the derivatives of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from matplotlib.axes import Axes

from spikenet.plot.style import GREY, colour, line_style, panels

N_POINTS = 801


class Curve(Protocol):
    """What is read of a surrogate: its name, its derivative and its smooth twin of u = v - threshold."""

    @property
    def name(self) -> str: ...
    def derivative(self, u: Any) -> Any: ...
    def smooth(self, u: Any) -> Any: ...


def surrogates(curves: Sequence[Curve], *, reach: float = 2.0, axes: Sequence[Axes] | None = None) -> tuple[Axes, ...]:
    """Two axes: the smooth spikes with the true step in grey, and their derivatives, for u from -reach to reach.

    Raises ValueError when there is no curve.
    """
    if not curves:
        raise ValueError("surrogates: expected at least one surrogate, got none")
    drawn = panels("surrogates", axes, 1, 2, width_inch=9.0, height_inch=3.6)
    left, right = drawn
    u = np.linspace(-reach, reach, N_POINTS)
    left.plot([-reach, 0, 0, reach], [0, 0, 1, 1], color=GREY, linewidth=1.0, label="spike")
    for k, curve in enumerate(curves):
        left.plot(u, curve.smooth(u), color=colour(k), linestyle=line_style(k), label=curve.name)
        right.plot(u, curve.derivative(u), color=colour(k), linestyle=line_style(k), label=curve.name)
    left.set_ylabel("smooth spike (no unit)")
    right.set_ylabel("surrogate derivative (no unit)")
    for ax in drawn:
        ax.set_xlim(-reach, reach)
        ax.set_xlabel("membrane above threshold, v - threshold (no unit)")
    right.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    return drawn
