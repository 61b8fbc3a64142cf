"""Operations that add currents to an input: constant over given steps, or new normal numbers in each."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.philox import philox
from spikenet.kernels.pointers import array_at
from spikenet.kernels.sampling import normal

# words of the entries of the plan
N, INPUT, WEIGHT = 0, 1, 2  # of both: neurons, address of the row that is added to, address of one number
STARTS, CHANGES, VALUES, WIDTH = (
    3,
    4,
    5,
    6,
)  # addresses of (CHANGES,) int64 and (CHANGES, WIDTH) floats; WIDTH is N or 1
MEAN, STD, STREAM, SEED, FIRST = 3, 4, 5, 6, 7  # addresses of (N,) floats; FIRST: the first neuron's number


@cache
def step_operation(dtype: str) -> Any:
    """Adds the value that holds in the step."""
    floats, longs = array_at(dtype), array_at("int64")

    @compiled()
    def step_current(plan: Array, at: int, t: int) -> None:
        starts = longs(plan[at + STARTS], plan[at + CHANGES])
        now = 0
        high = plan[at + CHANGES]
        while now < high:  # how many begin at t or before
            middle = (now + high) // 2
            if starts[middle] <= t:
                now = middle + 1
            else:
                high = middle
        if now > 0:
            n, width = plan[at + N], plan[at + WIDTH]
            weight, row = floats(plan[at + WEIGHT], 1)[0], floats(plan[at + INPUT], n)
            values = floats(plan[at + VALUES], plan[at + CHANGES] * width)
            base = (now - 1) * width
            for j in range(n):
                row[j] += weight * values[base + (j if width > 1 else 0)]

    return step_current


@cache
def noise_operation(dtype: str) -> Any:
    """Adds a normal number to each neuron's input, four neurons a draw."""
    floats = array_at(dtype)
    number: Any = np.dtype(dtype).type

    @compiled()
    def noise_current(plan: Array, at: int, t: int) -> None:
        n, first = plan[at + N], plan[at + FIRST]
        weight, row = floats(plan[at + WEIGHT], 1)[0], floats(plan[at + INPUT], n)
        mean, std = floats(plan[at + MEAN], n), floats(plan[at + STD], n)
        for j in range(0, n, 4):  # shares begin at multiples of 4
            words = philox((first + j) >> 2, t & 0xFFFFFFFF, t >> 32, plan[at + STREAM], plan[at + SEED])
            k = j
            for word in words:
                if k < n:
                    row[k] += weight * (mean[k] + std[k] * number(normal(word)))
                k += 1

    return noise_current
