"""Learning rules as their papers write them: loops over time, neurons and synapses, one number at a time."""

from __future__ import annotations

import numpy as np


def triangle(u, half_width=0.5):
    return max(0.0, 1 - abs(u) / half_width)


def eprop(x, w_in, w_rec, errors, feedback, p):
    """Bellec et al. 2020, equations 22 to 25 and 28, one sample: gradients of w_in and w_rec.

    x (steps, m); w_in (m, n), w_rec (n, n) from row to column; errors (steps, k) dE/d(input of output k at step t);
    p: alpha, threshold, and rho and beta of the adaptation (beta 0: LIF). z^t = 1 where v^t > threshold + beta a^t;
    v^t = alpha (v^(t-1) - threshold z^(t-1)) + W x^t + W_rec z^(t-1), which resets before the leak; p["late"]:
    after it, as the paper does; a^t = rho a^(t-1) + z^(t-1).
    """
    steps, m = x.shape
    n = w_in.shape[1]
    v, a, z = np.zeros(n), np.zeros(n), np.zeros(n)
    zbar_in, zbar_rec = np.zeros(m), np.zeros(n)
    eps_in, eps_rec = np.zeros((m, n)), np.zeros((n, n))
    g_in, g_rec = np.zeros((m, n)), np.zeros((n, n))
    spikes = np.zeros((steps, n))
    psi_before = np.zeros(n)
    before_in, before_rec = np.zeros(m), np.zeros(n)
    for t in range(steps):
        for i in range(m):
            before_in[i] = zbar_in[i]
            zbar_in[i] = p["alpha"] * zbar_in[i] + x[t, i]
        for i in range(n):
            before_rec[i] = zbar_rec[i]
            zbar_rec[i] = p["alpha"] * zbar_rec[i] + z[i]
        v_new, a_new = np.zeros(n), np.zeros(n)
        for j in range(n):
            drive = sum(w_in[i, j] * x[t, i] for i in range(m)) + sum(w_rec[i, j] * z[i] for i in range(n))
            left = p["threshold"] * z[j]
            v_new[j] = (p["alpha"] * v[j] - left if p["late"] else p["alpha"] * (v[j] - left)) + drive
            a_new[j] = p["rho"] * a[j] + z[j]
            psi = triangle(v_new[j] - p["threshold"] - p["beta"] * a_new[j])
            signal = sum(feedback[k, j] * errors[t, k] for k in range(errors.shape[1]))
            for before, zbar, eps, g in ((before_in, zbar_in, eps_in, g_in), (before_rec, zbar_rec, eps_rec, g_rec)):
                for i in range(len(zbar)):
                    eps[i, j] = psi_before[j] * before[i] + (p["rho"] - psi_before[j] * p["beta"]) * eps[i, j]
                    g[i, j] += signal * psi * (zbar[i] - p["beta"] * eps[i, j])
            psi_before[j] = psi
        v, a = v_new, a_new
        z = np.array([float(v[j] > p["threshold"] + p["beta"] * a[j]) for j in range(n)])
        spikes[t] = z
    return g_in, g_rec, spikes


def atan_slope(u, alpha=2.0):
    return alpha / 2 / (1 + (np.pi / 2 * alpha * u) ** 2)


def online(x, w1, b1, w2, b2, leaks, g_out, traced):
    """OTTT (traced) or SLTT gradients of two layers of LIF (threshold 1, subtractive reset), one sample.

    Xiao et al. 2022, equations 5 to 7: gradient of W_l at t is (dL_t/du_l) a_l^T, a the trace of the layer's input;
    SLTT takes the input itself. g_out(t, s): dL_t/ds of the last layer's spikes, a function of them.
    """
    steps, m = x.shape
    n, k = w1.shape[1], w2.shape[1]
    u1, u2, a0, a1 = np.zeros(n), np.zeros(k), np.zeros(m), np.zeros(n)
    one1 = one2 = 0.0
    grads = [np.zeros_like(w1), np.zeros(n), np.zeros_like(w2), np.zeros(k)]
    for t in range(steps):
        a0 = (leaks[0] * a0 if traced else 0) + x[t]
        one1 = (leaks[0] * one1 if traced else 0) + 1
        u1 = leaks[0] * u1 + x[t] @ w1 + b1
        s1 = (u1 > 1) * 1.0
        a1 = (leaks[1] * a1 if traced else 0) + s1
        one2 = (leaks[1] * one2 if traced else 0) + 1
        u2 = leaks[1] * u2 + s1 @ w2 + b2
        s2 = (u2 > 1) * 1.0
        d2 = g_out(t, s2) * atan_slope(u2 - 1)
        d1 = (w2 @ d2) * atan_slope(u1 - 1)
        grads[0] += np.outer(a0, d1)
        grads[1] += one1 * d1
        grads[2] += np.outer(a1, d2)
        grads[3] += one2 * d2
        u1, u2 = u1 - s1, u2 - s2
    return grads


def pair_stdp(w, pre, post, p):
    """All pairs of one synapse by their times: no traces. Spikes of one step are pairs in both directions."""
    for t in range(len(pre)):
        up = down = 0.0
        for s in range(t + 1):
            up += post[t] * pre[s] * np.exp(-(t - s) * p["dt"] / p["tau_plus"])
            down += pre[t] * post[s] * np.exp(-(t - s) * p["dt"] / p["tau_minus"])
        w = w + p["a_plus"] * p["f_plus"](w) * up - p["a_minus"] * p["f_minus"](w) * down
        w = min(max(w, p["low"]), p["high"])
    return w


def triplet_stdp(w, pre, post, p):
    """Pfister & Gerstner 2006, equations 3 and 4, by sums over all earlier spikes of one synapse."""

    def trace(spikes, t, tau, with_now):
        return sum(spikes[s] * np.exp(-(t - s) * p["dt"] / tau) for s in range(t + (1 if with_now else 0)))

    for t in range(len(pre)):
        r1, r2 = trace(pre, t, p["tau_plus"], True), trace(pre, t, p["tau_x"], False)
        o1, o2 = trace(post, t, p["tau_minus"], True), trace(post, t, p["tau_y"], False)
        w = w + post[t] * r1 * (p["a2_plus"] + p["a3_plus"] * o2) - pre[t] * o1 * (p["a2_minus"] + p["a3_minus"] * r2)
    return w


def reward_stdp(w, pre, post, reward, p, tau, rate):
    """MSTDPET of one synapse: pairs feed an eligibility, the reward of each step turns it into change."""
    e = 0.0
    for t in range(len(pre)):
        up = down = 0.0
        for s in range(t + 1):
            up += post[t] * pre[s] * np.exp(-(t - s) * p["dt"] / p["tau_plus"])
            down += pre[t] * post[s] * np.exp(-(t - s) * p["dt"] / p["tau_minus"])
        e = e * np.exp(-p["dt"] / tau) + p["a_plus"] * up - p["a_minus"] * down
        w = w + rate * reward[t] * e
    return w
