"""A trained conventional net made into a spiking one: rates of IF neurons take the place of rectified numbers.

Activations are divided by the largest value (or a percentile) each layer takes on, so that a rate of one spike a step
can say them; weights and biases are rescaled to match. Sources: Diehl et al. 2015, IJCNN; Rueckauer et al. 2017, Front.
Neurosci. 11:682 (percentile, biases, pooling); channel-wise: Kim et al. 2019 (arXiv:1903.06530).
"""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import numpy as np

from spikenet.convert.refusals import check_real, real_values, unnested
from spikenet.errors import Array, finite_number
from spikenet.graph import Tensor, no_grad
from spikenet.layers import Convolution, Dropout, Layer, Linear, Memoryless, Normalisation, Pooling, Sequential, fold
from spikenet.layers.converted import ConvertedIF, SpikingMaxPool2d

RECTIFIERS = ("ReLU", "QCFS")
RESHAPES = ("Flatten", "Unflatten")
KEPT = ("Flatten", "Unflatten", "AvgPool1d", "AvgPool2d", "SumPool1d", "SumPool2d", "GlobalAvgPool2d", "Identity")


class Converted(NamedTuple):
    """net: the spiking one;  scales: of each population in order, what one spike a step of each channel stands for."""

    net: Sequential
    scales: tuple[Array, ...]


class LayerLoss(NamedTuple):
    """name of the population; rate_error: root mean square of (rate * scale - activation) over that of the activation.

    saturated: share of activations above what the neurons can say
    """

    name: str
    rate_error: float
    saturated: float


def to_spiking(
    net: Sequential, calibrate: Array, *, percent: float = 99.9, per_channel: bool = False, start: float = 0.5
) -> Converted:
    """The spiking twin of `net`, for input (steps, batch, ...) held over time; its last Linear gives currents.

    net        : of Linear, convolutions, BatchNorm, ReLU or QCFS, average or maximum pooling, Flatten, Dropout. The
                 maximum before a rectifier is taken behind it, which is the same; a mean before it is one of currents
    calibrate  : (samples, ...) of the training data
    percent    : percentile of a layer's activations that becomes one spike a step; 100 for the largest. Layers of QCFS
                 have their own threshold and need none
    per_channel: each channel with its own scale; what an Unflatten makes one channel of has one, the largest
    start      : where membranes begin, in parts of the threshold

    Raises TypeError for a layer that has no spiking form and for complex numbers, ValueError for empty calibration data
    and for a layer that is silent on them.
    """
    x = real_values("to_spiking: calibrate", calibrate).astype(np.float32)
    if x.ndim < 2 or not x.size:
        raise ValueError(f"to_spiking: expected calibration data (samples, ...), at least one, got shape {x.shape}")
    if not 50 < finite_number("to_spiking: percent", percent) <= 100:
        raise ValueError(f"to_spiking: percent: expected a number in (50, 100], got {percent}")
    made, scales = list[Layer](), list[Array]()
    scale: Array = np.ones(1)  # what one spike a step stands for, as it broadcasts to a sample
    waiting: tuple[Any, Array] | None = None  # a connection, to be rescaled once its rectifier is known
    currents = list[Layer]()  # what stands between the two
    with no_grad():
        for layer in flat(net):
            shape, x = x.shape[1:], layer(x).data
            if isinstance(layer, (Linear, Convolution)):
                if waiting is not None:
                    raise TypeError(f"to_spiking: expected a ReLU between {waiting[0]!r} and {layer!r}")
                waiting = layer, _by_input(layer, scale, shape)
            elif layer.kind in RECTIFIERS:
                if waiting is None:
                    raise TypeError(f"to_spiking: expected a Linear or a convolution before {layer!r}")
                scales.append(_largest(layer, x, waiting[0], percent, per_channel))
                made += [_rescaled(*waiting, scales[-1]), *currents, ConvertedIF(start=start)]
                scale = scales[-1].reshape(-1, *(1,) * (x.ndim - 2 if isinstance(waiting[0], Convolution) else 0))
                waiting, currents = None, []
            else:
                (made if waiting is None else currents).append(_between(layer))
                if waiting is None and scale.size > 1:
                    scale = _behind(layer, scale, shape, x.ndim - 1)
                    if layer.kind == "Unflatten":
                        scale = _one_a_channel(scale, made, scales)
    if waiting is not None:
        made += [_rescaled(*waiting, np.ones(1)), *currents]
    return Converted(Sequential(*made), tuple(scales))


