"""Gradients kept as two factors: the same as written out, whoever else sends one, and whoever looks."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from spikenet import graph
from spikenet.graph import Factored, Tensor, check_gradient, edge_gradients
from spikenet.kernels import neuron_pass
from spikenet.layers import LI, LIF, CubaLIF, Linear, Spiking, cast
from spikenet.layers.linear import FEW
from spikenet.neurons import lif, reset, surrogate

STEPS, BATCH, N = 6, 3, 150


def neurons():
    return LIF(tau_mem_s=5e-3, learn=("leak", "threshold"))


def readout(m, n=N, seed=0):
    return cast(Linear(n, m, seed=seed), np.float64)


@pytest.fixture
def factors(monkeypatch):
    """Whether each adjoint loop since was handed two factors."""
    seen, adjoint = [], neuron_pass.adjoint

    def watched(rules, one, g_out, g_state, repeated, w=None):
        seen.append(w is not None)
        return adjoint(rules, one, g_out, g_state, repeated, w)

    monkeypatch.setattr(neuron_pass, "adjoint", watched)
    return seen


def gradients(loss_of, takes_factors, layer=None, shape=(STEPS, BATCH, N)):
    """Gradients of loss_of(output, states) in the current, the neurons' parameters and the first state; float64."""
    layer = cast(layer or neurons(), np.float64)
    rng = np.random.default_rng(5)
    leaves = [Tensor(rng.normal(0.2, 0.6, shape), requires_grad=True)]
    leaves += [Tensor(rng.normal(0, 0.3, shape[1:]), requires_grad=True) for _ in layer.states]
    output, states = layer.run(leaves[0], tuple(leaves[1:]))
    assert output.takes_factors
    output.takes_factors = takes_factors
    loss_of(output, states).backward()
    return [leaf.grad for leaf in (*leaves, *layer.parameters().values())]


def weighted(y, seed=0):
    """A sum over y in which every value has its own weight, in both time and batch."""
    return graph.sum(y * np.random.default_rng(seed).normal(size=y.shape))


def assert_same(ours, wanted):
    for a, b in zip(ours, wanted, strict=True):
        assert a.dtype == b.dtype == np.float64
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12 * np.abs(b).max())
        assert np.abs(b).max() > 0


@pytest.mark.parametrize("m", [1, 3, 4, 5, 10, FEW])
@pytest.mark.parametrize("n", [neuron_pass.NARROW, 150, 1100])
def test_narrow_readout_equals_the_dense_route(n, m, factors):
    """One to sixteen outputs, one block of neurons and several."""
    layer = readout(m, n)
    both = [gradients(lambda y, _: weighted(layer(y)), takes, shape=(5, 2, n)) for takes in (True, False)]
    assert factors == [True, False]
    assert_same(*both)


@pytest.mark.parametrize("m", [3, FEW])
def test_equals_a_product_of_the_graph(m, factors):
    """matmul knows nothing of factors, events or BLAS in threads."""
    layer = readout(m)
    ours = gradients(lambda y, _: weighted(layer(y)), True)
    wanted = gradients(lambda y, _: weighted(graph.matmul(y, layer.weight.detach()) + layer.bias.data), True)
    assert factors == [True, False]
    assert_same(ours, wanted)


@pytest.mark.parametrize("shape", [(1, 1, N), (1, 3, N), (4, 1, N)], ids=str)
def test_one_step_or_one_sample(shape, factors):
    layer = readout(4)
    both = [gradients(lambda y, _: weighted(layer(y)), takes, shape=shape) for takes in (True, False)]
    assert factors == [True, False]
    assert_same(*both)


@pytest.mark.parametrize("make", [LI, LIF, CubaLIF, lambda **more: LIF(reset=reset.to_zero, **more)])
def test_any_neuron_takes_factors(make, factors):
    layer = readout(5)
    both = [gradients(lambda y, _: weighted(layer(y)), takes, make(tau_mem_s=5e-3)) for takes in (True, False)]
    assert factors == [True, False]
    assert_same(*both)


def test_equals_finite_differences():
    """The smooth twin of the neuron, as no spike has differences."""
    n = neuron_pass.NARROW
    smooth = Spiking(lif.step, reset=reset.subtract, surrogate=surrogate.sigmoid, smooth=True, leak=0.8, threshold=1.0)
    layer = readout(3, n)

    def f(x):
        y = smooth(x)
        assert y.takes_factors
        return layer(y)

    check_gradient(f, np.random.default_rng(0).normal(0.5, 0.5, (3, 1, n)))


