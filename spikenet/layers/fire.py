"""A spike as an operation of the graph, for layers whose neurons are no step function, and their reset."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from spikenet import graph
from spikenet.errors import Array, positive
from spikenet.graph import Tensor
from spikenet.neurons.reset import Reset
from spikenet.neurons.surrogate import Surrogate


def fire(u: Tensor, surrogate: Surrogate, *, smooth: bool = False) -> Tensor:
    """1 where u > 0, strictly, else 0, in the type of u; the gradient is the surrogate's.

    smooth: the surrogate's smooth twin in place of the spike, for gradient checks
    """

    def vjp(g: Array) -> tuple[Array]:
        return (g * np.asarray(surrogate.derivative(u.data), u.dtype),)

    value = np.asarray(surrogate.smooth(u.data), u.dtype) if smooth else (u.data > 0).astype(u.dtype)
    return Tensor(value, (u,), vjp, operation="spike")


def reset_after(reset: Reset, threshold: float, v: Tensor, fired: Tensor) -> Tensor:
    """The membrane after `reset`, one of sn.reset without reset_value; detached(...) sees the spike as a constant."""
    inner = getattr(reset, "detaches", None)
    seen = fired if inner is None else graph.stop_gradient(fired)
    after: Tensor = (inner or reset)(SimpleNamespace(threshold=threshold), v, seen)
    return after


def comparable(kind: str, x: Tensor) -> Tensor:
    """x; TypeError for complex numbers, of which none is above a threshold."""
    if x.dtype.kind == "c":
        raise TypeError(f"{kind}: expected real input, got {x.dtype}; put sn.Magnitude() in front")
    return x


def checked(kind: str, threshold: Any, reset: Any, surrogate: Any) -> float:
    """The threshold; TypeError and ValueError for arguments that are none."""
    if not isinstance(surrogate, Surrogate):
        raise TypeError(f"{kind}: surrogate: expected one of sn.surrogate, such as atan, got {surrogate!r:.60}")
    if not callable(reset):
        raise TypeError(f"{kind}: reset: expected one of sn.reset, such as subtract, got {reset!r:.60}")
    return positive(f"{kind}: threshold", threshold)
