"""Spikes by chance: their numbers, their frequency, and both of their gradients."""

from __future__ import annotations

import naive_models
import numpy as np
import pytest
from scipy import stats

import spikenet as sn
from spikenet.graph import Tensor
from spikenet.kernels import noise as compiled_noise
from spikenet.layers import Linear, Recurrent, Segmented, Sequential, Training, cast
from spikenet.layers.layer import BatchShare
from spikenet.layers.stochastic import StochasticLIF, log_probability
from spikenet.neurons import noise, primitives, stochastic_lif

pytestmark = pytest.mark.usefixtures("interpreted")


def test_numbers_are_those_of_the_generator_written_out():
    """By numpy, compiled, and in whole numbers of Python: splitmix64 over stream and count."""
    high, low = noise.streams(7, (3, 4))
    for count in (0.0, 1.0, 2.0**24 - 1):
        ours = primitives.uniform(high, low, count)
        for j, (h, s) in enumerate(zip(high.ravel(), low.ravel(), strict=True)):
            wanted = naive_models.random_number(h, s, count)
            assert ours.ravel()[j] == wanted
            assert compiled_noise.uniform(h, s, count, 1.0) == wanted
            assert primitives.uniform(np.float32(h), np.float32(s), np.float32(count)) == np.float32(wanted)


def test_numbers_are_uniform_and_do_not_follow_one_another():
    """Kolmogorov-Smirnov over 200,000 numbers of 400 streams, p > 1e-3; no correlation beyond 5 standard errors."""
    high, low = noise.streams(3, (400, 1))
    numbers = np.array([primitives.uniform(high, low, float(t)).ravel() for t in range(500)])
    assert stats.kstest(numbers.ravel(), "uniform").pvalue > 1e-3
    assert 0 < numbers.min() < numbers.max() < 1
    for a, b in ((numbers[1:], numbers[:-1]), (numbers[:, 1:], numbers[:, :-1])):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 5 / np.sqrt(a.size)


def test_places_have_streams_of_their_own_and_shares_of_a_batch_the_same():
    high, low = noise.streams(1, (50, 40))
    assert len(set(zip(high.ravel(), low.ravel(), strict=True))) == 2000
    part = noise.streams(1, (20, 40), first=30)
    np.testing.assert_array_equal(part[0], high[30:])
    np.testing.assert_array_equal(part[1], low[30:])


def test_frequency_is_the_escape_probability():
    """Binomial test over 40,000 draws a level, p > 1e-3: the membrane is held by a leak of almost 0."""
    for distance in (-0.5, 0.0, 0.3):
        layer = StochasticLIF(tau_mem_s=1e-6, width=0.2)
        spikes = layer(np.full((40, 10, 100), 1.0 + distance)).data
        p = 1 / (1 + np.exp(-distance / 0.2))
        assert stats.binomtest(int(spikes.sum()), spikes.size, p).pvalue > 1e-3


def test_the_same_run_gives_the_same_spikes_and_training_draws_new_ones(recurrent_interpreted):
    layer, x = StochasticLIF(seed=4), np.full((20, 3, 5), 0.3, np.float32)
    first = layer(x).data
    np.testing.assert_array_equal(layer(x).data, first)
    assert (StochasticLIF(seed=5)(x).data != first).any()
    rng = np.random.default_rng(0)
    a, b = (layer.run(x, training=Training(rng))[0].data for _ in range(2))
    assert (a != b).any()
    np.testing.assert_array_equal(layer.run(x, training=Training(np.random.default_rng(0)))[0].data, a)
    for other in (Sequential(layer), Segmented(Sequential(layer), steps=7), Recurrent(layer, 5, seed=0)):
        one, two = (other.run(x, training=Training(rng))[0].data for _ in range(2))
        assert (one != two).any(), other


def test_a_share_of_a_batch_sees_the_noise_of_its_rows():
    layer, x = StochasticLIF(), np.full((20, 6, 5), 0.3, np.float32)
    whole = layer.run(x, training=Training(np.random.default_rng(2)))[0].data
    share = BatchShare(start=4, n=6, axis=1)
    part = layer.run(x[:, 4:], training=Training(np.random.default_rng(2), share=share))[0].data
    np.testing.assert_array_equal(part, whole[:, 4:])


