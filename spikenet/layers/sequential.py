"""Sequential: layers one after another; Residual: layers with a connection around them."""

from __future__ import annotations

from typing import Any

from spikenet.graph import Tensor, TensorLike
from spikenet.layers.delay import within_sequence
from spikenet.layers.dropout import Dropout
from spikenet.layers.layer import Layer, State, Training, check_training, entering, refuse_state, state_parts
from spikenet.layers.linear import Linear
from spikenet.layers.pointwise import Pointwise
from spikenet.layers.pooled_convolution import Unpooled, joined, pooled
from spikenet.layers.spiking import Spiking


class Sequential:
    """The layers' composition. Parameters are named by position: "0.weight", "1.leak", ...

    Raises TypeError when an argument is no layer, ValueError when there is none or when the sizes of two Linear layers
    clash that are next to each other but for layers that keep the size.
    """

    kind = "Sequential"

    def __init__(self, *layers: Layer) -> None:
        self.layers = _checked(self.kind, layers)

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        return self.run(within_sequence(self, entering(self, x)), training=training)[0]

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        return _run(self, entering(self, x, state), state, training)

    def parameters(self) -> dict[str, Tensor]:
        return _parameters(self.layers)

    def config(self) -> dict[str, Any]:
        return {}

    def __repr__(self) -> str:
        return _repr(self)


class Residual:
    """y = x + layers(x). The layers must keep the shape of their input. Source: He et al. 2015 (arXiv:1512.03385)."""

    kind = "Residual"

    def __init__(self, *layers: Layer) -> None:
        self.layers = _checked(self.kind, layers)

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        return self.run(x, training=training)[0]

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        x = entering(self, x, state)
        y, state = _run(self, x, state, training)
        if y.shape != x.shape:
            raise ValueError(f"Residual: the layers must keep the shape {x.shape}, they gave {y.shape}")
        return x + y, state

    def parameters(self) -> dict[str, Tensor]:
        return _parameters(self.layers)

    def config(self) -> dict[str, Any]:
        return {}

    def __repr__(self) -> str:
        return _repr(self)


def has_memory(layer: Layer) -> bool:
    """Whether a layer carries a state, so that axis 0 of its input is time."""
    if getattr(layer, "time_is_inside", False):
        return False
    return bool(getattr(layer, "states", ())) or any(has_memory(inner) for inner in getattr(layer, "layers", ()))


def _checked(name: str, layers: tuple[Any, ...]) -> tuple[Layer, ...]:
    if not layers:
        raise ValueError(f"{name}: expected at least one layer")
    for k, layer in enumerate(layers):
        if isinstance(layer, type) or not isinstance(layer, Layer):
            raise TypeError(f"{name}: expected layers, got {layer!r} at position {k}; write ReLU(), not ReLU")
    _check_sizes(name, layers)
    return layers


def _check_sizes(name: str, layers: tuple[Layer, ...]) -> None:
    """ValueError for a Linear that cannot take what the Linear before it gives; other layers are not known here."""
    last: tuple[int, Linear] | None = None
    for k, layer in enumerate(layers):
        if isinstance(layer, Linear):
            if last is not None and last[1].n_out != layer.n_in:
                raise ValueError(
                    f"{name}: expected layer {k} to take the {last[1].n_out} values that layer {last[0]}, "
                    f"{last[1]!r}, gives, got {layer!r}"
                )
            last = k, layer
        elif not (isinstance(layer, (Spiking, Dropout)) or (isinstance(layer, Pointwise) and layer.keeps_shape)):
            last = None


def _run(
    whole: Sequential | Residual, x: Tensor, state: State | None, training: Training | None
) -> tuple[Tensor, State]:
    layers = whole.layers
    state = state_parts(whole.kind, state, tuple(layer.kind for layer in layers))
    check_training(whole.kind, training)
    if training is not None and has_memory(whole):
        training = training.with_time()
    after = []
    waiting: Unpooled | None = None
    for k, layer in enumerate(layers):
        before = None if state is None else state[k]
        try:
            if joined(layers, k):
                one, waiting = refuse_state(layer.kind, before), Unpooled(layer, *layer.checked(x))  # type: ignore[arg-type,attr-defined]
            elif waiting is not None:
                one, x, waiting = refuse_state(layer.kind, before), pooled(waiting, layer), None  # type: ignore[arg-type]
            else:
                given = x
                x, one = layer.run(given, before, training=training)
                if given.spent and k > 0 and isinstance(layers[k - 1], Linear):  # nobody else has seen these currents
                    given.give_back()
        except (ValueError, TypeError) as error:
            error.add_note(f"in layer {k} of {whole.kind}: {layer!r}")
            raise
        after.append(one)
    return x, tuple(after)


def _parameters(layers: tuple[Layer, ...]) -> dict[str, Tensor]:
    return {f"{k}.{name}": p for k, layer in enumerate(layers) for name, p in layer.parameters().items()}


def _repr(whole: Sequential | Residual) -> str:
    return f"{whole.kind}({', '.join(map(repr, whole.layers))})"
