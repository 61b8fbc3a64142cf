"""Losses on rates, first spikes and traces; class weights, smoothing, reductions; regularisers: by their formulas."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest

from spikenet.graph import Tensor, check_gradient
from spikenet.train import loss, metrics, regularise

LABELS = np.array([2, 0, 3])
WEIGHTS = np.array([0.5, 1.0, 2.0, 3.0])
WEIGHTED = {
    "cross_entropy": loss.cross_entropy,
    "count": loss.count_cross_entropy,
    "sum": loss.sum_membrane_cross_entropy,
    "max": loss.max_membrane_cross_entropy,
    "mean": partial(loss.mean_membrane_cross_entropy, tau_steps=3.0),
    "step": loss.step_cross_entropy,
}
VALUED = {
    "rate_mse": loss.rate_mse,
    "rate_mse weighted": partial(loss.rate_mse, class_weights=WEIGHTS, reduce=loss.total),
    "membrane_mse": partial(loss.membrane_mse, right=0.7, wrong=-0.1),
    "membrane_mse weighted": partial(loss.membrane_mse, class_weights=WEIGHTS, reduce=loss.weighted_mean),
    "rate_sigmoid": loss.rate_sigmoid,
    "peak": partial(loss.peak, interval=3, target=1.5, wrong_weight=0.4),
}


def softly(z, label, smoothing):
    """Cross-entropy with a smoothed target, sum over all classes."""
    exps = [math.exp(v) for v in z]
    target = [smoothing / len(z) + (1 - smoothing) * (k == label) for k in range(len(z))]
    return -sum(t * math.log(e / sum(exps)) for t, e in zip(target, exps, strict=True))


def logits(name, y):
    """What each loss takes the softmax of: one (batch, classes) a place in time."""
    worth = np.exp(-np.arange(5) / 3.0) / 5
    return {
        "cross_entropy": lambda: [y],
        "count": lambda: [y.sum(axis=0)],
        "sum": lambda: [y.sum(axis=0)],
        "max": lambda: [y.max(axis=0)],
        "mean": lambda: [np.einsum("t,tbc->bc", worth, y)],
        "step": lambda: list(y),
    }[name]()


@pytest.fixture
def y(rng):
    return rng.normal(size=(5, 3, 4))


@pytest.mark.parametrize("name", WEIGHTED)
@pytest.mark.parametrize(
    ("reduce", "total"),
    [
        (loss.mean, lambda each, w: sum(a * b for a, b in zip(each, w, strict=True)) / len(w)),
        (loss.weighted_mean, lambda each, w: sum(a * b for a, b in zip(each, w, strict=True)) / sum(w)),
        (loss.total, lambda each, w: sum(a * b for a, b in zip(each, w, strict=True))),
    ],
)
def test_class_weights_smoothing_and_reductions(name, reduce, total, y):
    y = y[0] if name == "cross_entropy" else y
    options = {"class_weights": WEIGHTS, "smoothing": 0.2, "reduce": reduce}
    each = [np.mean([softly(z[b], LABELS[b], 0.2) for z in logits(name, y)]) for b in range(3)]
    found = WEIGHTED[name](y, LABELS, **options)
    assert found.item() == pytest.approx(total(each, [WEIGHTS[k] for k in LABELS]), rel=1e-12)
    check_gradient(lambda a: WEIGHTED[name](a, LABELS, **options), y)


NO_SAMPLES = {"mse", "l1", "huber", "binary_cross_entropy"}  # of arrays of any shape: means over all numbers
REDUCED = [n for n in loss.__all__ if n not in NO_SAMPLES | {"first_spikes", "mean", "total", "weighted_mean"}]
OF_LABELS = [n for n in REDUCED if n not in ("first_spike_mse", "spike_train_mse", "target_time", "time_mse")]


def of_samples(name, rng):
    """(a function of samples' numbers and options, the label of each sample)"""
    y = rng.normal(size=(5, 3, 4))
    y = y[0] if name in ("cross_entropy", "time_cross_entropy", "time_mse", "target_time") else y
    y = (y > 0.5) * 1.0 if name in ("first_spike_mse", "first_spike_cross_entropy") else y
    y = abs(y) + 0.1 if name == "rate_nll" else y[..., :1] if name == "binary_peak" else y
    labels = np.array([1, 0, 1]) if name == "binary_peak" else LABELS
    wanted = {"first_spike_mse": rng.integers(0, 5, (3, 4)), "spike_train_mse": (rng.random((5, 3, 4)) < 0.5) * 1.0}
    wanted |= dict.fromkeys(("time_mse", "target_time"), rng.random((3, 4)))
    target = wanted.get(name, labels)

    def asked(k, **options):
        t = target[:, k] if name == "spike_train_mse" else target[k]
        return getattr(loss, name)(y[k] if y.ndim == 2 else y[:, k], t, **options)

    return asked, labels, y, target


@pytest.mark.parametrize("name", REDUCED)
def test_a_batch_is_its_samples_reduced(name, rng):
    """Every loss of samples: the loss of each alone, weighted by its class, then averaged or summed."""
    asked, labels, y, target = of_samples(name, rng)
    each = np.array([asked([k]).item() for k in range(3)])
    assert asked([0, 1, 2]).item() == pytest.approx(each.mean(), rel=1e-12)
    assert asked([0, 1, 2], reduce=loss.total).item() == pytest.approx(each.sum(), rel=1e-12)
    options = {"reduce": loss.total}
    if name in OF_LABELS:
        weights = np.array([0.25, 3.0]) if name == "binary_peak" else WEIGHTS
        w = weights[labels]
        for reduce, value in (
            (loss.mean, each @ w / 3),
            (loss.weighted_mean, each @ w / w.sum()),
            (loss.total, each @ w),
        ):
            options = {"class_weights": weights, "reduce": reduce}
            assert asked([0, 1, 2], **options).item() == pytest.approx(value, rel=1e-12)
        with pytest.raises(ValueError, match=f"{name}: class_weights: expected one number for each of"):
            asked([0, 1, 2], class_weights=np.ones(7))
    with pytest.raises(TypeError, match=r"reduce: expected a function such as sn.loss.mean, got 'sum'"):
        asked([0, 1, 2], reduce="sum")
    if not name.startswith("first_spike"):
        check_gradient(lambda a: getattr(loss, name)(a, target, **options), y)


@pytest.mark.parametrize("name", WEIGHTED)
def test_smoothing_alone(name, y):
    y = y[0] if name == "cross_entropy" else y
    expected = np.mean([softly(z[b], LABELS[b], 0.3) for z in logits(name, y) for b in range(3)])
    assert WEIGHTED[name](y, LABELS, smoothing=0.3).item() == pytest.approx(expected, rel=1e-12)
    check_gradient(lambda a: WEIGHTED[name](a, LABELS, smoothing=0.3), y)


@pytest.mark.parametrize("name", VALUED)
def test_gradient_is_that_of_differences(name, y):
    check_gradient(lambda a: VALUED[name](a, LABELS), y)


def test_rate_losses_by_their_formulas(rng):
    y = (rng.random((10, 3, 4)) < 0.4).astype(np.float64)
    wanted = np.full((3, 4), 0.02)
    wanted[np.arange(3), LABELS] = 0.2
    assert loss.rate_mse(y, LABELS).item() == pytest.approx(np.mean((y.mean(axis=0) - wanted) ** 2))
    hot = (wanted > 0.1) * 1.0
    assert loss.membrane_mse(y, LABELS).item() == pytest.approx(np.mean((y - hot) ** 2))
    rates = y.mean(axis=0)
    expected = -np.mean([math.log(rates[b, LABELS[b]] / rates[b].sum()) for b in range(3)])
    assert loss.rate_nll(y, LABELS).item() == pytest.approx(expected)
    p = 1 / (1 + np.exp(-(rates - 0.5) / 0.1))
    expected = -np.mean(hot * np.log(p) + (1 - hot) * np.log(1 - p))
    assert loss.rate_sigmoid(y, LABELS).item() == pytest.approx(expected)
    check_gradient(lambda a: loss.rate_nll(a, LABELS, class_weights=WEIGHTS, reduce=loss.weighted_mean), y + 0.1)
    assert np.isfinite(loss.rate_nll(np.zeros((4, 3, 4)), LABELS).item())


def test_first_spikes_and_their_gradient():
    y = np.zeros((6, 1, 3))
    y[[1, 4], 0, 0], y[3, 0, 1] = 1, 1
    t = Tensor(y, requires_grad=True)
    when = loss.first_spikes(t, 2)
    assert when.data[:, 0].tolist() == [[1, 3, 5], [4, 5, 5]]
    (when * np.array([[[1.0, 2.0, 3.0]], [[10.0, 20.0, 30.0]]])).sum().backward()
    expected = np.zeros_like(y)
    expected[1, 0, 0], expected[4, 0, 0], expected[3, 0, 1] = -1, -10, -2
    expected[5, 0, 1], expected[5, 0, 2] = -20, -33  # no spike: as if there were one at the last step
    assert np.array_equal(t.grad, expected)


def test_losses_of_first_spikes_by_their_formulas():
    y = np.zeros((10, 2, 2))
    y[2, 0, 0], y[5, 0, 1], y[3, 1, 1] = 1, 1, 1
    when = [[2, 5], [9, 3]]
    target = np.array([[1, 9], [9, 3]])
    expected = np.mean([((when[b][c] - target[b, c]) / 10) ** 2 for b in range(2) for c in range(2)])
    assert loss.first_spike_mse(y, target).item() == pytest.approx(expected)
    expected = np.mean([softly([-w / 2 for w in when[b]], b, 0) for b in range(2)])
    assert loss.first_spike_cross_entropy(y, np.array([0, 1]), 2.0).item() == pytest.approx(expected)
    assert metrics.first_spike_accuracy(y, np.array([0, 1])) == 1.0


def test_losses_of_times_and_their_gradients(rng):
    times, target = rng.random((3, 4)), rng.random((3, 4))
    expected = np.mean([softly([-v / 0.3 for v in times[b]], LABELS[b], 0) for b in range(3)])
    assert loss.time_cross_entropy(times, LABELS, 0.3).item() == pytest.approx(expected)
    assert loss.time_mse(times, target, 0.3).item() == pytest.approx(np.mean(((times - target) / 0.3) ** 2))
    expected = -np.mean(np.log(1 + np.exp(-np.abs(times - target) / 0.3)))
    assert loss.target_time(times, target, 0.3).item() == pytest.approx(expected)
    check_gradient(lambda t: loss.time_cross_entropy(t, LABELS, 0.3, class_weights=WEIGHTS), times)
    check_gradient(lambda t: loss.time_mse(t, target, 0.3), times)
    check_gradient(lambda t: loss.target_time(t, target, 0.3), times)


@pytest.mark.parametrize("order", [1, 2])
def test_spike_train_mse_is_a_sum_of_exponentials(order, rng):
    a, b = (rng.random((2, 7, 2, 3)) < 0.4).astype(np.float64)
    kernel = np.exp(-np.arange(7) / 4.0)
    if order == 2:
        kernel = np.convolve(kernel, kernel)[:7]
    total = 0.0
    for n in np.ndindex(2, 3):
        d = np.convolve(a[:, *n] - b[:, *n], kernel)[:7]
        total += (d * d).sum()
    assert loss.spike_train_mse(a, b, 4.0, order).item() == pytest.approx(total / 2)
    check_gradient(lambda y: loss.spike_train_mse(y, b, 4.0, order), rng.normal(size=(7, 2, 3)))


def test_peak_losses_by_hand():
    y = np.array([0.0, 1.0, 3.0, 2.0])[:, None, None] * np.array([1.0, 0.1])
    expected = ((3 + 2) / 2 - 1.5) ** 2 + 0.5 * np.mean(y[:, 0, 1] ** 2)
    assert loss.peak(y, np.array([0]), 2, 1.5, 0.5).item() == pytest.approx(expected)
    assert loss.peak(y, np.array([0]), 4, 1.5, 0).item() == pytest.approx((2.5 - 1.5) ** 2)  # only two are left
    both = np.concatenate([y[..., :1], y[..., :1]], axis=1)
    expected = ((3 - 1) ** 2 + np.mean(both[:, 1] ** 2)) / 2
    assert loss.binary_peak(both, np.array([True, False])).item() == pytest.approx(expected)
    check_gradient(lambda a: loss.binary_peak(a, np.array([1, 0]), 2), both + 0.01)


def test_regularisers_by_their_formulas(rng):
    s = (rng.random((10, 3, 4)) < 0.4).astype(np.float64)
    rates = s.mean(axis=(0, 1))
    e = np.maximum(rates - 0.3, 0)
    huber = np.where(e <= 0.1, e * e / 2, 0.1 * (e - 0.05))
    found = regularise.RateCeilingHuber(0.3, 2.0, delta=0.1)(Tensor(s)).item()
    assert found == pytest.approx(2 * huber.mean())
    assert regularise.LayerRateCeiling(0.2, 3.0)(Tensor(s)).item() == pytest.approx(3 * (s.mean() - 0.2) ** 2)
    assert regularise.LayerRateCeiling(0.9, 3.0)(Tensor(s)).item() == 0
    assert regularise.SpikeCount(0.1)(Tensor(s)).item() == pytest.approx(0.1 * s.sum() / 3)
    for one in (
        regularise.RateCeilingHuber(0.2, 1.0, 0.05),
        regularise.LayerRateCeiling(0.2, 1),
        regularise.SpikeCount(1),
    ):
        check_gradient(one, rng.random((4, 2, 3)))


def test_metrics_by_hand():
    y, t = np.array([[1.0, 2.0], [0.0, 4.0]]), np.array([[1.0, 1.0], [0.0, 3.0]])
    assert metrics.r_squared(y, t) == pytest.approx(1 - 2 / 4.75)
    assert metrics.smape(y, t) == pytest.approx((0 + 2 / 3 + 0 + 2 / 7) / 4)
    assert math.isnan(metrics.r_squared(y, np.ones((2, 2))))


@pytest.mark.parametrize("name", WEIGHTED)
@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (
            {"class_weights": [1, 2]},
            ValueError,
            r"class_weights: expected one number for each of 4 classes, got.*\(2,\)",
        ),
        ({"class_weights": [1, 2, 3, -1]}, ValueError, "class_weights: expected numbers >= 0, got -1"),
        ({"class_weights": [1, 2, 3, np.nan]}, ValueError, "class_weights: expected finite"),
        ({"class_weights": [0, 1, 0, 0], "reduce": loss.weighted_mean}, ValueError, "weight is > 0"),
        ({"smoothing": 1.0}, ValueError, r"smoothing.*\[0, 1\), got 1"),
        ({"reduce": "mean"}, TypeError, "sn.loss.mean, got 'mean'"),
    ],
)
def test_wrong_options_are_refused(name, options, error, words, y):
    with pytest.raises(error, match=words):
        WEIGHTED[name](y[0] if name == "cross_entropy" else y, LABELS, **options)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: loss.first_spike_mse(np.zeros((4, 2, 3)), np.zeros((3, 2))), "expected a target of shape"),
        (lambda: loss.first_spikes(np.zeros((4, 2))), r"expected outputs \(steps, batch, classes\)"),
        (lambda: loss.first_spikes(np.zeros((4, 2, 3)), 0), "n: expected"),
        (lambda: loss.time_cross_entropy(np.zeros((2, 3)), [0, 1], 0), "tau"),
        (lambda: loss.mean_membrane_cross_entropy(np.zeros((4, 1, 3)), [0], tau_steps=-1), "tau_steps"),
        (lambda: loss.spike_train_mse(np.zeros((4, 2, 3)), np.zeros((4, 2, 3)), 0), "tau_steps"),
        (lambda: loss.peak(np.zeros((4, 2, 3)), [0, 1], interval=5), "at most the 4 steps"),
        (lambda: loss.peak(np.zeros((4, 2, 3)), [0, 1], wrong_weight=-1), "wrong_weight.*-1"),
        (lambda: loss.binary_peak(np.zeros((4, 2, 3)), [0, 1]), r"\(steps, batch, 1\)"),
        (lambda: loss.binary_peak(np.zeros((4, 2, 1)), [0, 2]), "2 values of 0 or 1"),
        (lambda: loss.rate_mse(np.zeros((4, 1, 3)), [0], right_rate=1.5), "right class"),
        (lambda: loss.rate_sigmoid(np.zeros((4, 1, 3)), [0], slope=0), "slope"),
        (lambda: regularise.RateCeilingHuber(0.1, 1, delta=0), "delta"),
        (lambda: regularise.LayerRateCeiling(2, 1), "maximum"),
        (lambda: regularise.SpikeCount(-1), "strength"),
        (lambda: regularise.SpikeCount(1)(Tensor(np.ones((2, 3)))), "expected spikes"),
    ],
)
def test_what_cannot_be_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


