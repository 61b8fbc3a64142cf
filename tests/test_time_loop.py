"""The compiled loop as such: on one thread or two, narrow or wide, whole or in parts, input held or given."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neuron_cases import current, named, rows, start

from spikenet import graph
from spikenet.derive.adjoint import adjoint
from spikenet.derive.compile import compiled_count, loaded_count
from spikenet.graph import Tensor, repeat
from spikenet.kernels import neuron_pass, time_loop
from spikenet.kernels.events import BLOCK
from spikenet.layers import LI, Spiking
from spikenet.neurons import leaky_integrator, lif, reset, surrogate


def everything(layer, x, before, seed=0):
    """Output, last states, and the gradients in the input, the first states and the learnt parameters, as arrays."""
    leaves = [Tensor(np.array(a), requires_grad=True) for a in (x, *before)]
    for parameter in layer.parameters().values():
        parameter.grad = None
    y, after = layer.run(leaves[0], tuple(leaves[1:]))
    rng = np.random.default_rng(seed)
    loss = graph.sum(y * rng.normal(size=y.shape).astype(y.dtype))
    for s in after:
        loss = loss + graph.sum(s * rng.normal(size=s.shape).astype(s.dtype))
    loss.backward()
    gradients = [leaf.grad for leaf in leaves] + [p.grad for p in layer.parameters().values()]
    return [y.data, *(s.data for s in after), *gradients]


def assert_same(first, second, relative=0.0):
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        if relative:
            np.testing.assert_allclose(a, b, rtol=relative, atol=relative * np.abs(a).max())
        else:
            np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype


COMPILED = [  # some of all that test_derive_adjoint.py runs interpreted
    ("LIF-subtract", np.float32, {}),
    ("CubaLIF-to_zero-detached", np.float64, {"surrogate": surrogate.triangle}),
    ("LI", np.float32, {}),
    ("LIFRate", np.float64, {}),
    ("LIF-subtract", np.float64, {"surrogate": surrogate.gaussian, "smooth": True}),
]


@pytest.mark.parametrize(("name", "dtype", "more"), COMPILED)
def test_compiling_changes_no_bit(name, dtype, more, rng, request):
    """Forward and adjoint loop equal their own text run by Python; exp, log and erf of another library to rounding."""
    (case,) = named(name)
    layer, x = case.spiking(**more), current(rng, 30, 2, dtype)
    before = start(layer, rng, 2, dtype)
    compiled = everything(layer, x, before)
    request.getfixturevalue("interpreted")
    assert_same(compiled, everything(layer, x, before), 1e-12 if case.relative or "smooth" in more else 0.0)


def firing(**more):
    return Spiking(lif.step, reset=reset.subtract, leak=0.9, threshold=1.0, learn=("leak", "threshold"), **more)


@pytest.mark.parametrize("n", [1, 3, 130, 2 * BLOCK + 37])
def test_one_thread_and_two_give_the_same_bits(n, one_thread_and_two, rng):
    """Spikes, states and gradients; narrow populations, wide ones and some of several blocks."""
    layer, x = firing(), current(rng, 9, 5, np.float32, n)
    before = start(layer, rng, 5, np.float32, n)
    assert_same(*one_thread_and_two(lambda: everything(layer, x, before)))


@pytest.mark.parametrize("batch", [1, 3])
def test_narrow_and_wide_populations_compute_the_same(batch, rng):
    """A wide population equals its narrow parts run by themselves: outputs, states, gradients of every neuron."""
    n, parts = 250, (slice(0, 100), slice(100, 101), slice(101, 200), slice(200, 250))
    assert n >= neuron_pass.NARROW > 100
    leak, threshold = rng.uniform(0.5, 1, n), rng.uniform(0.5, 1.5, n)

    def population(part):
        learn = ("leak", "threshold")
        return Spiking(lif.step, reset=reset.subtract, leak=leak[part], threshold=threshold[part], learn=learn)

    x, g = current(rng, 8, batch, np.float32, n), rng.normal(size=(8, batch, n)).astype(np.float32)
    (v,) = start(population(slice(None)), rng, batch, np.float32, n)

    def results(part):
        layer, leaf, state = population(part), *(Tensor(a[..., part].copy(), requires_grad=True) for a in (x, v))
        y, (after,) = layer.run(leaf, (state,))
        y.backward(g[..., part])
        gradients = (leaf.grad, state.grad, *(p.grad for p in layer.parameters().values()))
        return y.data, after.data, *gradients

    whole = results(slice(None))
    for joined, *pieces in zip(whole, *map(results, parts), strict=True):
        np.testing.assert_array_equal(joined, np.concatenate(pieces, axis=-1))


@pytest.mark.parametrize("n", [3, 140])
def test_time_can_be_split(n, rng):
    """Thirty steps equal 11 and 19 with the state carried over, exactly; the gradients to rounding."""
    layer, x = firing(), Tensor(current(rng, 30, 2, np.float32, n), requires_grad=True)
    whole, last = layer.run(x)
    graph.sum(whole * np.arange(n, dtype=np.float32)).backward()
    g, x.grad = x.grad, None
    head, state = layer.run(x[:11])
    tail, end = layer.run(x[11:], state)
    assert np.array_equal(whole.data, np.concatenate([head.data, tail.data]))
    for a, b in zip(last, end, strict=True):
        assert np.array_equal(a.data, b.data)
    graph.sum(graph.concatenate([head, tail]) * np.arange(n, dtype=np.float32)).backward()
    np.testing.assert_array_equal(g, x.grad)


@settings(max_examples=25, deadline=None)
@given(data=st.data(), n=st.integers(1, 6), batch=st.integers(1, 4))
def test_permuting_neurons_or_rows_permutes_everything(data, n, batch):
    """Neurons share nothing, batch rows neither."""
    neurons, batch_rows = data.draw(st.permutations(range(n))), data.draw(st.permutations(range(batch)))
    rng = np.random.default_rng(n + 10 * batch)
    leak, x = rng.uniform(0.3, 1, n), rng.normal(0.4, 0.7, (10, batch, n)).astype(np.float32)
    g = rng.normal(size=x.shape).astype(np.float32)

    def results(leak, x, g):
        layer = Spiking(lif.step, reset=reset.subtract, leak=leak, threshold=1.0, learn=("leak", "threshold"))
        leaf = Tensor(x, requires_grad=True)
        y, (v,) = layer.run(leaf)
        y.backward(g)
        return y.data, v.data, leaf.grad, layer.values["leak"].grad

    def moved(a):
        return np.ascontiguousarray(a[..., batch_rows, :][..., neurons])

    y, v, g_x, g_leak = results(leak, x, g)
    y2, v2, g_x2, g_leak2 = results(leak[neurons], moved(x), moved(g))
    for a, b in ((moved(y), y2), (moved(v), v2), (moved(g_x), g_x2)):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(g_leak[neurons], g_leak2, rtol=1e-5, atol=1e-6)  # a sum over rows in another order


@settings(max_examples=25, deadline=None)
@given(row=st.integers(0, 3), neuron=st.integers(0, 2), value=st.floats(-100, 100, width=32))
def test_batch_rows_and_neurons_do_not_touch(row, neuron, value):
    """Changing the input of one neuron in one row changes nothing anywhere else."""
    x = np.random.default_rng(0).normal(0.4, 0.7, (10, 4, 3)).astype(np.float32)
    layer = firing()
    y = layer(x).data
    x[:, row, neuron] = value
    different = layer(x).data != y
    different[:, row, neuron] = False
    assert not different.any()


@pytest.mark.parametrize("n", [3, 140])
@pytest.mark.parametrize("case", named("LIF-subtract", "LI"), ids=str)
def test_held_input_equals_input_given_at_every_step(case, n, rng):
    """A stride-0 view is read once, its gradient summed in the loop: same spikes and states, gradients to rounding."""
    values = {name: value[0] for name, value in case.parameters().items()}
    layer = Spiking(case.step, learn=case.learnable, **case.functions, **values)
    constant = rng.normal(0.4, 0.5, (2, n)).astype(np.float32)
    g = rng.normal(size=(15, 2, n)).astype(np.float32)
    results = []
    for steps_of in (lambda x: repeat(x, 15), lambda x: graph.stack([x] * 15)):
        leaf = Tensor(constant, requires_grad=True)
        for parameter in layer.parameters().values():
            parameter.grad = None
        y, (v,) = layer.run(steps_of(leaf))
        y.backward(g)
        results.append((y.data, v.data, leaf.grad, *(p.grad for p in layer.parameters().values())))
    for k, (a, b) in enumerate(zip(*results, strict=True)):
        if k < 2:
            np.testing.assert_array_equal(a, b)
        else:
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5 * np.abs(a).max())
    given_as_array = layer(np.broadcast_to(constant, (15, 2, n)))
    np.testing.assert_array_equal(given_as_array.data, results[0][0])


def test_held_input_may_be_used_twice(rng):
    """By two layers, and by one that looks at every step: gradients summed over time meet others that are not."""
    constant, g = rng.normal(0.4, 0.5, (2, 3)).astype(np.float32), rng.normal(size=(7, 2, 3)).astype(np.float32)
    gradients = []
    for steps_of in (lambda x: repeat(x, 7), lambda x: graph.stack([x] * 7)):
        leaf = Tensor(constant, requires_grad=True)
        x = steps_of(leaf)
        y = firing()(x) + firing(surrogate=surrogate.atan(5.0))(x) + x * np.arange(7, dtype=np.float32)[:, None, None]
        y.backward(g)
        gradients.append(leaf.grad)
    np.testing.assert_allclose(*gradients, rtol=1e-5, atol=1e-5)


def test_gradient_of_an_output_summed_over_time_is_not_expanded(rng):
    """y.sum() hands back a view with stride 0; the loop must read it as such, whichever axes are repeated."""
    x = current(rng, 6, 2, np.float32)
    weights = rng.normal(size=(2, 3)).astype(np.float32)
    for reduce in (graph.sum, lambda y: graph.sum(graph.sum(y, axis=0) * weights)):
        gradients = []
        for copy_first in (False, True):
            leaf = Tensor(x, requires_grad=True)
            y = firing()(leaf)
            reduce(y * 1.0 if copy_first else y).backward()
            gradients.append(leaf.grad)
        np.testing.assert_array_equal(*gradients)


def test_gradient_through_the_last_states_alone(rng):
    """The loss need not see the output."""
    x = Tensor(current(rng, 6, 2, np.float32), requires_grad=True)
    _, (v,) = LI(tau_mem_s=5e-3).run(x)
    v.sum().backward()
    leak = np.exp(-1 / 5)
    np.testing.assert_allclose(x.grad, np.broadcast_to(leak ** np.arange(5, -1, -1)[:, None, None], x.shape), rtol=1e-5)


def test_read_only_and_strided_input(rng):
    """Inputs are not written to, may be read-only, and need not be contiguous or aligned."""
    x = current(rng, 6, 2, np.float32)
    wanted = firing()(x).data
    frozen = x.copy()
    frozen.flags.writeable = False
    strided = np.zeros((6, 2, 6), np.float32)[..., ::2]
    strided[...] = x
    raw = np.zeros(x.nbytes + 1, np.uint8)
    unaligned = raw[1:].view(np.float32).reshape(x.shape)
    unaligned[...] = x
    state = np.zeros((2, 3), np.float32)
    state.flags.writeable = False
    for one in (frozen, strided, unaligned, np.asfortranarray(x)):
        before = one.copy()
        np.testing.assert_array_equal(firing().run(one, (state,))[0].data, wanted)
        np.testing.assert_array_equal(one, before)


def test_one_loop_serves_read_only_and_other_arrays(rng):
    """numba would compile once more for every combination of read-only arguments."""
    layer, x = LI(tau_mem_s=5e-3), current(rng, 4, 1, np.float32)
    layer(x)
    made = compiled_count + loaded_count
    layer(np.broadcast_to(x[0], x.shape))
    assert compiled_count + loaded_count == made


def test_widths_share_one_loop():
    """A surrogate's width is a parameter of the loop, not part of its text."""
    loops = set()
    for width in (2.0, 3.0):
        layer = firing(surrogate=surrogate.atan(width))
        rules = adjoint(layer.model, layer.surrogate, layer.learn)
        loops.add(time_loop.adjoint_loop(rules, tuple(layer.values), False, "float32"))
    assert len(loops) == 1


