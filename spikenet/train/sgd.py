"""Stochastic gradient descent, with momentum or Nesterov's momentum."""

from __future__ import annotations

from dataclasses import dataclass

from spikenet.errors import positive
from spikenet.kernels import optimise
from spikenet.train.parameters import OptimiserState, Parameters, moments, updating, zeros
from spikenet.train.ranges import fraction, not_negative


@dataclass(frozen=True)
class SGD:
    """g = gradient + weight_decay p;  v = momentum v + g;  p -= learning_rate v, or (g + momentum v) for Nesterov.

    Source: Sutskever et al. 2013, ICML, in the variables of torch.optim.SGD.
    """

    learning_rate: float
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        positive("SGD: learning_rate", self.learning_rate)
        fraction("SGD: momentum", self.momentum)
        not_negative("SGD: weight_decay", self.weight_decay)
        if self.nesterov and not self.momentum:
            raise ValueError("SGD: expected momentum > 0 with nesterov=True, got 0")

    def start(self, params: Parameters) -> OptimiserState:
        """The state before the first step."""
        velocity = zeros(params)
        return {"velocity": velocity} if self.momentum else {}

    def step(self, params: Parameters, state: OptimiserState, rate_scale: float = 1.0) -> OptimiserState:
        """Updates in place the parameters that have a gradient, and the state; rate_scale multiplies the rate."""
        for name, p, values, gradient in updating(params):
            number, (tasks, chunk) = p.dtype.type, optimise.shares(values)
            rate, weight_decay = number(self.learning_rate * rate_scale), number(self.weight_decay)
            if self.momentum:
                (velocity,) = moments(state, name, p)
                inertia = number(self.momentum), self.nesterov, weight_decay
                optimise.momentum(tasks, values, gradient, velocity, rate, *inertia, chunk)
            else:
                optimise.sgd(tasks, values, gradient, rate, weight_decay, chunk)
        return state
