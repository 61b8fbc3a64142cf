"""The obvious version of the neuron models beyond LIF, as `naive.py` has that of LIF: one number at a time.

A step takes the parameters of one neuron (a dictionary of scalars), its states and its current, and returns the states
after and the output. `reset` says what becomes of a membrane that has fired.
"""

from __future__ import annotations

import math

from naive import fire, no_reset, subtract, to_value

MASK = 2**64 - 1


def adaptive_lif(reset=subtract):
    def step(p, states, x):
        v, a = states
        v, a = p["leak"] * v + x, p["adapt_leak"] * a
        if v > p["threshold"] + a:
            return (reset(p, v), a + p["jump"]), 1.0
        return (v, a), 0.0

    return step


def adaptive_current_lif(reset=subtract):
    def step(p, states, x):
        v, w = states
        new_w = p["adapt_leak"] * w + (1 - p["adapt_leak"]) * p["coupling"] * v
        v, fired = fire(p, p["leak"] * v - (1 - p["leak"]) * w + x, reset)
        return (v, new_w + p["jump"] if fired else new_w), fired

    return step


def euler(rises, y, slopes_of, peak):
    seen = (min(y[0], peak), *y[1:])
    return [a + g for a, g in zip(y, rises(*seen), strict=True)]


def runge_kutta_4(rises, y, slopes_of, peak):
    """Hairer, Norsett & Wanner 1993, table 1.2, left."""
    ks, nodes = [], (0.0, 0.5, 0.5, 1.0)
    for node in nodes:
        at = [a + node * k for a, k in zip(y, ks[-1], strict=True)] if ks else list(y)
        ks.append(rises(min(at[0], peak), *at[1:]))
    return [a + sum(w * k[i] for w, k in zip((1, 2, 2, 1), ks, strict=True)) / 6 for i, a in enumerate(y)]


def exponential_euler(rises, y, slopes_of, peak):
    """Slopes of every rise by its own state, worked out by hand; growth of more than exp(10) is cut there."""
    seen = (min(y[0], peak), *y[1:])
    steep = [min(j, 10.0) for j in slopes_of(*seen)]
    return [a + g * math.expm1(j) / j for a, g, j in zip(y, rises(*seen), steep, strict=True)]


def half_steps(rises, y, slopes_of, peak):
    """The program of Izhikevich 2003, figure 1."""
    v, u = y
    v += 0.5 * rises(v, u)[0]
    v += 0.5 * rises(v, u)[0]
    return [v, u + rises(v, u)[1]]


def exponential_if(reset=to_value, method=runge_kutta_4):
    def step(p, states, x):
        def rises(v):
            run_away = p["slope"] * math.exp((v - p["v_rheobase"]) / p["slope"])
            return (p["share"] * (p["v_rest"] - v + run_away + x),)

        (v,) = method(rises, states, None, p["threshold"])
        v, fired = fire(p, v, reset)
        return (v,), fired

    return step


def adex(reset=to_value, method=runge_kutta_4):
    def step(p, states, x):
        def rises(v, w):
            run_away = p["slope"] * math.exp((v - p["v_rheobase"]) / p["slope"])
            v_gain = p["share"] * (p["v_rest"] - v + run_away - w + x)
            return v_gain, p["adapt_share"] * (p["coupling"] * (v - p["v_rest"]) - w)

        def slopes_of(v, w):
            return p["share"] * (math.exp((v - p["v_rheobase"]) / p["slope"]) - 1), -p["adapt_share"]

        v, w = method(rises, states, slopes_of, p["threshold"])
        v, fired = fire(p, v, reset)
        return (v, w + p["jump"] if fired else w), fired

    return step


def quadratic_if(reset=to_value, method=runge_kutta_4):
    def step(p, states, x):
        def rises(v):
            return (p["share"] * (p["curvature"] * ((v - p["v_rest"]) * (v - p["v_critical"])) + x),)

        (v,) = method(rises, states, None, p["threshold"])
        v, fired = fire(p, v, reset)
        return (v,), fired

    return step


