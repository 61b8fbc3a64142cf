"""Gradients by finite differences, and the comparison of a graph's gradients with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from spikenet.errors import Array, finite_values, positive
from spikenet.graph.backward import backward
from spikenet.graph.operands import as_tensor
from spikenet.graph.recording import no_grad
from spikenet.graph.tensor import Tensor, TensorLike

Function: TypeAlias = Callable[..., TensorLike]

STEP = float(np.finfo(np.float64).eps) ** (1 / 3)  # where truncation (step^2) and rounding (eps / step) balance


def numerical_gradient(
    f: Function, *x: TensorLike, g: Array | None = None, step: float | None = None
) -> tuple[Array, ...]:
    """The gradient of sum(g * f(*x)) in each x by central differences, in float64: two calls of f per number.

    Of a complex x both parts are moved: the gradient has the derivative by the real part as its real, that by the
    imaginary part as its imaginary part, as the graph has it. Of a complex result the real part is taken.

    f   : takes one Tensor per x, returns a Tensor, array or number; must not depend on anything random
    g   : of the shape of f's result; may be left out when that has size 1, then it is 1
    step: how far to go to either side; 6e-6 times max(1, |x|) when left out

    Raises ValueError when x is not finite, when step is not > 0, when g is missing or of another shape, or when f gives
    float32, in which differences drown.
    """
    _check_function("numerical_gradient", f)
    points = [_point(k, value) for k, value in enumerate(x)]
    if step is not None:
        positive("numerical_gradient: step", step)
    weight = _weight(_value(f, points), g)
    return tuple(_differences(f, points, k, weight, step) for k in range(len(points)))


def check_gradient(
    f: Function, *x: TensorLike, relative: float = 1e-6, step: float | None = None, seed: int = 0
) -> float:
    """The largest relative error of f's gradients against central differences, over all numbers in all x.

    f       : takes one Tensor per x, returns a Tensor of any shape; must not depend on anything random
    x       : points away from kinks (relu at 0); computed in float64 whatever they are
    relative: error that is accepted
    seed    : of the random gradient that f's result is weighted with

    The error of an entry is taken relative to itself, or where it is that small, to 1e-3 of the largest entry of its
    operand (plus 1e-4 of f, for entries that differences cannot tell from 0).

    Raises ValueError when an error exceeds `relative`, naming operand, index and both values; when f's result does
    not depend on x, and for all that `numerical_gradient` refuses.
    """
    _check_function("check_gradient", f)
    positive("check_gradient: relative", relative)
    leaves = [Tensor(_point(k, value), requires_grad=True) for k, value in enumerate(x)]
    y = f(*leaves)
    if not isinstance(y, Tensor):
        raise ValueError(f"check_gradient: expected f to return a Tensor, got {type(y).__name__}")
    g = np.random.default_rng(seed).uniform(0.5, 1.5, y.shape)
    backward(y, g)
    points = [leaf.data for leaf in leaves]
    expected = numerical_gradient(f, *points, g=g, step=step)
    noise = 1e-4 * float(np.abs(g * y.data).max(initial=0.0))
    worst = 0.0
    for k, (leaf, numeric) in enumerate(zip(leaves, expected, strict=True)):
        ours = np.zeros_like(numeric) if leaf.grad is None else leaf.grad
        worst = max(worst, _compared(k, ours, numeric, noise, relative))
    return worst


def _check_function(name: str, f: object) -> None:
    if not callable(f):
        raise TypeError(f"{name}: expected a function of tensors first, got {f!r:.60}")


def _compared(k: int, ours: Array, numeric: Array, noise: float, relative: float) -> float:
    if not numeric.size:
        return 0.0
    size = np.maximum(np.abs(ours), np.abs(numeric))
    error = np.abs(ours - numeric) / np.maximum(np.maximum(size, 1e-3 * size.max() + noise), np.finfo(float).tiny)
    index = tuple(int(i) for i in np.unravel_index(int(error.argmax()), error.shape))  # argmax finds a NaN first
    worst = float(error[index])
    if not worst <= relative:
        raise ValueError(
            f"check_gradient: operand {k}, index {index}: the graph gives {ours[index]:.10g}, differences give "
            f"{numeric[index]:.10g}; relative error {worst:.2g}, accepted {relative:g}"
        )
    return worst


def _differences(f: Function, points: list[Array], k: int, weight: Array, step: float | None) -> Array:
    gradient = np.zeros_like(points[k])
    moved = [*points[:k], points[k].copy(), *points[k + 1 :]]
    for index in np.ndindex(gradient.shape):
        centre = points[k][index]
        reach = STEP * max(1.0, abs(centre)) if step is None else step
        for way in (1, 1j) if gradient.dtype.kind == "c" else (1,):
            above, below = centre + reach * way, centre - reach * way
            moved[k][index] = above
            y_above = _value(f, moved)
            moved[k][index] = below
            y_below = _value(f, moved)
            # subtract before summing: parts of f that do not depend on this number then cancel exactly
            gradient[index] += way * np.sum(weight * (y_above - y_below)) / abs(above - below)
        moved[k][index] = centre
    return gradient


def _point(k: int, value: TensorLike) -> Array:
    values = finite_values(f"operand {k}", value)
    return np.array(values, np.complex128 if values.dtype.kind == "c" else np.float64)


def _value(f: Function, points: list[Array]) -> Array:
    with no_grad():  # copies, so that an f which hands its argument through does not change with it
        y = f(*(Tensor(point.copy()) for point in points))
    data = as_tensor(np.asarray(y) if not isinstance(y, Tensor) else y).data
    if data.dtype not in (np.float64, np.complex128):
        raise ValueError(f"numerical_gradient: expected f to compute in float64, it gave {data.dtype}")
    return data.real


def _weight(y: Array, g: Array | None) -> Array:
    if g is None and y.size == 1:
        return np.ones_like(y)
    if g is None or g.shape != y.shape:
        came = "none" if g is None else g.shape
        raise ValueError(f"numerical_gradient: expected g of the shape of f's result, {y.shape}, got {came}")
    return g
