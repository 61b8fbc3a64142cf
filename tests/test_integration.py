"""Integration methods: each against scipy's solution at its order, by every model and by models of one's own."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from gradients import all_gradients
from ode import assert_order, errors, run, solved
from scipy.integrate import solve_ivp

import spikenet as sn
from spikenet.derive.evaluate import evaluate
from spikenet.derive.exponential_euler import STEEPEST, derivative, growth
from spikenet.derive.expression import symbol
from spikenet.layers import build
from spikenet.neurons.izhikevich import as_published

EULER, EXPONENTIAL, RK4 = sn.integrate.euler, sn.integrate.exponential_euler, sn.integrate.runge_kutta_4
HALVED_S = {EULER: (1e-4, 5e-5, 2.5e-5), EXPONENTIAL: (5e-4, 2.5e-4, 1.25e-4), RK4: (1e-3, 5e-4, 2.5e-4)}
HALVED_S[as_published] = HALVED_S[EULER]
SETS = ("regular_spiking", "intrinsically_bursting", "chattering", "fast_spiking")
SETS += ("low_threshold_spiking", "thalamo_cortical", "resonator")


def adex_equation(current, tau_w=0.0, a=0.0):
    tau, rest, rheobase, slope = 281 / 30 * 1e-3, -70.6, -50.4, 2.0

    def equation(t, y):
        v, w = y
        return (rest - v + slope * math.exp(min((v - rheobase) / slope, 40)) - w + current) / tau, (
            a * (v - rest) - w
        ) / tau_w

    return equation


def exponential_equation(t, y):
    return (-65 - y + 3.48 * np.exp((y + 59.9) / 3.48) + 1.0) / 10e-3


def quadratic_equation(t, y):
    return (y * (y - 0.8) + 0.1) / 10e-3


def wilson_cowan_equation(t, y):
    def response(x, gain, threshold):
        return 1 / (1 + np.exp(-gain * (x - threshold))) - 1 / (1 + np.exp(gain * threshold))

    e, i = y
    to_e, to_i = response(16 * e - 12 * i + 1.25, 1.3, 4.0), response(15 * e - 3 * i, 2.0, 3.7)
    return (-e + (1 - e) * to_e) / 10e-3, (-i + (1 - i) * to_i) / 10e-3


MODELS = {  # the layer, its current, its states, its equation, where it begins, for how long
    "AdEx": (sn.AdEx, 15.0, ("v", "w"), adex_equation(15.0, 144e-3, 4 / 30), (-70.6, 0.0), 30e-3),
    "ExponentialIF": (sn.ExponentialIF, 1.0, ("v",), exponential_equation, (-65.0,), 20e-3),
    "QuadraticIF": (sn.QuadraticIF, 0.1, ("v",), quadratic_equation, (0.0,), 20e-3),
    "WilsonCowan": (sn.WilsonCowan, 1.25, ("e", "i"), wilson_cowan_equation, (0.0, 0.0), 30e-3),
}


def measured(name, method):
    make, current, states, equation, start, duration_s = MODELS[name]
    wanted = solved(equation, start, duration_s)
    return errors(
        lambda dt: make(dt_s=dt, method=method), lambda dt: current, states, wanted, duration_s, HALVED_S[method]
    )


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.usefixtures("interpreted")
def test_models_below_threshold_are_of_the_order_of_their_method(name):
    one = len(MODELS[name][2]) == 1
    assert_order(measured(name, EULER), 1)
    assert_order(measured(name, EXPONENTIAL), 2 if one else 1, 0.15)
    found = measured(name, RK4)
    assert_order(found, 4, 0.25)
    assert found[0] < 1e-3 * measured(name, EULER)[0], "at a tenth of the steps"


@pytest.mark.parametrize("name", SETS)
@pytest.mark.usefixtures("interpreted")
def test_izhikevich_is_of_the_order_of_its_method(name):
    kind = getattr(sn.izhikevich, name)

    def equation(t, y):
        v, u = y
        return 1e3 * (0.04 * v * v + 5 * v + 140 - u), 1e3 * kind.a * (kind.b * v - u)

    wanted = solved(equation, (-65.0, -65.0 * kind.b), 10e-3)
    for method, order in ((EULER, 1), (EXPONENTIAL, 1), (as_published, 1), (RK4, 4)):
        halved = HALVED_S[method]
        found = errors(
            lambda dt, method=method: sn.Izhikevich(kind, dt_s=dt, method=method),
            lambda dt: 0.0,
            ("v", "u"),
            wanted,
            10e-3,
            halved,
        )
        assert_order(found, order, 0.1 if order == 1 else 0.45)  # 16: order 3 has 8, 5 has 32


@pytest.mark.usefixtures("interpreted")
@pytest.mark.parametrize("method", [EULER, RK4, EXPONENTIAL], ids=lambda m: m.__name__)
def test_adex_fires_when_its_equations_do(method):
    """First spikes and resets under a strong current, against the equations with a stop at every spike."""
    equation, y, now, wanted = adex_equation(33.0, 144e-3, 4 / 30), (-70.6, 0.0), 0.0, []

    def crosses(t, y):
        return y[0] + 30.0

    crosses.terminal = True
    while now < 0.2:
        piece = solve_ivp(equation, (now, 0.2), y, events=crosses, rtol=1e-9, atol=1e-9, method="DOP853")
        if not piece.t_events[0].size:
            break
        now = piece.t[-1]
        wanted.append(now)
        y = (-70.6, piece.y[1, -1] + 80.5 / 30)
    fired = sn.AdEx(dt_s=5e-6, threshold=-30.0, method=method)(np.full((40_000, 1, 1), 33.0)).data.ravel()
    times_s = (np.flatnonzero(fired) + 1) * 5e-6
    assert len(wanted) == len(times_s) > 3
    assert np.abs(times_s - wanted).max() < 2e-4  # of 20 to 30 ms between them, gathered over eight
    assert np.all(np.diff(np.diff(wanted)) > 0), "it adapts"


@pytest.mark.usefixtures("interpreted")
def test_izhikevich_sets_fire_as_they_are_named():
    """Under a current of 10: fast spiking fires most, chattering in bursts, regular spiking with growing intervals."""
    intervals = {}
    for name in ("regular_spiking", "fast_spiking", "chattering", "intrinsically_bursting"):
        fired = sn.Izhikevich(getattr(sn.izhikevich, name), dt_s=1e-4)(np.full((3000, 1, 1), 10.0)).data.ravel()
        intervals[name] = np.diff(np.flatnonzero(fired)) * 0.1
    assert intervals["regular_spiking"][0] < intervals["regular_spiking"][1]
    assert len(intervals["fast_spiking"]) > 2 * len(intervals["regular_spiking"])
    assert intervals["chattering"].min() < 0.3 * intervals["chattering"].max()
    assert intervals["intrinsically_bursting"][0] < 0.3 * intervals["intrinsically_bursting"].max()


@pytest.mark.usefixtures("interpreted")
def test_spikes_at_1_ms_are_within_two_steps_of_the_equations():
    """The first spike of AdEx by equations is at 12.0 ms, by Euler's method two steps late, and later each time."""
    late_s = {}
    for method in (EULER, RK4, EXPONENTIAL):
        fired = sn.AdEx(dt_s=1e-3, method=method)(np.full((60, 1, 1), 33.0)).data.ravel()
        late_s[method] = (np.flatnonzero(fired)[:3] + 1) * 1e-3 - (11.99e-3, 25.85e-3, 42.04e-3)
    assert late_s[EULER][0] > 2e-3
    assert late_s[EULER][2] > 5e-3
    for method in (RK4, EXPONENTIAL):
        assert 0 <= late_s[method][0] < 1.1e-3
        assert late_s[method][2] < 4e-3  # each reset waits for the end of its step


