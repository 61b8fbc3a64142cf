"""One step of each of Loihi 2's neurons in whole numbers, one neuron at a time; equations in `hw.neurons.loihi2`.

Each returns (states after, what is sent, and whether a state was cut or has left 24 bits).
"""

from __future__ import annotations

from typing import Any

from spikenet.derive.compile import compiled

LIMIT = (1 << 23) - 1


@compiled()
def _beyond(x: Any) -> Any:
    return 1 if x > LIMIT or x < -LIMIT else 0


@compiled()
def _encoded(new: Any, act: Any, residue: Any, error: Any, vth: Any, state_exp: Any, cumulates: Any) -> Any:
    """Delta encoding of `new`: (residue, error, what is sent)."""
    difference = new - act + residue
    total = error + difference
    measured = total if cumulates > 0 else difference
    sent = difference if abs(measured) >= vth else 0
    kept = 0 if sent != 0 else total
    return difference - sent, (kept if cumulates > 0 else error), sent >> state_exp


@compiled()
def delta(vth: Any, shift: Any, state_exp: Any, cumulates: Any, act: Any, residue: Any, error: Any, a: Any) -> Any:
    new = a << shift
    residue, error, sent = _encoded(new, act, residue, error, vth, state_exp, cumulates)
    return new, residue, error, sent, _beyond(new) | _beyond(residue) | _beyond(error)


@compiled()
def sigma_delta(
    vth: Any, bias: Any, rectifies: Any, state_exp: Any, cumulates: Any, sigma: Any, act: Any, residue: Any,
    error: Any, a: Any,
) -> Any:  # fmt: skip
    sigma = sigma + a
    new = sigma + bias
    new = 0 if rectifies > 0 and new < 0 else new
    residue, error, sent = _encoded(new, act, residue, error, vth, state_exp, cumulates)
    return sigma, new, residue, error, sent, _beyond(sigma) | _beyond(new) | _beyond(residue) | _beyond(error)


@compiled()
def _scaled(x: Any, drop: Any) -> Any:
    """x / 2^drop rounded toward zero."""
    return x >> drop if x >= 0 else -(-x >> drop)


@compiled()
def _rotated(cosine: Any, sine: Any, drop: Any, shift: Any, re: Any, im: Any, a_re: Any, a_im: Any) -> Any:
    """(real and imaginary part after a step, whether one of them was cut)."""
    x = _scaled(cosine * re, drop) - _scaled(sine * im, drop) + (a_re << shift)
    y = _scaled(sine * re, drop) + _scaled(cosine * im, drop) + (a_im << shift)
    return min(max(x, -LIMIT), LIMIT), min(max(y, -LIMIT), LIMIT), _beyond(x) | _beyond(y)


@compiled()
def resonate(cosine: Any, sine: Any, drop: Any, shift: Any, vth: Any, re: Any, im: Any, a_re: Any, a_im: Any) -> Any:
    x, y, cut = _rotated(cosine, sine, drop, shift, re, im, a_re, a_im)
    return x, y, (1 if x >= vth and y >= 0 and im < 0 else 0), cut


@compiled()
def resonate_izhikevich(
    cosine: Any, sine: Any, drop: Any, shift: Any, vth: Any, re: Any, im: Any, a_re: Any, a_im: Any
) -> Any:
    x, y, cut = _rotated(cosine, sine, drop, shift, re, im, a_re, a_im)
    fired = y >= vth
    return (0 if fired else x), (vth - 1 if fired else y), (1 if fired else 0), cut


@compiled()
def graded(vth: Any, rectifies: Any, a: Any) -> Any:
    size = a if rectifies > 0 else abs(a)
    return (a if size > vth else 0), _beyond(a)