def izhikevich(reset=to_value, method=runge_kutta_4):
    def step(p, states, x):
        def rises(v, u):
            v_gain = p["dt_ms"] * ((0.04 * v + 5) * v + 140 - u + x)
            return v_gain, p["dt_ms"] * p["recovery"] * (p["coupling"] * v - u)

        v, u = method(rises, states, None, p["threshold"])
        v, fired = fire(p, v, reset)
        return (v, u + p["jump"] if fired else u), fired

    return step


def resonate_and_fire(reset=no_reset):
    def step(p, states, current):
        x, y = states
        turned = p["along"] * x - p["across"] * y + current
        x, fired = fire(p, turned, reset)
        return (x, p["across"] * states[0] + p["along"] * y), fired

    return step


def resonate_izhikevich():
    def step(p, states, current):
        x, y = states
        x, y = p["along"] * x - p["across"] * y + current, p["across"] * x + p["along"] * y
        return ((0.0, p["threshold"]), 1.0) if y > p["threshold"] else ((x, y), 0.0)

    return step


def sigma_delta(activation):
    def step(p, states, x):
        s, sent = states
        s = s + x
        error = activation(s + p["bias"]) - sent
        message = error if abs(error) > p["threshold"] else 0.0
        return (s, sent + message), message

    return step


def alpha_lif(reset=subtract):
    def step(p, states, x):
        a, i, v = states
        i = p["syn_leak"] * (i + p["rise"] * a)
        a = p["syn_leak"] * a + x
        v, fired = fire(p, p["leak"] * v + i, reset)
        return (a, i, v), fired

    return step


def double_exponential_lif(reset=subtract):
    def step(p, states, x):
        d, r, v = states
        d, r = p["fall_leak"] * d + x, p["rise_leak"] * r + x
        v, fired = fire(p, p["leak"] * v + p["scale"] * (d - r), reset)
        return (d, r, v), fired

    return step


def conductance_lif(reset=to_value):
    def step(p, states, x):
        e, i, v = states
        e, i = p["exc_leak"] * e + max(x, 0), p["inh_leak"] * i + max(-x, 0)
        total = 1 + e + i
        towards = (p["v_rest"] + e * p["v_exc"] + i * p["v_inh"]) / total
        v, fired = fire(p, towards + (v - towards) * math.exp(-p["share"] * total), reset)
        return (e, i, v), fired

    return step


def two_compartment_lif(reset=subtract):
    def step(p, states, x):
        d, v = states
        soma = p["dend_to_soma"] * d + p["soma_leak"] * v
        d = p["dend_leak"] * d + p["soma_to_dend"] * v + x
        v, fired = fire(p, soma, reset)
        return (d, v), fired

    return step


def short_term_plasticity(p, states, s):
    u, r = p["use"] + p["facilitate_leak"] * states[0], 1 - p["recover_leak"] * states[1]
    u = u + p["use"] * (1 - u) * s
    released = u * r * s
    return (u - p["use"], 1 - r + released), released


def parametric_lif(reset=subtract):
    def step(p, states, x):
        (v,) = states
        v, fired = fire(p, v + (x - v) / (1 + math.exp(-p["rate"])), reset)
        return (v,), fired

    return step


def klif(reset=subtract):
    def step(p, states, x):
        (v,) = states
        v, fired = fire(p, max(p["gain"] * (p["leak"] * v + x), 0), reset)
        return (v,), fired

    return step


def gated_lif(p, states, x):
    """Yao et al. 2022, with the gates' two ends written out."""
    v, last = states
    kept = (1 - p["decay_gate"] * (1 - p["keep_leak"])) * v
    linear = (1 - p["decay_gate"]) * p["linear_decay"]
    lost = linear + (p["reset_gate"] * kept + (1 - p["reset_gate"]) * p["soft_reset"] if last else 0)
    v = kept - lost + (1 - p["input_gate"] * (1 - p["conductance_gate"])) * x
    fired = 1.0 if v > p["threshold"] else 0.0
    return (v, fired), fired


