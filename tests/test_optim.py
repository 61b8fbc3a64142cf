"""Optimisers against the same formulas in plain Python floats, and against torch where it is installed."""

import importlib.util
import math

import numpy as np
import pytest

from spikenet.graph import Tensor
from spikenet.kernels import optimise
from spikenet.train import optim

STEPS = 100


def naive_sgd(p, gradients, rate, momentum=0.0, nesterov=False, decay=0.0):
    velocity = 0.0
    for g in gradients:
        g = g + decay * p
        velocity = momentum * velocity + g
        p = p - rate * (g + momentum * velocity if nesterov else velocity)
    return p


def naive_rmsprop(p, gradients, rate, alpha, eps, decay):
    square = 0.0
    for g in gradients:
        g = g + decay * p
        square = alpha * square + (1 - alpha) * g * g
        p = p - rate * g / (math.sqrt(square) + eps)
    return p


def naive_adam(p, gradients, rate, beta1, beta2, eps, penalty, decoupled):
    m = s = 0.0
    for t, g in enumerate(gradients, start=1):
        g = g + penalty * p
        p = p - rate * decoupled * p
        m = beta1 * m + (1 - beta1) * g
        s = beta2 * s + (1 - beta2) * g * g
        p = p - rate * (m / (1 - beta1**t)) / (math.sqrt(s / (1 - beta2**t)) + eps)
    return p


