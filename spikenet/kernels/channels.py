"""Sums over all axes but the channels', and numbers scaled channel by channel: what batch normalisation is made of.

Arrays are (rows, channels * pixels), C-contiguous; what belongs to a channel is (channels,). Sums are taken in float64,
over fixed shares of the rows, whatever the number of threads.
"""

from __future__ import annotations

import numpy as np

from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.tasks import shared
from spikenet.kernels.threads import enough_threads

TASKS = 16  # shares of the rows
NS_PER_NUMBER = 1.0  # one core, about what it takes here


@shared
def _sums(task: int, a: Array, b: Array, shift: Array, partial: Array) -> None:
    tasks, _, channels = partial.shape
    rows, pixels = a.shape[0], a.shape[1] // channels
    share = (rows + tasks - 1) // tasks
    plain, product = partial[task, 0], partial[task, 1]
    for r in range(task * share, min((task + 1) * share, rows)):
        if pixels == 1:
            row, other = a[r], b[r]
            for c in range(channels):
                plain[c] += row[c]
                product[c] += row[c] * (other[c] - shift[c])
        else:
            for c in range(channels):
                row, other = a[r, c * pixels : (c + 1) * pixels], b[r, c * pixels : (c + 1) * pixels]
                total, total_product, less = 0.0, 0.0, shift[c]
                for k in range(pixels):
                    total += row[k]
                    total_product += row[k] * (other[k] - less)
                plain[c] += total
                product[c] += total_product


@shared
def _combine(r: int, a: Array, of_a: Array, b: Array, of_b: Array, plus: Array, y: Array) -> None:
    channels = plus.size
    pixels = a.shape[1] // channels
    for c in range(channels):
        row, into = a[r, c * pixels : (c + 1) * pixels], y[r, c * pixels : (c + 1) * pixels]
        factor, offset = of_a[c], plus[c]
        if b.size:
            other, factor_b = b[r, c * pixels : (c + 1) * pixels], of_b[c]
            for k in range(pixels):
                into[k] = factor * row[k] + factor_b * other[k] + offset
        else:
            for k in range(pixels):
                into[k] = factor * row[k] + offset


def sums(a: Array, b: Array, shift: Array) -> tuple[Array, Array]:
    """(the sums of a, the sums of a * (b - shift)), both (channels,) float64."""
    partial = np.zeros((TASKS, 2, shift.size))
    with enough_threads(a.size * NS_PER_NUMBER):
        _sums(TASKS, a, b, shift.astype(np.float64), partial)
    plain, product = partial.sum(axis=0)
    return plain, product


def scaled(a: Array, of_a: Array, plus: Array, b: Array | None = None, of_b: Array | None = None) -> Array:
    """of_a * a + of_b * b + plus, the factors (channels,) taken in the type of a."""
    y, kind = memory.empty(a.shape, a.dtype), a.dtype
    other = np.empty((0, 0), kind) if b is None else b
    factors = [(plus if f is None else f).astype(kind) for f in (of_a, of_b, plus)]
    with enough_threads(a.size * NS_PER_NUMBER):
        _combine(len(a), a, factors[0], other, factors[1], factors[2], y)
    return y
