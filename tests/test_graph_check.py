"""The gradient check itself: it passes what is right and fails what is wrong by 0.1 %."""

from __future__ import annotations

import numpy as np
import pytest

import spikenet.graph as G
from spikenet.graph import Tensor, check_gradient, numerical_gradient

X = np.random.default_rng(0).uniform(0.5, 2, (3, 4))


def spoiled(operation, at=..., factor=1.001):
    """The operation with its derivative wrong by 0.1 %, everywhere or at one index."""

    def f(*x):
        y = operation(*x)
        scale = np.ones_like(x[0].data)
        scale[at] = factor

        def vjp(g):
            first, *others = y.vjp(g)
            return (first * scale, *others)

        return Tensor(y.data, y.parents, vjp if y.vjp else None)

    return f


@pytest.mark.parametrize("at", [..., (0, 0), (2, 3)], ids=str)
@pytest.mark.parametrize(
    "operation", [G.exp, G.tanh, G.sum, G.softmax, G.square, G.std, lambda x: x * 3.0, lambda x: x.T]
)
def test_a_derivative_spoiled_by_a_thousandth_fails(operation, at):
    check_gradient(operation, X)
    with pytest.raises(ValueError, match="check_gradient: operand 0, index"):
        check_gradient(spoiled(operation, at), X)


def test_a_small_entry_beside_large_ones_is_checked_too():
    x = np.array([1e-3, 1.0, 30.0])
    check_gradient(G.square, x)
    with pytest.raises(ValueError, match=r"operand 0, index \(0,\)"):
        check_gradient(spoiled(G.square, at=0), x)


def test_the_message_names_operand_index_and_both_values():
    def wrong(a, b):
        return Tensor(a.data * b.data, (a, b), lambda g: (g * b.data, g * a.data * np.array([1, 1, 2])))

    with pytest.raises(
        ValueError, match=r"operand 1, index \(2,\): the graph gives \d.*differences give \d.*accepted 1e-06"
    ):
        check_gradient(wrong, np.ones(3), np.ones(3) * 2)


def test_a_missing_a_superfluous_and_a_nan_gradient_fail():
    for vjp in (lambda g: (None, g), lambda g: (g, g * 1e-3), lambda g: (g, g * np.nan)):
        with pytest.raises(ValueError, match="operand"):
            check_gradient(lambda a, b, vjp=vjp: Tensor(a.data + b.data * (vjp(1.0)[0] is None), (a, b), vjp), 1.0, 1.0)


def test_it_returns_the_largest_error():
    assert 0 <= check_gradient(G.exp, X) < 1e-7
    assert check_gradient(spoiled(G.exp), X, relative=0.01) == pytest.approx(1e-3, rel=0.01)


def test_it_computes_in_float64_whatever_comes():
    for x in (X.astype(np.float32), Tensor(X), [1, 2], 3):
        check_gradient(G.tanh, x)


def test_it_leaves_its_arguments_alone():
    x = X.copy()
    x.flags.writeable = False
    given = Tensor(x, requires_grad=True)
    check_gradient(G.exp, given)
    check_gradient(lambda x: x, given)
    np.testing.assert_array_equal(x, X)
    assert given.grad is None


def test_numerical_gradient_of_a_quadratic_is_exact_to_rounding():
    a, b = numerical_gradient(lambda x, y: (x * x).sum() + (x * y).sum(), X, 2 * X)
    np.testing.assert_allclose(a, 4 * X, rtol=1e-8)
    np.testing.assert_allclose(b, X, rtol=1e-8)


def test_numerical_gradient_weights_with_g():
    (g,) = numerical_gradient(G.square, np.array([1.0, 2.0]), g=np.array([10.0, 100.0]))
    np.testing.assert_allclose(g, [20, 400], rtol=1e-8)


def test_numerical_gradient_counts_two_calls_per_number():
    calls = []
    numerical_gradient(lambda x: (calls.append(1), float((x.data**2).sum()))[1], X)
    assert len(calls) == 2 * X.size + 1


def test_numerical_gradient_of_a_function_that_keeps_its_argument():
    (g,) = numerical_gradient(lambda x: x, np.array([2.0]))
    np.testing.assert_allclose(g, [1], rtol=1e-9)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: check_gradient(G.exp, [1.0, np.nan]), ValueError, r"operand 0: expected finite values, got nan"),
        (lambda: check_gradient(G.exp, "a"), TypeError, "operand 0: expected numbers"),
        (lambda: check_gradient(lambda x: x.data, X), ValueError, "expected f to return a Tensor, got ndarray"),
        (lambda: check_gradient(lambda x: x.detach(), X), ValueError, "does not depend on"),
        (lambda: check_gradient(G.exp, X, relative=0), ValueError, "relative: expected a number > 0"),
        (lambda: check_gradient(G.exp, X, step=-1), ValueError, "step: expected a number > 0"),
        (
            lambda: numerical_gradient(G.exp, X),
            ValueError,
            r"expected g of the shape of f's result, \(3, 4\), got none",
        ),
        (lambda: numerical_gradient(G.exp, X, g=np.ones(2)), ValueError, r"\(3, 4\), got \(2,\)"),
        (
            lambda: numerical_gradient(lambda x: x.data.astype(np.float32).sum(), X),
            ValueError,
            "float64, it gave float32",
        ),
    ],
)
def test_bad_calls(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_both_parts_of_a_complex_number_are_moved(rng):
    z, w = (rng.normal(size=shape) + 1j * rng.normal(size=shape) for shape in ((3, 4), (4, 2)))
    assert check_gradient(lambda z, w: G.abs(G.matmul(z, w)), z, w) < 1e-6
    (gradient,) = numerical_gradient(lambda z: (G.abs(z) * G.abs(z)).sum(), z)
    np.testing.assert_allclose(gradient, 2 * z, rtol=1e-7)

    def half(z):
        """As if only the real part sent anything back."""
        return G.real(z) * G.real(z) + Tensor(G.imag(z).data ** 2)

    with pytest.raises(ValueError, match="operand 0"):
        check_gradient(half, z)
