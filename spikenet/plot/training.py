"""How a training went: every quantity in its own axes, training and validation side by side."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from spikenet.plot.style import colour, line_style, marker, note, panels
from spikenet.plot.values import numbers

SUBSET = re.compile(r"^(train(ing)?|test|valid(ation)?|val)[ _]+")  # "test loss" is the loss on another subset
FEW = 40  # epochs up to which each is marked with a dot


def training_curves(history: Mapping[str, Sequence[float]], axes: Sequence[Axes] | None = None) -> tuple[Axes, ...]:
    """One axes per quantity, with one line per subset of the data: loss and test loss share an axes.

    history : name -> one value per epoch, such as {"loss": [...], "test loss": [...], "accuracy": [...]}; a leading
              train, test or validation names the subset. NaN leaves a gap, shorter sequences end earlier
    axes    : one per quantity, in the order in which they come; None makes a figure of them

    Raises ValueError when there is nothing to draw, or a value is not a sequence of numbers.
    """
    quantities: dict[str, list[str]] = {}
    for name in history:
        quantities.setdefault(SUBSET.sub("", name), []).append(name)
    if not quantities:
        raise ValueError("training_curves: expected at least one quantity, such as {'loss': [...]}, got none")
    drawn = panels("training_curves", axes, 1, len(quantities), width_inch=4.2 * len(quantities), height_inch=3.4)
    for ax, (quantity, names) in zip(drawn, quantities.items(), strict=True):
        longest = 0
        for k, name in enumerate(names):
            values = numbers(f"training_curves: {name!r}", history[name])
            if values.ndim != 1:
                raise ValueError(
                    f"training_curves: expected {name!r} to hold one value per epoch, got shape {values.shape}"
                )
            longest = max(longest, len(values))
            dots = marker(k) if len(values) <= FEW else None
            ax.plot(
                np.arange(1, len(values) + 1),
                values,
                color=colour(k),
                linestyle=line_style(k),
                marker=dots,
                markersize=4,
                label=name,
            )
        ax.set_xlabel("epoch")
        ax.set_ylabel(unit_of(quantity))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        if longest == 0:
            note(ax, "no epochs")
        else:
            ax.legend(frameon=False)
    return drawn


def unit_of(quantity: str) -> str:
    """The label of an axis: what is drawn and its unit."""
    if "loss" in quantity:
        return f"{quantity} (nats)" if "entropy" in quantity else f"{quantity} (1)"
    return f"{quantity} (fraction)" if "accuracy" in quantity else quantity
