"""DelayedRecurrent: synapses among the neurons of one layer, each with a delay."""

from __future__ import annotations

import numpy as np
import pytest

import spikenet as sn
from spikenet.layers import cast

N = 6


def made(delays, neurons=None, **options):
    layer = sn.DelayedRecurrent(neurons or sn.LIF(threshold=0.3), N, delays=delays, seed=0, **options)
    return cast(layer, np.float64)


DELAYS = {
    "none": 0,
    "one": 2,
    "of a source": np.arange(N)[:, None],
    "of a synapse": np.random.default_rng(1).integers(0, 5, (N, N)),
    "many": np.random.default_rng(2).integers(1, 20, (N, N)),
}


@pytest.mark.parametrize("delays", DELAYS.values(), ids=DELAYS)
def test_equals_the_loop_written_out(delays, rng):
    layer, x = made(delays, self_connections=False), rng.random((30, 2, N))
    w = layer.recurrent_weight.data * (1 - np.eye(N))
    each, sent, v = np.broadcast_to(delays, (N, N)), np.zeros((30, 2, N)), np.zeros((2, N))
    leak = layer.layers[0].values["leak"].data
    for t in range(30):
        current = x[t].copy()
        for i in range(N):
            for j in range(N):
                if t - 1 - each[i, j] >= 0:
                    current[:, j] += sent[t - 1 - each[i, j], :, i] * w[i, j]
        v = leak * v + current
        sent[t] = v > 0.3
        v = v - 0.3 * sent[t]
    assert 30 < sent.sum() < sent.size - 30
    assert np.array_equal(layer(x).data, sent)


@pytest.mark.parametrize("delays", DELAYS.values(), ids=DELAYS)
def test_time_can_be_split(delays, rng):
    layer, x = made(delays), rng.random((30, 2, N))
    whole, after = layer.run(x)
    head, state = layer.run(x[:11])
    tail, after_both = layer.run(x[11:], state)
    assert np.array_equal(whole.data, np.concatenate([head.data, tail.data]))
    for one, other in zip(after, after_both, strict=True):
        np.testing.assert_allclose(one.data, other.data, rtol=1e-14)


def test_gradients_are_those_of_recurrent_where_nothing_is_late(rng):
    x = rng.random((12, 2, N)).astype(np.float32)
    found = []
    for kind, late in ((sn.DelayedRecurrent, {"delays": 0}), (sn.Recurrent, {})):
        layer = kind(sn.LIF(threshold=0.3), N, seed=0, **late)
        given = sn.Tensor(x, requires_grad=True)
        (layer(given) * np.linspace(-1, 1, N, dtype=np.float32)).sum().backward()
        found.append((given.grad, layer.recurrent_weight.grad))
    for one, other in zip(*found, strict=True):
        assert np.abs(other).max() > 0
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4 * np.abs(other).max())


def test_gradients_equal_finite_differences(rng):
    """Of rate-coded neurons, which have a slope everywhere, in the input, the weights and what is on its way."""
    layer = made(np.array([0, 1, 2, 0, 3, 1])[:, None], sn.LeakyRate(tau_s=5e-3))
    x, way = rng.normal(size=(7, 1, N)), rng.normal(size=(4, 1, N))
    factors = rng.normal(size=(7, 1, N))

    def loss(x, w, way):
        layer.recurrent_weight.data = w.data
        layer.recurrent_weight = w
        rest = layer.layers[0].run(sn.Tensor(np.zeros((1, 1, N))))[1]
        out, _ = layer.run(x, (*rest, way))
        return (out * factors).sum()

    given = [sn.Tensor(a, requires_grad=True) for a in (x, layer.recurrent_weight.data.copy(), way)]
    loss(*given).backward()
    for one in given:
        along, slope = rng.normal(size=one.shape), 1e-6
        ends = [
            float(loss(*(sn.Tensor(g.data + sign * slope * along if g is one else g.data) for g in given)).data)
            for sign in (1, -1)
        ]
        assert (ends[0] - ends[1]) / (2 * slope) == pytest.approx(float((one.grad * along).sum()), rel=1e-6)


def test_what_is_refused():
    with pytest.raises(TypeError, match="DelayedRecurrent: neurons: expected a layer"):
        sn.DelayedRecurrent(sn.Linear(3, 3), 3, delays=1)
    with pytest.raises(TypeError, match="delays: expected whole numbers"):
        sn.DelayedRecurrent(sn.LIF(), 3, delays=0.5)
    with pytest.raises(ValueError, match=r"delays: expected shape \(3, 3\) or what broadcasts"):
        sn.DelayedRecurrent(sn.LIF(), 3, delays=[1, 2])
    layer = sn.DelayedRecurrent(sn.LIF(), 3, delays=2)
    _, state = layer.run(np.zeros((4, 2, 3), np.float32))
    with pytest.raises(ValueError, match=r"'on its way' of shape \(3, 1, 3\)"):
        layer.run(np.zeros((4, 1, 3), np.float32), (np.zeros((1, 3), np.float32), state[-1]))
