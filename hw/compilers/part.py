"""What a chip's compiler starts from, one layer of the net in numbers, and what of it the chip's words hold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from hw.lowering import connectivity
from hw.lowering.layout import layout
from hw.lowering.neurons import Numbers, numbers_of
from hw.lowering.stages import Stage
from hw.neurons.words import in_float32
from hw.programs.arriving import later
from hw.programs.layer import LayerRun
from hw.programs.report import LayerReport
from hw.programs.weight_rows import by_delay
from spikenet.graph import Tensor, no_grad
from spikenet.layers import DelayedRecurrent, Recurrent

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Part:
    """A connection and the neurons behind it.

    name     : of the neurons in the net;  shape: theirs, n of them
    weights  : (sources, n) float64, an array of a dense layer, a scipy csr_array behind windows
    bias     : (n,) float64;  recurrent: (n, n) float64 or None
    delays   : (sources, n) or (sources, 1) whole steps of synapses, or None
    is_last  : whether nothing comes behind
    cores    : (number of a core, neurons on it) each, where the net as a whole has to be cut first; else ()
    """

    name: str
    shape: tuple[int, ...]
    stage: Stage
    numbers: Numbers
    weights: Any
    bias: Array
    recurrent: Array | None
    delays: Array | None
    is_last: bool
    cores: tuple[tuple[int, Array], ...] = ()

    @property
    def reads_v(self) -> bool:
        return self.numbers.model.reads_v

    @property
    def recurrent_delays(self) -> Array | None:
        """(n, n) steps of the synapses among the neurons besides the one of every connection, or None."""
        return self.stage.recurrent_delays

    @property
    def n_inputs(self) -> int:
        return self.stage.n_sources

    @property
    def at(self) -> int:
        """Place of the neurons among the net's layers."""
        return self.stage.at


@dataclass(frozen=True, eq=False)
class Held:
    """What the chip's words come to in the float net's units: what a report compares.

    weights, recurrent: values in the order of `values_of`;  clipped: share of the weights that were cut
    advice: of `LayerReport`
    """

    weights: Array
    clipped: float
    threshold: Array
    bias: Array
    leak: Array
    syn_leak: Array
    exponent: int
    scale: Array
    advice: str = ""


def parts_of(net: Any, shape: tuple[int, ...]) -> tuple[Part, ...]:
    """The layers of a net that `hw.check` has passed, in numbers."""
    stages = layout(net, shape).stages
    return tuple(part_of(stage, stage is stages[-1]) for stage in stages)


def part_of(stage: Stage, is_last: bool) -> Part:
    """A stage in numbers, the net's last or not; ValueError for a weight or bias that is not finite in float32."""
    in_float32(f"compile: weights of {stage.name}", stage.weight)
    n = stage.n_neurons
    dense = stage.window is None and not stage.pools
    weights = stage.weight.astype(np.float64) if dense else connectivity.weights(stage)
    bias = np.zeros(n)
    if stage.bias is not None:
        given = in_float32(f"compile: bias of {stage.name}", stage.bias).astype(np.float64)
        bias = np.repeat(given, n // len(given))
    recurrent = None
    if stage.recurrent is not None:
        recurrent = in_float32(f"compile: recurrent weights of {stage.name}", stage.recurrent).astype(np.float64)
    name = f"{stage.at} {stage.neurons.name}"
    name = name if recurrent is None else f"{stage.at} Recurrent {stage.neurons.name}"
    numbers = numbers_of(stage.neurons, stage.shape)
    return Part(name, stage.shape, stage, numbers, weights, bias, recurrent, stage.delays, is_last)


def values_of(weights: Any) -> Array:
    """The synapses' weights in a row: all of an array, those listed of a sparse matrix."""
    values: Array = weights.data if sparse.issparse(weights) else weights.reshape(-1)
    return values


def values_at(weights: Any, dense: Array) -> Array:
    """What an array (sources, n) has at the synapses, in the order of `values_of`."""
    if not sparse.issparse(weights):
        return dense.reshape(-1)
    found: Array = dense[np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr)), weights.indices]
    return found


def with_values(weights: Any, values: Array) -> Any:
    """The same connections with other weights, in the order of `values_of`."""
    if sparse.issparse(weights):
        return sparse.csr_array((values, weights.indices, weights.indptr), shape=weights.shape)
    return values.reshape(weights.shape)


def columns_of(weights: Any) -> Array:
    """The target of each of `values_of`."""
    if sparse.issparse(weights):
        return np.asarray(weights.indices)
    return np.tile(np.arange(weights.shape[1]), weights.shape[0])


def importance(weights: Any, spikes: Array) -> Array:
    """How often the source of each of `values_of` fires, in spikes (steps, batch, sources), at least a little."""
    rates = spikes.reshape(-1, weights.shape[0]).mean(axis=0, dtype=np.float64)
    if sparse.issparse(weights):
        return np.asarray(np.repeat(rates, np.diff(weights.indptr)))
    return np.repeat(rates, weights.shape[1])


