"""Spiking neurons that learn what every step sees of others: PSN, whole or masked, and its sliding form.

Source: Fang et al. 2023 (NeurIPS, arXiv:2304.12760), equations 6 to 9.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spikenet import graph
from spikenet.errors import whole
from spikenet.graph import Tensor, TensorLike
from spikenet.layers.fire import checked, comparable, fire
from spikenet.layers.layer import State, Training, as_input, entering, generator, refuse_state, state_parts
from spikenet.layers.memoryless import learnt
from spikenet.layers.plain import plain
from spikenet.neurons.reset import no_reset
from spikenet.neurons.surrogate import Surrogate, atan


class ParallelSpiking:
    """h = weight x + bias over the whole sequence, a spike where h > 0; no reset.

    steps : of every sequence, >= 1
    order : how many steps back a step sees, itself included, >= 1; None lets it see all of them, later ones, too
    weight: (steps, steps), from the step of the column to that of the row; starts uniform in +-1/sqrt(steps), as
            torch's linear layers do; bias: (steps,), starts at -1, a threshold of 1
    seed  : an int, a numpy Generator, or None for fresh entropy

    Input is (steps, batch, neurons...). There is no state to carry on.
    """

    kind = "ParallelSpiking"

    def __init__(
        self, steps: int, *, order: int | None = None, surrogate: Surrogate = atan,
        seed: int | np.random.Generator | None = None,
    ) -> None:  # fmt: skip
        checked(self.kind, 1.0, no_reset, surrogate)
        self.steps = whole(f"{self.kind}: steps", steps)
        self.order = None if order is None else whole(f"{self.kind}: order", order)
        bound = 1 / math.sqrt(self.steps)
        weight = generator(self.kind, seed).uniform(-bound, bound, (self.steps, self.steps))
        self.surrogate, self.smooth = surrogate, False
        self.weight, self.bias = learnt("weight", weight), learnt("bias", np.full(self.steps, -1.0))

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        x = comparable(self.kind, entering(self, x))
        if x.ndim < 2 or len(x) != self.steps or not x.size:
            raise ValueError(f"{self.kind}: expected input ({self.steps}, batch, neurons...), got {x.shape}")
        weight = self.weight
        if self.order is not None:
            back = np.arange(self.steps)[:, None] - np.arange(self.steps)
            weight = weight * ((back >= 0) & (back < self.order)).astype(weight.dtype)
        h = (weight @ x.reshape((self.steps, -1)) + self.bias.reshape((self.steps, 1))).reshape(x.shape)
        return fire(h, self.surrogate, smooth=self.smooth)

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        return self(x), refuse_state(self.kind, state)

    def parameters(self) -> dict[str, Tensor]:
        return {"weight": self.weight, "bias": self.bias}

    def config(self) -> dict[str, Any]:
        return {"steps": self.steps, "order": self.order, "surrogate": plain(self.surrogate)}

    def __repr__(self) -> str:
        return f"{self.kind}({self.steps}{'' if self.order is None else f', order={self.order}'})"


class SlidingSpiking:
    """h[t] = sum over k < order of weight[k] x[t - k] + bias, a spike where h > 0; no reset, one weight for all steps.

    order : >= 1; weight: (order,), starts at 1, 1/2, 1/4, ..., as a LIF neuron that forgets half in a step
    bias  : one number, starts at -1, a threshold of 1

    Input is (steps, batch, neurons...); the state is the last order - 1 inputs, so time may be split anywhere.
    """

    kind = "SlidingSpiking"

    def __init__(self, order: int, *, surrogate: Surrogate = atan) -> None:
        checked(self.kind, 1.0, no_reset, surrogate)
        self.order = whole(f"{self.kind}: order", order)
        self.surrogate, self.smooth = surrogate, False
        self.states = ("last inputs",)
        self.weight = learnt("weight", 0.5 ** np.arange(self.order))
        self.bias = learnt("bias", np.array(-1.0))

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        return self.run(x)[0]

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        """(spikes in the shape of x, (the last order - 1 inputs,))."""
        x = comparable(self.kind, entering(self, x, state))
        if x.ndim < 2 or not x.size:
            raise ValueError(
                f"{self.kind}: expected input (steps, batch, neurons...) without empty axes, got {x.shape}"
            )
        parts, past = state_parts(self.kind, state, self.states), (self.order - 1, *x.shape[1:])
        before = Tensor(np.zeros(past, x.dtype)) if parts is None else as_input(self.kind, parts[0], x.dtype)
        if before.shape != past:
            raise ValueError(f"{self.kind}: expected state 'last inputs' of shape {past}, got {before.shape}")
        seen, steps = graph.concatenate([before, x]), len(x)
        h = self.bias + seen[self.order - 1 : self.order - 1 + steps] * self.weight[0]
        for k in range(1, self.order):
            h = h + seen[self.order - 1 - k : self.order - 1 - k + steps] * self.weight[k]
        return fire(h, self.surrogate, smooth=self.smooth), (seen[len(seen) - self.order + 1 :],)

    def parameters(self) -> dict[str, Tensor]:
        return {"weight": self.weight, "bias": self.bias}

    def config(self) -> dict[str, Any]:
        return {"order": self.order, "surrogate": plain(self.surrogate)}

    def __repr__(self) -> str:
        return f"{self.kind}({self.order})"
