"""One run of a net and one backward pass, looked at layer by layer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spikenet.diagnosis.gain import suggested_gain
from spikenet.errors import Array, finite_number, whole
from spikenet.graph import Tensor, TensorLike
from spikenet.graph.backward import reverse_pass
from spikenet.graph.recording import recording
from spikenet.layers import DelayedRecurrent, Layer, Recurrent, Sequential
from spikenet.layers.layer import entering
from spikenet.layers.sequential import has_memory
from spikenet.layers.spiking import Spiking
from spikenet.learning.jacobians import states_before, whole_current
from spikenet.train.evaluation import Loss

SATURATED = 0.9  # spikes per step


@dataclass(frozen=True)
class LayerDiagnosis:
    """One layer of spiking or rate-coded neurons in one run.

    name       : place and kind, as "1 LIF"
    n          : neurons
    rates      : (n,) mean output of each neuron; spikes per step where the neurons fire
    dead, saturated: neurons that never fire, or in more than 90 % of the steps; None where nothing fires
    rate_counts, rate_edges: histogram of the rates
    membrane_counts, membrane_edges: histogram of the membrane minus the threshold, as it is compared, over all steps;
                 empty for neurons that do not fire
    reached    : part of these values within the surrogate's reach (for curves with tails: above 1 % of its height)
    error_norms: (steps,) norm of the loss's gradient in the layer's output, step by step
    gain       : factor of the weights in front after which 5 % of this input's steps would see a spike, or None
    """

    name: str
    n: int
    rates: Array = field(repr=False)
    dead: int | None
    saturated: int | None
    rate_counts: Array = field(repr=False)
    rate_edges: Array = field(repr=False)
    membrane_counts: Array = field(repr=False)
    membrane_edges: Array = field(repr=False)
    reached: float | None
    error_norms: Array = field(repr=False)
    gain: float | None

    @property
    def fires(self) -> bool:
        return self.dead is not None


@dataclass(frozen=True)
class Diagnosis:
    """All layers with neurons, in order; printed as a table with what to do about it.

    gradient_norms: parameter name -> norm of its gradient
    """

    layers: tuple[LayerDiagnosis, ...]
    gradient_norms: dict[str, float]

    @property
    def advice(self) -> tuple[str, ...]:
        """One sentence for each thing that looks wrong; empty for a healthy net."""
        return tuple(sentence for layer in self.layers for sentence in _advice(layer)) + _flow(self.layers)

    def __str__(self) -> str:
        rows = [
            ("layer", "neurons", "rate", "dead", "saturated", "near threshold", "error first", "error last", "gain")
        ]
        for one in self.layers:
            shown = ("-", "-", "-") if not one.fires else (str(one.dead), str(one.saturated), f"{one.reached:.0%}")
            errors = (f"{one.error_norms[0]:.1e}", f"{one.error_norms[-1]:.1e}")
            gain = "-" if one.gain is None else f"{one.gain:.2g}"
            rows.append((one.name, str(one.n), f"{one.rates.mean():.3f}", *shown, *errors, gain))
        wide = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, wide, strict=True)).rstrip() for row in rows]
        norms = ", ".join(f"{name} {norm:.1e}" for name, norm in self.gradient_norms.items())
        return "\n".join([*lines, f"gradient norms: {norms or 'none'}", *(self.advice or ("nothing stands out",))])


def diagnose(
    net: Sequential, x: TensorLike, targets: Any = None, *, loss: Loss | None = None, bins: int = 20, rate: float = 0.05
) -> Diagnosis:
    """Runs `net` on x (steps, batch, ...) from rest, and a loss backwards, and says what each layer of neurons does.

    targets, loss: as in fit; without them errors are those of the output's mean square
    bins         : of the histograms, >= 1
    rate         : spikes per step that the suggested gain aims at, in (0, 1)

    Nothing of the net is changed. Raises TypeError for another net than a Sequential, ValueError for input without a
    time axis or for a net without neurons.
    """
    if not isinstance(net, Sequential):
        raise TypeError(f"diagnose: net: expected a Sequential, got {net!r:.60}")
    if not has_memory(net):
        raise ValueError("diagnose: net: expected a net with neurons, found none")
    if (loss is None) != (targets is None):
        raise TypeError("diagnose: expected both targets and loss, or neither")
    n_bins = whole("diagnose: bins", bins)
    if not 0 < finite_number("diagnose: rate", rate) < 1:
        raise ValueError(f"diagnose: rate: expected spikes per step in (0, 1), got {rate}")
    given = entering(net, x, name="diagnose")
    if given.ndim < 3 or not given.size:
        raise ValueError(f"diagnose: expected input (steps, batch, ...) without empty axes, got shape {given.shape}")
    seen: list[tuple[str, Any, Tensor, Tensor]] = []
    with recording():
        y = Tensor(given.data, requires_grad=True)  # so that errors reach layers without parameters before them
        y = _walk(net, y, "", seen)
        value = y.square().mean() if loss is None else loss(y, targets)
    errors: dict[Tensor, Array] = {}
    wanted = {out for *_, out in seen}
    norms = {id(p): 0.0 for p in net.parameters().values()}
    for node, g, _ in reverse_pass(value):
        if node in wanted or id(node) in norms:
            dense = np.asarray(g if isinstance(g, np.ndarray) else g.dense())  # type: ignore[union-attr]
            if node in wanted:
                errors[node] = dense
            else:
                norms[id(node)] = float(np.sqrt(np.square(dense, dtype=np.float64).sum()))
    layers = tuple(_examined(name, layer, i, out, errors.get(out), n_bins, rate) for name, layer, i, out in seen)
    return Diagnosis(layers, {name: norms[id(p)] for name, p in net.parameters().items()})


def _walk(net: Sequential, x: Tensor, place: str, seen: list[tuple[str, Any, Tensor, Tensor]]) -> Tensor:
    for k, layer in enumerate(net.layers):
        if isinstance(layer, Sequential):
            x = _walk(layer, x, f"{place}{k}.", seen)
            continue
        before, x = x, layer(x)
        if isinstance(layer, Spiking | Recurrent | DelayedRecurrent) and has_memory(layer):
            x = x * 1.0  # a node of its own, whose whole gradient is the layer's error, dense
            seen.append((f"{place}{k} {getattr(layer, 'name', layer.kind)}", layer, before, x))
    return x


def _examined(
    name: str, layer: Layer, x: Tensor, out: Tensor, error: Array | None, bins: int, rate: float
) -> LayerDiagnosis:
    neurons: Any = layer.layers[0] if isinstance(layer, Recurrent | DelayedRecurrent) else layer
    steps = len(out)
    rates = out.data.mean(axis=(0, 1), dtype=np.float64).reshape(-1)
    fires = bool(neurons.model.spikes)
    counts, edges = np.histogram(rates, bins, (0.0, 1.0) if fires else None)
    norms = np.zeros(steps)
    if error is not None:
        whole_error = np.broadcast_to(error, out.shape).reshape(steps, -1)
        norms = np.sqrt(np.square(whole_error, dtype=np.float64).sum(axis=1))
    dead = saturated = reached = gain = None
    u_counts, u_edges = np.zeros(0), np.zeros(0)
    if fires:
        dead, saturated = int((rates == 0).sum()), int((rates > SATURATED).sum())
        current = whole_current(layer, x.data, out.data)  # type: ignore[arg-type]
        u = distances(neurons, current)
        u_counts, u_edges = np.histogram(u, bins)
        slope = neurons.surrogate.derivative(u)
        highest = float(neurons.surrogate.derivative(np.zeros(1))[0])
        reached = float((slope > 0.01 * highest).mean())
        gain = suggested_gain(neurons, current, rate)
    return LayerDiagnosis(
        name, rates.size, rates, dead, saturated, counts, edges, u_counts, u_edges, reached, norms, gain
    )


def distances(neurons: Spiking, current: Array) -> Array:
    """Membrane minus threshold as the neurons compare them, at every step."""
    from spikenet.derive.evaluate import evaluate

    model = neurons.model
    names: dict[str, Any] = {f"p_{key}": value.data.astype(current.dtype) for key, value in neurons.values.items()}
    names |= {f"s_{s}": a for s, a in zip(model.states, states_before(neurons, current), strict=True)}
    sent = model.output
    while sent.operation in ("stop_gradient", "straight_through"):
        sent = sent.operands[0]
    (u,) = evaluate((sent.operands[0],), names | {"current": current}, current.dtype)
    return np.broadcast_to(u, current.shape)


def _advice(one: LayerDiagnosis) -> list[str]:
    if not one.fires:
        return []
    said = []
    assert one.dead is not None and one.saturated is not None and one.reached is not None  # noqa: PT018
    gain = 1.0 if one.gain is None else one.gain
    scale = f"; scale the weights in front by {gain:.2g}"
    if one.dead > 0.3 * one.n:  # where the others make up for them, a factor for all would not help
        said.append(f"{one.name}: {one.dead} of {one.n} neurons never fire{scale if gain > 1 else ''}")
    if one.saturated > 0.1 * one.n:
        often = f"{one.saturated} of {one.n} neurons fire at more than 90 % of the steps"
        said.append(f"{one.name}: {often}{scale if gain < 1 else ''}")
    if one.reached < 0.02:
        said.append(f"{one.name}: {one.reached:.1%} of the membranes are where the surrogate has a slope; widen it")
    return said


def _flow(layers: tuple[LayerDiagnosis, ...]) -> tuple[str, ...]:
    said = []
    for one in layers:
        first, last = one.error_norms[0], one.error_norms[-1]
        if not np.isfinite(one.error_norms).all():
            said.append(f"{one.name}: errors are not finite")
        elif first > 1e3 * last > 0:
            said.append(f"{one.name}: errors grow {first / last:.0e} times on their way back in time; clip gradients")
    total = [float(np.sqrt(np.square(one.error_norms).sum())) for one in layers]
    for one, before, after in zip(layers, total, total[1:], strict=False):
        if 0 < before < 1e-3 * after:
            said.append(f"{one.name}: the error that arrives is {before / after:.0e} of that one layer later")
    return tuple(said)
