"""Gradients without any derivative: the loss at many random weights around the present ones (evolution strategies)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spikenet.errors import Array, flag, positive, whole
from spikenet.graph import TensorLike, no_grad
from spikenet.layers import Layer, Training
from spikenet.learning.rule import Learnt, Loss, add_gradients, scalar, sequence


@dataclass(frozen=True)
class Evolution:
    """The gradient of the loss averaged over a Gaussian around the weights, estimated from pairs of samples.

    pairs : samples w + sigma e and w - sigma e, >= 1; two runs of the net each
    sigma : > 0, in the weights' unit
    ranked: True takes the losses' ranks instead of their values, so that outliers do not rule; the gradient's length
            then has no meaning, as for an optimiser such as Adam that does not look at it
    seed  : of the samples, with the number of the step where `fit` trains; whole number >= 0

    For any loss, also one without a gradient: it sees the spikes as they are, no surrogate. Source: Salimans et al.
    2017 (arXiv:1703.03864), algorithm 1, antithetic.
    """

    pairs: int = 32
    sigma: float = 0.02
    ranked: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        whole("Evolution: pairs", self.pairs)
        positive("Evolution: sigma", self.sigma)
        whole("Evolution: seed", self.seed, least=0)
        flag("Evolution: ranked", self.ranked)

    def __call__(self, net: Layer, x: TensorLike, targets: Any, loss: Loss, training: Training | None = None) -> Learnt:
        """Adds the estimate for loss(y, targets); returns output and loss at the present weights."""
        given = sequence("Evolution", net, x)
        parameters = {name: p for name, p in net.parameters().items() if p.requires_grad}
        rng = np.random.default_rng(self.seed if training is None else [self.seed, int(training.rng.integers(2**31))])
        centre = {name: p.data.copy() for name, p in parameters.items()}

        def measured() -> float:
            return scalar("Evolution", loss(net(given), targets)).item()

        with no_grad():
            y = net(given)
            value = scalar("Evolution", loss(y, targets)).item()
            directions: list[dict[str, Array]] = []
            losses = np.empty((self.pairs, 2))
            try:
                for k in range(self.pairs):
                    e = {name: rng.standard_normal(p.shape).astype(p.dtype) for name, p in parameters.items()}
                    directions.append(e)
                    for side, sign in enumerate((1, -1)):
                        for name, p in parameters.items():
                            p.data = centre[name] + p.dtype.type(sign * self.sigma) * e[name]
                        losses[k, side] = measured()
            finally:
                for name, p in parameters.items():
                    p.data = centre[name]
        if self.ranked:
            order = losses.ravel().argsort().argsort().reshape(losses.shape)
            losses = order / max(losses.size - 1, 1) - 0.5
        factors = (losses[:, 0] - losses[:, 1]) / (2 * self.sigma * self.pairs)
        found: dict[str, Array | None] = {
            name: sum(p.dtype.type(f) * e[name] for f, e in zip(factors, directions, strict=True))
            for name, p in parameters.items()
        }
        add_gradients(parameters, found)
        return Learnt(y, value)
