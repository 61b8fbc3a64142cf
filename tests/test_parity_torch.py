"""Gradients against torch's float64 autograd through the same network, whichever route the products take.

Skipped without torch, which is no dependency. Weights and input are small multiples of powers of two, so that a sum
comes out the same in any order and in either float type: with other numbers a spike near the threshold flips now and
then, and whole columns of the gradient with it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

import spikenet as sn
from spikenet.kernels import products
from spikenet.kernels.crossovers import Crossovers

torch = pytest.importorskip("torch", reason="parity is checked where torch is installed")

LEAK, CLASSES = 0.9375, 10
TOLERANCE = {"float32": 1e-5, "float64": 1e-9}  # of the largest gradient of each weight
CURVES = {
    "fast sigmoid": (sn.surrogate.fast_sigmoid(25.0), lambda u: 1.0 / (1.0 + 25.0 * u.abs()) ** 2),
    "triangle": (sn.surrogate.triangle(0.5), lambda u: (1.0 - u.abs() / 0.5).clamp_min(0.0)),
}
RESETS = {"attached": sn.reset.subtract, "detached": sn.reset.detached_subtract}
ROUTES = {"events": Crossovers(2.0, 2.0, 2.0), "dense": Crossovers(-1.0, -1.0, -1.0)}


class Case(NamedTuple):
    """A net by its layers: ("linear", n_in, n_out, mean), ("conv", n_in, n_out, kernel, mean), ("recurrent", n), ..."""

    name: str
    layers: tuple[tuple[Any, ...], ...]
    shape: tuple[int, ...]
    steps: int
    batch: int
    constant: bool


LIF, POOL, FLATTEN = ("lif",), ("pool",), ("flatten",)
CASES = (
    Case("W1", (("linear", 60, 160, 1), LIF, ("linear", 160, CLASSES, 2), LIF), (60,), 10, 6, True),
    Case("W1r", (("linear", 60, 160, 1), LIF, ("linear", 160, CLASSES, 2), LIF), (60,), 10, 6, False),
    Case(
        "W2",
        (("linear", 96, 160, 2), LIF, ("linear", 160, 144, 0), LIF, ("linear", 144, CLASSES, 0), LIF),
        (96,),
        12,
        5,
        False,
    ),
    Case("W4", (("linear", 60, 160, 2), ("recurrent", 160), ("linear", 160, CLASSES, 1), LIF), (60,), 12, 5, False),
    Case(
        "W3",
        (("conv", 1, 6, 3, 0), POOL, LIF, ("conv", 6, 8, 3, -1), POOL, LIF, FLATTEN, ("linear", 32, CLASSES, 0), LIF),
        (1, 14, 14),
        8,
        4,
        True,
    ),
)


def weights_of(case, rng):
    """By layer: weight and bias in multiples of 2^-8, of mean `mean` / n_in so that something fires."""
    given = {}
    for k, (kind, *sizes) in enumerate(case.layers):
        if kind in ("linear", "conv"):
            n_in, n_out, mean = sizes[0], sizes[1], sizes[-1]
            shape = (n_in, n_out) if kind == "linear" else (n_out, n_in, sizes[2], sizes[2])
            fan_in = np.prod(shape) // n_out
            given[k] = grid(rng.normal(mean / fan_in, 1.0 / np.sqrt(fan_in), shape)), grid(rng.normal(0, 0.1, n_out))
        elif kind == "recurrent":
            given[k] = (grid(rng.normal(0, 0.5 / np.sqrt(sizes[0]), (sizes[0], sizes[0]))),)
    return given


def grid(a):
    return np.round(a * 256) / 256


def input_of(case, rng):
    """Images in quarters of which a fifth is not black, or spikes with a tenth on."""
    if case.constant:
        images = rng.integers(1, 5, (case.batch, *case.shape)) / 4 * (rng.random((case.batch, *case.shape)) < 0.2)
        return np.broadcast_to(images, (case.steps, *images.shape))
    return (rng.random((case.steps, case.batch, *case.shape)) < 0.1).astype(float)


def ours(case, given, x, labels, surrogate, reset, dtype):
    """(counts, loss, gradients) of spikenet."""

    def lif():
        return sn.LIF(tau_mem_s=-1e-3 / np.log(LEAK), surrogate=surrogate, reset=reset)

    def with_weights(layer, k):
        layer.weight.data, layer.bias.data = (w.astype(np.float32) for w in given[k])
        return layer

    layers = []
    for k, (kind, *sizes) in enumerate(case.layers):
        if kind == "linear":
            layers.append(with_weights(sn.Linear(*sizes[:2]), k))
        elif kind == "conv":
            layers.append(with_weights(sn.Conv2d(*sizes[:3]), k))
        elif kind == "recurrent":
            layers.append(sn.Recurrent(lif(), sizes[0], through_reset=False))
            layers[-1].recurrent_weight.data = given[k][0].astype(np.float32)
        else:
            layers.append({"lif": lif, "pool": lambda: sn.MaxPool2d(2), "flatten": lambda: sn.Flatten(3)}[kind]())
    net = sn.cast(sn.Sequential(*layers), dtype)
    constant = x.strides[0] == 0
    x = np.broadcast_to(x[0].astype(dtype), x.shape) if constant else x.astype(dtype)
    y = net(x)
    loss = sn.loss.count_cross_entropy(y, labels)
    loss.backward()
    return y.data.sum(axis=0), loss.item(), [p.grad for p in net.parameters().values()]


def theirs(case, given, x, labels, curve, detached):
    """The same in torch, float64, one step after another."""

    class Spike(torch.autograd.Function):
        @staticmethod
        def forward(ctx, u):
            ctx.save_for_backward(u)
            return (u > 0).to(u.dtype)

        @staticmethod
        def backward(ctx, g):
            return g * curve(ctx.saved_tensors[0])

    def neuron(v, current):
        v = LEAK * v + current
        fired = Spike.apply(v - 1.0)
        return fired, v - (fired.detach() if detached else fired)

    f = torch.nn.functional
    weights = {k: [torch.tensor(w, requires_grad=True) for w in ws] for k, ws in given.items()}
    states: dict[int, Any] = {}
    sent = []
    for signal in torch.tensor(np.ascontiguousarray(x)):
        for k, (kind, *_) in enumerate(case.layers):
            if kind == "linear":
                signal = signal @ weights[k][0] + weights[k][1]
            elif kind == "conv":
                signal = f.conv2d(signal, *weights[k])
            elif kind == "pool":
                signal = f.max_pool2d(signal, 2)
            elif kind == "flatten":
                signal = signal.flatten(1)
            elif kind == "lif":
                signal, states[k] = neuron(states.get(k, torch.zeros_like(signal)), signal)
            else:
                before, v = states.get(k, (torch.zeros_like(signal),) * 2)
                signal, v = neuron(v, signal + before @ weights[k][0])
                states[k] = signal, v
        sent.append(signal)
    counts = torch.stack(sent).sum(0)
    loss = f.cross_entropy(counts, torch.tensor(labels))
    loss.backward()
    return counts.detach().numpy(), loss.item(), [w.grad.numpy() for ws in weights.values() for w in ws]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_gradients_are_those_of_torch(case, curve, reset, dtype, route, monkeypatch):
    """Same spikes, and every gradient to 1e-5 (float32) or 1e-9 (float64) of its largest entry."""
    monkeypatch.setattr(products, "limits", lambda n_out: ROUTES[route])
    monkeypatch.setattr(products, "WORTH_LOOKING", 0)
    rng = np.random.default_rng(3)
    given, x = weights_of(case, rng), input_of(case, rng)
    labels = rng.integers(0, CLASSES, case.batch)
    surrogate, formula = CURVES[curve]

    counts, loss, gradients = ours(case, given, x, labels, surrogate, RESETS[reset], dtype)
    expected_counts, expected_loss, expected = theirs(case, given, x, labels, formula, reset == "detached")

    assert np.array_equal(counts, expected_counts)
    assert 0 < counts.mean() < 0.8 * case.steps, "the case must fire, and not always"
    assert loss == pytest.approx(expected_loss, rel=TOLERANCE[dtype])
    assert len(gradients) == len(expected)
    for ours_, theirs_ in zip(gradients, expected, strict=True):
        largest = np.abs(theirs_).max()
        assert largest > 0
        assert np.abs(ours_ - theirs_).max() <= TOLERANCE[dtype] * largest


def test_a_wrong_gradient_is_found():
    """The comparison itself fails for a surrogate that is a thousandth narrower."""
    case, rng = CASES[1], np.random.default_rng(3)
    given, x = weights_of(case, rng), input_of(case, rng)
    labels = rng.integers(0, CLASSES, case.batch)
    spoilt = sn.surrogate.fast_sigmoid(25.0 * 1.001)
    _, _, gradients = ours(case, given, x, labels, spoilt, sn.reset.detached_subtract, "float64")
    _, _, expected = theirs(case, given, x, labels, CURVES["fast sigmoid"][1], True)
    worst = max(np.abs(a - b).max() / np.abs(b).max() for a, b in zip(gradients, expected, strict=True))
    assert worst > 1e-5
