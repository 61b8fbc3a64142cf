"""Surrogate gradients: what stands for the derivative of a spike, each beside the function it is the derivative of.

A spike is a step of u = v - threshold, whose derivative is zero almost everywhere; in the adjoint a surrogate takes its
place. The smooth twin replaces the spike itself in gradient checks: with it finite differences make sense, and
they must agree with the adjoint that uses the surrogate.

The idea: Neftci, Mostafa & Zenke 2019 (IEEE Signal Processing Magazine 36(6):51-63); each curve's own source stands
beside it. All are finite for |u| up to 1e30 in float32 and float64. Here are the usual ones; the others, each found in
some package, stand by their shape in peaked_, pieced_ and lopsided_surrogates, and are used from here like these.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from spikenet.errors import names_of
from spikenet.neurons import lopsided_surrogates, peaked_surrogates, pieced_surrogates
from spikenet.neurons import primitives as f
from spikenet.neurons import surrogate_record as record
from spikenet.neurons.surrogate_record import as_wide

Surrogate = record.Surrogate  # under the name by which it is asked for


def _atan_derivative(u: Any, alpha: Any) -> Any:
    scaled = (math.pi / 2) * alpha * u
    return (alpha / 2) / (1.0 + scaled * scaled)


def _atan_smooth(u: Any, alpha: Any) -> Any:
    return f.atan((math.pi / 2) * alpha * u) / math.pi + 0.5


def _fast_sigmoid_derivative(u: Any, slope: Any) -> Any:
    inverse = 1.0 / (1.0 + slope * f.absolute(u))  # squared last: the denominator's square would overflow first
    return inverse * inverse


def _fast_sigmoid_smooth(u: Any, slope: Any) -> Any:
    return u / (1.0 + slope * f.absolute(u)) + 0.5


def _sigmoid_derivative(u: Any, slope: Any) -> Any:
    small = f.exp(-f.absolute(slope * u))  # symmetric in u, so the exponential never overflows
    return slope * small / ((1.0 + small) * (1.0 + small))


def _sigmoid_smooth(u: Any, slope: Any) -> Any:
    return f.sigmoid(slope * u)


def _triangle_derivative(u: Any, half_width: Any) -> Any:
    return f.maximum(1.0 - f.absolute(u) / half_width, 0.0)


def _triangle_smooth(u: Any, half_width: Any) -> Any:
    inside = f.maximum(1.0 - f.absolute(u) / half_width, 0.0)
    area = 0.5 * half_width * (1.0 - inside * inside)  # between 0 and |u|
    return 0.5 + f.where(u >= 0.0, area, -area)


def _box_derivative(u: Any, half_width: Any) -> Any:
    return f.where(f.absolute(u) < half_width, 0.5 / half_width, 0.0)


def _box_smooth(u: Any, half_width: Any) -> Any:
    ramp = 0.5 + 0.5 * u / half_width
    return f.where(u >= half_width, 1.0, f.where(u <= -half_width, 0.0, ramp))


def _gaussian_derivative(u: Any, sigma: Any) -> Any:
    scaled = u / sigma
    return f.exp(-0.5 * scaled * scaled) / (sigma * math.sqrt(2 * math.pi))


def _gaussian_smooth(u: Any, sigma: Any) -> Any:
    return 0.5 + 0.5 * f.erf(u / sigma * math.sqrt(0.5))


# (alpha/2) / (1 + (pi alpha u / 2)^2), Fang et al. 2021 (ICCV, arXiv:2007.05785), alpha as in snnTorch.
atan = Surrogate("atan", "alpha", 2.0, _atan_derivative, _atan_smooth)
# 1 / (1 + slope |u|)^2, Zenke & Ganguli 2018 (Neural Computation 30(6):1514-1541), at snnTorch's usual steepness.
fast_sigmoid = Surrogate("fast_sigmoid", "slope", 25.0, _fast_sigmoid_derivative, _fast_sigmoid_smooth)
# The same curve under the paper's name, at the steepness of Norse's `super`.
super_spike = Surrogate("super_spike", "slope", 100.0, _fast_sigmoid_derivative, _fast_sigmoid_smooth)
# slope s (1 - s) with s = sigmoid(slope u), in the form that never overflows.
sigmoid = Surrogate("sigmoid", "slope", 4.0, _sigmoid_derivative, _sigmoid_smooth)
# max(0, 1 - |u| / half_width), Bellec et al. 2018 (NeurIPS, arXiv:1803.09574). Compact: exactly 0 beyond half_width.
triangle = Surrogate("triangle", "half_width", 0.5, _triangle_derivative, _triangle_smooth, as_wide)
# 1 / (2 half_width) inside, 0 outside; its smooth twin is the piecewise-linear ramp.
box = Surrogate("box", "half_width", 0.5, _box_derivative, _box_smooth, as_wide)
# Normal density of standard deviation sigma.
gaussian = Surrogate("gaussian", "sigma", 0.5, _gaussian_derivative, _gaussian_smooth)

USUAL = (atan, fast_sigmoid, super_spike, sigmoid, triangle, box, gaussian)
(
    tall_super_spike,
    softsign,
    exponential,
    single_exponential,
    slayer,
    erf,
    scaled_erf,
    tanh,
    circle,
    log_abs,
    heavy_tail,
    capped_inverse,
    multi_gaussian,
) = peaked_surrogates.ALL
(piecewise_quadratic, low_triangle, eprop, leaky_box, straight_through, fourier) = pieced_surrogates.ALL
(window, gate, leaky_relu, s2nn, log_tailed_relu, sparse_fast_sigmoid, escape_rate, graded, periodic_exponential) = (
    lopsided_surrogates.ALL
)
ALL = (*USUAL, *peaked_surrogates.ALL, *pieced_surrogates.ALL, *lopsided_surrogates.ALL)
if not TYPE_CHECKING:  # a type checker knows the names itself
    __getattr__ = names_of("sn.surrogate", [s.name for s in ALL])
