"""Weights and delays of many synapses at once: the numbers of `synapse_lists`, drawn eight at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.philox import GROUP, LANES, draw_numbered
from spikenet.kernels.sampling import from_words, sample
from spikenet.kernels.synapse_lists import CHOSEN, DELAY_STREAM, DELAY_UNIT, PAIRED, WEIGHT_STREAM


@compiled()
def _within(numbers: Array, first: int, edges: Array, stream: int, seed: int, values: Array) -> None:
    """Draws again, one by one, what lies outside the bounds."""
    low, high = numbers[first + 3], numbers[first + 4]
    for k in range(values.size):
        if not low <= values[k] <= high:
            values[k] = sample(
                numbers[first], numbers[first + 1], numbers[first + 2], low, high, edges[k], stream, seed
            )


@compiled()
def draw_values(
    table: Array, numbers: Array, edges: Array, n: int, seed: int, words: Array, weights: Array, steps: Array
) -> None:
    """weights[:n], steps[:n] (float64) = those of the synapses edges[:n] of a projection without arrays of its own.

    table, numbers: its rows, as in synapse_lists; a value that is not drawn is left alone
    words         : (2 * edges.size + GROUP,) to work in; all arrays are longer than n by LANES at least
    """
    weight_stream, delay_stream = table[WEIGHT_STREAM], table[DELAY_STREAM]
    both = weight_stream >= 0 and delay_stream >= 0
    stream: Any = weight_stream if weight_stream >= 0 else delay_stream
    first, second, group = words[: edges.size], words[edges.size : 2 * edges.size], words[2 * edges.size :][:GROUP]
    for k in range(0, n, LANES):
        draw_numbered(group, edges, k, PAIRED if both else 0, stream, seed)
        for lane in range(LANES):
            first[k + lane], second[k + lane] = group[lane], group[LANES + lane]
    if weight_stream >= 0:
        from_words(numbers[0], numbers[1], numbers[2], first[:n], weights[:n])
        _within(numbers, 0, edges, weight_stream, seed, weights[:n])
    if delay_stream >= 0:
        drawn = second[:n] if both else first[:n]
        from_words(numbers[CHOSEN], numbers[CHOSEN + 1], numbers[CHOSEN + 2], drawn, steps[:n])
        _within(numbers, CHOSEN, edges, delay_stream, seed, steps[:n])
        for k in range(n):
            steps[k] = max(1.0, np.floor(steps[k] * numbers[DELAY_UNIT] + 0.5))
