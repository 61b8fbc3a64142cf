"""The functions a neuron's step may use besides + - * /, on plain numbers, arrays and symbols alike.

On a number or an array each computes its value with numpy, so a step is also its own executable description. On a
symbol (anything with `apply_primitive`) it asks the symbol to record the operation: that is how `spikenet.derive`
reads a step. Composite functions are written once, from the basic ones, in forms that neither overflow nor lose
digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from spikenet.neurons import noise


def _primitive(name: str, compute: Callable[..., Any], *operands: Any) -> Any:
    for operand in operands:
        if hasattr(operand, "apply_primitive"):
            return operand.apply_primitive(name, operands)
    return compute(*operands)


def _float_type(a: Any) -> Any:
    return np.result_type(np.asarray(a), np.float32)


def spike(distance: Any) -> Any:
    """1 where `distance` (of the membrane above its threshold) is > 0, strictly, else 0; gradient by the surrogate."""
    return _primitive("spike", lambda u: np.greater(u, 0).astype(_float_type(u))[()], distance)


def spike_inclusive(distance: Any) -> Any:
    """1 where `distance` is >= 0, else 0: for models that follow a package which fires at the threshold itself."""
    return _primitive("spike_inclusive", lambda u: np.greater_equal(u, 0).astype(_float_type(u))[()], distance)


def identity(a: Any) -> Any:
    """`a` itself."""
    return a


def stop_gradient(a: Any) -> Any:
    """`a`, seen as a constant by the adjoint."""
    return _primitive("stop_gradient", lambda u: u, a)


def straight_through(value: Any, like: Any) -> Any:
    """`value`, differentiated as if it were `like`; in a smooth twin it is `like`."""
    return _primitive("straight_through", lambda u, v: u, value, like)


def floor(a: Any) -> Any:
    """The largest whole number <= a, seen as a constant by the adjoint."""
    return _primitive("floor", np.floor, a)


def uniform(high: Any, low: Any, count: Any) -> Any:
    """The random number in (0, 1) that belongs to the whole numbers high, low and count, each in [0, 2^24).

    A function of these three and nothing else: no generator is advanced. See spikenet.neurons.noise.
    """
    return _primitive("uniform", noise.uniform_values, high, low, count)


def where(condition: Any, a: Any, b: Any) -> Any:
    """`a` where the condition (a comparison such as ``v > 0``) holds, else `b`; both are computed."""
    return _primitive("where", lambda c, x, y: np.asarray(np.where(c, x, y))[()], condition, a, b)


def exp(a: Any) -> Any:
    return _primitive("exp", np.exp, a)


def log(a: Any) -> Any:
    return _primitive("log", np.log, a)


def log1p(a: Any) -> Any:
    return _primitive("log1p", np.log1p, a)


def sqrt(a: Any) -> Any:
    return _primitive("sqrt", np.sqrt, a)


def sin(a: Any) -> Any:
    return _primitive("sin", np.sin, a)


def cos(a: Any) -> Any:
    return _primitive("cos", np.cos, a)


def tanh(a: Any) -> Any:
    return _primitive("tanh", np.tanh, a)


def atan(a: Any) -> Any:
    return _primitive("atan", np.arctan, a)


def erf(a: Any) -> Any:
    return _primitive("erf", lambda u: np.vectorize(math.erf, otypes=[_float_type(u)])(u)[()], a)


def absolute(a: Any) -> Any:
    """|a|; its derivative at 0 is taken as +1."""
    return _primitive("absolute", np.abs, a)


def maximum(a: Any, b: Any) -> Any:
    """The larger of two values; at a tie the gradient goes to the first."""
    return where(_primitive("greater_equal", np.greater_equal, a, b), a, b)


def minimum(a: Any, b: Any) -> Any:
    """The smaller of two values; at a tie the gradient goes to the first."""
    return where(_primitive("greater_equal", np.greater_equal, b, a), a, b)


def sigmoid(a: Any) -> Any:
    """1 / (1 + exp(-a)), finite for every finite `a`."""
    small = exp(-absolute(a))  # in (0, 1]: never overflows
    return where(_primitive("greater_equal", np.greater_equal, a, 0.0), 1.0, small) / (1.0 + small)


def softplus(a: Any) -> Any:
    """log(1 + exp(a)), finite for every finite `a`."""
    return maximum(a, 0.0) + log1p(exp(-absolute(a)))


def relu(a: Any) -> Any:
    """max(a, 0), derivative 0 at 0."""
    return where(_primitive("greater", np.greater, a, 0.0), a, 0.0)
