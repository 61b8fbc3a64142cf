"""Gives Tensor its operators and methods. Importing this file is what makes `a + b` work."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

from spikenet.errors import Array
from spikenet.graph.activation import relu, sigmoid, tanh
from spikenet.graph.arithmetic import abs, add, divide, multiply, negate, power, square, subtract
from spikenet.graph.backward import backward
from spikenet.graph.elementwise import exp, log, sqrt
from spikenet.graph.index import getitem
from spikenet.graph.join import unstack
from spikenet.graph.matmul import matmul
from spikenet.graph.reduce import cumsum, max, mean, min, prod, std, sum, var
from spikenet.graph.select import clip
from spikenet.graph.shape import reshape, squeeze, swapaxes, transpose
from spikenet.graph.softmax import log_softmax, softmax
from spikenet.graph.tensor import Tensor


def _reflected(operation: Callable[[Any, Any], Tensor]) -> Callable[[Tensor, Any], Tensor]:
    return lambda self, other: operation(other, self)


def _comparison(compare: Callable[[Any, Any], Any]) -> Callable[[Tensor, Any], Array]:
    def method(self: Tensor, other: Any) -> Array:
        if other is None or isinstance(other, str):
            return NotImplemented  # type: ignore[no-any-return]
        result: Array = compare(self.data, other.data if isinstance(other, Tensor) else other)
        return result

    return method


def _iterate(self: Tensor) -> Iterator[Tensor]:
    if not self.ndim:
        raise TypeError("iteration over a tensor without axes")
    return iter(unstack(self))


_METHODS: dict[str, Any] = {
    "__add__": add,
    "__radd__": _reflected(add),
    "__sub__": subtract,
    "__rsub__": _reflected(subtract),
    "__mul__": multiply,
    "__rmul__": _reflected(multiply),
    "__truediv__": divide,
    "__rtruediv__": _reflected(divide),
    "__pow__": power,
    "__rpow__": _reflected(power),
    "__matmul__": matmul,
    "__rmatmul__": _reflected(matmul),
    "__neg__": negate,
    "__abs__": abs,
    "__getitem__": getitem,
    "__iter__": _iterate,
    "T": property(transpose),
    "backward": backward,
}
_METHODS |= {f"__{compare.__name__}__": _comparison(compare) for compare in (
    operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge)}  # fmt: skip
_METHODS |= {function.__name__: function for function in (
    abs, square, exp, log, sqrt,
    tanh, sigmoid, relu, clip, softmax, log_softmax,
    sum, mean, max, min, prod, var, std, cumsum,
    reshape, transpose, swapaxes, squeeze)}  # fmt: skip

for _name, _method in _METHODS.items():
    setattr(Tensor, _name, _method)
