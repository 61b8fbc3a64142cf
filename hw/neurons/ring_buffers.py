"""SpiNNaker's ring buffers: spikes through delayed synapses into the sums that arrive at each step.

A synapse is a word of 16 bits of weight, unsigned, 4 of delay, and a sign (sPyNNaker synapse_row.h). The slots are 16
bits wide and stop at 65535 (synapses.c): as weights are not negative, the order of arrival does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hw.neurons.spinnaker import DELAYS, SLOT
from hw.neurons.words import Integers, arriving, integers, without_batch
from spikenet.kernels.memory import read_only


@dataclass(frozen=True)
class Delivered:
    """excitatory, inhibitory: (steps, [batch,] n) slots as they left; overflow: additions that a slot cut off."""

    excitatory: Integers
    inhibitory: Integers
    overflow: int


def deliver(spikes: Any, weights: Any, delays: Any = 1) -> Delivered:
    """Sums arriving at each step from `spikes` (steps, sources) or (steps, batch, sources), 0/1.

    weights: (sources, n) integers in -65535..65535; the sign says which buffer
    delays : (sources, n) or a number, 1..16 steps; a spike of step t arrives in step t + delay

    Widths: weights 16 bits and a sign, delays 4, slots 16. Order: any, as weights are not negative. Rounding: none.
    Overflow: a slot stops at 65535, and is counted. Source: sPyNNaker synapse_row.h, synapses.c.

    Raises ValueError for what does not fit the synapse's word.
    """
    w = integers("ring_buffers: weights", weights, -SLOT, SLOT, hint="raise the ring buffer's shift and halve them")
    if w.ndim != 2:
        raise ValueError(f"ring_buffers: weights: expected (sources, n), got {w.shape}")
    d = integers("ring_buffers: delays", delays, 1, DELAYS, hint="longer delays need delay cores")
    d = np.ascontiguousarray(np.broadcast_to(d, w.shape))
    x, alone = arriving("ring_buffers: spikes", spikes, w.shape[:1], 0, 1)
    from hw.kernels import ring_buffer_loop  # when first used: a kernel costs milliseconds to import

    steps, batch = x.shape[:2]
    slots = np.zeros((2, batch, steps + DELAYS, w.shape[1]), np.int32)
    cut = np.zeros(batch, np.int64)
    arguments: list[Any] = [read_only(x.astype(np.uint8)), read_only(w.astype(np.int32)), read_only(d), slots, cut]
    ring_buffer_loop.deliver(*arguments)
    sums = slots[:, :, :steps].transpose(0, 2, 1, 3).astype(np.int64)
    return Delivered(without_batch(sums[0], alone), without_batch(sums[1], alone), int(cut.sum()))
