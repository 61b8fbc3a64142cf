"""Surrogates that treat the two sides of the threshold differently.

Each curve beside the function it is the derivative of; where it is used stands with its value.
"""

from __future__ import annotations

from typing import Any

from spikenet.neurons import primitives as f
from spikenet.neurons.peaked_surrogates import _decay, _signed
from spikenet.neurons.surrogate_record import Surrogate


def _window_derivative(u: Any, window: Any) -> Any:
    return f.where(u >= -window, 1.0, 0.0)


def _window_smooth(u: Any, window: Any) -> Any:
    return 0.5 + f.maximum(u + window, 0.0)


def _gate_derivative(u: Any, height: Any) -> Any:
    return f.where(u > 0.0, height, 0.0)


def _gate_smooth(u: Any, height: Any) -> Any:
    return 0.5 + height * f.relu(u)


def _leaky_relu_derivative(u: Any, slope: Any) -> Any:
    return f.where(u >= 0.0, slope, LEAK)


def _leaky_relu_smooth(u: Any, slope: Any) -> Any:
    return 0.5 + f.where(u >= 0.0, slope * u, LEAK * u)


LEAK = 0.01  # SpikingJelly's LeakyKReLU takes 0 by default, which no gradient passes


def _s2nn_derivative(u: Any, alpha: Any) -> Any:
    small = _decay(alpha * f.absolute(u))
    return f.where(u < 0.0, alpha * small / ((1.0 + small) * (1.0 + small)), 1.0 / (f.maximum(u, 0.0) + 1.0))


def _s2nn_smooth(u: Any, alpha: Any) -> Any:
    small = _decay(alpha * f.absolute(u))
    return f.where(u < 0.0, small / (1.0 + small), 0.5 + f.log1p(f.maximum(u, 0.0)))


def _log_tailed_derivative(u: Any, leak: Any) -> Any:
    return f.where(u <= 0.0, leak, 1.0 / f.maximum(u, 1.0))


def _log_tailed_smooth(u: Any, leak: Any) -> Any:
    above = f.where(u <= 1.0, u, 1.0 + f.log(f.maximum(u, 1.0)))
    return 0.5 + f.where(u <= 0.0, leak * u, above)


FROM = 1.0  # snnTorch's B


def _sparse_derivative(u: Any, slope: Any) -> Any:
    inverse = 1.0 / (1.0 + slope * f.absolute(u))
    return f.where(u > FROM, inverse * inverse, 0.0)


def _sparse_smooth(u: Any, slope: Any) -> Any:
    above = f.maximum(u, FROM)
    return 0.5 + above / (1.0 + slope * above) - FROM / (1.0 + slope * FROM)


HEIGHT = 25.0  # snnTorch's slope


def _escape_rate_derivative(u: Any, beta: Any) -> Any:
    return HEIGHT * _decay(beta * f.absolute(u - 1.0))


def _escape_rate_smooth(u: Any, beta: Any) -> Any:
    return 0.5 + HEIGHT / beta * _signed(u - 1.0, 1.0 - _decay(beta * f.absolute(u - 1.0)))


def _graded_derivative(u: Any, tau: Any) -> Any:
    return f.where(u < 0.0, _decay(f.absolute(u) / tau), 1.0)


def _graded_smooth(u: Any, tau: Any) -> Any:
    return 0.5 + f.where(u < 0.0, tau * (_decay(f.absolute(u) / tau) - 1.0), u)


def _periodic_derivative(u: Any, width: Any) -> Any:
    return _decay(f.absolute(_from_level(u)) / width)


def _periodic_smooth(u: Any, width: Any) -> Any:
    level = u - _from_level(u)  # the whole number of the nearest level, 0 below the second
    per_level = 2.0 * width * (1.0 - _decay(0.5 / width))
    return 0.5 + level * per_level + width * _signed(_from_level(u), 1.0 - _decay(f.absolute(_from_level(u)) / width))


def _from_level(u: Any) -> Any:
    """Distance from the nearest multiple of a threshold of 1; from the threshold itself below it."""
    folded = u - f.floor(u + 0.5)
    return f.where(u < 0.5, u, folded)


ALL = (
    # 1 for u >= -window, Sinabs' Heaviside and Rockpool's StepPWL at threshold 1
    Surrogate("window", "window", 0.5, _window_derivative, _window_smooth),
    # height for u > 0, snnTorch's heaviside
    Surrogate("gate", "height", 1.0, _gate_derivative, _gate_smooth),
    # slope for u >= 0, 0.01 below, SpikingJelly's LeakyKReLU
    Surrogate("leaky_relu", "slope", 1.0, _leaky_relu_derivative, _leaky_relu_smooth),
    # alpha s (1 - s), s = sigmoid(alpha u), below; 1 / (u + 1) above: Suetake et al. 2022 (arXiv:2201.10879), S2NN
    Surrogate("s2nn", "alpha", 4.0, _s2nn_derivative, _s2nn_smooth),
    # 1 on (0, 1], 1 / u above, leak below: Cai et al. 2017 (CVPR, arXiv:1702.00953), LogTailedReLU
    Surrogate("log_tailed_relu", "leak", 0.01, _log_tailed_derivative, _log_tailed_smooth),
    # the fast sigmoid for u > 1, else 0, Perez-Nieves & Goodman 2021 (NeurIPS, arXiv:2105.08810) as snnTorch's SFS
    Surrogate("sparse_fast_sigmoid", "slope", 25.0, _sparse_derivative, _sparse_smooth),
    # 25 exp(-beta |u - 1|), centred one above the threshold, snnTorch's spike_rate_escape
    Surrogate("escape_rate", "beta", 1.0, _escape_rate_derivative, _escape_rate_smooth),
    # exp(u / tau) below, 1 above, the graded spikes of lava-dl at scale 1
    Surrogate("graded", "tau", 1.0, _graded_derivative, _graded_smooth),
    # exp(-distance to the nearest level / width), Weidel & Sheik 2021 (arXiv:2107.11996), Sinabs' PeriodicExponential
    Surrogate("periodic_exponential", "width", 0.5, _periodic_derivative, _periodic_smooth),
)
