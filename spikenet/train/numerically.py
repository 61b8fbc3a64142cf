"""Gradients by differences put where `descend` and optimisers look for them: training without backpropagation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spikenet.errors import Array, positive, whole
from spikenet.graph import Tensor, no_grad
from spikenet.train.parameters import Parameters
from spikenet.train.searching import as_vector, put_vector


def numerical_gradients(loss: Callable[[], Tensor], params: Parameters, *, step: float = 1e-3) -> float:
    """Sets `.grad` of all that is learnt by central differences, two runs a number; returns the loss.

    loss: of no arguments, from the parameters as they stand. For small nets, and for what has no gradient.
    """
    reach, point = positive("numerical_gradients: step", step), as_vector(params)

    def slope(k: int) -> float:
        values = []
        for sign in (1, -1):
            moved = point.copy()
            moved[k] += sign * reach
            put_vector(params, moved)
            values.append(loss().item())
        return (values[0] - values[1]) / (2 * reach)

    with no_grad():
        value = loss().item()
        _put(params, np.array([slope(k) for k in range(len(point))]))
        put_vector(params, point)
    return value


def perturbed_gradients(
    loss: Callable[[], Tensor], params: Parameters, rng: np.random.Generator, *, step: float = 1e-2, draws: int = 1
) -> float:
    """Sets `.grad` to an unbiased guess from 2 `draws` runs, whatever the number of parameters; returns the loss.

    All parameters move at once, each up or down by `step` at random. Source: Spall 1992 (SPSA), IEEE TAC 37:332-341.
    """
    reach, point, total = positive("perturbed_gradients: step", step), as_vector(params), 0.0
    count, guess = whole("perturbed_gradients: draws", draws), np.zeros(0)
    with no_grad():
        for _ in range(count):
            side = rng.choice([-1.0, 1.0], len(point))
            values = []
            for sign in (1, -1):
                put_vector(params, point + sign * reach * side)
                values.append(loss().item())
            one = side * (values[0] - values[1]) / (2 * reach * count)
            guess = one if not guess.size else guess + one
            total += (values[0] + values[1]) / (2 * count)
        put_vector(params, point)
    _put(params, guess)
    return total


def _put(params: Parameters, gradient: Array) -> None:
    start = 0
    for p in params.values():
        if p.requires_grad:
            p.grad = gradient[start : start + p.size].reshape(p.shape).astype(p.dtype)
            start += p.size
