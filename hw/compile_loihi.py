"""A trained net in Loihi 1's words: weights, exponent, threshold and bias of each layer chosen together.

A layer's integers are the float net's numbers times scale = m 2^(6 + e): weights round(w m) in 8 bits, sums shifted by
the exponent e, thresholds round(threshold m 2^e) in 17 bits, biases round(bias scale) as a mantissa times 2^k. m is the
factor with the smallest error of what arrives, weights weighed by how often their input fires on the calibration data;
a larger one than the largest weight allows clips some. e is the largest for which thresholds and biases fit their words
and u and v, on the calibration data, keep half as much again of room in theirs: the finer v, the less a decay loses.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.breach import Breach, DoesNotFit
from hw.chips import loihi1
from hw.kinds import bias_of, flat_layers
from hw.loihi_program import LayerReport, LoihiProgram, Population
from hw.neurons import loihi
from hw.neurons.loihi_words import THRESHOLD
from hw.neurons.words import integers
from spikenet.derive.trace import Trace, trace
from spikenet.errors import finite_values
from spikenet.layers import LayerRecord, Linear, Sequential, Spiking, record
from spikenet.neurons import cuba_lif, integrate_and_fire, leaky_integrator, lif
from spikenet.neurons.reset import detached, to_zero

Array = npt.NDArray[Any]
ROOM = 1.5  # of the 24 bits of u and v over what the calibration data needs
FACTORS = (1.0, 1.1, 1.25, 1.5, 2.0)  # of the scale at which the largest weight just fits
MOST_BIAS = 4095 << 7
FREE = ("Flatten", "Dropout")


def _models() -> dict[Trace, str]:
    """The traces that Loihi's neuron computes, and which it is."""
    known = {trace(leaky_integrator.step): "LI"}
    for kind, step in (("IF", integrate_and_fire.step), ("LIF", lif.step), ("CubaLIF", cuba_lif.step)):
        for reset in (to_zero, detached(to_zero)):
            known[trace(step, {"reset": reset})] = kind
    return known


@dataclass(frozen=True)
class _Pair:
    """A connection and the neurons behind it, with what they did on the calibration data in the float net."""

    connection: LayerRecord
    neurons: LayerRecord
    kind: str


def compile_loihi(net: Any, calibrate: Array) -> LoihiProgram:
    """`net` (Linear and IF, LIF, CubaLIF with reset to zero; an LI may stand last; Flatten, Dropout) for Loihi 1.

    calibrate: (steps, batch, ...) spikes, 0 or 1, such as the training data gives

    Raises DoesNotFit listing every construct the chip's neuron has not got, ValueError for weights that are not finite,
    calibration data that are no spikes, or a layer for which no exponent fits.
    """
    x = integers("calibrate", calibrate, 0, 1, "encode the data as spikes, sn.encode.Rate")
    if x.ndim < 3 or not x.size:
        raise ValueError(f"calibrate: expected spikes (steps, batch, ...), none of them empty, got shape {x.shape}")
    pairs = _pairs(net, x.astype(np.float32))
    spikes = x.reshape(*x.shape[:2], -1).astype(np.int8)
    layers, reports = list[Population](), list[LayerReport]()
    for pair in pairs:
        layer, report, spikes = _placed_in_words(pair, spikes)
        layers.append(layer)
        reports.append(report)
    return LoihiProgram(tuple(layers), tuple(reports), loihi1)


def _pairs(net: Any, x: Array) -> tuple[_Pair, ...]:
    layers = [layer for layer in flat_layers(net) if layer.kind != "Dropout"]
    breaches = list(_lacking(layers))
    if breaches:
        raise DoesNotFit(breaches)
    for layer in layers:
        if isinstance(layer, Linear):
            finite_values("compile: weights", layer.weight.data)
    records = [entry for entry in record(Sequential(*layers), x) if entry.layer.kind not in FREE]
    known = _models()
    return tuple(
        _Pair(records[k], records[k + 1], known[records[k + 1].layer.model])  # type: ignore[attr-defined]
        for k in range(0, len(records), 2)
    )


def _lacking(layers: list[Any]) -> Iterator[Breach]:
    """What of the net Loihi's populations cannot be."""
    known, rest = _models(), [layer for layer in layers if layer.kind not in FREE]
    for k, layer in enumerate(rest):
        where, fix = f"layer {k} {layer.kind}", ""
        wants_connection = k % 2 == 0
        if wants_connection and not isinstance(layer, Linear):
            fix = "put a Linear there; convolutions and recurrence are not compiled yet"
        elif not wants_connection and not isinstance(layer, Spiking):
            fix = "put LIF or CubaLIF with reset=sn.reset.to_zero there"
        elif isinstance(layer, Spiking):
            kind = known.get(layer.model)
            if kind is None:
                fix = "a compartment resets to zero and has no refractory state here: train with reset=sn.reset.to_zero"
            elif kind == "LI" and k + 1 < len(rest):
                fix = "a readout that never fires can only stand last; take LIF"
        if fix:
            yield Breach(loihi1.name, f"has no {layer.kind} there", where, None, None, "", fix)
    if len(rest) % 2 or not rest:
        yield Breach(loihi1.name, "ends without neurons", "the net", None, None, "", "put LIF or LI last")


