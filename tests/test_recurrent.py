"""Recurrent populations: against loops written out, against the graph step by step, and whatever must not matter."""

from __future__ import annotations

import functools
from types import SimpleNamespace

import numba
import numpy as np
import on_graph
import pytest
from neuron_cases import current

from spikenet import graph
from spikenet.graph import Tensor, check_gradient, repeat
from spikenet.kernels import recurrent_pass
from spikenet.layers import IF, LIF, CubaLIF, LeakyRate, LIFRate, Linear, Sequential, Spiking, build, cast
from spikenet.layers.recurrent import Recurrent
from spikenet.neurons import cuba_lif, leaky_rate, lif, primitives, reset, surrogate
from spikenet.neurons.primitives import spike


def adaptive_lif(p, v, a, current):
    """Bellec et al. 2018: the threshold rises with every spike and recovers."""
    v = p.leak * v + current
    a = p.recover * a
    fired = spike(v - (p.threshold + a))
    return reset.to_zero(p, v, fired), a + p.jump * fired, fired


THRESHOLD = np.array([1.0, 0.7, 1.3, 0.9, 1.1])
N = len(THRESHOLD)
MEM = {"leak": 0.9, "threshold": THRESHOLD}
MODELS = {  # step, functions, parameters
    "LIF-subtract": (lif.step, {"reset": reset.subtract}, MEM),
    "LIF-subtract-detached": (lif.step, {"reset": reset.detached_subtract}, MEM),
    "LIF-to_zero": (lif.step, {"reset": reset.to_zero}, MEM),
    "CubaLIF-to_zero-detached": (cuba_lif.step, {"reset": reset.detached(reset.to_zero)}, MEM | {"syn_leak": 0.6}),
    "adaptive": (adaptive_lif, {}, {"leak": 0.9, "recover": 0.95, "threshold": 0.6, "jump": 0.3}),
    "LeakyRate": (leaky_rate.step, {"activation": primitives.tanh}, {"leak": 0.8}),
}


def made(name, *, n=N, learn=True, self_connections=True, **more):
    """(the layer in float64, step, functions): weights and parameters with few bits, so that sums are exact."""
    step, functions, values = MODELS[name]
    learnt = tuple(values) if learn else ()
    values = {k: np.resize(v, n) if np.ndim(v) else v for k, v in values.items()}
    layer = cast(
        Recurrent(
            Spiking(step, learn=learnt, **functions, **values, **more),
            n,
            seed=1,
            self_connections=self_connections,
            through_reset=False,
        ),
        np.float64,
    )
    layer.recurrent_weight.data = dyadic(layer.recurrent_weight.data * 2)
    return layer


def dyadic(values):
    """Rounded to multiples of 1/64: sums of some are exact, in whatever order."""
    return np.round(np.asarray(values) * 64) / 64


def step_by_step(layer, name, x, before, last):
    """The same network as operations of the graph, one step after the other; nothing of derive or kernels is used."""
    (neurons,) = layer.layers
    step, functions, _ = MODELS[name]
    p = SimpleNamespace(**{name: on_graph.OnGraph(value, neurons.surrogate) for name, value in neurons.values.items()})
    states = tuple(on_graph.OnGraph(s, neurons.surrogate) for s in before)
    out = []
    for t in range(len(x)):
        total = x[t] + last @ layer.recurrent_weight
        *states, y = step(p, *states, on_graph.OnGraph(total, neurons.surrogate), **functions)
        last = y.tensor
        out.append(last)
    return graph.stack(out), (*(s.tensor for s in states), last)


def in_steps(layer, name, x, states):
    return step_by_step(layer, name, x, states[:-1], states[-1])


def everything(layer, run, x, states, seed=0):
    """Output, last states, and gradients in input, first states and parameters, of one random weighting of all."""
    leaves = [Tensor(np.array(a), requires_grad=True) for a in (x, *states)]
    for parameter in layer.parameters().values():
        parameter.grad = None
    y, after = run(leaves[0], tuple(leaves[1:]))
    rng = np.random.default_rng(seed)
    loss = graph.sum(y * rng.normal(size=y.shape).astype(y.dtype))
    for s in after:
        loss = loss + graph.sum(s * rng.normal(size=s.shape).astype(y.dtype))
    loss.backward()
    gradients = [leaf.grad for leaf in leaves] + [p.grad for p in layer.parameters().values()]
    return [y.data, *(s.data for s in after), *gradients]


