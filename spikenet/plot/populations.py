"""Simulated populations: rasters with their rates, distributions of weights and intervals, who connects to whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogFormatter

from spikenet.errors import Array, finite_values, positive, whole
from spikenet.plot.spacing import spread
from spikenet.plot.style import GREY, SEQUENTIAL, colour, figure_of, line_style, note, one_axes

MOST_MARKS = 100_000  # spikes drawn one by one; of more, an even share of the neurons is shown
FEW_MARKS = 20_000  # up to which a spike is a dot, not a pixel
BINS_S = 1e-3, 2e-3, 5e-3, 10e-3, 20e-3  # of rates
NAME_POINTS = 10.0  # height of a population's name


def populations(
    trains: Mapping[str, tuple[Any, Any, int]],
    start_s: float,
    stop_s: float,
    *,
    bin_s: float | None = None,
    axes: Sequence[Axes] | None = None,
) -> tuple[Axes, Axes]:
    """Axes of a raster, one colour a population and its name, the first on top, and of their rates below.

    trains: of each population by name (times in seconds, the neuron of each spike, how many neurons there are), as
            recording.trains gives them
    bin_s : of the rates; if not given, the shortest of 1, 2, 5, 10 and 20 ms in which half of the populations fire 5
            times
    Of more than 100,000 spikes, an even share of each population's neurons is drawn, and said.
    """
    if not trains:
        raise ValueError("populations: expected at least one population")
    span = positive("populations: stop_s - start_s", stop_s - start_s)
    if axes is None:
        figure = Figure(figsize=(7.0, 5.2), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    else:
        upper, lower = axes
    within = {name: _within(name, *train, start_s, stop_s) for name, train in trains.items()}
    spikes = sum(len(times) for times, _, _ in within.values())
    usual_s = next(
        (b for b in BINS_S if np.median([len(t) for t, _, _ in within.values()]) * b >= 5 * span), BINS_S[-1]
    )
    width = min(usual_s, span) if bin_s is None else positive("populations: bin_s", bin_s)
    share = min(1.0, MOST_MARKS / max(1, spikes))
    size = 2.0 if spikes > FEW_MARKS / 10 else 4.0
    mark = {"marker": ".", "markersize": size, "markeredgewidth": 0.0} if spikes <= FEW_MARKS else {"marker": ","}
    below, bands = 0, list[int]()
    bins = max(1, round(span / width))
    for k, (name, (times, neurons, n)) in enumerate(within.items()):
        shown = neurons < max(1, round(n * share))
        rows = max(1, round(n * share))
        upper.plot(1e3 * times[shown], -(below + neurons[shown]), ls="none", color=colour(k), rasterized=True, **mark)
        bands.append(rows)
        below += rows
        counts, edges = np.histogram(times, bins, (start_s, stop_s))
        middles, rates = (edges[1:] + edges[:-1]) / 2, counts / (n * (edges[1] - edges[0]))
        lower.plot(1e3 * middles, rates, color=colour(k), ls=line_style(k), lw=0.8, label=name)
    _name_bands(upper, list(within), bands)
    upper.set_xlim(1e3 * start_s, 1e3 * stop_s)
    upper.set_ylabel("neurons" if share == 1 else f"neurons ({100 * share:.3g} % shown)")
    lower.set_ylabel(f"rate (Hz)\nin {1e3 * span / bins:.3g} ms")
    lower.set_xlabel("time (ms)")
    lower.set_ylim(bottom=0)
    if not any(len(times) for times, _, _ in within.values()):
        note(upper, "no spikes")
    return upper, lower


def _name_bands(ax: Axes, names: Sequence[str], rows: Sequence[int]) -> None:
    """Each name in its colour at the middle of its rows, or as near as its neighbours let it."""
    whole_height, at = sum(rows), np.cumsum(rows) - np.array(rows) / 2
    ax.set_ylim(-whole_height, 0)
    line = whole_height * 1.15 * NAME_POINTS / (72 * figure_of(ax).get_figheight() * ax.get_position().height)
    places = spread(at.tolist(), [1.0] * len(rows), [min(line, whole_height / len(rows))] * len(rows), 0.0)
    ax.set_yticks([-y for y in places], names, fontsize=NAME_POINTS)
    ax.tick_params(axis="y", length=0)
    for k, label in enumerate(ax.get_yticklabels()):
        label.set_color(colour(k))


def distribution(
    values: Mapping[str, Any], *, label: str, bins: int = 60, log: bool = False, ax: Axes | None = None
) -> Axes:
    """Axes with the histogram of each set of values, as densities: weights, intervals, CVs.

    label: what the values are, with their unit; log: bins of equal ratio, for values > 0. NaN are left out.
    Means are dotted, and their numbers in the legend.
    """
    ax = one_axes(ax, 6.4, 3.6)
    given = {name: np.ravel(np.asarray(v, np.float64)) for name, v in values.items()}
    given = {name: v[np.isfinite(v) & ((v > 0) | (not log))] for name, v in given.items()}
    everything = np.concatenate([v for v in given.values() if v.size] or [np.empty(0)])
    bins = whole("distribution: bins", bins)
    if everything.size:
        low, high = float(everything.min()), float(everything.max())
        high = high if high > low else low + max(1e-9, abs(low))
        edges = np.geomspace(low, high, bins + 1) if log else np.linspace(low, high, bins + 1)
        for k, (name, v) in enumerate(given.items()):
            if v.size:
                label_of = f"{name}, mean {v.mean():.3g}"
                ax.hist(v, edges.tolist(), density=True, histtype="step", color=colour(k), label=label_of)
                ax.axvline(float(v.mean()), color=colour(k), lw=0.8, ls="dotted")
        ax.legend(frameon=False)
    else:
        note(ax, "no values")
    if log:
        ax.set_xscale("log")
        plain = LogFormatter(minor_thresholds=(1.5, 0.5))  # 20, 50, 100: of crowded ticks, the first few
        ax.xaxis.set_major_formatter(plain)
        ax.xaxis.set_minor_formatter(plain)
    ax.set_xlabel(label)
    ax.set_ylabel("density")
    return ax


def connectivity(matrix: Any, names: Sequence[str], *, label: str, ax: Axes | None = None) -> Axes:
    """Axes with a matrix (targets, sources) of whatever holds between populations, its numbers written in.

    label: what the numbers are, with their unit; 0 is left white, 175,000 is written as 175k
    """
    numbers: Array = finite_values("connectivity: matrix", matrix)
    if numbers.shape != (len(names), len(names)):
        raise ValueError(f"connectivity: expected a {len(names)} x {len(names)} matrix, got shape {numbers.shape}")
    ax = one_axes(ax, 5.6, 4.8)
    shown = np.ma.masked_equal(numbers, 0)
    image = ax.imshow(shown, cmap=SEQUENTIAL)
    for t, s in np.argwhere(numbers != 0):
        dark = numbers[t, s] < (shown.min() + shown.max()) / 2
        ax.text(s, t, _short(numbers[t, s]), ha="center", va="center", fontsize=7, color="white" if dark else "black")
    ax.set_xticks(range(len(names)), names, rotation=45, ha="right")
    ax.set_yticks(range(len(names)), names)
    ax.set_xlabel("source")
    ax.set_ylabel("target")
    bar = ax.figure.colorbar(image, ax=ax)
    bar.set_label(label, color=GREY)
    return ax


def _short(number: float) -> str:
    """Three digits, with a prefix of the SI where they would take more room than a cell has."""
    rounded = f"{number:.3g}"
    return rounded if 1e-2 <= abs(number) < 1e4 else EngFormatter(sep="")(float(rounded))


def _within(name: str, times_s: Any, neurons: Any, n: int, start_s: float, stop_s: float) -> tuple[Array, Array, int]:
    times = finite_values(f"populations: {name}", times_s) if np.size(times_s) else np.zeros(0)
    who = np.asarray(neurons).astype(np.int64)
    if times.shape != who.shape or (who.size and not 0 <= who.min() <= who.max() < n):
        raise ValueError(f"populations: {name}: expected a neuron below {n} for every spike")
    kept = (times > start_s - 1e-12) & (times <= stop_s + 1e-12)
    return times[kept], who[kept], n
