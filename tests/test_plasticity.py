"""STDP against sums over pairs of spikes, Hebb and Oja, forward gradients and evolution strategies."""

from __future__ import annotations

import naive_learning
import numpy as np
import pytest

import spikenet as sn
from spikenet.learning import (
    Evolution,
    ForwardGradient,
    Hebb,
    Oja,
    PairSTDP,
    RewardSTDP,
    Towards,
    TripletSTDP,
    tangent,
)

TAUS = {"tau_plus": 12e-3, "tau_minus": 30e-3, "dt": 1e-3}


@pytest.fixture
def spikes(rng):
    return (rng.random((40, 1, 3)) < 0.2) * 1.0, (rng.random((40, 1, 2)) < 0.2) * 1.0


@pytest.mark.parametrize("bounds", [(-np.inf, np.inf), (0.0, 0.6)])
@pytest.mark.parametrize("soft", [False, True])
def test_pair_stdp_is_a_sum_over_pairs(spikes, bounds, soft, rng):
    pre, post = spikes
    plus, minus = (Towards(1.0), Towards(0.0, 2.0)) if soft else (lambda w: 1.0, lambda w: 1.0)
    more = {"f_plus": plus, "f_minus": minus} if soft else {}
    rule = PairSTDP(0.05, 0.04, 12e-3, 30e-3, low=bounds[0], high=bounds[1], **more)
    w = rng.uniform(0.3, 0.6, (3, 2))
    found, state = rule.run(w, pre, post)
    p = TAUS | {"a_plus": 0.05, "a_minus": 0.04, "f_plus": plus, "f_minus": minus, "low": bounds[0], "high": bounds[1]}
    for i, j in np.ndindex(3, 2):
        assert found[i, j] == pytest.approx(naive_learning.pair_stdp(w[i, j], pre[:, 0, i], post[:, 0, j], p))
    assert np.abs(found - w).max() > 0.01
    half, state = rule.run(w, pre[:15], post[:15])
    assert np.allclose(rule.run(half, pre[15:], post[15:], state)[0], found)


def test_pair_stdp_has_the_textbook_window():
    """dw of one pair, as a function of the time between its spikes."""
    rule = PairSTDP(0.5, 0.4, 12e-3, 30e-3)
    for gap in (-7, -1, 1, 7):
        pre, post = np.zeros((20, 1, 1)), np.zeros((20, 1, 1))
        pre[10], post[10 + gap] = 1, 1
        dw = rule.run(np.zeros((1, 1)), pre, post)[0].item()
        assert dw == pytest.approx(0.5 * np.exp(-gap / 12) if gap > 0 else -0.4 * np.exp(gap / 30))


def test_triplet_stdp_is_its_equations(spikes, rng):
    pre, post = spikes
    rule = TripletSTDP(0.01, 0.06, 0.02, 0.03, 12e-3, 30e-3, 80e-3, 100e-3)
    w = rng.random((3, 2))
    found, _ = rule.run(w, pre, post)
    p = TAUS | {"tau_x": 80e-3, "tau_y": 100e-3, "a2_plus": 0.01, "a3_plus": 0.06, "a2_minus": 0.02, "a3_minus": 0.03}
    for i, j in np.ndindex(3, 2):
        assert found[i, j] == pytest.approx(naive_learning.triplet_stdp(w[i, j], pre[:, 0, i], post[:, 0, j], p))


def test_triplets_potentiate_at_high_rates_only():
    """Pairs at +10 ms, 60 of them: at 50 Hz much stronger than at 1 Hz (Sjostrom et al. 2001)."""
    changes = []
    for rate in (1, 50):
        period = 1000 // rate
        pre, post = np.zeros((period * 60 + 20, 1, 1)), np.zeros((period * 60 + 20, 1, 1))
        pre[0 : period * 60 : period], post[10 : 10 + period * 60 : period] = 1, 1
        changes.append(TripletSTDP().run(np.zeros((1, 1)), pre, post)[0].item())
    assert abs(changes[0]) < 0.05
    assert changes[1] > 0.3


