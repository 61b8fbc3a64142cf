"""e-prop against its paper's recursion, and against backpropagation where the two must agree."""

from __future__ import annotations

import naive_learning
import numpy as np
import pytest

import spikenet as sn
from spikenet.learning import EProp, RandomFeedback, symmetric
from spikenet.neurons.primitives import spike, stop_gradient

ALPHA, RHO, BETA = float(np.exp(-1 / 8)), 0.9, 0.4


def alif(p, v, a, current):
    """Bellec's ALIF: the threshold of a step knows the spikes before it."""
    v = p.leak * v + current
    fired = spike(v - p.threshold - p.beta * a)
    return v - p.threshold * stop_gradient(fired), p.recover * a + fired, fired


def neurons(kind):
    triangle = sn.surrogate.triangle(0.5)
    if kind == "paper's LIF":
        return sn.LIF(tau_mem_s=8e-3, surrogate=triangle, semantics=sn.semantics.snntorch_subtract)
    if kind == "LIF":
        return sn.LIF(tau_mem_s=8e-3, surrogate=triangle)
    if kind == "CubaLIF":
        return sn.CubaLIF(tau_mem_s=8e-3, tau_syn_s=3e-3, surrogate=triangle)
    return sn.Spiking(alif, leak=ALPHA, recover=RHO, beta=BETA, threshold=1.0, surrogate=triangle)


def net(kind, recurrent, rng, bias=True):
    layer = neurons(kind)
    middle = sn.Recurrent(layer, 5, through_reset=False, seed=rng) if recurrent else layer
    made = sn.Sequential(
        sn.Linear(4, 5, bias=bias, seed=rng), middle, sn.Linear(5, 3, seed=rng), sn.LI(tau_mem_s=15e-3)
    )
    made.layers[0].weight.data = made.layers[0].weight.data * 3
    return sn.cast(made, np.float64)


def gradients(made):
    found = {name: p.grad for name, p in made.parameters().items()}
    for p in made.parameters().values():
        p.grad = None
    return found


@pytest.fixture
def x(rng):
    return (rng.random((20, 2, 4)) < 0.4).astype(np.float64)


LABELS = np.array([2, 0])


@pytest.mark.parametrize("kind", ["LIF", "CubaLIF", "ALIF"])
def test_without_recurrence_it_is_backpropagation(kind, x, rng):
    made = net(kind, False, rng)
    done = EProp()(made, x, LABELS, sn.loss.sum_membrane_cross_entropy)
    ours = gradients(made)
    y = made(x)
    value = sn.loss.sum_membrane_cross_entropy(y, LABELS)
    value.backward()
    for name, expected in gradients(made).items():
        assert np.abs(expected).max() > 1e-4
        assert np.allclose(ours[name], expected, rtol=1e-10, atol=1e-14), name
    assert done.loss == value.item()
    assert np.array_equal(done.output.data, y.data)


@pytest.mark.parametrize("feedback", [symmetric, RandomFeedback(3)])
@pytest.mark.parametrize("kind", ["LIF", "paper's LIF", "ALIF"])
def test_recurrent_gradients_are_the_papers_recursion(kind, feedback, x, rng):
    made = net(kind, True, rng, bias=False)
    into, middle, readout, _ = made.layers
    EProp(feedback)(made, x, LABELS, sn.loss.sum_membrane_cross_entropy)
    ours = gradients(made)
    hidden = middle(into(x)).data
    drive = sn.Tensor(readout(hidden).data, requires_grad=True)
    sn.loss.sum_membrane_cross_entropy(made.layers[3](drive), LABELS).backward()
    p = {"alpha": ALPHA, "threshold": 1.0, "rho": RHO if kind == "ALIF" else 0.0, "beta": BETA * (kind == "ALIF")}
    p["late"] = kind == "paper's LIF"
    g_in, g_rec = 0, 0
    for b in range(2):
        one = naive_learning.eprop(
            x[:, b], into.weight.data, middle.recurrent_weight.data, drive.grad[:, b], feedback(readout), p
        )
        assert np.array_equal(one[2], hidden[:, b])
        g_in, g_rec = g_in + one[0], g_rec + one[1]
    assert hidden.mean() > 0.1
    assert np.allclose(ours["0.weight"], g_in, rtol=1e-9, atol=1e-13)
    assert np.allclose(ours["1.recurrent_weight"], g_rec, rtol=1e-9, atol=1e-13)


def test_gradients_are_added_and_the_rate_is_pulled(x, rng):
    made = net("LIF", True, rng)
    EProp()(made, x, LABELS, sn.loss.sum_membrane_cross_entropy)
    once = {name: p.grad.copy() for name, p in made.parameters().items()}
    EProp()(made, x, LABELS, sn.loss.sum_membrane_cross_entropy)
    assert all(np.allclose(p.grad, 2 * once[name]) for name, p in made.parameters().items())
    gradients(made)
    pulled = EProp(rate=0.9, rate_strength=10.0)
    before = made.layers[1](made.layers[0](x)).data.mean()
    for _ in range(20):
        pulled(made, x, LABELS, lambda y, labels: y.sum() * 0)
        for name, g in gradients(made).items():
            if g is not None:
                made.parameters()[name].data = made.parameters()[name].data - 0.3 * g
    assert made.layers[1](made.layers[0](x)).data.mean() > before + 0.05


def test_float32_gives_what_float64_gives(x, rng):
    made = net("ALIF", True, rng)
    EProp()(made, x, LABELS, sn.loss.sum_membrane_cross_entropy)
    expected = gradients(made)
    sn.cast(made, np.float32)
    EProp()(made, x.astype(np.float32), LABELS, sn.loss.sum_membrane_cross_entropy)
    for name, g in gradients(made).items():
        assert g.dtype == np.float32
        assert np.allclose(g, expected[name], rtol=1e-3, atol=1e-5 * np.abs(expected[name]).max())


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: EProp(feedback="random"), TypeError, "feedback"),
        (lambda: EProp(rate=2), ValueError, "rate"),
        (lambda: EProp(rate_strength=-1), ValueError, "rate_strength"),
        (lambda: RandomFeedback(-1), ValueError, "seed"),
        (lambda: EProp()(sn.Sequential(sn.LIF()), np.zeros((2, 1, 3)), [0], sn.loss.mse), TypeError, "expected Seq"),
        (
            lambda: EProp(lambda r: np.zeros((1, 1)))(
                net("LIF", False, 0), np.ones((2, 1, 4)), np.array([0]), sn.loss.step_cross_entropy
            ),
            ValueError,
            r"expected weights \(3, 5\), got \(1, 1\)",
        ),
        (
            lambda: EProp()(
                sn.Sequential(sn.Linear(2, 3), sn.LIF(learn=("leak",)), sn.Linear(3, 1)),
                np.zeros((2, 1, 2)), [0], sn.loss.mse,
            ),
            ValueError,
            "not learnt by this rule",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
