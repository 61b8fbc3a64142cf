"""Surrogates with one peak at the threshold and tails that never quite end.

Each curve beside the function it is the derivative of; where it is used stands with its value.
"""

from __future__ import annotations

import math
from typing import Any

from spikenet.neurons import primitives as f
from spikenet.neurons.surrogate_record import Surrogate

FAR = 80.0  # exp(-FAR) is beyond float32's digits, and nothing overflows on the way to it


def _signed(u: Any, value: Any) -> Any:
    """`value`, with the sign of u."""
    return f.where(u >= 0.0, value, -value)


def _decay(x: Any) -> Any:
    """exp(-x) for x >= 0, without leaving the range of float32."""
    return f.where(x < FAR, f.exp(-f.minimum(x, FAR)), 0.0)


def _tall_super_spike_derivative(u: Any, height: Any) -> Any:
    inverse = 1.0 / (1.0 + f.absolute(u))
    return height * inverse * inverse


def _tall_super_spike_smooth(u: Any, height: Any) -> Any:
    return height * (u / (1.0 + f.absolute(u))) + 0.5


def _softsign_derivative(u: Any, alpha: Any) -> Any:
    inverse = 1.0 / (1.0 + alpha * f.absolute(u))
    return 0.5 * alpha * inverse * inverse


def _softsign_smooth(u: Any, alpha: Any) -> Any:
    return 0.5 * (alpha * u / (1.0 + alpha * f.absolute(u))) + 0.5


def _exponential_derivative(u: Any, alpha: Any) -> Any:
    return 0.5 * alpha * _decay(alpha * f.absolute(u))


def _exponential_smooth(u: Any, alpha: Any) -> Any:
    return 0.5 + _signed(u, 0.5 * (1.0 - _decay(alpha * f.absolute(u))))


def _escape_width_derivative(u: Any, width: Any) -> Any:
    return _decay(f.absolute(u) / width) / width


def _escape_width_smooth(u: Any, width: Any) -> Any:
    return 0.5 + _signed(u, 1.0 - _decay(f.absolute(u) / width))


SLAYER_SCALE = 0.1  # lava-dl's scale_grad = 1, times 0.1


def _slayer_derivative(u: Any, width: Any) -> Any:
    return SLAYER_SCALE / (2.0 * width) * _decay(f.absolute(u) / width)


def _slayer_smooth(u: Any, width: Any) -> Any:
    return 0.5 + _signed(u, 0.5 * SLAYER_SCALE * (1.0 - _decay(f.absolute(u) / width)))


def _erf_derivative(u: Any, alpha: Any) -> Any:
    scaled = f.minimum(alpha * f.absolute(u), math.sqrt(FAR))  # its square would overflow
    return alpha / math.sqrt(math.pi) * f.where(scaled < math.sqrt(FAR), f.exp(-(scaled * scaled)), 0.0)


def _erf_smooth(u: Any, alpha: Any) -> Any:
    return 0.5 + 0.5 * f.erf(alpha * u)


def _scaled_erf_derivative(u: Any, slope: Any) -> Any:
    return 2.0 / slope * _erf_derivative(u, slope)


def _scaled_erf_smooth(u: Any, slope: Any) -> Any:
    return 0.5 + f.erf(slope * u) / slope


def _tanh_derivative(u: Any, slope: Any) -> Any:
    small = _decay(2.0 * slope * f.absolute(u))
    return 4.0 * small / ((1.0 + small) * (1.0 + small))


def _tanh_smooth(u: Any, slope: Any) -> Any:
    return 0.5 + f.tanh(slope * u) / slope


BIG = 1e9  # |u| / alpha beyond which the cube of its inverse is 0 for float32


def _circle_derivative(u: Any, alpha: Any) -> Any:
    ratio = f.minimum(f.absolute(u) / alpha, BIG)
    inverse = 1.0 / f.sqrt(1.0 + ratio * ratio)
    return inverse * inverse * inverse


def _circle_smooth(u: Any, alpha: Any) -> Any:
    ratio = f.minimum(f.absolute(u) / alpha, BIG)
    return 0.5 + _signed(u, alpha * (ratio / f.sqrt(1.0 + ratio * ratio)))


def _log_abs_derivative(u: Any, alpha: Any) -> Any:
    return alpha / (1.0 + alpha * f.absolute(u))


def _log_abs_smooth(u: Any, alpha: Any) -> Any:
    return 0.5 + _signed(u, f.log1p(alpha * f.absolute(u)))


def _heavy_tail_derivative(u: Any, alpha: Any) -> Any:
    return f.exp(-(alpha * f.log1p(2.0 * f.absolute(u) / (alpha - 1.0))))


