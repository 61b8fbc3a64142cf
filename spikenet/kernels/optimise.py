"""Compiled parameter updates: each reads a parameter, its gradient and its moments once and writes them once.

Arrays are C-contiguous, one-dimensional and of one float type; scalars are cast to that type by the caller. A task
takes `chunk` elements; `shares` says how many tasks there are. Every element is updated by itself, so the result does
not depend on the number of threads. The order of the arithmetic is torch's, to agree to rounding.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.kernels.tasks import shared

Array = npt.NDArray[Any]

SERIAL = (
    32_768  # elements a single thread takes: 128 kB of float32 pass through it in the time the others need to start
)
CHUNK = 16_384  # elements a task takes else
LANES = 16  # partial sums kept side by side: the compiler may not reorder one running float sum, but it may these


def shares(p: Array) -> tuple[int, int]:
    """(tasks, elements of each) of an update."""
    return (1, p.size) if p.size < SERIAL else (chunks(p.size), CHUNK)


def chunks(size: int) -> int:
    """How many CHUNKs so many elements are."""
    return -(-size // CHUNK)


@shared
def sgd(task: int, p: Array, g: Array, rate: Any, weight_decay: Any, chunk: int) -> None:
    """Gradient descent with an L2 penalty."""
    part = slice(task * chunk, min((task + 1) * chunk, p.size))
    p, g = p[part], g[part]
    for i in range(p.size):  # slices with range(size), not range(low, high): the latter is not vectorised
        p[i] -= rate * (g[i] + weight_decay * p[i])


@shared
def momentum(
    task: int, p: Array, g: Array, velocity: Array, rate: Any, momentum: Any, ahead: Any, weight_decay: Any, chunk: int
) -> None:
    """Gradient descent with momentum; ahead: Nesterov's form (Sutskever et al. 2013, in the variables of torch)."""
    part = slice(task * chunk, min((task + 1) * chunk, p.size))
    p, g, velocity = p[part], g[part], velocity[part]
    for i in range(p.size):
        gradient = g[i] + weight_decay * p[i]
        velocity[i] = momentum * velocity[i] + gradient
        step = gradient + momentum * velocity[i] if ahead else velocity[i]
        p[i] -= rate * step


@shared
def rmsprop(
    task: int, p: Array, g: Array, square: Array, rate: Any, decay: Any, fresh: Any, eps: Any, weight_decay: Any,
    chunk: int,
) -> None:  # fmt: skip
    """RMSprop (Tieleman and Hinton 2012, lecture 6e); fresh = 1 - decay."""
    part = slice(task * chunk, min((task + 1) * chunk, p.size))
    p, g, square = p[part], g[part], square[part]
    for i in range(p.size):
        gradient = g[i] + weight_decay * p[i]
        square[i] = decay * square[i] + fresh * gradient * gradient
        p[i] -= rate * (gradient / (math.sqrt(square[i]) + eps))


@shared
def adam(
    task: int, p: Array, g: Array, first: Array, second: Array, rate: Any, fresh1: Any, beta2: Any, fresh2: Any,
    root_correction2: Any, eps: Any, penalty: Any, shrink: Any, chunk: int,
) -> None:  # fmt: skip
    """Adam (Kingma and Ba 2015, algorithm 1) and AdamW (Loshchilov and Hutter 2019, algorithm 2).

    rate            : learning rate / (1 - beta1^t)
    fresh1, fresh2  : 1 - beta1, 1 - beta2
    root_correction2: sqrt(1 - beta2^t); eps is added after the division by it
    penalty         : L2 penalty put into the gradient (Adam); 0 for AdamW
    shrink          : 1 - learning rate * weight decay (AdamW); 1 for Adam
    """
    part = slice(task * chunk, min((task + 1) * chunk, p.size))
    p, g, first, second = p[part], g[part], first[part], second[part]
    for i in range(p.size):
        gradient = g[i] + penalty * p[i]
        first[i] += fresh1 * (gradient - first[i])
        second[i] = beta2 * second[i] + fresh2 * gradient * gradient
        p[i] = shrink * p[i] - rate * (first[i] / (math.sqrt(second[i]) / root_correction2 + eps))


@shared
def sums_of_squares(task: int, g: Array, lanes: Array, sums: Array) -> None:
    """Sum of squares of each chunk of CHUNK elements, in double precision.

    lanes: (chunks, LANES) float64, overwritten;  sums: (chunks,) float64, written
    """
    g, own = g[task * CHUNK : min((task + 1) * CHUNK, g.size)], lanes[task]
    own[:] = 0.0
    whole = g.size // LANES
    for i in range(whole):
        row = g[i * LANES : (i + 1) * LANES]
        for j in range(LANES):
            x = np.float64(row[j])
            own[j] += x * x
    for i in range(whole * LANES, g.size):
        own[0] += np.float64(g[i]) ** 2
    total = 0.0
    for j in range(LANES):
        total += own[j]
    sums[task] = total
