"""Simulated populations: rasters with their rates, distributions of weights and intervals, who connects to whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogFormatter

from spikenet.errors import Array, finite_values, positive, whole
from spikenet.plot.style import GREY, SEQUENTIAL, colour, line_style, note, one_axes

MOST_MARKS = 100_000  # spikes drawn one by one; of more, an even share of the neurons is shown
FEW_MARKS = 20_000  # up to which a spike is a dot, not a pixel


def populations(
    trains: Mapping[str, tuple[Any, Any, int]],
    start_s: float,
    stop_s: float,
    *,
    bin_s: float = 1e-3,
    axes: Sequence[Axes] | None = None,
) -> tuple[Axes, Axes]:
    """Axes of a raster, one colour a population, the first on top, and of their rates below.

    trains: of each population by name (times in seconds, the neuron of each spike, how many neurons there are), as
            recording.trains gives them
    bin_s : of the rates
    Of more than 100,000 spikes, an even share of each population's neurons is drawn, and said.
    """
    if not trains:
        raise ValueError("populations: expected at least one population")
    span = positive("populations: stop_s - start_s", stop_s - start_s)
    width = positive("populations: bin_s", bin_s)
    if axes is None:
        figure = Figure(figsize=(7.0, 5.2), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    else:
        upper, lower = axes
    within = {name: _within(name, *train, start_s, stop_s) for name, train in trains.items()}
    spikes = sum(len(times) for times, _, _ in within.values())
    share = min(1.0, MOST_MARKS / max(1, spikes))
    size = 2.0 if spikes > FEW_MARKS / 10 else 4.0
    mark = {"marker": ".", "markersize": size, "markeredgewidth": 0.0} if spikes <= FEW_MARKS else {"marker": ","}
    below, ticks = 0, []
    bins = max(1, round(span / width))
    for k, (name, (times, neurons, n)) in enumerate(within.items()):
        shown = neurons < max(1, round(n * share))
        rows = max(1, round(n * share))
        upper.plot(1e3 * times[shown], -(below + neurons[shown]), ls="none", color=colour(k), rasterized=True, **mark)
        ticks.append((below + rows / 2, name))
        below += rows
        counts, edges = np.histogram(times, bins, (start_s, stop_s))
        middles, rates = (edges[1:] + edges[:-1]) / 2, counts / (n * (edges[1] - edges[0]))
        lower.plot(1e3 * middles, rates, color=colour(k), ls=line_style(k), lw=0.8, label=name)
    upper.set_yticks([-at for at, _ in ticks], [name for _, name in ticks])
    upper.set_ylim(-below, 0)
    upper.set_xlim(1e3 * start_s, 1e3 * stop_s)
    upper.set_ylabel("neurons" if share == 1 else f"neurons ({100 * share:.3g} % shown)")
    lower.set_ylabel("rate (Hz)")
    lower.set_xlabel("time (ms)")
    lower.set_ylim(bottom=0)
    if not any(len(times) for times, _, _ in within.values()):
        note(upper, "no spikes")
    return upper, lower


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