def assert_close(first, second, relative=1e-11):
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_allclose(a, b, rtol=relative, atol=relative * max(np.abs(b).max(), 1e-3))


def start(layer, rng, batch, n=N):
    """States other than rest; the last output is spikes where the model sends spikes."""
    (neurons,) = layer.layers
    states = [rng.normal(0, 0.5, (batch, n)) for _ in neurons.states]
    last = rng.random((batch, n)) < 0.3 if neurons.model.spikes else rng.normal(0, 0.5, (batch, n))
    return (*states, last.astype(np.float64))


# What it computes


def written_out(layer, x, leak, threshold):
    """LIF with reset by subtraction, spelt out; rows of the weight added one after the other."""
    w = layer.recurrent_weight.data
    steps, batch, n = x.shape
    out, v = np.zeros(x.shape), np.zeros((batch, n))
    for t in range(steps):
        for b in range(batch):
            total = x[t, b].copy()
            for i in range(n):
                if t and out[t - 1, b, i]:
                    total += w[i]
            v[b] = leak * v[b] + total
            out[t, b] = v[b] > threshold
            v[b] = v[b] - threshold * out[t, b]
    return out, v


@pytest.mark.parametrize("n", [3, 70, 1030])
def test_equals_the_loop_written_out(n, rng):
    """To the last bit, compiled: less than a tile of neurons, more than one, more than a block."""
    layer = cast(Recurrent(LIF(tau_mem_s=5e-3, threshold=0.75), n, seed=2), np.float64)
    layer.recurrent_weight.data *= 3
    x = rng.normal(0.3, 0.5, (12, 6, n))
    x.flags.writeable = False
    spikes, (v, last) = layer.run(x)
    leak = np.float64(layer.layers[0].values["leak"].data)
    wanted, v_last = written_out(layer, x, leak, 0.75)
    np.testing.assert_array_equal(spikes.data, wanted)
    np.testing.assert_array_equal(v.data, v_last)
    np.testing.assert_array_equal(last.data, wanted[-1])
    assert 0.1 < wanted.mean() < 0.6
    np.testing.assert_array_equal(spikes.events.written_out(np.float64).reshape(x.shape), wanted)


SURROGATES = (
    *(surrogate.triangle, surrogate.triangle(0.2), surrogate.box, surrogate.atan, surrogate.fast_sigmoid),
    surrogate.gaussian,
)


@pytest.mark.parametrize("curve", SURROGATES, ids=lambda s: f"{s.name}({s.value})")
@pytest.mark.parametrize("name", [m for m in MODELS if m != "LeakyRate"])
def test_gradients_equal_those_of_the_graph_step_by_step(name, curve, rng, recurrent_interpreted):
    layer = made(name, surrogate=curve)
    x, states = dyadic(current(rng, 11, 3, n=N)), tuple(dyadic(s) for s in start(layer, rng, 3))
    ours = everything(layer, layer.run, x, states)
    graphs = everything(layer, functools.partial(in_steps, layer, name), x, states)
    assert_close(ours, graphs)
    assert 0.05 < ours[0].mean() < 0.8


def test_graded_outputs_come_back_too(rng, recurrent_interpreted):
    layer = made(name := "LeakyRate")
    x, states = rng.normal(size=(11, 3, N)), start(layer, rng, 3)
    assert_close(
        everything(layer, layer.run, x, states),
        everything(layer, functools.partial(in_steps, layer, name), x, states),
    )


@pytest.mark.parametrize("name", ["LIF-subtract", "adaptive", "LeakyRate"])
def test_gradients_equal_finite_differences(name, rng, recurrent_interpreted):
    """With smooth spikes, in everything that can be differentiated."""
    layer = made(name, smooth=True, **({} if name == "LeakyRate" else {"surrogate": surrogate.sigmoid}))
    (neurons,) = layer.layers
    learnt = list(layer.parameters())

    def f(x, weight, *rest):
        states, parameters = rest[: len(layer.states)], rest[len(layer.states) :]
        layer.recurrent_weight = weight
        neurons.values.update(zip(learnt[1:], parameters, strict=True))
        y, after = layer.run(x, states)
        return graph.concatenate([y.reshape(-1), *(s.reshape(-1) for s in after)])

    values = [p.data.astype(np.float64) for p in layer.parameters().values()]
    check_gradient(f, rng.normal(0.3, 1, (4, 2, N)), values[0], *start(layer, rng, 2), *values[1:])


