"""Boltzmann machines and their like against exact enumeration; sampling by neurons; maps, radial units, doubt."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

import spikenet as sn
from spikenet.graph import check_gradient
from spikenet.layers import k_means, place
from spikenet.models import (
    Rbm,
    Sampler,
    boltzmann_machine,
    bubble,
    calibrate,
    dbn_features,
    dbn_sample,
    divergence,
    gaussian,
    hexagonal,
    rbm,
    rectangular,
    run_network,
    sample_machine,
    state_probabilities,
    train_dbn,
    train_machine,
    train_rbm,
    train_som,
    visible_probabilities,
)


def machine(n=4, size=0.7, seed=3):
    rng = np.random.default_rng(seed)
    w = rng.normal(0, size, (n, n))
    return boltzmann_machine(np.triu(w, 1) + np.triu(w, 1).T, rng.normal(0, size, n))


def naive_probabilities(m):
    """One state after the other, one pair after the other."""
    n, weights = len(m.bias), []
    for k in range(2**n):
        s = [(k >> j) & 1 for j in range(n)]
        pairs = sum(m.weight[i, j] * s[i] * s[j] for i, j in itertools.combinations(range(n), 2))
        weights.append(np.exp(pairs + sum(b * v for b, v in zip(m.bias, s, strict=True))))
    return np.array(weights) / sum(weights)


def test_exact_probabilities():
    m = machine()
    np.testing.assert_allclose(m.probabilities(), naive_probabilities(m), rtol=1e-12)


def test_gibbs_sampling_reaches_them(rng):
    """Chi-square at p-value 1e-3 on 4,000 independent chains."""
    m = machine()
    states = m.gibbs(np.zeros((4000, 4)), 30, rng)
    counts = state_probabilities(states) * 4000
    assert stats.chisquare(counts, m.probabilities() * 4000).pvalue > 1e-3


def test_a_machine_is_symmetric():
    with pytest.raises(ValueError, match="expected a symmetric weight"):
        boltzmann_machine(np.array([[0.0, 1.0], [0.5, 0.0]]), np.zeros(2))
    with pytest.raises(ValueError, match="expected at most 20 units"):
        boltzmann_machine(np.zeros((21, 21)), np.zeros(21)).probabilities()


def test_free_energy_is_that_of_the_sum_over_hidden_units(rng):
    m = Rbm(rng.normal(size=(5, 3)), rng.normal(size=5), rng.normal(size=3))
    v = rng.integers(0, 2, (4, 5)).astype(float)
    hidden = np.array(list(itertools.product((0, 1), repeat=3)), float)
    weights = np.exp(v @ m.weight @ hidden.T + (v @ m.visible)[:, None] + hidden @ m.hidden)
    np.testing.assert_allclose(m.free_energy(v), -np.log(weights.sum(axis=1)))


def bars(rng, n):
    """Images of 4 x 4 with some rows lit: what an RBM can learn exactly."""
    lit = rng.random((n, 4)) < 0.4
    return np.repeat(lit, 4, axis=1).astype(np.float32)


@pytest.mark.parametrize(("persistent", "steps"), [(False, 1), (True, 1), (False, 3)])
def test_an_rbm_learns_bars(persistent, steps):
    rng = np.random.default_rng(0)
    data = bars(rng, 600)
    start = rbm(16, 8, data=data, seed=1)
    trained, errors = train_rbm(
        start, data, epochs=25, learning_rate=0.1, batch_size=30, steps=steps, persistent=persistent, seed=2
    )
    assert errors[-1] < 0.25 * errors[0]
    corrupted = np.where(rng.random(data.shape) < 0.5, data, rng.random(data.shape) < 0.5).astype(np.float32)
    assert trained.free_energy(data).mean() < trained.free_energy(corrupted).mean() - 2
    dream = trained.gibbs(data[:200], 20, rng).reshape(200, 4, 4)
    assert (dream == dream[:, :, :1]).all(axis=2).mean() > 0.7, "rows stay whole"


def test_a_deep_belief_net_carries_up_and_dreams_down():
    rng = np.random.default_rng(0)
    data = bars(rng, 400)
    stack = train_dbn(data, (8, 6), epochs=15, learning_rate=0.1, seed=1)
    features = dbn_features(stack, data)
    assert features.shape == (400, 6)
    lit = data.reshape(400, 4, 4)[:, :, 0]
    solved, *_ = np.linalg.lstsq(np.c_[features, np.ones(400)], lit, rcond=None)
    error = np.square(np.c_[features, np.ones(400)] @ solved - lit).mean()
    assert error < 0.3 * lit.var(), "the top knows which rows are lit"
    assert dbn_sample(stack, data[:10], 5, rng).shape == (10, 16)
    with pytest.raises(ValueError, match=r"dbn_features: expected \(batch, 16\), got \(400, 15\)"):
        dbn_features(stack, data[:, 1:])


def test_rbm_refuses():
    with pytest.raises(ValueError, match=r"rbm: expected data \(samples, 4\) with at least one sample, got \(0, 4\)"):
        train_rbm(rbm(4, 2), np.zeros((0, 4)), epochs=1)
    with pytest.raises(ValueError, match=r"rbm: expected data in \[0, 1\], got 0.0 .. 2.0"):
        train_rbm(rbm(2, 2), np.array([[0.0, 2.0]]), epochs=1)
    with pytest.raises(ValueError, match="train_dbn: expected the size of at least one hidden layer"):
        train_dbn(np.zeros((3, 2)), (), epochs=1)
    with pytest.raises(ValueError, match=r"train_dbn: expected data \(samples, n\), got \(3,\)"):
        train_dbn(np.zeros(3), (2,), epochs=1)


# Neurons that sample


def test_a_neurons_activity_is_a_sigmoid(rng):
    """Of its mean voltage, within 3 percentage points; its fit says where the middle is."""
    sampler = Sampler()
    found = calibrate(sampler, rng, steps=40_000)
    means = np.array([-1.0, -0.3, 0.4, 1.2]) * found.width * 2 + found.centre
    p = run_network(sampler, np.zeros((4, 4)), means, 60_000, rng).mean(axis=0)
    np.testing.assert_allclose(p, 1 / (1 + np.exp(-(means - found.centre) / found.width)), atol=0.04)


def test_neurons_sample_a_boltzmann_machine(rng):
    """Their joint distribution is close to the exact one, and closer than that of independent units."""
    m, sampler = machine(n=4, size=0.6), Sampler()
    states = sample_machine(m, sampler, calibrate(sampler, rng), 200_000, rng)
    exact, drawn = m.probabilities(), state_probabilities(states)
    single = states.mean(axis=0)
    bits = (np.arange(16)[:, None] >> np.arange(4)) & 1
    independent = np.prod(np.where(bits, single, 1 - single), axis=1)
    assert divergence(exact, drawn) < 0.06
    assert divergence(exact, drawn) < 0.5 * divergence(exact, independent)


def test_run_network_refuses(rng):
    with pytest.raises(ValueError, match=r"run_network: expected weights \(2, 2\) for 2 means, got \(3, 3\)"):
        run_network(Sampler(), np.zeros((3, 3)), np.zeros(2), 10, rng)
    with pytest.raises(ValueError, match="run_network: tau_mem_steps: expected a number > 0"):
        run_network(Sampler(tau_mem_steps=0.0), np.zeros((2, 2)), np.zeros(2), 10, rng)


# Maps


@pytest.mark.parametrize("grid", [rectangular, hexagonal])
@pytest.mark.parametrize("neighbourhood", [gaussian, bubble])
@pytest.mark.parametrize("rate", [None, (0.5, 0.05)], ids=["batch", "one by one"])
def test_a_map_unfolds_over_a_square(grid, neighbourhood, rate):
    rng = np.random.default_rng(0)
    x = rng.random((400, 2))
    som = train_som(x, 6, 6, epochs=15, grid=grid, neighbourhood=neighbourhood, learning_rate=rate, seed=1)
    assert som.topographic_error(x) < 0.1
    assert som.quantisation_error(x) < 0.12
    assert som.u_matrix().shape == (6, 6)


def test_hexagonal_units_have_six_neighbours():
    places = hexagonal(5, 5)
    apart = np.linalg.norm(places[12] - places, axis=1)
    assert np.isclose(apart, 1).sum() == 6


def test_the_u_matrix_has_a_ridge_between_clusters(rng):
    x = np.concatenate([rng.normal(0, 0.1, (200, 3)), rng.normal(3, 0.1, (200, 3))])
    ridge = train_som(x, 8, 1, grid=rectangular, epochs=20, seed=0).u_matrix()[:, 0]
    assert ridge[2:6].max() > 3 * np.median(ridge)


def test_train_som_refuses():
    with pytest.raises(ValueError, match=r"train_som: expected data \(samples, features\) that are not empty"):
        train_som(np.zeros((0, 3)), 2, 2)
    with pytest.raises(ValueError, match="train_som: expected at least two units, got a grid of 1 x 1"):
        train_som(np.zeros((3, 3)), 1, 1)
    with pytest.raises(ValueError, match="train_som: learning_rate: expected a number > 0"):
        train_som(np.zeros((3, 3)), 2, 2, learning_rate=(0, 0))


# Radial units and doubt


def test_radial_basis(rng):
    layer = sn.cast(sn.RadialBasis(3, 4, width=0.8, seed=0), np.float64)
    x, c = rng.normal(size=(5, 3)), layer.weights["centres"].data
    expected = np.exp(-np.square(x[:, None] - c).sum(axis=-1) / (2 * 0.8**2))
    np.testing.assert_allclose(layer(x).data, expected, rtol=1e-6)
    names = list(layer.weights)
    check_gradient(
        lambda v, *r: layer.function(v, dict(zip(names, r, strict=True)), None),
        x, *(p.data for p in layer.weights.values()),
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"RadialBasis: expected input \(..., 3\), got \(5, 2\)"):
        layer(x[:, :2])


def test_k_means_finds_clusters(rng):
    centres = np.array([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0]])
    x = np.concatenate([c + rng.normal(0, 0.2, (50, 2)) for c in centres])
    found = k_means(x, 3, seed=0)
    assert np.sort(np.linalg.norm(found[:, None] - centres, axis=-1).min(axis=0)).max() < 0.2
    layer = place(sn.RadialBasis(2, 3), x, seed=0)
    assert layer(centres).data.max(axis=1).min() > 0.9
    with pytest.raises(ValueError, match="k_means: expected at least 5 samples"):
        k_means(x[:4], 5)


def test_doubt_is_larger_where_nothing_was_learnt(rng):
    net = sn.Sequential(sn.Linear(2, 64, seed=0), sn.ReLU(), sn.Dropout(0.3), sn.Linear(64, 2, seed=1))
    labels = rng.integers(0, 2, 400)
    x = (rng.normal(0, 0.3, (400, 2)) + np.where(labels[:, None] == 1, 1.5, -1.5)).astype(np.float32)
    sn.fit(net, (x, labels), loss=sn.loss.cross_entropy, optimiser=sn.optim.Adam(1e-2), epochs=5, progress=False)
    known = sn.train.dropout_draws(net, x, draws=30)
    between = sn.train.dropout_draws(net, np.array([[1.5, -1.5], [-1.5, 1.5]], np.float32), draws=30)
    assert between.disagreement.mean() > 5 * known.disagreement.mean()
    np.testing.assert_allclose(known.mean.sum(axis=-1), 1, rtol=1e-5)
    again = sn.train.dropout_draws(net, x, draws=30)
    np.testing.assert_array_equal(known.mean, again.mean)


# Learning of machines with connections between all units


def wanted(n=4):
    """A distribution over n units that no independent ones have: parity is even nine times in ten."""
    even = ((np.arange(2**n)[:, None] >> np.arange(n)) & 1).sum(axis=1) % 2 == 0
    return np.where(even, 0.9, 0.1) / 2 ** (n - 1)


def as_units(numbers, n):
    return (numbers[:, None] >> np.arange(n)) & 1


def test_exact_learning_climbs_the_likelihood_by_its_gradient(rng):
    """One step is the learning rate times the derivative of the mean log-likelihood, by differences."""
    begun, data, rate = machine(5, 0.7), as_units(rng.integers(0, 8, 40), 3), 1e-3
    number = data @ (1 << np.arange(3))

    def likelihood(weight, bias):
        return np.log(visible_probabilities(boltzmann_machine(weight, bias), 3)[number]).mean()

    after = train_machine(begun, data, epochs=1, learning_rate=rate, batch_size=40, exact=True, seed=0)
    step = 1e-5
    for j, k in ((0, 1), (1, 4), (3, 4)):  # visible with visible, with hidden, hidden with hidden
        moved = []
        for sign in (1, -1):
            weight = begun.weight.copy()
            weight[[j, k], [k, j]] += sign * step
            moved.append(likelihood(weight, begun.bias))
        slope = (moved[0] - moved[1]) / (2 * step)
        assert (after.weight - begun.weight)[j, k] / rate == pytest.approx(slope, rel=1e-5)
    for k in (1, 4):
        moved = [likelihood(begun.weight, begun.bias + sign * step * np.eye(5)[k]) for sign in (1, -1)]
        assert (after.bias - begun.bias)[k] / rate == pytest.approx((moved[0] - moved[1]) / (2 * step), rel=1e-5)


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "sampled"])
def test_hidden_units_learn_what_pairs_cannot_say(exact):
    """Even parity of three units has no correlation of two: without hidden units nothing of it is learnt."""
    rng, p = np.random.default_rng(1), wanted(3)
    data = as_units(rng.choice(8, 2000, p=p), 3)
    share = np.bincount(data @ (1 << np.arange(3)), minlength=8) / len(data)
    options = {"epochs": 200, "learning_rate": 1.0, "batch_size": 500, "sweeps": 3, "exact": exact, "seed": 0}
    lost = {}
    for hidden in (0, 4):
        learnt = train_machine(machine(3 + hidden, 1.5), data, **options)
        assert np.array_equal(learnt.weight, learnt.weight.T)
        assert not np.diag(learnt.weight).any()
        lost[hidden] = divergence(share, visible_probabilities(learnt, 3))
    assert lost[0] == pytest.approx(np.log(2) + 0.9 * np.log(0.9) + 0.1 * np.log(0.1), abs=0.05)
    assert lost[4] < (0.03 if exact else 0.1)


def test_learning_of_machines_refuses(rng):
    given = machine(4, 0.5)
    for data, message in (
        (np.zeros((3, 5)), r"expected data \(samples, 1 .. 4\) with a sample or more, got \(3, 5\)"),
        (np.zeros((0, 3)), r"with a sample or more, got \(0, 3\)"),
        (np.full((3, 2), 0.5), r"expected data of 0 and 1, got values in 0.5 .. 0.5"),
    ):
        with pytest.raises(ValueError, match=message):
            train_machine(given, data, epochs=1)
    many = boltzmann_machine(np.zeros((17, 17)), np.zeros(17))
    with pytest.raises(ValueError, match="exact: expected at most 16 units, got 17"):
        train_machine(many, np.zeros((3, 2)), epochs=1, exact=True)
    with pytest.raises(ValueError, match="n_visible: expected at most 4, got 5"):
        visible_probabilities(given, 5)
