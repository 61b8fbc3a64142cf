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
    if not isinstance(history, Mapping):
        raise TypeError(
            f"training_curves: expected values by name, as history.curves() gives them, got {history!r:.60}"
        )
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


def training_side_by_side(histories: Mapping[str, Mapping[str, Sequence[float]]]) -> tuple[Axes, ...]:
    """`training_curves` of several nets: a row a net, a column a quantity, and one range for each quantity.

    histories: by the net's name, each as for `training_curves`; all with the same quantities

    Raises ValueError when there is no net, or when the nets' quantities differ.
    """
    if not histories:
        raise ValueError("training_side_by_side: expected at least one net, got none")
    names = {net: list(history) for net, history in histories.items()}
    first = next(iter(names.values()))
    if any(given != first for given in names.values()):
        raise ValueError(f"training_side_by_side: expected the same quantities for every net, got {names}")
    columns = len({SUBSET.sub("", name) for name in first})
    drawn = panels(
        "training_side_by_side",
        None,
        len(histories),
        columns,
        width_inch=4.2 * columns,
        height_inch=3.1 * len(histories),
    )
    rows = [drawn[k : k + columns] for k in range(0, len(drawn), columns)]
    for row, (net, history) in zip(rows, histories.items(), strict=True):
        training_curves(history, row)
        for ax in row:
            ax.set_title(net, loc="left", fontsize="medium")
    for column in zip(*rows, strict=True):
        lows, highs = zip(*(ax.get_ylim() for ax in column), strict=True)
        for ax in column:
            ax.set_ylim(min(lows), max(highs))
    return drawn


def unit_of(quantity: str) -> str:
    """The label of an axis: what is drawn and its unit."""
    if "loss" in quantity:
        return f"{quantity} (nats)" if "entropy" in quantity else f"{quantity} (no unit)"
    return f"{quantity} (fraction)" if "accuracy" in quantity else quantity