@pytest.mark.parametrize(("name", "n"), [("LIF-subtract", 70), ("LeakyRate", 70)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_compiled_gradients_equal_those_of_the_graph(name, n, dtype, rng):
    """A tile and a bit, several groups of batch rows, several segments; a compact surrogate and one with tails."""
    more = {} if name == "LeakyRate" else {"surrogate": surrogate.triangle}
    for curves in (more, {}) if more else (more,):
        layer = cast(made(name, n=n, **curves), dtype)
        x, states = dyadic(current(rng, 20, 9, n=n)), tuple(dyadic(s) for s in start(layer, rng, 9, n))
        ours = everything(layer, layer.run, x.astype(dtype), [s.astype(dtype) for s in states])
        assert {a.dtype for a in ours[:4]} == {np.dtype(dtype)}
        cast(layer, np.float64)
        graphs = everything(layer, functools.partial(in_steps, layer, name), x, states)
        assert_close(ours, graphs, 1e-11 if dtype is np.float64 else 2e-4)
        assert_close(ours[: 1 + len(states)], graphs[: 1 + len(states)], 1e-11 if dtype is np.float64 else 1e-5)


# What must not matter


@pytest.mark.parametrize("name", ["LIF-subtract", "LeakyRate"])
def test_time_can_be_split(name, rng):
    """Running 30 steps equals 11 then 19 with the state carried over, exactly."""
    layer, x = made(name, n=70), rng.normal(0.3, 0.7, (30, 9, 70))
    layer.recurrent_weight.data = layer.recurrent_weight.data + rng.normal(0, 0.01, (70, 70))
    whole, end = layer.run(x)
    head, state = layer.run(x[:11])
    tail, end_of_tail = layer.run(x[11:], state)
    np.testing.assert_array_equal(whole.data, np.concatenate([head.data, tail.data]))
    for a, b in zip(end, end_of_tail, strict=True):
        np.testing.assert_array_equal(a.data, b.data)


@pytest.mark.parametrize("curve", [surrogate.triangle, surrogate.atan], ids=lambda s: s.name)
def test_gradients_pass_where_time_is_split(curve, rng):
    layer, x = made("LIF-subtract", n=70, surrogate=curve), dyadic(rng.normal(0.3, 0.7, (30, 9, 70)))
    states = tuple(dyadic(s) for s in start(layer, rng, 9, 70))

    def in_two(a, s):
        head, middle = layer.run(a[:11], s)
        tail, end = layer.run(a[11:], middle)
        return graph.concatenate([head, tail]), end

    assert_close(everything(layer, in_two, x, states), everything(layer, layer.run, x, states))


@pytest.mark.parametrize("curve", [surrogate.triangle, surrogate.atan], ids=lambda s: s.name)
def test_threads_tape_and_segments_change_no_bit(curve, rng, monkeypatch):
    layer = made("LIF-subtract", n=70, surrogate=curve)
    layer.recurrent_weight.data = layer.recurrent_weight.data + rng.normal(0, 0.01, (70, 70))
    x, states = rng.normal(0.3, 0.7, (23, 19, 70)), start(layer, rng, 19, 70)
    before, results = numba.get_num_threads(), []
    try:
        two = min(2, numba.config.NUMBA_NUM_THREADS)
        whole = recurrent_pass.TAPE_BYTES
        for threads, span, n_bytes in (
            (1, 32, whole),
            (two, 32, whole),
            (1, 32, 0),
            (two, 32, 0),
            (1, 1, 0),
            (1, 5, 0),
        ):
            numba.set_num_threads(threads)
            monkeypatch.setattr(recurrent_pass, "LONGEST_SPAN", span)
            monkeypatch.setattr(recurrent_pass, "TAPE_BYTES", n_bytes)
            results.append(everything(layer, layer.run, x, states))
    finally:
        numba.set_num_threads(before)
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_batch_rows_do_not_touch(rng):
    layer, x = made("LIF-subtract", n=70), rng.normal(0.3, 0.7, (15, 9, 70))
    y = layer(x).data
    for b in (0, 5, 8):
        np.testing.assert_array_equal(layer(x[:, b : b + 1]).data, y[:, b : b + 1])


def test_input_that_repeats_is_read_once(rng):
    layer, held = made("LIF-subtract", n=70, surrogate=surrogate.triangle), dyadic(rng.normal(0.3, 0.3, (9, 70)))
    results = []
    for as_view in (True, False):
        leaf = Tensor(held, requires_grad=True)
        layer.recurrent_weight.grad = None
        given = repeat(leaf, 20) if as_view else graph.stack([leaf] * 20)
        y = layer(given)
        graph.sum(y * np.linspace(-1, 1, y.size).reshape(y.shape)).backward()
        results.append([y.data, leaf.grad, layer.recurrent_weight.grad])
    assert_close(*results)
    assert results[0][0].mean() > 0.05
    np.testing.assert_array_equal(layer(np.broadcast_to(held, (20, 9, 70))).data, results[0][0])


def test_wanted_is_where_the_surrogate_is_not_zero(rng):
    """And the gradient elsewhere may be anything: it has no effect."""
    layer, x = made("LIF-subtract", n=70, surrogate=surrogate.box(0.25)), rng.normal(0.3, 0.7, (15, 9, 70))
    gradients = []
    for outside in (0.0, 100.0):
        layer.recurrent_weight.grad = None
        leaf = Tensor(x, requires_grad=True)
        y = layer(leaf)
        wanted = y.wanted.written_out(np.float64).reshape(y.shape) if y.wanted.binary else places(y.wanted, y.shape)
        assert 0.02 < wanted.mean() < 0.6
        y.backward(np.where(wanted, 1.0, outside))
        gradients.append([leaf.grad, layer.recurrent_weight.grad])
    for a, b in zip(*gradients, strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.any(gradients[0][0])


def places(events, shape):
    found = np.zeros(events.columns.shape, bool)
    for r, count in enumerate(events.counts[:, 0]):
        found[r, events.columns[r, :count]] = True
    return found.reshape(shape)


# The layer


def test_without_self_connections_the_diagonal_counts_as_zero(rng):
    layer, x = made("LIF-subtract", n=70, self_connections=False), dyadic(rng.normal(0.3, 0.7, (15, 9, 70)))
    assert not np.any(np.diag(layer.recurrent_weight.data))
    y = layer(x)
    np.fill_diagonal(layer.recurrent_weight.data, 5.0)
    np.testing.assert_array_equal(layer(x).data, y.data)
    layer(x).sum().backward()
    grad = layer.recurrent_weight.grad
    assert not np.any(np.diag(grad))
    assert np.any(grad)


def test_any_model_may_recur(rng, recurrent_interpreted):
    """Without states, with one, with two; from rest the first step sees the input alone."""
    for neurons in (LIFRate(), IF(), LIF(), CubaLIF(), LeakyRate()):
        layer, x = Recurrent(neurons, 4, seed=0), rng.random((6, 2, 4)).astype(np.float32) * 2
        y, state = layer.run(x)
        assert y.shape == x.shape
        assert y.dtype == np.float32
        assert [s.shape for s in state] == [(2, 4)] * len(layer.states)
        np.testing.assert_allclose(y.data[0], neurons(x[:1]).data[0], rtol=1e-6)  # exp of another loop


def test_in_a_net_it_learns(rng):
    """Loss falls and every parameter moves."""
    net = Sequential(
        Linear(3, 20, seed=0), Recurrent(LIF(surrogate=surrogate.triangle), 20, seed=1), Linear(20, 2, seed=2)
    )
    x, target = (rng.random((12, 16, 3)) < 0.3).astype(np.float32) * 2, rng.normal(size=(16, 2)).astype(np.float32)
    before, losses = {name: p.data.copy() for name, p in net.parameters().items()}, []
    for _ in range(20):
        loss = graph.mean((net(x).sum(axis=0) - target) ** 2)
        loss.backward()
        losses.append(loss.item())
        for p in net.parameters().values():
            p.data = p.data - 0.004 * p.grad
            p.grad = None
    assert losses[-1] < 0.5 * losses[0]
    assert all(np.any(p.data != before[name]) for name, p in net.parameters().items())


def test_parameters_and_description():
    layer = Recurrent(LIF(learn=("leak",)), 4, seed=0, self_connections=False)
    assert list(layer.parameters()) == ["recurrent_weight", "leak"]
    assert layer.config() == {"n": 4, "self_connections": False, "through_reset": True}
    again = build("Recurrent", layer.config(), layer.layers)
    assert isinstance(again, Recurrent)
    assert repr(again) == repr(layer)
    assert np.array_equal(
        Recurrent(LIF(), 4, seed=0).recurrent_weight.data, Recurrent(IF(), 4, seed=0).recurrent_weight.data
    )


def test_gradients_go_through_the_reset_unless_told_not_to(rng, recurrent_interpreted):
    """As if the reset had been given attached; the neurons handed in stay as they are, their parameters are shared."""
    x = rng.normal(0.3, 0.7, (9, 2, N))
    for make in (LIF, CubaLIF):
        neurons = make(learn=("leak",))
        default, kept = Recurrent(neurons, N, seed=0), Recurrent(neurons, N, seed=0, through_reset=False)
        attached = Recurrent(make(learn=("leak",), reset=reset.subtract), N, seed=0, through_reset=False)
        assert kept.layers[0] is neurons
        assert default.layers[0].values is neurons.values
        assert default.layers[0].config() == attached.layers[0].config() != neurons.config()
        found = []
        for layer in (default, attached, kept):
            leaf = Tensor(x, requires_grad=True)
            cast(layer, np.float64)(leaf).sum().backward()
            found.append(leaf.grad)
        np.testing.assert_array_equal(found[0], found[1])
        assert not np.allclose(found[0], found[2])
    zero = LIF(reset=reset.detached(reset.to_zero))
    assert Recurrent(zero, 3).layers[0] is zero


def test_gradients_do_not_grow_round_the_loop(rng):
    """Of the last step's spikes in the current of the first one, 80 steps before, against that of the last."""
    growth = {}
    for through in (True, False):
        layer = Recurrent(LIF(tau_mem_s=20e-3), 128, seed=0, through_reset=through)
        leaf = Tensor(np.random.default_rng(0).normal(0.06, 0.15, (80, 8, 128)).astype(np.float32), requires_grad=True)
        y = layer(leaf)
        assert 0.01 < y.data.mean() < 0.2
        y[-1].sum().backward()
        norms = np.linalg.norm(leaf.grad.reshape(80, -1), axis=1)
        growth[through] = norms[0] / norms[-1]
    assert growth[True] < 1
    assert growth[False] > 1e3


def test_what_is_refused():
    with pytest.raises(TypeError, match=r"neurons: expected a layer such as LIF"):
        Recurrent(Linear(3, 3), 3)
    with pytest.raises(TypeError, match=r"neurons"):
        Recurrent(LIF, 3)
    with pytest.raises(ValueError, match=r"n: expected a whole number >= 1, got 0"):
        Recurrent(LIF(), 0)
    with pytest.raises(TypeError, match=r"self_connections"):
        Recurrent(LIF(), 3, self_connections=1)
    layer = Recurrent(LIF(), 3, seed=0)
    for wrong in (np.zeros((4, 3)), np.zeros((4, 2, 5)), np.zeros((0, 2, 3)), np.zeros((4, 2, 3, 1))):
        with pytest.raises(ValueError, match=r"expected input \(steps, batch, 3\)"):
            layer(wrong)
    with pytest.raises(ValueError, match=r"expected finite input"):
        layer(np.full((4, 2, 3), np.nan))
    with pytest.raises(ValueError, match=r"2 parts"):
        layer.run(np.zeros((4, 2, 3)), (np.zeros((2, 3)),))
    with pytest.raises(ValueError, match=r"'last output' of shape \(2, 3\)"):
        layer.run(np.zeros((4, 2, 3)), (np.zeros((2, 3)), np.zeros((1, 3))))
    with pytest.raises(ValueError, match=r"threshold of shape"):
        Recurrent(LIF(threshold=np.ones(4)), 3)(np.zeros((4, 2, 3)))
