"""Elman, LSTM, GRU, fully recurrent, bidirectional: against the equations one number at a time, gradients, state."""

from __future__ import annotations

import math

import numpy as np
import pytest

import spikenet as sn
from spikenet.graph import Tensor, check_gradient, concatenate

KINDS = {
    "Elman": lambda: sn.Elman(3, 4, seed=0),
    "Elman-rectified": lambda: sn.Elman(3, 4, rectified=True, seed=0),
    "FullyRecurrent": lambda: sn.FullyRecurrent(3, 5, 2, seed=0),
    "LSTM": lambda: sn.LSTM(3, 4, seed=0),
    "GRU": lambda: sn.GRU(3, 4, seed=0),
}
EVERY = pytest.mark.parametrize("name", KINDS)


def sigmoid(v):
    return 1 / (1 + math.exp(-v))


def naive(layer, x):
    """One sample, one unit, one number at a time."""
    w = {name: p.data for name, p in layer.parameters().items()}
    n, h, c, out = layer.n, np.zeros(layer.n), np.zeros(layer.n), []
    for now in x:
        z = [sum(now[i] * w["weight"][i, k] for i in range(len(now))) + w["bias"][k] for k in range(len(w["bias"]))]
        r = [sum(h[i] * w["recurrent_weight"][i, k] for i in range(n)) for k in range(len(w["bias"]))]
        if layer.kind == "LSTM":
            for j in range(n):
                i, f, o = (sigmoid(z[k * n + j] + r[k * n + j]) for k in range(3))
                c[j] = f * c[j] + i * math.tanh(z[3 * n + j] + r[3 * n + j])
                h[j] = o * math.tanh(c[j])
        elif layer.kind == "GRU":
            for j in range(n):
                reset, update = (sigmoid(z[k * n + j] + r[k * n + j]) for k in range(2))
                candidate = math.tanh(z[2 * n + j] + reset * (r[2 * n + j] + w["inner_bias"][j]))
                h[j] = (1 - update) * candidate + update * h[j]
        else:
            bend = (lambda v: max(v, 0.0)) if layer.config().get("rectified") else math.tanh
            h = np.array([bend(z[j] + r[j]) for j in range(n)])
        out.append(h[n - layer.n_out :].copy())
    return np.array(out)


@EVERY
def test_equations(name, rng):
    layer, x = sn.cast(KINDS[name](), np.float64), rng.normal(size=(6, 2, 3))
    y = layer(x).data
    for b in range(2):
        np.testing.assert_allclose(y[:, b], naive(layer, x[:, b]), rtol=1e-12)


@EVERY
def test_gradients(name, rng):
    layer = sn.cast(KINDS[name](), np.float64)
    names, n_states = list(layer.weights), len(layer.states)

    def f(x, *values):
        layer.weights.update(zip(names, values[n_states:], strict=True))
        y, after = layer.run(x, values[:n_states])
        return concatenate([y.reshape(-1), *(part.reshape(-1) for part in after)])

    states = [rng.normal(size=(2, layer.n)) for _ in layer.states]
    check_gradient(f, rng.normal(size=(4, 2, 3)), *states, *(p.data for p in layer.weights.values()))


@EVERY
def test_gradients_of_held_input(name, rng):
    layer, x = sn.cast(KINDS[name](), np.float64), rng.normal(size=(2, 3))
    check_gradient(lambda v: layer(sn.graph.repeat(v, 4)), x)
    held = layer(np.broadcast_to(x, (4, 2, 3)))
    np.testing.assert_allclose(held.data, layer(np.broadcast_to(x, (4, 2, 3)).copy()).data, rtol=1e-12)


@EVERY
def test_time_can_be_split(name, rng):
    layer, x = KINDS[name](), Tensor(rng.normal(size=(9, 2, 3)).astype(np.float32))
    whole, end = layer.run(x)
    head, state = layer.run(x[:4])
    tail, after = layer.run(x[4:], state)
    np.testing.assert_allclose(np.concatenate([head.data, tail.data]), whole.data, rtol=1e-5, atol=1e-7)
    for one, other in zip(end, after, strict=True):
        np.testing.assert_allclose(one.data, other.data, rtol=1e-5, atol=1e-7)


def test_gates_saturate_without_overflow():
    layer = sn.LSTM(3, 4, seed=0)
    y = layer(np.full((3, 1, 3), 1e30, np.float32))
    assert np.isfinite(y.data).all()


def test_bidirectional_reads_from_both_ends(rng):
    forward, backward = sn.GRU(3, 2, seed=0), sn.GRU(3, 4, seed=1)
    x = rng.normal(size=(5, 2, 3)).astype(np.float32)
    y = sn.Bidirectional(forward, backward)(x).data
    np.testing.assert_array_equal(y[..., :2], forward(x).data)
    np.testing.assert_array_equal(y[..., 2:], backward(x[::-1].copy()).data[::-1])
    check_gradient(sn.cast(sn.Bidirectional(forward, backward), np.float64), rng.normal(size=(3, 2, 3)))


def test_refusals(rng):
    with pytest.raises(ValueError, match=r"LSTM: expected input \(steps, batch, 3\) without empty axes, got \(4, 3\)"):
        sn.LSTM(3, 4)(np.ones((4, 3), np.float32))
    with pytest.raises(ValueError, match=r"LSTM: expected state 'c' of shape \(2, 4\) \(batch, n\), got \(3, 4\)"):
        sn.LSTM(3, 4).run(np.ones((5, 2, 3), np.float32), (np.ones((2, 4)), np.ones((3, 4))))
    with pytest.raises(ValueError, match=r"GRU: expected a state of 1 parts \(h\), got 2 parts"):
        sn.GRU(3, 4).run(np.ones((5, 2, 3), np.float32), (1, 2))
    with pytest.raises(ValueError, match="FullyRecurrent: n_out: expected at most the 4 units, got 5"):
        sn.FullyRecurrent(3, 4, 5)
    with pytest.raises(TypeError, match="Bidirectional: expected two layers, got"):
        sn.Bidirectional(sn.LSTM, sn.LSTM(2, 2))
    with pytest.raises(ValueError, match="Bidirectional: expected no state"):
        sn.Bidirectional(sn.LSTM(3, 2), sn.LSTM(3, 2)).run(np.ones((2, 1, 3), np.float32), (1,))