def test_neurons_of_any_shape(rng):
    """(steps, batch, 2, 3, 5) equals the same neurons in one row, parameters included."""
    x = current(rng, 6, 2, np.float32, 30)
    threshold = rng.uniform(0.5, 1.5, (3, 5))
    learn = ("leak", "threshold")
    flat = Spiking(lif.step, reset=reset.subtract, leak=0.9, threshold=np.tile(threshold.reshape(-1), 2))
    shaped = Spiking(lif.step, reset=reset.subtract, leak=0.9, threshold=threshold, learn=learn)
    leaf = Tensor(x.reshape(6, 2, 2, 3, 5), requires_grad=True)
    y, (v,) = shaped.run(leaf)
    assert y.shape == leaf.shape
    assert v.shape == (2, 2, 3, 5)
    wanted, (v_flat,) = flat.run(x)
    np.testing.assert_array_equal(y.data.reshape(x.shape), wanted.data)
    np.testing.assert_array_equal(v.data.reshape(2, 30), v_flat.data)
    y.sum().backward()
    assert shaped.values["threshold"].grad.shape == (3, 5)
    assert shaped.values["leak"].grad.shape == ()


def test_parameters_are_spread_in_the_dtype_of_the_input(interpreted):
    layer = Spiking(leaky_integrator.step, leak=np.float64(1) / 3)
    for dtype in (np.float32, np.float64):
        assert rows(layer, 1, dtype)["leak"][0] == dtype(1 / 3)
        out = layer.run(np.zeros((1, 1, 1), dtype), (np.ones((1, 1), dtype),))[0]
        assert out.data.item() == dtype(1 / 3)
        assert out.dtype == dtype