@pytest.mark.parametrize("method", [EULER, RK4, EXPONENTIAL], ids=lambda m: m.__name__)
def test_runaway_stays_finite_in_float32(method, interpreted):
    """At 1 ms, 60 slopes of runaway above the rheobase, driven a hundred times as hard as needed: states, gradients."""
    for layer in (
        sn.AdEx(method=method, slope=2.0, threshold=69.0, v_rheobase=-50.4, learn=("slope", "v_rheobase", "threshold")),
        sn.ExponentialIF(method=method, slope=1.0, threshold=0.0, learn=("slope", "share")),
        sn.Izhikevich(method=method, learn=("recovery",)),
        sn.QuadraticIF(method=method, learn=("curvature",)),
    ):
        x = np.random.default_rng(0).normal(300.0, 600.0, (40, 1, 5)).astype(np.float32)
        fired, after = layer.run(x)
        assert 0.05 < fired.data.mean() < 1
        assert all(np.isfinite(part.data).all() and np.abs(part.data).max() < 1e6 for part in after)
        with np.errstate(over="ignore"):  # the square in the surrogate so far above, under 1: a slope of 0
            ours, _ = all_gradients(layer, layer.run, x, tuple(part.data for part in after))
        assert all(np.isfinite(g).all() for g in ours)


