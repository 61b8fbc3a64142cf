"""The two networks of integrate-and-fire neurons that simulators are compared by: CUBA and COBA.

4,000 neurons, one in five of them inhibiting, each pair connected with probability 0.02; CUBA has exponential currents,
COBA exponential conductances. Source: Brette et al. 2007, J. Comput. Neurosci. 23:349-398, benchmarks 1 and 2.
"""

from __future__ import annotations

from typing import Any

from spikenet.errors import within
from spikenet.network import cells, draw, inputs, rules
from spikenet.network.network import Network


def cuba(*, scale: float = 1.0, dt_s: float = 1e-4, delay_s: float | None = None) -> Network:
    """Current-based; weights so that a spike's current would move the membrane by 1.62 or -9 mV if it did not leak.

    scale: of the number of neurons; the probability falls with it, so that everyone keeps 80 synapses
    """
    cell = {"tau_mem_s": 20e-3, "capacitance_pf": 200.0, "tau_exc_s": 5e-3, "tau_inh_s": 10e-3, "rest_mv": -49.0,
            "threshold_mv": -50.0, "reset_mv": -60.0, "refractory_s": 5e-3}  # fmt: skip
    # The paper's rest lies above the threshold: the current that holds it there is part of the model.
    conductance_ns = 200.0 / 20.0
    return _network(cells.iaf_psc_exp, cell, (1.62 * conductance_ns, -9.0 * conductance_ns), scale, dt_s, delay_s)


def coba(*, scale: float = 1.0, dt_s: float = 1e-4, delay_s: float | None = None) -> Network:
    """Conductance-based; a spike adds 6 or 67 nS. Spikes from outside, 500 Hz for 50 ms, start it."""
    return _network(cells.iaf_cond_exp, {}, (6.0, -67.0), scale, dt_s, delay_s)


def _network(
    model: Any, values: dict[str, float], weights: tuple[float, float], scale: float, dt_s: float, delay_s: float | None
) -> Network:
    n = round(4000 * within("benchmark: scale", scale, 0.02, 100.0))
    net = Network(dt_s)
    start = {"v": draw.uniform(-60.0, -50.0)}
    exc = net.population("E", model, 4 * n // 5, start=start, **values)
    inh = net.population("I", model, n - exc.n, start=start, **values)
    probability = min(1.0, 80.0 / n)
    for source, weight in zip((exc, inh), weights, strict=True):
        for target in (exc, inh):
            net.connect(source, target, rules.pairwise(probability), weight, dt_s if delay_s is None else delay_s)
    if model is cells.iaf_cond_exp:
        for target in (exc, inh):
            net.drive(target, inputs.varying_poisson([500.0, 0.0], 0.05), weights[0])
    return net
