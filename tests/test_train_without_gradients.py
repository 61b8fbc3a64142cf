"""Annealing, CMA-ES, Hebbian learning, extreme learning machines, gradients by differences."""

from __future__ import annotations

import math

import numpy as np
import pytest

import spikenet as sn
from spikenet.graph import Tensor
from spikenet.train import (
    as_vector,
    cma_es,
    hebbian_components,
    numerical_gradients,
    perturbed_gradients,
    put_vector,
    simulated_annealing,
    solve_readout,
)


def rastrigin(x):
    """Many local minima; 0 at the origin."""
    return 10 * len(x) + float(np.sum(x * x - 10 * np.cos(2 * np.pi * x)))


def rosenbrock(x):
    return float(np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2))


def test_annealing_leaves_local_minima():
    start = np.array([3.0, -2.0])
    found = simulated_annealing(rastrigin, start, steps=6000, temperature=(20.0, 0.01), reach=1.0, seed=1)
    assert found.value < 0.6 < rastrigin(start)
    assert found.value == pytest.approx(rastrigin(found.x))
    cold = simulated_annealing(rastrigin, start, steps=6000, temperature=(1e-6, 1e-9), reach=0.02, seed=1)
    assert cold.value > 5, "without heat it stays in the valley it begins in"
    assert found.history == sorted(found.history, reverse=True)


def test_cma_es_follows_a_bent_valley():
    found = cma_es(rosenbrock, np.zeros(6), sigma=0.5, generations=350, seed=0)
    assert found.value < 1e-8
    np.testing.assert_allclose(found.x, 1, atol=1e-3)


def test_cma_es_does_not_care_about_the_axes(rng):
    """A long narrow ellipsoid turned at random takes about as long as one along the axes."""
    turn, _ = np.linalg.qr(rng.normal(size=(5, 5)))
    scale = np.logspace(0, 4, 5)
    needed = []
    for rotation in (np.eye(5), turn):
        found = cma_es(lambda x, r=rotation: float(scale @ np.square(r @ x)), np.ones(5), generations=400, seed=2)
        needed.append(next(k for k, value in enumerate(found.history) if value < 1e-8))
    assert max(needed) < 1.5 * min(needed)


def test_search_refuses():
    with pytest.raises(ValueError, match=r"cma_es: expected a point \(n,\), n >= 1, got shape \(2, 2\)"):
        cma_es(rosenbrock, np.zeros((2, 2)), generations=1)
    with pytest.raises(ValueError, match="simulated_annealing: value of f: expected a finite number, got nan"):
        simulated_annealing(lambda x: math.nan, np.zeros(2), steps=1)
    with pytest.raises(ValueError, match=r"put_vector: expected 6 numbers, got shape \(5,\)"):
        put_vector(sn.Linear(2, 2).parameters(), np.zeros(5))


def test_vectors_of_parameters_come_and_go(rng):
    params = sn.Linear(3, 2, seed=0).parameters()
    x = rng.normal(size=8)
    put_vector(params, x)
    np.testing.assert_allclose(as_vector(params), x, rtol=1e-6)


def test_evolution_trains_a_net():
    """XOR, which no single layer can do."""
    x, wanted = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32), np.array([[0.0], [1], [1], [0]])
    net = sn.Sequential(sn.Linear(2, 3, seed=0), sn.Tanh(), sn.Linear(3, 1, seed=1))
    params = net.parameters()

    def loss(v):
        put_vector(params, v)
        return sn.loss.mse(net(x), wanted).item()

    found = cma_es(loss, as_vector(params), sigma=1.0, generations=80, seed=0)
    assert found.value < 0.02


def test_hebbian_units_find_the_principal_components(rng):
    turn, _ = np.linalg.qr(rng.normal(size=(5, 5)))
    x = rng.normal(size=(1200, 5)) * [3.0, 2.0, 1.0, 0.3, 0.1] @ turn.T
    w = hebbian_components(x, 3, epochs=15, learning_rate=0.01, seed=0)
    assert np.abs(np.sum(w * turn[:, :3], axis=0)).min() > 0.98
    np.testing.assert_allclose(w.T @ w, np.eye(3), atol=0.05)
    with pytest.raises(ValueError, match="hebbian_components: expected data"):
        hebbian_components(x, 6)
    with pytest.raises(ValueError, match="weights grew without bound"), np.errstate(all="ignore"):
        hebbian_components(100 * x, 3, learning_rate=1.0)


