"""What a delay between two steps is: shares of an input that arrive at several steps, with their slope in the delay.

A rule is a function (delay, longest) -> Taps. It gets delays (...) in steps within 0 .. longest and says at which steps
the shares arrive, all within 0 .. longest. Shares of one delay add up to 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from spikenet.errors import Array, finite_values, positive, whole
from spikenet.graph import Tensor


class Taps(NamedTuple):
    """first: (...) int64, the step of the first share, or None where all begin at 0; share, slope: (taps, ...)."""

    first: Array | None
    share: Array
    slope: Array


Interpolation = Callable[[Array, int], Taps]


def between(delay: Array, longest: int) -> Taps:
    """Linear interpolation: x[t - d] is (1 - f) x[t - k] + f x[t - k - 1], where k is d without its fraction f.

    Its slope is exact, x[t - k - 1] - x[t - k]; at whole delays that to the right.
    """
    first = np.minimum(np.floor(delay), longest - 1).astype(np.int64)
    part = delay - first
    one = np.ones_like(part)
    return Taps(first, np.stack([1 - part, part]), np.stack([-one, one]))


@dataclass(frozen=True)
class Gaussian:
    """Shares exp(-(k - d)^2 / (2 sigma^2)) at all steps k, over their sum: a delay feels further than its neighbours.

    sigma_steps: > 0; begin with a fraction of the longest delay and narrow it during training
    Source: Hammouamri, Khalfaoui-Hassani & Masquelier 2023 (arXiv:2306.17670), DCLS-Delays, eq. 7.
    """

    sigma_steps: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "sigma_steps", positive("Gaussian: sigma_steps", self.sigma_steps))

    def __call__(self, delay: Array, longest: int) -> Taps:
        steps = np.arange(longest + 1, dtype=delay.dtype).reshape(-1, *(1,) * delay.ndim)
        away = (steps - delay) / delay.dtype.type(self.sigma_steps)
        exponent = -(away**2) / 2
        height = np.exp(exponent - exponent.max(axis=0))  # the largest is 1: the sum is never 0, however narrow
        share = height / height.sum(axis=0)
        slope = share * (away - (share * away).sum(axis=0)) / delay.dtype.type(self.sigma_steps)
        return Taps(None, share, slope)


def spread(weight: Tensor, portion: Tensor, taps: Taps, longest: int) -> Tensor:
    """(..., taps, m) what of each weight (..., m) arrives at each of its steps; portion (..., m): delay / longest."""
    share, slope = (np.moveaxis(a, 0, -2) for a in (taps.share, taps.slope))
    w = weight.data[..., None, :]

    def vjp(g: Array) -> tuple[Array | None, Array | None]:
        g_weight = (g * share).sum(axis=-2) if weight.requires_grad else None
        return g_weight, (longest * weight.data * (g * slope).sum(axis=-2)) if portion.requires_grad else None

    return Tensor(w * share, (weight, portion), vjp, operation="spread over delays")


def first_portions(kind: str, delays: Any, longest: int, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Delays over `longest` to begin with, in 0 .. 1: those given, or drawn evenly where None; checked."""
    if delays is None:
        return rng.uniform(0, 1, shape)
    given = finite_values(f"{kind}: delays", delays)
    if given.dtype.kind == "c":
        raise TypeError(f"{kind}: delays: expected real numbers, got {given.dtype}")
    if given.size and (given.min() < 0 or given.max() > longest):
        worst = given.min() if given.min() < 0 else given.max()
        raise ValueError(f"{kind}: delays: expected values within 0 .. longest = {longest} steps, got {worst:g}")
    try:
        return np.array(np.broadcast_to(given, shape) / longest)
    except ValueError:
        raise ValueError(
            f"{kind}: delays: expected shape {shape} or what broadcasts to it, got {given.shape}"
        ) from None


def checked_longest(kind: str, longest: Any, interpolation: Any) -> int:
    """`longest` as an int; TypeError and ValueError for what is none, and for what is no interpolation."""
    if isinstance(interpolation, type) or not callable(interpolation):
        raise TypeError(f"{kind}: interpolation: expected between or Gaussian(2.0), got {interpolation!r:.60}")
    steps = whole(f"{kind}: longest", longest)
    if steps > 1 << 20:
        raise ValueError(f"{kind}: longest: expected at most {1 << 20} steps, got {steps}")
    return steps


def delays_of(kind: str, portion: Tensor, longest: int) -> Array:
    """The delays in steps, within 0 .. longest whatever an optimiser without bounds has made of them."""
    if not np.isfinite(portion.data).all():
        raise ValueError(f"{kind}: parameter portion: expected finite values, got NaN or infinity")
    delays: Array = np.clip(portion.data, 0, 1) * portion.dtype.type(longest)
    return delays
