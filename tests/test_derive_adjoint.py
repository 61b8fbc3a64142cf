"""The derived adjoint: against finite differences of the smooth twin, and against the same step run on the graph.

All variants run with the emitted loops interpreted; test_time_loop.py shows that compiling changes nothing.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import on_graph
import pytest
from gradients import as_function, joined, numbers
from neuron_cases import ATTACHED, DETACHED, GRADED, current, rows, start

from spikenet.derive import adjoint as adjoint_room
from spikenet.derive.expression import COMPARISONS
from spikenet.derive.operations import OPERATIONS
from spikenet.graph import Tensor, check_gradient
from spikenet.layers import Spiking
from spikenet.neurons import leaky_integrator, lif, reset, surrogate
from spikenet.neurons import primitives as f

pytestmark = pytest.mark.usefixtures("interpreted")

FUNCTIONS = {  # operation: (a function of a and x that uses it, lowest and highest x)
    "add": (lambda a, x: a + x, -2, 2),
    "subtract": (lambda a, x: a - x, -2, 2),
    "multiply": (lambda a, x: a * x, -2, 2),
    "divide": (lambda a, x: a / x + x / a, 0.3, 2),
    "negate": (lambda a, x: -(a * x), -2, 2),
    "where": (lambda a, x: f.where(x > a, a * x, x * x), -2, 2),
    "absolute": (lambda a, x: abs(a * x), -2, 2),
    "exp": (lambda a, x: f.exp(a * x), -2, 2),
    "log": (lambda a, x: f.log(a * x), 0.3, 3),
    "log1p": (lambda a, x: f.log1p(a * x), -0.6, 3),
    "sqrt": (lambda a, x: f.sqrt(a * x), 0.3, 3),
    "sin": (lambda a, x: f.sin(a * x), -2, 2),
    "cos": (lambda a, x: f.cos(a * x), -2, 2),
    "tanh": (lambda a, x: f.tanh(a * x), -2, 2),
    "atan": (lambda a, x: f.atan(a * x), -2, 2),
    "erf": (lambda a, x: f.erf(a * x), -2, 2),
}
COMPOSED = {
    "power": (lambda a, x: (a * x) ** 3, -2, 2),
    "sigmoid": (lambda a, x: f.sigmoid(a * x), -2, 2),
    "softplus": (lambda a, x: f.softplus(a * x), -2, 2),
    "relu": (lambda a, x: f.relu(a * x), -2, 2),
    "maximum": (lambda a, x: f.maximum(a * x, x * x), -2, 2),
    "minimum": (lambda a, x: f.minimum(a * x, x * x), -2, 2),
    "shared": (lambda a, x: (a * x) * (a * x) + f.exp(a * x), -2, 2),
    "numbers on the left": (lambda a, x: 2.0 / (1.0 + (3.0 - a * x) ** 2) - np.float64(0.5) * x, -2, 2),
}


def test_every_operation_is_checked():
    elsewhere = {"spike", "spike_inclusive", "stop_gradient", "straight_through", "floor", "uniform"}
    assert FUNCTIONS.keys() | elsewhere | set(COMPARISONS) == OPERATIONS.keys()


def operation_layer(function):
    """A step with a state, so that gradients arrive from the next step and from the output."""

    def step(p, s, x):
        y = function(p.a, x)
        return 0.5 * s + y, s * y

    return Spiking(step, a=np.array([0.7, 1.1, 0.9]), learn=("a",))


def points(low, high):
    """Distinct numbers, all at least 0.02 from the whole numbers and from a, where kinks are."""
    return np.random.default_rng(0).permutation(np.linspace(low, high, 19)[:18] + 0.033).reshape(3, 2, 3)


@pytest.mark.parametrize("name", FUNCTIONS | COMPOSED)
def test_operation_against_finite_differences(name):
    function, low, high = (FUNCTIONS | COMPOSED)[name]
    layer = operation_layer(function)
    check_gradient(as_function(layer, ("a",)), points(low, high), np.full((2, 3), 0.3), *numbers(layer, ("a",)))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_operation_off_by_a_tenth_of_a_percent_is_noticed(name, monkeypatch):
    function, low, high = FUNCTIONS[name]
    operation = OPERATIONS[name]

    def spoilt(*arguments):
        return tuple(None if g is None else g * 1.001 for g in operation.vjp(*arguments))

    monkeypatch.setitem(OPERATIONS, name, replace(operation, vjp=spoilt))
    monkeypatch.setattr("spikenet.layers.over_time.adjoint", adjoint_room.adjoint.__wrapped__)
    layer = operation_layer(function)
    with pytest.raises(ValueError, match="check_gradient: operand"):
        check_gradient(as_function(layer, ("a",)), points(low, high), np.full((2, 3), 0.3), *numbers(layer, ("a",)))


@pytest.mark.parametrize("name", FUNCTIONS | COMPOSED)
def test_a_step_on_plain_arrays_computes_what_the_loop_does(name):
    """Run on numpy arrays, a step is its own executable description."""
    function, low, high = (FUNCTIONS | COMPOSED)[name]
    x = points(low, high)
    out = Spiking(lambda p, x: function(p.a, x), a=0.8)(x)
    np.testing.assert_allclose(function(0.8, x), out.data, rtol=1e-15)


def name_of(value):
    return getattr(value, "name", None)


SURROGATES = pytest.mark.parametrize("curve", surrogate.USUAL, ids=lambda s: s.name)


@pytest.mark.parametrize("case", ATTACHED, ids=str)
@SURROGATES
def test_smooth_twin_against_finite_differences(case, curve, rng):
    """In the input, the states before the first step and every parameter of every neuron."""
    layer = case.spiking(surrogate=curve, smooth=True)
    check(layer, case.learnable, rng, step=3e-7)  # the steepest curve, slope 100, bends within 1e-3


@pytest.mark.parametrize("case", GRADED, ids=str)
def test_graded_model_against_finite_differences(case, rng):
    values = case.parameters()
    if "refractory_s" in values:  # in milliseconds: differences of 6e-6 are too coarse for seconds
        values |= {name: 1e3 * values[name] for name in ("tau_mem_s", "refractory_s", "amplitude")}
    layer = Spiking(case.step, learn=case.learnable, **case.functions, **values)
    x = current(rng, 5, 2)
    x[np.abs(x - 1) < 0.15] += 0.5  # the exact curve is vertical at the rheobase, 1
    check(layer, case.learnable, rng, x=x)


def check(layer, learnt, rng, step=None, x=None):
    x = current(rng, 5, 2) if x is None else x
    check_gradient(as_function(layer, learnt), x, *start(layer, rng, 2, x.dtype), *numbers(layer, learnt), step=step)


@pytest.mark.parametrize("curve", surrogate.USUAL, ids=lambda s: s.name)
def test_smooth_twin_in_scalar_parameters_and_in_its_own_width(curve, rng):
    """One number for the whole population: its gradient is the sum over neurons and batch rows."""
    width = f"surrogate_{curve.parameter}"
    learnt = ("leak", "threshold", width)
    layer = Spiking(
        lif.step, reset=reset.subtract, leak=0.8, threshold=0.9, learn=learnt, surrogate=curve(1.5), smooth=True
    )
    check(layer, learnt, rng)


FIRING_AND_CURVE = [(case, curve) for case in ATTACHED + DETACHED for curve in surrogate.USUAL]


@pytest.mark.parametrize(("case", "curve"), FIRING_AND_CURVE + [(case, surrogate.atan) for case in GRADED], ids=name_of)
def test_loops_against_the_same_step_on_the_graph(case, curve, rng):
    """Spikes as they are, gradients by the surrogate, resets attached and detached."""
    layer = case.spiking(surrogate=curve)
    x = current(rng, 12, 2)
    before = start(layer, rng, 2, x.dtype)
    values = {name: np.array(rows(layer, 3, x.dtype)[name]) for name in layer.model.parameters}

    def leaves():
        return [Tensor(a.copy(), requires_grad=True) for a in (x, *before, *values.values())]

    ours, theirs = leaves(), leaves()
    n_states = len(before)
    y, after = as_function_of_leaves(layer, ours, values, n_states)
    y_graph, after_graph = on_graph.run(
        case.step,
        case.functions,
        dict(zip(values, theirs[1 + n_states :], strict=True)),
        theirs[0],
        theirs[1 : 1 + n_states],
        curve,
    )
    np.testing.assert_allclose(y.data, y_graph.data, rtol=1e-12, atol=1e-15)
    g = rng.normal(size=joined(y, after).shape)
    joined(y, after).backward(g)
    joined(y_graph, after_graph).backward(g)
    for mine, graphs in zip(ours, theirs, strict=True):
        wanted = np.zeros_like(mine.data) if graphs.grad is None else graphs.grad
        np.testing.assert_allclose(mine.grad, wanted, rtol=1e-9, atol=1e-11 * max(1, np.abs(wanted).max()))


def as_function_of_leaves(layer, leaves, values, n_states):
    layer.values.update(zip(values, leaves[1 + n_states :], strict=True))
    return layer.run(leaves[0], tuple(leaves[1 : 1 + n_states]))


@SURROGATES
def test_a_surrogate_off_by_a_tenth_of_a_percent_is_noticed(curve, rng):
    spoilt = replace(curve, derivative_at=lambda u, width: curve.derivative_at(u, width) * 1.001)
    gradients = []
    for one in (curve, spoilt):
        x = Tensor(current(np.random.default_rng(3), 12, 2), requires_grad=True)
        y = Spiking(lif.step, leak=0.9, threshold=1.0, reset=reset.subtract, surrogate=one)(x)
        y.backward(np.ones(y.shape))
        gradients.append(x.grad)
    assert not np.allclose(*gradients, rtol=1e-4)


def test_detached_and_attached_resets_differ_in_gradient_only(rng):
    x = current(rng, 12, 2)
    gradients, outputs = [], []
    for kind in (reset.subtract, reset.detached(reset.subtract)):
        leaf = Tensor(x, requires_grad=True)
        y = Spiking(lif.step, leak=0.9, threshold=1.0, reset=kind)(leaf)
        y.backward(np.ones(y.shape))
        gradients.append(leaf.grad)
        outputs.append(y.data)
    assert np.array_equal(*outputs)
    assert not np.allclose(*gradients)


def test_hard_detached_reset_cuts_time_at_a_spike():
    """By hand: v = 0.5 v + x; spike at the second step; nothing later depends on what came before it."""
    x = Tensor(np.array([0.8, 0.9, 0.3])[:, None, None], requires_grad=True)
    layer = Spiking(lif.step, leak=0.5, threshold=1.0, reset=reset.detached(reset.to_zero))
    y, (v,) = layer.run(x)
    assert y.data.ravel().tolist() == [0, 1, 0]
    v.backward(np.ones(v.shape))
    assert x.grad.ravel().tolist() == [0, 0, 1]


def test_gradient_by_hand():
    """Two steps of LIF without reset: d spike_2 / d x_1 = h'(u_2) leak, with h' of atan at alpha = 2."""
    x = Tensor(np.array([0.4, 0.3])[:, None, None], requires_grad=True)
    y = Spiking(lif.step, leak=0.5, threshold=1.0, reset=reset.no_reset)(x)
    y.backward(np.array([0.0, 1.0])[:, None, None])
    slope = 1 / (1 + (math.pi * (0.5 * 0.4 + 0.3 - 1.0)) ** 2)
    np.testing.assert_allclose(x.grad.ravel(), [0.5 * slope, slope], rtol=1e-12)


def test_gradients_are_finite_at_absurd_currents():
    """|u| up to 1e30 in float32 and float64, for every surrogate and its smooth twin."""
    for dtype in (np.float32, np.float64):
        for curve in surrogate.USUAL:
            for is_smooth in (False, True):
                x = Tensor(np.array([1e30, -1e30, 1e15, -1e-30], dtype).reshape(1, 1, 4), requires_grad=True)
                layer = Spiking(
                    lif.step, leak=0.9, threshold=1.0, reset=reset.to_zero, surrogate=curve, smooth=is_smooth
                )
                with np.errstate(over="ignore", under="ignore"):
                    y = layer(x)
                    y.backward(np.ones(y.shape))
                assert np.isfinite(x.grad).all(), (curve.name, dtype, is_smooth)
                assert np.isfinite(y.data).all(), (curve.name, dtype, is_smooth)


def test_a_state_may_have_any_name():
    """Names the emitted code uses itself (x, p, out, state, current, output, t, b, j) mean nothing to it."""

    def step(p, x, current, p_, out, i):
        x = p.x * x + i
        current = 0.5 * current + x
        p_ = 0.3 * p_ + current
        out = 0.2 * out + p_ * x
        return x, current, p_, out, out * p_

    def other(p, state, output, g_x, t, i):
        state = p.t * state + i
        output = 0.5 * output + state
        g_x = 0.3 * g_x + output
        t = 0.2 * t + g_x * state
        return state, output, g_x, t, t * g_x

    rng = np.random.default_rng(0)
    for one, name in ((step, "x"), (other, "t")):
        layer = Spiking(one, learn=(name,), **{name: 0.8})
        check(layer, (name,), rng)


def test_states_that_are_handed_on_unchanged_or_exchanged():
    """A delay line, and two states that swap: states after that are the bare states before."""

    def step(p, a, b, c, x):
        return b, c, x, a + 2.0 * b

    check(Spiking(step), (), np.random.default_rng(0))


def test_an_output_that_ignores_its_input():
    """Gradients that nothing reaches are zeros of the right shape."""

    def step(p, v, x):
        return v * p.a, 1.0

    layer = Spiking(step, a=0.5, learn=("a",))
    x = Tensor(np.ones((3, 2, 4)), requires_grad=True)
    y, (v,) = layer.run(x)
    (y.sum() + v.sum()).backward()
    assert x.grad.shape == x.shape
    assert not x.grad.any()
    assert (y.data == 1).all()


def test_a_dead_layer_still_learns_nothing_and_says_so(interpreted):
    """Compact surrogates: far from the threshold the gradient is exactly 0."""
    for curve in (surrogate.triangle, surrogate.box):
        x = Tensor(np.full((4, 1, 2), -5.0), requires_grad=True)
        y = Spiking(lif.step, leak=0.9, threshold=1.0, reset=reset.subtract, surrogate=curve)(x)
        y.sum().backward()
        assert not x.grad.any()


def test_only_what_is_learnt_gets_a_gradient():
    layer = Spiking(leaky_integrator.step, leak=0.9)
    x = Tensor(np.ones((3, 1, 2)), requires_grad=True)
    layer(x).sum().backward()
    assert layer.values["leak"].grad is None
    assert layer.parameters() == {}
