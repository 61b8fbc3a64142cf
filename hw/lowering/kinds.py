"""What each of spikenet's layers is to a count: the only file of hw that knows them by name.

A connection multiplies its input with weights; neurons are updated once a step; a pooling compares or adds what lies
under its windows; a pointwise layer does some arithmetic on every element; a free one does none at inference.
Containers are taken apart, a normalisation goes into the connection before it. Anything else is refused: a layer that
is not counted would be priced at nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from spikenet.graph import Tensor
from spikenet.layers import (
    Convolution,
    Delay,
    DelayedLinear,
    DelayedRecurrent,
    LayerRecord,
    Linear,
    Normalisation,
    Parallel,
    Pooling,
    Recurrent,
    Residual,
    Sequential,
    Spiking,
    fold,
    record,
)
from spikenet.layers.pooling import average_pool, max_pool
from spikenet.layers.transposed import TransposedConvolution

Array = npt.NDArray[Any]
Connection = Linear | Convolution
Weighted = Connection | TransposedConvolution
Loop = Recurrent | DelayedRecurrent

DROPOUTS = ("Identity", "Dropout", "Dropout1d", "Dropout2d", "AlphaDropout", "GaussianDropout")
FREE = ("Flatten", "Unflatten", *DROPOUTS)  # at inference
BRANCHES = ("first", "second")  # of a Parallel
CURVES = ("Sigmoid", "Tanh", "Softplus", "GELU")


def is_connection(layer: Any) -> TypeGuard[Connection]:
    return isinstance(layer, Linear | Convolution)


def has_weights(layer: Any) -> TypeGuard[Weighted]:
    """Whether it multiplies its input with weights: a connection, or a transposed convolution, which no chip has."""
    return isinstance(layer, Linear | Convolution | TransposedConvolution)


def is_join(layer: Any) -> TypeGuard[Parallel | Residual]:
    """Whether it brings two branches together."""
    return isinstance(layer, Parallel | Residual)


def is_pooling(layer: Any) -> TypeGuard[Pooling]:
    return isinstance(layer, Pooling)


def is_sum(layer: Any) -> bool:
    """Whether it is a pooling that adds up what lies under its window, a mean being a sum times a constant."""
    return is_pooling(layer) and layer.function is not max_pool


def mean_places(layer: Pooling) -> int:
    """What the sums of a pooling are divided by: the places of its window for a mean, else 1."""
    return math.prod(layer.kernel_size) if layer.function is average_pool else 1


def is_neurons(layer: Any) -> TypeGuard[Spiking]:
    return isinstance(layer, Spiking)


def neurons_of(entry: LayerRecord) -> Spiking:
    """The layer of a record of neurons."""
    if not is_neurons(entry.layer):
        raise TypeError(f"layer {entry.name}: expected neurons, got {entry.layer!r}")
    return entry.layer


def is_free(layer: Any) -> bool:
    return getattr(layer, "kind", None) in FREE


def own_parameters(layer: Spiking) -> int:
    """How many of the model's parameters have a value for each neuron; the surrogate's is no part of inference."""
    return sum(1 for name in layer.runs.parameters if np.size(layer.values[name].data) > 1)


def flat_layers(net: Any) -> tuple[Any, ...]:
    """The layers of a net with Sequentials inside it taken apart."""
    if not isinstance(net, Sequential):
        raise TypeError(f"expected a spikenet Sequential, got {type(net).__name__}; wrap it: Sequential(layer)")
    inner = (flat_layers(layer) if isinstance(layer, Sequential) else (layer,) for layer in net.layers)
    return tuple(layer for layers in inner for layer in layers)


def normalised(before: Any, at: int, layer: Any) -> Any:
    """The connection `before` with the normalisation behind it folded in; None where they do not fit."""
    if not (isinstance(layer, Normalisation) and has_weights(before)):
        return None
    fits = (before.n_out, getattr(before, "n_axes", 0)) == (layer.n, layer.n_axes)
    return fold(before, layer) if fits else None


def folded(layers: Iterable[Any], taken_in: Callable[[Any, int, Any], Any] = normalised) -> list[tuple[int, Any]]:
    """(position, layer) of all layers, those that the connection before them can do left out.

    taken_in: of the connection, a position and the layer there: the connection that does both, or None
    """
    kept = list[tuple[int, Any]]()
    for k, layer in enumerate(layers):
        at = next((j for j in reversed(range(len(kept))) if not is_free(kept[j][1])), None)
        both = None if at is None else taken_in(kept[at][1], k, layer)
        if at is None or both is None:
            kept.append((k, layer))
        else:
            kept[at] = kept[at][0], both
    return kept


def all_layers(net: Any) -> Iterator[Any]:
    """Every layer of a net, those inside containers and the containers themselves included."""
    for layer in net.layers:
        yield layer
        if isinstance(layer, Sequential | Residual | Parallel | Loop):
            yield from all_layers(layer)


def flat_records(records: tuple[LayerRecord, ...]) -> Iterator[LayerRecord]:
    """Records of all layers, those inside a container included.

    What joins branches comes behind them: of a Residual its addition, whose input is the shortcut; of a Parallel its
    join, whose input is what the first branch gives. Layers of its branches have "first" and "second" in their names.
    Recurrent neurons come as the connection among them and the neurons, a DelayedLinear as the Linear whose products it
    computes, a Delay, which computes nothing, not at all.
    """
    for entry in records:
        if isinstance(entry.layer, Delay):
            continue
        if isinstance(entry.layer, DelayedLinear):
            yield replace(entry, layer=_linear(entry.layer.weight.data, entry.layer.bias))
            continue
        if isinstance(entry.layer, Loop):
            yield from _around(entry, entry.layer)
            continue
        if isinstance(entry.layer, Parallel):
            yield from _branches(entry, entry.layer)
            continue
        if isinstance(entry.layer, Sequential | Residual):
            inside = record(Sequential(*entry.layer.layers), entry.input)
            for inner in flat_records(inside):
                yield LayerRecord(f"{entry.name}.{inner.name}", inner.layer, inner.input, inner.output, inner.states)
        if not isinstance(entry.layer, Sequential):
            yield entry


def _branches(entry: LayerRecord, layer: Parallel) -> Iterator[LayerRecord]:
    ends = []
    for branch, inner in zip(BRANCHES, layer.layers, strict=True):
        inside = record(inner if isinstance(inner, Sequential) else Sequential(inner), entry.input)
        ends.append(inside[-1].output)
        for one in flat_records(inside):
            yield replace(one, name=f"{entry.name}.{branch}.{one.name}")
    yield replace(entry, input=ends[0])


def recurrent_weight(layer: Loop) -> Array:
    """(n, n) from each neuron to each: the diagonal is 0 where there are no connections to oneself."""
    weight: Array = np.asarray(layer.recurrent_weight.data)
    return weight if layer.self_connections else weight * (1 - np.eye(layer.n, dtype=weight.dtype))


def recurrent_delays(layer: Loop) -> Array | None:
    """(n, n) steps besides the one that every output takes to come back; None where there are none."""
    return layer.delays if isinstance(layer, DelayedRecurrent) and layer.delays.any() else None


def _around(entry: LayerRecord, layer: Loop) -> Iterator[LayerRecord]:
    """The connection among recurrent neurons, which hears what they sent a step before, or more, and the neurons."""
    loop, delays = _linear(recurrent_weight(layer), None), recurrent_delays(layer)
    sent = np.zeros_like(entry.output)
    sent[1:] = entry.output[:-1]
    if delays is None:
        own = loop(sent).data
    else:
        late = DelayedLinear(layer.n, layer.n, delays=delays, bias=False, seed=0)
        late.weight = loop.weight
        own = late.run(sent)[0].data
    yield LayerRecord(f"{entry.name}, recurrence", loop, sent, own, {})
    (inner,) = record(Sequential(layer.layers[0]), np.asarray(entry.input) + own)
    yield LayerRecord(entry.name, inner.layer, inner.input, entry.output, inner.states)


def _linear(weight: Array, bias: Any) -> Linear:
    """A Linear of these weights, to be counted."""
    made = Linear(*weight.shape, bias=bias is not None, seed=0)
    made.weight, made.bias = Tensor(weight), bias
    return made
