"""Operations of populations without dynamics: spikes at given steps, or with a given probability in each."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.philox import GROUP, draw_group
from spikenet.kernels.pointers import array_at
from spikenet.kernels.unowned import keep, unowned

# words of the entries of the plan
COUNTS, PLACES, CAPACITY, SLOTS = range(4)  # of both, as in cell_loop
STEPS, NEURONS, SPIKES = 4, 5, 6  # addresses of (SPIKES,) int64, rising, and uint32
N, FIRST, STREAM, SEED, CHANCES, WIDTH, BIN_STEPS, BINS = range(4, 12)  # address of (BINS, WIDTH) float64; WIDTH N or 1

_longs, _words, _ints, _chances = (array_at(kind) for kind in ("int64", "uint32", "int32", "float64"))


@cache
def train_operation() -> Any:
    """Lists the spikes of the step."""

    @compiled()
    def spike_trains(plan: Array, at: int, t: int) -> None:
        slot, spikes = t & (plan[at + SLOTS] - 1), plan[at + SPIKES]
        listed = _words(plan[at + PLACES] + 4 * plan[at + CAPACITY] * slot, plan[at + CAPACITY])
        steps, neurons = _longs(plan[at + STEPS], spikes), _words(plan[at + NEURONS], spikes)
        low, high = 0, spikes
        while low < high:  # the first spike of this step
            middle = (low + high) // 2
            if steps[middle] < t:
                low = middle + 1
            else:
                high = middle
        count = 0
        while low + count < spikes and steps[low + count] == t:
            listed[count] = neurons[low + count]
            count += 1
        _ints(plan[at + COUNTS], slot + 1)[slot] = count

    return spike_trains


@cache
def chance_operation() -> Any:
    """Lists the neurons whose random number lies below their probability."""

    @compiled()
    def chance_spikes(plan: Array, at: int, t: int) -> None:
        n, slot = plan[at + N], t & (plan[at + SLOTS] - 1)
        first, width = plan[at + FIRST], plan[at + WIDTH]
        listed = _words(plan[at + PLACES] + 4 * plan[at + CAPACITY] * slot, plan[at + CAPACITY])
        chances = _chances(plan[at + CHANCES], plan[at + BINS] * width)
        base = min(t // plan[at + BIN_STEPS], plan[at + BINS] - 1) * width
        room = np.empty(GROUP, np.uint32)
        drawn = unowned(room)
        count = 0
        for low in range(0, n, GROUP):
            draw_group(drawn, 0, (first + low) // GROUP, t, t >> 32, plan[at + STREAM], plan[at + SEED])
            for k in range(min(GROUP, n - low)):
                if drawn[k] * 2.0**-32 < chances[base + (low + k if width > 1 else 0)]:
                    listed[count] = first + low + k
                    count += 1
        _ints(plan[at + COUNTS], slot + 1)[slot] = count
        keep(room)

    return chance_spikes
