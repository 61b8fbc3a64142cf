"""NeuroBench's metrics of a net on data, by the definitions of NeuroBench 2.3.0.

A call is one step of one batch through a layer of weights. Its operations are the sum of what the layer gives for input
and weights with every non-zero set to 1, its bias left out: AC where the call's input holds nothing but -1, 0 and 1 (an
input of zeros as well), else MAC. Dense operations are the same with all inputs and weights 1. Padding never counts.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.counting.count import Encode, batches
from hw.lowering.kinds import FREE, all_layers, flat_records, has_weights, is_neurons
from spikenet.data import Arrays
from spikenet.graph import Tensor, no_grad
from spikenet.layers import LayerRecord, Normalisation, Pointwise, Pooling, Sequential, record

Array = npt.NDArray[Any]
WITHOUT_WEIGHTS = (Normalisation, Pointwise, Pooling)
NO_OPERATIONS = (*FREE, "Residual", "Parallel", "Delay")


@dataclass(frozen=True)
class NeuroBench:
    """Operations and updates are means of one sample.

    footprint_bytes    : of parameters and buffers; states of neurons are not held by our layers
    connection_sparsity: share of weights that are 0, to 4 decimals
    activation_sparsity: share of 0 among the outputs of neurons and activations, over all steps; None without any
    effective_macs, effective_acs: operations in which neither input nor weight is 0
    dense              : operations if nothing were 0
    membrane_updates   : every neuron in the first step, then those whose membrane changed
    """

    footprint_bytes: int
    connection_sparsity: float
    activation_sparsity: float | None
    effective_macs: float
    effective_acs: float
    dense: float
    membrane_updates: float
    samples: int


def neurobench(
    net: Any, data: Any, *, encode: Encode | None = None, batch_size: int = 256, seed: int = 0
) -> NeuroBench:
    """The metrics of `net` on `data`.

    data  : spikenet.data.Arrays or inputs (samples, features...)
    encode: inputs -> (steps, batch, ...), with index= and seed=; None for a net without time

    MAC or AC is decided for a whole call, so that it may depend on `batch_size`, as it does in NeuroBench.

    Raises TypeError for a layer whose operations are not defined there (recurrent and gated layers, attention),
    ValueError for neurons without an encoder and for inputs that are empty or not finite.
    """
    if not isinstance(net, Sequential):
        raise TypeError(
            f"neurobench: expected a Sequential, got {net!r:.60}; wrap a single layer, sn.Sequential(layer)"
        )
    if encode is None and any(is_neurons(layer) and layer.states for layer in all_layers(net)):
        raise ValueError("neurobench: the net's neurons need time; give encode, such as sn.encode.Constant(steps=25)")
    inputs = data.inputs if isinstance(data, Arrays) else data
    ones: dict[int, tuple[Any, Any]] = {}
    macs = acs = dense = updates = 0.0
    zeros = outputs = samples = 0
    for _, x in batches(inputs, encode, batch_size, seed):
        samples += x.shape[1] if encode is not None else x.shape[0]
        for entry in flat_records(record(net, x)):
            layer = entry.layer
            if has_weights(layer):
                if id(layer) not in ones:
                    ones[id(layer)] = _counting(layer, every=False), _counting(layer, every=True)
                found = _operations(entry, ones[id(layer)], timed=encode is not None)
                macs, acs, dense = macs + found[0], acs + found[1], dense + found[2]
            elif is_neurons(layer) or (isinstance(layer, Pointwise) and layer.keeps_shape):
                zeros += int(np.count_nonzero(np.asarray(entry.output) == 0))
                outputs += int(np.size(entry.output))
                updates += _membrane_updates(entry)
            elif not isinstance(layer, WITHOUT_WEIGHTS) and layer.kind not in NO_OPERATIONS:
                raise TypeError(f"neurobench: layer {entry.name}: NeuroBench defines no operations of a {layer.kind}")
    weights = [np.asarray(layer.weight.data) for layer in _weighted(net)]
    held = sum(w.size for w in weights)
    empty = sum(int(np.count_nonzero(w == 0)) for w in weights)
    return NeuroBench(
        footprint_bytes=_footprint(net),
        connection_sparsity=round(empty / held, 4) if held else 0.0,
        activation_sparsity=zeros / outputs if outputs else None,
        effective_macs=macs / samples,
        effective_acs=acs / samples,
        dense=dense / samples,
        membrane_updates=updates / samples,
        samples=samples,
    )


def _counting(layer: Any, *, every: bool) -> Any:
    """The layer with weights of 1, all or those that are not 0, and no bias."""
    counting = copy.deepcopy(layer)
    weight = np.asarray(layer.weight.data)
    counting.weight = Tensor((np.ones_like(weight) if every else weight != 0).astype(np.float32))
    counting.bias = None
    return counting


def _operations(entry: LayerRecord, ones: tuple[Any, Any], *, timed: bool) -> tuple[float, float, float]:
    """(MACs, ACs, dense operations) of a record."""
    x = np.asarray(entry.input)
    steps = x if timed else x[None]
    macs = acs = dense = 0.0
    with no_grad():
        for step in steps:
            sums = float(ones[0](Tensor((step != 0).astype(np.float32))).data.sum(dtype=np.float64))
            if np.isin(step, (-1, 0, 1)).all():
                acs += sums
            else:
                macs += sums
        whole = Tensor(np.ones(steps.shape[1:], np.float32))
        dense = float(ones[1](whole).data.sum(dtype=np.float64)) * len(steps)
    return macs, acs, dense


def _membrane_updates(entry: LayerRecord) -> float:
    if not entry.states or not is_neurons(entry.layer):
        return 0.0
    v = entry.states[entry.layer.states[-1]]
    return float(v[:1].size + np.count_nonzero(v[1:] != v[:-1]))


def _weighted(net: Any) -> list[Any]:
    return [layer for layer in all_layers(net) if has_weights(layer)]


def _footprint(net: Any) -> int:
    """Bytes of all parameters, those of neurons that are not learnt among them."""
    arrays = {id(p.data): p.data for p in net.parameters().values()}
    for layer in all_layers(net):
        if is_neurons(layer):
            named = (layer.values[name].data for name in layer.runs.parameters)
            arrays |= {id(value): value for value in named}
    return int(sum(np.asarray(value).nbytes for value in arrays.values()))