a, b, wide = readout(4, seed=1), readout(7, seed=2), readout(FEW + 1, seed=3)
USES = {  # of the output y and the last membrane v: what meets in y's gradient
    "factored + factored": lambda y, v: weighted(a(y), 1) + weighted(b(y), 2),
    "factored + the same": lambda y, v: weighted(a(y), 1) + weighted(a(y), 2),
    "factored + dense": lambda y, v: weighted(a(y), 1) + weighted(y * y, 2),
    "dense + factored": lambda y, v: weighted(y * y, 2) + weighted(a(y), 1),
    "factored + wide": lambda y, v: weighted(a(y), 1) + weighted(wide(y), 2),
    "wide + factored": lambda y, v: weighted(wide(y), 2) + weighted(a(y), 1),
    "three factored": lambda y, v: weighted(a(y), 1) + weighted(b(y), 2) + weighted(a(y) * 2, 3),
    "dense between": lambda y, v: weighted(a(y), 1) + weighted(y * y, 2) + weighted(b(y), 3),
    "dense around": lambda y, v: weighted(y * y, 1) + weighted(a(y), 2) + weighted(y * y * y, 3),
    "sum over everything": lambda y, v: graph.sum(a(y)) + graph.sum(y),
    "the last step too": lambda y, v: weighted(a(y), 1) + weighted(y[-1], 2),
    "the state too": lambda y, v: weighted(a(y), 1) + weighted(v * v, 2),
    "state and dense": lambda y, v: weighted(v, 3) + weighted(a(y), 1) + weighted(y * y, 2),
}


@pytest.mark.parametrize("uses", USES)
def test_what_is_used_more_than_once(uses):
    """The sum of gradients that came as factors and of others, in any order."""
    assert_same(*(gradients(lambda y, states: USES[uses](y, states[0]), takes) for takes in (True, False)))


