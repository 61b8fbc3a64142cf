"""What becomes of the numbers a tensor is made from."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array

FLOATS = frozenset(np.dtype(t) for t in (np.float32, np.float64, np.complex64, np.complex128))


def floats(data: Any) -> Array:
    """Arrays of floating point as they are, in native byte order and at least float32; all else as float32.

    Raises TypeError when data are not numbers.
    """
    if isinstance(data, (np.float32, np.float64)):  # what numpy returns where 0-d arrays went in
        return np.asarray(data)
    array = np.asarray(data)
    kind = array.dtype.kind
    if kind not in "biufc":
        raise TypeError(
            f"Tensor: expected numbers, got {data!r:.80} of type {type(data).__name__}, dtype {array.dtype}"
        )
    if kind in "fc" and isinstance(data, (np.ndarray, np.generic)):
        return array.astype(np.result_type(array.dtype, np.float32), copy=False)
    return array.astype(np.complex64 if kind == "c" else np.float32)
