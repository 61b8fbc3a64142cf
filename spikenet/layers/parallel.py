"""Layers that hold others beside or around each other: Parallel, MeanOverTime, Ensemble."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spikenet.errors import whole
from spikenet.graph import Tensor, TensorLike, repeat
from spikenet.layers.joins import added
from spikenet.layers.layer import Layer, State, Training, check_training, entering, refuse_state, state_parts
from spikenet.layers.plain import plain
from spikenet.layers.sequential import has_memory

Join = Callable[[Tensor, Tensor], Tensor]


class Parallel:
    """join(first(x), second(x)): a residual unit whose shortcut is a layer too, a level of a U-Net, an inception block.

    join: of spikenet.layers.joins (added, both, and_not, side_by_side, stacked_maps) or one's own function of two

    The spike-element-wise unit of Fang et al. 2021 (arXiv:2102.04159) is Parallel(layers that end in neurons,
    Identity(), join=and_not). Raises ValueError when the two outputs do not fit each other, naming both shapes.
    """

    kind = "Parallel"

    def __init__(self, first: Layer, second: Layer, *, join: Join = added) -> None:
        self.layers, self.join = _checked(self.kind, (first, second)), join
        if not callable(join) or isinstance(join, Layer):
            raise TypeError(f"Parallel: join: expected a function of two tensors, got {join!r:.60}")

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        return self.run(x, training=training)[0]

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        x = entering(self, x, state)
        (a, b), after = _run_all(self, x, state, training)
        try:
            return self.join(a, b), after
        except ValueError as error:
            shapes = f"{a.shape} and {b.shape}"
            raise ValueError(f"Parallel: the branches gave {shapes}, which do not join: {error}") from None

    def parameters(self) -> dict[str, Tensor]:
        return _parameters(self.layers)

    def config(self) -> dict[str, Any]:
        return {"join": plain(self.join)}

    def __repr__(self) -> str:
        return f"Parallel({self.layers[0]!r}, {self.layers[1]!r}, join={getattr(self.join, '__name__', '?')})"


class Ensemble:
    """The mean of what several nets give for the same input. Source: Hansen & Salamon 1990, IEEE TPAMI 12:993-1001.

    The mean of scores; put Softmax() behind each net to average probabilities instead.
    """

    kind = "Ensemble"

    def __init__(self, *nets: Layer) -> None:
        if not nets:
            raise ValueError("Ensemble: expected at least one net")
        self.layers = _checked(self.kind, nets)

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        return self.run(x, training=training)[0]

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        x = entering(self, x, state)
        given, after = _run_all(self, x, state, training)
        if len({y.shape for y in given}) > 1:
            raise ValueError(f"Ensemble: expected outputs of one shape, got {', '.join(str(y.shape) for y in given)}")
        total = given[0]
        for y in given[1:]:
            total = total + y
        return total * (1 / len(given)), after

    def parameters(self) -> dict[str, Tensor]:
        return _parameters(self.layers)

    def config(self) -> dict[str, Any]:
        return {}

    def __repr__(self) -> str:
        return f"Ensemble({', '.join(map(repr, self.layers))})"


class MeanOverTime:
    """A net with memory as one without: its input held for `steps` steps, its outputs averaged over them.

    (batch, ...) to (batch, ...): spiking layers where a conventional net is expected, as the encoder of an autoencoder.
    It starts from rest at every call and has no state.
    """

    kind = "MeanOverTime"
    time_is_inside = True  # axis 0 of the input outside is no time

    def __init__(self, net: Layer, *, steps: int) -> None:
        self.layers = _checked(self.kind, (net,))
        self.steps = whole("MeanOverTime: steps", steps)

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        check_training(self.kind, training)
        x = entering(self, x)
        inside = None if training is None else training.with_time()
        return self.layers[0].run(repeat(x, self.steps), training=inside)[0].mean(axis=0)

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        return self(x, training=training), refuse_state(self.kind, state)

    def parameters(self) -> dict[str, Tensor]:
        return _parameters(self.layers)

    def config(self) -> dict[str, Any]:
        return {"steps": self.steps}

    def __repr__(self) -> str:
        return f"MeanOverTime({self.layers[0]!r}, steps={self.steps})"


def _checked(kind: str, layers: tuple[Any, ...]) -> tuple[Layer, ...]:
    for layer in layers:
        if isinstance(layer, type) or not isinstance(layer, Layer):
            raise TypeError(f"{kind}: expected layers, got {layer!r:.60}")
    return layers


def _run_all(
    container: Parallel | Ensemble, x: Tensor, state: State | None, training: Training | None
) -> tuple[list[Tensor], State]:
    layers = container.layers
    check_training(container.kind, training)
    before = state_parts(container.kind, state, tuple(layer.kind for layer in layers)) or (None,) * len(layers)
    if training is not None and has_memory(container):
        training = training.with_time()
    given, after = [], []
    for layer, one in zip(layers, before, strict=True):
        y, last = layer.run(x, one, training=training)
        given.append(y)
        after.append(last)
    return given, tuple(after)


def _parameters(layers: tuple[Layer, ...]) -> dict[str, Tensor]:
    return {f"{k}.{name}": p for k, layer in enumerate(layers) for name, p in layer.parameters().items()}