def report_of_spikes(part: Part, held: Held, layer: Any, rate: float, run: LayerRun) -> LayerReport:
    """What was lost in one layer; rate is the float net's.

    Raises ValueError where nothing is left of any threshold under the scale that the weights ask for.
    """
    wanted = values_of(part.weights)
    if part.recurrent is not None:
        wanted = np.concatenate([wanted, part.recurrent.reshape(-1)])
    numbers, fires, is_graded = part.numbers, not part.reads_v, getattr(layer, "is_graded", False)
    is_silent, sent = layer.reads_v and not is_graded, run.spikes != 0 if is_graded else run.spikes
    size = _root_mean_square(wanted)
    if fires and _is_lost(held.threshold, numbers.threshold):
        most, at = np.abs(wanted).max(initial=0.0), np.abs(numbers.threshold).argmax()
        raise ValueError(
            f"compile: layer {part.name}: nothing is left of its thresholds: {numbers.threshold[at]:.4g} would become "
            f"{held.threshold[at]:.4g} beside weights up to {most:.4g} and biases up to {np.abs(part.bias).max():.4g}; "
            "train with weights, thresholds and biases nearer to each other"
        )
    return LayerReport(
        name=part.name,
        weight_exponent=held.exponent,
        scale=float(np.mean(held.scale)),
        weight_error=_root_mean_square(held.weights - wanted) / size if size else 0.0,
        clipped=held.clipped,
        threshold_error=_relative(held.threshold - numbers.threshold, numbers.threshold) if fires else 0.0,
        bias_error=_relative(held.bias - part.bias, held.threshold) if fires else _largest(held, part),
        tau_mem_steps=(tau(numbers.leak), tau(held.leak)),
        tau_syn_steps=(tau(numbers.syn_leak), tau(held.syn_leak)),
        rate=0.0 if is_silent else rate,
        chip_rate=0.0 if is_silent else float(sent.mean()),
        headroom=1 / run.used if run.used else math.inf,
        overflows=sum(run.overflows.values()),
        advice=held.advice,
    )


def _is_lost(held: Array, wanted: Array) -> bool:
    """Whether every value is off by its own size or more; a 0 is lost by nothing."""
    return bool(((np.abs(held - wanted) >= np.abs(wanted)) & (wanted != 0)).all())


def _relative(change: Array, to: Array) -> float:
    """The largest change over what it is held against, sizes only; over 1 where that is 0."""
    size = np.abs(to)
    return float(np.abs(change / np.where(size, size, 1.0)).max(initial=0.0))


def _largest(held: Held, part: Part) -> float:
    """Change of a readout's biases, over the largest of them."""
    most = np.abs(part.bias).max(initial=0.0)
    return float(np.abs(held.bias - part.bias).max() / most) if most else 0.0


def _root_mean_square(values: Array) -> float:
    return math.sqrt(float(np.mean(np.square(values)))) if values.size else 0.0


def tau(kept: Array) -> float:
    """Mean time constant in steps of what keeps these parts each step: inf for all of it, 0 for nothing."""
    mean = float(np.mean(kept))
    return math.inf if mean >= 1 else 0.0 if mean <= 0 else -1 / math.log(mean)


def float_range(part: Part, spikes: Array) -> dict[str, float]:
    """The largest size of what arrives at the float layer's neurons, and of each of their states, as `float_run`."""
    neurons, current = _float_neurons(part, spikes)
    found, state = {"current": float(np.abs(current.data).max(initial=0.0))}, None
    with no_grad():
        for t in range(len(current)):
            _, state = neurons.run(current[t : t + 1], state)
            for name, values in zip(part.stage.neurons.states, state or (), strict=False):
                found[name] = max(found.get(name, 0.0), float(np.abs(values.data).max(initial=0.0)))
    return found


def float_run(part: Part, spikes: Array) -> Array:
    """What the float layer gives, (steps, batch, n), on spikes (steps, batch, sources) of a chip's layer before it."""
    neurons, current = _float_neurons(part, spikes)
    with no_grad():
        given: Array = neurons(current).data.reshape(*spikes.shape[:2], -1)
    return given


def _float_neurons(part: Part, spikes: Array) -> tuple[Any, Tensor]:
    """(the float layer's neurons, with their recurrence; what arrives at them)."""
    steps, batch, sources = spikes.shape
    rows = sparse.csr_array(spikes.reshape(-1, sources).astype(np.float64))
    weights = part.weights if part.delays is None else sparse.csr_array(part.weights)
    current: Any = part.bias
    for delay, some in by_delay(weights, part.delays):
        sums = rows @ some
        sums = sums.toarray() if sparse.issparse(sums) else sums
        current = current + later(sums.reshape(steps, batch, -1), delay)
    neurons: Any = part.stage.neurons
    if part.recurrent is not None:
        n, delays = len(part.bias), part.recurrent_delays
        neurons = (
            Recurrent(neurons, n, seed=0) if delays is None else DelayedRecurrent(neurons, n, delays=delays, seed=0)
        )
        neurons.recurrent_weight.data = part.recurrent.astype(np.float32)
    return neurons, Tensor(current.astype(np.float32).reshape(steps, batch, *part.shape))