# name: (our record, the plain Python version, what torch calls it, with which arguments)
CASES = {
    "sgd": (optim.SGD(0.1), lambda p, g: naive_sgd(p, g, 0.1), "SGD", {"lr": 0.1}),
    "momentum": (
        optim.SGD(0.05, momentum=0.9, weight_decay=0.01),
        lambda p, g: naive_sgd(p, g, 0.05, 0.9, False, 0.01),
        "SGD",
        {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.01},
    ),
    "nesterov": (
        optim.SGD(0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
        lambda p, g: naive_sgd(p, g, 0.05, 0.9, True, 0.01),
        "SGD",
        {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    ),
    "rmsprop": (
        optim.RMSprop(0.01, decay=0.95, eps=1e-4, weight_decay=0.02),
        lambda p, g: naive_rmsprop(p, g, 0.01, 0.95, 1e-4, 0.02),
        "RMSprop",
        {"lr": 0.01, "alpha": 0.95, "eps": 1e-4, "weight_decay": 0.02},
    ),
    "adam": (
        optim.Adam(0.01, beta1=0.8, beta2=0.99, eps=1e-3, weight_decay=0.02),
        lambda p, g: naive_adam(p, g, 0.01, 0.8, 0.99, 1e-3, 0.02, 0.0),
        "Adam",
        {"lr": 0.01, "betas": (0.8, 0.99), "eps": 1e-3, "weight_decay": 0.02},
    ),
    "adamw": (
        optim.AdamW(0.01, weight_decay=0.1),
        lambda p, g: naive_adam(p, g, 0.01, 0.9, 0.999, 1e-8, 0.0, 0.1),
        "AdamW",
        {"lr": 0.01, "weight_decay": 0.1},
    ),
}
each = pytest.mark.parametrize("name", CASES)


def trajectory(rng, shape=(3, 5)):
    """A starting point and 100 gradients, of sizes from 1e-3 to 1e1, some exactly 0."""
    gradients = rng.normal(size=(STEPS, *shape)) * 10 ** rng.uniform(-3, 1, size=shape)
    gradients[:, 0] *= rng.random((STEPS, *shape[1:])) < 0.5
    return rng.normal(size=shape), gradients


def after(opt, start, gradients, dtype=np.float64):
    p = {"w": Tensor(start.astype(dtype), requires_grad=True)}
    state = opt.start(p)
    for g in gradients:
        p["w"].grad = g.astype(dtype)
        state = opt.step(p, state)
    return p["w"].data


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@each
def test_equals_the_plain_python_formula_over_100_steps(name, rng):
    opt, naive, _, _ = CASES[name]
    start, gradients = trajectory(rng)
    expected = [[naive(float(start[i, j]), gradients[:, i, j].tolist()) for j in range(5)] for i in range(3)]
    assert np.allclose(after(opt, start, gradients), expected, rtol=0, atol=1e-12)
    assert np.allclose(after(opt, start, gradients, np.float32), expected, rtol=0, atol=2e-5)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
@each
def test_equals_torch_over_100_steps(name, rng):
    import torch

    opt, _, called, arguments = CASES[name]
    start, gradients = trajectory(rng)
    for dtype, tolerance in ((np.float64, 1e-12), (np.float32, 1e-6)):
        peer = torch.nn.Parameter(torch.tensor(start.astype(dtype)))
        other = getattr(torch.optim, called)([peer], **arguments)
        for g in gradients:
            peer.grad = torch.tensor(g.astype(dtype))
            other.step()
        ours = after(opt, start, gradients, dtype)
        theirs = peer.detach().numpy()
        assert np.max(np.abs(ours - theirs) / np.maximum(1, np.abs(theirs))) < tolerance


@each
def test_large_arrays_take_the_parallel_way_to_the_same_bits(name, rng):
    n = optimise.SERIAL + 3 * optimise.CHUNK + 7
    opt = CASES[name][0]
    start, gradients = rng.normal(size=n).astype(np.float32), rng.normal(size=(3, n)).astype(np.float32)
    whole = after(opt, start, gradients, np.float32)
    parts = [slice(k, k + optimise.CHUNK) for k in range(0, n, optimise.CHUNK)]
    pieces = [after(opt, start[part], gradients[:, part], np.float32) for part in parts]
    assert np.array_equal(whole, np.concatenate(pieces))


@each
def test_a_parameter_without_a_gradient_is_left_alone_and_starts_late(name, rng):
    opt = CASES[name][0]
    start, gradients = trajectory(rng)
    p = {"busy": Tensor(start.copy(), requires_grad=True), "idle": Tensor(start.copy(), requires_grad=True)}
    state = opt.start(p)
    for g in gradients[:5]:
        p["busy"].grad = g
        state = opt.step(p, state)
    assert np.array_equal(p["idle"].data, start)
    for g in gradients[:7]:
        p["busy"].grad, p["idle"].grad = None, g
        state = opt.step(p, state)
    assert np.array_equal(p["idle"].data, after(opt, start, gradients[:7]))
    assert np.array_equal(p["busy"].data, after(opt, start, gradients[:5]))


@each
def test_rate_scale_multiplies_the_learning_rate(name, rng):
    opt = CASES[name][0]
    start, gradients = trajectory(rng)
    p, q = (Tensor(start.copy(), requires_grad=True) for _ in range(2))
    p.grad = q.grad = gradients[0]
    opt.step({"w": p}, opt.start({"w": p}), rate_scale=0.5)
    half = type(opt)(**{**vars(opt), "learning_rate": opt.learning_rate / 2})
    half.step({"w": q}, half.start({"w": q}))
    assert np.array_equal(p.data, q.data)
    assert not np.array_equal(p.data, start)


@each
def test_arrays_of_any_layout_are_updated_in_place(name, rng):
    opt = CASES[name][0]
    start, gradients = trajectory(rng)
    expected = after(opt, start, gradients[:2])
    for array in (np.asfortranarray(start), np.repeat(start, 2, axis=1)[:, ::2]):
        p = {"w": Tensor(array, requires_grad=True)}
        state = opt.start(p)
        for g in gradients[:2]:
            p["w"].grad = np.asfortranarray(g)
            opt.step(p, state)
        assert p["w"].data is array
        assert np.array_equal(array, expected)


def test_a_single_number_and_a_broadcast_gradient():
    p = {"leak": Tensor(np.array(0.5, np.float32), requires_grad=True), "w": Tensor(np.zeros((2, 3), np.float32))}
    p["leak"].grad = np.array(2.0, np.float32)
    p["w"].grad = np.broadcast_to(np.float32(1), (2, 3))
    optim.SGD(0.1).step(p, {})
    assert p["leak"].data == pytest.approx(0.3)
    assert p["leak"].shape == ()
    assert np.allclose(p["w"].data, -0.1)


def test_bounds_hold_after_the_step():
    p = {"leak": Tensor(np.array([0.95, 0.5, 0.02]), requires_grad=True, bounds=(0.0, 1.0))}
    p["leak"].grad = np.array([-1.0, 0.0, 1.0])
    optim.SGD(0.1).step(p, {})
    assert np.array_equal(p["leak"].data, [1.0, 0.5, 0.0])


def test_gradients_are_not_changed(rng):
    for opt, *_ in CASES.values():
        p = {"w": Tensor(rng.normal(size=4), requires_grad=True)}
        p["w"].grad = np.ones(4)
        p["w"].grad.flags.writeable = False
        opt.step(p, opt.start(p))
        assert np.array_equal(p["w"].grad, np.ones(4))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optim.SGD(0), "SGD: learning_rate: expected a number > 0, got 0"),
        (lambda: optim.SGD(0.1, momentum=1.0), r"SGD: momentum: expected a number in \[0, 1\), got 1"),
        (lambda: optim.SGD(0.1, nesterov=True), "expected momentum > 0 with nesterov=True"),
        (lambda: optim.SGD(0.1, weight_decay=-1), "SGD: weight_decay: expected a number >= 0, got -1"),
        (lambda: optim.RMSprop(decay=1.5), "RMSprop: decay"),
        (lambda: optim.RMSprop(eps=0), "RMSprop: eps"),
        (lambda: optim.Adam(float("nan")), "Adam: learning_rate: expected a finite number"),
        (lambda: optim.AdamW(beta2=1.0), "AdamW: beta2"),
    ],
)
def test_hyperparameters_out_of_range(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_state_and_gradients_must_fit():
    opt = optim.Adam()
    p = {"w": Tensor(np.zeros(3), requires_grad=True)}
    state = opt.start(p)
    q = {"w": Tensor(np.zeros(4), requires_grad=True)}
    q["w"].grad = np.zeros(4)
    with pytest.raises(ValueError, match="state does not fit parameter 'w'"):
        opt.step(q, state)
    p["w"].grad = np.zeros(4)
    with pytest.raises(ValueError, match=r"expected a gradient of 'w' of shape \(3,\), got \(4,\)"):
        opt.step(p, state)
    with pytest.raises(ValueError, match="'w' is read-only"):
        opt.start({"w": Tensor(np.broadcast_to(0.0, 3), requires_grad=True)})
    with pytest.raises(TypeError, match="real float type, got complex"):
        opt.start({"w": Tensor(np.zeros(3, complex), requires_grad=True)})
