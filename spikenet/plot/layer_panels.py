"""One sample on its way through a network: a panel per layer, all on one time axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from matplotlib.axes import Axes

from spikenet.errors import Array
from spikenet.plot.clock import label_time, time_unit
from spikenet.plot.mosaic import centred_limit, colour_bar
from spikenet.plot.rasters import label_neurons, raster
from spikenet.plot.style import DIVERGING, panels
from spikenet.plot.values import numbers, one_sample


class Record(Protocol):
    """What is read of a layer's record: its name and its output (steps, batch, ...)."""

    @property
    def name(self) -> str: ...
    @property
    def output(self) -> Array: ...


def layers_raster(
    records: Sequence[Record], *, sample: int = 0, dt_s: float = 1e-3, axes: Sequence[Axes] | None = None
) -> tuple[Axes, ...]:
    """One axes per layer: a raster where the output is spikes (0 and 1 only), else its values in colour, zero white.

    records : of sn.record(net, x); .output is (steps, batch, ...)
    sample  : row of the batch that is drawn
    dt_s    : length of a step, seconds
    axes    : one per record, top to bottom; None makes a figure of them

    Raises ValueError when there is no record, an output has no time axis, or the outputs differ in length.
    """
    if not records:
        raise ValueError("layers_raster: expected at least one record, got none")
    outputs = [output_over_time(record, sample) for record in records]
    lengths = {record.name: len(output) for record, output in zip(records, outputs, strict=True)}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"layers_raster: expected outputs of equal length, got steps {lengths}")
    drawn = panels(
        "layers_raster", axes, len(records), width_inch=7.0, height_inch=0.6 + 1.5 * len(records), share_x=True
    )
    for ax, record, output in zip(drawn, records, outputs, strict=True):
        if ((output == 0) | (output == 1)).all():
            raster(output, dt_s=dt_s, ax=ax)
            rate_hz = output.mean() / dt_s if output.size else 0.0
            text = f"{record.name}: {count(output, 'neuron')}, mean rate {rate_hz:.3g} Hz"
        else:
            draw_values(ax, output, dt_s)
            text = f"{record.name}: {count(output, 'value')}"
        ax.set_title(text, loc="left", fontsize="medium")
    for ax in drawn[:-1]:
        ax.set_xlabel("")
        ax.tick_params(labelbottom=False)
    return drawn


def output_over_time(record: Record, sample: int) -> Array:
    """The (steps, n) output of one layer for one sample."""
    where, output = f"layers_raster: layer {record.name!r}", numbers("layers_raster: output", record.output)
    if output.ndim < 3:  # (batch, features) of a conventional net must not pass for (steps, n)
        raise ValueError(
            f"{where}: expected output (steps, batch, ...), got {output.shape}; nothing happens in time here"
        )
    return one_sample(where, output, sample)


def count(output: Array, noun: str) -> str:
    """The width of a (steps, n) output in words."""
    n = output.shape[1]
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def draw_values(ax: Axes, output: Array, dt_s: float) -> None:
    """(steps, n) analogue values as an image: time to the right, neurons upwards."""
    steps, n = output.shape
    dt, unit = time_unit("layers_raster", steps, dt_s)
    limit = centred_limit(output)
    extent = (-0.5 * dt, (steps - 0.5) * dt, -0.5, n - 0.5)
    values: Any = np.ma.masked_invalid(output.T.astype(np.float64))
    image = ax.imshow(
        values,
        cmap=DIVERGING,
        vmin=-limit,
        vmax=limit,
        extent=extent,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
    )
    colour_bar(ax, image, "output\n(no unit)")
    label_time(ax, steps, dt, unit)
    label_neurons(ax, n)