TIMED = {"binary_peak": np.array([0, 1]), "spike_train_mse": np.zeros((4, 2, 1)), "first_spike_mse": np.zeros((2, 1))}
FLAT = {"cross_entropy": [0, 0], "time_cross_entropy": [0, 0]} | dict.fromkeys(
    ("mse", "l1", "huber", "time_mse", "target_time", "binary_cross_entropy"), np.zeros((2, 1))
)
NO_LOSS = {"first_spikes", "mean", "total", "weighted_mean"}


@pytest.mark.parametrize("name", sorted(set(loss.__all__) - NO_LOSS))
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_every_loss_refuses_outputs_that_are_not_finite(name, bad):
    y = np.zeros((2, 1) if name in FLAT else (4, 2, 1))
    y[-1, -1] = bad
    target = FLAT[name] if name in FLAT else TIMED.get(name, [0, 0])
    with pytest.raises(ValueError, match=rf"outputs: expected finite values, got {bad} at index .*; a layer or"):
        getattr(loss, name)(y, target)
    assert np.isfinite(getattr(loss, name)(np.zeros_like(y), target).data)


@pytest.mark.parametrize("name", ["accuracy", "r_squared", "smape", "mean_squared_error", "output_rate"])
def test_metrics_refuse_outputs_that_are_not_finite(name):
    with pytest.raises(ValueError, match=rf"{name}: outputs: expected finite values, got nan at index \(1, 0\)"):
        getattr(metrics, name)(np.array([[0.0], [np.nan]]), [0, 0] if name == "accuracy" else np.zeros((2, 1)))
