"""Counting the events of spikes that travel over axons, step by step, sample by sample and core by core."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.kernels.tasks import array, in_parallel

SYNAPTIC_OPS, AXONS_IN, ACTIVE_UPDATES, SPIKES, AXONS_OUT, WITHIN, EAST_WEST, NORTH_SOUTH, CROSSINGS = range(9)
SPARSE_OPS, CONVOLUTION_OPS = 9, 10  # of the synaptic operations, those of such synapses: forms 1 and 2 of an axon
COUNTED = 11


@compiled()
def _arrive(heard: Any, low: Any, high: Any, times: Any, arrival: Any) -> None:
    for k in range(low, high):
        at = 2 * np.int64(arrival[k, 0])
        heard[at] += times * np.int64(arrival[k, 1])
        heard[at + 1] += times


@compiled()
def _tell(here: Any, heard: Any) -> None:
    """What was heard in a step, by form and core, to the counts of the cores."""
    cores = here.shape[0]
    for form in range(3):
        for core in range(cores):
            at = 2 * (form * cores + core)
            here[core, SYNAPTIC_OPS] += heard[at]
            if form > 0:
                here[core, SPARSE_OPS + form - 1] += heard[at]
            here[core, AXONS_IN] += heard[at + 1]
            heard[at] = heard[at + 1] = np.int64(0)


@compiled()
def _count(
    sample: Any, inputs: Any, flags: Any, first: Any, homes: Any, arrival: Any, sending: Any, counts: Any
) -> None:
    """flags as in `placed_loop`; homes: (neurons, 2) core of each, and its copies there; arrival: (axons, 2) form times
    cores and the core it leads to, and synapses; sending: (neurons, 5) axons of each, and of all these messages within
    a tile, hops east-west and north-south, messages from chip to chip."""
    n_inputs = inputs.shape[2]
    heard = np.zeros(6 * counts.shape[2], np.int64)
    for t in range(flags.shape[0]):
        here = counts[t, sample, :, :]
        if t < inputs.shape[0]:
            given = inputs[t, sample, :]
            for i in range(n_inputs):
                if given[i] != 0:
                    _arrive(heard, first[i], first[i + 1], np.int64(given[i]), arrival)
        said = flags[t, sample, :]
        home, active = np.int64(0), np.int64(0)  # neurons of a core stand together: its sum is kept in a register
        for j in range(said.size):
            if homes[j, 0] != home:
                here[home, ACTIVE_UPDATES] += active
                home, active = homes[j, 0], np.int64(0)
            active += homes[j, 1] * np.int64(said[j] & 1)
            times = np.int64(said[j] >> 1)
            if times > 0:
                here[home, SPIKES] += times * homes[j, 1]
                _arrive(heard, first[n_inputs + j], first[n_inputs + j + 1], times, arrival)
                for c in range(5):
                    here[home, AXONS_OUT + c] += times * sending[j, c]
        here[home, ACTIVE_UPDATES] += active
        _tell(here, heard)


@cache
def count_loop() -> Callable[..., None]:
    """run(samples, inputs, flags, first, homes, arrival, sending, counts): these (steps, batch, cores, COUNTED) grow"""
    kinds = (
        *(array("int16", 3, read=True), array("uint16", 3, read=True), array("int64", 1, read=True)),
        *(array("int64", 2, read=True), array("int32", 2, read=True), array("int64", 2, read=True)),
        array("int64", 4, read=False),
    )
    return in_parallel(_count, kinds)
