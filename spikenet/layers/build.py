"""A layer made again from its kind and its configuration, as a checkpoint keeps them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from spikenet.layers import convolution, neurons, normalisation, pointwise, pooling
from spikenet.layers.delay import Delay
from spikenet.layers.delayed_linear import DelayedLinear
from spikenet.layers.dropout import Dropout
from spikenet.layers.layer import Layer
from spikenet.layers.linear import Linear
from spikenet.layers.plain import revived
from spikenet.layers.recurrent import Recurrent
from spikenet.layers.segmented import Segmented
from spikenet.layers.sequential import Residual, Sequential

_MAKERS: dict[str, Callable[..., Layer]] = {
    maker.__name__: maker
    for maker in (
        *(Linear, Dropout, Sequential, Residual, Segmented, Recurrent, Delay, DelayedLinear),
        *(convolution.Conv1d, convolution.Conv2d, pooling.MaxPool1d, pooling.MaxPool2d),
        *(normalisation.BatchNorm, normalisation.BatchNorm1d, normalisation.BatchNorm2d),
        *(pooling.SumPool1d, pooling.SumPool2d, pooling.AvgPool1d, pooling.AvgPool2d),
        *(neurons.IF, neurons.LIF, neurons.CubaLIF, neurons.LI, neurons.LIFRate, neurons.LeakyRate),
        *(pointwise.ReLU, pointwise.Sigmoid, pointwise.Tanh, pointwise.Softplus, pointwise.GELU),
        *(pointwise.Softmax, pointwise.Flatten),
    )
}


def build(kind: str, config: Mapping[str, Any], layers: Sequence[Layer] = ()) -> Layer:
    """The layer `kind` with arguments `config`, around the inner `layers` if it is a container.

    Raises ValueError for a kind that is not built in.
    """
    if kind not in _MAKERS:
        raise ValueError(
            f"checkpoint: no built-in layer {kind!r}, there are {sorted(_MAKERS)}; build the net in code and read its "
            "weights with sn.restore(path, net)"
        )
    return _MAKERS[kind](*layers, **{name: revived(value) for name, value in config.items()})
