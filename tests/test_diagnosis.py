"""`diagnose` on nets with known faults; `check_gradient` of nets, right and spoiled."""

from __future__ import annotations

import numpy as np
import pytest

import spikenet as sn
from spikenet.diagnosis import gradients as gradients_file
from spikenet.neurons.primitives import spike, stop_gradient

LABELS = np.array([1, 0])


def adaptive(p, v, a, current):
    v = p.leak * v + current
    fired = spike(v - p.threshold - p.beta * a)
    return v - p.threshold * stop_gradient(fired), p.recover * a + fired, fired


@pytest.fixture
def x(rng):
    return (rng.random((12, 2, 4)) < 0.5).astype(np.float32)


def two_layers(rng, scale=3.0):
    made = sn.Sequential(
        sn.Linear(4, 6, seed=rng), sn.LIF(tau_mem_s=10e-3), sn.Linear(6, 2, seed=rng), sn.LI(tau_mem_s=10e-3)
    )
    made.layers[0].weight.data = made.layers[0].weight.data * np.float32(scale)
    return made


def test_rates_dead_and_saturated_neurons_are_counted(x, rng):
    made = two_layers(rng)
    made.layers[0].weight.data[:, 0], made.layers[0].bias.data[0] = 0, -1  # dead
    made.layers[0].weight.data[:, 1], made.layers[0].bias.data[1] = 0, 2  # fires at every step
    found = sn.diagnose(made, x)
    layer, readout = found.layers
    spikes = made.layers[1](made.layers[0](x)).data
    assert layer.name == "1 LIF"
    assert np.allclose(layer.rates, spikes.mean(axis=(0, 1)))
    assert layer.dead == (spikes.sum(axis=(0, 1)) == 0).sum() >= 1
    assert layer.saturated == 1
    assert layer.rate_counts.sum() == 6
    assert layer.membrane_counts.sum() == spikes.size
    assert (readout.name, readout.fires, readout.dead) == ("3 LI", False, None)


def test_membranes_are_those_that_are_compared(x, rng):
    """The part of the histogram above 0 is the number of spikes."""
    layer = sn.diagnose(two_layers(rng), x, bins=400).layers[0]
    n_spikes = layer.rates.sum() * 24
    surely = layer.membrane_counts[layer.membrane_edges[:-1] > 0].sum()
    perhaps = layer.membrane_counts[layer.membrane_edges[1:] > 0].sum()
    assert surely <= n_spikes + 1e-3
    assert n_spikes <= perhaps + 1e-3


def test_error_norms_are_the_loss_gradient_in_each_output(x, rng):
    made = two_layers(rng)
    found = sn.diagnose(made, x, LABELS, loss=sn.loss.sum_membrane_cross_entropy)
    hidden = sn.Tensor(made.layers[1](made.layers[0](x)).data, requires_grad=True)
    y = made.layers[3](made.layers[2](hidden))
    sn.loss.sum_membrane_cross_entropy(y, LABELS).backward()
    expected = np.sqrt((hidden.grad.astype(np.float64) ** 2).sum(axis=(1, 2)))
    assert np.allclose(found.layers[0].error_norms, expected, rtol=1e-5)
    for p in made.parameters().values():
        p.grad = None
    sn.loss.sum_membrane_cross_entropy(made(x), LABELS).backward()
    for name, p in made.parameters().items():
        assert found.gradient_norms[name] == pytest.approx(np.linalg.norm(p.grad), rel=1e-5)
        p.grad = None


def test_the_suggested_gain_does_what_it_says(x, rng):
    made = two_layers(rng, scale=0.1)
    made.layers[0].bias.data[:] = 0.01
    found = sn.diagnose(made, x, rate=0.1)
    assert found.layers[0].dead == 6
    assert any("never fire; scale the weights in front by" in said for said in found.advice)
    for p in (made.layers[0].weight, made.layers[0].bias):
        p.data = p.data * np.float32(found.layers[0].gain)
    assert sn.diagnose(made, x).layers[0].rates.mean() == pytest.approx(0.1, abs=0.02)


def test_diagnosis_reads_as_a_table_and_changes_nothing(x, rng):
    made = sn.Sequential(sn.Linear(4, 5, seed=rng), sn.Recurrent(sn.LIF(), 5, seed=rng), sn.Sequential(sn.LI()))
    before = made(x).data.copy()
    text = str(sn.diagnose(made, x))
    assert "1 Recurrent LIF" in text
    assert "2.0 LI" in text
    assert "gradient norms: 0.weight" in text
    assert np.array_equal(made(x).data, before)
    assert all(p.grad is None for p in made.parameters().values())


def test_late_loops_are_diagnosed_as_loops(x, rng):
    """With no delay a table is that of Recurrent; the gain of a delayed one is found from what its neurons receive."""
    tables = []
    for make in (sn.Recurrent, lambda *a, **k: sn.DelayedRecurrent(*a, delays=0, **k)):
        made = sn.Sequential(sn.Linear(4, 5, seed=0), make(sn.LIF(), 5, seed=1), sn.LI())
        tables.append(str(sn.diagnose(made, x)).replace("1 DelayedRecurrent LIF", "1 Recurrent LIF").split())
    assert tables[0] == tables[1]