def test_reward_turns_eligibility_into_change(spikes, rng):
    pre, post = spikes
    reward = rng.normal(size=40)
    rule = RewardSTDP(PairSTDP(0.05, 0.04, 12e-3, 30e-3), tau_s=20e-3, rate=2.0)
    w = rng.random((3, 2))
    found, state = rule.run(w, pre, post, reward)
    p = TAUS | {"a_plus": 0.05, "a_minus": 0.04}
    for i, j in np.ndindex(3, 2):
        expected = naive_learning.reward_stdp(w[i, j], pre[:, 0, i], post[:, 0, j], reward, p, 20e-3, 2.0)
        assert found[i, j] == pytest.approx(expected)
    half, state = rule.run(w, pre[:15], post[:15], reward[:15])
    assert np.allclose(rule.run(half, pre[15:], post[15:], reward[15:], state)[0], found)
    assert np.array_equal(rule.run(w, pre, post, np.zeros(40))[0], w)


def test_hebb_and_oja(rng):
    x, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    w = rng.normal(size=(3, 2))
    assert np.allclose(Hebb(0.1).run(w, x, y), w + 0.1 * x.T @ y)
    assert np.allclose(Hebb(0.1, 0.5).run(w, x[:1], y[:1]), w + 0.1 * (np.outer(x[0], y[0]) - 0.5 * w))
    one = Oja(0.1).run(w, x[:1], y[:1])
    for i, j in np.ndindex(3, 2):
        assert one[i, j] == pytest.approx(w[i, j] + 0.1 * y[0, j] * (x[0, i] - y[0, j] * w[i, j]))


def test_oja_finds_the_principal_components(rng):
    axes = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    x = rng.normal(size=(6000, 4)) * [2.0, 1.2, 0.5, 0.3] @ axes.T
    first = Oja(2e-3).run(rng.normal(size=(4, 1)) * 0.1, x)
    assert np.linalg.norm(first) == pytest.approx(1, abs=0.05)
    assert abs(first[:, 0] @ axes[:, 0]) > 0.98
    both = Oja(4e-3, sanger=True).run(rng.normal(size=(4, 2)) * 0.1, x)
    assert abs(both[:, 0] @ axes[:, 0]) > 0.97
    assert abs(both[:, 1] @ axes[:, 1]) > 0.95


def deep(rng):
    return sn.cast(
        sn.Sequential(
            sn.Conv1d(2, 3, 3, padding=1),
            sn.Flatten(2),
            sn.LIF(learn=("leak", "threshold")),
            sn.Linear(12, 6, seed=rng),
            sn.Recurrent(sn.CubaLIF(), 6, seed=rng, self_connections=False),
            sn.Sequential(sn.Linear(6, 4, seed=rng), sn.Tanh()),
            sn.LI(learn=("leak",)),
        ),
        np.float64,
    )


def test_the_forward_derivative_is_the_gradient_along_the_direction(rng):
    made = deep(rng)
    x = (rng.random((9, 2, 2, 4)) < 0.6) * 2.0
    along = {name: rng.normal(size=p.shape) for name, p in made.parameters().items()}
    y, dy = tangent(made, sn.Tensor(x), along)
    g = rng.normal(size=y.shape)
    out = made(x)
    assert np.array_equal(out.data, y)
    out.backward(g)
    expected = sum((p.grad * along[name]).sum() for name, p in made.parameters().items())
    assert abs(expected) > 0.1
    assert (g * dy).sum() == pytest.approx(expected, rel=1e-9)


def test_forward_gradients_average_to_the_gradient(rng):
    made = sn.cast(sn.Sequential(sn.Linear(3, 4, seed=rng), sn.LIF(), sn.Linear(4, 2, seed=rng), sn.LI()), np.float64)
    x = (rng.random((10, 2, 3)) < 0.6) * 1.0
    labels = np.array([0, 1])
    sn.loss.sum_membrane_cross_entropy(made(x), labels).backward()
    true = np.concatenate([p.grad.ravel() for p in made.parameters().values()])
    for p in made.parameters().values():
        p.grad = None
    done = ForwardGradient(directions=400, seed=1)(made, x, labels, sn.loss.sum_membrane_cross_entropy)
    found = np.concatenate([p.grad.ravel() for p in made.parameters().values()])
    assert done.loss == sn.loss.sum_membrane_cross_entropy(made(x), labels).item()
    n = true.size  # an estimate from k directions is off by about sqrt((n + 1) / k) of the gradient's length
    assert np.linalg.norm(found - true) < 2 * np.sqrt((n + 1) / 400) * np.linalg.norm(true)