def flat(net: Any) -> list[Any]:
    """The layers one after the other, dropout left out, batch norms folded into what stands before them.

    A rectifier comes before the maximum it follows: both only grow with their input, so the order makes no difference;
    nor does it beside what only gives numbers another shape.
    """
    if not isinstance(net, Sequential):
        raise TypeError(f"to_spiking: expected a Sequential, got {net!r:.60}")
    found: list[Any] = []
    for one in unnested(net.layers):
        check_real("to_spiking", one)
        if isinstance(one, Normalisation) and found and isinstance(found[-1], (Linear, Convolution)):
            found[-1] = fold(found[-1], one)
        elif one.kind in RECTIFIERS:
            k = len(found)
            while k and (found[k - 1].kind in RESHAPES or found[k - 1].kind.startswith("MaxPool")):
                k -= 1
            found.insert(k, one)
        elif not isinstance(one, Dropout):
            found.append(one)
    return found


def losses(net: Sequential, spiking: Converted, x: Array, steps: int) -> list[LayerLoss]:
    """What each population of `spiking` loses of the activations of `net` on x (samples, ...), in order."""
    numbers, of_maps = [], False
    with no_grad():
        now = real_values("losses: x", x).astype(np.float32)
        for layer in flat(net):
            now = layer(now).data
            if isinstance(layer, (Linear, Convolution)):
                of_maps = isinstance(layer, Convolution)
            elif layer.kind in RECTIFIERS:
                numbers.append((of_maps, now))
        signal, rates = Tensor(np.broadcast_to(np.asarray(x, np.float32), (steps, *x.shape))), []
        for k, one in enumerate(spiking.net.layers):
            signal = one(signal)
            if one.kind == "ConvertedIF":
                rates.append((f"{k} {one.kind}", signal.data.mean(axis=0)))
    found = []
    for (of_maps, wanted), (name, rate), scale in zip(numbers, rates, spiking.scales, strict=True):
        shape = (-1, *(1,) * (wanted.ndim - 2)) if of_maps else (-1,)
        top = np.reshape(scale, shape) if np.size(scale) > 1 else float(np.ravel(scale)[0])
        size = float(np.sqrt(np.mean(np.square(wanted)))) or 1.0
        error = float(np.sqrt(np.mean(np.square(rate * top - wanted)))) / size
        found.append(LayerLoss(name, error, float(np.mean(wanted > top * (1 + 1e-6)))))
    return found


def worst(found: list[LayerLoss]) -> LayerLoss:
    """The layer at which most is lost: whose error grows most over that of the layer before it."""
    before = [0.0, *(one.rate_error for one in found[:-1])]
    growth = [one.rate_error - last for one, last in zip(found, before, strict=True)]
    return found[int(np.argmax(growth))]


def accuracy_by_steps(spiking: Sequential, x: Array, labels: Array, steps: int, batch_size: int = 10) -> Array:
    """(steps,) accuracy when the answer is read after 1, 2, ... steps, from the sum of the outputs so far.

    batch_size: of samples run at once; with few of them, their spikes of all steps stay in the processor's cache
    """
    right = np.zeros(steps)
    with no_grad():
        for begin in range(0, len(x), batch_size):
            part = np.asarray(x[begin : begin + batch_size], np.float32)
            y = spiking(np.broadcast_to(part, (steps, *part.shape))).data.cumsum(axis=0)
            right += (y.argmax(axis=-1) == labels[begin : begin + batch_size]).sum(axis=1)
    return right / len(x)


