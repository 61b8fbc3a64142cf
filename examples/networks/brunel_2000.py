"""Brunel 2000, figure 8: four states of one sparse network of exciting and inhibiting neurons.

10,000 exciting and 2,500 inhibiting neurons, each with 1,000 and 250 random inputs that arrive after 1.5 ms. Only two
numbers change: how much stronger inhibition is (g), and the rate from outside in units of what alone brings a neuron
to its threshold. Source: Brunel 2000, J. Comput. Neurosci. 8:183-208.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn

DURATION_S, SHOWN_S = 0.6, 0.1  # simulated, and drawn from the end
SHOWN = 50  # neurons of the raster, as in the paper


class Result(NamedTuple):
    """By regime: mean rate in Hz, mean CV of the intervals, synchrony of the exciting neurons (1 when independent)."""

    rates_hz: dict[str, float]
    cvs: dict[str, float]
    synchrony: dict[str, float]


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Simulates the four states and draws raster and rate of each into `out`. quick: a tenth of the network."""
    scale = 0.1 if quick else 1.0
    result = Result({}, {}, {})
    figure = Figure(figsize=(11, 7), layout="constrained")
    for place, (name, (g, outside)) in zip(figure.subfigures(2, 2).flat, sn.networks.REGIMES.items(), strict=True):
        # a smaller network keeps its inputs' mean and its weights' size: fluctuations grow, the states stay
        net = sn.networks.brunel(g=g, outside=outside, scale=scale)
        recording = sn.simulate(net, DURATION_S, seed=seed)
        times, neurons, n = recording.trains["E"]
        settled = times > 0.2
        result.rates_hz[name] = float(settled.sum() / n / (DURATION_S - 0.2))
        result.cvs[name] = float(np.nanmean(sn.spike_trains.cv(times[settled], neurons[settled], n)))
        counts = sn.spike_trains.binned(times, neurons, n, 0.2, DURATION_S, 1e-3)
        result.synchrony[name] = sn.spike_trains.synchrony(counts)
        upper, lower = place.subplots(2, 1, sharex=True, height_ratios=(2, 1))
        start = DURATION_S - SHOWN_S
        first = (neurons < SHOWN) & (times > start)
        upper.plot(1e3 * times[first], neurons[first], "k.", markersize=2)
        upper.set_ylabel("neuron")
        rate = counts[-round(SHOWN_S / 1e-3) :].mean(axis=1) / 1e-3
        lower.bar(1e3 * (start + 1e-3 * (np.arange(rate.size) + 0.5)), rate, 1.0, color="#0072B2")
        lower.set(xlabel="time (ms)", ylabel="rate (Hz)")
        lower.set_xlim(1e3 * start, 1e3 * DURATION_S)
        place.suptitle(f"{name}: g = {g:g}, outside {outside:g}, {result.rates_hz[name]:.1f} Hz", fontsize=10)
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / "brunel_2000.png")
    return result


if __name__ == "__main__":
    for what, values in main()._asdict().items():
        print(what, {name: round(value, 2) for name, value in values.items()})
