"""A leaky neuron between two events, in closed form: tau_m dv/dt = -v + gamma i + c,  di/dt = -i / tau_s.

All in float64; `slow` is 1 / tau_s, 0 for a current that stays, `r` = 1 / tau_s - 1 / tau_m. Inlined into the loops of
`event_times`.
"""

from __future__ import annotations

import math

from spikenet.derive.compile import compiled

ALIKE = 1e-7  # |r| tau_m below which the two time constants count as equal: the limit's formula is then the better one


@compiled()
def response(h: float, tau: float, r: float, gamma: float) -> float:
    """What a current of 1 adds to the membrane within h seconds."""
    kept = math.exp(-h / tau)
    if abs(r) * tau < ALIKE:
        return gamma / tau * kept * h
    return gamma / tau * kept * (-math.expm1(-r * h) / r)


@compiled()
def response_area(h: float, tau: float, slow: float, r: float, gamma: float) -> float:
    """The integral of `response` from 0 to h."""
    gone = -math.expm1(-h / tau)
    if abs(r) * tau < ALIKE:
        return gamma * (tau * gone - h * (1.0 - gone))
    left = h if slow == 0.0 else -math.expm1(-h * slow) / slow
    return gamma / (tau * r) * (tau * gone - left)


@compiled()
def turning(v: float, i: float, c: float, tau: float, slow: float, r: float, gamma: float) -> float:
    """Seconds until the membrane stops rising or falling; infinite when it never does."""
    if slow == 0.0 or i == 0.0:
        return math.inf
    ratio = (gamma * i + c - v) / (gamma * i * slow)
    if abs(r) * tau < ALIKE:
        return ratio if ratio > 0.0 else math.inf
    inside = -r * ratio
    if inside <= -1.0:
        return math.inf
    at = -math.log1p(inside) / r
    return at if at > 0.0 else math.inf


@compiled()
def membrane(h: float, v: float, i: float, c: float, tau: float, r: float, gamma: float) -> float:
    """The membrane after h seconds."""
    return c + (v - c) * math.exp(-h / tau) + response(h, tau, r, gamma) * i


@compiled()
def crossing(h: float, v: float, i: float, c: float, tau: float, slow: float, r: float, gamma: float,
             threshold: float) -> float:  # fmt: skip
    """Seconds until the membrane, now below the threshold, crosses it upwards; negative when it does not within h."""
    turn = turning(v, i, c, tau, slow, r, gamma)
    low, high = 0.0, h
    if gamma * i + c > v:  # rising: up to the turn
        high = min(turn, h)
    elif turn < h:  # falling, then rising
        low = turn
    else:
        return -1.0
    if not membrane(high, v, i, c, tau, r, gamma) > threshold:
        return -1.0
    at = 0.5 * (low + high)
    for _ in range(200):
        above = membrane(at, v, i, c, tau, r, gamma) - threshold
        if above > 0.0:
            high = at
        else:
            low = at
        slope = (gamma * i * math.exp(-slow * at) + c - threshold - above) / tau
        step = above / slope if slope > 0.0 else 2.0 * h
        new = at - step
        if not low < new < high:
            new = 0.5 * (low + high)
        if abs(new - at) <= 1e-16 + 2e-16 * abs(new):
            return new
        at = new
    return at
