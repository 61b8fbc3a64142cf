"""Data as training takes them: checked once as a whole, then gathered and encoded batch by batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from spikenet.errors import Array, array_of, finite_extremes, finite_values
from spikenet.graph import Tensor

Encoder: TypeAlias = Callable[..., Array]
"""encode(x, index=sample numbers, seed=seed): (batch, ...) to (steps, batch, ...)."""


class Samples(NamedTuple):
    """inputs (N, ...) in the net's float type, or complex ones of it; targets (N,) labels or (N, ...) values."""

    inputs: Array
    targets: Array

    @property
    def n(self) -> int:
        return len(self.inputs)

    def batch(self, rows: Array | slice, encode: Encoder | None, seed: int) -> tuple[Tensor, Array]:
        """Input of the net and targets for some samples.

        rows: (batch,) sample numbers, or a slice of them with start and stop
        seed: handed to the encoder with the sample numbers
        """
        if isinstance(rows, slice):
            x, targets = self.inputs[rows], self.targets[rows]
        else:
            x, targets = self.inputs.take(rows, axis=0), self.targets.take(rows, axis=0)
        if encode is not None:
            numbers = np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows
            x = np.asarray(encode(x, index=numbers, seed=seed))
            if x.dtype.kind != "c":
                x = x.astype(self.inputs.real.dtype, copy=False)
        return Tensor(x), targets


def samples(name: str, data: Any, dtype: np.dtype[Any]) -> Samples:
    """`data` as Samples: an `sn.data.Arrays`, or a pair (inputs, targets) of arrays.

    dtype: of the net's parameters, float32 or float64; complex inputs become complex numbers of such parts

    Raises TypeError for anything else, ValueError when it is empty, not finite, or its lengths differ.
    """
    if hasattr(data, "inputs") and hasattr(data, "labels"):
        given = data.inputs, data.labels
    elif isinstance(data, tuple) and len(data) == 2:
        given = data
    else:
        raise TypeError(
            f"{name}: expected sn.data.Arrays or a pair (inputs, targets), got {type(data).__name__}; "
            "sn.data.arrays(inputs, labels) makes one"
        )
    with np.errstate(over="ignore"):  # what overflows is infinite then, and refused
        numbers = _numbers(f"{name}: inputs", given[0])
        wanted = np.result_type(dtype, np.complex64) if numbers.dtype.kind == "c" else dtype
        inputs = _finite(f"{name}: inputs", numbers.astype(wanted, copy=False))
    targets = _finite(f"{name}: targets", _numbers(f"{name}: targets", given[1]))
    if inputs.ndim < 2:
        raise ValueError(f"{name}: expected inputs (samples, features...), got shape {inputs.shape}")
    if targets.ndim < 1 or len(targets) != len(inputs):
        raise ValueError(f"{name}: expected a target for each of {len(inputs)} samples, got shape {targets.shape}")
    if not inputs.size:
        raise ValueError(f"{name}: expected at least one sample, got inputs of shape {inputs.shape}")
    return Samples(inputs, targets)


def _numbers(name: str, values: Any) -> Array:
    array = array_of(name, values)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"{name}: expected numbers, got dtype {array.dtype}")
    return array


def _finite(name: str, values: Array) -> Array:
    if not finite_extremes(values):
        finite_values(name, values)  # finds the place and raises
    return values
