"""The backward pass: order, sums, aliasing, depth, several outputs, repetition in time, errors."""

from __future__ import annotations

import gc
import time
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikenet.graph as G
from spikenet.graph import Tensor, check_gradient, outputs, repeat


def leaf(*values):
    return Tensor(np.array(values if len(values) > 1 else values[0], np.float64), requires_grad=True)


def test_shopping_basket():
    """5 apples at 100, 3 oranges at 80, 8 % tax: the total is 799.2, worked out by hand as are the gradients."""
    apple, apples, orange, oranges, tax = (leaf(v) for v in (100, 5, 80, 3, 1.08))
    total = (apple * apples + orange * oranges) * tax
    total.backward()
    assert total.item() == pytest.approx(799.2)
    assert [x.grad.item() for x in (apple, apples, orange, oranges, tax)] == pytest.approx([5.4, 108, 3.24, 86.4, 740])


def test_a_node_used_twice_gets_both_gradients():
    x = leaf(3)
    y = x * x
    (y + y * x).backward()  # x^2 + x^3
    assert x.grad == 2 * 3 + 3 * 9


def test_diamonds_in_a_row_visit_each_node_once():
    """2^60 paths: only an order by topology gets through."""
    x = leaf(1)
    calls = []
    y = x
    for _ in range(60):
        y = Tensor(y.data + y.data, (y, y), lambda g: (calls.append(1), (g, g))[1])
    y.backward()
    assert x.grad == 2.0**60
    assert len(calls) == 60


@settings(max_examples=40, deadline=None)
@given(picks=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.booleans()), min_size=1, max_size=12))
def test_random_graphs(picks):
    """Any graph of sums and products, nodes reused at will, against finite differences."""

    def f(a, b):
        nodes = [a, b]
        for first, second, is_sum in picks:
            x, y = nodes[first % len(nodes)], nodes[second % len(nodes)]
            nodes.append((x + y) * 0.5 if is_sum else G.tanh(x * y))
        return nodes[-1] + a * b

    check_gradient(f, np.array([0.3, 1.1]), np.array([0.9, -0.4]))


def test_backward_adds_to_grad():
    x = leaf(1, 2)
    (x * 2).sum().backward()
    first = x.grad
    (x * 3).sum().backward()
    np.testing.assert_array_equal(x.grad, [5, 5])
    np.testing.assert_array_equal(first, [2, 2])  # replaced, not written into


def test_only_leaves_get_grad():
    x, constant = leaf(1, 2), Tensor([3.0, 4.0])
    y = x * constant
    y.sum().backward()
    assert y.grad is None
    assert constant.grad is None


def test_a_leaf_can_be_the_output():
    x = leaf(1, 2)
    g = np.array([3.0, 4.0])
    x.backward(g)
    np.testing.assert_array_equal(x.grad, g)
    assert not np.shares_memory(x.grad, g)


def test_backward_twice_over_one_graph():
    x = leaf(2)
    y = x * x
    y.backward()
    y.backward()
    assert x.grad == 8


def test_order_of_recording_does_not_matter():
    x = leaf(2)
    late = x * 3
    early = late + x
    (early * late).backward()  # (3x + x) 3x
    assert x.grad == 2 * 12 * 2


@pytest.mark.parametrize(
    "f",
    [
        lambda a, b: a + b,
        lambda a, b: G.reshape(a, 2) + G.transpose(b),
        lambda a, b: G.sum(a) + G.sum(b),
        lambda a, b: G.stack([a, b, a]),
        lambda a, b: G.concatenate([a, b]),
        lambda a, b: sum(G.unstack(a + b)),
        lambda a, b: G.add(*outputs([a.data, b.data], (a, b), lambda g: g)),
        lambda a, b: G.add(*outputs([a.data, b.data], (a, b), lambda g: (g[1], g[0]))),
    ],
)
def test_gradients_share_no_memory(f):
    """An optimiser or a clip that scales one parameter's gradient must not scale another's."""
    a, b = leaf(1, 2), leaf(3, 4)
    y = f(a, b)
    g = np.ones(y.shape)
    y.backward(g)
    assert not np.shares_memory(a.grad, b.grad)
    assert not np.shares_memory(a.grad, g)
    assert not np.shares_memory(b.grad, g)
    for x in (a, b):
        assert x.grad.flags.writeable
        assert not np.shares_memory(x.grad, x.data)


