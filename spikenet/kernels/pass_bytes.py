"""What a pass over time keeps in memory, in bytes, from sizes alone: the allocations of `neuron_pass`, counted."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spikenet.derive.adjoint import Adjoint
from spikenet.kernels import event_products, neuron_pass, recurrent_pass
from spikenet.kernels.events import blocks


def event_bytes(rows: int, n: int) -> int:
    """Lists of the events of a (rows, n) array, as `events.Events` holds them, whether many or few."""
    return rows * (n * np.dtype(np.uint16).itemsize + blocks(n) * np.dtype(np.int32).itemsize)


def event_product_bytes(n: int, m: int, dtype: np.dtype[Any]) -> tuple[int, int]:
    """What products with (n, m) weights by events take beside their results: forward, and for the weight gradient.

    The latter is summed in parts, and there once more before it is added to the gradient of earlier steps.
    """
    weights = n * m * dtype.itemsize
    few = event_products.scatters(n, m, dtype)
    shape = event_products.few_parts_shape(n + 1, m) if few else event_products.parts_shape(n + 1, m, dtype)
    return weights, math.prod(shape) * dtype.itemsize + weights


def lists_events(spikes: bool, n: int) -> bool:
    """Whether a population of n neurons sends lists of events instead of arrays."""
    return spikes and n >= neuron_pass.NARROW


def slope_bytes(steps: int, batch: int, n: int, itemsize: int) -> int:
    """Values of a surrogate that is 0 nine times out of ten: how often it will be is not known."""
    return steps * batch * n * itemsize // 10


def kept_bytes(n_states: int, steps: int, batch: int, n: int, itemsize: int, wanted: bool, slopes: bool) -> int:
    """States before each segment of `neuron_pass.forward`, and the list of where the surrogate is not 0 if `wanted`;
    its values there instead of states if `slopes`.
    """
    segments = math.ceil(steps / neuron_pass.whole_span(steps))
    lists = event_bytes(steps * batch, n) if wanted and n >= neuron_pass.NARROW else 0
    return lists + (slope_bytes(steps, batch, n, itemsize) if slopes else segments * n_states * batch * n * itemsize)


def recurrent_kept_bytes(
    n_states: int, steps: int, batch: int, n: int, itemsize: int, wanted: bool, slopes: bool, rules: Adjoint
) -> int:
    """The same of `recurrent_pass.forward` for the adjoint `rules`."""
    segments = math.ceil(steps / recurrent_pass._span(n_states, batch, n, itemsize, steps))
    n_factors = len(recurrent_pass.factors(rules))
    states = segments * n_states * batch * n * itemsize
    if recurrent_pass.is_taped(n_factors, steps, batch, n, itemsize):
        kept = slope_bytes(steps, batch, n, itemsize) if slopes else n_factors * steps * batch * n * itemsize
    else:
        kept = states
    return kept + (event_bytes(steps * batch, n) if wanted else 0)
