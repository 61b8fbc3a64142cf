"""Neurons computed over all time at once: the scan against the loop, learnt sights of time against their definition."""

from __future__ import annotations

import json

import numpy as np
import pytest

from spikenet.graph import Tensor, check_gradient
from spikenet.kernels import prefix_scan
from spikenet.layers import LIF, build, cast, parallel_lif
from spikenet.layers.parallel_lif import ParallelLIF, scanned
from spikenet.layers.parallel_spiking import ParallelSpiking, SlidingSpiking
from spikenet.neurons import reset, surrogate


@pytest.mark.parametrize("steps", [1, 5, 700])
@pytest.mark.parametrize("m", [1, 3, 2050])
def test_scan_is_the_loop(steps, m, rng):
    """Forwards and backwards, less than a block and more, one column and more than a block of them."""
    x, leak, v = rng.normal(size=(steps, m)), rng.uniform(0, 1, m), rng.normal(size=m)
    start, wanted = v.copy(), []
    for row in x:
        v = leak * v + row
        wanted.append(v)
    np.testing.assert_allclose(prefix_scan.scan(x, leak, start), wanted, rtol=1e-11, atol=1e-11)
    backwards = prefix_scan.scan(x[::-1], leak, start, backward=True)
    np.testing.assert_allclose(backwards[::-1], wanted, rtol=1e-11, atol=1e-11)


def test_threads_change_no_bit(rng, one_thread_and_two, monkeypatch):
    monkeypatch.setattr(prefix_scan, "NS_PER_STEP", 1e6)
    x, leak = rng.normal(size=(900, 1500)), rng.uniform(0.5, 1, 1500)
    one, two = one_thread_and_two(lambda: prefix_scan.scan(x, leak, np.zeros(1500)))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("few", [0, 100], ids=["loop", "scan"])
@pytest.mark.parametrize("shape", [(40, 2, 3), (600, 2, 2, 2)])
def test_parallel_lif_is_lif_without_reset(shape, few, rng, interpreted, monkeypatch):
    monkeypatch.setattr(parallel_lif, "FEW", few)
    x = rng.normal(0.1, 0.5, shape)
    tau_s = np.array([5e-3, 20e-3, 3e-3])[: shape[-1]]
    spikes, (v,) = ParallelLIF(tau_mem_s=tau_s).run(x)
    wanted, (v_wanted,) = LIF(tau_mem_s=tau_s, reset=reset.no_reset).run(x)
    np.testing.assert_array_equal(spikes.data, wanted.data)
    np.testing.assert_allclose(v.data, v_wanted.data, rtol=1e-10, atol=1e-12)
    assert 0.02 < spikes.data.mean() < 0.8
    layer = ParallelLIF(tau_mem_s=tau_s)
    head, state = layer.run(x[:11])
    tail, _ = layer.run(x[11:], state)
    np.testing.assert_array_equal(np.concatenate([head.data, tail.data]), spikes.data)


def test_gradients_of_the_scan(rng, monkeypatch):
    """Also where it is cut into blocks."""
    for length in (256, 4):
        monkeypatch.setattr(prefix_scan, "STEPS", length)
        x, leak, before = rng.normal(size=(11, 2, 3)), rng.uniform(0.2, 0.9, 3), rng.normal(size=(2, 3))
        check_gradient(scanned, x, leak, before)


def smooth(layer):
    layer.smooth = True
    return cast(layer, np.float64)


def in_everything(layer):
    """As a function of its input and parameters, in the order they are in."""
    names = list(layer.parameters())

    def f(x, *values):
        for name, value in zip(names, values, strict=True):
            if hasattr(layer, "values"):
                layer.values[name] = value
            else:
                setattr(layer, name, value)
        return layer(x)

    return f, [p.data.astype(np.float64) for p in layer.parameters().values()]


@pytest.mark.parametrize(
    "make",
    [
        lambda: ParallelLIF(learn=("leak", "threshold"), surrogate=surrogate.sigmoid),
        lambda: ParallelSpiking(6, surrogate=surrogate.sigmoid, seed=0),
        lambda: ParallelSpiking(6, order=3, surrogate=surrogate.sigmoid, seed=0),
        lambda: SlidingSpiking(3, surrogate=surrogate.sigmoid),
    ],
    ids=["ParallelLIF", "whole", "masked", "sliding"],
)
def test_adjoint_equals_finite_differences_of_the_smooth_twin(make, rng):
    layer = smooth(make())
    f, values = in_everything(layer)
    check_gradient(f, rng.normal(0.3, 1, (6, 2, 3)), *values)


