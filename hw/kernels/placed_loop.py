"""The loop over time of a placed program: spikes add their weights where they arrive, neurons are updated, and send.

Every sample is a task: its spikes travel alone, from rest. Neurons stand in one row in the order in which they are
placed, population after population; sources are numbered with the elements of the input first, then those neurons.

    rows, weights, targets  of each source, as in `row_sums`
    ports   (n, 4)  sums that reach neurons: first sum, first neuron, how many, by how many bits they are shifted
    pools   (n, 6)  populations: first neuron, how many, address of their loop, steps between resets, their offset,
                    where the voltages that are read begin, -1 if they are not
    words           of all populations, one after the other, each (8, n) as in `loihi_loops`

    flags   (steps, batch, neurons)     twice the spikes of each neuron, 1 more where it had something to do
    read    (steps, batch, voltages)    of the neurons whose voltage is read
    counts  (batch, populations, 4)     what left its word, as in `loihi_loops`
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np

from hw.kernels.loihi_block import BLOCK
from hw.kernels.machine_integers import add
from hw.kernels.row_sums import hear
from spikenet.derive.compile import compiled
from spikenet.kernels.by_address import call_at
from spikenet.kernels.tasks import array, in_parallel


@compiled()
def _collect(arriving: Any, sums: Any, ports: Any) -> None:
    """What the sums of a step come to at the neurons; they are left at 0."""
    arriving[:] = arriving.dtype.type(0)
    for p in range(ports.shape[0]):
        first, neuron, n, shift = ports[p, 0], ports[p, 1], ports[p, 2], ports[p, 3]
        heard, into = sums[first : first + n], arriving[neuron : neuron + n]
        if shift >= 0:
            for j in range(n):
                into[j] = add(into[j], np.int32(heard[j] << shift))
        else:
            for j in range(n):
                into[j] = add(into[j], np.int32(heard[j] >> -shift))
        heard[:] = np.int32(0)


@compiled()
def _mark_active(flags: Any, arriving: Any, words: Any, state: Any, n: Any) -> None:
    """A neuron has something to do if anything arrives, it has a bias, or u or v is not at rest."""
    bias, u, v = words[4, :], state[0, 0, :], state[1, 0, :]
    for j in range(n):
        flags[j] = np.uint16((arriving[j] | bias[j] | u[j] | v[j]) != 0)


@cache
def _placed(integer: str) -> Any:
    """The loop for words and states of this type."""

    @compiled()
    def placed(
        sample: Any, inputs: Any, first: Any, rows: Any, weights: Any, targets: Any, ports: Any, pools: Any, words: Any,
        ring: Any, flags: Any, read: Any, counts: Any,
    ) -> None:  # fmt: skip
        steps, n_inputs, neurons = flags.shape[0], inputs.shape[2], flags.shape[2]
        size = np.int64(0)
        for p in range(ports.shape[0]):
            size += ports[p, 2]
        sums, arriving = np.zeros(ring * size, np.int32), np.zeros(neurons, np.int32)
        states, fired = np.zeros(3 * neurons, words.dtype), np.zeros(neurons, np.int8)
        none = np.empty((0, 1, 1), words.dtype)
        over, seen = np.zeros((neurons // BLOCK + 1, 4), np.int64), np.zeros(neurons // BLOCK + 1, np.int64)
        kept = np.zeros(2 * neurons, words.dtype)
        for t in range(steps):
            slot = t % ring
            if t < inputs.shape[0]:
                given = inputs[t, sample, :]
                for i in range(n_inputs):
                    if given[i] != 0:
                        hear(sums, rows, first[i], first[i + 1], slot, ring, weights, targets, np.int64(1))
            _collect(arriving, sums[slot * size : (slot + 1) * size], ports)
            said = flags[t, sample, :]
            for k in range(pools.shape[0]):
                low, n = pools[k, 0], pools[k, 1]
                own = words[8 * low : 8 * (low + n)].reshape((8, n))
                state = states[3 * low : 3 * (low + n)].reshape((3, 1, n))
                x, spikes = arriving[low : low + n], fired[low : low + n]
                _mark_active(said[low : low + n], x, own, state, n)
                us, vs = none, none
                if pools[k, 5] >= 0:
                    us, vs = kept[:n].reshape((1, 1, n)), kept[n : 2 * n].reshape((1, 1, n))
                for block in range((n + BLOCK - 1) // BLOCK):
                    call_at(pools[k, 2], (np.int64(block), own, state, x.reshape((1, 1, n)),
                                          spikes.reshape((1, 1, n)), us, vs, over, seen, np.int64(t + 1), pools[k, 3],
                                          pools[k, 4]))  # fmt: skip
                    for c in range(4):
                        counts[sample, k, c] += over[block, c]
                        over[block, c] = 0
                if pools[k, 5] >= 0:
                    read[t, sample, pools[k, 5] : pools[k, 5] + n] = vs[0, 0, :]
            for i in range(neurons):
                if fired[i] != 0:
                    said[i] += np.uint16(2)
                    hear(sums, rows, first[n_inputs + i], first[n_inputs + i + 1], slot, ring, weights, targets,
                         np.int64(1))  # fmt: skip

    return placed


@cache
def placed_loop(integer: str) -> Callable[..., None]:
    """run(samples, inputs, first, rows, weights, targets, ports, pools, words, ring, flags, read, counts).

    integer: type of words, states and voltages, "int32" or "int64"
    ring   : steps a message may be on its way, and one more
    """
    kinds = (
        *(array("int8", 3, read=True), array("int64", 1, read=True), array("int64", 2, read=True)),
        *(array("int16", 1, read=True), array("int32", 1, read=True), array("int64", 2, read=True)),
        *(array("int64", 2, read=True), array(integer, 1, read=True), numba.int64),
        *(array("uint16", 3, read=False), array(integer, 3, read=False), array("int64", 3, read=False)),
    )
    return in_parallel(_placed(integer), kinds)