def test_sums_do_not_write_into_what_a_vjp_returned():
    """add returns one array to both parents; the sum at x must not change what flows on through the other path."""
    x = leaf(1, 2)
    u = x * 1.0
    v = u + u  # u gets the same array twice
    w = u + v  # and again
    w.backward(np.array([1.0, 1.0]))
    np.testing.assert_array_equal(x.grad, [3, 3])

    kept = np.array([5.0, 6.0])
    kept.flags.writeable = False  # writing into it would raise
    shared = Tensor(x.data * 2, (x,), lambda g: (kept,))
    y = leaf(1, 2)
    z = y * 1.0
    parts = [Tensor(z.data, (z,), lambda g: (kept,)) for _ in range(3)]
    (parts[0] + parts[1] + parts[2] + shared).backward(np.ones(2))
    np.testing.assert_array_equal(y.grad, 3 * kept)


def test_vjps_see_the_values_of_the_forward_pass():
    """Giving a parameter new data between forward and backward does not change the gradient."""
    x, y = leaf(2), leaf(3)
    z = G.exp(x * y)
    y.data = np.array(100.0)
    z.backward()
    assert x.grad == pytest.approx(3 * np.exp(6))


@pytest.mark.parametrize(
    ("operation", "depth"),
    [(lambda y: y * 1.0, 100_000), (lambda y: outputs([y.data], (y,), lambda g: g)[0], 50_000)],
    ids=["operations", "operations with outputs"],
)
def test_depth_of_100_000(operation, depth):
    """Neither the pass nor freeing the graph may recurse (an operation with outputs is two nodes deep)."""
    x = leaf(2)
    start = time.perf_counter()
    y = x
    for _ in range(depth):
        y = operation(y)
    y.backward()
    assert x.grad == 1
    gone = weakref.ref(y)
    del y
    assert gone() is None  # reference counting alone frees it: a graph holds no cycles
    assert time.perf_counter() - start < 30


def test_a_deep_graph_in_a_cycle_is_collected():
    holder = []
    y = leaf(2)
    for _ in range(100_000):
        y = y * 1.0
    holder.extend([y, holder])
    gone = weakref.ref(y)
    del y, holder
    gc.collect()
    assert gone() is None


def test_wide_reuse_is_not_quadratic():
    x = leaf(1)
    y = G.stack([x * float(k) for k in range(5000)]).sum()
    y.backward()
    assert x.grad == 5000 * 4999 / 2


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda x: (x * 2).backward(), r"expected a tensor of size 1, got shape \(2,\).*x\.sum\(\)"),
        (lambda x: (x * 2).backward([1.0, 2.0, 3.0]), r"expected g of shape \(2,\), got \(3,\)"),
        (lambda x: (x * 2).backward(1.0), r"expected g of shape \(2,\), got \(\)"),
        (lambda x: Tensor(1.0).backward(), r"does not depend on a tensor that requires a gradient.*requires_grad=True"),
        (lambda x: x.detach().sum().backward(), "operation 'sum' does not depend"),
        (lambda x: Tensor(x.data, (x,), lambda g: (g[:1],), operation="mine").sum().backward(),
         r"vjp of operation 'mine' returned a gradient of shape \(1,\) for 'weight' of shape \(2,\)"),
        (lambda x: Tensor(x.data, (x,), lambda g: (g, g), operation="mine").sum().backward(),
         "vjp of operation 'mine' returned 2 gradients for 1 parents"),
    ],
)  # fmt: skip
def test_bad_calls_leave_grad_alone(call, says):
    x = Tensor(np.ones(2), requires_grad=True, name="weight")
    with pytest.raises(ValueError, match=says):
        call(x)
    assert x.grad is None