def test_parallel_spiking_is_its_definition(rng):
    layer = cast(ParallelSpiking(5, seed=1), np.float64)
    layer.weight.data = rng.normal(0, 1.5, (5, 5))
    x = rng.normal(0.5, 1, (5, 2, 3))
    h = np.einsum("ts,sbn->tbn", layer.weight.data, x) + layer.bias.data[:, None, None]
    np.testing.assert_array_equal(layer(x).data, h > 0)
    assert 0 < layer(x).data.mean() < 1
    masked = cast(ParallelSpiking(5, order=2), np.float64)
    masked.weight.data = layer.weight.data
    band = np.tril(layer.weight.data) - np.tril(layer.weight.data, -2)
    np.testing.assert_array_equal(masked(x).data, np.einsum("ts,sbn->tbn", band, x) - 1 > 0)


def test_sliding_spiking_is_a_masked_one_with_the_same_weight_everywhere_and_splits(rng):
    x = rng.normal(0.5, 1, (9, 2, 3))
    layer, masked = cast(SlidingSpiking(3), np.float64), cast(ParallelSpiking(9, order=3), np.float64)
    assert layer.weight.data.tolist() == [1, 0.5, 0.25]
    for k in range(3):
        masked.weight.data[np.arange(k, 9), np.arange(9 - k)] = 0.5**k
    whole, _ = layer.run(x)
    np.testing.assert_array_equal(whole.data, masked(x).data)
    head, state = layer.run(x[:1])
    tail, _ = layer.run(x[1:], state)
    np.testing.assert_array_equal(np.concatenate([head.data, tail.data]), whole.data)
    assert state[0].shape == (2, 2, 3)


@pytest.mark.parametrize(
    "make", [lambda: ParallelLIF(learn=("leak",)), lambda: ParallelSpiking(4, order=2), lambda: SlidingSpiking(2)]
)
def test_made_again(make):
    layer = make()
    again = build(layer.kind, json.loads(json.dumps(layer.config(), allow_nan=False)))
    assert again.config() == layer.config()
    assert repr(again) == repr(layer)
    assert list(again.parameters()) == list(layer.parameters())


def test_what_is_refused():
    with pytest.raises(
        ValueError, match=r"ParallelLIF: learn: expected names among \['leak', 'threshold'\], got \('tau',\)"
    ):
        ParallelLIF(learn=("tau",))
    with pytest.raises(ValueError, match="ParallelLIF: tau_mem_s: expected values > 0"):
        ParallelLIF(tau_mem_s=0)
    with pytest.raises(TypeError, match=r"surrogate: expected one of sn.surrogate"):
        SlidingSpiking(2, surrogate="atan")
    with pytest.raises(ValueError, match="ParallelSpiking: steps: expected a whole number >= 1, got 0"):
        ParallelSpiking(0)
    with pytest.raises(ValueError, match=r"ParallelSpiking: expected input \(4, batch, neurons...\), got \(5, 1, 2\)"):
        ParallelSpiking(4)(np.zeros((5, 1, 2)))
    with pytest.raises(ValueError, match=r"ParallelLIF: expected float input \(steps, batch, neurons...\)"):
        ParallelLIF()(np.zeros((4, 3)))
    with pytest.raises(ValueError, match=r"expected state 'v' of shape \(1, 3\), got \(2, 3\)"):
        ParallelLIF().run(np.zeros((4, 1, 3)), (np.zeros((2, 3)),))
    with pytest.raises(ValueError, match=r"expected state 'last inputs' of shape \(1, 1, 3\)"):
        SlidingSpiking(2).run(np.zeros((4, 1, 3)), (np.zeros((2, 3)),))


def test_spikingjelly_computes_the_same(rng):
    pytest.importorskip("torch")
    neuron = pytest.importorskip("spikingjelly.activation_based.neuron")
    import torch
    from spikingjelly.activation_based import surrogate as theirs

    node = neuron.PSN(T=6, surrogate_function=theirs.ATan(alpha=2.0)).double()
    layer = cast(ParallelSpiking(6, seed=0), np.float64)
    layer.weight.data, layer.bias.data = node.weight.detach().numpy(), node.bias.detach().numpy().ravel()
    x = rng.normal(0.8, 2, (6, 2, 3))
    a, b = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    y, wanted = layer(a), node(b)
    np.testing.assert_array_equal(y.data, wanted.detach().numpy())
    weigh = rng.normal(size=x.shape)
    (y * weigh).sum().backward()
    (wanted * torch.tensor(weigh)).sum().backward()
    np.testing.assert_allclose(a.grad, b.grad.numpy(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(layer.weight.grad, node.weight.grad.numpy(), rtol=1e-9, atol=1e-12)
