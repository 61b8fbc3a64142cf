"""Losses against the formula written out, against differences, and on the edges of the float range."""

from functools import partial

import numpy as np
import pytest

from spikenet.graph import Tensor, check_gradient, no_grad
from spikenet.train import loss

LABELS = np.array([2, 0, 3])
FLAT = {"cross_entropy": loss.cross_entropy}
TIMED = {
    "count_cross_entropy": loss.count_cross_entropy,
    "sum_membrane_cross_entropy": loss.sum_membrane_cross_entropy,
    "max_membrane_cross_entropy": loss.max_membrane_cross_entropy,
    "step_cross_entropy": loss.step_cross_entropy,
    "count_mse": loss.count_mse,
}
VALUED = {
    "mse": loss.mse,
    "l1": loss.l1,
    "huber": partial(loss.huber, delta=0.7),
    "binary_cross_entropy": loss.binary_cross_entropy,
}


def nats(logits, label):
    """Cross-entropy of one sample, the textbook way: exponentials, their sum, a quotient, a logarithm."""
    exps = [np.exp(float(z)) for z in logits]
    return -np.log(exps[label] / sum(exps))


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def timed(rng):
    return rng.normal(size=(5, 3, 4))


@pytest.mark.parametrize("name", FLAT | TIMED | VALUED)
def test_gradient_is_that_of_differences(name, rng):
    if name in FLAT:
        check_gradient(lambda y: FLAT[name](y, LABELS), rng.normal(size=(3, 4)))
    elif name in TIMED:
        check_gradient(lambda y: TIMED[name](y, LABELS), timed(rng))
    else:
        target = rng.random((3, 4))
        check_gradient(lambda y: VALUED[name](y, target), rng.normal(size=(3, 4)))
        check_gradient(lambda y: VALUED[name](y, target), timed(rng))  # the same target at every step


def test_a_spoiled_gradient_is_found(rng):
    def spoiled(y):
        true = loss.cross_entropy(y, LABELS)
        return Tensor(true.data, true.parents, lambda g: (true.vjp(g)[0] * 1.001,))

    with pytest.raises(ValueError, match=r"relative error 0\.001"):
        check_gradient(spoiled, rng.normal(size=(3, 4)))


def test_cross_entropy_is_the_textbook_value(rng):
    y = rng.normal(size=(3, 4))
    expected = np.mean([nats(y[b], LABELS[b]) for b in range(3)])
    assert loss.cross_entropy(Tensor(y), LABELS).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "logits"),
    [
        ("count_cross_entropy", lambda y: [y.sum(axis=0)]),
        ("sum_membrane_cross_entropy", lambda y: [y.sum(axis=0)]),
        ("max_membrane_cross_entropy", lambda y: [y.max(axis=0)]),
        ("step_cross_entropy", list),
    ],
)
def test_losses_over_time_are_cross_entropies_of_what_they_say(name, logits, rng):
    y = timed(rng)
    expected = np.mean([nats(z[b], LABELS[b]) for z in logits(y) for b in range(3)])
    assert TIMED[name](Tensor(y), LABELS).item() == pytest.approx(expected, rel=1e-12)


def test_count_mse_is_the_formula_of_its_source(rng):
    y = (rng.random((10, 3, 4)) < 0.4).astype(np.float64)
    wanted = np.full((3, 4), 2.0)  # floor(10 * 0.25)
    wanted[np.arange(3), LABELS] = 8.0
    expected = np.mean((y.sum(axis=0) - wanted) ** 2) / 10
    assert loss.count_mse(Tensor(y), LABELS, 0.8, 0.25).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mse", (0.25 + 4 + 0 + 9) / 4),
        ("l1", (0.5 + 2 + 0 + 3) / 4),
        ("huber", (0.125 + (0.7 * 2 - 0.245) + 0 + (0.7 * 3 - 0.245)) / 4),
    ],
)
def test_regression_losses_by_hand(name, expected):
    y, target = np.array([[0.5, -2.0, 1.0, 3.0]]), np.array([[0.0, 0.0, 1.0, 0.0]])
    assert VALUED[name](Tensor(y), target).item() == pytest.approx(expected, rel=1e-12)


def test_binary_cross_entropy_by_hand():
    y, t = np.array([[0.3, -1.2]]), np.array([[1.0, 0.25]])
    p = 1 / (1 + np.exp(-y))
    expected = np.mean(-t * np.log(p) - (1 - t) * np.log(1 - p))
    assert loss.binary_cross_entropy(Tensor(y), t).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e4, 1e30])
def test_huge_logits_give_finite_losses_and_gradients(dtype, size):
    y = Tensor(np.array([[size, -size, 0.0]], dtype), requires_grad=True)
    value = loss.cross_entropy(y, np.array([1]))
    value.backward()
    assert value.item() == pytest.approx(2 * size, rel=1e-6)
    assert np.allclose(y.grad, [[1, -1, 0]])
    z = Tensor(np.array([[size, -size]], dtype), requires_grad=True)
    value = loss.binary_cross_entropy(z, np.array([[0.0, 0.0]]))
    value.backward()
    assert value.item() == pytest.approx(size / 2, rel=1e-6)
    assert np.allclose(z.grad, [[0.5, 0]])