def test_a_sum_does_not_write_into_the_factors():
    """What one edge sent is what it sent, also after the node's gradients were added up."""
    layer = readout(4)
    y = neurons()(Tensor(np.random.default_rng(0).normal(0.2, 0.6, (STEPS, BATCH, N)), requires_grad=True))
    product, g = layer(y), np.random.default_rng(1).normal(size=(STEPS, BATCH, 4))
    kept = g.copy(), layer.weight.data.copy()
    flow = edge_gradients(graph.sum(product * g) + graph.sum(y * y))
    np.testing.assert_array_equal(g, kept[0])
    np.testing.assert_array_equal(layer.weight.data, kept[1])
    sent = [edge.gradient for edge in flow.edges if edge.child is product and edge.parent is y]
    np.testing.assert_allclose(sent[0], g @ layer.weight.data.T, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("first", [True, False])
def test_a_sum_does_not_write_into_what_another_node_was_sent(first):
    """An addition hands one array to both of its operands; y adds the factors to its own copy."""
    other = Tensor(np.ones((STEPS, BATCH, N)), requires_grad=True)
    y = neurons()(Tensor(np.random.default_rng(0).normal(0.2, 0.6, other.shape), requires_grad=True))
    parts = [weighted(readout(4)(y), 1), weighted(y + 2.0 * other, 2)]
    (parts[first] + parts[not first]).backward()
    np.testing.assert_array_equal(other.grad, 2.0 * np.random.default_rng(2).normal(size=y.shape))


def test_a_wider_layer_or_a_narrower_population_writes_it_out(factors):
    """Beyond FEW outputs a product is cheaper; narrow populations are laid out in another way."""
    gradients(lambda y, _: weighted(wide(y)), True)
    for n, few in ((neuron_pass.NARROW - 1, 4), (40, 4)):
        leaf = Tensor(np.random.default_rng(0).normal(size=(3, 2, n)), requires_grad=True)
        y = neurons()(leaf)
        assert not y.takes_factors
        weighted(readout(few, n)(y)).backward()
    assert factors == [False, False, False]


def test_neurons_in_several_axes_get_it_written_out(factors):
    """A Linear over their last axis sends (..., 8, 40); the population is one row of 320."""
    leaf = Tensor(np.random.default_rng(0).normal(0.2, 0.6, (3, 2, 8, 40)), requires_grad=True)
    y = cast(neurons(), np.float64)(leaf)
    layer = readout(4, 40)
    weighted(layer(y)).backward()
    got, leaf.grad = leaf.grad, None
    weighted(graph.matmul(y, layer.weight.detach())).backward()
    np.testing.assert_allclose(got, leaf.grad, rtol=1e-12, atol=1e-14)
    assert factors == [False, False]


@pytest.mark.parametrize("once", [True, False])
def test_edges_and_nodes_are_shown_written_out(once):
    """Every gradient of the drawing is an array of its node's shape, and equals that of the dense route."""
    shown = []
    for takes in (True, False):
        leaf = Tensor(np.random.default_rng(0).normal(0.2, 0.6, (STEPS, BATCH, N)), requires_grad=True, name="x")
        y = cast(neurons(), np.float64)(leaf)
        y.takes_factors = takes
        loss = weighted(a(y), 1) if once else weighted(a(y), 1) + weighted(b(y), 2) + weighted(y * y, 3)
        flow = edge_gradients(loss)
        assert leaf.grad is None
        uses = Counter(edge.child.operation for edge in flow.edges if edge.parent is y)
        assert uses == ({"linear": 1} if once else {"linear": 2, "multiply": 2})
        for node, gradient in flow.gradients.items():
            assert type(gradient) is np.ndarray
            assert gradient.shape == node.shape
        edges = {}
        for edge in flow.edges:
            if edge.gradient is not None:
                assert type(edge.gradient) is np.ndarray
                through = y if edge.child is y else edge.parent  # y hangs on a hidden node without a shape of its own
                assert edge.gradient.shape == through.shape
                ends = edge.child.operation, edge.parent.operation, edge.parent.name
                edges.setdefault(ends, []).append(edge.gradient)
        shown.append((list(flow.gradients.values()), edges))
    (nodes, edges), (nodes_wanted, edges_wanted) = shown
    assert_same(nodes, nodes_wanted)
    assert edges.keys() == edges_wanted.keys()
    for ends, gradients_there in edges.items():
        assert_same(gradients_there, edges_wanted[ends])


def test_gradients_of_two_losses_add_up():
    layer, x = readout(4), np.random.default_rng(0).normal(0.2, 0.6, (STEPS, BATCH, N))
    leaf = Tensor(x, requires_grad=True)
    for seed in (1, 2):
        weighted(layer(LIF()(leaf)), seed).backward()
    together = Tensor(x, requires_grad=True)
    y = layer(LIF()(together))
    (weighted(y, 1) + weighted(y, 2)).backward()
    np.testing.assert_allclose(leaf.grad, together.grad, rtol=1e-12, atol=1e-14)


def test_float32_stays_float32():
    leaf = Tensor(np.random.default_rng(0).normal(size=(3, 2, N)).astype(np.float32), requires_grad=True)
    y = Linear(N, 3, seed=0)(LIF()(leaf))
    y.backward(np.random.default_rng(1).normal(size=y.shape))
    assert leaf.grad.dtype == np.float32


def test_a_factored_gradient_itself():
    rng = np.random.default_rng(0)
    g, w = rng.normal(size=(5, 2, 3)), rng.normal(size=(7, 3))
    factored = Factored(g, w)
    assert factored.shape == (5, 2, 7)
    np.testing.assert_allclose(factored.written_out(), np.einsum("tbm,nm->tbn", g, w), rtol=1e-12)


def test_a_vjp_may_give_factors_to_anyone():
    """Who cannot use them gets the array: leaves, operations that know nothing of them, also in float32."""
    rng = np.random.default_rng(0)
    factored = Factored(rng.normal(size=(5, 2)), rng.normal(size=(4, 2)))
    leaf = Tensor(np.zeros((5, 4), np.float32), requires_grad=True)
    for parent, factor in ((leaf, 1.0), (leaf * 3.0, 3.0)):
        leaf.grad = None
        Tensor(np.float64(0), (parent,), lambda g: (factored,), operation="narrow").backward()
        np.testing.assert_allclose(leaf.grad, factor * factored.written_out(), rtol=1e-6)
        assert leaf.grad.dtype == np.float32


def test_factors_of_a_wrong_shape_are_refused():
    leaf = Tensor(np.zeros((5, 4)), requires_grad=True)
    y = Tensor(np.float64(0), (leaf,), lambda g: (Factored(np.ones((5, 2)), np.ones((3, 2))),), operation="narrow")
    with pytest.raises(ValueError, match=r"'narrow'.*\(5, 3\).*\(5, 4\)"):
        y.backward()
    assert leaf.grad is None
