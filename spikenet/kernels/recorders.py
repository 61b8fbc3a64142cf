"""Operations that keep spikes and states until Python fetches them."""

from __future__ import annotations

from functools import cache
from typing import Any

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.pointers import array_at

# words of the entries of the plan
COUNTS, PLACES, CAPACITY, SLOTS = range(4)  # of spikes, as in cell_loop
KEPT_STEPS, KEPT_NEURONS, ROOM, USED, RESERVE, HALT, CHOSEN = range(4, 11)
# addresses of (ROOM,) int64 and uint32; address of how many are used; room that a window may need; address of a word
# set when less is left; address of bytes, one a neuron of the population, whether it is recorded, or 0 for all
ROWS, STATES, STRIDE, PICKED, MANY, EVERY, BUFFER, SAMPLES, TAKEN, STOP, SPARE = range(11)
# address of the first state's row; how many states; bytes between rows; address and number of the neurons' places;
# steps between samples; address of (SAMPLES, STATES, MANY) floats; address of samples taken; as HALT and RESERVE

_longs, _words, _ints, _bytes = (array_at(kind) for kind in ("int64", "uint32", "int32", "uint8"))


@cache
def spike_recorder() -> Any:
    @compiled()
    def record_spikes(plan: Array, at: int, t: int) -> None:
        slot, capacity = t & (plan[at + SLOTS] - 1), plan[at + CAPACITY]
        fired = _ints(plan[at + COUNTS], slot + 1)[slot]
        used = _longs(plan[at + USED], 1)
        begin = used[0]
        listed = _words(plan[at + PLACES] + 4 * capacity * slot, capacity)
        steps, neurons = (
            _longs(plan[at + KEPT_STEPS], plan[at + ROOM]),
            _words(plan[at + KEPT_NEURONS], plan[at + ROOM]),
        )
        chosen = plan[at + CHOSEN]
        for k in range(fired):
            neuron = listed[k]
            if chosen == 0 or _bytes(chosen, 0)[neuron] != 0:
                steps[begin] = t
                neurons[begin] = neuron
                begin += 1
        used[0] = begin
        if plan[at + ROOM] - begin < plan[at + RESERVE]:
            _longs(plan[at + HALT], 1)[0] = 1

    return record_spikes


@cache
def state_recorder(dtype: str) -> Any:
    floats = array_at(dtype)
    size = 4 if dtype == "float32" else 8

    @compiled()
    def record_states(plan: Array, at: int, t: int) -> None:
        if (t + 1) % plan[at + EVERY] != 0:
            return
        taken, many, states = _longs(plan[at + TAKEN], 1), plan[at + MANY], plan[at + STATES]
        picked = _longs(plan[at + PICKED], many)
        into = floats(plan[at + BUFFER] + taken[0] * states * many * size, states * many)
        for s in range(states):
            row = floats(plan[at + ROWS] + s * plan[at + STRIDE], 0)
            for k in range(many):
                into[s * many + k] = row[picked[k]]
        taken[0] += 1
        if plan[at + SAMPLES] - taken[0] < plan[at + SPARE]:
            _longs(plan[at + STOP], 1)[0] = 1

    return record_states