def _placed_in_words(pair: _Pair, spikes: Array) -> tuple[Population, LayerReport, Array]:
    """(the layer in integers, its report, its spikes on the calibration data)."""
    layer: Any = pair.connection.layer
    w = np.asarray(layer.weight.data, np.float64)
    n = w.shape[1]
    values: Any = pair.neurons.layer.values  # type: ignore[attr-defined]

    def each(name: str, otherwise: float) -> Array:
        value = np.asarray(values[name].data, np.float64) if name in values else np.float64(otherwise)
        return np.broadcast_to(value, pair.neurons.output.shape[2:]).reshape(n)

    leak, syn_leak = each("leak", 1.0), each("syn_leak", 0.0)
    dv = np.clip(np.rint(4096 * (1 - leak)), 0, 4095)
    du = np.clip(np.rint(4096 * (1 - syn_leak)) - 1, 0, 4095)
    bias = np.zeros(n) if (b := bias_of(layer)) is None else np.asarray(b, np.float64)
    bias = bias / (1 - syn_leak)  # on the chip it reaches v at once: what it comes to through the synapse
    threshold = each("threshold", np.inf)  # a readout never fires
    mantissas, m = _weights(w, spikes.reshape(-1, len(w)).mean(axis=0, dtype=np.float64))
    reads_v = pair.kind == "LI"
    for exponent in range(7, -9, -1):
        scale = m * 2.0 ** (6 + exponent)
        vth = np.full(n, float(THRESHOLD)) if reads_v else np.rint(threshold * scale / 64)
        if vth.max() > THRESHOLD or vth.min() < 1 or np.abs(bias * scale).max() > MOST_BIAS:
            continue
        mant, exp = _bias(bias * scale)
        params = loihi.Params(du, dv, vth, mant, exp)
        name = pair.neurons.name
        one = Population(name, mantissas, exponent, params, scale, pair.neurons.output.shape[2:], reads_v)
        arriving = loihi.deliver(spikes, mantissas, exponent=exponent)
        got = loihi.run(params, arriving)
        assert got.u is not None
        assert got.v is not None
        largest = max(np.abs(got.u).max(), np.abs(got.v).max(), 0 if reads_v else vth.max() * 64, 1)
        lost = got.overflows.u + got.overflows.v
        if lost or (largest * ROOM > 1 << 23 and (largest > vth.max() * 64 or reads_v)):
            continue
        scaled = threshold * scale
        report = LayerReport(
            name,
            exponent,
            scale,
            _relative(mantissas / m - w, w),
            float(np.mean(np.abs(w * m - mantissas) > 1.0 + 1e-9)),
            0.0 if reads_v else float(np.abs(vth * 64 / scaled - 1).max()),
            float((np.abs(mant * 2.0**exp - bias * scale) / (vth * 64)).max()),
            (_tau(leak), _tau(1 - dv / 4096)),
            (_tau(syn_leak), _tau(1 - (du + 1) / 4096)),
            0.0 if reads_v else float(pair.neurons.output.mean(dtype=np.float64)),
            float(got.spikes.mean()),
            float((1 << 23) / largest),
            int(lost),
        )
        return one, report, got.spikes
    raise ValueError(
        f"compile: layer {pair.neurons.name}: no weight exponent from -8 to 7 holds thresholds up to "
        f"{threshold.max():.4g} and biases up to {np.abs(bias).max():.4g} beside weights up to {np.abs(w).max():.4g}; "
        "train with weights, thresholds and biases nearer to each other"
    )


def _weights(w: Array, rates: Array) -> tuple[Array, float]:
    """(mantissas, their factor) with the least error of what arrives."""
    mixed = w.min(initial=0.0) < 0 < w.max(initial=0.0)
    step, most = (2, 254) if mixed else (1, 255)
    largest = np.abs(w).max(initial=0.0)
    if largest == 0:
        return np.zeros(w.shape, np.int64), 1.0
    best: tuple[float, Array, float] | None = None
    for factor in FACTORS:
        m = most / largest * factor
        mantissas = np.clip(np.rint(w * m / step) * step, -most, most)
        error = float((rates @ np.square(mantissas / m - w)).sum())
        if best is None or error < best[0]:
            best = error, mantissas, m
    assert best is not None
    return loihi.loihi_weights(best[1]), best[2]


def _bias(values: Array) -> tuple[Array, Array]:
    """(mantissa, exponent) of each, the smallest exponent with which the mantissa fits."""
    exponent = np.ceil(np.log2(np.maximum(np.abs(values) / 4095, 1.0)))
    mantissa = np.rint(values / 2.0**exponent)
    return np.clip(mantissa, -4095, 4095).astype(np.int64), exponent.astype(np.int64)


def _relative(error: Array, values: Array) -> float:
    size = math.sqrt(float(np.mean(np.square(values))))
    return math.sqrt(float(np.mean(np.square(error)))) / size if size else 0.0


def _tau(kept: Array) -> float:
    """Mean time constant in steps of what keeps these parts each step."""
    mean = float(np.mean(kept))
    return math.inf if mean >= 1 else 0.0 if mean <= 0 else -1 / math.log(mean)
