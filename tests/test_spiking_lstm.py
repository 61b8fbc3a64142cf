"""LSTMs that spike, with and without convolutions: against their equations one number at a time, and differentiated."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from spikenet.graph import Tensor, check_gradient
from spikenet.kernels.delay import listed
from spikenet.layers import build, cast
from spikenet.layers.spiking_lstm import SpikingConvLSTM, SpikingLSTM
from spikenet.neurons import reset, surrogate


def logistic(x):
    return 1 / (1 + math.exp(-x))


def by_hand(weights, x, threshold, resets):
    """(spikes, h, c) of an LSTM, written out."""
    w, u, b = (weights[name].data for name in ("weight", "recurrent_weight", "bias"))
    n = u.shape[0]
    h, c, sent = [0.0] * n, [0.0] * n, []
    for given in x:
        z = [
            sum(g * w[i, k] for i, g in enumerate(given)) + sum(h[i] * u[i, k] for i in range(n)) + b[k]
            for k in range(4 * n)
        ]
        row = []
        for j in range(n):
            into, forget, out, candidate = (z[j + k * n] for k in range(4))
            c[j] = logistic(forget) * c[j] + logistic(into) * math.tanh(candidate)
            h[j] = logistic(out) * math.tanh(c[j])
            row.append(float(h[j] > threshold))
        h = [v - threshold * s if resets else v for v, s in zip(h, row, strict=True)]
        sent.append(row)
    return sent, h, c


@pytest.mark.parametrize("resets", [True, False])
def test_spiking_lstm_is_its_equations(resets, rng):
    more = {} if resets else {"reset": reset.no_reset}
    layer = cast(SpikingLSTM(3, 4, threshold=0.1, seed=0, **more), np.float64)
    x = rng.normal(0, 2, (12, 1, 3))
    spikes, (h, c) = layer.run(x)
    wanted, h_wanted, c_wanted = by_hand(layer.weights, x[:, 0], 0.1, resets)
    np.testing.assert_array_equal(spikes.data[:, 0], wanted)
    np.testing.assert_allclose(h.data[0], h_wanted, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(c.data[0], c_wanted, rtol=1e-12, atol=1e-14)
    assert 0.05 < spikes.data.mean() < 0.9


def test_a_window_of_one_makes_the_convolution_an_lstm_at_every_place(rng):
    """Its gates' weights are those of the LSTM, input channels first."""
    flat = cast(SpikingLSTM(2, 3, threshold=0.1, reset=reset.no_reset, seed=0), np.float64)
    conv = cast(SpikingConvLSTM(2, 3, 1, threshold=0.1, seed=0), np.float64)
    weights = np.concatenate([flat.weights["weight"].data, flat.weights["recurrent_weight"].data])
    conv.gates.weight.data, conv.gates.bias.data = weights.T[:, :, None, None].copy(), flat.weights["bias"].data
    x = rng.normal(0, 2, (6, 2, 2, 2, 3))
    places = x.transpose(0, 1, 3, 4, 2).reshape(6, 12, 2)
    wanted = flat(places).data.reshape(6, 2, 2, 3, 3).transpose(0, 1, 4, 2, 3)
    np.testing.assert_array_equal(conv(x).data, wanted)
    assert 0.05 < wanted.mean() < 0.9


def test_adjoints_equal_finite_differences_of_the_smooth_twins(rng):
    curve = surrogate.sigmoid(3.0)
    flat = cast(SpikingLSTM(2, 3, threshold=0.2, reset=reset.subtract, surrogate=curve, seed=0), np.float64)
    flat.smooth = True

    def f(x, h, c, *weights):
        flat.weights.update(zip(flat.weights, weights, strict=True))
        return flat.run(x, (h, c))[0]

    state = [rng.normal(0, 0.3, (2, 3)) for _ in range(2)]
    check_gradient(f, rng.normal(size=(4, 2, 2)), *state, *(p.data for p in flat.parameters().values()))
    conv = cast(SpikingConvLSTM(1, 2, 3, threshold=0.2, reset=reset.to_zero, surrogate=curve, seed=0), np.float64)
    conv.smooth = True

    def g(x, weight, bias):
        conv.gates.weight, conv.gates.bias = weight, bias
        return conv(x)

    check_gradient(g, rng.normal(size=(3, 1, 1, 3, 3)), conv.gates.weight.data, conv.gates.bias.data)


RESETS = (reset.subtract, reset.detached_subtract, reset.to_zero, reset.detached(reset.to_zero), reset.no_reset)


LAYERS = {"flat": (SpikingLSTM, (4, 5), (4,), (5,)), "conv": (SpikingConvLSTM, (2, 3, 3), (2, 3, 4), (3, 3, 4))}


