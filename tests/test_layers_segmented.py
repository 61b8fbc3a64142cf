"""Segmented: outputs, states and gradients of the net it holds, in pieces; truncation; dropout; messages."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from spikenet.graph import Tensor, check_gradient, no_grad, repeat
from spikenet.layers import (
    LI,
    LIF,
    CubaLIF,
    Dropout,
    LeakyRate,
    Linear,
    Residual,
    Segmented,
    Sequential,
    Tanh,
    Training,
    build,
    cast,
)
from spikenet.layers.state_leaves import leaves, with_leaves
from spikenet.train.checkpoint import describe

pytestmark = pytest.mark.usefixtures("interpreted")

STEPS, BATCH = 23, 4


def dyadic(net, bits=6):
    """Weights on a grid, so that sums are exact and no spike depends on the order of summation."""
    for p in net.parameters().values():
        p.data = np.round(p.data * 2**bits) / np.float32(2**bits)
    return net


def spiking_net(p=0.0, n=20):
    net = Sequential(
        Linear(3, n, seed=0),
        CubaLIF(tau_mem_s=5e-3, threshold=0.5),
        Dropout(p),
        Residual(Linear(n, n, seed=1), LIF(threshold=0.5, learn=("leak", "threshold"))),
        Linear(n, 2, seed=2),
        LI(learn=("leak",)),
    )
    return dyadic(net)


def inputs(rng, steps=STEPS):
    return (rng.random((steps, BATCH, 3)) < 0.4).astype(np.float32)


def gradients(net, x, seed=5, state=None, training=None):
    """Output, last state, and gradients of a loss of both in every parameter and in the input."""
    x = x if isinstance(x, Tensor) else Tensor(x, requires_grad=True)
    for p in net.parameters().values():
        p.grad = None
    y, after = net.run(x, state, training=training)
    rng = np.random.default_rng(seed)
    total = (y * rng.normal(size=y.shape).astype(y.dtype)).sum()
    for leaf in leaves(after):
        total = total + (leaf * rng.normal(size=leaf.shape).astype(leaf.dtype)).sum()
    total.backward()
    found = {name: p.grad for name, p in net.parameters().items()}
    return y.data, [leaf.data for leaf in leaves(after)], found | {"x": x.grad}


def assert_same(whole, pieces):
    np.testing.assert_array_equal(whole[0], pieces[0])
    for a, b in zip(whole[1], pieces[1], strict=True):
        np.testing.assert_array_equal(a, b)
    for name, g in whole[2].items():
        np.testing.assert_allclose(pieces[2][name], g, rtol=0, atol=1e-5 * np.abs(g).max(), err_msg=name)


@pytest.mark.parametrize("steps", [1, 7, 22, 23, 100])
def test_is_the_net_in_pieces(steps, rng):
    """Outputs and last states bit for bit, gradients to rounding, whatever the length of a segment."""
    net, x = spiking_net(), inputs(rng)
    whole = gradients(net, x)
    assert all(np.abs(g).max() > 0 for g in whole[2].values())
    assert_same(whole, gradients(Segmented(net, steps=steps), x))


def test_wide_populations_that_list_their_events(rng):
    net, x = spiking_net(n=130), inputs(rng)[:9]
    assert_same(gradients(net, x), gradients(Segmented(net, steps=4), x))


def test_gradients_in_float64_to_its_rounding(rng):
    net, x = cast(spiking_net(), np.float64), inputs(rng).astype(np.float64)
    whole, pieces = gradients(net, x), gradients(Segmented(net, steps=6), x)
    for name, g in whole[2].items():
        np.testing.assert_allclose(pieces[2][name], g, rtol=0, atol=1e-13 * np.abs(g).max(), err_msg=name)


def test_gradient_check(rng):
    """Against finite differences, in input, initial state and parameters."""
    net = Sequential(Linear(2, 3, seed=0), LeakyRate(learn=("leak",), tau_s=3e-3), Linear(3, 2, seed=1), Tanh(), LI())
    cast(net, np.float64)
    pieces = Segmented(net, steps=2)
    state = ((), (rng.normal(size=(2, 3)),), (), (), (rng.normal(size=(2, 2)),))
    given = iter(leaves(state))

    def function(x, r, v, *parameters):
        y, after = pieces.run(x, ((), (r,), (), (), (v,)))
        return (y * y).sum() + sum(leaf.sum() for leaf in leaves(after))

    x = Tensor(rng.normal(size=(5, 2, 2)), requires_grad=True)
    r, v = (Tensor(next(given), requires_grad=True) for _ in range(2))
    check_gradient(function, x, r, v, *net.parameters().values())


def test_input_that_repeats_is_held_once(rng):
    net = spiking_net()
    held = inputs(rng)[0] * np.float32(0.5)
    grads = []
    for layer in (net, Segmented(net, steps=5)):
        leaf = Tensor(held, requires_grad=True)
        y, _, found = gradients(layer, repeat(leaf, STEPS))
        grads.append((y, found | {"x": leaf.grad}))
    np.testing.assert_array_equal(grads[0][0], grads[1][0])
    for name, g in grads[0][1].items():
        np.testing.assert_allclose(grads[1][1][name], g, rtol=0, atol=1e-5 * np.abs(g).max(), err_msg=name)


def test_a_view_with_stride_0_and_no_gradient_of_the_input(rng):
    net, x = spiking_net(), np.broadcast_to(inputs(rng)[0], (STEPS, BATCH, 3))
    x.flags.writeable = False
    np.testing.assert_array_equal(net(x).data, Segmented(net, steps=4)(x).data)


def test_dropout_has_one_mask_for_the_whole_sequence(rng):
    net, x = dyadic(spiking_net(p=0.5)), inputs(rng)
    one, other = np.random.default_rng(1), np.random.default_rng(1)
    whole = gradients(net, x, training=Training(one))
    pieces = gradients(Segmented(net, steps=6), x, training=Training(other))
    assert_same(whole, pieces)
    assert one.bit_generator.state == other.bit_generator.state  # what is drawn next is the same too
    assert not np.array_equal(whole[0], net(x).data)


def test_state_goes_in_and_out(rng):
    net, x = spiking_net(), inputs(rng)
    _, state = net.run(x[:9])
    whole, pieces = net.run(x[9:], state), Segmented(net, steps=4).run(x[9:], state)
    np.testing.assert_array_equal(whole[0].data, pieces[0].data)
    for a, b in zip(leaves(whole[1]), leaves(pieces[1]), strict=True):
        np.testing.assert_array_equal(a.data, b.data)
    assert [len(part) for part in pieces[1]] == [len(part) for part in whole[1]]


def truncated(net, x, steps):
    """Truncated backpropagation through time, written out: the state handed on as a constant."""
    for p in net.parameters().values():
        p.grad = None
    state, rng = None, np.random.default_rng(5)
    weights = rng.normal(size=(len(x), BATCH, 2)).astype(np.float32)
    for low in range(0, len(x), steps):
        y, state = net.run(x[low : low + steps], state)
        (y * weights[low : low + steps]).sum().backward()
        state = with_leaves(state, lambda leaf: leaf.detach())
    return {name: p.grad for name, p in net.parameters().items()}


def test_truncation_drops_the_gradient_of_the_state(rng):
    net, x = spiking_net(), inputs(rng)
    expected = truncated(net, x, 5)
    found = {}
    for truncate in (True, False):
        for p in net.parameters().values():
            p.grad = None
        y = Segmented(net, steps=5, truncate=truncate)(x)
        (y * np.random.default_rng(5).normal(size=y.shape).astype(np.float32)).sum().backward()
        found[truncate] = {name: p.grad for name, p in net.parameters().items()}
    for name, g in expected.items():
        np.testing.assert_allclose(found[True][name], g, rtol=0, atol=1e-5 * np.abs(g).max(), err_msg=name)
        assert np.abs(found[False][name] - g).max() > 1e-3 * np.abs(g).max(), name


def test_a_loss_of_the_state_alone(rng):
    net, x = spiking_net(), inputs(rng)
    grads = []
    for layer in (net, Segmented(net, steps=8)):
        for p in net.parameters().values():
            p.grad = None
        leaves(layer.run(x)[1])[-1].sum().backward()
        grads.append({name: p.grad for name, p in net.parameters().items()})
    for name, g in grads[0].items():
        np.testing.assert_allclose(grads[1][name], g, rtol=0, atol=1e-5 * np.abs(g).max(), err_msg=name)


def test_a_parameter_that_is_frozen_gets_no_gradient(rng):
    net = spiking_net()
    net.parameters()["0.weight"].requires_grad = False
    Segmented(net, steps=5)(inputs(rng)).sum().backward()
    assert net.parameters()["0.weight"].grad is None
    assert np.abs(net.parameters()["0.bias"].grad).max() > 0


def test_backward_works_within_no_grad(rng):
    net = spiking_net()
    y = Segmented(net, steps=5)(inputs(rng)).sum()
    with no_grad():
        y.backward()
    assert np.abs(net.parameters()["0.bias"].grad).max() > 0


def test_within_no_grad_nothing_is_kept(rng):
    with no_grad():
        y = Segmented(spiking_net(), steps=5)(inputs(rng))
    assert not y.requires_grad
    assert y.parents == ()


def test_memory_is_that_of_a_segment(rng):
    net = dyadic(Sequential(Linear(3, 100, seed=0), Tanh(), Linear(100, 2, seed=1), LI()))
    x = rng.random((400, 8, 3)).astype(np.float32)
    peaks = []
    for layer in (net, Segmented(net, steps=20)):
        layer(x[:40]).sum().backward()  # whatever is compiled or loaded once
        tracemalloc.start()
        layer(x).sum().backward()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] / 4


def test_describes_and_builds_itself(rng):
    pieces = Segmented(spiking_net(), steps=5, truncate=True)
    assert list(pieces.parameters()) == list(pieces.layers[0].parameters())
    described = describe(pieces)

    def built(one):
        return build(one["kind"], one["config"], [built(inner) for inner in one["layers"]])

    again = built(described)
    assert describe(again) == described
    assert "steps=5, truncate=True" in repr(again)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"net": 3, "steps": 2}, TypeError, "Segmented: net: expected a layer, got 3"),
        ({"net": LIF, "steps": 2}, TypeError, "Segmented: net: expected a layer"),
        ({"net": LIF(), "steps": 0}, ValueError, "Segmented: steps: expected a whole number >= 1, got 0"),
        ({"net": LIF(), "steps": 2.5}, TypeError, "Segmented: steps: expected a whole number"),
        ({"net": LIF(), "steps": 2, "truncate": 1}, TypeError, "Segmented: truncate: expected True or False, got 1"),
    ],
)
def test_wrong_arguments(arguments, error, message):
    net = arguments.pop("net")
    with pytest.raises(error, match=message):
        Segmented(net, **arguments)


def test_wrong_input():
    pieces = Segmented(LIF(), steps=2)
    with pytest.raises(ValueError, match=r"expected input \(steps, batch, ...\) without empty axes, got \(5,"):
        pieces(np.zeros(5, np.float32))
    with pytest.raises(ValueError, match="a state belongs to one batch"):
        pieces.run(np.zeros((5, 2, 3)), (np.zeros((3, 3), np.float32),))


def test_leaves_of_a_state():
    state = ((), (1, 2), [(3,), None], 4)
    assert leaves(state) == [1, 2, 3, 4]
    assert leaves(None) == []
    assert with_leaves(state, lambda leaf: -leaf) == ((), (-1, -2), ((-3,), None), -4)
