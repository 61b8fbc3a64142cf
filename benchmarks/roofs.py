"""What the machine can do at most, measured: multiply-adds by BLAS and bytes by copying; and timing by turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numba
import numpy as np

from spikenet.kernels import blas

SIDE = 2048  # of the square matrices multiplied
COPIED_MB = 64  # of each array copied: beyond the caches of most


class Roofs(NamedTuple):
    """sgemm_gflops: of a large float32 product, one multiply-add being two; copy_gb_s: bytes read and written."""

    sgemm_gflops: float
    copy_gb_s: float

    def least_ms(self, flops: float, n_bytes: float) -> float:
        """The time below which a kernel with so much arithmetic and so much memory to touch cannot go."""
        return max(flops / self.sgemm_gflops, n_bytes / self.copy_gb_s) / 1e6


@numba.njit(parallel=True)
def _copy(source: np.ndarray, target: np.ndarray) -> None:
    for r in numba.prange(source.shape[0]):
        a, b = source[r], target[r]
        for j in range(a.size):
            b[j] = a[j]


def medians_ms(works: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Median time of each; they take turns, and the first two rounds are not counted."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(rounds + 2):
        for work, into in zip(works, times, strict=True):
            before = time.perf_counter()
            work()
            into.append(time.perf_counter() - before)
    return [1e3 * statistics.median(one[2:]) for one in times]


def measured(rounds: int = 7) -> Roofs:
    """The roofs, with as many threads as numba has now."""
    a = np.ones((SIDE, SIDE), np.float32)
    source, target = np.ones((2, COPIED_MB * 2**20 // 2**14, 2**12), np.float32)
    gemm_ms, copy_ms = medians_ms([lambda: blas.multiply(a, a), lambda: _copy(source, target)], rounds)
    return Roofs(2 * SIDE**3 / gemm_ms / 1e6, 2 * source.nbytes / copy_ms / 1e6)
