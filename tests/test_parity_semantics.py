"""LIF and CubaLIF with the semantics of other packages, beside those packages: spikes, membranes and gradients.

Skipped where a package is missing; none of them is a dependency. Everything in float64, so that a spike at the
threshold falls the same way on both sides. Left out are what those packages do by mistake: the gradient of Norse 1.1's
SuperSpike (another surrogate is used), snnTorch's Lapicque and Sinabs' adaptive input.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from spikenet.graph import Tensor
from spikenet.layers import LIF, CubaLIF, Sequential, record
from spikenet.neurons import semantics, surrogate

torch = pytest.importorskip("torch", reason="parity is checked where torch is installed")
pytestmark = [
    pytest.mark.usefixtures("interpreted"),
    pytest.mark.filterwarnings("ignore"),  # the packages' own
]
TAU_S, TAU_SYN_S, DT_S = 4e-3, 3e-3, 1e-3
ALPHA, BETA = math.exp(-DT_S / TAU_S), math.exp(-DT_S / TAU_SYN_S)


def current(seed=0, scale=1.0):
    return np.random.default_rng(seed).normal(0.35 * scale, 0.7 * scale, (30, 3, 5))


def ours(name, cuba, curve, x):
    """(spikes, membranes, gradient of the input)."""
    make = CubaLIF if cuba else LIF
    more = {"tau_syn_s": TAU_SYN_S} if cuba else {}
    layer = make(tau_mem_s=TAU_S, dt_s=DT_S, semantics=getattr(semantics, name), surrogate=curve, **more)
    (kept,) = record(Sequential(layer), x)
    leaf = Tensor(x, requires_grad=True)
    y, states = layer.run(leaf)
    weighed(y, states[-1]).backward()
    return kept.output, kept.states["v"], leaf.grad


def weighed(y, v):
    """A loss in which every spike and every last membrane counts differently."""
    a = np.random.default_rng(1).normal(size=y.shape)
    b = np.random.default_rng(2).normal(size=v.shape)
    if isinstance(y, Tensor):
        return (y * a).sum() + (v * b).sum()
    return (y * torch.tensor(a)).sum() + (v * torch.tensor(b)).sum()


def compare(name, cuba, curve, step, x):
    """step(torch current (batch, n), state or None) -> (spikes, membrane, state)."""
    leaf = torch.tensor(x, requires_grad=True)
    state, spikes, membranes = None, [], []
    for t in range(len(x)):
        fired, v, state = step(leaf[t], state)
        spikes.append(fired)
        membranes.append(v)
    weighed(torch.stack(spikes), membranes[-1]).backward()
    agree(name, cuba, curve, x, torch.stack(spikes), torch.stack(membranes), leaf.grad)


def agree(name, cuba, curve, x, spikes, membranes, gradient):
    our_spikes, our_membranes, our_gradient = ours(name, cuba, curve, x)
    spikes = spikes.detach().numpy()
    np.testing.assert_array_equal(our_spikes, spikes)
    assert 0.05 < (spikes != 0).mean() < 0.7, "the input must make neurons fire, and not always"
    np.testing.assert_allclose(our_membranes, membranes.detach().numpy(), rtol=1e-5, atol=1e-6)
    largest = np.abs(gradient.numpy()).max()
    assert largest > 0
    np.testing.assert_allclose(our_gradient, gradient.numpy(), rtol=1e-5, atol=1e-5 * largest)


SNNTORCH = {
    "snntorch_subtract": {"reset_mechanism": "subtract"},
    "snntorch_zero": {"reset_mechanism": "zero"},
    "snntorch_none": {"reset_mechanism": "none"},
    "snntorch_subtract_now": {"reset_mechanism": "subtract", "reset_delay": False},
}


@pytest.mark.parametrize("name", SNNTORCH)
@pytest.mark.parametrize("cuba", [False, True], ids=["Leaky", "Synaptic"])
def test_snntorch(name, cuba):
    snn = pytest.importorskip("snntorch")
    grad = snn.surrogate.atan(alpha=2.0)
    if cuba:
        neuron = snn.Synaptic(alpha=BETA, beta=ALPHA, spike_grad=grad, **SNNTORCH[name])
    else:
        neuron = snn.Leaky(beta=ALPHA, spike_grad=grad, **SNNTORCH[name])
    neuron = neuron.double()

    def step(x, state):
        start = torch.zeros_like(x)
        if cuba:
            fired, i, v = neuron(x, *(state or (start, start)))
            return fired, v, (i, v)
        fired, v = neuron(x, start if state is None else state)
        return fired, v, v

    for p in (neuron.alpha, neuron.beta) if cuba else (neuron.beta,):
        p.data = torch.tensor(BETA if cuba and p is neuron.alpha else ALPHA, dtype=torch.float64)
    compare(name, cuba, surrogate.atan(2.0), step, current(scale=0.5 if cuba else 1.0))


SPIKINGJELLY = {  # hard or soft reset, detached, decay_input
    "spikingjelly_hard": (0.0, False, True),
    "spikingjelly_hard_detach": (0.0, True, True),
    "spikingjelly_soft": (None, False, True),
    "spikingjelly_soft_detach": (None, True, True),
    "spikingjelly_hard_undecayed": (0.0, False, False),
    "spikingjelly_soft_detach_undecayed": (None, True, False),
}


@pytest.mark.parametrize("name", SPIKINGJELLY)
@pytest.mark.parametrize("curve", ["atan", "sigmoid"])
def test_spikingjelly(name, curve):
    base = pytest.importorskip("spikingjelly.activation_based")
    from spikingjelly.activation_based import neuron
    from spikingjelly.activation_based import surrogate as theirs

    assert base
    v_reset, detach, decays = SPIKINGJELLY[name]
    node = neuron.LIFNode(
        tau=TAU_S / DT_S, decay_input=decays, v_reset=v_reset, detach_reset=detach, step_mode="m", store_v_seq=True,
        surrogate_function=theirs.ATan(alpha=2.0) if curve == "atan" else theirs.Sigmoid(alpha=4.0),
    )  # fmt: skip
    x = current(scale=3.0 if decays else 1.0)
    leaf = torch.tensor(x, requires_grad=True)
    spikes = node(leaf)
    weighed(spikes, node.v_seq[-1]).backward()
    ours_curve = surrogate.atan(2.0) if curve == "atan" else surrogate.sigmoid(4.0)
    agree(name, False, ours_curve, x, spikes, node.v_seq, leaf.grad)


def test_spikingjelly_fires_at_the_threshold_itself():
    one = np.ones((1, 1, 1))
    fired = LIF(semantics=semantics.spikingjelly_hard_undecayed)(one).data
    assert fired.item() == 1
    assert LIF()(one).data.item() == 0


NORSE = {"norse_lif": "lif", "norse_lifbox": "box", "norse_lifbox_subtract": "subtract"}


@pytest.mark.parametrize("name", NORSE)
def test_norse(name):
    norse = pytest.importorskip("norse.torch.functional")
    from norse.torch.functional import lif, lif_box, reset

    assert norse
    rates = {"tau_mem_inv": torch.tensor(1 / TAU_S, dtype=torch.float64), "method": "triangle", "alpha": 0.3}
    cuba = name == "norse_lif"
    if cuba:
        p = lif.LIFParameters(
            tau_syn_inv=torch.tensor(1 / TAU_SYN_S, dtype=torch.float64), v_th=torch.tensor(1.0), **rates
        )
    else:
        more = {"reset_method": reset.reset_subtract} if name.endswith("subtract") else {}
        p = lif_box.LIFBoxParameters(v_th=torch.tensor(1.0), **rates, **more)

    def step(x, state):
        start = torch.zeros_like(x)
        if cuba:
            fired, after = lif.lif_feed_forward_step(x, state or lif.LIFFeedForwardState(start, start), p, dt=DT_S)
        else:
            fired, after = lif_box.lif_box_feed_forward_step(
                x, state or lif_box.LIFBoxFeedForwardState(start), p, dt=DT_S
            )
        return fired, after.v, after

    compare(name, cuba, surrogate.low_triangle(0.3), step, current(scale=1.5 if cuba else 3.0))


@pytest.mark.parametrize("name", ["sinabs", "sinabs_single"])
@pytest.mark.parametrize("cuba", [False, True], ids=["LIF", "with tau_syn"])
def test_sinabs(name, cuba):
    layers = pytest.importorskip("sinabs.layers")
    import sinabs.activation as activation

    neuron = layers.LIF(
        tau_mem=TAU_S / DT_S, tau_syn=TAU_SYN_S / DT_S if cuba else None, record_states=True,
        spike_fn=activation.MultiSpike if name == "sinabs" else activation.SingleSpike,
        surrogate_grad_fn=activation.SingleExponential(),
    ).double()  # fmt: skip
    neuron.tau_mem.data = torch.tensor(TAU_S / DT_S, dtype=torch.float64)
    if cuba:
        neuron.tau_syn.data = torch.tensor(TAU_SYN_S / DT_S, dtype=torch.float64)
    x = current(scale=3.0)
    leaf = torch.tensor(x, requires_grad=True)
    spikes = neuron(leaf.transpose(0, 1)).transpose(0, 1)
    v = neuron.v_mem
    weighed(spikes, v).backward()
    membranes = neuron.recordings["v_mem"].transpose(0, 1)
    agree(name, cuba, surrogate.single_exponential(0.5), x, spikes, membranes, leaf.grad)
    assert name == "sinabs_single" or spikes.max() > 1


def test_rockpool():
    torch_modules = pytest.importorskip("rockpool.nn.modules")
    neuron = torch_modules.LIFTorch((5,), tau_mem=TAU_S, tau_syn=TAU_SYN_S, dt=DT_S, threshold=1.0, bias=0.0)
    x = current(scale=0.8).astype(np.float32).astype(np.float64)  # it mixes in weights of float32, whatever is asked
    leaf = torch.tensor(x, dtype=torch.float32, requires_grad=True)
    spikes, _, kept = neuron(leaf.transpose(0, 1), record=True)
    spikes, membranes = spikes.transpose(0, 1), kept["vmem"].transpose(0, 1)
    weighed(spikes, membranes[-1]).backward()
    agree("rockpool", True, surrogate.window(0.5), x, spikes, membranes, leaf.grad)
    assert spikes.max() > 1


@pytest.mark.parametrize("cuba", [False, True], ids=["LIF", "CuBaLIF"])
def test_spyx(cuba):
    jax = pytest.importorskip("jax")
    spyx = pytest.importorskip("spyx")
    from flax import nnx

    x = current(scale=0.5 if cuba else 1.0)
    with jax.enable_x64(True):
        more = {"activation": spyx.axn.tanh(2.0), "rngs": nnx.Rngs(0)}
        if cuba:
            neuron = spyx.nn.CuBaLIF((5,), alpha=BETA, beta=ALPHA, **more)
        else:
            neuron = spyx.nn.LIF((5,), beta=ALPHA, **more)
        for p, value in ((neuron.beta, ALPHA), *(((neuron.alpha, BETA),) if cuba else ())):
            p[...] = jax.numpy.asarray(value, dtype=jax.numpy.float64)
        a, b = np.random.default_rng(1).normal(size=x.shape), np.random.default_rng(2).normal(size=x.shape[1:])

        def run(given):
            state, spikes, membranes = jax.numpy.zeros((3, 10 if cuba else 5)), [], []
            for t in range(len(x)):
                fired, state = neuron(given[t], state)
                spikes.append(fired)
                membranes.append(state[:, :5])
            spikes, membranes = jax.numpy.stack(spikes), jax.numpy.stack(membranes)
            return (spikes * a).sum() + (membranes[-1] * b).sum(), (spikes, membranes)

        (_, (spikes, membranes)), gradient = jax.value_and_grad(run, has_aux=True)(jax.numpy.asarray(x))
    theirs = (torch.tensor(np.array(part, np.float64)) for part in (spikes, membranes, gradient))
    agree("spyx", cuba, surrogate.tanh(2.0), x, *theirs)


def test_bindsnet():
    """Spikes and membranes; BindsNET has no gradients. In float32, as it computes."""
    nodes = pytest.importorskip("bindsnet.network.nodes", exc_type=ImportError)
    neuron = nodes.LIFNodes(n=5, thresh=1.0, rest=0.0, reset=0.0, refrac=0, tc_decay=TAU_S / DT_S)
    neuron.compute_decays(1.0)
    neuron.set_batch_size(3)
    x, spikes, membranes = current().astype(np.float32), [], []
    for row in x:
        neuron.forward(torch.tensor(row.copy()))  # it changes its input
        spikes.append(neuron.s.numpy().copy())
        membranes.append(neuron.v.numpy().copy())
    (kept,) = record(Sequential(LIF(tau_mem_s=TAU_S, dt_s=DT_S, semantics=semantics.bindsnet)), x)
    np.testing.assert_array_equal(kept.output, np.reshape(spikes, x.shape))
    np.testing.assert_allclose(kept.states["v"], np.reshape(membranes, x.shape), rtol=1e-5, atol=1e-6)
    assert 0.05 < np.mean(spikes) < 0.7
