"""Learning rules as their papers write them: loops over time, neurons and synapses, one number at a time."""

from __future__ import annotations

import numpy as np


def triangle(u, half_width=0.5):
    return max(0.0, 1 - abs(u) / half_width)


def eprop(x, w_in, w_rec, errors, feedback, p):
    """Bellec et al. 2020, equations 22 to 25 and 28, one sample: gradients of w_in and w_rec.

    x (steps, m); w_in (m, n), w_rec (n, n) from row to column; errors (steps, k) dE/d(input of output k at step t);
    p: alpha, threshold, and rho and beta of the adaptation (beta 0: LIF). v^t = alpha (v^(t-1) - threshold z^(t-1)) + W x^t
    + W_rec z^(t-1), which resets before the leak where the paper does after it; a^t = rho a^(t-1) + z^(t-1); z^t = 1 where v^t > threshold + beta a^t.
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
            v_new[j] = p["alpha"] * (v[j] - p["threshold"] * z[j]) + drive
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
