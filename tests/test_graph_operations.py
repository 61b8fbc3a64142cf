"""Every operation of the graph: its values are numpy's, its vjp agrees with finite differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import mutually_broadcastable_shapes

import spikenet.graph as G
from spikenet.graph import Tensor, check_gradient

SHAPES = [(), (1,), (5,), (2, 3), (2, 1, 3), (0, 3)]


def values(shape, low=-2.0, high=2.0, seed=0):
    """Distinct numbers, none closer than 0.02 to another or to a whole number, where kinks are."""
    n = math.prod(shape)
    spread = np.linspace(low, high, 2 * n + 5)[2:-1:2][:n] + 0.013
    return np.random.default_rng(seed).permutation(spread).reshape(shape)


def sigmoid_naive(x):
    return 1 / (1 + np.exp(-x))


ONE_NUMBER = {  # operation: (numpy's version, lowest and highest argument)
    G.exp: (np.exp, -2, 2),
    G.expm1: (np.expm1, -2, 2),
    G.log: (np.log, 0.3, 3),
    G.log1p: (np.log1p, -0.6, 3),
    G.sqrt: (np.sqrt, 0.3, 3),
    G.sin: (np.sin, -2, 2),
    G.cos: (np.cos, -2, 2),
    G.tanh: (np.tanh, -2, 2),
    G.sigmoid: (sigmoid_naive, -2, 2),
    G.softplus: (lambda x: np.log(1 + np.exp(x)), -2, 2),
    G.relu: (lambda x: np.where(x > 0, x, 0), -2, 2),
    G.gelu: (lambda x: x * 0.5 * (1 + np.vectorize(math.erf, otypes=[float])(x / math.sqrt(2))), -2, 2),
    G.abs: (np.abs, -2, 2),
    G.negate: (np.negative, -2, 2),
    G.square: (np.square, -2, 2),
}
TWO_NUMBERS = {
    G.add: np.add,
    G.subtract: np.subtract,
    G.multiply: np.multiply,
    G.divide: np.divide,
    G.power: np.power,
    G.maximum: np.maximum,
    G.minimum: np.minimum,
}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("operation", ONE_NUMBER, ids=lambda f: f.__name__)
def test_functions_of_one_number(operation, shape):
    expected, low, high = ONE_NUMBER[operation]
    x = values(shape, low, high)
    np.testing.assert_allclose(operation(x.astype(np.float64)).data, expected(x), rtol=1e-12)
    check_gradient(operation, x)


@pytest.mark.parametrize("operation", TWO_NUMBERS, ids=lambda f: f.__name__)
@settings(max_examples=25, deadline=None)
@given(shapes=mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3, min_side=0))
def test_functions_of_two_numbers_broadcast(operation, shapes):
    a, b = (values(shape, 0.5, 2.5, seed) for seed, shape in enumerate(shapes.input_shapes))
    b = b + 0.007  # never equal to a: a tie is a kink of maximum
    y = operation(a, b)
    assert y.shape == shapes.result_shape
    np.testing.assert_allclose(y.data, TWO_NUMBERS[operation](a, b), rtol=1e-12)
    check_gradient(operation, a, b)


@settings(max_examples=25, deadline=None)
@given(shapes=mutually_broadcastable_shapes(num_shapes=3, max_dims=3, max_side=3))
def test_where_broadcasts(shapes):
    a, b, c = (values(shape, seed=seed) for seed, shape in enumerate(shapes.input_shapes))
    np.testing.assert_array_equal(G.where(c > 0, a, b).data, np.where(c > 0, a, b))
    check_gradient(lambda a, b: G.where(c > 0, a, b), a, b)


AXES = [None, 0, 1, -1, (0, 2), (), (-1, 0)]
REDUCTIONS = {
    G.sum: np.sum,
    G.mean: np.mean,
    G.max: np.max,
    G.min: np.min,
    G.prod: np.prod,
    G.var: np.var,
    G.std: np.std,
    G.logsumexp: lambda x, axis, keepdims: np.log(np.exp(x).sum(axis=axis, keepdims=keepdims)),
}


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("operation", REDUCTIONS, ids=lambda f: f.__name__)
def test_reductions(operation, axis, keepdims):
    x = values((2, 3, 4))
    y = operation(x, axis=axis, keepdims=keepdims)
    expected = REDUCTIONS[operation](x, axis=axis, keepdims=keepdims)
    assert y.shape == np.shape(expected)
    np.testing.assert_allclose(y.data, expected, rtol=1e-12, atol=1e-15)
    if not (axis == () and operation is G.std):  # the spread of a single number is 0, where std has a kink
        check_gradient(lambda x: operation(x, axis=axis, keepdims=keepdims), x)


@pytest.mark.parametrize("operation", REDUCTIONS, ids=lambda f: f.__name__)
def test_reductions_of_a_number_without_axes(operation):
    y = operation(Tensor(np.array(0.7)))
    assert y.shape == ()
    np.testing.assert_allclose(y.data, REDUCTIONS[operation](np.array(0.7), axis=None, keepdims=False))


@pytest.mark.parametrize("operation", [G.var, G.std])
def test_unbiased_spread(operation):
    x = values((3, 4))
    expected = getattr(np, operation.__name__)(x, axis=1, ddof=1)
    np.testing.assert_allclose(operation(x, axis=1, ddof=1).data, expected)
    check_gradient(lambda x: operation(x, axis=1, ddof=1), x)


@pytest.mark.parametrize("axis", [0, -1, (0, 1)], ids=str)
@pytest.mark.parametrize("operation", [G.softmax, G.log_softmax])
def test_softmax(operation, axis):
    x = values((3, 4))
    expected = np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)
    np.testing.assert_allclose(np.exp(G.log_softmax(x, axis).data), expected, rtol=1e-12)
    np.testing.assert_allclose(G.softmax(x, axis).data, expected, rtol=1e-12)
    check_gradient(lambda x: operation(x, axis), x)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_cumsum(axis):
    x = values((3, 4))
    np.testing.assert_array_equal(G.cumsum(x, axis).data, np.cumsum(x, axis))
    check_gradient(lambda x: G.cumsum(x, axis), x)


def test_prod_beside_zeros():
    x = np.array([[2.0, 0.0, 3.0], [0.0, 0.0, 5.0]])
    leaf = Tensor(x, requires_grad=True)
    G.prod(leaf, axis=1).sum().backward()
    np.testing.assert_array_equal(leaf.grad, [[0, 6, 0], [0, 0, 0]])


BORDER = [(1, 0), (0, 0), (2, 3)]
ARRANGEMENTS = {
    "reshape": (lambda x: G.reshape(x, 4, -1), lambda x: x.reshape(4, -1)),
    "reshape tuple": (lambda x: x.reshape((4, 6)), lambda x: x.reshape(4, 6)),
    "transpose": (G.transpose, np.transpose),
    "transpose axes": (lambda x: x.transpose(1, 2, 0), lambda x: x.transpose(1, 2, 0)),
    "transpose negative": (lambda x: x.transpose((-1, 0, 1)), lambda x: x.transpose(-1, 0, 1)),
    "T": (lambda x: x.T, lambda x: x.T),
    "swapaxes": (lambda x: G.swapaxes(x, 0, -1), lambda x: x.swapaxes(0, -1)),
    "moveaxis": (lambda x: G.moveaxis(x, (0, 1), (-1, 0)), lambda x: np.moveaxis(x, (0, 1), (-1, 0))),
    "broadcast_to": (lambda x: G.broadcast_to(x, (2, 2, 3, 4)), lambda x: np.broadcast_to(x, (2, 2, 3, 4))),
    "expand_dims": (lambda x: G.expand_dims(x, (0, -1)), lambda x: np.expand_dims(x, (0, -1))),
    "squeeze": (lambda x: G.squeeze(x[:1], 0), lambda x: x[0]),
    "flip": (lambda x: G.flip(x, (0, 2)), lambda x: np.flip(x, (0, 2))),
    "flip all": (G.flip, np.flip),
    "pad": (lambda x: G.pad(x, BORDER, 0.5), lambda x: np.pad(x, BORDER, constant_values=0.5)),
    "clip": (lambda x: G.clip(x, -1, np.ones(4)), lambda x: np.clip(x, -1, 1)),
    "clip below": (lambda x: x.clip(low=-0.5), lambda x: np.maximum(x, -0.5)),
    "repeat": (lambda x: G.repeat(x, 3), lambda x: np.stack([x] * 3)),
    "constant power": (lambda x: (x + 3) ** 1.7, lambda x: (x + 3) ** 1.7),
    "power 0": (lambda x: x**0 + x, lambda x: 1 + x),
    "negative power": (lambda x: (x + 3) ** -2, lambda x: (x + 3) ** -2.0),
    "reflected": (lambda x: (2 - x) + 2**x + 3 / (x + 4), lambda x: (2 - x) + 2**x + 3 / (x + 4)),
}  # fmt: skip


@pytest.mark.parametrize("name", ARRANGEMENTS)
def test_arrangements(name):
    ours, numpys = ARRANGEMENTS[name]
    x = values((2, 3, 4))
    np.testing.assert_allclose(ours(Tensor(x)).data, numpys(x), rtol=1e-14)
    check_gradient(ours, x)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((3,), (3,)),
        ((3,), (3, 2)),
        ((2, 3), (3,)),
        ((2, 3), (3, 4)),
        ((5, 2, 3), (3, 4)),
        ((5, 2, 3), (3,)),
        ((3,), (5, 3, 2)),
        ((5, 2, 3), (5, 3, 4)),
        ((2, 3), (5, 3, 4)),
        ((1, 5, 2, 3), (2, 1, 3, 4)),
        ((0, 3), (3, 2)),
        ((2, 0), (0, 3)),
        ((2, 4, 0), (0, 3)),
    ],
    ids=str,
)
def test_matmul(a, b):
    x, y = values(a), values(b, seed=1)
    np.testing.assert_allclose(G.matmul(x, y).data, x @ y, rtol=1e-12, atol=1e-14)
    check_gradient(G.matmul, x, y)


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)]),
        ("tbi,io->tbo", [(2, 3, 4), (4, 2)]),
        ("bhqd,bhkd->bhqk", [(1, 2, 3, 2), (1, 2, 4, 2)]),
        ("ij->", [(2, 3)]),
        ("ij->ji", [(2, 3)]),
        ("ij,j->j", [(2, 3), (3,)]),
        ("i,j,k->ijk", [(2,), (3,), (2,)]),
        ("ij,kl->i", [(2, 3), (2, 2)]),
    ],
)
def test_einsum(subscripts, shapes):
    arrays = [values(shape, seed=seed) for seed, shape in enumerate(shapes)]
    np.testing.assert_allclose(G.einsum(subscripts, *arrays).data, np.einsum(subscripts, *arrays), rtol=1e-12)
    check_gradient(lambda *x: G.einsum(subscripts, *x), *arrays)


def test_outer():
    a, b = values((3,)), values((2,))
    np.testing.assert_array_equal(G.outer(a, b).data, np.outer(a, b))
    check_gradient(G.outer, a, b)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_join_and_take_apart(axis):
    a, b = values((2, 3)), values((2, 3), seed=1)
    for ours, numpys in ((G.concatenate, np.concatenate), (G.stack, np.stack)):
        np.testing.assert_array_equal(ours([a, b], axis).data, numpys([a, b], axis))
        check_gradient(lambda a, b, ours=ours: ours([a, b], axis), a, b)
    for part, expected in zip(G.unstack(a, axis), np.moveaxis(a, axis, 0), strict=True):
        np.testing.assert_array_equal(part.data, expected)
    check_gradient(lambda a: G.unstack(a, axis)[1] * 2, a)
    first, second = G.split(G.concatenate([a, b], axis), [a.shape[axis]] * 2, axis)
    np.testing.assert_array_equal(first.data, a)
    np.testing.assert_array_equal(second.data, b)
    check_gradient(lambda a: G.exp(G.split(a, [1, a.shape[axis] - 1], axis)[1]), a)


def test_iterating_takes_the_first_axis_apart():
    def run(x):
        v = Tensor(np.zeros(2))
        for x_t in x:
            v = v * 0.9 + x_t
        return v

    x = values((4, 2))
    np.testing.assert_allclose(run(Tensor(x)).data, sum(0.9 ** (3 - t) * x[t] for t in range(4)))
    check_gradient(run, x)


def test_constants_in_a_join_get_no_gradient():
    a, b = Tensor(np.ones(2), requires_grad=True), Tensor(np.ones(3))
    (G.concatenate([a, b]) * np.arange(5.0)).sum().backward()
    np.testing.assert_array_equal(a.grad, [0, 1])
    assert b.grad is None


@pytest.mark.parametrize(
    ("operation", "at", "expected"),
    [
        (G.relu, 0.0, 0.0),
        (G.abs, 0.0, 0.0),
        (lambda x: G.maximum(x, 0.0), 0.0, 0.5),
        (lambda x: G.minimum(0.0, x), 0.0, 0.5),
        (lambda x: G.clip(x, 0, 1), 0.0, 1.0),
        (lambda x: G.clip(x, 0, 1), 1.0, 1.0),
        (lambda x: x**0, 0.0, 0.0),
        (lambda x: G.power(x, Tensor(0.0)), 0.0, 0.0),
        (lambda x: G.power(x, Tensor(1.0)), 0.0, 1.0),
        (lambda x: G.power(Tensor(0.0), x), 2.0, 0.0),
    ],
)
def test_gradient_at_kinks_is_the_documented_one(operation, at, expected):
    x = Tensor(at, requires_grad=True)
    operation(x).backward()
    assert x.grad == expected


@pytest.mark.parametrize("operation", [G.max, G.min])
def test_ties_share_the_gradient(operation):
    x = Tensor([[1.0, 1.0, 1.0, 1.0], [2.0, 3.0, 2.0, 3.0]], requires_grad=True)
    operation(x, axis=1).sum().backward()
    second = [0, 0.5, 0, 0.5] if operation is G.max else [0.5, 0, 0.5, 0]
    np.testing.assert_array_equal(x.grad, [[0.25] * 4, second])


def test_std_of_equal_values_has_gradient_zero():
    x = Tensor(np.ones((2, 3)), requires_grad=True)
    G.std(x).backward()
    np.testing.assert_array_equal(x.grad, np.zeros((2, 3)))


def test_extreme_arguments_neither_overflow_nor_lose_the_tail():
    x = Tensor(np.array([-800.0, -50.0, 0.0, 50.0, 800.0]), requires_grad=True)
    np.testing.assert_allclose(G.sigmoid(x).data, [0, math.exp(-50), 0.5, 1, 1], rtol=1e-14)
    np.testing.assert_allclose(G.softplus(x).data, [0, math.exp(-50), math.log(2), 50, 800], rtol=1e-14)
    np.testing.assert_allclose(G.gelu(Tensor(np.array([-20.0]))).data, -20 * 2.7536241186062337e-89, rtol=1e-12)
    np.testing.assert_allclose(G.logsumexp(x).data, 800)
    np.testing.assert_allclose(G.log_softmax(x).data, x.data - 800)
    total = G.softmax(x).sum() + G.sigmoid(x).sum() + G.softplus(x).sum() + G.log_softmax(x).sum() + G.logsumexp(x)
    total.backward()
    assert np.isfinite(x.grad).all()


def test_masked_entries_of_softmax_get_no_weight_and_no_gradient():
    x = Tensor(np.array([1.0, -np.inf, 2.0]), requires_grad=True)
    y = G.softmax(x)
    (y * np.array([1.0, 2.0, 3.0])).sum().backward()
    assert y.data[1] == 0
    assert x.grad[1] == 0
    assert np.isfinite(x.grad).all()
    assert G.logsumexp(np.full(3, -np.inf)).item() == -np.inf


@pytest.mark.parametrize("operation", [*ONE_NUMBER, *REDUCTIONS, G.softmax, G.log_softmax], ids=lambda f: f.__name__)
@pytest.mark.parametrize("shape", [(), (3,)])
def test_float32_stays_float32(operation, shape):
    x = Tensor(np.full(shape, 0.5, np.float32), requires_grad=True)
    y = operation(x)
    assert y.dtype == np.float32
    y.backward(np.ones(y.shape))
    assert x.grad.dtype == np.float32
    assert type(x.grad) is np.ndarray
    assert x.grad.shape == shape


@pytest.mark.parametrize(
    "other",
    [2, 2.0, True, np.sqrt(2), np.int64(2), np.array([1, 2]), np.array([True, True]), [1, 2], [1.5, 2.5]],
    ids=repr,
)
@pytest.mark.parametrize("operation", TWO_NUMBERS, ids=lambda f: f.__name__)
def test_numbers_and_integers_do_not_change_float32(operation, other):
    x = Tensor([1.0, 2.0], requires_grad=True)
    for y, expected in (
        (operation(x, other), TWO_NUMBERS[operation](x.data, np.asarray(other, np.float32))),
        (operation(other, x), TWO_NUMBERS[operation](np.asarray(other, np.float32), x.data)),
    ):
        assert y.dtype == np.float32
        np.testing.assert_allclose(y.data, expected, rtol=1e-6)
        y.sum().backward()
    assert x.grad.dtype == np.float32


def test_gradient_comes_back_in_the_dtype_of_the_operand():
    x, w = Tensor(np.ones(3, np.float32), requires_grad=True), Tensor(np.ones(3), requires_grad=True)
    y = x * w
    assert y.dtype == np.float64
    y.sum().backward()
    assert (x.grad.dtype, w.grad.dtype) == (np.float32, np.float64)


def test_operations_leave_read_only_input_alone():
    x = values((2, 3))
    x.flags.writeable = False
    leaf = Tensor(x, requires_grad=True)
    for operation in (G.exp, G.tanh, G.relu, G.softmax, G.log_softmax, G.sum, G.std, G.prod, G.flip, G.square):
        operation(leaf).sum().backward()
    np.testing.assert_array_equal(leaf.data, x)


def test_stop_gradient():
    x = Tensor([1.0, 2.0], requires_grad=True)
    (G.stop_gradient(x) * x).sum().backward()
    np.testing.assert_array_equal(x.grad, [1, 2])


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda x: G.matmul(x, np.ones((4, 2))), ValueError, r"matmul.*\(2, 3\) @ \(4, 2\)"),
        (lambda x: x @ 2.0, ValueError, r"matmul.*@ \(\)"),
        (lambda x: x + np.ones(4), ValueError, r"\(2,3\) \(4,\)"),
        (lambda x: x + "a", TypeError, "expected a tensor, an array or a number, got 'a'"),
        (lambda x: x * None, TypeError, "got None"),
        (lambda x: G.clip(x, 2, 1), ValueError, "clip: expected low <= high"),
        (lambda x: G.clip(x, x, None), TypeError, "clip.*maximum"),
        (lambda x: G.clip(x[0], np.zeros((2, 3)), None), ValueError, r"clip.*\(3,\).*\(2, 3\)"),
        (lambda x: G.where(x.data, x, x), TypeError, "where: expected a boolean condition"),
        (lambda x: G.mean(x[:0]), ValueError, r"mean.*\(0, 3\)"),
        (lambda x: G.var(x, axis=0, ddof=2), ValueError, "var: expected more than 2 values along axis 0"),
        (lambda x: G.sum(x, axis=2), ValueError, "axis 2 is out of bounds"),
        (lambda x: G.max(x[:0]), ValueError, "zero-size"),
        (lambda x: G.outer(x, x), ValueError, "outer: expected two 1-D"),
        (lambda x: G.einsum("ii->i", x), ValueError, "no letter twice"),
        (lambda x: G.einsum("i...->i", x), ValueError, "einsum: expected subscripts"),
        (lambda x: G.einsum("ij", x), ValueError, "einsum: expected subscripts"),
        (lambda x: G.einsum("ijk->i", x), ValueError, r"does not fit.*\(2, 3\)"),
        (lambda x: G.pad(x, [(1, 1)]), ValueError, "pad: expected 2 pairs"),
        (lambda x: G.pad(x, [(1, 1), (-1, 0)]), ValueError, "pad: expected 2 pairs"),
        (lambda x: G.split(x, [1, 1], axis=1), ValueError, r"split.*add up to 3, got \[1, 1\]"),
        (lambda x: G.repeat(x, 0), ValueError, "repeat: steps.*>= 1, got 0"),
        (lambda x: G.repeat(x, 2.0), TypeError, "repeat: steps"),
        (lambda x: x.reshape(4, 2), ValueError, "cannot reshape"),
    ],
)
def test_bad_operands(call, error, says):
    with pytest.raises(error, match=says):
        call(Tensor(np.ones((2, 3)), requires_grad=True))