def test_what_a_spike_takes_up_is_bounded_by_the_peak(interpreted):
    """Slopes are taken at the peak and no higher: u gains in the step of a spike what it would at 30 mV, at most."""
    gained = {}
    for method in (RK4, as_published):
        layer = sn.Izhikevich(dt_s=1e-3, method=method)
        u = run(layer, np.full(200, 10.0))["u"]
        gained[method] = np.diff(u).max()
    assert 8.0 < gained[RK4] < 8.0 + 0.02 * (0.2 * 30 + 15)
    assert gained[as_published] > 10.0, "the published program has no bound"


def fitzhugh_nagumo(p, v, w, current, *, method):
    """FitzHugh 1961, Biophysical Journal 1:445, with a spike where v > 1 and no reset."""

    def rises(v, w):
        return p.dt * (v - v * v * v / 3.0 - w + current), p.dt * 0.08 * (v + 0.7 - 0.8 * w)

    v, w = method(rises, (v, w))
    return v, w, sn.spike(v - 1.0)


def own(dt, method):
    return sn.Spiking(fitzhugh_nagumo, dt=dt, method=method, rest={"v": -1.2, "w": -0.6})


@pytest.mark.parametrize(("method", "order"), [(EULER, 1), (EXPONENTIAL, 1), (RK4, 4)], ids=str)
def test_a_model_of_ones_own(method, order, interpreted):
    def equation(t, y):
        v, w = y
        return v - v**3 / 3 - w + 0.5, 0.08 * (v + 0.7 - 0.8 * w)

    wanted = solved(equation, (-1.2, -0.6), 20.0)
    steps = (0.2, 0.1, 0.05) if order == 4 else (0.01, 0.005, 0.0025)
    found = errors(lambda dt: own(dt, method), lambda dt: 0.5, ("v", "w"), wanted, 20.0, steps)
    assert_order(found, order, 0.25)