NETS = {  # detached and attached, without and with recurrence, learnt parameters of neurons, a layer that is no neuron
    "LIF": lambda rng: two_layers(rng),
    "millivolts": lambda rng: sn.Sequential(  # where differences over a short way are all rounding
        sn.Linear(4, 3, seed=rng), sn.Izhikevich(), sn.Linear(3, 2, seed=rng)
    ),
    "no step function": lambda rng: sn.Sequential(
        sn.Linear(4, 3, seed=rng), sn.SlidingSpiking(3), sn.Linear(3, 2, seed=rng)
    ),
    "recurrent": lambda rng: sn.Sequential(
        sn.Linear(4, 3, seed=rng),
        sn.Recurrent(
            sn.Spiking(adaptive, leak=0.9, threshold=1.0, beta=0.3, recover=0.8, learn=("beta", "leak")), 3, seed=rng
        ),
        sn.Residual(sn.Linear(3, 3, seed=rng), sn.Tanh()),
    ),
}


@pytest.mark.parametrize("name", NETS)
def test_right_gradients_pass(name, x, rng):
    made = NETS[name](rng)
    found = sn.check_gradient(made, x)
    assert [one.name for one in found.parameters] == ["input", *made.parameters()]
    assert found.error <= 1e-6
    assert all(one.tried for one in found.parameters)
    assert "input" in str(found)
    assert made.layers[0].weight.dtype == np.float32
    assert all(p.grad is None for p in made.parameters().values())


@pytest.mark.parametrize("kind", [sn.SpikeDrivenAttention, sn.SpikingSelfAttention])
def test_neurons_inside_attention(kind, rng, interpreted):
    """Their detached reset is differentiated in the twin: nothing in there is held."""
    parts = (sn.Sequential(sn.Linear(4, 4, seed=k), sn.LIF(threshold=0.3)) for k in range(3))
    assert sn.check_gradient(kind(*parts, sn.LIF(threshold=0.2)), 2 * rng.random((4, 2, 3, 4)), entries=6).error <= 1e-6


def test_a_rounded_rectifier_is_checked_without_its_steps(rng):
    x = np.array([-0.4, 0.13, 0.41, 0.77, 0.96, 1.31])[None]
    assert sn.check_gradient(sn.QCFS(4), x).error <= 1e-6


def test_a_net_without_a_gradient_is_refused(rng):
    with pytest.raises(ValueError, match="check_gradient: expected a net with a gradient, its output has none"):
        sn.check_gradient(sn.SpikingMaxPool2d(2), rng.random((3, 1, 1, 2, 2)))


def test_a_loss_and_exact_spike_times(x, rng):
    """Where EventProp applies: in the readout both look at the same membranes, only their spikes differ a little."""
    made = two_layers(rng)
    found = sn.check_gradient(made, x, LABELS, loss=sn.loss.mean_membrane_cross_entropy)
    exact = {one.name: one.event_cosine for one in found.parameters}
    assert exact["input"] is None
    assert exact["2.weight"] > 0.9
    assert exact["2.bias"] > 0.9
    assert -1 <= exact["0.weight"] <= 1


def test_a_spoiled_gradient_is_found(x, rng, monkeypatch):
    made = two_layers(rng)
    true = gradients_file._gradients

    def spoiled(*arguments):
        found = true(*arguments)
        return found | {"2.weight": found["2.weight"] * 1.001}

    monkeypatch.setattr(gradients_file, "_gradients", spoiled)
    with pytest.raises(ValueError, match=r"check_gradient: 2.weight, index \(\d, \d\).*relative error 0\.001"):
        sn.check_gradient(made, x)


def test_functions_are_checked_as_before(rng):
    assert sn.check_gradient(lambda a: a * a, rng.normal(size=3)) < 1e-6
    with pytest.raises(ValueError, match="operand 0"):
        sn.check_gradient(lambda a: sn.Tensor(a.data * 2, (a,), lambda g: (g,)), np.ones(2))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: sn.diagnose(sn.LIF(), x), TypeError, "expected a Sequential"),
        (lambda x: sn.diagnose(sn.Sequential(sn.Linear(4, 2)), x), ValueError, "found none"),
        (lambda x: sn.diagnose(sn.Sequential(sn.LIF()), x[0]), ValueError, r"expected input \(steps"),
        (lambda x: sn.diagnose(sn.Sequential(sn.LIF()), x * np.nan), ValueError, "finite"),
        (lambda x: sn.diagnose(sn.Sequential(sn.LIF()), x, LABELS), TypeError, "both targets and loss"),
        (lambda x: sn.diagnose(sn.Sequential(sn.LIF()), x, bins=0), ValueError, "bins"),
        (lambda x: sn.diagnose(sn.Sequential(sn.LIF()), x, rate=1.5), ValueError, "rate"),
        (lambda x: sn.check_gradient(sn.LIF()), TypeError, "expected a net, its input"),
        (lambda x: sn.check_gradient(sn.LIF(), x, relative=0), ValueError, "relative"),
        (lambda x: sn.check_gradient(sn.LIF(), x, LABELS), TypeError, "both targets and loss"),
        (lambda x: sn.check_gradient(sn.StochasticLIF(), x), ValueError, "StochasticLIF: .*draw random numbers"),
    ],
)
def test_what_cannot_be_is_refused(call, error, words, x):
    with pytest.raises(error, match=words):
        call(x)


@pytest.mark.parametrize("layer", [sn.Flatten(2), sn.Identity(), sn.Dropout(0.5)], ids=repr)
def test_layers_that_hand_on_their_input_itself_are_checked(layer, rng):
    assert sn.check_gradient(layer, rng.normal(size=(3, 2, 4))).error < 1e-9


def test_running_means_have_no_gradient_to_check(rng):
    found = sn.check_gradient(sn.Sequential(sn.Linear(4, 3, seed=rng), sn.BatchNorm(3)), rng.normal(size=(5, 4)))
    assert [one.name for one in found.parameters] == ["input", "0.weight", "0.bias", "1.weight", "1.bias"]
