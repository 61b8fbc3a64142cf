"""The cortical microcircuit: four layers under 1 mm2 of surface, each with exciting and inhibiting neurons.

77,169 neurons and 0.3 billion synapses at full scale. Source: Potjans & Diesmann 2014, Cerebral Cortex 24:785-806,
tables 4 and 5; scaling of in-degrees that keeps mean and variance of the inputs: van Albada, Helias & Diesmann 2015,
PLoS Comput. Biol. 11:e1004490.
"""

from __future__ import annotations

import math

import numpy as np

from spikenet.errors import Array, within
from spikenet.network import cells, draw, inputs, rules
from spikenet.network.network import Network

LAYERS = ("L2/3E", "L2/3I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")
SIZES = (20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948)
RATES_HZ = (0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829)  # of the full network, for what scaling leaves out
OUTSIDE = (1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100)  # synapses from outside, each firing at
OUTSIDE_HZ = 8.0
PROBABILITIES = (  # row: target; column: source; of at least one synapse between a pair
    (0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0),
    (0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0),
    (0.0077, 0.0059, 0.0497, 0.1350, 0.0067, 0.0003, 0.0453, 0.0),
    (0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0),
    (0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0),
    (0.0548, 0.0269, 0.0257, 0.0022, 0.0600, 0.3158, 0.0086, 0.0),
    (0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252),
    (0.0364, 0.0010, 0.0034, 0.0005, 0.0277, 0.0080, 0.0658, 0.1443),
)
WEIGHT_PA, SPREAD, INHIBITION = 87.8, 0.1, 4.0  # of 0.15 mV; standard deviation over mean; inhibiting over exciting
DELAYS_S = ((1.5e-3, 0.75e-3), (0.75e-3, 0.375e-3))  # mean and standard deviation, of exciting and inhibiting synapses
TAU_SYN_S = 0.5e-3


def total_synapses() -> Array:
    """(targets, sources) numbers of synapses at full scale, from the probabilities: ln(1 - p) / ln(1 - 1 / pairs)."""
    pairs = np.outer(SIZES, SIZES).astype(np.float64)
    counts: Array = np.round(np.log1p(-np.array(PROBABILITIES)) / np.log1p(-1.0 / pairs)).astype(np.int64)
    return counts


def microcircuit(*, scale: float = 1.0, indegrees: float | None = None, dt_s: float = 1e-4) -> Network:
    """The network, one population a layer and kind, as in LAYERS.

    scale    : of the numbers of neurons, 0.005 to 1
    indegrees: of the numbers of synapses a neuron has; as `scale` if not given. Below 1, weights grow by its root and
               a current stands for the mean of what is missing
    """
    scale = within("microcircuit: scale", scale, 0.005, 1.0)
    kept = within("microcircuit: indegrees", scale if indegrees is None else indegrees, 0.005, 1.0)
    root = math.sqrt(kept)
    totals = total_synapses()
    weight = WEIGHT_PA / root
    net = Network(dt_s)
    populations = []
    for k, (name, size) in enumerate(zip(LAYERS, SIZES, strict=True)):
        kinds = np.array([1.0, -INHIBITION] * 4)
        doubled = np.where((k == 0) & (np.arange(8) == 2), 2.0, 1.0)
        inner = (totals[k] / size * np.array(RATES_HZ) * kinds * doubled).sum()
        missing_pa = WEIGHT_PA * TAU_SYN_S * (1 - root) * (inner + OUTSIDE[k] * OUTSIDE_HZ)
        populations.append(
            net.population(
                name, cells.iaf_psc_exp, max(1, round(size * scale)), tau_mem_s=10e-3, capacitance_pf=250.0,
                tau_exc_s=TAU_SYN_S, tau_inh_s=TAU_SYN_S, rest_mv=-65.0, threshold_mv=-50.0, reset_mv=-65.0,
                refractory_s=2e-3, bias_pa=missing_pa, start={"v": draw.normal(-58.0, 10.0)},
            )
        )  # fmt: skip
        net.drive(populations[k], inputs.poisson(OUTSIDE[k] * kept * OUTSIDE_HZ), weight, receptor="exc")
    for t, target in enumerate(populations):
        for s, source in enumerate(populations):
            n = round(float(totals[t, s]) * scale * kept)
            if not n:
                continue
            inhibits = s % 2
            mean = weight * (-INHIBITION if inhibits else 2.0 if (t, s) == (0, 2) else 1.0)
            bounds = {"high": 0.0} if inhibits else {"low": 0.0}
            late, spread = DELAYS_S[inhibits]
            net.connect(
                source, target, rules.fixed_total(n), draw.normal(mean, abs(mean) * SPREAD, **bounds),
                draw.normal(late, spread, low=dt_s),
            )  # fmt: skip
    return net
