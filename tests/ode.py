"""Models beside differential equations: a run with every state kept, scipy's solution, and errors by the step."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.integrate import solve_ivp

from spikenet.layers import Sequential, record

HIGH = 1e9  # a threshold nobody reaches


def run(layer, x):
    """State name -> its value after every step, for one neuron under the input x (steps,)."""
    (kept,) = record(Sequential(layer), np.asarray(x, np.float64)[:, None, None])
    return {name: s.ravel() for name, s in kept.states.items()}


def solved(equation, start, duration_s, **more):
    """The solution of dy/dt = equation(t, y) at the end, to 1e-10; t in seconds."""
    return solve_ivp(equation, (0, duration_s), start, rtol=1e-10, atol=1e-12, method="DOP853", **more).y[:, -1]


def errors(make, x_of, states, wanted, duration_s, steps_s):
    """Largest error of the states named, at the end, for each length of a step."""
    found = []
    for dt_s in steps_s:
        values = run(make(dt_s), np.full(round(duration_s / dt_s), x_of(dt_s)))
        found.append(max(abs(values[s][-1] - w) for s, w in zip(states, wanted, strict=True)))
    return found


def assert_order(found, order, within=0.1):
    """Each halving of the step divides the error by 2^order: ratios tend to it, `within` a part of themselves."""
    ratios = [a / b for a, b in pairwise(found)]
    assert all(abs(ratio / 2**order - 1) < within for ratio in ratios), (found, ratios)


def assert_first_order(found):
    assert_order(found, 1)


HALVED_S = (1e-4, 5e-5, 2.5e-5)
