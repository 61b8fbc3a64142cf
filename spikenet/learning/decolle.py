"""DECOLLE: every layer learns alone, from a fixed random readout of its own spikes, online.

Source: Kaiser, Mostafa & Neftci 2020, "Synaptic plasticity dynamics for deep continuous local learning (DECOLLE)",
Frontiers in Neuroscience 14:424.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikenet.errors import Array, positive, whole
from spikenet.graph import Tensor, TensorLike, no_grad
from spikenet.layers import Layer, Training
from spikenet.layers.convolution import Convolution
from spikenet.layers.layer import entering
from spikenet.layers.linear import Linear
from spikenet.layers.sequential import has_memory
from spikenet.learning.online import Step, flat, over_sequence, refuse_learnt_neurons
from spikenet.learning.rule import Learnt, Loss, scalar
from spikenet.learning.traced import Trace, filters, traced


@dataclass(frozen=True)
class DECOLLE:
    """Local errors: the loss is asked of a random readout of every layer of neurons at every step, and goes no further.

    n_out: values of each readout (classes), >= 1
    seed : of the readouts' weights, uniform in +-gain / sqrt(n); whole number >= 0
    gain : > 0

    For a Sequential of Linear or convolutions, each directly followed by IF, LIF, CubaLIF or LI neurons; dropout and
    layers without parameters may stand between. Weights learn from the trace of their input, as in OTTT.
    """

    n_out: int
    seed: int
    gain: float = 1.0

    def __post_init__(self) -> None:
        whole("DECOLLE: n_out", self.n_out)
        whole("DECOLLE: seed", self.seed, least=0)
        positive("DECOLLE: gain", self.gain)

    def __call__(self, net: Layer, x: TensorLike, targets: Any, loss: Loss, training: Training | None = None) -> Learnt:
        """Adds the gradients of each layer's own loss, the mean over steps; returns the last layer's readout.

        targets: what the loss takes at every step, or values (steps, batch, ...) for each step its own. The loss
        returned is the sum over layers.
        """
        return over_sequence("DECOLLE", net, self._step(net, loss), x, targets, training)

    def readouts(self, net: Layer, x: TensorLike) -> Array:
        """(layers, steps, batch, n_out) what every layer's readout says about x (steps, batch, ...)."""
        said = []
        with no_grad():
            y = entering(net, x, name="DECOLLE")
            for k, layer in enumerate(flat("DECOLLE", net)):
                y = layer(y)
                if has_memory(layer):
                    said.append(_rows(y.data) @ self._weights(k, y.data))
        return np.stack(said)

    def runs(self, net: Layer) -> Callable[[TensorLike], Tensor]:
        """The net as this rule sees it: from inputs (steps, batch, ...) to the last layer's readout."""
        return lambda x: Tensor(self.readouts(net, x)[-1])

    def _weights(self, k: int, spikes: Array) -> Array:
        n = int(np.prod(spikes.shape[2:]))
        bound = self.gain / np.sqrt(n)
        drawn = np.random.default_rng([self.seed, k]).uniform(-bound, bound, (n, self.n_out))
        return drawn.astype(spikes.dtype)

    def _step(self, net: Any, loss: Loss) -> Step:
        layers = flat("DECOLLE", net)
        traces: dict[int, Trace] = {}
        for k, layer in enumerate(layers):
            refuse_learnt_neurons("DECOLLE", layer)
            if isinstance(layer, Linear | Convolution):
                if k + 1 == len(layers):
                    raise TypeError("DECOLLE: expected neurons after the last weights: readouts are the rule's own")
                traces[k] = Trace(filters("DECOLLE", layers[k + 1]))
            elif layer.parameters():
                raise TypeError(f"DECOLLE: expected weights of Linear or convolutions only, got {layer!r:.60}")
        fixed: dict[int, Tensor] = {}

        def step(x: Tensor, state: Any, training: Training | None, targets: Any) -> tuple[Tensor, Tensor, Any]:
            after: list[Any] = []
            said: list[Tensor] = []
            for k, layer in enumerate(layers):
                one: Any = ()
                if k in traces:
                    assert isinstance(layer, Linear | Convolution)
                    x = traced(layer, x.detach(), traces[k])
                else:
                    x, one = layer.run(x, None if state is None else state[k], training=training)
                    if has_memory(layer):
                        if k not in fixed:
                            fixed[k] = Tensor(self._weights(k, x.data))
                        said.append(x.reshape(1, x.shape[1], -1) @ fixed[k])
                after.append(one)
            total = scalar("DECOLLE", loss(said[0], targets))
            for readout in said[1:]:
                total = total + scalar("DECOLLE", loss(readout, targets))
            return said[-1], total, tuple(after)

        return step


def _rows(y: Array) -> Array:
    return y.reshape(*y.shape[:2], -1)