def multi_level_lif(levels):
    def step(p, states, x):
        v = p["leak"] * states[0] + x
        n = sum(v > k * p["threshold"] for k in range(1, levels + 1))
        return (v - p["threshold"] * n if n else v,), float(n)

    return step


def multi_level_cuba_lif(levels):
    def step(p, states, x):
        i = p["syn_leak"] * states[0] + x
        (v,), n = multi_level_lif(levels)(p, (states[1],), i)
        return (i, v), n

    return step


def ternary_lif(p, states, x):
    v = p["leak"] * states[0] + x
    sent = 1.0 if v > p["threshold"] else -1.0 if v < -p["threshold"] else 0.0
    return (v - p["threshold"] * sent if sent else v,), sent


def graded_lif(payload, reset=subtract):
    def step(p, states, x):
        v = p["leak"] * states[0] + x
        after, fired = fire(p, v, reset)
        return (after,), payload(v) if fired else 0.0

    return step


def splitmix64(state):
    """Steele, Lea & Flood 2014, in whole numbers of Python."""
    z = (state + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def random_number(high, low, count):
    """Two rounds of splitmix64: over the stream, then as many golden steps further as the count says."""
    bits = splitmix64(splitmix64(int(high) << 24 | int(low)) + int(count) * 0x9E3779B97F4A7C15)
    return (2 * (bits >> 41) + 1) / 2**24


def stochastic_lif(scored, reset=subtract):
    def step(p, states, x):
        v, logarithm, high, low, count = states
        v = p["leak"] * v + x
        likely = 1 / (1 + math.exp(-(v - p["threshold"]) / p["width"])) if math.isfinite(p["threshold"]) else 0.0
        fired = likely > random_number(high, low, count)
        if scored:
            logarithm = logarithm + math.log(likely if fired else 1 - likely)
        return (reset(p, v) if fired else v, logarithm, high, low, count + 1), float(fired)

    return step


def first_order(curve):
    def step(p, states, x):
        r = p["leak"] * states[0] + (1 - p["leak"]) * curve(p, x)
        return (r,), r

    return step


def threshold_linear(p, x):
    return p["gain"] * max(x - p["threshold"], 0)


def sigmoid(p, x):
    return 1 / (1 + math.exp(-p["gain"] * (x - p["threshold"])))


def wilson_cowan(p, states, x):
    """Wilson & Cowan 1972, equations 11 and 12."""

    def response(x, which):
        a, theta = p[f"{which}_gain"], p[f"{which}_threshold"]
        return 1 / (1 + math.exp(-a * (x - theta))) - 1 / (1 + math.exp(a * theta))

    def rises(e, i):
        to_e = response(p["w_ee"] * e - p["w_ei"] * i + x, "exc")
        to_i = response(p["w_ie"] * e - p["w_ii"] * i + p["inh_share"] * x, "inh")
        return p["share_exc"] * ((1 - e) * to_e - e), p["share_inh"] * ((1 - i) * to_i - i)

    e, i = runge_kutta_4(rises, states, None, math.inf)
    return (e, i), e


def refractory(step, held):
    """After a spike the states at the places `held` stand still for some steps; nothing fires, the others go on."""

    def gated(p, states, x):
        *before, waiting = states
        if waiting > 0:
            after, _ = step(p | {"threshold": math.inf}, tuple(before), x)
            after = [old if k in held else new for k, (old, new) in enumerate(zip(before, after, strict=True))]
            return (*after, waiting - 1), 0.0
        after, sent = step(p, tuple(before), x)
        return (*after, p["refractory_steps"] if sent else 0.0), sent

    return gated
