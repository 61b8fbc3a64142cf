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
