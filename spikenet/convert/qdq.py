"""Training that already sees the rounding: weights and activations pass through grids, gradients go straight on."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from spikenet.convert.levels import fake_quantise, grid_of, limits, quantise_weights
from spikenet.convert.refusals import check_no_products, check_real, norms_behind
from spikenet.errors import Array, flag, within
from spikenet.graph import Tensor, TensorLike
from spikenet.layers import (
    Convolution,
    Ensemble,
    Layer,
    Linear,
    MeanOverTime,
    Normalisation,
    Parallel,
    Residual,
    Sequential,
    Training,
)
from spikenet.layers.layer import State, as_input, check_training, dtype_of, refuse_state


class WeightGrid(NamedTuple):
    """How weights are rounded: to `bits` each, every output with its own scale or one for all, symmetric or affine."""

    bits: int = 8
    per_channel: bool = True
    symmetric: bool = True


class QdqConnection:
    """A Linear or convolution whose weights are rounded on the way in; the weights themselves stay float and learn.

    layer: the one it stands for, whose parameters it shares;  bits, per_channel, symmetric: of the weights' grid
           `quantise` keeps it
    norms: batch norms behind it, which `quantise` folds into the weights before it rounds them: the grid is the folded
           ones'. They stay layers of their own
    """

    kind = "QdqConnection"

    def __init__(
        self, layer: Linear | Convolution, *, bits: int = 8, per_channel: bool = True, symmetric: bool = True,
        norms: Sequence[Normalisation] = (),
    ) -> None:  # fmt: skip
        if not isinstance(layer, (Linear, Convolution)):
            raise TypeError(f"QdqConnection: expected a Linear or a convolution, got {layer!r:.60}")
        limits(bits, flag("QdqConnection: symmetric", symmetric))
        check_real("QdqConnection", layer)
        self.layers, self.norms = (layer,), tuple[Normalisation, ...](norms)
        self.bits, self.per_channel, self.symmetric = bits, per_channel, symmetric

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        layer = self.layers[0]
        factor = self._factor()
        levels = quantise_weights(
            layer.weight.data * factor, bits=self.bits, axis=channel_axis(layer) if self.per_channel else None,
            symmetric=self.symmetric,
        )  # fmt: skip
        twin = copy.copy(layer)
        scale = levels.scale / np.where(factor == 0, 1.0, factor)
        twin.weight = fake_quantise(layer.weight, scale, levels.zero, levels.low, levels.high)
        return twin(x, training=training)

    def _factor(self) -> Array:
        """What folding the norms will multiply the weights of each output with."""
        layer = self.layers[0]
        factor = np.ones(layer.n_out)
        for norm in self.norms:
            factor *= norm.weight.data * norm.scale / np.sqrt(norm.running_var.data.astype(np.float64) + norm.eps)
        return factor if isinstance(layer, Linear) else factor.reshape(-1, *(1,) * (layer.weight.ndim - 1))

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        return self(x, training=training), refuse_state(self.kind, state)

    def parameters(self) -> dict[str, Tensor]:
        return {f"0.{name}": p for name, p in self.layers[0].parameters().items()}

    def config(self) -> dict[str, Any]:
        return {"bits": self.bits, "per_channel": self.per_channel, "symmetric": self.symmetric}

    def __repr__(self) -> str:
        return f"QdqConnection({self.layers[0]!r}, bits={self.bits})"


class QdqActivation:
    """Activations rounded to a grid whose range follows what passes while training, by a running mean.

    momentum: part of the range that a step of training replaces, in [0, 1];  bits, symmetric: of the grid
    range   : (2,) low and high, kept with the weights; before the first step [0, 0], and nothing is rounded
    """

    kind = "QdqActivation"

    def __init__(self, *, bits: int = 8, symmetric: bool = False, momentum: float = 0.05) -> None:
        limits(bits, symmetric)
        self.bits, self.symmetric = bits, symmetric
        self.momentum = within("QdqActivation: momentum", momentum, 0, 1)
        self.range = Tensor(np.zeros(2, np.float32), name="range")

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        x = as_input(self.kind, x, dtype_of({}))
        check_training(self.kind, training)
        low, high = (float(v) for v in self.range.data)
        if training is not None:
            seen = np.array([x.data.min(), x.data.max()], np.float32)
            part = self.momentum if high > low else 1.0
            low, high = (float(v) for v in (1 - part) * self.range.data + part * seen)
            training.pending.append((self.range, np.array([low, high], np.float32)))
        if not high > low:
            return x
        return fake_quantise(x, *grid_of(low, high, self.bits, self.symmetric), *limits(self.bits, self.symmetric))

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        return self(x, training=training), refuse_state(self.kind, state)

    def parameters(self) -> dict[str, Tensor]:
        return {"range": self.range}

    def config(self) -> dict[str, Any]:
        return {"bits": self.bits, "symmetric": self.symmetric, "momentum": self.momentum}

    def __repr__(self) -> str:
        return f"QdqActivation(bits={self.bits})"


def with_qdq(
    net: Sequential,
    *,
    weight_bits: int = 8,
    activation_bits: int = 8,
    per_channel: bool = True,
    symmetric_weights: bool = True,
) -> Sequential:
    """`net` for training under rounding, its weights shared: every connection and its input pass through grids.

    Connections are Linear and convolutions, also within Sequential, Residual, Parallel, Ensemble and MeanOverTime. The
    grids of weights are symmetric unless asked otherwise, and `quantise` keeps them; those of inputs are affine, with 8
    bits in `quantise`: other activation_bits are for chips that have fewer. With a batch norm behind a connection the
    grid is that of the folded weights, as `quantise` will have it. TypeError for other layers whose weights multiply
    their input, and for complex weights.
    """
    if not isinstance(net, Sequential):
        raise TypeError(f"with_qdq: expected a Sequential, got {net!r:.60}")
    wrap = _Wrap(activation_bits, {"bits": weight_bits, "per_channel": per_channel, "symmetric": symmetric_weights})
    made = Sequential(*wrap.run_of(net.layers))
    link_norms(made)
    return made


def without_qdq(net: Sequential) -> Sequential:
    """`net` without its grids, its weights shared: with_qdq undone, also for a net that was loaded."""
    if not isinstance(net, Sequential):
        raise TypeError(f"without_qdq: expected a Sequential, got {net!r:.60}")
    return Sequential(*_plain(net.layers))


def grids_of(net: Any) -> dict[Any, WeightGrid]:
    """By layer: the grid its weights were trained on, of every QdqConnection in `net`."""
    if isinstance(net, QdqConnection):
        return {net.layers[0]: WeightGrid(**net.config())}
    return {layer: grid for one in getattr(net, "layers", ()) for layer, grid in grids_of(one).items()}


def link_norms(net: Any) -> None:
    """Tells every QdqConnection in `net` the batch norms right behind it, which `quantise` will fold."""
    for connection, norm in norms_behind([net], _notes_norms):
        connection.norms += (norm,)


def _notes_norms(layer: Any) -> bool:
    """Whether a layer is a QdqConnection, whose norms are forgotten for those to come."""
    if isinstance(layer, QdqConnection):
        layer.norms = ()
    return isinstance(layer, QdqConnection)


class _Wrap:
    """Puts grids into the layers of a net, for activations of `bits` and weights of `options`."""

    def __init__(self, bits: int, options: dict[str, Any]) -> None:
        self.bits, self.options = bits, options

    def run_of(self, layers: Sequence[Layer]) -> list[Layer]:
        """Layers one after the other, with the grids."""
        found: list[Layer] = []
        for layer in layers:
            if isinstance(layer, (Linear, Convolution)):
                found += [QdqActivation(bits=self.bits), QdqConnection(layer, **self.options)]
            elif isinstance(layer, Sequential):
                found.append(Sequential(*self.run_of(layer.layers)))
            else:
                found.append(self._other(layer))
        return found

    def _other(self, layer: Layer) -> Layer:
        if isinstance(layer, Residual):
            return Residual(*self.run_of(layer.layers))
        if isinstance(layer, (Parallel, Ensemble, MeanOverTime)):
            twin = copy.copy(layer)
            branches = [self.run_of([one]) for one in layer.layers]
            twin.layers = tuple(one[0] if len(one) == 1 else Sequential(*one) for one in branches)
            return twin
        check_no_products("with_qdq", layer)
        return layer


def _plain(layers: Sequence[Layer]) -> list[Layer]:
    return [_without(layer) for layer in layers if not isinstance(layer, QdqActivation)]


def _without(layer: Layer) -> Layer:
    if isinstance(layer, QdqConnection):
        return layer.layers[0]
    if isinstance(layer, (Sequential, Residual)):
        return type(layer)(*_plain(layer.layers))
    if isinstance(layer, (Parallel, Ensemble, MeanOverTime)):
        twin = copy.copy(layer)
        twin.layers = tuple(_without(one) for one in layer.layers)
        return twin
    return layer


def channel_axis(layer: Linear | Convolution) -> int:
    """The axis of a weight that counts outputs."""
    return 1 if isinstance(layer, Linear) else 0
