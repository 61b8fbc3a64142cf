"""`check_gradient`: of a function, or of a whole net, layer by layer."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from spikenet import graph
from spikenet.diagnosis import frozen
from spikenet.diagnosis.differences import Stencil, compared, difference
from spikenet.errors import Array, positive, whole
from spikenet.graph import Tensor, TensorLike
from spikenet.layers import Layer, Sequential, cast
from spikenet.layers.layer import entering
from spikenet.learning.event_net import EventNet
from spikenet.train.evaluation import Loss


@dataclass(frozen=True)
class ParameterCheck:
    """One parameter.

    name   : as in net.parameters(), or "input"
    error  : largest difference between the smooth twin's gradient and central differences, relative to the larger of
             the two, or to 1e-3 of the parameter's largest where that is smaller, or to 1e-4 of the largest output (of
             the loss, where there is one), below which differences drown in rounding, as they do where a gradient is
             wrong by less than 1.2e-12
    tried  : numbers compared
    surrogate_cosine: between the net's own gradient, of spikes, and its smooth twin's; None where one of them is 0
    event_cosine    : between the net's own gradient and that of exact spike times; None where that is not known
    """

    name: str
    error: float
    tried: int
    surrogate_cosine: float | None
    event_cosine: float | None


@dataclass(frozen=True)
class GradientCheck:
    """All parameters, in the order of the layers; printed as a table."""

    parameters: tuple[ParameterCheck, ...]

    @property
    def error(self) -> float:
        """The largest of all errors."""
        return max(one.error for one in self.parameters)

    def __str__(self) -> str:
        def shown(value: float | None) -> str:
            return "-" if value is None else f"{value:.3f}"

        lines = [f"{'parameter':24}{'error':>10}{'tried':>8}{'surrogate':>12}{'exact times':>14}"]
        for one in self.parameters:
            cosines = f"{shown(one.surrogate_cosine):>12}{shown(one.event_cosine):>14}"
            lines.append(f"{one.name:24}{one.error:>10.1e}{one.tried:>8}{cosines}")
        return "\n".join(lines)


@overload
def check_gradient(  # type: ignore[overload-overlap]  # a net is a function, too, but one that is known
    f: Layer, x: TensorLike, targets: Any = ..., *, loss: Loss | None = ..., relative: float = ..., entries: int = ...,
    seed: int = ...,
) -> GradientCheck: ...  # fmt: skip
@overload
def check_gradient(
    f: Callable[..., TensorLike], *x: TensorLike, relative: float = ..., step: float | None = ..., seed: int = ...
) -> float: ...


def check_gradient(f: Any, *x: Any, loss: Any = None, entries: int = 12, **options: Any) -> Any:
    """Of a net: its gradient against finite differences, layer by layer. Of another function: as sn.graph has it.

    check_gradient(net, x, targets=None, *, loss=None, relative=1e-6, entries=12, seed=0) -> GradientCheck
        x       : (steps, batch, ...), or (batch, ...) for a net without memory
        targets, loss: as in fit; without them a random weighting of all outputs
        relative: error that is accepted in the smooth twin's gradient, float64
        entries : numbers of each parameter that are compared, drawn at random
    In the smooth twin every spike is the function whose derivative the surrogate is, and what is detached keeps the
    values it has at this point. That checks the code. How far the net's own gradient, with its spikes, is from the
    twin's, and where EventProp applies from that of exact spike times, is reported as a cosine: it says how much a
    surrogate, its width and a detached reset change the direction, and 1 is not expected.

    check_gradient(f, *x, relative=1e-6, step=None, seed=0) -> largest relative error of f's gradients

    Raises ValueError when an error exceeds `relative`, naming layer, index and both values, and for neurons that draw
    random numbers.
    """
    if not isinstance(f, Layer) or isinstance(f, type):
        return graph.check_gradient(f, *x, **options)
    if not 1 <= len(x) <= 2:
        raise TypeError(f"check_gradient: expected a net, its input and perhaps targets, got {1 + len(x)} arguments")
    return _check_net(f, x[0], x[1] if len(x) > 1 else None, loss, entries, **options)


def _check_net(
    net: Layer, x: TensorLike, targets: Any, loss: Loss | None, entries: int, relative: float = 1e-6, seed: int = 0
) -> GradientCheck:
    positive("check_gradient: relative", relative)
    tries = whole("check_gradient: entries", entries)
    if (loss is None) != (targets is None):
        raise TypeError("check_gradient: expected both targets and loss, or neither")
    rng = np.random.default_rng(seed)
    own = cast(copy.deepcopy(net), np.float64)
    twin = copy.deepcopy(own)
    frozen.smooth(twin)
    whole_x = x.data if isinstance(x, Tensor) else np.asarray(x)
    wide = np.complex128 if whole_x.dtype.kind == "c" else np.float64
    given = entering(own, whole_x.astype(wide), name="check_gradient").data
    shape = own(given).shape
    weight = rng.uniform(0.5, 1.5, shape)

    def measured(y: Tensor) -> Tensor:
        if loss is not None:
            return loss(y, targets)
        parts = (graph.real(y), graph.imag(y) * 0.5) if y.dtype.kind == "c" else (y,)
        return sum(((part * weight).sum() for part in parts[1:]), (parts[0] * weight).sum())

    ours, theirs = _gradients(own, given, measured), _gradients(twin, given, measured)
    exact = _exact(own, given, loss, targets)
    notes: frozen.Notes = {}
    before = frozen.run(twin, given, notes, recording=True)
    noise = 1e-4 * float(np.abs(before).max(initial=0) if loss is None else abs(loss(Tensor(before), targets).item()))
    learnt = {name: p.data for name, p in twin.parameters().items() if p.requires_grad}  # not running means, say
    places: dict[str, Array] = {"input": given} | learnt
    checked = []
    for name, values in places.items():
        chosen = rng.permutation(values.size)[:tries]

        def asked(k: int, stencil: Stencil, values: Array = values) -> complex:
            return difference(twin, given, notes, measured, values, k, loss is None, stencil)

        error = compared(name, theirs[name], chosen, asked, relative, noise)
        event = None if exact is None or name not in exact else _cosine(ours[name], exact[name])
        checked.append(ParameterCheck(name, error, len(chosen), _cosine(ours[name], theirs[name]), event))
    return GradientCheck(tuple(checked))


def _gradients(net: Layer, x: Array, measured: Callable[[Tensor], Tensor]) -> dict[str, Array]:
    given = Tensor(x, requires_grad=True)
    value = measured(net(given))
    if not value.requires_grad:
        raise ValueError("check_gradient: expected a net with a gradient, its output has none in input or parameters")
    value.backward()
    found = {"input": given} | net.parameters()
    return {name: np.zeros(p.shape) if p.grad is None else p.grad for name, p in found.items()}


def _exact(net: Layer, x: Array, loss: Loss | None, targets: Any) -> dict[str, Array] | None:
    """Gradients of exact spike times, of the loss in the readout's mean membrane times the steps; None elsewhere."""
    if loss is None or not isinstance(net, Sequential) or net.layers[-1].kind != "LI":
        return None
    try:
        events = EventNet(copy.deepcopy(net))
        mean = events(x).mean
    except (TypeError, ValueError):
        return None
    as_steps = graph.repeat(mean, len(x))  # a membrane at its mean at every step: what losses of the mean look at
    value = loss(as_steps, targets)
    if not value.requires_grad:
        return None
    value.backward()
    return {name: p.grad for name, p in events.net.parameters().items() if p.grad is not None}


def _cosine(a: Array, b: Array) -> float | None:
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.vdot(a, b).real / length) if length > 0 else None
