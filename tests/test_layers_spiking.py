"""The spiking layer: a user's own neuron everywhere a built-in goes, its parameters, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from gradients import as_function, numbers

from spikenet import graph
from spikenet.graph import Tensor, check_gradient
from spikenet.layers import IF, LI, LIF, CubaLIF, Izhikevich, LeakyRate, LIFRate, Linear, Sequential, Spiking, record
from spikenet.neurons import izhikevich, lif, primitives, reset, surrogate
from spikenet.neurons.primitives import spike


def adaptive_lif(p, v, a, current):
    """Bellec et al. 2018: the threshold rises with every spike and recovers."""
    v = p.leak * v + current
    a = p.recover * a
    fired = spike(v - (p.threshold + a))
    return reset.to_zero(p, v, fired), a + p.jump * fired, fired


VALUES = {"leak": 0.9, "recover": 0.95, "threshold": 0.6, "jump": 0.3}


def own(**more):
    return Spiking(adaptive_lif, **(VALUES | more))


# A user's own neuron


def test_own_neuron_computes_what_it_says(rng, interpreted):
    x, v, a = rng.normal(0.3, 0.5, (50, 1, 1)), 0.0, 0.0
    wanted = []
    for current in x.ravel():
        v, a = 0.9 * v + current, 0.95 * a
        fired = v > 0.6 + a
        v, a = (0.0 if fired else v), a + 0.3 * fired
        wanted.append(float(fired))
    spikes, (v_last, a_last) = own().run(x)
    assert spikes.data.ravel().tolist() == wanted
    assert 5 < sum(wanted) < 45
    assert v_last.data.item() == v
    assert a_last.data.item() == a


def test_own_neuron_adapts(interpreted):
    """Under constant current its intervals grow."""
    spikes = own()(np.full((200, 1, 1), 0.2)).data.ravel()
    intervals = np.diff(np.flatnonzero(spikes))
    assert intervals[0] < intervals[-1]


def test_own_neuron_is_differentiated_and_counted(rng, interpreted):
    learnt = ("leak", "recover", "threshold", "jump")
    layer = own(learn=learnt, smooth=True)
    states = [rng.normal(size=(2, 3)), rng.normal(size=(2, 3))]
    check_gradient(as_function(layer, learnt), rng.normal(0.3, 1, (5, 2, 3)), *states, *numbers(layer, learnt))
    # leak v + x; recover a; threshold + a; v - that, compared; v (1 - fired); a + jump fired
    assert own().model.operations == {"multiply": 4, "add": 5, "compare": 1}
    assert own().model.spikes


def test_own_neuron_in_a_net_learns(rng):
    """Compiled, with its parameters trained: loss falls and every parameter named in `learn` moves."""
    net = Sequential(Linear(4, 6, seed=0), own(learn=("threshold", "jump")), Linear(6, 2, seed=1), LI())
    x, target = rng.random((10, 8, 4)).astype(np.float32) * 2, rng.normal(size=(8, 2)).astype(np.float32)
    before = {name: p.data.copy() for name, p in net.parameters().items()}
    losses = []
    for _ in range(30):
        loss = graph.mean((net(x)[-1] - target) ** 2)
        loss.backward()
        losses.append(loss.item())
        for p in net.parameters().values():
            p.data = p.data - 0.003 * p.grad
            p.grad = None
    assert losses[-1] < 0.7 * losses[0], losses
    assert {"1.threshold", "1.jump"} <= before.keys()
    for name, p in net.parameters().items():
        assert not np.array_equal(p.data, before[name]), name


def test_own_neuron_is_recorded(rng, interpreted):
    x = rng.normal(0.3, 0.5, (20, 2, 3))
    (kept,) = record(Sequential(own()), x)
    assert kept.name == "0 adaptive_lif"
    assert list(kept.states) == ["v", "a"]
    state = None
    for t in range(20):
        _, state = own().run(x[t : t + 1], state)
        np.testing.assert_array_equal(kept.states["v"][t], state[0].data)
        np.testing.assert_array_equal(kept.states["a"][t], state[1].data)


def test_own_stateless_neuron_takes_any_leading_axes(rng, interpreted):
    layer = Spiking(lambda p, x: p.gain * primitives.tanh(x), gain=np.array([1.0, 2.0, 3.0]), learn=("gain",))
    x = rng.normal(size=(4, 2, 3))
    for one in (x, x[0], x[0, 0]):
        np.testing.assert_allclose(layer(one).data, np.float32([1, 2, 3]) * np.tanh(one), rtol=1e-12)
    leaf = Tensor(x, requires_grad=True)
    layer(leaf).sum().backward()
    np.testing.assert_allclose(layer.values["gain"].grad, np.tanh(x).sum(axis=(0, 1)), rtol=1e-6)
    held = layer(np.broadcast_to(x[0], x.shape))
    assert held.repeated is not None
    assert layer(np.zeros((0, 3))).shape == (0, 3)
    assert Spiking(lambda p, x: 2.0 * x)(np.float64(3)).item() == 6


def test_own_reset(interpreted):
    """A reset is a function too: here to one half of the membrane."""
    layer = LIF(reset=lambda p, v, fired: v - 0.5 * v * fired)
    _, (v,) = layer.run(np.full((1, 1, 1), 3.0))
    assert v.data.item() == 1.5


def test_own_surrogate(interpreted):
    """A straight-through estimator is a surrogate like any other."""
    straight = surrogate.Surrogate(
        "straight", "slope", 1.0, lambda u, slope: slope + 0.0 * u, lambda u, slope: slope * u
    )
    x = Tensor(np.array([[[0.3, 2.0]]]), requires_grad=True)
    LIF(surrogate=straight)(x).sum().backward()
    assert x.grad.ravel().tolist() == [1, 1]


# Parameters


def test_learnt_parameters_are_float32_copies_with_names_and_bounds():
    leak = np.full(3, 0.5, np.float32)
    layer = Spiking(lif.step, leak=leak, threshold=1.0, learn=("leak", "threshold"))
    assert list(layer.parameters()) == ["leak", "threshold"]
    learnt = layer.parameters()["leak"]
    assert learnt.requires_grad
    assert learnt.name == "leak"
    assert learnt.bounds == (0.0, 1.0)
    assert learnt.dtype == np.float32
    assert layer.parameters()["threshold"].bounds is None
    learnt.data[...] = 0
    assert leak.tolist() == [0.5] * 3


def test_what_is_not_learnt_is_no_parameter():
    layer = LIF()
    assert layer.parameters() == {}
    assert not any(value.requires_grad for value in layer.values.values())
    assert list(layer.values) == ["leak", "threshold", "surrogate_alpha"]


def test_time_constants_become_leaks():
    layer = CubaLIF(tau_mem_s=[10e-3, 20e-3], tau_syn_s=4e-3, dt_s=2e-3)
    np.testing.assert_allclose(layer.values["leak"].data, [math.exp(-0.2), math.exp(-0.1)], rtol=1e-15)
    assert layer.values["syn_leak"].data.item() == pytest.approx(math.exp(-0.5), rel=1e-15)


def test_states_begin_at_rest(interpreted):
    def step(p, v, w, x):
        return v + x, w, v + w

    layer = Spiking(step, rest={"v": -65.0})
    _, (v, w) = layer.run(np.zeros((1, 2, 3)))
    assert (v.data == -65).all()
    assert (w.data == 0).all()
    (kept,) = record(Sequential(layer), np.ones((2, 1, 1)))
    assert kept.states["v"].ravel().tolist() == [-64, -63]


def test_a_parameter_per_neuron_must_fit_the_input(interpreted):
    layer = LIF(threshold=np.ones(4))
    assert layer(np.zeros((2, 1, 4))).shape == (2, 1, 4)
    with pytest.raises(ValueError, match=r"LIF: threshold of shape \(4,\) does not broadcast to neurons \(3,\)"):
        layer(np.zeros((2, 1, 3)))
    with pytest.raises(ValueError, match=r"LIF: threshold of shape \(2, 4\) does not broadcast to neurons \(4,\)"):
        LIF(threshold=np.ones((2, 4)))(np.zeros((2, 1, 4)))


BAD_VALUES = [
    (lambda: LIF(tau_mem_s=0), ValueError, "LIF: tau_mem_s: expected values > 0, got 0.0"),
    (lambda: LIF(tau_mem_s=[1e-3, -1e-3]), ValueError, "LIF: tau_mem_s: expected values > 0, got -0.001"),
    (lambda: LIF(tau_mem_s=math.nan), ValueError, "LIF: tau_mem_s: expected finite values, got nan"),
    (lambda: LIF(tau_mem_s=math.inf), ValueError, "LIF: tau_mem_s: expected finite values, got inf"),
    (lambda: LIF(tau_mem_s="slow"), TypeError, "LIF: tau_mem_s: expected numbers, got 'slow'"),
    (lambda: LIF(dt_s=0), ValueError, "LIF: dt_s: expected a number > 0, got 0.0"),
    (lambda: LIF(dt_s=[1e-3, 2e-3]), TypeError, "LIF: dt_s: expected a number, got"),
    (lambda: CubaLIF(tau_syn_s=-1), ValueError, "CubaLIF: tau_syn_s: expected values > 0, got -1.0"),
    (lambda: LI(dt_s=math.nan), ValueError, "LI: dt_s: expected a finite number, got nan"),
    (lambda: LeakyRate(tau_s=0), ValueError, "LeakyRate: tau_s: expected values > 0"),
    (lambda: IF(threshold=0), ValueError, "IF: threshold: expected values > 0, got 0.0"),
    (
        lambda: IF(threshold=[1.0, math.inf]),
        ValueError,
        r"IF: threshold: expected finite values, got inf at index \(1,\)",
    ),
    (lambda: LIF(reset=reset.to_value, reset_value=math.nan), ValueError, "LIF: reset_value: expected finite values"),
    (lambda: LIF(reset=reset.to_value), TypeError, "LIF: reset to_value needs reset_value"),
    (lambda: LIF(reset=reset.detached(reset.to_value)), TypeError, "LIF: reset to_value needs reset_value"),
    (lambda: LIF(reset_value=0.5), TypeError, r"LIF: unknown parameters \['reset_value'\]"),
    (lambda: LIF(reset="subtract"), TypeError, "reset: expected a function, got 'subtract'"),
    (
        lambda: LIF(surrogate="atan"),
        TypeError,
        "LIF: surrogate: expected one of sn.surrogate, such as atan, got 'atan'",
    ),
    (lambda: LIF(surrogate=math.atan), TypeError, "LIF: surrogate: expected one of sn.surrogate"),
    (lambda: LIF(learn="leak"), TypeError, r'LIF: learn: expected a tuple of names such as \("leak",\), got \'leak\''),
    (lambda: LI(learn=None), TypeError, "LI: learn: expected a tuple of names"),
    (
        lambda: LIF(learn=("tau_mem_s",)),
        ValueError,
        r"LIF: learn: \['tau_mem_s'\] cannot be learnt; \['leak', 'threshold'\] can",
    ),
    (lambda: LIFRate(refractory_s=-1e-3), ValueError, "LIFRate: refractory_s: expected values >= 0, got -0.001"),
    (lambda: LIFRate(softness=0), ValueError, "LIFRate: softness: expected a number > 0"),
    (lambda: LIFRate(amplitude=math.nan), ValueError, "LIFRate: amplitude: expected finite values"),
    (lambda: LeakyRate(activation="tanh"), TypeError, "activation: expected a function, got 'tanh'"),
    (lambda: own(leak=1j), TypeError, "adaptive_lif: leak: expected real numbers, got complex128"),
    (lambda: own(leak="0.9s"), TypeError, "adaptive_lif: leak: expected numbers, got '0.9s'"),
    (
        lambda: own(tau=1.0),
        TypeError,
        r"adaptive_lif: unknown parameters \['tau'\]; the step asks for \['leak', 'recover'",
    ),
    (lambda: Spiking(adaptive_lif, leak=0.9), TypeError, r"missing parameters \['recover', 'threshold', 'jump'\]"),
    (lambda: own(rest={"u": 0.0}), ValueError, r"adaptive_lif: rest: no states \['u'\]; there are \['v', 'a'\]"),
    (lambda: own(rest={"v": math.nan}), ValueError, "adaptive_lif: rest: v: expected a finite number, got nan"),
    (lambda: own(rest={"v": "low"}), TypeError, "adaptive_lif: rest: v: expected a number, got 'low'"),
    (
        lambda: Spiking(lambda p, v, x: (v, p.rest * x), rest=1.0),
        TypeError,
        r"parameters \['rest'\] are arguments of Spiki",
    ),
]


@pytest.mark.parametrize(("make", "error", "message"), BAD_VALUES)
def test_bad_values(make, error, message):
    with pytest.raises(error, match=message):
        make()


# Input and state


@pytest.mark.parametrize("shape", [(), (3,), (3, 4), (0, 1, 4), (3, 0, 4), (3, 1, 0)])
def test_input_needs_time_batch_and_neurons(shape):
    with pytest.raises(
        ValueError, match=r"LIF: expected input \(steps, batch, neurons\.\.\.\) without empty axes, got"
    ):
        LIF()(np.zeros(shape))


def test_wrong_states(interpreted):
    layer, x = CubaLIF(), np.zeros((3, 2, 4))
    v = np.zeros((2, 4))
    for state, error, message in (
        ((v,), ValueError, r"CubaLIF: expected a state of 2 parts \(i, v\), got 1 parts"),
        ((v, v, v), ValueError, r"got 3 parts"),
        ((v, v[:1]), ValueError, r"CubaLIF: expected state 'v' of shape \(2, 4\) .* got \(1, 4\)"),
        ((v, 0.0), ValueError, r"CubaLIF: expected state 'v' of shape \(2, 4\) .* got \(\)"),
        ((v, v + np.inf), ValueError, "CubaLIF: state: expected finite input, got inf"),
        (v, TypeError, "CubaLIF: expected a state as run"),
        (Tensor(v), TypeError, "CubaLIF: expected a state as run"),
        ("rest", TypeError, "CubaLIF: expected a state as run"),
    ):
        with pytest.raises(error, match=message):
            layer.run(x, state)
    np.testing.assert_array_equal(layer.run(x, [v, v])[0].data, layer(x).data)


def test_repr_shows_what_was_given():
    assert repr(LIF(tau_mem_s=10e-3)) == "LIF(tau_mem_s=0.01, dt_s=0.001, threshold=1)"
    assert repr(LIF(threshold=np.ones(3))) == "LIF(tau_mem_s=0.02, dt_s=0.001, threshold=<(3,)>)"
    other = LIF(reset=reset.detached(reset.to_zero), surrogate=surrogate.box)
    assert repr(other).endswith("threshold=1, reset=detached(to_zero), surrogate=box(half_width=0.5))")
    assert "kind=(a=0.02, b=0.2, c=-50, d=2)" in repr(Izhikevich(izhikevich.chattering))
    assert repr(own()) == "adaptive_lif(leak=0.9, recover=0.95, threshold=0.6, jump=0.3, surrogate_alpha=2)"
