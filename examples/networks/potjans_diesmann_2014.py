"""Potjans & Diesmann 2014: the circuit under a square millimetre of cortex, and the rates that its layers settle at.

77,169 neurons and 0.3 billion synapses at full scale, which takes 2 GB; here a tenth of the neurons, each with a tenth
of its synapses, weights grown so that the inputs keep their mean and variance. Source: Cerebral Cortex 24:785-806.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn
from spikenet.network.microcircuit import LAYERS, RATES_HZ


class Result(NamedTuple):
    """By population, in the order of LAYERS: mean rates in Hz, and mean CVs of the intervals (NaN if too few)."""

    rates_hz: list[float]
    cvs: list[float]


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0, scale: float = 0.1) -> Result:
    """Simulates the circuit and draws raster and rates into `out`. quick: a fiftieth, 0.4 s."""
    duration_s = 0.4 if quick else 1.0
    scale = 0.02 if quick else scale
    recording = sn.simulate(sn.networks.microcircuit(scale=scale), duration_s, seed=seed)
    result = Result([], [])
    for times, neurons, n in recording.trains.values():
        late = times > 0.1
        cvs = sn.spike_trains.cv(times[late], neurons[late], n)
        result.rates_hz.append(float(late.sum() / n / (duration_s - 0.1)))
        result.cvs.append(float(np.nanmean(cvs)) if np.isfinite(cvs).any() else float("nan"))
    figure = Figure(figsize=(11, 6), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(2, 1))
    axes = left.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    sn.plot.populations(recording.trains, duration_s - 0.25, duration_s, bin_s=5e-3, axes=axes)
    bars = right.subplots()
    places = np.arange(len(LAYERS))
    bars.barh(places - 0.2, result.rates_hz, 0.4, color="#0072B2", label=f"here, x {scale:g}")
    bars.barh(places + 0.2, RATES_HZ, 0.4, color="#6E6E6E", label="the full network, published")
    bars.set_yticks(places, LAYERS)
    bars.invert_yaxis()
    bars.set_xlabel("mean rate (Hz)")
    bars.legend(frameon=False)
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / "potjans_diesmann_2014.png")
    return result


if __name__ == "__main__":
    print(main())
