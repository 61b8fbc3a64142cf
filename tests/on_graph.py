"""A neuron's step run with the operations of the graph: the same function, other arithmetic, other derivatives.

What the derived loops are compared with. Nothing of spikenet.derive or spikenet.kernels is used.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from spikenet import graph
from spikenet.graph import Tensor

ELEMENTWISE = {
    "exp": graph.exp,
    "log": graph.log,
    "log1p": graph.log1p,
    "sqrt": graph.sqrt,
    "sin": graph.sin,
    "cos": graph.cos,
    "tanh": graph.tanh,
    "absolute": graph.abs,
    "stop_gradient": graph.stop_gradient,
}


def plain(value: Any) -> Any:
    return value.tensor if isinstance(value, OnGraph) else value


class OnGraph:
    """A tensor that a step can compute with; spikes pass gradients by `surrogate`."""

    __array_ufunc__ = None

    def __init__(self, tensor: Tensor, surrogate: Any) -> None:
        self.tensor, self.surrogate = tensor, surrogate

    def _as(self, tensor: Tensor) -> OnGraph:
        return OnGraph(tensor, self.surrogate)

    def apply_primitive(self, name: str, operands: tuple[Any, ...]) -> Any:
        a = [plain(operand) for operand in operands]
        if name == "spike":
            return self._as(self._spike(a[0]))
        if name == "where":
            return self._as(graph.where(*a))
        if name in ("greater", "greater_equal"):
            return getattr(np, name)(*(np.asarray(value) for value in a))
        return self._as(ELEMENTWISE[name](*a))

    def _spike(self, u: Tensor) -> Tensor:
        slope = self.surrogate.derivative(u.data)
        return Tensor((u.data > 0).astype(u.dtype), (u,), lambda g: (g * slope,), operation="spike")

    def __add__(self, other):
        return self._as(graph.add(self.tensor, plain(other)))

    __radd__ = __add__

    def __sub__(self, other):
        return self._as(graph.subtract(self.tensor, plain(other)))

    def __rsub__(self, other):
        return self._as(graph.subtract(plain(other), self.tensor))

    def __mul__(self, other):
        return self._as(graph.multiply(self.tensor, plain(other)))

    __rmul__ = __mul__

    def __truediv__(self, other):
        return self._as(graph.divide(self.tensor, plain(other)))

    def __rtruediv__(self, other):
        return self._as(graph.divide(plain(other), self.tensor))

    def __neg__(self):
        return self._as(graph.negate(self.tensor))

    def __gt__(self, other):
        return np.greater(self.tensor.data, np.asarray(plain(other)))

    def __ge__(self, other):
        return np.greater_equal(self.tensor.data, np.asarray(plain(other)))

    def __lt__(self, other):
        return np.less(self.tensor.data, np.asarray(plain(other)))

    def __le__(self, other):
        return np.less_equal(self.tensor.data, np.asarray(plain(other)))


def run(step, functions, parameters, x, states, surrogate):
    """(outputs stacked over time, states after the last step) of `step`, all as tensors.

    functions: the step's keyword arguments;  parameters: name -> Tensor;  x: Tensor (steps, batch, n);
    states: one Tensor (batch, n) each
    """
    p = SimpleNamespace(**{name: OnGraph(value, surrogate) for name, value in parameters.items()})
    now = tuple(OnGraph(s, surrogate) for s in states)
    out = []
    for t in range(len(x)):
        returned = step(p, *now, OnGraph(x[t], surrogate), **functions)
        *now, y = returned if isinstance(returned, tuple) else (returned,)
        out.append(y.tensor)
    return graph.stack(out), tuple(s.tensor for s in now)