def test_an_error_in_a_vjp_leaves_every_grad_alone():
    def fails(g):
        raise RuntimeError("vjp")

    x, y = leaf(1), leaf(1)
    broken = Tensor(y.data, (y,), fails)
    with pytest.raises(RuntimeError, match="vjp"):
        (x + broken).backward()
    assert x.grad is None


def test_a_vjp_may_return_none():
    x, y = leaf(1), leaf(1)
    middle = x * 2
    z = Tensor(middle.data + y.data, (middle, y), lambda g: (None, g))
    (z + x).backward()
    assert (x.grad, y.grad) == (1, 1)


def sum_and_product(a, b, seen):
    def vjp(g):
        seen.append(g)
        g_sum, g_product = (np.zeros(2) if part is None else part for part in g)
        return g_sum + g_product * b.data, g_sum + g_product * a.data

    return outputs([a.data + b.data, a.data * b.data], (a, b), vjp, operation="both")


def test_several_outputs_call_their_vjp_once():
    a, b, seen = leaf(2, 3), leaf(5, 7), []
    total, product = sum_and_product(a, b, seen)
    (total * 10 + product * product + total).backward(np.ones(2))
    np.testing.assert_array_equal(a.grad, 11 + 2 * a.data * b.data**2)
    assert len(seen) == 1
    assert (total.operation, product.operation) == ("both[0]", "both[1]")


@pytest.mark.parametrize("used", [0, 1])
def test_an_unused_output_passes_none(used):
    a, b, seen = leaf(2, 3), leaf(5, 7), []
    sum_and_product(a, b, seen)[used].sum().backward()
    assert seen[0][1 - used] is None
    np.testing.assert_array_equal(a.grad, [[1, 1], [5, 7]][used])


def test_one_output_may_feed_the_other_side():
    """An output used on the way to the loss through another operation of several outputs."""
    check_gradient(lambda a, b: G.add(*sum_and_product(*sum_and_product(a, b, []), [])), np.ones(2) * 2, np.ones(2) * 3)


def test_outputs_of_constants_are_constants():
    for y in sum_and_product(Tensor([1.0, 2.0]), Tensor([1.0, 2.0]), []):
        assert y.parents == ()
        assert not y.requires_grad


def consumed(y, vjp):
    """A layer that may hand its gradient to a repeated input summed over time."""
    return Tensor(y.data.sum(axis=0), (y,), vjp, operation="layer")


def test_a_repeated_input_takes_a_gradient_summed_over_time():
    x = leaf(1, 2)
    y = repeat(x, 5)
    whole = consumed(y, lambda g: (np.broadcast_to(g, (5, 2)),))
    summed = consumed(y, lambda g: (5 * g[None],))
    for output, expected in ((whole, 5), (summed, 5), (whole + summed, 10), (summed + whole + summed, 15)):
        x.grad = None
        output.sum().backward()
        np.testing.assert_array_equal(x.grad, [expected] * 2)


def test_only_a_repeated_input_takes_a_gradient_summed_over_time():
    x = Tensor(np.ones((5, 2)), requires_grad=True)
    with pytest.raises(ValueError, match=r"'layer' returned a gradient of shape \(1, 2\).*\(5, 2\)"):
        consumed(x, lambda g: (5 * g[None],)).sum().backward()


def test_repeat_of_a_number():
    x = leaf(3)
    (repeat(x, 4) * np.arange(4.0)).sum().backward()
    assert x.grad == 6


@pytest.mark.parametrize("shape", [(0,), (3, 0)])
def test_empty_tensors(shape):
    x = Tensor(np.zeros(shape), requires_grad=True)
    (G.exp(x) * 2).sum().backward()
    assert x.grad.shape == shape
