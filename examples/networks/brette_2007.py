"""Brette et al. 2007, benchmarks 1 and 2: the networks by which simulators are compared, COBA and CUBA.

4,000 neurons, one in five inhibiting, connected at random with 80 synapses each. They are started by random membranes
(and conductances) and go on by themselves, irregularly. Source: J. Comput. Neurosci. 23:349-398.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn


class Result(NamedTuple):
    """By network: mean rate in Hz and mean CV of the exciting neurons after the first 100 ms, slowness of the run."""

    rates_hz: dict[str, float]
    cvs: dict[str, float]
    real_time_factors: dict[str, float]


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Simulates both and draws rasters and intervals into `out`. quick: 0.3 s instead of 1 s."""
    duration_s = 0.3 if quick else 1.0
    result = Result({}, {}, {})
    figure = Figure(figsize=(10, 6.5), layout="constrained")
    axes = figure.subplots(3, 2, height_ratios=(3, 1, 1.5))
    for column, (name, make) in enumerate((("CUBA", sn.networks.cuba), ("COBA", sn.networks.coba))):
        axes[1, column].sharex(axes[0, column])
        recording = sn.simulate(make(), duration_s, seed=seed)
        times, neurons, n = recording.trains["E"]
        late = times > 0.1
        result.rates_hz[name] = float(late.sum() / n / (duration_s - 0.1))
        result.cvs[name] = float(np.nanmean(sn.spike_trains.cv(times[late], neurons[late], n)))
        result.real_time_factors[name] = recording.run.real_time_factor
        sn.plot.populations(recording.trains, 0.0, duration_s, axes=axes[:2, column])
        axes[0, column].set_title(f"{name}: {result.rates_hz[name]:.1f} Hz, CV {result.cvs[name]:.2f}")
        gaps = {p: 1e3 * sn.spike_trains.intervals_s(*train)[0] for p, train in recording.trains.items()}
        sn.plot.distribution(gaps, label="interval (ms)", log=True, ax=axes[2, column])
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / "brette_2007.png")
    return result


if __name__ == "__main__":
    print(main())
