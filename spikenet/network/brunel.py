"""Brunel 2000: excitatory and inhibitory integrate-and-fire neurons, sparsely and randomly connected.

Source: Brunel 2000, J. Comput. Neurosci. 8:183-208, model A. The four states of its figure 8, each a pair of the ratio
of inhibition g and of the outside rate in units of what alone brings a neuron to its threshold: `REGIMES`.
"""

from __future__ import annotations

from spikenet.errors import positive, within
from spikenet.network import cells, inputs, rules
from spikenet.network.network import Network

REGIMES = {  # figure 8 A-D: (g, outside rate over threshold rate)
    "synchronous regular": (3.0, 2.0),
    "synchronous irregular, fast": (6.0, 4.0),
    "asynchronous irregular": (5.0, 2.0),
    "synchronous irregular, slow": (4.5, 0.9),
}


def brunel(
    *, g: float = 5.0, outside: float = 2.0, scale: float = 1.0, weight_mv: float = 0.1, delay_s: float = 1.5e-3,
    dt_s: float = 1e-4,
) -> Network:  # fmt: skip
    """The network, populations "E" (10,000) and "I" (2,500).

    g      : strength of an inhibiting synapse over that of an exciting one
    outside: rate from outside, in units of the rate that alone brings the mean membrane to the threshold
    scale  : of all sizes, in-degrees included; weights grow by its inverse, so that means stay and fluctuations grow
    """
    scale = within("brunel: scale", scale, 0.002, 100.0)
    n_exc, n_inh = round(10_000 * scale), round(2_500 * scale)
    weight = positive("brunel: weight_mv", weight_mv) / scale
    k_exc, k_inh = max(1, n_exc // 10), max(1, n_inh // 10)
    threshold_mv, tau_s = 20.0, 20e-3
    net = Network(dt_s)
    populations = [
        net.population(
            name, cells.iaf_psc_delta, n, tau_mem_s=tau_s, rest_mv=0.0, threshold_mv=threshold_mv, reset_mv=10.0,
            refractory_s=2e-3,
        )
        for name, n in (("E", n_exc), ("I", n_inh))
    ]  # fmt: skip
    rate_hz = outside * threshold_mv / (weight * tau_s)
    for target in populations:
        net.connect(populations[0], target, rules.fixed_indegree(k_exc), weight, delay_s)
        net.connect(populations[1], target, rules.fixed_indegree(k_inh), -g * weight, delay_s)
        net.drive(target, inputs.poisson(rate_hz), weight)
    return net
