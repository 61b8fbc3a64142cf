"""One value of a distribution as a function of a counter."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.philox import philox

UNIFORM, NORMAL, LOGNORMAL = range(3)
WIDEST = math.sqrt(-2 * math.log(2.0**-33))  # standard deviations: the largest normal number that 32 bits give
_SMALL, _TURN = 2.0**-32, 2 * math.pi * 2.0**-32


@compiled()
def sample(kind: Any, a: float, b: float, low: float, high: float, number: Any, stream: int, seed: int) -> Any:
    """The value with this number in a stream: drawn again until it lies between the bounds."""
    attempt = 0
    while True:
        x0, x1, _, _ = philox(number & 0xFFFFFFFF, number >> 32, attempt, stream, seed)
        if kind == UNIFORM:
            value = a + (b - a) * ((x0 + 0.5) * _SMALL)
        else:  # Box & Muller 1958
            value = a + b * math.sqrt(-2.0 * math.log((x0 + 0.5) * _SMALL)) * math.cos(x1 * _TURN)
            if kind == LOGNORMAL:
                value = math.exp(value)
        if low <= value <= high:
            return value
        attempt += 1


@compiled(parallel=True)
def sample_row(kind: int, a: float, b: float, low: float, high: float, stream: int, seed: int, into: Array) -> None:
    """into[k] = the value with number k."""
    for k in numba.prange(into.size):
        into[k] = sample(kind, a, b, low, high, np.int64(k), stream, seed)


def share_within(kind: int, a: float, b: float, low: float, high: float) -> float:
    """Part of the uncut distribution that lies between the bounds."""
    if kind == UNIFORM:
        return max(0.0, min(b, high) - max(a, low)) / (b - a)

    def below(bound: float) -> float:
        if kind == LOGNORMAL:
            bound = math.log(bound) if bound > 0 else -math.inf
        return 0.5 * math.erfc(-(bound - a) / b / math.sqrt(2))

    return below(high) - below(low)
