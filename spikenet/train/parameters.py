"""How an optimiser reaches parameters: flat views to update, checked, kept within their bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np

from spikenet.errors import Array
from spikenet.graph import Tensor
from spikenet.graph.held import keep_within_bounds

Parameters: TypeAlias = Mapping[str, Tensor]

OptimiserState: TypeAlias = dict[str, dict[str, Array]]
"""Moment -> parameter name -> array: `state["velocity"]["0.weight"]`. A step overwrites the arrays."""


def zeros(params: Parameters) -> dict[str, Array]:
    """One array of zeros for each parameter: a moment before the first step.

    Raises TypeError for a parameter that is not real, ValueError for one that cannot be written.
    """
    for name, p in params.items():
        if p.dtype.kind != "f":
            raise TypeError(f"optimiser: expected parameter {name!r} of a real float type, got {p.dtype}")
        if not p.data.flags.writeable:
            raise ValueError(f"optimiser: the array of parameter {name!r} is read-only; give the Tensor a copy of it")
    return {name: np.zeros(p.shape, p.dtype) for name, p in params.items()}


def moments(state: OptimiserState, name: str, p: Tensor) -> list[Array]:
    """Flat views of the moments of one parameter, in the order of the state; ValueError when they do not fit it."""
    found = [arrays.get(name) for arrays in state.values()]
    if any(array is None or array.shape != p.shape or array.dtype != p.dtype for array in found):
        raise ValueError(
            f"optimiser: the state does not fit parameter {name!r} {p.shape} {p.dtype}; call start(params)"
        )
    return [array.reshape(-1) for array in found if array is not None]


def updating(params: Parameters) -> Iterator[tuple[str, Tensor, Array, Array]]:
    """(name, parameter, its values, its gradient), both flat, for every parameter that has a gradient.

    The values are to be overwritten before the next one is asked for; then they are clipped into the bounds.

    Raises ValueError for a gradient of another shape than its parameter.
    """
    for name, p in params.items():
        if p.grad is None:
            continue
        if p.grad.shape != p.shape:
            raise ValueError(f"optimiser: expected a gradient of {name!r} of shape {p.shape}, got {p.grad.shape}")
        values = np.asarray(p.data, order="C")
        yield name, p, values.reshape(-1), flat(p.grad, p.dtype)
        if values is not p.data:
            p.data[...] = values
        keep_within_bounds(p)


def flat(array: Array, dtype: np.dtype[Any]) -> Array:
    """The numbers of an array, (n,), C-contiguous and writeable; without a copy when they are already."""
    numbers = np.asarray(array, dtype=dtype, order="C").reshape(-1)
    return numbers if numbers.flags.writeable else numbers.copy()  # read-only is another type: seconds of compiling
