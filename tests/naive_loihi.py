"""Loihi 1's neuron and weights in the three published readings, one neuron at a time in Python's own integers.

Written from the simulators' equations (Lava's PyLifModelBitAcc and its variants, nengo-loihi's emulator, Brian2Loihi),
with no knowledge of `hw`. Parameters of a neuron are a dictionary of whole numbers.
"""

from __future__ import annotations

import math
from fractions import Fraction


def toward_zero(x, part):
    """x * part / 4096 without its fraction."""
    whole = abs(x) * part >> 12
    return whole if x >= 0 else -whole


def wrap(x, bits):
    """The low bits of x as a two's complement number."""
    half = 1 << (bits - 1)
    return (x + half) % (2 * half) - half


def shifted(mantissa, exponent):
    return mantissa << exponent if exponent >= 0 else mantissa >> -exponent


def lava(p, arriving):
    """Lava 0.10 PyLifModelBitAcc; with vth_low PyTernLifModelFixed, with reset_interval PyLifResetModelBitAcc."""
    u = v = 0
    keep_u, keep_v = 4096 - (p["du"] + 1), 4096 - p["dv"]
    high, low = p["vth"] << 6, p["vth_low"] << 6 if "vth_low" in p else None
    bias = shifted(p["bias_mant"], p["bias_exp"])
    every = p.get("reset_interval")
    rows, wraps, cuts = [], 0, 0
    for t, a in enumerate(arriving, 1):
        if every and t % every == p["reset_offset"] % every:
            u = v = 0
        u = toward_zero(u, keep_u) + (a << 6)
        before = u
        if u > 1 << 23:
            u -= 1 << 24
        elif u <= -(1 << 23):
            u += 1 << 24
        wraps += u != before
        v = toward_zero(v, keep_v) + u + bias
        before = v
        v = max(-(1 << 23) + 1, min((1 << 23) - 1, v))
        cuts += v != before
        spike = int(v > high) - int(low is not None and v < low)
        if spike:
            v = 0
        rows.append((spike, u, v))
    return rows, (0, wraps, cuts, 0)


def nengo_loihi(p, arriving):
    """nengo-loihi 1.1 emulator/interface.py 313-340, without noise."""
    u = v = waiting = 0
    bias = p["bias_mant"] << p["bias_exp"]
    rows, sums, wraps, cuts, floors = [], 0, 0, 0, 0
    for a in arriving:
        q = wrap(a, 22)
        sums += q != a
        current = toward_zero(u, 4095 - p["du"]) + q
        u = wrap(current, 24)
        drive = wrap(u + bias, 24)
        wraps += u != current or drive != u + bias
        v = toward_zero(v, 4096 - p["dv"]) + drive
        cuts += v > p["vmax"]
        floors += v < p["vmin"]
        v = max(p["vmin"], min(p["vmax"], v))
        if waiting > 0:
            v = 0
        spike = v > p["vth"] << 6
        if spike:
            v, waiting = 0, p["refractory"]
        waiting = max(waiting - 1, 0)
        rows.append((int(spike), u, v))
    return rows, (sums, wraps, cuts, floors)


def brian2_loihi(p, arriving):
    """Brian2Loihi loihi_neuron_group.py 75-91: what decays away is rounded away from zero."""

    def decayed(x, word):
        away = math.ceil(Fraction(abs(x) * word, 4096))
        return x - (away if x >= 0 else -away)

    u = v = waiting = 0
    rows = []
    for a in arriving:
        u += a
        if waiting > 0:
            waiting -= 1
            spike = False
        else:
            v = decayed(v, p["dv"]) + u
            spike = v > p["vth"] << 6
            if spike:
                v, waiting = 0, p["refractory"] - 1
        rows.append((int(spike), u, v))
        u = decayed(u, p["du"])
    return rows, (0, 0, 0, 0)


# Weights: one at a time.


def lava_weight(w, bits, mode):
    if mode == "inhibitory":
        return -lava_weight(-w, bits, "excitatory")
    drop = 8 - bits + (mode == "mixed")
    w = max(-256 if mode == "mixed" else 0, min(255, w))
    return w >> drop << drop


def nengo_weight(w, bits, mode, exponent):
    s = 8 - bits + (mode == "mixed")
    most = 2 ** (8 - s) - 1
    m = max(-most, min(most, round(Fraction(w) / 2**s)))  # Python rounds halves to even, as numpy does
    s2 = s + exponent
    if s2 < 0:
        m = max(-most, min(most, round(Fraction(m, 2**-s2)) * 2**-s2))
    return shifted(m, s2) << 6


def brian2_weight(w, bits, mode, exponent):
    p = 2 ** (8 - (bits - (mode == "mixed")))
    m = math.trunc(Fraction(w, p)) * p
    act = math.floor(Fraction(m) * Fraction(2) ** exponent) * 64
    return max(-(2**21) + 64, min(2**21 - 64, act))
