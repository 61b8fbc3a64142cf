"""What flows along the edges of a graph, for drawing it."""

from __future__ import annotations

import numpy as np
import pytest

import spikenet.graph as G
from spikenet.graph import Tensor, edge_gradients, outputs


def test_shopping_basket():
    """Every edge of the basket, worked out by hand."""
    apple, apples = Tensor(100.0, requires_grad=True, name="apple"), Tensor(5.0, name="apples")
    cost = apple * apples
    total = cost * 1.08
    flow = edge_gradients(total)
    seen = {(edge.child.operation, edge.parent.name or edge.parent.operation): edge.gradient for edge in flow.edges}
    assert seen["multiply", "apple"] == pytest.approx(5.4)
    assert seen["multiply", "multiply"] == pytest.approx(1.08)
    assert seen["multiply", "apples"] is None
    assert flow.edges[0].child is total
    assert flow.gradients[total] == 1
    assert flow.gradients[apple] == pytest.approx(5.4)
    assert apples not in flow.gradients
    assert apple.grad is None


def test_an_operand_used_twice_has_two_edges_and_one_sum():
    x = Tensor(3.0, requires_grad=True)
    flow = edge_gradients(x * x)
    assert [edge.gradient for edge in flow.edges] == [3, 3]
    assert flow.gradients[x] == 6


def test_edges_into_a_node_add_up_to_its_gradient():
    rng = np.random.default_rng(0)
    x, w = (Tensor(rng.normal(size=(3, 3)), requires_grad=True) for _ in range(2))
    h = G.tanh(x @ w)
    loss = (h @ w + h * x).sum()
    flow = edge_gradients(loss)
    loss.backward()
    for node in (x, w, h):
        total = sum(edge.gradient for edge in flow.edges if edge.parent is node)
        np.testing.assert_allclose(total, flow.gradients[node], rtol=1e-14)
    np.testing.assert_array_equal(x.grad, flow.gradients[x])
    np.testing.assert_array_equal(w.grad, flow.gradients[w])


def test_an_operation_with_several_outputs():
    x = Tensor([1.0, 2.0], requires_grad=True)
    a, b = outputs([x.data, -x.data], (x,), lambda g: (g[0] - g[1],), operation="both")
    flow = edge_gradients((a * 2 + b * 3).sum())
    hidden = a.parents[0]
    into = {edge.child.operation: edge.gradient for edge in flow.edges if edge.parent is hidden}
    np.testing.assert_array_equal(into["both[0]"], [2, 2])
    np.testing.assert_array_equal(into["both[1]"], [3, 3])
    assert hidden not in flow.gradients
    np.testing.assert_array_equal(flow.gradients[x], [-1, -1])


def test_it_refuses_what_backward_refuses():
    with pytest.raises(ValueError, match="size 1"):
        edge_gradients(Tensor([1.0, 2.0], requires_grad=True) * 2)
    with pytest.raises(ValueError, match="does not depend"):
        edge_gradients(Tensor(1.0))
