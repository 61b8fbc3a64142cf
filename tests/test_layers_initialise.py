"""Initial weights: the variances their papers state, orthogonality, and spiking populations that fire as wanted."""

from __future__ import annotations

import math

import numpy as np
import pytest

import spikenet as sn
from spikenet.layers import initialise as init

N_IN, N_OUT = 300, 200
VARIANCE = {
    init.glorot_uniform: 2 / (N_IN + N_OUT),
    init.glorot_normal: 2 / (N_IN + N_OUT),
    init.he_uniform: 2 / N_IN,
    init.he_normal: 2 / N_IN,
    init.lecun_normal: 1 / N_IN,
    init.fluctuation_driven(0.1, 0.9, xi=2.0): 0.25 * (1 - 0.81) / (N_IN * 0.1),
}


@pytest.mark.parametrize(("rule", "variance"), VARIANCE.items(), ids=lambda v: getattr(v, "__qualname__", ""))
def test_variance(rule, variance):
    """Standard error of a variance is at most variance sqrt(2 / n): four of them, n = 60,000."""
    net = init.initialise(sn.Linear(N_IN, N_OUT), rule, seed=0)
    weight = net.weight.data
    assert abs(weight.var() / variance - 1) < 4 * math.sqrt(2 / weight.size)
    assert abs(weight.mean()) < 4 * math.sqrt(variance / weight.size)
    assert not net.bias.data.any()


@pytest.mark.parametrize("shape", [(30, 20), (20, 30)])
def test_orthogonal(shape):
    weight = init.initialise(sn.Linear(*shape), init.orthogonal(1.5), seed=0).weight.data
    product = weight.T @ weight if shape[0] > shape[1] else weight @ weight.T
    np.testing.assert_allclose(product, 2.25 * np.eye(20), atol=1e-5)


def test_fans_of_a_convolution():
    conv = sn.Conv2d(6, 8, 3, groups=2)
    assert init.fans(conv) == (3 * 9, 4 * 9)
    drawn = init.initialise(sn.Conv2d(60, 80, 3), init.he_normal, seed=0).weight.data
    assert drawn.var() == pytest.approx(2 / 540, rel=0.03)


def test_every_connection_of_a_net_is_drawn():
    net = sn.Sequential(sn.Linear(4, 5), sn.ReLU(), sn.Residual(sn.Linear(5, 5, bias=False)))
    before = [p.data.copy() for p in net.parameters().values()]
    init.initialise(net, init.he_normal, bias=None, seed=0)
    changed = [not np.array_equal(a, p.data) for a, p in zip(before, net.parameters().values(), strict=True)]
    assert changed == [True, False, True]


def test_initialise_refuses():
    with pytest.raises(ValueError, match="initialise: expected a net with connections"):
        init.initialise(sn.ReLU(), init.he_normal)
    with pytest.raises(ValueError, match=r"initialise: expected weights \(2, 3\) of Linear\(2, 3\), the rule gave"):
        init.initialise(sn.Linear(2, 3), lambda shape, into, out, rng: np.ones(5))
    with pytest.raises(ValueError, match="fluctuation_driven: expected rate > 0 and leak < 1"):
        init.fluctuation_driven(0.0, 0.9)


def test_fluctuation_driven_membranes_have_the_spread_promised(rng):
    leak, rate = 0.9, 0.05
    net = init.initialise(sn.Linear(400, 100), init.fluctuation_driven(rate, leak, xi=2.0), seed=0)
    x = (rng.random((300, 4, 400)) < rate).astype(np.float32)
    x = x - rate  # the mean drive is left out: the promise is about the fluctuations
    v = sn.LI(tau_mem_s=-1e-3 / math.log(leak))(net(x)).data[50:]
    assert v.std() == pytest.approx(0.5, rel=0.1)


def test_populations_fire_at_the_wanted_rate(rng):
    net = sn.Sequential(sn.Linear(40, 60, seed=0), sn.LIF(), sn.Linear(60, 50, seed=1), sn.LIF())
    x = (rng.random((20, 30, 40)) < 0.2).astype(np.float32)
    reached = sn.match_rates(net, x, 0.1)
    assert set(reached) == {"1", "3"}
    assert net.layers[1](net.layers[0](x)).data.mean() == pytest.approx(0.1, abs=0.005)
    assert net(x).data.mean() == pytest.approx(0.1, abs=0.005)


