"""Costs of several levels: each level in axes of its own, for no figure of one may be held against that of another.

A level is what a cost includes: the operations of a technology, the events of a chip's table, a whole device.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spikenet.plot import energy, tradeoff
from spikenet.plot.energy import JOULES, Table, energy_bars
from spikenet.plot.tradeoff import Point, against

TITLE, LEGEND, COLUMNS = 8.0, 20.0, 4  # points above the axes below a title, those of a row of a legend; its columns


def energy_levels(levels: Mapping[str, Table], axes: Sequence[Axes] | None = None) -> tuple[Axes, ...]:
    """One axes for each level, one below the other, each as `energy_bars` draws its table, under the level's name.

    levels: name of the level -> what `energy_bars` takes
    axes  : one for each level; None makes a figure of them

    Raises ValueError for no levels, and as `energy_bars` does.
    """
    drawn = _stacked("energy_levels", axes, levels, [energy.size_inch(table) for table in levels.values()])
    for ax, (name, table) in zip(drawn, levels.items(), strict=True):
        _titled(energy_bars(table, ax=ax), name)
    return drawn


def accuracy_energy_levels(
    levels: Mapping[str, Sequence[Point]],
    *,
    at_least: Collection[str] = (),
    not_run: Collection[str] = (),
    axes: Sequence[Axes] | None = None,
) -> tuple[Axes, ...]:
    """One axes for each level, one below the other, each as `accuracy_energy` draws its points, under the level's name.

    levels: name of the level -> points; a family has the same colour and marker in all
    at_least, not_run: as of `accuracy_energy`;  axes: one for each level; None makes a figure of them

    Raises ValueError for no levels, and as `accuracy_energy` does.
    """
    sizes = [tradeoff.size_inch(points, numbered=True) for points in levels.values()]
    drawn = _stacked("accuracy_energy_levels", axes, levels, sizes)
    families = list(dict.fromkeys(point[3] for points in levels.values() for point in points))
    for ax, (name, points) in zip(drawn, levels.items(), strict=True):
        _titled(against("energy", JOULES, points, at_least, not_run, ax, families, most_beside=0), name)
    return drawn


def _stacked(
    where: str, axes: Sequence[Axes] | None, levels: Mapping[str, object], sizes: Sequence[tuple[float, float]]
) -> tuple[Axes, ...]:
    if not levels:
        raise ValueError(f"{where}: expected at least one level, got none")
    if axes is not None:
        if len(axes) != len(levels):
            raise ValueError(f"{where}: expected {len(levels)} axes, one for each level, got {len(axes)}")
        return tuple(axes)
    heights = [height for _, height in sizes]
    figure = Figure(figsize=(max(width for width, _ in sizes), sum(heights)), layout="constrained")
    return tuple(figure.subplots(len(levels), 1, squeeze=False, height_ratios=heights)[:, 0])


def _titled(ax: Axes, name: str) -> None:
    legend = ax.get_legend()
    rows = 0 if legend is None else -(-len(legend.get_texts()) // COLUMNS)
    ax.set_title(name, loc="left", fontweight="bold", pad=TITLE + LEGEND * rows)
