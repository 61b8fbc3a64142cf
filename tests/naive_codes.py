"""Spike codes as their papers describe them: one signal, one number at a time."""

from __future__ import annotations

import itertools
import math


def step_forward(signal, threshold):
    base, spikes = signal[0], [0]
    for value in signal[1:]:
        if value > base + threshold:
            spikes.append(1)
            base += threshold
        elif value < base - threshold:
            spikes.append(-1)
            base -= threshold
        else:
            spikes.append(0)
    return spikes


def bsa(signal, taps, threshold):
    """Schrauwen & Van Campenhout 2003, figure 2."""
    left, spikes = list(signal), [0] * len(signal)
    for t in range(len(signal) - len(taps) + 1):
        error1 = sum(abs(left[t + k] - tap) for k, tap in enumerate(taps))
        error2 = sum(abs(left[t + k]) for k in range(len(taps)))
        if (error1 <= error2 - threshold) if threshold > 0 else (error1 < error2):
            spikes[t] = 1
            for k, tap in enumerate(taps):
                left[t + k] -= tap
    return spikes


def adaptive_delta(signal, threshold, jump, keep):
    last, extra, spikes = signal[0], 0.0, [0]
    for value in signal[1:]:
        extra *= keep
        fired = abs(value - last) >= threshold + extra
        spikes.append((1 if value > last else -1) if fired else 0)
        if fired:
            last, extra = value, extra + jump
    return spikes


def moving_window(signal, threshold, window):
    spikes = [0]
    for t in range(1, len(signal)):
        before = signal[max(0, t - window) : t]
        mean = sum(before) / len(before)
        spikes.append(1 if signal[t] > mean + threshold else -1 if signal[t] < mean - threshold else 0)
    return spikes


def change_threshold(signal, factor):
    changes = [b - a for a, b in itertools.pairwise(signal)]
    sizes = [abs(c) for c in changes]
    mean = sum(sizes) / len(sizes)
    std = math.sqrt(sum((s - mean) ** 2 for s in sizes) / len(sizes))
    return [0] + [(1 if c > 0 else -1) if abs(c) > mean + factor * std else 0 for c in changes]


def phase(x, steps, bits):
    """The greedy expansion: take the largest power of two that still fits."""
    digits = []
    for k in range(1, bits + 1):
        fits = x >= 2.0**-k
        digits.append(int(fits))
        x -= 2.0**-k if fits else 0
    return [digits[t % bits] for t in range(steps)]


def population(x, steps, n, low, high, width):
    """Spikes (steps, n) of integrators of the excitation with threshold 0.999, the rest kept."""
    sigma = width * (high - low) / (n - 1)
    excited = [math.exp(-0.5 * ((x - low - k * (high - low) / (n - 1)) / sigma) ** 2) for k in range(n)]
    v, spikes = [0.0] * n, []
    for _ in range(steps):
        v = [a + e for a, e in zip(v, excited, strict=True)]
        spikes.append([int(a > 0.999) for a in v])
        v = [a - 0.999 * s for a, s in zip(v, spikes[-1], strict=True)]
    return spikes


def rank_steps(values, steps):
    """Step of each value's spike by its rank among the different values; None for 0."""
    different = sorted({v for v in values if v > 0}, reverse=True)
    return [different.index(v) * steps // len(different) if v > 0 else None for v in values]


def bindsnet_rank_steps(values, steps):
    """BindsNET's rank_order: times 1/x scaled so that the longest is `steps`, rounded up, counted from 1."""
    longest = max(1 / v for v in values if v > 0)
    return [math.ceil(steps * (1 / v) / longest - 1e-9) - 1 if v > 0 else None for v in values]