@pytest.mark.parametrize("which", LAYERS)
@pytest.mark.parametrize("resets", RESETS, ids=str)
def test_the_compiled_loop_is_the_graph_step_by_step(resets, which, rng):
    """Spikes, states and all gradients; one's own reset, which does the same, goes through the graph."""
    inner = getattr(resets, "detaches", None)

    def own(p, v, fired):
        return (inner or resets)(p, v, fired)

    make, sizes, picture, states = LAYERS[which]
    x, results = rng.normal(0, 2, (8, 3, *picture)), []
    start = [rng.normal(0, 0.3, (3, *states)) for _ in range(2)]
    for given in (resets, own if inner is None else reset.detached(own)):
        layer = cast(make(*sizes, threshold=0.1, reset=given, seed=0), np.float64)
        leaves = [Tensor(a, requires_grad=True) for a in (x, *start)]
        spikes, (h, c) = layer.run(leaves[0], tuple(leaves[1:]))
        loss = (spikes * np.cos(np.arange(spikes.size)).reshape(spikes.shape)).sum() + (h * 0.7).sum() + (c * c).sum()
        loss.backward()
        weights = layer.parameters().values()
        results.append([spikes.data, h.data, c.data, *(p.grad for p in (*leaves, *weights))])
    for ours, graphs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, graphs, rtol=1e-9, atol=1e-12)


def test_input_that_repeats_and_input_of_spikes(rng):
    """Multiplied once, or by its events: the same as written out."""
    layer = cast(SpikingLSTM(4, 5, threshold=0.1, seed=0), np.float64)
    row = rng.normal(0, 2, (3, 4))
    np.testing.assert_array_equal(
        layer(np.broadcast_to(row, (9, 3, 4))).data, layer(np.array(np.broadcast_to(row, (9, 3, 4)))).data
    )
    results, spikes = [], (rng.random((9, 3, 4)) < 0.1).astype(np.float64)
    for listed_too in (False, True):
        x = Tensor(spikes, requires_grad=True)
        x.events = listed(spikes.reshape(-1, 4)) if listed_too else None
        for p in layer.parameters().values():
            p.grad = None
        (layer(x) * np.linspace(-1, 1, 135).reshape(9, 3, 5)).sum().backward()
        results.append([x.grad, *(p.grad for p in layer.parameters().values())])
    for dense, sparse in zip(*results, strict=True):
        np.testing.assert_allclose(sparse, dense, rtol=1e-10, atol=1e-13)


def test_threads_change_no_bit(rng, one_thread_and_two):
    layer, x = cast(SpikingLSTM(20, 30, threshold=0.1, seed=0), np.float64), rng.normal(0, 2, (30, 40, 20))

    def everything():
        leaf = Tensor(x, requires_grad=True)
        layer.weights["recurrent_weight"].grad = None
        y = layer(leaf)
        (y * np.linspace(-1, 1, y.size).reshape(y.shape)).sum().backward()
        return y.data, leaf.grad, layer.weights["recurrent_weight"].grad

    for one, two in zip(*one_thread_and_two(everything), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: SpikingLSTM(3, 4, threshold=0.1, seed=0), (3,)),
        (lambda: SpikingConvLSTM(3, 4, 3, threshold=0.1, seed=0), (3, 4, 5)),
    ],
    ids=["flat", "conv"],
)
def test_time_can_be_split_and_the_layer_made_again(make, shape, rng):
    layer, x = make(), rng.normal(0, 2, (7, 2, *shape)).astype(np.float32)
    whole, _ = layer.run(x)
    head, state = layer.run(x[:3])
    tail, _ = layer.run(x[3:], state)
    np.testing.assert_array_equal(np.concatenate([head.data, tail.data]), whole.data)
    again = build(layer.kind, json.loads(json.dumps(layer.config(), allow_nan=False)))
    assert again.config() == layer.config()
    for name, p in layer.parameters().items():
        again.parameters()[name].data[...] = p.data
    np.testing.assert_array_equal(again(x).data, whole.data)
    assert 0 < whole.data.mean() < 1


def test_what_is_refused():
    with pytest.raises(ValueError, match="SpikingLSTM: threshold: expected a number > 0, got 0"):
        SpikingLSTM(2, 3, threshold=0)
    with pytest.raises(ValueError, match="SpikingConvLSTM: kernel_size: expected an odd number, got 2"):
        SpikingConvLSTM(1, 2, 2)
    with pytest.raises(TypeError, match=r"SpikingLSTM: reset: expected one of sn.reset"):
        SpikingLSTM(2, 3, reset="zero")
    with pytest.raises(ValueError, match=r"SpikingLSTM: expected input \(steps, batch, 2\)"):
        SpikingLSTM(2, 3)(np.zeros((4, 1, 3)))
    with pytest.raises(ValueError, match=r"SpikingConvLSTM: expected input \(steps, batch, 1, height, width\)"):
        SpikingConvLSTM(1, 2, 3)(np.zeros((4, 1, 2, 3, 3)))
    with pytest.raises(ValueError, match=r"SpikingLSTM: expected state 'c' of shape \(1, 3\), got \(1, 2\)"):
        SpikingLSTM(2, 3).run(np.zeros((4, 1, 2)), (np.zeros((1, 3)), np.zeros((1, 2))))
