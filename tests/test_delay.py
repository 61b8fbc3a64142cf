"""Axonal and synaptic delays: against loops written out, against finite differences, split in time, and refused."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from spikenet import graph
from spikenet.graph import Tensor, check_gradient
from spikenet.kernels.delay import listed
from spikenet.layers import (
    LIF,
    Delay,
    DelayedLinear,
    LearntDelay,
    LearntDelayedLinear,
    Linear,
    Residual,
    Sequential,
    build,
    cast,
)
from spikenet.layers.delay_sums import FEW

STEPS, BATCH, N, M = 11, 3, 5, 4


def shifted(x, steps):
    """The obvious version, neuron by neuron."""
    y = np.zeros_like(x)
    for j, d in enumerate(np.broadcast_to(steps, x.shape[2])):
        for t in range(d, len(x)):
            y[t, :, j] = x[t - d, :, j]
    return y


def summed(x, w, delays):
    """y[t, b, j] = sum over i of w[i, j] x[t - delays[i, j], b, i], spelt out."""
    y = np.zeros((*x.shape[:2], w.shape[1]))
    for t in range(len(x)):
        for i in range(w.shape[0]):
            for j in range(w.shape[1]):
                if t >= delays[i, j]:
                    y[t, :, j] += w[i, j] * x[t - delays[i, j], :, i]
    return y


def dyadic(values):
    return np.round(np.asarray(values) * 64) / 64


DELAYS = (0, 2, 30, [0, 3, 1, 12, 3])


@pytest.mark.parametrize("steps", DELAYS, ids=str)
def test_delay_shifts_each_train(steps, rng):
    x = rng.normal(size=(STEPS, BATCH, N))
    x.flags.writeable = False
    np.testing.assert_array_equal(Delay(steps).run(x)[0].data, shifted(x, steps))
    maps = x.reshape(STEPS, BATCH, 1, N)
    np.testing.assert_array_equal(Delay(steps).run(maps)[0].data, shifted(x, steps).reshape(maps.shape))


@pytest.mark.parametrize("cut", [1, 4, 10])
@pytest.mark.parametrize("steps", DELAYS, ids=str)
def test_delay_splits_in_time(steps, cut, rng):
    layer, x = Delay(steps), rng.normal(size=(STEPS, BATCH, N))
    head, state = layer.run(x[:cut])
    tail, end = layer.run(x[cut:], state)
    whole, end_of_whole = layer.run(x)
    np.testing.assert_array_equal(np.concatenate([head.data, tail.data]), whole.data)
    np.testing.assert_array_equal(end[0].data, end_of_whole[0].data)


@pytest.mark.parametrize("steps", DELAYS, ids=str)
def test_delay_passes_gradients_back(steps, rng):
    layer = Delay(steps)

    def f(x, past):
        y, (after,) = layer.run(x, (past,))
        return graph.concatenate([y.reshape(-1), after.reshape(-1)])

    check_gradient(f, rng.normal(size=(5, 2, N)), rng.normal(size=(layer.longest_delay, 2, N)))


def test_gradients_of_a_constant_current_pass(rng):
    """It comes as a view that repeats; its gradient does not."""
    layer, current = Delay([0, 3, 1, 0, 2]), Tensor(rng.normal(size=(BATCH, N)), requires_grad=True)
    y = layer(graph.repeat(current, STEPS))
    y.backward(np.ones_like(y.data))
    np.testing.assert_array_equal(current.grad, np.tile(STEPS - layer.steps.astype(float), (BATCH, 1)))


def test_delayed_spikes_know_their_events(rng):
    """As long as they are spikes: what came before the first input may have been anything."""
    x = Tensor((rng.random((STEPS, BATCH, 40)) < 0.2).astype(np.float32))
    x.events = listed(x.data.reshape(-1, 40))
    layer = Delay(rng.integers(0, 5, 40))
    y, state = layer.run(x)
    np.testing.assert_array_equal(y.events.written_out(np.float32).reshape(y.shape), y.data)
    assert y.events.binary
    assert layer.run(x, state)[0].events is not None
    assert layer.run(x, (state[0] * 0.5,))[0].events is None
    assert layer(x * 2).events is None


def synaptic(rng, many, bias=False, n=N, m=M):
    """A layer in float64 with few or many different delays, the longest longer than the input."""
    delays = rng.integers(0, 13, (n, m)) if many else rng.choice([0, 1, 6], (n, m))
    if many:
        delays.flat[: FEW + 5] = np.arange(FEW + 5)
    layer = cast(DelayedLinear(n, m, delays=delays, bias=bias, seed=3), np.float64)
    layer.weight.data = dyadic(layer.weight.data)
    return layer


@pytest.mark.parametrize("spiking", [True, False])
@pytest.mark.parametrize("many", [False, True])
def test_delayed_linear_equals_the_loop_written_out(many, spiking, rng):
    layer = synaptic(rng, many, bias=True)
    x = (rng.random((STEPS, BATCH, N)) < 0.4).astype(float) if spiking else dyadic(rng.normal(size=(STEPS, BATCH, N)))
    given = Tensor(x)
    if spiking:
        given.events = listed(x.reshape(-1, N))
    wanted = summed(x, layer.weight.data, layer.delays) + layer.bias.data
    np.testing.assert_allclose(layer.run(given)[0].data, wanted, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(layer.run(x)[0].data, wanted, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("many", [False, True])
def test_delayed_linear_gradients_equal_finite_differences(many, rng):
    layer = synaptic(rng, many)

    def f(x, weight, pending):
        layer.weight = weight
        y, (after,) = layer.run(x, (pending,))
        return graph.concatenate([y.reshape(-1), after.reshape(-1)])

    longest = layer.delays.max()
    check_gradient(f, rng.normal(size=(5, 2, N)), layer.weight.data, rng.normal(size=(longest, 2, M)))


@pytest.mark.parametrize("many", [False, True])
def test_delayed_linear_splits_in_time(many, rng):
    """Exactly, and so do its gradients but for rounding."""
    layer, x = synaptic(rng, many), dyadic(rng.normal(size=(STEPS, BATCH, N)))
    results = []
    for cut in (None, 4):
        leaf = Tensor(x, requires_grad=True)
        layer.weight.grad = None
        if cut is None:
            y, (end,) = layer.run(leaf)
        else:
            head, state = layer.run(leaf[:cut])
            tail, (end,) = layer.run(leaf[cut:], state)
            y = graph.concatenate([head, tail])
        (y * np.linspace(-1, 1, y.size).reshape(y.shape)).sum().backward()
        results.append([y.data, end.data, leaf.grad, layer.weight.grad])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
    for a, b in zip(results[0][:2], results[1][:2], strict=True):
        np.testing.assert_array_equal(a, b)


def test_both_routes_agree(rng, monkeypatch):
    """One product a delay, or every synapse by itself: outputs, and gradients in input and weight."""
    layer = synaptic(rng, many=True, n=70, m=30)
    x = (rng.random((STEPS, BATCH, 70)) < 0.2).astype(float)
    results = []
    for few in (0, 1000):
        monkeypatch.setattr("spikenet.layers.delay_sums.FEW", few)
        leaf = Tensor(x, requires_grad=True)
        leaf.events = listed(x.reshape(-1, 70))
        layer.weight.grad = None
        y, _ = layer.run(leaf)
        (y * np.linspace(-1, 1, y.size).reshape(y.shape)).sum().backward()
        results.append([y.data, leaf.grad, layer.weight.grad])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def test_threads_change_no_bit(rng):
    layer = synaptic(rng, many=True, n=70, m=130)
    layer.weight.data = rng.normal(size=(70, 130))
    x, axonal = rng.normal(size=(STEPS, 9, 70)), Delay(rng.integers(0, 9, 70))
    before, results = numba.get_num_threads(), []
    try:
        for threads in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
            numba.set_num_threads(threads)
            leaf = Tensor(x, requires_grad=True)
            layer.weight.grad = None
            y, _ = layer.run(axonal(leaf))
            (y * np.linspace(-1, 1, y.size).reshape(y.shape)).sum().backward()
            results.append([y.data, leaf.grad, layer.weight.grad])
    finally:
        numba.set_num_threads(before)
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_delay_of_nought_is_none(rng):
    x = rng.normal(size=(STEPS, BATCH, N)).astype(np.float32)
    plain, delayed = Linear(N, M, seed=4), DelayedLinear(N, M, delays=0, seed=4)
    np.testing.assert_allclose(delayed(x).data, plain(x).data, rtol=1e-6, atol=1e-6)
    assert delayed(x).dtype == np.float32
    np.testing.assert_array_equal(Delay(0)(x).data, x)


def test_in_a_net(rng):
    """Spikes come later by what the delays say; kinds are made again from their description."""
    x = (rng.random((STEPS, BATCH, N)) < 0.5).astype(np.float32)
    net = Sequential(Linear(N, M, seed=0), LIF(threshold=0.2), Delay(2))
    plain = Sequential(*net.layers[:2])
    np.testing.assert_array_equal(net(x).data[2:], plain(x).data[:-2])
    for layer in (Delay([1, 2]), DelayedLinear(2, 3, delays=[[1, 2, 3], [0, 0, 1]]), DelayedLinear(2, 3, delays=4)):
        again = build(layer.kind, layer.config())
        assert repr(again) == repr(layer)
        assert again.config() == layer.config()


def test_delays_beyond_the_sequence_are_refused():
    """Where the rest would be thrown away; whoever carries the state on gets it."""
    x = np.zeros((6, 1, 2), np.float32)
    for layer in (
        Delay([1, 6]), DelayedLinear(2, 3, delays=6), LearntDelay(2, longest=6), LearntDelayedLinear(2, 3, longest=6),
        Sequential(Linear(2, 2), Residual(Delay(6))),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"delays: expected below 6, the steps of the sequence, got 6: nothing"):
            layer(x)
        assert layer.run(x)[0].shape[0] == 6


def test_what_is_refused():
    for wrong in (1.5, "2", [1, [2]], [0.0]):
        with pytest.raises(TypeError, match=r"Delay: steps: expected whole numbers"):
            Delay(wrong)
    with pytest.raises(ValueError, match=r"expected delays >= 0, got -1"):
        Delay([1, -1])
    with pytest.raises(ValueError, match=r"do not broadcast to neurons \(5,\)"):
        Delay([1, 2])(np.zeros((3, 2, 5)))
    with pytest.raises(ValueError, match=r"expected input \(steps, batch, neurons...\)"):
        Delay(1)(np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"expected a state of shape \(2, 2, 5\)"):
        Delay(2).run(np.zeros((3, 2, 5)), (np.zeros((1, 2, 5)),))
    with pytest.raises(ValueError, match=r"delays: expected shape \(2, 3\)"):
        DelayedLinear(2, 3, delays=[1, 2])
    with pytest.raises(ValueError, match=r"expected delays >= 0"):
        DelayedLinear(2, 3, delays=-1)
    with pytest.raises(ValueError, match=r"expected input \(steps, batch, 2\)"):
        DelayedLinear(2, 3, delays=1)(np.zeros((3, 2, 5)))
    with pytest.raises(ValueError, match=r"expected a state of shape \(1, 4, 3\)"):
        DelayedLinear(2, 3, delays=1).run(np.zeros((3, 4, 2)), (np.zeros((1, 2, 3)),))