def test_per_neuron_parameters_keep_double_precision(interpreted):
    layer = Spiking(leaky_integrator.step, leak=np.array([1 / 3, 0.1]))
    out = layer.run(np.zeros((1, 1, 2)), (np.ones((1, 2)),))[0]
    assert out.data.ravel().tolist() == [1 / 3, 0.1]


def test_no_gradient_no_states_kept(rng, monkeypatch):
    """Without anything to differentiate the states before the segments are not kept."""
    x = current(rng, 5, 1, np.float32)
    kept = []
    forward = neuron_pass.forward

    def spy(*arguments, span, **named):
        kept.append(span)
        return forward(*arguments, span=span, **named)

    monkeypatch.setattr(neuron_pass, "forward", spy)
    LI()(x)
    LI()(Tensor(x, requires_grad=True))
    with graph.no_grad():
        LI()(Tensor(x, requires_grad=True))
    assert kept == [0, 5, 0]


@pytest.mark.parametrize("n", [3, 150])
def test_segments_of_any_length_give_the_same_gradients(n, rng, monkeypatch):
    """Bit by bit: the adjoint runs each segment again from the states kept before it."""
    x, g = current(rng, 11, 2, np.float32, n), current(rng, 11, 2, np.float32, n)
    results = []
    for span in (1, 2, 4, 11):
        monkeypatch.setattr(neuron_pass, "whole_span", lambda steps, span=span: span)
        leaf, layer = Tensor(x, requires_grad=True), firing()
        layer(leaf).backward(g)
        results.append((leaf.grad, layer.values["leak"].grad, layer.values["threshold"].grad))
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_segments_are_as_few_and_equal_as_fit():
    assert [neuron_pass.whole_span(steps) for steps in (1, 25, 32, 33, 100)] == [1, 25, 32, 17, 25]
