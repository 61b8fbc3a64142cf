"""Neurons whose membrane runs away by itself, as layers: exponential, quadratic, Izhikevich's.

All are solved by the classical Runge-Kutta rule unless told otherwise: at 1 ms a step is a good part of their runaway,
and Euler's method fires steps late there, more with every spike. It is a quarter of the arithmetic; a step of training
takes about half as long. Exponential Euler is between the two in both.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.layers.firing import DT_S, SOLVED, firing
from spikenet.layers.spiking import Spiking
from spikenet.neurons import exponential_if, izhikevich, quadratic_if
from spikenet.neurons.integration import Method, runge_kutta_4
from spikenet.neurons.reset import Reset, detached_to_value
from spikenet.neurons.surrogate import Surrogate, atan

PUBLISHED = "sn.izhikevich.regular_spiking"


def ExponentialIF(
    *,
    tau_mem_s: Any = 10e-3,
    dt_s: float = DT_S,
    v_rest: Any = -65.0,
    v_rheobase: Any = -59.9,
    slope: Any = 3.48,
    threshold: Any = -30.0,
    method: Method = runge_kutta_4,
    reset: Reset = detached_to_value,
    reset_value: Any = -68.0,
    refractory_s: Any = None,
    surrogate: Surrogate = atan,
    learn: tuple[str, ...] = (),
) -> Spiking:
    """The exponential integrate-and-fire neuron, by default with the parameters of its paper, voltages in mV.

    tau_mem_s : >= dt_s > 0, seconds
    v_rest, v_rheobase, slope > 0, threshold > v_rheobase, reset_value: in one unit of the membrane; the input, too
    method    : of sn.integrate: runge_kutta_4, exponential_euler or euler
    reset, refractory_s: as of `LIF`
    learn     : names among "share", "v_rest", "v_rheobase", "slope", "threshold", "reset_value"
    """
    described = dict(locals())
    values = exponential_if.parameters(tau_mem_s, dt_s, v_rest, v_rheobase, slope, threshold)
    return firing("ExponentialIF", exponential_if.step, described, values, functions=SOLVED, rest={"v": v_rest})


def QuadraticIF(
    *,
    tau_mem_s: Any = 10e-3,
    dt_s: float = DT_S,
    v_rest: Any = 0.0,
    v_critical: Any = 0.8,
    curvature: Any = 1.0,
    threshold: Any = 1.0,
    method: Method = runge_kutta_4,
    reset: Reset = detached_to_value,
    reset_value: Any = 0.0,
    refractory_s: Any = None,
    surrogate: Surrogate = atan,
    learn: tuple[str, ...] = (),
) -> Spiking:
    """The quadratic integrate-and-fire neuron.

    tau_mem_s : >= dt_s > 0, seconds
    v_rest < v_critical < threshold, reset_value: in one unit of the membrane; curvature > 0, per unit of it
    method    : of sn.integrate: runge_kutta_4, exponential_euler or euler
    reset, refractory_s: as of `LIF`
    learn     : names among "share", "v_rest", "v_critical", "curvature", "threshold", "reset_value"
    """
    described = dict(locals())
    values = quadratic_if.parameters(tau_mem_s, dt_s, v_rest, v_critical, curvature, threshold)
    return firing("QuadraticIF", quadratic_if.step, described, values, functions=SOLVED, rest={"v": v_rest})


def Izhikevich(
    kind: tuple[Any, Any, Any, Any] = izhikevich.regular_spiking,
    *,
    dt_s: float = DT_S,
    method: Method = runge_kutta_4,
    reset: Reset = detached_to_value,
    refractory_s: Any = None,
    surrogate: Surrogate = atan,
    learn: tuple[str, ...] = (),
) -> Spiking:
    """Izhikevich's neuron, voltages in mV.

    kind   : (a, b, c, d), each a number or one a neuron; the published sets are sn.izhikevich.regular_spiking,
             intrinsically_bursting, chattering, fast_spiking, low_threshold_spiking, thalamo_cortical, resonator
    dt_s   : in (0, 1e-3], seconds
    method : of sn.integrate: runge_kutta_4, exponential_euler or euler; or sn.izhikevich.as_published, the half steps
             of the program of 2003, to compare with what was made by it
    reset, refractory_s: as of `LIF`; a spike sets v to c
    learn  : names among "recovery" (a), "coupling" (b), "reset_value" (c), "jump" (d), "threshold"
    """
    if not isinstance(kind, (tuple, list, np.ndarray)) or len(kind) != 4:
        raise TypeError(f"Izhikevich: kind: expected (a, b, c, d) or a set such as {PUBLISHED}, got {kind!r:.60}")
    a, b, c, d = np.broadcast_arrays(*kind) if any(map(np.ndim, kind)) else kind
    described = {"kind": izhikevich.Kind(a, b, c, d), "dt_s": dt_s, "method": method, "reset": reset}
    described |= {"refractory_s": refractory_s, "surrogate": surrogate, "learn": learn}
    values = izhikevich.parameters(a, b, c, d, dt_s)
    rest = {"v": izhikevich.START_MV, "u": np.asarray(b) * izhikevich.START_MV}
    return firing("Izhikevich", izhikevich.step, described, values, functions=SOLVED, rest=rest)