def test_the_readout_is_the_ridge_regression(rng):
    net = sn.Sequential(sn.Linear(3, 8, seed=0), sn.Tanh(), sn.Linear(8, 2, seed=1))
    x, y = rng.normal(size=(200, 3)).astype(np.float32), rng.normal(size=(200, 2))
    solve_readout(net, (x, y), penalty=0.0, batch_size=64)
    features = np.c_[net.layers[1](net.layers[0](x)).data, np.ones(200)]
    expected = np.linalg.lstsq(features, y, rcond=None)[0]
    np.testing.assert_allclose(net.layers[2].weight.data, expected[:-1], atol=1e-4)
    np.testing.assert_allclose(net.layers[2].bias.data, expected[-1], atol=1e-4)


def test_random_features_read_digits_at_once():
    train, test = sn.data.digits(0)
    net = sn.Sequential(sn.Linear(64, 500, seed=0), sn.Tanh(), sn.Linear(500, 10, seed=1))
    net.layers[0].weight.data *= 3
    assert sn.evaluate(solve_readout(net, train), test)["accuracy"] > 0.95


def test_solve_readout_refuses():
    x, labels = np.ones((4, 3), np.float32), np.array([0, 1, 2, 5])
    net = sn.Sequential(sn.Linear(3, 4), sn.ReLU(), sn.Linear(4, 3))
    with pytest.raises(ValueError, match=r"solve_readout: expected labels in 0 .. 2, got up to 5"):
        solve_readout(net, (x, labels))
    with pytest.raises(ValueError, match=r"solve_readout: expected targets \(N, 3\), got \(4, 2\)"):
        solve_readout(net, (x, np.ones((4, 2))))
    with pytest.raises(
        TypeError, match="solve_readout: expected a Sequential of two layers or more, the last a Linear"
    ):
        solve_readout(sn.Sequential(sn.Linear(3, 4), sn.ReLU()), (x, labels))


def test_gradients_by_differences_are_those_of_the_graph(rng):
    net = sn.cast(sn.Sequential(sn.Linear(3, 4, seed=0), sn.Tanh(), sn.Linear(4, 2, seed=1)), np.float64)
    x, y, params = rng.normal(size=(5, 3)), rng.normal(size=(5, 2)), net.parameters()

    def loss():
        return sn.loss.mse(net(x), y)

    value = loss()
    value.backward()
    expected = {name: p.grad.copy() for name, p in params.items()}
    assert numerical_gradients(loss, params, step=1e-5) == pytest.approx(value.item())
    for name, p in params.items():
        np.testing.assert_allclose(p.grad, expected[name], rtol=1e-5, atol=1e-9)
    total = {name: np.zeros(p.shape) for name, p in params.items()}
    for _ in range(800):
        perturbed_gradients(loss, params, rng, step=1e-3)
        for name, p in params.items():
            total[name] += p.grad / 800
    ours, theirs = (np.concatenate([v[n].ravel() for n in params]) for v in (total, expected))
    assert np.corrcoef(ours, theirs)[0, 1] > 0.9, "right on average"


def test_a_function_without_gradient_is_trained():
    """A count of wrong answers, smoothed by nothing: perturbations still find a way down."""
    w = Tensor(np.array([0.0, 0.0], np.float32), requires_grad=True)
    rng, state = np.random.default_rng(0), None
    adam = sn.optim.Adam(0.05)

    def loss():
        return Tensor(np.abs(np.round(w.data * 10) / 10 - np.array([1.0, -1.0], np.float32)).sum())

    state = adam.start({"w": w})
    for _ in range(150):
        perturbed_gradients(loss, {"w": w}, rng, step=0.2, draws=2)
        state = adam.step({"w": w}, state)
    assert loss().item() < 0.4
