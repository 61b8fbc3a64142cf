"""A net as a layer whose output is the chip's: forward its integers, backward the float net's surrogate gradient."""

from __future__ import annotations

import copy
from typing import Any

from hw.compilers.driver import Recipe
from hw.compilers.part import Held
from hw.lowering.kinds import flat_layers
from hw.training.followed import Followed
from spikenet.errors import Array
from spikenet.graph import Tensor, TensorLike
from spikenet.layers.layer import State, Training, entering, refuse_state

SEEDS = 1 << 31  # of the noise that a forward pass meets in training


class OnChip:
    """`net` as the chip runs it: what `program.run` gives, with a gradient.

    net   : a Sequential that `recipe` was made for; its parameters are those that are trained
    recipe: of hw.compilers.driver, the scales chosen
    followed: weights in place of which the float layers have what the chip holds, of hw.training.followed

    Each call puts the weights as they are into the chip's words and runs the program's own integers, with all that
    wraps, saturates, is cut or capped. Gradients go straight through: those of the float layers, each driven by what
    the chip's layer before it sent, in place of which the chip's own output stands. Always from rest; dropout does
    nothing and a BatchNorm is the one that is folded in.
    """

    kind = "OnChip"
    states = ()

    def __init__(self, net: Any, recipe: Recipe, followed: tuple[Followed, ...] = ()) -> None:
        self.layers, self.recipe, self._followed = (net,), recipe, followed
        self._places = [part.at for part in recipe.parts(net)]

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        return self.run(x, training=training)[0]

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        refuse_state(self.kind, state)
        (net,) = self.layers
        signal = entering(net, x, name=self.kind)
        program, held = self.recipe.program(net)
        given = program.checked(signal.data)
        seed = int(training.rng.integers(SEEDS)) if program.noisy and training is not None else None
        steps, runs = len(given), program.with_noise(seed).layer_runs(given)
        k = 0
        for place, layer in enumerate(flat_layers(net)):
            signal = self._as_held(place, layer, held)(signal)
            if place == self._places[k]:
                got = program.output(runs[k], steps, k)
                signal = straight_through(signal, got.reshape(signal.shape))
                k += 1
                if k == len(runs):
                    break
        return signal, ()

    def _as_held(self, place: int, layer: Any, held: tuple[Held, ...]) -> Any:
        """The layer with the weights that the chip holds, where they follow; gradients go to its own."""
        for one in self._followed:
            if one.at == place:
                layer = copy.copy(layer)
                setattr(layer, one.name, straight_through(getattr(layer, one.name), one.held(layer, held)))
        return layer

    def parameters(self) -> dict[str, Tensor]:
        return dict(self.layers[0].parameters())

    def config(self) -> dict[str, Any]:
        return {}

    def __repr__(self) -> str:
        return f"OnChip({self.recipe.chip.name}, {self.layers[0]!r})"


def straight_through(y: Tensor, values: Array) -> Tensor:
    """`values` in place of y, whose gradient goes to y as it is."""
    return Tensor(values.astype(y.dtype), (y,), lambda g: (g,), operation="straight_through")
