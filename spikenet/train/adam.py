"""Adam, and AdamW with its decoupled weight decay."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from spikenet.errors import positive
from spikenet.kernels import optimise
from spikenet.train.parameters import OptimiserState, Parameters, moments, updating, zeros
from spikenet.train.ranges import fraction, not_negative


@dataclass(frozen=True)
class Adam:
    """g = gradient + weight_decay p;  m, s = running means of g, g^2;  p -= learning_rate m' / (sqrt(s') + eps).

    m' = m / (1 - beta1^t), s' = s / (1 - beta2^t) after t steps of that parameter.
    Source: Kingma and Ba 2015, algorithm 1, as torch.optim.Adam.
    """

    learning_rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        _check(self)

    def start(self, params: Parameters) -> OptimiserState:
        """The state before the first step."""
        return _start(params)

    def step(self, params: Parameters, state: OptimiserState, rate_scale: float = 1.0) -> OptimiserState:
        """Updates in place the parameters that have a gradient, and the state; rate_scale multiplies the rate."""
        return _step(self, params, state, self.learning_rate * rate_scale, penalty=self.weight_decay, shrink=1.0)


@dataclass(frozen=True)
class AdamW:
    """Adam whose weight decay does not pass through the moments: p *= 1 - learning_rate weight_decay, then Adam's step.

    Source: Loshchilov and Hutter 2019, algorithm 2, as torch.optim.AdamW.
    """

    learning_rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 1e-2

    def __post_init__(self) -> None:
        _check(self)

    def start(self, params: Parameters) -> OptimiserState:
        """The state before the first step."""
        return _start(params)

    def step(self, params: Parameters, state: OptimiserState, rate_scale: float = 1.0) -> OptimiserState:
        """Updates in place the parameters that have a gradient, and the state; rate_scale multiplies the rate."""
        rate = self.learning_rate * rate_scale
        return _step(self, params, state, rate, penalty=0.0, shrink=1 - rate * self.weight_decay)


def _check(record: Adam | AdamW) -> None:
    name = type(record).__name__
    positive(f"{name}: learning_rate", record.learning_rate)
    fraction(f"{name}: beta1", record.beta1)
    fraction(f"{name}: beta2", record.beta2)
    positive(f"{name}: eps", record.eps)
    not_negative(f"{name}: weight_decay", record.weight_decay)


def _start(params: Parameters) -> OptimiserState:
    steps = {name: np.zeros((), np.int64) for name in params}  # each its own: one without a gradient does not move
    return {"first": zeros(params), "second": zeros(params), "steps": steps}


def _step(
    record: Adam | AdamW, params: Parameters, state: OptimiserState, rate: float, *, penalty: float, shrink: float
) -> OptimiserState:
    for name, p, values, gradient in updating(params):
        first, second = moments({"first": state["first"], "second": state["second"]}, name, p)
        state["steps"][name] += 1
        t = int(state["steps"][name])
        hyper = (
            rate / (1 - record.beta1**t), 1 - record.beta1, record.beta2, 1 - record.beta2,
            math.sqrt(1 - record.beta2**t), record.eps, penalty, shrink,
        )  # fmt: skip
        tasks, chunk = optimise.shares(values)
        optimise.adam(tasks, values, gradient, first, second, *map(p.dtype.type, hyper), chunk)
    return state
