"""Vogels et al. 2011: inhibition that learns, and so brings a network from one loud rhythm to quiet, irregular firing.

Every neuron is driven above its threshold and inhibiting synapses onto exciting neurons begin at nothing. A synapse
grows when its two neurons fire within some 20 ms of each other and shrinks a little with each of its own spikes: that
balances every neuron, until it fires at 3 Hz: from 158 Hz in one rhythm the rate is down to 8 Hz after 10 s, irregular,
and still falls. Source: Science 334:1569-1573, figure 4.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn
from spikenet.network.inhibition import TARGET_HZ

SHOWN_S = 0.3  # of the rasters


class Result(NamedTuple):
    """Of the exciting neurons at the begin and at the end: mean rate, mean CV, synchrony (1: independent)."""

    rates_hz: tuple[float, float]
    cvs: tuple[float, float]
    synchrony: tuple[float, float]
    mean_weight_ns: float


def network(scale: float = 1.0) -> sn.Network:
    """For `spikenet simulate examples/networks/vogels_2011.py`."""
    return sn.networks.vogels(scale=scale)


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Simulates 10 s and draws begin and end into `out`. quick: a tenth of the neurons, 3 s, learning faster."""
    duration_s, window_s = (3.0, 1.0) if quick else (10.0, 1.0)
    net = sn.networks.vogels(scale=0.1, rate_ns=0.05) if quick else sn.networks.vogels()
    simulation = sn.Simulation(net, seed=seed)
    recording = simulation.run(duration_s)
    times, neurons, n = recording.trains["E"]
    _, _, weights = simulation.weights(net.projections[-1])

    def measured(start_s: float, stop_s: float) -> tuple[float, float, float]:
        mine = (times > start_s) & (times <= stop_s)
        rate = mine.sum() / n / (stop_s - start_s)
        counts = sn.spike_trains.binned(times, neurons, n, start_s, stop_s, 5e-3)
        cvs = sn.spike_trains.cv(times[mine], neurons[mine], n)
        return float(rate), float(np.nanmean(cvs)), sn.spike_trains.synchrony(counts)

    spans = ((0.0, 0.2), (duration_s - window_s, duration_s))
    rates, cvs, synchrony = zip(*(measured(*span) for span in spans), strict=True)
    result = Result(rates, cvs, synchrony, float(weights.mean()))
    figure = Figure(figsize=(11, 8), layout="constrained")
    rows = figure.subfigures(2, 1, height_ratios=(3, 2))
    axes = rows[0].subplots(2, 2, sharex="col", height_ratios=(3, 1))
    for column, (what, start_s) in enumerate((("begin", 0.0), ("end", duration_s - SHOWN_S))):
        sn.plot.populations(recording.trains, start_s, start_s + SHOWN_S, axes=axes[:, column])
        axes[0, column].set_title(f"{what}: E {rates[column]:.1f} Hz, synchrony {synchrony[column]:.1f}")
    slow, grown = rows[1].subplots(1, 2)
    per_bin = sn.spike_trains.binned(times, neurons, n, 0.0, duration_s, 50e-3).mean(axis=1) / 50e-3
    slow.semilogy(50e-3 * (np.arange(per_bin.size) + 0.5), per_bin, label="E")
    slow.axhline(TARGET_HZ, color="#6E6E6E", ls="dashed", label="target")
    slow.set(xlabel="time (s)", ylabel="mean rate (Hz)")
    slow.legend(frameon=False)
    sn.plot.distribution({"I to E": weights}, label="plastic weight at the end (nS)", ax=grown)
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / "vogels_2011.png")
    return result


if __name__ == "__main__":
    print(main())