def test_evolution_estimates_the_gradient_of_a_smooth_net(rng):
    made = sn.cast(sn.Sequential(sn.Linear(3, 2, seed=rng), sn.LI()), np.float64)
    x, target = rng.normal(size=(6, 2, 3)), rng.normal(size=(6, 2, 2))
    before = {name: p.data.copy() for name, p in made.parameters().items()}
    sn.loss.mse(made(x), target).backward()
    true = np.concatenate([p.grad.ravel() for p in made.parameters().values()])
    for p in made.parameters().values():
        p.grad = None
    Evolution(pairs=400, sigma=0.01)(made, x, target, sn.loss.mse)
    found = np.concatenate([p.grad.ravel() for p in made.parameters().values()])
    assert np.linalg.norm(found - true) < 2 * np.sqrt(9 / 400) * np.linalg.norm(true)
    assert all(np.array_equal(p.data, before[name]) for name, p in made.parameters().items())


@pytest.mark.parametrize("rule", [Evolution(12, 0.05, ranked=True), ForwardGradient(16)], ids=repr)
def test_fit_learns_without_backpropagation(rule):
    rng = np.random.default_rng(3)
    x = rng.random((64, 6)).astype(np.float32)
    labels = (x[:, :3].sum(axis=1) > x[:, 3:].sum(axis=1)).astype(np.int64)
    made = sn.Sequential(sn.Linear(6, 16, seed=0), sn.LIF(), sn.Linear(16, 2, seed=1), sn.LI())
    history = sn.fit(
        made, (x, labels), loss=sn.loss.mean_membrane_cross_entropy, optimiser=sn.optim.Adam(3e-2), epochs=12,
        batch_size=16, encode=sn.encode.Constant(8), rule=rule, progress=False,
    )  # fmt: skip
    assert history.epochs[-1].train["loss"] < 0.9 * history.epochs[0].train["loss"]
    assert history.epochs[-1].train["accuracy"] > 0.7


ONE = np.ones((2, 1, 1))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: PairSTDP(a_plus=-1), ValueError, "a_plus.*-1"),
        (lambda: PairSTDP(tau_plus_s=0), ValueError, "tau_plus_s"),
        (lambda: PairSTDP(low=1, high=0), ValueError, "low < high"),
        (lambda: PairSTDP(f_plus="soft"), TypeError, "f_plus"),
        (lambda: Towards(np.nan), ValueError, "limit"),
        (lambda: PairSTDP().run(np.ones((1, 2)), ONE, ONE), ValueError, r"expected weight \(1, 1\), got \(1, 2\)"),
        (lambda: PairSTDP().run(np.ones((1, 1)), ONE, ONE[:1]), ValueError, "of one length"),
        (lambda: PairSTDP().run(np.ones((1, 1)), ONE[:0], ONE[:0]), ValueError, "of one length"),
        (lambda: PairSTDP().run(np.ones((1, 1)), ONE * np.nan, ONE), ValueError, "pre: expected finite"),
        (lambda: PairSTDP().run(np.ones((1, 1)), ONE, ONE, (1, 2)), ValueError, "the state that run"),
        (lambda: TripletSTDP(a3_minus=-1), ValueError, "a3_minus"),
        (lambda: RewardSTDP(0.1), TypeError, "pairs"),
        (lambda: RewardSTDP(PairSTDP()).run(np.ones((1, 1)), ONE, ONE, np.ones(3)), ValueError, "reward: expected"),
        (lambda: Hebb(0), ValueError, "rate"),
        (lambda: Hebb(1, -1), ValueError, "decay"),
        (lambda: Hebb(1).run(np.ones((1, 1)), np.ones((2, 1)), np.ones((3, 1))), ValueError, "expected weight"),
        (lambda: Oja(1, sanger=1), TypeError, "sanger"),
        (lambda: Evolution(pairs=0), ValueError, "pairs"),
        (lambda: Evolution(sigma=0), ValueError, "sigma"),
        (lambda: Evolution(ranked=1), TypeError, "ranked"),
        (lambda: ForwardGradient(0), ValueError, "directions"),
        (
            lambda: ForwardGradient()(sn.Sequential(sn.MaxPool1d(2), sn.LIF()), np.ones((2, 1, 4)), ONE, sn.loss.mse),
            TypeError, "elementwise layers",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
