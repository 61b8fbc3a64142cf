"""What Akida's compiler starts from: a layer without time, its activation and the maximum behind it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.compilers.part import Held
from hw.lowering.kinds import flat_layers
from hw.lowering.layout import layout
from hw.lowering.neurons import numbers_of
from hw.lowering.stages import Stage
from hw.neurons.akida import max_pooled
from hw.neurons.integer_windows import Window, convolve, product
from hw.programs.akida import AkidaLayer, ends_of
from hw.programs.entrance import Entrance
from hw.programs.layer import LayerRun
from hw.programs.report import LayerReport
from spikenet.errors import finite_values, real_values
from spikenet.kernels.window import Window as Sliding

Array = npt.NDArray[Any]
FINE = 1 << 15  # of the largest weight: what sums are found with


@dataclass(frozen=True, eq=False)
class Frame:
    """A connection and what stands behind it.

    name, at : of the activation in the net, the place of the last layer that belongs to it
    shape    : of what it sends, behind the pooling;  pool: window of the maximum, or None
    weights  : float64 (inputs, units), or (filters, channels, height, width);  bias: (units,)
    fires    : whether neurons without memory send 1 above their threshold (units,)
    step     : what the activation rounds to in the float net, 0 where it does not
    """

    name: str
    at: int
    shape: tuple[int, ...]
    stage: Stage
    pool: Sliding | None
    weights: Array
    bias: Array
    fires: bool
    threshold: Array
    step: float

    @property
    def n_inputs(self) -> int:
        return math.prod(self.stage.mid_shape)

    @property
    def units(self) -> int:
        return len(self.bias)

    @property
    def reads_potentials(self) -> bool:
        """Whether nothing stands behind the connection."""
        return self.stage.neurons is None and self.stage.activation is None

    def each_place(self, values: Array) -> Array:
        """(n,) of (units,): a filter's is that of all its places."""
        return np.repeat(values, math.prod(self.shape) // self.units)

    def in_integers(self, weights: Array) -> Stage:
        """The connection alone, with other weights."""
        bare: dict[str, Any] = {"bias": None, "pools": (), "neurons": None, "activation": None}
        return replace(self.stage, weight=weights, in_shape=self.stage.mid_shape, **bare)


def frames(net: Any, shape: tuple[int, ...]) -> tuple[Frame, ...]:
    """The layers of a net that `hw.check` has passed for Akida."""
    stages, layers = layout(net, shape).stages, flat_layers(net)
    behind = (*stages[1:], None)
    return tuple(_frame(stage, after, len(layers) - 1) for stage, after in zip(stages, behind, strict=True))


def _frame(stage: Stage, after: Stage | None, last: int) -> Frame:
    weights = finite_values(f"compile: weights of {stage.name}", stage.weight).astype(np.float64)
    if stage.window is not None:
        weights = weights.reshape(*weights.shape[:2], *stage.window.kernel)
    units = stage.out_shape[0] if stage.window is not None else stage.n_neurons
    bias = np.zeros(units)
    if stage.bias is not None:
        bias = finite_values(f"compile: bias of {stage.name}", stage.bias).astype(np.float64)
    neurons, activation = stage.neurons, stage.activation
    threshold, step = np.zeros(units), 0.0
    if neurons is not None:
        threshold = numbers_of(neurons, stage.out_shape).threshold.reshape(units, -1)[:, 0]
    elif activation is not None and activation.kind == "QCFS":
        step = float(activation.parameters()["threshold"].data) / activation.config()["levels"]
    shown = f"{stage.at} {(neurons or activation).kind}" if neurons or activation else stage.name
    pool = after.pools[0][1] if after is not None and after.pools else None
    shape = stage.out_shape if after is None else after.mid_shape if pool is not None else stage.out_shape
    at = last if after is None else after.pooled_at if pool is not None else stage.at
    return Frame(shown, at, shape, stage, pool, weights, bias, neurons is not None, threshold, step)


def entrance_of(net: Any, calibrate: Any, words: tuple[int, int]) -> Entrance:
    """How inputs become words of a range: whole numbers within it as they are, others so that the largest fills it.

    A net with a state takes (steps, batch, ...), a conventional one (batch, ...). Of words without a sign, as few bits
    of 1, 2 and 4 as hold the data. Raises ValueError for calibration data that are empty, not finite or below 0.
    """
    timeless = not any(getattr(layer, "states", ()) for layer in flat_layers(net))
    x, axes = real_values("calibrate", calibrate), 1 if timeless else 2
    if x.ndim <= axes or not x.size:
        wanted = "(batch, ...)" if timeless else "(steps, batch, ...)"
        why = "" if timeless else " (its neurons keep a state; ReLU in their place takes numbers without steps)"
        raise ValueError(f"calibrate: expected {wanted}, none of them empty, got shape {x.shape}{why}")
    low, high = words
    most = float(np.abs(x).max())
    whole = bool((x == np.rint(x)).all()) and low <= x.min() and x.max() <= high
    if whole and low == 0:
        high = next(end for end in (1, 3, 15) if most <= end)
    made = Entrance(x.shape[axes:], low, high, 1.0 if whole or most == 0.0 else high / most, timeless)
    made.values("calibrate", x)
    return made


def potentials(part: Frame, samples: Array, unit: float) -> Array:
    """(samples, units, ...) what the float layer has before its activation, on words (samples, inputs) worth `unit`."""
    stage, window = part.stage, part.stage.window
    most = max(float(np.abs(part.weights).max(initial=0.0)), 1e-30)
    fine = np.rint(part.weights * (FINE / most)).astype(np.int64)
    if window is None:
        sums = product(samples.astype(np.int64), fine)
        return sums * (most / FINE * unit) + part.bias
    (down, across), maps = window.padding, samples.reshape(len(samples), *stage.mid_shape).astype(np.int64)
    sums = convolve(maps, fine, Window(window.kernel, window.stride, (down, down, across, across)))
    if part.pool is not None:
        (down, across), pool = part.pool.padding, part.pool
        sums = max_pooled(sums, Window(pool.kernel, pool.stride, (down, down, across, across)))
    return sums * (most / FINE * unit) + part.bias[:, None, None]


def report_of_frame(part: Frame, held: Held, layer: AkidaLayer, rate: float, run: LayerRun) -> LayerReport:
    """What was lost in a layer; rates are mean activations of the float net and of the chip, 0 of what is read."""
    wanted = part.weights.T if part.stage.window is None else part.weights
    size = math.sqrt(float(np.mean(np.square(wanted))))
    error = math.sqrt(float(np.mean(np.square(held.weights - wanted.reshape(-1)))))
    values = run.spikes if run.v is None else run.v / layer.scale
    top = ends_of(layer.words)[1]
    cut = 0.0 if part.reads_potentials or part.fires else float(np.mean(run.spikes == top))
    return LayerReport(
        name=part.name,
        weight_exponent=0,
        scale=float(np.mean(held.scale)),
        weight_error=error / size if size else 0.0,
        clipped=held.clipped,
        threshold_error=float(np.abs(held.threshold - 1).max()),
        bias_error=_of_largest(held.bias - part.bias, part.bias),
        tau_mem_steps=(0.0, 0.0),
        tau_syn_steps=(0.0, 0.0),
        rate=0.0 if part.reads_potentials else rate,
        chip_rate=0.0 if part.reads_potentials else float(np.mean(values)),
        headroom=1 / run.used if run.used else math.inf,
        overflows=sum(run.overflows.values()),
        advice=f"{cut:.2%} of the activations are cut at the top, {top}" if cut else "",
    )


def _of_largest(change: Array, values: Array) -> float:
    most = float(np.abs(values).max(initial=0.0))
    return float(np.abs(change).max()) / most if most else 0.0
