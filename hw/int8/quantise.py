"""Post-training quantisation of a conventional net to 8 bits, evaluated in integers.

Weights symmetric int8 with one scale a channel, activations unsigned 8 bits with one affine grid a layer, sums and
biases int32, sums scaled back by integer multiplication and shift: the scheme of Jacob et al. 2018, CVPR, section 2,
with weights per channel as in Krishnamoorthi 2018, arXiv:1806.08342. A batch norm is folded into the weights before it,
a maximum is taken of integers, a mean is their sum scaled back. Ranges come from calibration on training data.
The last layer's sums stay int32, brought to one common scale, so that the largest can be found in integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.int8.fixed_point import Grid, Integers, grid
from hw.int8.integer_layers import (
    IntegerConnection,
    IntegerLayer,
    IntegerReLU,
    IntegerShape,
    integer_connection,
    integer_sum,
    integer_table,
)
from hw.int8.ranges import Range, min_max
from hw.lowering.kinds import (
    CURVES,
    DROPOUTS,
    flat_layers,
    folded,
    is_connection,
    is_free,
    is_neurons,
    is_pooling,
    is_sum,
    mean_places,
)
from hw.lowering.weights import weight_matrix
from spikenet.errors import finite_values
from spikenet.layers import LayerRecord, Sequential, record

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class LayerError:
    """What quantisation changed in one layer, on the calibration data.

    weight_error : root mean square of the rounding over that of the weights; 0 for layers without weights
    output_error : the same of the layer's outputs against the float net's, errors of earlier layers included
    saturated    : share of the float net's outputs that lie outside the layer's grid
    """

    name: str
    weight_error: float
    output_error: float
    saturated: float


@dataclass(frozen=True)
class QuantisedNet:
    """A net in integers.

    before : grid of the inputs
    softmax: a Softmax at the end, applied to the values of the last sums in floating point; None without one
    report : error of each layer on the calibration data
    """

    before: Grid
    layers: tuple[IntegerLayer, ...]
    softmax: Any
    report: tuple[LayerError, ...]

    def run(self, inputs: Array) -> Integers:
        """Integers of the last layer for inputs (batch, features...)."""
        q = self.before.to_integers(finite_values("inputs", inputs))
        for layer in self.layers:
            q = layer(q)
        return q

    def __call__(self, inputs: Array) -> npt.NDArray[np.float64]:
        """Outputs (batch, ...) as values, for inputs (batch, features...)."""
        values = self.layers[-1].after.to_values(self.run(inputs))
        return values if self.softmax is None else np.asarray(self.softmax(values).data)


def quantise(net: Any, calibrate: Array, *, choose: Range = min_max) -> QuantisedNet:
    """The net in 8-bit integers, with ranges chosen on `calibrate`, samples (n, features...) of the training data.

    choose : how a range follows from calibration values, `hw.min_max` or `hw.percentile(99.9)`

    Raises TypeError for a layer that has no integer form here (neurons, Residual), ValueError for empty or non-finite
    calibration data or weights.
    """
    inputs = finite_values("calibrate", calibrate)
    if inputs.ndim < 2 or len(inputs) == 0:
        raise ValueError(
            f"calibrate: expected (samples, features...) with at least one sample, got shape {inputs.shape}"
        )
    floats, softmax = _float_layers(net, inputs)
    before = grid(*choose(inputs))
    layers, now, k = list[IntegerLayer](), before, 0
    partners = list[LayerRecord]()  # the float layer whose output each integer layer stands for
    while k < len(floats):
        entry = floats[k]
        follower = floats[k + 1] if k + 1 < len(floats) else None
        is_rectified = is_connection(entry.layer) and follower is not None and _is(follower, "ReLU")
        layer = _integer_layer(entry, follower if is_rectified else None, now, choose, is_last=follower is None)
        k += 2 if is_rectified else 1
        layers.append(layer)
        partners.append(follower if is_rectified and follower is not None else entry)
        now = layer.after
    return QuantisedNet(before, tuple(layers), softmax, _report(before, layers, partners, floats))


def _float_layers(net: Any, inputs: Array) -> tuple[list[LayerRecord], Any]:
    layers = [layer for _, layer in folded(flat_layers(net)) if layer.kind not in DROPOUTS]
    softmax = layers.pop() if layers[-1].kind == "Softmax" else None
    for layer in layers:
        if not (is_connection(layer) or is_free(layer) or is_pooling(layer) or layer.kind in ("ReLU", *CURVES)):
            why = "neurons have no 8-bit form here" if is_neurons(layer) else "no integer form is known"
            raise TypeError(f"quantise: cannot quantise a {layer.kind}: {why}")
    if not any(is_connection(layer) for layer in layers):
        raise ValueError("quantise: expected a net with at least one Linear or convolution")
    records = list(record(Sequential(*layers), inputs))
    for entry in records:
        finite_values(f"output of layer {entry.name} on the calibration data", entry.output)
    return records, softmax


def _integer_layer(
    entry: LayerRecord, relu: LayerRecord | None, now: Grid, choose: Range, is_last: bool
) -> IntegerLayer:
    layer = entry.layer
    if is_connection(layer):
        output = np.asarray((relu or entry).output)
        after = None if is_last else grid(*choose(output))
        return integer_connection(entry.name, now, layer, after, relu is not None)
    if is_pooling(layer) and is_sum(layer):
        return integer_sum(entry.name, now, layer, now if mean_places(layer) > 1 else grid(*choose(entry.output)))
    if is_free(layer) or is_pooling(layer):
        return IntegerShape(entry.name, now, layer)
    if layer.kind == "ReLU":
        return IntegerReLU(entry.name, now)
    return integer_table(entry.name, now, lambda values: layer(values).data)


def _report(
    before: Grid, layers: list[IntegerLayer], partners: list[LayerRecord], floats: list[LayerRecord]
) -> tuple[LayerError, ...]:
    q = before.to_integers(np.asarray(floats[0].input))
    errors = []
    weights = {entry.name: weight_matrix(entry.layer) for entry in floats if is_connection(entry.layer)}
    for layer, partner in zip(layers, partners, strict=True):
        q = layer(q)
        wanted = np.asarray(partner.output, np.float64)
        weight_error, lowest, highest = 0.0, 0, 255
        if isinstance(layer, IntegerConnection):
            weight_error = _relative(layer.weights.integers * layer.weights.scale, weights[layer.name])
            lowest, highest = layer.lowest, layer.highest
        low, high = layer.after.to_values(np.array([lowest, highest])) + np.array([-0.5, 0.5]) * layer.after.scale
        saturated = float(np.mean((wanted < low) | (wanted > high)))
        errors.append(LayerError(layer.name, weight_error, _relative(layer.after.to_values(q), wanted), saturated))
    return tuple(errors)


def _is(entry: LayerRecord, kind: str) -> bool:
    return bool(entry.layer.kind == kind)


def _relative(got: Array, wanted: Array) -> float:
    size = float(np.sqrt(np.mean(np.square(wanted, dtype=np.float64))))
    error = float(np.sqrt(np.mean(np.square(got - wanted, dtype=np.float64))))
    return error if size == 0.0 else error / size
