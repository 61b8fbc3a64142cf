"""Checks of what `fit` and `evaluate` are given, made once before any work."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from spikenet.errors import Array, finite_values
from spikenet.graph import Tensor, no_grad
from spikenet.layers import Layer
from spikenet.layers.layer import Described
from spikenet.train.metrics import accuracy


def check_net(where: str, net: Any) -> np.dtype[Any]:
    """The float type of a net's parameters; TypeError for anything but a net made of layers."""
    if isinstance(net, type) or not isinstance(net, Layer):
        raise TypeError(f"{where}: net: expected a layer such as sn.Sequential(...), got {net!r:.60}")
    check_saved(where, net)
    return next((p.dtype for p in net.parameters().values()), np.dtype(np.float32))


def check_saved(where: str, net: Any) -> None:
    """TypeError for what is no net, ValueError for a weight that is not finite."""
    if isinstance(net, type) or not isinstance(net, Described):
        raise TypeError(f"{where}: net: expected a layer such as sn.Sequential(...), got {net!r:.60}")
    for name, p in net.parameters().items():
        finite_values(f"{where}: parameter {name}", p.data)


def check_functions(where: str, **functions: Any) -> None:
    """TypeError for one that cannot be called or is a class instead of a record made from it; None may be left out."""
    for name, function in functions.items():
        if isinstance(function, type):
            raise TypeError(f"{where}: {name}: got the class {function.__name__}; make one, {function.__name__}(...)")
        if function is not None and not callable(function):
            raise TypeError(f"{where}: {name}: expected a function, got {function!r:.60}; pass the function itself")


def check_each(where: str, name: str, functions: Any) -> tuple[Any, ...]:
    """A sequence of functions as a tuple; TypeError when it is none or holds something else."""
    if callable(functions) or not isinstance(functions, Iterable) or isinstance(functions, str):
        raise TypeError(f"{where}: {name}: expected a sequence of functions, got {functions!r:.60}; write ({name},)")
    given = tuple(functions)
    for k, function in enumerate(given):
        if function is None:
            raise TypeError(f"{where}: {name}[{k}]: expected a function, got None")
        check_functions(where, **{f"{name}[{k}]": function})
    return given


def metrics_by_name(where: str, metrics: Any, targets: Array) -> dict[str, Callable[[Array, Array], float]]:
    """The metrics under the names of their functions; accuracy for class labels when None."""
    if metrics is None:
        return {"accuracy": accuracy} if targets.ndim == 1 and targets.dtype.kind in "iu" else {}
    given = check_each(where, "metrics", metrics)
    named = {getattr(metric, "__name__", type(metric).__name__): metric for metric in given}
    if len(named) < len(given) or "loss" in named:
        raise ValueError(f"{where}: metrics: expected functions of different names, none called 'loss'")
    return named


def check_loss_takes(
    where: str, loss: Callable[[Tensor, Array], Tensor], y: Array, targets: Array, timed: bool
) -> None:
    """Asks the loss about all targets before training, with one output standing for those of all samples.

    y    : output of the net for a few samples, (samples, ...) or, when timed, (steps, samples, ...)

    Raises what the loss raises for a target it cannot take, TypeError when it does not return a scalar Tensor.
    """
    axis = 1 if timed and y.ndim >= 3 else 0
    one = y.take([0], axis=axis)

    def ask(asked: Array) -> None:
        shape = (*y.shape[:axis], len(asked), *y.shape[axis + 1 :])
        value = loss(Tensor(np.broadcast_to(one, shape)), asked)
        if not isinstance(value, Tensor) or value.shape != ():
            got = f"shape {value.shape}" if isinstance(value, Tensor) else repr(value)
            raise TypeError(f"{where}: expected the loss to return a Tensor of shape (), got {got:.60}")

    with no_grad(), np.errstate(all="ignore"):
        if targets.ndim == 1 and targets.dtype.kind in "iu":
            try:
                ask(np.unique(targets))  # what a loss thinks of a label does not depend on the sample
            except (ValueError, TypeError, IndexError):
                ask(targets)  # now with the position in the data
        else:
            ask(targets[: y.shape[axis]])
