"""One layer of weights and neurons in continuous time: from the times that arrive to the times it fires, as one
operation of the graph with its exact vjp.

The neurons are those of the layer, read in continuous time. LIF and LI hold a step's input as a current for one step;
CubaLIF takes it as a jump of its synaptic current. Both are scaled so that membranes at the ends of steps are the
layer's own as long as nothing fires.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.errors import Array
from spikenet.graph import Tensor, outputs
from spikenet.kernels import event_times
from spikenet.kernels.memory import read_only
from spikenet.layers.spiking import Spiking
from spikenet.neurons import reset

LEAST_SLOPE = 1e-3  # thresholds a time constant: a membrane that grazes it more slowly counts as rising that fast


@dataclass(frozen=True)
class Neurons:
    """Constants of n neurons in continuous time, as `event_times` takes them.

    held_s: for how long what arrives stays (LIF, LI); 0 where it decays by itself
    """

    tau_mem_s: Array
    slow: Array
    gamma: Array
    threshold: Array
    after: Array
    syn_leak: Array
    leak: Array
    held_s: float

    @property
    def r(self) -> Array:
        return self.slow - 1 / self.tau_mem_s

    def constants(self, drive: Array) -> Array:
        parts = (self.tau_mem_s, self.slow, self.r, self.gamma, self.threshold, self.after, drive)
        return np.ascontiguousarray(np.stack(parts, axis=1))


def neurons(layer: Any, n: int) -> Neurons:
    """LIF, CubaLIF or LI in continuous time; TypeError for other layers, ValueError for what has no such reading."""
    name = "EventNet"
    if not isinstance(layer, Spiking) or layer.kind not in ("LIF", "CubaLIF", "LI"):
        raise TypeError(f"{name}: expected LIF, CubaLIF or LI after each Linear, got {layer!r:.60}")
    if (meant := layer._describe.get("semantics")) is not None:
        raise ValueError(f"{name}: expected neurons of this package's own semantics, got those of {meant.name}")
    if layer.states not in (("v",), ("i", "v")):
        raise ValueError(f"{name}: expected neurons without refractory time, got states {layer.states}")

    def value(key: str, otherwise: float) -> Array:
        return np.broadcast_to(layer.values[key].data.astype(np.float64) if key in layer.values else otherwise, (n,))

    dt_s = layer.config()["dt_s"]
    leak = value("leak", 1.0)
    if not ((leak > 0) & (leak < 1)).all():
        raise ValueError(f"{name}: expected neurons that leak, 0 < leak < 1, got {leak.min():g} .. {leak.max():g}")
    tau = -dt_s / np.log(leak)
    function = layer._describe.get("reset")
    function = getattr(function, "detaches", function)
    if function is reset.no_reset:
        raise ValueError(f"{name}: without a reset a neuron crosses its threshold once and stays there; choose a reset")
    after = value("reset_value", 0.0) if function is reset.to_value else np.zeros(n)
    threshold = value("threshold", math.inf)
    if not ((after < threshold) & (threshold > 0)).all():
        raise ValueError(f"{name}: expected a threshold > 0 and above the membrane after a spike")
    if layer.kind != "CubaLIF":
        return Neurons(tau, np.zeros(n), 1 / (1 - leak), threshold, after, np.zeros(n), leak, float(dt_s))
    syn_leak = value("syn_leak", 0.0)
    if not ((syn_leak > 0) & (syn_leak < 1)).all():
        raise ValueError(f"{name}: expected synapses that decay, 0 < syn_leak < 1, got {syn_leak}")
    tau_syn = -dt_s / np.log(syn_leak)
    near = np.abs(tau - tau_syn) < 1e-6 * tau
    with np.errstate(divide="ignore", invalid="ignore"):
        gamma = np.where(near, tau**2 / (tau * dt_s * leak), (tau - tau_syn) / (tau_syn * (leak - syn_leak)))
    return Neurons(tau, 1 / tau_syn, gamma, threshold, after, syn_leak, leak, 0.0)


@dataclass(frozen=True)
class Fired:
    """What a layer did.

    times   : (batch, n, most) spike times in seconds, in order; the end of the run where there was none
    n_fired : (batch, n) how many there were
    mean, maximum: (batch, n) of the membrane over the run, of neurons without a threshold
    grazing : spikes whose membrane rose so slowly that its slope was taken as larger
    """

    times: Tensor
    n_fired: npt.NDArray[np.int64]
    mean: Tensor
    maximum: Tensor
    grazing: int


def event_layer(
    times: Tensor, amounts: Array, weight: Tensor, bias: Tensor | None, cells: Neurons, end: float, most: int
) -> Fired:
    """A layer's reaction until `end` seconds to inputs of size `amounts`, 0 for none, at `times` (batch, n_in, m).

    Raises ValueError when a neuron fires more than `most` times.
    """
    n_in, n = weight.shape
    order, sorted_times, many, source, amount = _arrivals(times.data, amounts, cells.held_s, end)
    w = np.ascontiguousarray(weight.data.T, dtype=np.float64)
    b = np.zeros(n) if bias is None else bias.data.astype(np.float64)
    settled = 1 / (1 - cells.syn_leak)  # the synaptic current that a bias of 1 comes to
    c_of_bias, start_of_bias = settled / (1 - cells.leak), -cells.syn_leak * settled
    constants, start = cells.constants(b * c_of_bias), b * start_of_bias
    batch = len(times.data)
    fired, at_fire = np.full((batch, n, most), end), np.zeros((batch, n, most))
    n_fired, read = np.zeros((batch, n), np.int64), np.zeros((batch, n, 5))
    given = [read_only(a) for a in (constants, start, sorted_times, many, source, amount, w)]
    event_times.forward(*given, fired, at_fire, n_fired, read, end)
    if (n_fired > most).any():
        row, neuron = (int(k) for k in np.argwhere(n_fired > most)[0])
        raise ValueError(
            f"EventNet: neuron {neuron} fires more than most={most} times in sample {row}; allow more, or train with a "
            "penalty on rates"
        )
    least = LEAST_SLOPE * np.where(np.isfinite(cells.threshold), cells.threshold, 1) / cells.tau_mem_s
    up = (cells.gamma[:, None] * at_fire + (b * c_of_bias - cells.threshold)[:, None]) / cells.tau_mem_s[:, None]
    grazing = int(((up < least[:, None]) & (np.arange(most) < n_fired[..., None])).sum())
    parents = (times, weight) if bias is None else (times, weight, bias)

    def vjp(arrived: tuple[Array | None, ...]) -> list[Array | None]:
        g_fired, g_read = np.zeros(fired.shape), np.zeros((batch, n, 2))
        if arrived[0] is not None:
            g_fired[...] = arrived[0]
        for k, g in enumerate(arrived[1:]):
            if g is not None:
                g_read[..., k] = (g if k else g / end) * np.isinf(cells.threshold)
        gi, gv = (np.zeros((*sorted_times.shape, n)) for _ in range(2))
        g_drive, g_start = np.zeros((batch, n)), np.zeros((batch, n))
        ours = [read_only(a) for a in (fired, at_fire, n_fired, read, g_fired, g_read, least)]
        given = [read_only(a) for a in (constants, sorted_times, many)]
        event_times.backward(*given, *ours, gi, gv, g_drive, g_start, end)
        g_weight = np.zeros((n_in, n))
        np.add.at(g_weight, source.reshape(-1), (gi * amount[..., None]).reshape(-1, n))
        g_times = None
        if times.requires_grad:
            pull = gi * cells.slow - gv * (cells.gamma / cells.tau_mem_s)
            g_sorted = (pull * w.T[source]).sum(axis=2) * amount
            at = read[..., 3].astype(np.int64)
            rows, columns = np.nonzero((at >= 0) & (g_read[..., 1] != 0))
            np.add.at(g_sorted, (rows, at[rows, columns]), (g_read[..., 1] * read[..., 4])[rows, columns])
            flat = np.zeros((batch, times.data[0].size))
            np.add.at(flat, (np.arange(batch)[:, None], order), g_sorted)
            g_times = flat.reshape(times.shape)
        g_bias = (g_drive * c_of_bias + g_start * start_of_bias).sum(axis=0)
        return [g_times, g_weight] if bias is None else [g_times, g_weight, g_bias]

    made = outputs([fired, read[..., 0] / end, read[..., 1].copy()], parents, vjp, operation="events")
    return Fired(made[0], n_fired, made[1], made[2], grazing)


def _arrivals(
    times: Array, amounts: Array, held_s: float, end: float
) -> tuple[npt.NDArray[np.int64], Array, npt.NDArray[np.int64], npt.NDArray[np.int64], Array]:
    """Everything that arrives before the end, in order of time, row by row: (which input, when, how many, from whom,
    how much). What is held is taken back at the end of its step."""
    batch, n_in, m = times.shape
    t = times.reshape(batch, -1).astype(np.float64)
    a = amounts.reshape(batch, -1).astype(np.float64)
    number = np.broadcast_to(np.arange(n_in * m), t.shape)
    if held_s:
        t, a = np.concatenate([t, t + held_s], axis=1), np.concatenate([a, -a], axis=1)
        number = np.concatenate([number, number], axis=1)
    t = np.where((a != 0) & (t < end), t, math.inf)
    place = np.argsort(t, axis=1, kind="stable")
    t, a, number = (np.take_along_axis(one, place, axis=1) for one in (t, a, number))
    many = np.isfinite(t).sum(axis=1).astype(np.int64)
    width = max(1, int(many.max(initial=1)))
    kept = np.isfinite(t[:, :width])
    when = np.ascontiguousarray(np.where(kept, t[:, :width], end))
    how_much = np.ascontiguousarray(np.where(kept, a[:, :width], 0.0))
    which = np.ascontiguousarray(number[:, :width]).astype(np.int64)
    return which, when, many, np.ascontiguousarray(which // m), how_much