def test_synapses_and_adaptation_of_a_cell_are_of_fourth_order():
    """aeif_psc_exp below its threshold: one spike in, whose current is known exactly within each step."""

    def equation(weight_pa):
        def slopes(t, y):
            v, w = y
            pushed = 30.0 * (2.0 * math.exp((v - 20.2) / 2.0) - v) - w + 150.0 + weight_pa * math.exp(-t / 1.7e-3)
            return 1e3 * pushed / 281.0, (4.0 * v - w) / 20e-3

        return slopes

    wanted = solved(equation(900.0), solved(equation(0.0), (0.0, 0.0), 4e-3), 6e-3)
    found = []
    for dt_s in (4e-4, 2e-4, 1e-4):
        net = sn.Network(dt_s)
        cell = net.population("c", sn.cells.aeif_psc_exp, 1, tau_exc_s=1.7e-3, tau_adapt_s=20e-3, bias_pa=150.0)
        inhibited = net.population("inhibited", sn.cells.aeif_psc_exp, 1, tau_exc_s=1.7e-3, tau_adapt_s=20e-3)
        source = net.source("s", sn.inputs.trains([2e-3], [0]), 1)
        net.connect(source, cell, sn.rules.one_to_one(), 900.0, 2e-3)
        net.connect(source, inhibited, sn.rules.one_to_one(), -900.0, 2e-3)
        simulation = sn.Simulation(net, dtype=np.float64, threads=1)
        simulation.run(10e-3)
        states = simulation.states(cell)
        found.append(abs(states["v"][0] - wanted[0]) + abs(states["w"][0] - wanted[1]))
        assert simulation.states(inhibited)["v"][0] < -2.0
        assert simulation.states(inhibited)["w"][0] < 0.0
    assert_order(found, 4, 0.25)


def gates(p, g, current):
    """Two linear equations, each alone: of a gate and of a membrane that it opens, with what is known of the input."""
    (g_after,) = EXPONENTIAL(lambda g: -p.shut * g, (g,))
    (v,) = EXPONENTIAL(lambda v, c: p.share * (c - v), (g,), known=((current, current, current),))
    return g_after, v


def test_exponential_euler_is_exact_for_a_linear_equation(interpreted):
    layer = sn.Spiking(gates, shut=7.0, share=25.0, rest={"g": 0.8})  # steps longer than the time constants
    out = layer(np.full((3, 1, 1), 0.3)).data.ravel()
    g = run(layer, np.full(3, 0.3))["g"]
    np.testing.assert_allclose(g, 0.8 * np.exp(-7.0 * np.arange(1, 4)), rtol=1e-12)
    before = 0.8 * np.exp(-7.0 * np.arange(3))
    np.testing.assert_allclose(out, 0.3 + (before - 0.3) * math.exp(-25.0), rtol=1e-12)


def opened(p, y, g, current):
    (y,) = EXPONENTIAL(lambda y, g: -p.speed * g * y, (y,), known=((g, p.half_leak * g, p.leak * g),))
    return y, p.leak * g, y


def test_exponential_euler_takes_known_changes_by_their_mean(interpreted):
    """dy/dt = -3 g y with g decaying by e: of order 4, as the mean is; and right where g is gone within a step."""
    found = []
    for steps, fast in ((5, 1.0), (10, 1.0), (20, 1.0), (1, 5.0)):
        leak, half = np.exp(-fast / steps), np.exp(-fast / steps / 2)
        layer = sn.Spiking(opened, speed=3.0 / steps, leak=leak, half_leak=half, rest={"y": 1.0, "g": 1.0})
        wanted = math.exp(-3.0 / fast * (1 - math.exp(-fast)))
        found.append(abs(layer(np.zeros((steps, 1, 1))).data[-1, 0, 0] - wanted))
    assert_order(found[:3], 4, 0.1)
    assert found[3] < 0.05, "0.55, not the 0.78 of the value in the middle"


def test_methods_on_plain_numbers_and_known_changes():
    """dy/dt = -g(t) y with a conductance known at three times, order 4: exp of its integral."""
    for steps, bound in ((10, 2e-5), (20, 1.3e-6)):
        h, y = 1.0 / steps, 1.0
        for k in range(steps):
            g = tuple(math.exp(-(k + part) * h) for part in (0.0, 0.5, 1.0))
            (y,) = RK4(lambda y, g, h=h: -3.0 * h * g * y, (y,), known=(g,))
        assert abs(y - math.exp(-3.0 * (1 - math.exp(-1.0)))) < bound
    assert EULER(lambda v: 2.0 * v, (np.array([1.0, 5.0]),), peak=3.0)[0].tolist() == [3.0, 11.0]


