"""The logarithm of a determinant's size, beside its vjp: what a linear map does to volumes."""

from __future__ import annotations

import numpy as np

from spikenet.graph.operands import as_tensor
from spikenet.graph.tensor import Tensor, TensorLike


def log_abs_det(a: TensorLike) -> Tensor:
    """log |det a| of a square matrix (n, n).

    Raises ValueError when it is not square, or singular in its float type.
    """
    a = as_tensor(a)
    if a.ndim != 2 or a.shape[0] != a.shape[1]:
        raise ValueError(f"log_abs_det: expected a square matrix, got shape {a.shape}")
    _, value = np.linalg.slogdet(a.data)
    smallest = np.linalg.svd(a.data, compute_uv=False)
    if not np.isfinite(value) or smallest[-1] <= smallest[0] * len(a) * np.finfo(a.dtype).eps:
        raise ValueError(
            f"log_abs_det: the matrix is singular: singular values {smallest[0]:.3g} .. {smallest[-1]:.3g}"
        )
    return Tensor(np.asarray(value), (a,), lambda g: (g * np.linalg.inv(a.data).T,), operation="log_abs_det")
