"""Delays that are learnt: against loops written out and finite differences, split in time, where they are needed."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import spikenet as sn
from spikenet import graph
from spikenet.graph import Tensor, check_gradient
from spikenet.kernels.delay import listed
from spikenet.layers import LearntDelay, LearntDelayedLinear, build, cast
from spikenet.layers.delay_taps import Gaussian, between

STEPS, BATCH, N, M, LONGEST = 9, 2, 3, 4, 5
RULES = {"between": between, "gaussian": Gaussian(0.8), "wide": Gaussian(3.0)}
EVERY = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)


def share(rule, k, d):
    """How much of an input arrives k steps later when the delay is d: the two definitions, number by number."""
    if rule is between:
        return max(0.0, 1 - abs(k - d))
    heights = [math.exp(-((m - d) ** 2) / (2 * rule.sigma_steps**2)) for m in range(LONGEST + 1)]
    return heights[k] / sum(heights)


def synapses(rule, x, w, delays):
    y = np.zeros((len(x) + LONGEST, x.shape[1], w.shape[1]))
    for t in range(len(x)):
        for i in range(w.shape[0]):
            for j in range(w.shape[1]):
                for k in range(LONGEST + 1):
                    y[t + k, :, j] += w[i, j] * share(rule, k, delays[i, j]) * x[t, :, i]
    return y


def layer_of(rule, **more):
    return cast(LearntDelayedLinear(N, M, longest=LONGEST, interpolation=rule, seed=3, **more), np.float64)


@EVERY
@pytest.mark.parametrize("spiking", [False, True])
def test_synapses_are_the_loop_written_out(rule, spiking, rng):
    layer = layer_of(rule)
    x = rng.normal(size=(STEPS, BATCH, N)) if not spiking else (rng.random((STEPS, BATCH, N)) < 0.4).astype(float)
    given = Tensor(x)
    if spiking:
        given.events = listed(x.reshape(-1, N))
    y, (later,) = layer.run(given)
    wanted = synapses(rule, x, layer.weight.data, layer.delays)
    np.testing.assert_allclose(y.data, wanted[:STEPS] + layer.bias.data, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(later.data, wanted[STEPS:], rtol=1e-12, atol=1e-13)


@EVERY
def test_axons_are_synapses_of_weight_one(rule, rng):
    layer, x = cast(LearntDelay(N, longest=LONGEST, interpolation=rule, seed=1), np.float64), rng.normal(size=(9, 2, N))
    wanted = synapses(rule, x, np.eye(N), np.tile(layer.delays, (N, 1)))[:STEPS]
    np.testing.assert_allclose(layer(x).data, wanted, rtol=1e-12, atol=1e-13)
    maps = x.reshape(STEPS, 1, BATCH, N)
    np.testing.assert_allclose(layer(maps).data, wanted.reshape(maps.shape), rtol=1e-12, atol=1e-13)


@EVERY
def test_gradients_equal_finite_differences(rule, rng):
    """In input, weights, delays and what is on its way."""
    flat, axons = layer_of(rule, bias=False), LearntDelay(N, longest=LONGEST, interpolation=rule)

    def f(x, weight, portion, pending):
        flat.weight, flat.portion = weight, portion
        y, (after,) = flat.run(x, (pending,))
        return graph.concatenate([y, after])

    x, portion = rng.normal(size=(6, BATCH, N)), rng.uniform(0.03, 0.97, (N, M))
    portion += 0.02 * (
        np.abs(portion * LONGEST - np.rint(portion * LONGEST)) < 0.02
    )  # away from the kinks of `between`
    check_gradient(f, x, rng.normal(size=(N, M)), portion, rng.normal(size=(LONGEST, BATCH, M)))

    def g(x, portion, past):
        axons.portion = portion
        y, (after,) = axons.run(x, (past,))
        return graph.concatenate([y, after])

    check_gradient(g, x, portion[:, 0], rng.normal(size=(LONGEST, BATCH, N)))


@EVERY
@pytest.mark.parametrize("cut", [1, 4, 8])
def test_time_can_be_split(rule, cut, rng):
    x = np.round(rng.normal(size=(STEPS, BATCH, N)) * 64) / 64
    for layer in (layer_of(rule), cast(LearntDelay(N, longest=LONGEST, interpolation=rule, seed=1), np.float64)):
        whole, (end,) = layer.run(x)
        head, state = layer.run(x[:cut])
        tail, (last,) = layer.run(x[cut:], state)
        np.testing.assert_allclose(np.concatenate([head.data, tail.data]), whole.data, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(last.data, end.data, rtol=1e-12, atol=1e-13)


def test_whole_delays_are_those_of_the_layers_that_do_not_learn(rng):
    """`rounded` too, and at both ends of what is allowed."""
    delays = np.array([[0, 1, 5, 2], [5, 5, 0, 3], [4, 0, 1, 1]])
    x = rng.normal(size=(STEPS, BATCH, N))
    layer = layer_of(between, delays=delays)
    np.testing.assert_allclose(layer(x).data, cast(layer.rounded(), np.float64)(x).data, rtol=1e-6, atol=1e-6)
    assert np.array_equal(layer.rounded().delays, delays)
    assert np.array_equal(layer_of(between, delays=delays + np.where(delays < 5, 0.4, -0.4)).rounded().delays, delays)
    axons = LearntDelay(N, longest=LONGEST, delays=[0, 2, 5])
    np.testing.assert_allclose(axons(x).data, axons.rounded()(x).data, rtol=1e-6, atol=1e-6)
    narrow = layer_of(Gaussian(1e-3), delays=delays)
    np.testing.assert_allclose(narrow(x).data, layer(x).data, rtol=1e-6, atol=1e-6)


def test_threads_change_no_bit(rng, one_thread_and_two):
    x = rng.normal(size=(20, 9, 70))
    layers = LearntDelayedLinear(70, 130, longest=7, seed=0), LearntDelay(70, longest=7, seed=0)

    def everything():
        found = []
        for layer in layers:
            leaf = Tensor(x, requires_grad=True)
            y = cast(layer, np.float64)(leaf)
            for p in layer.parameters().values():
                p.grad = None
            (y * np.linspace(-1, 1, y.size).reshape(y.shape)).sum().backward()
            found += [y.data, leaf.grad, *(p.grad for p in layer.parameters().values())]
        return found

    for a, b in zip(*one_thread_and_two(everything), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("make", [LearntDelay, LearntDelayedLinear])
def test_training_finds_delays_that_make_spikes_meet(make):
    """Three channels fire 0, 4 and 9 steps late; only delays of 9, 5 and 0 bring them together."""
    late, longest = np.array([0, 4, 9]), 12
    x = np.zeros((30, 1, 3), np.float32)
    x[5 + late, 0, np.arange(3)] = 1
    target = np.zeros((30, 1, 1), np.float32)
    target[14] = 3
    if make is LearntDelay:
        layer = LearntDelay(3, longest=longest, delays=6.3, interpolation=Gaussian(3.0))
    else:
        layer = LearntDelayedLinear(3, 1, longest=longest, delays=6.3, interpolation=Gaussian(3.0), bias=False, seed=0)
        layer.weight.data[...] = 1
        layer.weight.requires_grad = False
    adam, params = sn.optim.Adam(0.02), {"portion": layer.portion}
    state = adam.start(params)
    for step in range(200):
        layer.interpolation = Gaussian(max(3.0 * 0.985**step, 0.5))
        layer.portion.grad = None
        y = layer(x).sum(axis=2, keepdims=True)
        ((y - target) ** 2).sum().backward()
        state = adam.step(params, state) or state
    assert np.rint(layer.delays).ravel().tolist() == [9, 5, 0]
    assert layer.rounded()(x).data.sum(axis=2).max() == pytest.approx(3)


@pytest.mark.parametrize("rule", [between, Gaussian(2.5)])
def test_made_again_with_the_same_delays(rule, tmp_path, rng):
    net = sn.Sequential(
        LearntDelay(4, longest=6, interpolation=rule, seed=0),
        LearntDelayedLinear(4, 3, longest=5, interpolation=rule, seed=1),
    )
    for layer in net.layers:
        again = build(layer.kind, json.loads(json.dumps(layer.config(), allow_nan=False)))
        assert again.config() == layer.config()
    sn.save(tmp_path / "net.npz", net)
    x = rng.normal(size=(9, 2, 4)).astype(np.float32)
    np.testing.assert_array_equal(sn.load(tmp_path / "net.npz")(x).data, net(x).data)


def test_optimisers_keep_delays_within_their_range():
    layer = LearntDelay(2, longest=4, delays=[0.1, 3.9])
    layer.portion.grad = np.array([1.0, -1.0], np.float32)
    sn.optim.SGD(1.0).step({"p": layer.portion}, sn.optim.SGD(1.0).start({"p": layer.portion}))
    assert layer.delays.tolist() == [0, 4]


def test_what_is_refused():
    for make in (lambda **k: LearntDelay(3, **k), lambda **k: LearntDelayedLinear(3, 2, **k)):
        name = make(longest=3).kind
        with pytest.raises(ValueError, match=rf"{name}: longest: expected a whole number >= 1, got 0"):
            make(longest=0)
        with pytest.raises(ValueError, match=r"delays: expected values within 0 .. longest = 3 steps, got 3.5"):
            make(longest=3, delays=3.5)
        with pytest.raises(ValueError, match=r"within 0 .. longest = 3 steps, got -1"):
            make(longest=3, delays=-1)
        with pytest.raises(ValueError, match=r"delays: expected finite values, got nan"):
            make(longest=3, delays=math.nan)
        with pytest.raises(ValueError, match=r"delays: expected shape .* or what broadcasts to it, got \(7,\)"):
            make(longest=3, delays=np.ones(7))
        with pytest.raises(TypeError, match=r"interpolation: expected between or Gaussian"):
            make(longest=3, interpolation="linear")
        with pytest.raises(TypeError, match=r"interpolation: expected between or Gaussian"):
            make(longest=3, interpolation=Gaussian)
        with pytest.raises(ValueError, match=r"expected input \(steps, batch"):
            make(longest=3)(np.zeros((5, 2, 9)))
        with pytest.raises(ValueError, match=r"expected a state of shape \(3, 2, \d\)"):
            make(longest=3).run(np.zeros((5, 2, 3)), (np.zeros((1, 2, 3)),))
        layer = make(longest=3)
        layer.portion.data.flat[0] = np.nan
        with pytest.raises(ValueError, match=r"parameter portion: expected finite values"):
            layer(np.zeros((5, 2, 3)))
    with pytest.raises(ValueError, match=r"Gaussian: sigma_steps: expected a number > 0, got 0"):
        Gaussian(0)