def test_rates_that_cannot_be_reached():
    net = sn.Sequential(sn.Linear(4, 6, bias=False, seed=0), sn.LIF())
    with pytest.raises(ValueError, match=r"match_rates: layer 1, LIF.*: its input is too quiet to fire at rate 0.1"):
        sn.match_rates(net, np.zeros((5, 2, 4), np.float32), 0.1)
    with pytest.raises(ValueError, match="match_rates: expected a population behind a connection"):
        sn.match_rates(sn.Sequential(sn.Linear(4, 6)), np.zeros((5, 2, 4), np.float32), 0.1)
    with pytest.raises(ValueError, match="match_rates: expected a rate between 0 and 1, got 1"):
        sn.match_rates(net, np.zeros((5, 2, 4), np.float32), 1.0)


def test_matrices_side_by_side_are_drawn_one_by_one():
    """With an orthogonal rule every gate of a cell, and what comes back in a population, is a rotation."""
    net = sn.Sequential(
        sn.LSTM(5, 4, seed=0), sn.Bidirectional(sn.GRU(4, 4, seed=1), sn.Elman(4, 4, seed=2)), sn.Linear(8, 4, seed=3),
        sn.Recurrent(sn.LIF(), 4, seed=4), sn.MultiHeadAttention(4, 2, seed=5), sn.SpikingLSTM(4, 4, seed=6),
    )  # fmt: skip
    init.initialise(net, init.orthogonal(), bias=0.5, seed=0)
    params, checked = net.parameters(), 0
    for name, p in params.items():
        if name.endswith("bias"):
            assert (p.data == 0.5).all(), name
        elif p.ndim == 2 and p.shape[0] == 4:
            for part in np.split(p.data, p.shape[1] // 4, axis=1):
                np.testing.assert_allclose(part.T @ part, np.eye(4), atol=1e-6)
                checked += 1
    assert checked == 4 + (3 + 3 + 1 + 1) + 1 + (3 + 1) + (4 + 4)
    given: list[tuple] = []

    def noted(shape, fan_in, fan_out, rng):
        given.append((shape, fan_in, fan_out))
        return np.zeros(shape)

    init.initialise(sn.LSTM(5, 4, seed=0), noted)
    assert given == [((5, 4), 5, 4)] * 4 + [((4, 4), 4, 4)] * 4


def test_populations_inside_other_layers_fire_at_the_wanted_rate(rng):
    path = sn.Sequential(sn.Linear(8, 8, seed=1), sn.LIF(), sn.Linear(8, 8, seed=2))
    net = sn.Sequential(
        sn.Linear(20, 8, seed=0), sn.Sequential(sn.LIF(), sn.Linear(8, 8, seed=3)), sn.LIF(),
        sn.Parallel(path, sn.Linear(8, 8, seed=5)), sn.LIF(),
        sn.Residual(sn.Linear(8, 8, seed=6), sn.LIF()), sn.Linear(8, 12, seed=7), sn.Recurrent(sn.LIF(), 12, seed=8),
    )  # fmt: skip
    x = (rng.random((40, 16, 20)) < 0.3).astype(np.float32)
    init.initialise(net, init.he_normal, seed=0)  # biases are 0 then: alone they fired more often
    came_back = net.layers[-1].recurrent_weight.data.copy()
    reached = sn.match_rates(net, x, 0.1)
    assert set(reached) == {"1.0", "2", "3.0.1", "4", "5.1", "7"}
    assert all(rate == pytest.approx(0.1, abs=0.01) for rate in reached.values()), reached
    assert np.array_equal(net.layers[-1].recurrent_weight.data, came_back)
    with sn.no_grad():
        assert net(x).data.mean() == pytest.approx(reached["7"])
        inside = net.layers[0](x)
        assert net.layers[1].layers[0](inside).data.mean() == pytest.approx(reached["1.0"])


def test_a_bias_that_fires_alone_is_refused_and_the_weights_stay():
    net = sn.Sequential(sn.Linear(4, 6, seed=0), sn.LIF())
    net.layers[0].bias.data[...] = 2
    before = net.layers[0].weight.data.copy()
    with pytest.raises(ValueError, match=r"layer 1, LIF.*: it fires at rate 1 without its weights, expected 0\.1"):
        sn.match_rates(net, np.ones((5, 2, 4), np.float32), 0.1)
    assert np.array_equal(net.layers[0].weight.data, before)
