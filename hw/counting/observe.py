"""What went through each layer, added up over batches, from which `hw.count` counts."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.counting.activity import Active
from hw.lowering.kinds import has_weights, is_join, is_neurons, is_pooling
from spikenet.layers import LayerRecord

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Observed:
    """Sums over all samples seen so far.

    steps     : 1 without time
    shape, out_shape: of a sample and step, going in and coming out
    nonzero   : (inputs,) steps and samples in which each input of a connection or pooling was not zero, else empty
    total     : (inputs,) sum of each of these inputs over steps and samples
    is_binary : every input so far was 0 or 1
    is_constant: no input so far changed over time (False without time and for neurons)
    is_shared : a layer before it has the same input, in the same memory
    spikes    : non-zero outputs of spiking neurons
    active    : active neuron updates
    """

    name: str
    layer: Any
    samples: int
    steps: int
    shape: tuple[int, ...]
    out_shape: tuple[int, ...]
    nonzero: Array
    total: Array
    is_binary: bool
    is_constant: bool
    is_shared: bool
    spikes: float
    active: float

    @property
    def inputs(self) -> int:
        """Elements a sample and step."""
        return math.prod(self.shape)

    @property
    def outputs(self) -> int:
        """Elements a sample and step."""
        return math.prod(self.out_shape)

    def and_then(self, later: Observed) -> Observed:
        """Both taken together. Raises ValueError when the shapes differ, as when an encoder changes its steps."""
        if (self.steps, self.shape) != (later.steps, later.shape):
            raise ValueError(
                f"count: layer {self.name} saw {self.steps} steps of {self.inputs} inputs, then "
                f"{later.steps} of {later.inputs}; every batch needs the same"
            )
        return replace(
            self,
            samples=self.samples + later.samples,
            nonzero=self.nonzero + later.nonzero,
            total=self.total + later.total,
            is_binary=self.is_binary and later.is_binary,
            is_constant=self.is_constant and later.is_constant,
            spikes=self.spikes + later.spikes,
            active=self.active + later.active,
        )


def observed(record: LayerRecord, has_time: bool, active: Active, *, is_shared: bool = False) -> Observed:
    """What one batch did in one layer; input (steps, batch, ...) with time, (batch, ...) without."""
    x, y = np.asarray(record.input), np.asarray(record.output)
    seen = x[:1] if has_time and x.strides[0] == 0 else x  # a repeated input is one step seen `steps` times
    for name, values in (("input", seen), ("output", y)):
        if not np.isfinite(values).all():
            raise ValueError(
                f"count: {name} of layer {record.name} is not finite; the net or its data holds NaN or inf"
            )
    steps, samples = (x.shape[0], x.shape[1]) if has_time else (1, x.shape[0])
    leading = 2 if has_time else 1
    nonzero, total, is_binary, is_constant = np.zeros(0), np.zeros(0), False, False
    if has_time and not is_neurons(record.layer):
        is_constant = bool((seen == seen[:1]).all())
    if is_join(record.layer):
        is_binary = bool(((seen == 0) | (seen == 1)).all())
    if has_weights(record.layer) or is_pooling(record.layer):
        times = x.shape[0] // seen.shape[0] if has_time else 1
        rows = seen.reshape(-1, math.prod(x.shape[leading:]))
        nonzero = times * np.count_nonzero(rows, axis=0).astype(np.float64)
        total = times * rows.sum(axis=0, dtype=np.float64)
        is_binary = bool(((seen == 0) | (seen == 1)).all())
    spikes = active_updates = 0.0
    if is_neurons(record.layer):
        spikes = float(np.count_nonzero(y)) if record.layer.runs.spikes else 0.0
        active_updates = float(np.count_nonzero(active(record)))
    return Observed(
        name=record.name,
        layer=record.layer,
        samples=samples,
        steps=steps,
        shape=x.shape[leading:],
        out_shape=y.shape[leading:],
        nonzero=nonzero,
        total=total,
        is_binary=is_binary,
        is_constant=is_constant,
        is_shared=is_shared,
        spikes=spikes,
        active=active_updates,
    )
