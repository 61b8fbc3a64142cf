"""RMSprop: the gradient divided by a running root mean square of itself."""

from __future__ import annotations

from dataclasses import dataclass

from spikenet.errors import positive
from spikenet.kernels import optimise
from spikenet.train.parameters import OptimiserState, Parameters, moments, updating, zeros
from spikenet.train.ranges import fraction, not_negative


@dataclass(frozen=True)
class RMSprop:
    """g = gradient + weight_decay p;  s = decay s + (1 - decay) g^2;  p -= learning_rate g / (sqrt(s) + eps).

    Source: Tieleman and Hinton 2012, lecture 6e; eps outside the root, as in torch.optim.RMSprop (decay is its alpha).
    """

    learning_rate: float = 1e-2
    decay: float = 0.99
    eps: float = 1e-8
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        positive("RMSprop: learning_rate", self.learning_rate)
        fraction("RMSprop: decay", self.decay)
        positive("RMSprop: eps", self.eps)
        not_negative("RMSprop: weight_decay", self.weight_decay)

    def start(self, params: Parameters) -> OptimiserState:
        """The state before the first step."""
        return {"square": zeros(params)}

    def step(self, params: Parameters, state: OptimiserState, rate_scale: float = 1.0) -> OptimiserState:
        """Updates in place the parameters that have a gradient, and the state; rate_scale multiplies the rate."""
        for name, p, values, gradient in updating(params):
            (square,) = moments(state, name, p)
            hyper = (self.learning_rate * rate_scale, self.decay, 1 - self.decay, self.eps, self.weight_decay)
            tasks, chunk = optimise.shares(values)
            optimise.rmsprop(tasks, values, gradient, square, *map(p.dtype.type, hyper), chunk)
        return state