def test_derivatives_forward_are_those_of_differences():
    x, y = symbol("x"), symbol("y")
    functions = (
        lambda x, y: sn.primitives.exp(x * y) / (1.0 + x * x),
        lambda x, y: sn.primitives.sigmoid(x - y) * sn.primitives.tanh(y),
        lambda x, y: y * y,
        lambda x, y: sn.primitives.log(x) - sn.primitives.sqrt(x) * sn.primitives.maximum(x, y) + abs(-x),
    )
    for f in functions:
        at = {"x": np.array([0.3, 1.7]), "y": np.array([-0.4, 0.9])}
        (got,) = evaluate((derivative(f(x, y), x),), at, np.float64)
        wanted = (f(at["x"] + 1e-6, at["y"]) - f(at["x"] - 1e-6, at["y"])) / 2e-6
        np.testing.assert_allclose(np.broadcast_to(got, (2,)), wanted, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_growth_keeps_its_digits(dtype):
    j = np.array([-80.0, -3.0, -0.126, -0.124, -1e-3, -1e-5, 0.0, 1e-8, 2e-4, 0.124, 0.126, 0.5, 9.0, 50.0], dtype)
    exact = np.minimum(j, STEEPEST).astype(np.float64)
    wanted = np.where(exact == 0, 1.0, np.expm1(exact) / np.where(exact == 0, 1.0, exact))
    np.testing.assert_allclose(growth(j), wanted, rtol=20 * np.finfo(dtype).eps)


def test_methods_are_kept_in_files():
    for method in (EULER, EXPONENTIAL, RK4, as_published):
        layer = sn.Izhikevich(method=method)
        again = build(layer.kind, json.loads(json.dumps(layer.config())))
        assert again.model == layer.model
    assert "euler" in repr(sn.AdEx(method=EULER))
    assert "runge" not in repr(sn.AdEx())


def test_a_population_takes_a_method_and_is_the_layer(rng):
    """In a Network as in a layer, to the last bit; by Runge-Kutta and by exponential Euler."""
    currents = np.array([20.0, 33.0, 60.0])
    for method in (RK4, EXPONENTIAL):
        net = sn.Network(dt_s=1e-3)
        cells = net.population("a", sn.AdEx, 3, method=method)
        net.drive(cells, sn.inputs.constant_current(currents))
        times_s, neurons, _ = sn.simulate(net, 0.1, threads=1, dtype=np.float64).trains["a"]
        fired = sn.AdEx(method=method)(np.broadcast_to(currents, (100, 1, 3))).data[:, 0]
        steps, who = np.nonzero(fired)
        assert len(steps) > 5
        np.testing.assert_allclose(times_s, (steps + 1) * 1e-3)
        np.testing.assert_array_equal(neurons, who)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: sn.Network(1e-4).population("a", sn.cells.aeif_psc_exp, 2, slope_mv=0.0),
            ValueError,
            "population 'a': aeif_psc_exp: slope: expected",
        ),
        (
            lambda: sn.Network(1e-4).population("a", sn.cells.aeif_psc_exp, 2, threshold_mv=-50.5),
            ValueError,
            "aeif_psc_exp: threshold: expected above v_rheobase by at most 60 slopes",
        ),
        (lambda: sn.AdEx(method="rk4"), TypeError, "AdEx: method: expected a function, got 'rk4'"),
        (
            lambda: sn.cells.aeif_psc_exp(dt_s=1e-4, method="rk4"),
            TypeError,
            "aeif_psc_exp: method: expected a function of sn.integrate, got 'rk4'",
        ),
        (lambda: sn.AdEx(method=as_published, reset=3), TypeError, "AdEx: reset"),
        (lambda: sn.ExponentialIF(method=as_published), TypeError, "as_published: expected the states v and u"),
        (lambda: EXPONENTIAL(lambda v: -v, (1.0,)), TypeError, "exponential_euler: .* not for numbers"),
        (lambda: RK4(lambda v, w: v, (1.0, 2.0)), TypeError, "rises: expected a value for each of 2 states, got 1"),
    ],
)
def test_wrong_calls_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
