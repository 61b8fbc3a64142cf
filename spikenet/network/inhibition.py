"""Inhibition that learns to balance excitation: conductances as in COBA, plastic synapses from inhibiting to exciting.

8,000 exciting and 2,000 inhibiting neurons under a constant current, each pair connected with probability 0.02; the
plastic synapses begin at nothing. Source: Vogels, Sprekeler, Zenke, Clopath & Gerstner 2011, Science 334:1569-1573,
figure 4 and supplement; 3 Hz as in the code that the authors published.
"""

from __future__ import annotations

from spikenet.errors import within
from spikenet.network import cells, draw, inputs, plasticity, rules
from spikenet.network.network import Network

INPUTS = (160, 40)  # exciting and inhibiting synapses of a neuron, on average
EXCITING_NS, INHIBITING_NS, LARGEST_NS = 0.3, 3.0, 100.0
TARGET_HZ, RATE_NS, CURRENT_PA, DELAY_S = 3.0, 0.01, 200.0, 0.8e-3


def vogels(
    *, scale: float = 1.0, target_hz: float = TARGET_HZ, rate_ns: float = RATE_NS, dt_s: float = 1e-4
) -> Network:  # fmt: skip
    """The network, populations "E" and "I"; the projection I -> E is plastic.

    scale    : of the number of neurons, everyone keeps as many synapses; from 0.05 on
    target_hz: rate at which the exciting neurons are to fire
    rate_ns  : of learning, what a pair of spikes adds
    """
    scale = within("vogels: scale", scale, 0.05, 100.0)
    net = Network(dt_s)
    start = {"v": draw.uniform(-60.0, -50.0)}
    exc = net.population("E", cells.iaf_cond_exp, round(8000 * scale), start=start)
    inh = net.population("I", cells.iaf_cond_exp, round(2000 * scale), start=start)
    for target in (exc, inh):
        net.drive(target, inputs.constant_current(CURRENT_PA))
        net.connect(exc, target, rules.pairwise(INPUTS[0] / exc.n), EXCITING_NS, DELAY_S, receptor="exc")
    inhibits = rules.pairwise(INPUTS[1] / inh.n)
    net.connect(inh, inh, inhibits, INHIBITING_NS, DELAY_S, receptor="inh")
    learns = plasticity.inhibitory(tau_s=20e-3, rate=rate_ns, target_hz=target_hz, largest=LARGEST_NS)
    net.connect(inh, exc, inhibits, 0.0, DELAY_S, receptor="inh", plasticity=learns)
    return net
