"""The pictures of `spikenet compare`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import spikenet
from spikenet import plot
from spikenet.errors import Array
from spikenet.layers import Dropout, Sequential, Spiking

SHOWN = 4  # hidden neurons whose membranes are drawn


def draw(
    folder: Path,
    comparison: Any,
    curves: Mapping[str, Mapping[str, Sequence[float]]],
    snn: Sequential,
    sample: Array,
    label: int,
) -> list[Path]:
    """Writes every picture into `folder`; their paths.

    sample: (steps, 1, inputs) the first test sample, encoded
    label : its class
    """
    records = [r for r in spikenet.record(snn, sample) if not isinstance(r.layer, Dropout)]  # idle in evaluation
    trained = {f"{net}, trained with dropout, tested without": history for net, history in curves.items()}
    return [
        plot.save(_raster(comparison.data, records, label), folder / "raster.png"),
        plot.save(_membranes(records), folder / "membranes.png"),
        plot.save(plot.energy_levels(comparison.bars), folder / "energy.png"),
        plot.save(_accuracy_energy(comparison), folder / "accuracy_energy.png"),
        plot.save(plot.training_side_by_side(trained), folder / "training.png"),
    ]


def _accuracy_energy(comparison: Any) -> Any:
    return plot.accuracy_energy_levels(comparison.points, at_least=comparison.bounds, not_run=comparison.not_run)


def _raster(data: str, records: Sequence[Any], label: int) -> Any:
    """All layers, under a line that says which sample it is and what the net takes it for."""
    axes = plot.layers_raster(records)
    counts = records[-1].output[:, 0].sum(axis=0)
    read = f"read as {counts.argmax()} ({counts.max():.0f} output spikes)" if counts.any() else "no output spike"
    axes[0].figure.suptitle(f"{data}, test sample 0: label {label}, {read}")
    return axes


def _membranes(records: Sequence[Any]) -> Any:
    """Membranes of the hidden neurons that fire most for the sample."""
    hidden = next(r for r in records if isinstance(r.layer, Spiking) and r.layer.model.spikes)
    spikes = hidden.output[:, 0]
    busiest = np.argsort(-spikes.sum(axis=0), kind="stable")[:SHOWN]
    threshold = np.broadcast_to(hidden.layer.values["threshold"].data, spikes.shape[1:])[busiest]
    v = hidden.states[hidden.layer.states[-1]][:, 0, busiest]
    held = f"membrane potential (threshold {threshold[0]:g})" if np.ptp(threshold) == 0 else "membrane potential"
    names = [f"neuron {j}" for j in busiest]
    ax = plot.traces(v, spikes=spikes[:, busiest], threshold=threshold, label=held, names=names)
    ax.set_title(f"layer {hidden.name}, its busiest neurons, after each step's reset", loc="left", fontsize="medium")
    return ax
