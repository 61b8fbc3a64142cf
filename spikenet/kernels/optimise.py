"""Compiled parameter updates: each reads a parameter, its gradient and its moments once and writes them once.

Arrays are C-contiguous, one-dimensional and of one float type; scalars are cast to that type by the caller. Below
`SERIAL` elements a loop on the calling thread is faster than waking the others. Every element is updated by itself, so
the result does not depend on the number of threads. The order of the arithmetic is torch's, to agree to rounding.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from spikenet.derive.compile import compiled

Array = npt.NDArray[Any]

SERIAL = 32_768  # elements: 128 kB of float32 pass through one core in the time two need to start
CHUNK = 16_384  # elements a thread takes at once
LANES = 16  # partial sums kept side by side: the compiler may not reorder one running float sum, but it may these


@compiled()
def _sgd(p: Array, g: Array, rate: Any, weight_decay: Any) -> None:
    for i in range(p.size):  # slices with range(size), not range(low, high): the latter is not vectorised
        p[i] -= rate * (g[i] + weight_decay * p[i])


@compiled(parallel=True)
def sgd(p: Array, g: Array, rate: Any, weight_decay: Any) -> None:
    """Gradient descent with an L2 penalty."""
    if p.size < SERIAL:
        _sgd(p, g, rate, weight_decay)
    else:
        for c in numba.prange((p.size + CHUNK - 1) // CHUNK):
            part = slice(c * CHUNK, min((c + 1) * CHUNK, p.size))
            _sgd(p[part], g[part], rate, weight_decay)


@compiled()
def _momentum(p: Array, g: Array, velocity: Array, rate: Any, momentum: Any, ahead: Any, weight_decay: Any) -> None:
    for i in range(p.size):
        gradient = g[i] + weight_decay * p[i]
        velocity[i] = momentum * velocity[i] + gradient
        step = gradient + momentum * velocity[i] if ahead else velocity[i]
        p[i] -= rate * step


@compiled(parallel=True)
def momentum(p: Array, g: Array, velocity: Array, rate: Any, momentum: Any, ahead: Any, weight_decay: Any) -> None:
    """Gradient descent with momentum; ahead: Nesterov's form (Sutskever et al. 2013, in the variables of torch)."""
    if p.size < SERIAL:
        _momentum(p, g, velocity, rate, momentum, ahead, weight_decay)
    else:
        for c in numba.prange((p.size + CHUNK - 1) // CHUNK):
            part = slice(c * CHUNK, min((c + 1) * CHUNK, p.size))
            _momentum(p[part], g[part], velocity[part], rate, momentum, ahead, weight_decay)


@compiled()
def _rmsprop(p: Array, g: Array, square: Array, rate: Any, decay: Any, fresh: Any, eps: Any, weight_decay: Any) -> None:
    for i in range(p.size):
        gradient = g[i] + weight_decay * p[i]
        square[i] = decay * square[i] + fresh * gradient * gradient
        p[i] -= rate * (gradient / (math.sqrt(square[i]) + eps))


@compiled(parallel=True)
def rmsprop(p: Array, g: Array, square: Array, rate: Any, decay: Any, fresh: Any, eps: Any, weight_decay: Any) -> None:
    """RMSprop (Tieleman and Hinton 2012, lecture 6e); fresh = 1 - decay."""
    if p.size < SERIAL:
        _rmsprop(p, g, square, rate, decay, fresh, eps, weight_decay)
    else:
        for c in numba.prange((p.size + CHUNK - 1) // CHUNK):
            part = slice(c * CHUNK, min((c + 1) * CHUNK, p.size))
            _rmsprop(p[part], g[part], square[part], rate, decay, fresh, eps, weight_decay)


@compiled()
def _adam(
    p: Array, g: Array, first: Array, second: Array, rate: Any, fresh1: Any, beta2: Any, fresh2: Any,
    root_correction2: Any, eps: Any, penalty: Any, shrink: Any,
) -> None:  # fmt: skip
    for i in range(p.size):
        gradient = g[i] + penalty * p[i]
        first[i] += fresh1 * (gradient - first[i])
        second[i] = beta2 * second[i] + fresh2 * gradient * gradient
        p[i] = shrink * p[i] - rate * (first[i] / (math.sqrt(second[i]) / root_correction2 + eps))


@compiled(parallel=True)
def adam(
    p: Array, g: Array, first: Array, second: Array, rate: Any, fresh1: Any, beta2: Any, fresh2: Any,
    root_correction2: Any, eps: Any, penalty: Any, shrink: Any,
) -> None:  # fmt: skip
    """Adam (Kingma and Ba 2015, algorithm 1) and AdamW (Loshchilov and Hutter 2019, algorithm 2).

    rate            : learning rate / (1 - beta1^t)
    fresh1, fresh2  : 1 - beta1, 1 - beta2
    root_correction2: sqrt(1 - beta2^t); eps is added after the division by it
    penalty         : L2 penalty put into the gradient (Adam); 0 for AdamW
    shrink          : 1 - learning rate * weight decay (AdamW); 1 for Adam
    """
    if p.size < SERIAL:
        _adam(p, g, first, second, rate, fresh1, beta2, fresh2, root_correction2, eps, penalty, shrink)
    else:
        for c in numba.prange((p.size + CHUNK - 1) // CHUNK):
            part = slice(c * CHUNK, min((c + 1) * CHUNK, p.size))
            _adam(
                p[part], g[part], first[part], second[part],
                rate, fresh1, beta2, fresh2, root_correction2, eps, penalty, shrink,
            )  # fmt: skip


@compiled()
def _largest(bits: Array, mask: Any) -> Any:
    kind = bits.dtype.type  # numba widens integers to 64 bits unless told: half the speed
    largest = kind(0)
    for i in range(bits.size):
        largest = kind(max(largest, kind(bits[i] & mask)))
    return largest


@compiled(parallel=True)
def largest_bits(bits: Array, mask: Any, largest: Array) -> None:
    """Largest of `bits & mask` in each chunk of CHUNK elements.

    With the mask of the exponent, over floats seen as unsigned integers, all ones says NaN or infinity. An integer
    maximum is vectorised where a float one is not: several times faster than np.isfinite(...).all().

    largest: (chunks,) of the type of bits, written
    """
    if bits.size < SERIAL:
        for c in range(largest.size):
            largest[c] = _largest(bits[c * CHUNK : min((c + 1) * CHUNK, bits.size)], mask)
    else:
        for c in numba.prange(largest.size):
            largest[c] = _largest(bits[c * CHUNK : min((c + 1) * CHUNK, bits.size)], mask)


@compiled()
def _sum_of_squares(g: Array, lanes: Array) -> Any:
    lanes[:] = 0.0
    whole = g.size // LANES
    for i in range(whole):
        row = g[i * LANES : (i + 1) * LANES]
        for j in range(LANES):
            x = np.float64(row[j])
            lanes[j] += x * x
    for i in range(whole * LANES, g.size):
        lanes[0] += np.float64(g[i]) ** 2
    total = 0.0
    for j in range(LANES):
        total += lanes[j]
    return total


@compiled(parallel=True)
def sums_of_squares(g: Array, lanes: Array, sums: Array) -> None:
    """Sum of squares of each chunk of CHUNK elements, in double precision.

    lanes: (chunks, LANES) float64, overwritten;  sums: (chunks,) float64, written
    """
    if g.size < SERIAL:
        for c in range(sums.size):
            sums[c] = _sum_of_squares(g[c * CHUNK : min((c + 1) * CHUNK, g.size)], lanes[c])
    else:
        for c in numba.prange(sums.size):
            sums[c] = _sum_of_squares(g[c * CHUNK : min((c + 1) * CHUNK, g.size)], lanes[c])