def _largest(layer: Any, x: Array, connection: Any, percent: float, per_channel: bool) -> Array:
    if isinstance(layer, Memoryless) and layer.kind == "QCFS":
        return np.array([float(layer.weights["threshold"].data)])
    axis = 1 if isinstance(connection, Convolution) else x.ndim - 1
    others = tuple(k for k in range(x.ndim) if k != axis) if per_channel else None
    top = np.atleast_1d(np.percentile(x, percent, axis=others))
    most = x.max(axis=others)
    top = np.where(top > 0, top, np.atleast_1d(most))  # fewer than 1 - percent are not 0
    if not (top > 0).any():
        raise ValueError(f"to_spiking: {layer!r} behind {connection!r} is silent on the calibration data")
    return np.asarray(np.where(top > 0, top, top[top > 0].mean()))  # a silent channel: any scale will do


def _by_input(layer: Any, scale: Array, shape: tuple[int, ...]) -> Array:
    """(n_in,) the scale of each input of a connection that is shown samples of `shape`; (1,) when all have the same."""
    if scale.size == 1:
        return scale.reshape(1)
    axis = 0 if isinstance(layer, Convolution) else len(shape) - 1
    found = np.moveaxis(np.broadcast_to(scale, shape), axis, 0).reshape(shape[axis], -1)
    if (found != found[:, :1]).any():
        raise TypeError(
            f"to_spiking: per_channel: {layer!r} weighs numbers of several scales alike; put a Flatten before it, or "
            "take per_channel=False"
        )
    return found[:, 0]


def _behind(layer: Any, scale: Array, shape: tuple[int, ...], n_axes: int) -> Array:
    """`scale`, which broadcasts to a sample of `shape`, behind a layer that gives `n_axes` axes."""
    if layer.kind in RESHAPES:
        return np.asarray(layer(np.broadcast_to(scale, shape)[None]).data[0])
    return scale.reshape(-1) if n_axes < scale.ndim else scale  # a mean over whole maps leaves their channels


def _one_a_channel(scale: Array, made: list[Layer], scales: list[Array]) -> Array:
    """The largest scale of each channel of an Unflatten, which the population before it is given too."""
    top = scale.max(axis=tuple(range(1, scale.ndim)), keepdims=True)
    if (top != scale).any():
        if len(made) < 3 or made[-2].kind != "ConvertedIF" or not isinstance(made[-3], Linear):
            raise TypeError(f"to_spiking: per_channel: expected a Linear and a rectifier right before {made[-1]!r}")
        wider = np.broadcast_to(top, scale.shape).reshape(-1)
        made[-3] = _rescaled(made[-3], np.ones(1), wider / scale.reshape(-1))
        scales[-1] = wider
    return np.asarray(top)


def _rescaled(layer: Any, before: Array, after: Array) -> Any:
    """A twin whose input of 1 stands for `before` and whose output of 1 stands for `after`."""
    twin = copy.copy(layer)
    weight, n_axes = layer.weight.data.astype(np.float64), layer.weight.ndim - 2
    if isinstance(layer, Linear):
        scaled = weight * before.reshape(-1, 1) / after.reshape(1, -1)
    else:
        seen = before.reshape(layer.groups if before.size > 1 else 1, -1)  # of the inputs that filters of a group see
        seen = np.repeat(seen, layer.n_out // len(seen), axis=0)
        scaled = weight * seen.reshape(*seen.shape, *(1,) * n_axes) / after.reshape(-1, *(1,) * (n_axes + 1))
    twin.weight = Tensor(scaled.astype(np.float32), requires_grad=True, name="weight")
    if layer.bias is not None:
        twin.bias = Tensor((layer.bias.data / after).astype(np.float32), requires_grad=True, name="bias")
    return twin


def _between(layer: Any) -> Layer:
    if layer.kind == "MaxPool2d":
        if not isinstance(layer, Pooling) or len(set(layer.kernel_size)) > 1 or layer.stride != layer.kernel_size:
            raise TypeError(f"to_spiking: a maximum needs square windows side by side, got {layer!r}")
        if any(layer.padding):
            raise TypeError(f"to_spiking: a maximum of spikes has no border, got {layer!r}")
        return SpikingMaxPool2d(layer.kernel_size[0])
    if layer.kind not in KEPT:
        raise TypeError(f"to_spiking: no spiking form of {layer!r:.60} is known; there are ReLU, QCFS and {KEPT}")
    kept: Layer = layer
    return kept
