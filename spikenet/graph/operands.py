"""What an operation accepts: tensors, arrays, lists and numbers, and which dtype they then have."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.graph.tensor import Tensor, TensorLike


def as_tensor(value: TensorLike) -> Tensor:
    """`value` itself when it is a Tensor, else a constant of it."""
    return value if isinstance(value, Tensor) else Tensor(value)


def operands(a: TensorLike, b: TensorLike) -> tuple[Tensor, Tensor]:
    """Both operands of an operation as tensors. Numbers and integer arrays take the other one's dtype.

    So float32 stays float32 beside 2.0, np.sqrt(2) or an integer array; beside a float64 array it becomes float64.
    """
    if isinstance(a, Tensor):
        return a, b if isinstance(b, Tensor) else _beside(b, a.data.dtype)
    if isinstance(b, Tensor):
        return _beside(a, b.data.dtype), b
    return Tensor(a), Tensor(b)


def _beside(value: TensorLike, dtype: np.dtype[Any]) -> Tensor:
    if isinstance(value, np.ndarray) and value.dtype.kind in "fc":
        return Tensor(value)
    if isinstance(value, (float, int)):
        return Tensor(np.array(value, dtype))
    array = np.asarray(value)
    kind = array.dtype.kind
    if kind not in "biufc":
        raise TypeError(f"expected a tensor, an array or a number, got {value!r:.80} of type {type(value).__name__}")
    return Tensor(array.astype(np.result_type(dtype, np.complex64) if kind == "c" else dtype))
