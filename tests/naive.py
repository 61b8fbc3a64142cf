"""The obvious version of every neuron's update, written from its equation: one number at a time, no numpy arithmetic
beyond that of scalars, no knowledge of spikenet.

A step takes the parameters of one neuron (a dictionary of scalars), its states and its current, and returns the states
after and the output. All scalars have one float type, np.float32 or np.float64, so that every operation rounds as the
compiled loop's must.
"""

from __future__ import annotations

import math

import numpy as np

# Resets: what becomes of the membrane of a neuron that has fired (Gerstner et al. 2014, section 1.3).


def subtract(p, v):
    return v - p["threshold"]


def to_zero(p, v):
    return v - v


def to_value(p, v):
    return p["reset_value"]


def no_reset(p, v):
    return v


def fire(p, v, reset):
    """(membrane after, spike): a spike where v > threshold, strictly, and the reset in the same step."""
    number = type(v)
    return (reset(p, v), number(1)) if v > p["threshold"] else (v, number(0))


def integrate_and_fire(reset):
    def step(p, states, current):
        (v,) = states
        v, spike = fire(p, v + current, reset)
        return (v,), spike

    return step


def lif(reset):
    def step(p, states, current):
        (v,) = states
        v, spike = fire(p, p["leak"] * v + current, reset)
        return (v,), spike

    return step


def cuba_lif(reset):
    def step(p, states, current):
        i, v = states
        i = p["syn_leak"] * i + current
        v, spike = fire(p, p["leak"] * v + i, reset)
        return (i, v), spike

    return step


def leaky_integrator(p, states, current):
    (v,) = states
    v = p["leak"] * v + current
    return (v,), v


def leaky_rate(activation):
    def step(p, states, current):
        (r,) = states
        one = type(r)(1)
        r = p["leak"] * r + (one - p["leak"]) * activation(current)
        return (r,), r

    return step


def lif_rate_exact(p, states, current):
    """Hunsberger & Eliasmith 2015, equation 3."""
    j = float(current)
    if j <= 1:
        return (), 0.0
    return (), _rate(p, j - 1)


def lif_rate_soft(p, states, current):
    """Hunsberger & Eliasmith 2015, equation 8: J - 1 replaced by sigma log(1 + exp((J - 1) / sigma))."""
    sigma = float(p["softness"])
    return (), _rate(p, sigma * math.log1p(math.exp((float(current) - 1) / sigma)))


def _rate(p, above):
    time_to_threshold = float(p["tau_mem_s"]) * math.log1p(1 / above)
    return float(p["amplitude"]) / (float(p["refractory_s"]) + time_to_threshold)


def run(step, parameters, x, start):
    """A population from given states over time: (output (steps, batch, n), states after every step, each like x).

    parameters: name -> (n,) array;  x: (steps, batch, n);  start: one (batch, n) array a state; all of one float type
    """
    steps, batch, n = x.shape
    output = np.empty_like(x)
    after = [np.empty_like(x) for _ in start]
    for b in range(batch):
        for j in range(n):
            p = {name: values[j] for name, values in parameters.items()}
            states = tuple(s[b, j] for s in start)
            for t in range(steps):
                states, output[t, b, j] = step(p, states, x[t, b, j])
                for kept, value in zip(after, states, strict=True):
                    kept[t, b, j] = value
    return output, after
