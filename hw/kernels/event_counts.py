"""Counting the events of spikes that travel over axons, step by step, sample by sample and core by core."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.kernels.tasks import array, in_parallel

SYNAPTIC_OPS, AXONS_IN, ACTIVE_UPDATES, SPIKES, AXONS_OUT, WITHIN, EAST_WEST, NORTH_SOUTH, CROSSINGS = range(9)
SPARSE_OPS, CONVOLUTION_OPS = 9, 10  # of the synaptic operations, those of such synapses
COUNTED = 11


@compiled()
def _arrive(here: Any, low: Any, high: Any, times: Any, to_core: Any, effect: Any) -> None:
    for k in range(low, high):
        here[to_core[k], SYNAPTIC_OPS] += times * effect[k, 0]
        if effect[k, 5] > 0:
            here[to_core[k], effect[k, 5]] += times * effect[k, 0]
        here[to_core[k], AXONS_IN] += times


@compiled()
def _count(
    sample: Any, inputs: Any, flags: Any, first: Any, homes: Any, to_core: Any, effect: Any, counts: Any
) -> None:
    """flags as in `placed_loop`; homes: (neurons, 2) core of each, and its copies there; effect: (axons, 6) synapses;
    messages within a tile, hops east-west and north-south, messages from chip to chip; where its synaptic operations
    are counted besides, or 0."""
    n_inputs = inputs.shape[2]
    for t in range(flags.shape[0]):
        here = counts[t, sample, :, :]
        if t < inputs.shape[0]:
            given = inputs[t, sample, :]
            for i in range(n_inputs):
                if given[i] != 0:
                    _arrive(here, first[i], first[i + 1], given[i], to_core, effect)
        said = flags[t, sample, :]
        for j in range(said.size):
            if said[j] == 0:
                continue
            home, times = homes[j, 0], np.int64(said[j] >> 1)
            here[home, ACTIVE_UPDATES] += homes[j, 1] * np.int64(said[j] & 1)
            if times > 0:
                here[home, SPIKES] += times * homes[j, 1]
                low, high = first[n_inputs + j], first[n_inputs + j + 1]
                _arrive(here, low, high, times, to_core, effect)
                here[home, AXONS_OUT] += times * (high - low)
                for k in range(low, high):
                    for c in range(1, 5):
                        here[home, AXONS_OUT + c] += times * effect[k, c]


@cache
def count_loop() -> Callable[..., None]:
    """run(samples, inputs, flags, first, homes, to_core, effect, counts): counts (steps, batch, cores, COUNTED) grow"""
    kinds = (
        *(array("int16", 3, read=True), array("uint16", 3, read=True), array("int64", 1, read=True)),
        *(array("int64", 2, read=True), array("int64", 1, read=True), array("int64", 2, read=True)),
        array("int64", 4, read=False),
    )
    return in_parallel(_count, kinds)