def _heavy_tail_smooth(u: Any, alpha: Any) -> Any:
    left = 0.5 * f.exp(-((alpha - 1.0) * f.log1p(2.0 * f.absolute(u) / (alpha - 1.0))))
    return f.where(u >= 0.0, 1.0 - left, left)


def _capped_inverse_derivative(u: Any, cap: Any) -> Any:
    return 1.0 / f.maximum(f.absolute(u), 1.0 / cap)


def _capped_inverse_smooth(u: Any, cap: Any) -> Any:
    scaled = cap * f.absolute(u)
    return 0.5 + _signed(u, f.where(scaled < 1.0, scaled, 1.0 + f.log(f.maximum(scaled, 1.0))))


DIP, SPREAD = 0.15, 6.0  # Yin, Corradi & Bohte 2021 (Nature Machine Intelligence 3:905), h and s


def _density(u: Any, sigma: Any) -> Any:
    scaled = f.minimum(f.absolute(u) / sigma, math.sqrt(2 * FAR))
    return f.where(scaled < math.sqrt(2 * FAR), f.exp(-0.5 * scaled * scaled), 0.0) / (sigma * math.sqrt(2 * math.pi))


def _cumulated(u: Any, sigma: Any) -> Any:
    return 0.5 + 0.5 * f.erf(u / sigma * math.sqrt(0.5))


def _multi_gaussian_derivative(u: Any, sigma: Any) -> Any:
    wide = _density(u - sigma, SPREAD * sigma) + _density(u + sigma, SPREAD * sigma)
    return (1.0 + DIP) * _density(u, sigma) - DIP * wide


def _multi_gaussian_smooth(u: Any, sigma: Any) -> Any:
    wide = _cumulated(u - sigma, SPREAD * sigma) + _cumulated(u + sigma, SPREAD * sigma)
    return (1.0 + DIP) * _cumulated(u, sigma) - DIP * wide + 0.5 * DIP


ALL = (
    # height / (1 + |u|)^2, SpikingJelly's SuperSpike: another curve than super_spike
    Surrogate("tall_super_spike", "height", 1.0, _tall_super_spike_derivative, _tall_super_spike_smooth),
    # 1 / (2 alpha (1/alpha + |u|)^2), SpikingJelly's SoftSign
    Surrogate("softsign", "alpha", 2.0, _softsign_derivative, _softsign_smooth),
    # alpha / 2 exp(-alpha |u|), Shrestha & Orchard 2018 (NeurIPS, arXiv:1810.08646), SpikingJelly's PiecewiseExp
    Surrogate("exponential", "alpha", 1.0, _exponential_derivative, _exponential_smooth),
    # exp(-|u| / width) / width, Shrestha & Orchard 2018 as Sinabs' SingleExponential at threshold 1
    Surrogate("single_exponential", "width", 0.5, _escape_width_derivative, _escape_width_smooth),
    # 0.1 / (2 width) exp(-|u| / width), lava-dl at scale_grad 1; width = 100 tau_grad threshold
    Surrogate("slayer", "width", 100.0, _slayer_derivative, _slayer_smooth),
    # alpha / sqrt(pi) exp(-alpha^2 u^2), SpikingJelly's Erf
    Surrogate("erf", "alpha", 2.0, _erf_derivative, _erf_smooth),
    # 2 / sqrt(pi) exp(-slope^2 u^2), Norse's heavi_erfc
    Surrogate("scaled_erf", "slope", 100.0, _scaled_erf_derivative, _scaled_erf_smooth),
    # 1 - tanh(slope u)^2, Norse's heavi_tanh, Spyx's tanh
    Surrogate("tanh", "slope", 1.0, _tanh_derivative, _tanh_smooth),
    # (1 + (u / alpha)^2)^(-3/2), Norse's circ
    Surrogate("circle", "alpha", 0.5, _circle_derivative, _circle_smooth),
    # 1 / (1/alpha + |u|), SpikingJelly's NonzeroSignLogAbs
    Surrogate("log_abs", "alpha", 1.0, _log_abs_derivative, _log_abs_smooth),
    # (1 + 2 |u| / (alpha - 1))^(-alpha), Herranz-Celotti & Rouat 2022 (arXiv:2202.00282), SpikingJelly's QPseudoSpike
    Surrogate("heavy_tail", "alpha", 2.0, _heavy_tail_derivative, _heavy_tail_smooth, above=1.0),
    # min(1 / |u|, cap), SpikingJelly's FakeNumericalGradient
    Surrogate("capped_inverse", "cap", 0.3, _capped_inverse_derivative, _capped_inverse_smooth),
    # (1 + h) N(u; 0, sigma) - h N(u; sigma, 6 sigma) - h N(u; -sigma, 6 sigma), h = 0.15: negative beside its peak
    Surrogate("multi_gaussian", "sigma", 0.5, _multi_gaussian_derivative, _multi_gaussian_smooth),
)
