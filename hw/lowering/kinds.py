"""What each of spikenet's layers is to a count: the only file of hw that knows them by name.

A connection multiplies its input with weights; neurons are updated once a step; a pointwise layer does some arithmetic
on every element; a free one does none at inference. Containers are taken apart. Anything else is refused: a layer
that is not counted would be priced at nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from spikenet.graph import Tensor
from spikenet.layers import Delay, DelayedLinear, LayerRecord, Linear, Recurrent, Residual, Sequential, Spiking, record

Array = npt.NDArray[Any]

FREE = ("Flatten", "Dropout")
CURVES = ("Sigmoid", "Tanh", "Softplus", "GELU")

# Arithmetic of one element, as the formulas are written: sigmoid 1 / (1 + exp(-x)), softplus log(1 + exp(x)),
# GELU x / 2 (1 + erf(x / sqrt 2)) with erf counted as an exp, softmax exp(x - max) / sum.
POINTWISE: dict[str, dict[str, int]] = {
    "ReLU": {"compare": 1},
    "Sigmoid": {"exp": 1, "add": 1, "divide": 1},
    "Tanh": {"tanh": 1},
    "Softplus": {"exp": 1, "add": 1, "log": 1},
    "GELU": {"exp": 1, "add": 1, "multiply": 3},
    "Softmax": {"compare": 1, "exp": 1, "add": 2, "divide": 1},
    "Residual": {"add": 1},
}


def is_connection(layer: Any) -> TypeGuard[Linear]:
    return isinstance(layer, Linear)


def is_neurons(layer: Any) -> TypeGuard[Spiking]:
    return isinstance(layer, Spiking)


def neurons_of(entry: LayerRecord) -> Spiking:
    """The layer of a record of neurons."""
    if not is_neurons(entry.layer):
        raise TypeError(f"layer {entry.name}: expected neurons, got {entry.layer!r}")
    return entry.layer


def is_free(layer: Any) -> bool:
    return getattr(layer, "kind", None) in FREE


def pointwise_operations(layer: Any) -> dict[str, int]:
    """Arithmetic per element of a pointwise layer, empty for a free one; TypeError for a layer we cannot count."""
    kind = getattr(layer, "kind", type(layer).__name__)
    if kind in FREE:
        return {}
    if kind not in POINTWISE:
        known = ", ".join(("Linear", "Spiking and its models", *FREE, *POINTWISE))
        raise TypeError(f"count: cannot count a {kind}; known layers: {known}")
    return POINTWISE[kind]


def fan_out(layer: Linear, inputs: int) -> tuple[Array, Array]:
    """Weights each input of a connection meets, and those of them that are not zero: two arrays (inputs,)."""
    weight = np.asarray(layer.weight.data)
    nonzero = np.count_nonzero(weight, axis=1).astype(np.float64)
    times = inputs // len(nonzero)  # the same weights for every place of the axes before the last
    return np.full(inputs, weight.shape[1], np.float64), np.tile(nonzero, times)


def bias_of(layer: Linear) -> Array | None:
    """The bias of a connection as an array, None when it has none."""
    return None if layer.bias is None else np.asarray(layer.bias.data)


def own_parameters(layer: Spiking) -> int:
    """How many of the model's parameters have a value for each neuron; the surrogate's is no part of inference."""
    return sum(1 for name in layer.runs.parameters if np.size(layer.values[name].data) > 1)


def flat_layers(net: Any) -> tuple[Any, ...]:
    """The layers of a net with Sequentials inside it taken apart."""
    if not isinstance(net, Sequential):
        raise TypeError(f"expected a spikenet Sequential, got {type(net).__name__}; wrap it: Sequential(layer)")
    inner = (flat_layers(layer) if isinstance(layer, Sequential) else (layer,) for layer in net.layers)
    return tuple(layer for layers in inner for layer in layers)


def all_layers(net: Any) -> Iterator[Any]:
    """Every layer of a net, those inside containers and the containers themselves included."""
    for layer in net.layers:
        yield layer
        if isinstance(layer, Sequential | Residual | Recurrent):
            yield from all_layers(layer)


def flat_records(records: tuple[LayerRecord, ...]) -> Iterator[LayerRecord]:
    """Records of all layers, those inside a Sequential or Residual included, the Residual's own addition last.

    Recurrent neurons come as the connection among them and the neurons, a DelayedLinear as the Linear whose products it
    computes, a Delay, which computes nothing, not at all.
    """
    for entry in records:
        if isinstance(entry.layer, Delay):
            continue
        if isinstance(entry.layer, DelayedLinear):
            yield replace(entry, layer=_linear(entry.layer.weight.data, entry.layer.bias))
            continue
        if isinstance(entry.layer, Recurrent):
            yield from _around(entry, entry.layer)
            continue
        if isinstance(entry.layer, Sequential | Residual):
            inside = record(Sequential(*entry.layer.layers), entry.input)
            for inner in flat_records(inside):
                yield LayerRecord(f"{entry.name}.{inner.name}", inner.layer, inner.input, inner.output, inner.states)
        if not isinstance(entry.layer, Sequential):
            yield entry


def recurrent_weight(layer: Recurrent) -> Array:
    """(n, n) from each neuron to each: the diagonal is 0 where there are no connections to oneself."""
    weight: Array = np.asarray(layer.recurrent_weight.data)
    return weight if layer.self_connections else weight * (1 - np.eye(layer.n, dtype=weight.dtype))


def _around(entry: LayerRecord, layer: Recurrent) -> Iterator[LayerRecord]:
    """The connection among recurrent neurons, which hears what they sent a step before, and the neurons."""
    loop = _linear(recurrent_weight(layer), None)
    sent = np.zeros_like(entry.output)
    sent[1:] = entry.output[:-1]
    own = loop(sent).data
    yield LayerRecord(f"{entry.name}, recurrence", loop, sent, own, {})
    (inner,) = record(Sequential(layer.layers[0]), np.asarray(entry.input) + own)
    yield LayerRecord(entry.name, inner.layer, inner.input, entry.output, inner.states)


def _linear(weight: Array, bias: Any) -> Linear:
    """A Linear of these weights, to be counted."""
    made = Linear(*weight.shape, bias=bias is not None, seed=0)
    made.weight, made.bias = Tensor(weight), bias
    return made
