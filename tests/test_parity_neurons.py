"""Neuron models beyond LIF beside SpikingJelly's: spikes, membranes, gradients of the input and of what is learnt.

Skipped where it is missing. Its comparison is >=, ours >: in float64 no membrane of these is at its threshold.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from test_parity_semantics import current, weighed

from spikenet.graph import Tensor
from spikenet.layers import Sequential, cast, record
from spikenet.layers.integrate import euler
from spikenet.layers.nonlinear import ExponentialIF, QuadraticIF
from spikenet.layers.trained_lif import KLIF, GatedLIF, ParametricLIF
from spikenet.neurons import reset

torch = pytest.importorskip("torch", reason="parity is checked where torch is installed")
neuron = pytest.importorskip("spikingjelly.activation_based.neuron")
theirs = pytest.importorskip("spikingjelly.activation_based.surrogate")
pytestmark = [pytest.mark.usefixtures("interpreted"), pytest.mark.filterwarnings("ignore")]
STEPS = {"step_mode": "m", "store_v_seq": True}
DT_S = 1e-3


def compare(layer, node, x, learnt=()):
    """learnt: (our parameter, theirs) whose gradients are to agree."""
    layer, node = cast(layer, np.float64), node.double()
    layer.rest["v"] = node.v_reset or 0.0  # where SpikingJelly begins
    (kept,) = record(Sequential(layer), x)
    ours, leaf = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    y, states = layer.run(ours)
    weighed(y, states[0]).backward()
    spikes = node(leaf)
    membranes = node.v_seq if hasattr(node, "v_seq") else None
    weighed(spikes, node.v if membranes is None else membranes[-1]).backward()
    np.testing.assert_array_equal(y.data, spikes.detach().numpy())
    assert 0.05 < y.data.mean() < 0.7
    if membranes is not None:
        np.testing.assert_allclose(kept.states["v"], membranes.detach().numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ours.grad, leaf.grad.numpy(), rtol=1e-5, atol=1e-5 * np.abs(ours.grad).max())
    for a, b in learnt:
        np.testing.assert_allclose(a.grad, b.grad.numpy().reshape(a.shape), rtol=1e-5)


ATAN = {"surrogate_function": theirs.ATan(alpha=2.0)}


@pytest.mark.parametrize("detach", [True, False])
def test_quadratic_if(detach):
    after = reset.detached_to_value if detach else reset.to_value
    layer = QuadraticIF(method=euler, tau_mem_s=5e-3, reset_value=-0.1, reset=after)
    node = neuron.QIFNode(tau=5.0, v_reset=-0.1, detach_reset=detach, **ATAN, **STEPS)
    compare(layer, node, current(scale=4.0))


@pytest.mark.parametrize("detach", [True, False])
def test_exponential_if(detach):
    after = reset.detached_to_value if detach else reset.to_value
    layer = ExponentialIF(
        method=euler,
        tau_mem_s=5e-3,
        v_rest=0.0,
        v_rheobase=0.8,
        slope=0.5,
        threshold=1.0,
        reset_value=-0.1,
        reset=after,
    )
    node = neuron.EIFNode(tau=5.0, delta_T=0.5, v_reset=-0.1, detach_reset=detach, **ATAN, **STEPS)
    compare(layer, node, current(scale=3.0))


def test_parametric_lif():
    layer = ParametricLIF(tau_mem_s=3e-3)
    node = neuron.ParametricLIFNode(init_tau=3.0, v_reset=None, detach_reset=True, **ATAN, **STEPS)
    layer.values["rate"].data = np.float64(node.w.item())
    compare(layer, node, current(scale=3.0), [(layer.values["rate"], node.w)])


def test_klif():
    layer = KLIF(tau_mem_s=-DT_S / math.log(1 - 1 / 4), gain=1.3)
    node = neuron.KLIFNode(tau=4.0, decay_input=False, v_reset=None, detach_reset=True, **ATAN, **STEPS)
    node.k.data = torch.tensor(1.3)
    layer.values["gain"].data = np.float64(np.float32(1.3))
    compare(layer, node, current(scale=1.0), [(layer.values["gain"], node.k)])


def test_gated_lif():
    """Its parameters are logits; the conductance is one for all steps here."""
    x = current(scale=1.0)
    node = neuron.GatedLIFNode(T=len(x), inplane=None, surrogate_function=theirs.ATan(alpha=2.0))
    node.conduct.data[:] = 0.4
    node = node.double()
    names = {
        "decay_gate": node.alpha, "input_gate": node.beta, "reset_gate": node.gamma, "keep": node.tau,
        "linear_decay": node.linear_decay, "soft_reset": node.v_subreset, "threshold": node.v_threshold,
    }  # fmt: skip
    values = {name: torch.sigmoid(p).item() for name, p in names.items()}
    layer = GatedLIF(conductance=1 / (1 + math.exp(-0.4)), learn=(), **values)
    ours, leaf = Tensor(x, requires_grad=True), torch.tensor(x[..., None, None], requires_grad=True)
    y, wanted = layer(ours), node(leaf)
    np.testing.assert_array_equal(y.data, wanted.detach().numpy()[..., 0, 0])
    assert 0.05 < y.data.mean() < 0.7
    weights = np.random.default_rng(1).normal(size=x.shape)
    (y * weights).sum().backward()
    (wanted[..., 0, 0] * torch.tensor(weights)).sum().backward()
    gradient = leaf.grad.numpy()[..., 0, 0]
    np.testing.assert_allclose(ours.grad, gradient, rtol=1e-5, atol=1e-5 * np.abs(gradient).max())
