"""The compiled loop of `hw.compilers.axon_types`: axon by axon, the type and the joints with the least error."""

from __future__ import annotations

from typing import Any

from spikenet.derive.compile import compiled

Array = Any


@compiled()
def _gain(value: Array, held: Array, error: Array, own: Array) -> Array:
    """What a synapse adds to the squared error of what arrives when it becomes `value`; own: its axon's moment."""
    d = value - held
    return d * (error + error + d * own)


@compiled()
def sweep(axons: Array, moment: Array, values: Array, types: Array, joined: Array, held: Array, error: Array) -> None:
    """Each axon in turn, with all others as they are; types, joined, held and error are brought up to date.

    moment: (axons, axons);  values: (types, n) of each neuron;  held: (axons, n) values[types] where joined, else 0
    error : moment @ (held - the weights wanted)
    """
    n = values.shape[1]
    for i in axons:
        own, mine, off = moment[i, i], held[i, :], error[i, :]
        kind, least = types[i], 0.0
        for j in range(n):
            nothing = _gain(0.0, mine[j], off[j], own)
            least += min(nothing, _gain(values[kind, j], mine[j], off[j], own))
        for other in range(values.shape[0]):
            total = 0.0
            for j in range(n):
                total += min(_gain(0.0, mine[j], off[j], own), _gain(values[other, j], mine[j], off[j], own))
            if total < least:
                kind, least = other, total
        types[i] = kind
        before = mine.copy()
        for j in range(n):
            nothing = _gain(0.0, mine[j], off[j], own)
            joined[i, j] = _gain(values[kind, j], before[j], off[j], own) < nothing
            mine[j] = values[kind, j] if joined[i, j] else 0.0
        for k in range(moment.shape[0]):
            m, row = moment[k, i], error[k, :]
            if m != 0.0:
                for j in range(n):
                    row[j] += m * (mine[j] - before[j])
