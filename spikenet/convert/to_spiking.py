"""A trained conventional net made into a spiking one: rates of IF neurons take the place of rectified numbers.

Activations are divided by the largest value (or a percentile) each layer takes on, so that a rate of one spike a step
can say them; weights and biases are rescaled to match. Sources: Diehl et al. 2015, IJCNN; Rueckauer et al. 2017, Front.
Neurosci. 11:682 (percentile, biases, pooling); channel-wise: Kim et al. 2019 (arXiv:1903.06530).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from spikenet.convert.refusals import check_real, real_values, unnested
from spikenet.convert.rescaling import RESHAPES, amplified, behind, between, by_input, largest, one_a_channel, rescaled
from spikenet.errors import Array, finite_number, flag, within
from spikenet.graph import no_grad
from spikenet.layers import (
    Convolution,
    Dropout,
    Identity,
    Layer,
    Linear,
    Normalisation,
    Parallel,
    Residual,
    Sequential,
    fold,
)
from spikenet.layers.converted import ConvertedIF
from spikenet.layers.joins import added

RECTIFIERS = ("ReLU", "QCFS")
BRANCHES = (Residual, Parallel)


class Converted(NamedTuple):
    """net: the spiking one;  scales: of each population in order, what one spike a step of each channel stands for."""

    net: Sequential
    scales: tuple[Array, ...]


def to_spiking(
    net: Sequential, calibrate: Array, *, percent: float = 99.9, per_channel: bool = False, start: float = 0.5
) -> Converted:
    """The spiking twin of `net`, for input (steps, batch, ...) held over time; its last Linear gives currents.

    net        : of Linear, convolutions, BatchNorm, ReLU or QCFS, average or maximum pooling, Flatten, Dropout. The
                 maximum before a rectifier is taken behind it, which is the same; a mean before it is one of currents.
                 Residual and Parallel(join=added) become sums of currents: a shortcut carries spikes, weighted by what
                 they stand for
    calibrate  : (samples, ...) of the training data
    percent    : percentile of a layer's activations that becomes one spike a step; 100 for the largest. Layers of QCFS
                 have their own threshold and need none
    per_channel: each channel with its own scale; what an Unflatten makes one channel of has one, the largest
    start      : where membranes begin, in parts of the threshold, in [0, 1]

    Raises TypeError for a layer that has no spiking form and for complex numbers, ValueError for empty calibration data
    and for a layer that is silent on them.
    """
    x = real_values("to_spiking: calibrate", calibrate).astype(np.float32)
    if x.ndim < 2 or not x.size:
        raise ValueError(f"to_spiking: expected calibration data (samples, ...), at least one, got shape {x.shape}")
    if not 50 < finite_number("to_spiking: percent", percent) <= 100:
        raise ValueError(f"to_spiking: percent: expected a number in (50, 100], got {percent}")
    make = _Maker(percent, flag("to_spiking: per_channel", per_channel), within("to_spiking: start", start, 0, 1))
    with no_grad():
        end = make.through(flat(net), _Signal(x, np.ones(1)))
    return Converted(Sequential(*end.settled().made), tuple(make.scales))


@dataclass(frozen=True)
class _Signal:
    """What one layer hands on to the next while a net is made.

    x      : activations of the conventional net, (samples, ...);  of_maps: whether axis 1 counts channels of maps
    scale  : what 1 stands for of what the spiking twin sends, as it broadcasts to a sample
    made   : layers of the twin so far;  waiting: of connections that are not yet rescaled, what makes them for a scale
    """

    x: Array
    scale: Array
    of_maps: bool = False
    made: tuple[Layer, ...] = ()
    waiting: Callable[[Array], list[Layer]] | None = None

    def ending(self, after: Array) -> list[Layer]:
        """The layers when 1 is to stand for `after`: (1,), or one number a channel."""
        if self.waiting is not None:
            return [*self.made, *self.waiting(after)]
        shaped = after.reshape(-1, *(1,) * (self.x.ndim - 2 if self.of_maps else 0))
        return [*self.made, *amplified(self.scale / shaped, self.x.shape[1:], self.of_maps)]

    def settled(self) -> _Signal:
        """With what waits in the scale of the conventional net."""
        if self.waiting is None:
            return self
        return replace(self, made=tuple(self.ending(np.ones(1))), scale=np.ones(1), waiting=None)


class _Maker:
    """Makes layers of spikes; `scales` are those of its populations so far."""

    def __init__(self, percent: float, per_channel: bool, start: float) -> None:
        self.percent, self.per_channel, self.start = percent, per_channel, start
        self.scales: list[Array] = []

    def through(self, layers: Sequence[Any], now: _Signal) -> _Signal:
        for layer in layers:
            if isinstance(layer, (Linear, Convolution)):
                now = self._connection(layer, now.settled())
            elif layer.kind in RECTIFIERS:
                now = self._population(layer, now)
            elif isinstance(layer, BRANCHES):
                now = self._branches(layer, now.settled())
            else:
                now = self._between(layer, now)
        return now

    def _connection(self, layer: Any, now: _Signal) -> _Signal:
        before = by_input(layer, now.scale, now.x.shape[1:])
        waiting = partial(_one, layer, before)
        return replace(now, x=layer(now.x).data, of_maps=isinstance(layer, Convolution), waiting=waiting)

    def _population(self, layer: Any, now: _Signal) -> _Signal:
        x = layer(now.x).data
        top = largest(layer, x, now.of_maps, self.percent, self.per_channel)
        self.scales.append(top)
        scale = top.reshape(-1, *(1,) * (x.ndim - 2 if now.of_maps else 0))
        return _Signal(x, scale, now.of_maps, (*now.ending(top), ConvertedIF(start=self.start)))

    def _branches(self, layer: Any, now: _Signal) -> _Signal:
        """Two branches whose sum is that of their currents, each in the scale that the sum will be given."""
        first, second = (self.through(one, replace(now, made=())) for one in branches(layer))
        if first.x.shape != second.x.shape:
            raise ValueError(f"to_spiking: the branches of {layer!r:.60} give {first.x.shape} and {second.x.shape}")

        def sum_of(after: Array) -> list[Layer]:
            parts = [one.ending(after) or [Identity()] for one in (first, second)]
            return [Parallel(*(one[0] if len(one) == 1 else Sequential(*one) for one in parts), join=added)]

        return replace(now, x=first.x + second.x, of_maps=first.of_maps or second.of_maps, waiting=sum_of)

    def _between(self, layer: Any, now: _Signal) -> _Signal:
        kept, shape, x = between(layer), now.x.shape[1:], layer(now.x).data
        if now.waiting is not None:
            waits = now.waiting
            return replace(now, x=x, waiting=lambda after: [*waits(after), kept])
        made, scale = [*now.made, kept], now.scale
        if scale.size > 1:
            scale = behind(layer, scale, shape, x.ndim - 1)
            if layer.kind == "Unflatten":
                scale = one_a_channel(scale, made, self.scales)
        return replace(now, x=x, scale=scale, made=tuple(made))


def _one(layer: Any, before: Array, after: Array) -> list[Layer]:
    return [rescaled(layer, before, after)]


def branches(layer: Any) -> list[list[Any]]:
    """The two branches of a Residual or Parallel, each as `flat` gives layers; TypeError for another join than sums."""
    if isinstance(layer, Residual):
        return [flat(Sequential(*layer.layers)), []]
    if layer.join is not added:
        raise TypeError(f"to_spiking: of branches only sums (join=added) have a spiking form, got {layer!r:.80}")
    return [flat(Sequential(one)) for one in layer.layers]


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