def expected_loss(layer, x, target):
    """Mean over rows of sum over time and neurons of (spike - target)^2, as a tensor whose rows are separate."""
    spikes, state = layer.run(x)
    return ((spikes - target) ** 2).sum(axis=0).sum(axis=1), state


def test_score_function_gradient_is_that_of_the_expected_loss():
    """One step, so that it can be written down: E = sum P (1 - t)^2 + (1 - P) t^2, dE/dx = P' (1 - 2 t).

    40,000 rows with their mean as baseline; within 4 standard errors of the mean.
    """
    rows, target = 40_000, 0.2
    layer = StochasticLIF(width=0.5, emit=stochastic_lif.by_score)
    x = Tensor(np.full((1, rows, 1), 1.2), requires_grad=True)
    loss, state = expected_loss(layer, x, target)
    constant = loss.data
    ((constant - constant.mean()) * log_probability(layer, state)).sum().backward()
    p = 1 / (1 + np.exp(-0.2 / 0.5))
    wanted = p * (1 - p) / 0.5 * (1 - 2 * target)
    found = x.grad[0, :, 0]
    assert abs(found.mean() - wanted) < 4 * found.std() / np.sqrt(rows)
    assert abs(found.mean() - wanted) < 0.05 * wanted


def test_score_function_reaches_weights_through_a_net():
    """Its gradient in the weight is the derivative of the log-probabilities of the very spikes that were drawn."""
    net = cast(Sequential(Linear(3, 4, seed=0), StochasticLIF(width=0.5, emit=stochastic_lif.by_score)), np.float64)
    x = np.random.default_rng(0).normal(1, 1, (6, 5, 3))
    _, state = net.run(x)
    rows = log_probability(net, state)
    assert rows.shape == (5,)
    assert (rows.data < 0).all()
    rows.sum().backward()
    weight = net.layers[0].weight
    found, start = weight.grad.copy(), weight.data.copy()
    for i, j in ((0, 0), (2, 3)):
        sums = []
        for step in (1e-6, -1e-6):
            weight.data = start.copy()
            weight.data[i, j] += step
            sums.append(log_probability(net, net.run(x)[1]).data.sum())
        assert found[i, j] == pytest.approx((sums[0] - sums[1]) / 2e-6, rel=1e-6)


def test_straight_through_is_the_slope_of_the_probability():
    layer = StochasticLIF(width=0.5)
    x = Tensor(np.array([[[0.3, 1.0, 1.4]]]), requires_grad=True)
    layer(x).sum().backward()
    p = 1 / (1 + np.exp(-(x.data - 1) / 0.5))
    np.testing.assert_allclose(x.grad, p * (1 - p) / 0.5, rtol=1e-12)


def test_wide_populations_send_events(rng):
    """Compiled or not, spikes are listed as those of LIF are, and equal to those of a narrow run."""
    x = rng.normal(0.3, 0.5, (5, 2, 200)).astype(np.float32)
    y = StochasticLIF()(x)
    assert y.events is not None
    assert set(np.unique(y.data)) == {0, 1}
    narrow = StochasticLIF()(x[:, :, :200])
    np.testing.assert_array_equal(narrow.data, y.data)


def test_a_net_without_chance_has_no_log_probability():
    net = Sequential(Linear(2, 2, seed=0))
    with pytest.raises(ValueError, match="log_probability: expected a net with a StochasticLIF"):
        log_probability(net, net.run(np.zeros((2, 1, 2)))[1])


def test_a_simulated_population_fires_by_chance():
    """Held at rest, so that each step is a draw: binomial test, p > 1e-3; another seed, other spikes."""
    net = sn.Network(dt_s=1e-3)
    net.population("E", StochasticLIF, 300, threshold=0.1, width=0.2, reset=sn.reset.no_reset)
    counts = []
    for seed in (1, 1, 2):
        counts.append(np.bincount(sn.simulate(net, 0.1, seed=seed)["E"].neurons, minlength=300))
    p = 1 / (1 + np.exp(0.1 / 0.2))
    assert stats.binomtest(int(counts[0].sum()), 300 * 100, p).pvalue > 1e-3
    assert (counts[0] == counts[1]).all()
    assert (counts[0] != counts[2]).any()