@pytest.mark.parametrize("name", FLAT | TIMED | VALUED)
def test_loss_keeps_float32_and_leaves_its_arguments_alone(name, rng):
    y = Tensor((rng.normal(size=(3, 4)) if name in FLAT else timed(rng)).astype(np.float32), requires_grad=True)
    target = rng.random((3, 4)) if name in VALUED else LABELS.copy()
    y.data.flags.writeable = target.flags.writeable = False
    value = (FLAT | TIMED | VALUED)[name](y, target)
    value.backward()
    assert value.dtype == np.float32
    assert value.shape == ()
    assert y.grad.dtype == np.float32
    assert np.isfinite(y.grad).all()


@pytest.mark.parametrize("name", ["count_cross_entropy", "sum_membrane_cross_entropy", "count_mse"])
def test_gradient_of_a_count_takes_no_memory_over_time(name, rng):
    value = TIMED[name](Tensor(timed(rng), requires_grad=True), LABELS)
    (g,) = value.vjp(np.ones(()))
    assert g.strides[0] == 0


def test_the_first_of_equal_maxima_gets_the_gradient():
    y = Tensor(np.zeros((3, 1, 2)), requires_grad=True)
    loss.max_membrane_cross_entropy(y, np.array([0])).backward()
    assert np.allclose(y.grad[0], [[-0.5, 0.5]])
    assert not y.grad[1:].any()


def test_without_grad_a_loss_remembers_nothing(rng):
    with no_grad():
        value = loss.cross_entropy(Tensor(rng.normal(size=(3, 4)), requires_grad=True), LABELS)
    assert value.vjp is None


@pytest.mark.parametrize("name", FLAT | TIMED)
def test_labels_are_checked(name, rng):
    y = Tensor(rng.normal(size=(3, 4)) if name in FLAT else timed(rng))
    function = (FLAT | TIMED)[name]
    with pytest.raises(ValueError, match=rf"{name}: expected labels in 0\.\.3 for 4 classes, got 4 at position 1"):
        function(y, np.array([0, 4, 9]))
    with pytest.raises(ValueError, match=r"got -1 at position 2"):
        function(y, np.array([0, 0, -1]))
    with pytest.raises(TypeError, match=rf"{name}: expected whole-number labels, got dtype float64"):
        function(y, np.array([0.0, 1.0, 2.0]))
    with pytest.raises(ValueError, match=rf"{name}: expected one label for each of 3 samples.*got \(2,\)"):
        function(y, np.array([0, 1]))


@pytest.mark.parametrize("name", FLAT | TIMED)
def test_outputs_with_the_wrong_axes_are_refused(name, rng):
    y = Tensor(timed(rng) if name in FLAT else rng.normal(size=(3, 4)))
    with pytest.raises(ValueError, match=rf"{name}: expected outputs"):
        (FLAT | TIMED)[name](y, LABELS)


@pytest.mark.parametrize("name", VALUED)
def test_targets_of_another_shape_are_refused(name, rng):
    function = VALUED[name]
    with pytest.raises(ValueError, match=r"expected a target of shape \(3, 4\), as the output, got \(3,\)"):
        function(Tensor(rng.normal(size=(3, 4))), np.zeros(3))
    with pytest.raises(ValueError, match=r"got \(4,\)"):  # would broadcast over the batch
        function(Tensor(rng.normal(size=(3, 4))), np.zeros(4))
    with pytest.raises(TypeError, match="expected target numbers"):
        function(Tensor(rng.normal(size=(3, 4))), np.full((3, 4), "a"))


def test_other_values_out_of_range():
    y = Tensor(np.zeros((1, 2)))
    with pytest.raises(ValueError, match=r"expected targets in \[0, 1\], got 0.0 .. 1.5"):
        loss.binary_cross_entropy(y, np.array([[0, 1.5]]))
    with pytest.raises(ValueError, match="huber: delta"):
        loss.huber(y, np.zeros((1, 2)), delta=0)
    with pytest.raises(ValueError, match="right_rate"):
        loss.count_mse(Tensor(np.zeros((2, 1, 2))), np.array([0]), right_rate=1.2)


@pytest.mark.parametrize("name", FLAT | TIMED | VALUED)
def test_outputs_may_be_plain_arrays_and_must_be_numbers(name, rng):
    function = (FLAT | TIMED | VALUED)[name]
    y = timed(rng) if name in TIMED else rng.normal(size=(3, 4))
    target = rng.random((3, 4)) if name in VALUED else LABELS
    assert function(y, target).item() == function(Tensor(y), target).item()
    with pytest.raises(TypeError, match=rf"^{name}: expected outputs as a Tensor"):
        function(None, target)


@pytest.mark.parametrize(("rate", "steps", "count"), [(0.29, 100, 29), (0.57, 100, 57), (0.299, 100, 29), (1.0, 7, 7)])
def test_wanted_counts_are_rounded_down_from_the_decimal_number(rate, steps, count):
    y = np.zeros((steps, 1, 2))
    y[:count, 0, 0] = 1
    assert loss.count_mse(Tensor(y), np.array([0]), right_rate=rate).item() == 0
    assert loss.count_mse(Tensor(y), np.array([1]), right_rate=0.0, wrong_rate=rate).item() == 0
