"""What drives a network from outside: records that `Network.drive` and `Network.source` take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikenet.errors import Array, array_of, positive, real_values, whole


@dataclass(frozen=True, eq=False)
class Poisson:
    """Independent Poisson spikes to every target.

    rates_hz: (bins or 1, n or 1); bin_s: how long a bin lasts; the last one goes on
    """

    rates_hz: Array
    bin_s: float


@dataclass(frozen=True, eq=False)
class Steps:
    """A current that is constant between given times: (changes,) starts_s and (changes, n or 1) values."""

    starts_s: Array
    values: Array


@dataclass(frozen=True, eq=False)
class Noise:
    """Normal numbers, new ones for every neuron and step: (n or 1,) mean and std."""

    mean: Array
    std: Array


@dataclass(frozen=True, eq=False)
class Trains:
    """Spikes at given times: times_s in rising order and the neurons they belong to."""

    times_s: Array
    neurons: Array


Drive = Poisson | Steps | Noise
Source = Poisson | Trains
Encoder = Callable[..., Array]


def poisson(rate_hz: Any) -> Poisson:
    """rate_hz: >= 0; a number, or one for every neuron."""
    return Poisson(_each("inputs.poisson", _rates("inputs.poisson", rate_hz))[None], np.inf)


def varying_poisson(rates_hz: Any, bin_s: float) -> Poisson:
    """rates_hz: (bins,) for all neurons or (bins, n); each holds for bin_s seconds, rounded to
    the nearest step, the last one until the end."""
    rates = _rates("inputs.varying_poisson", rates_hz)
    if rates.ndim not in (1, 2) or not rates.size:
        raise ValueError(f"inputs.varying_poisson: expected rates (bins,) or (bins, n), got shape {rates.shape}")
    return Poisson(rates.reshape(len(rates), -1), positive("inputs.varying_poisson: bin_s", bin_s))


def step_current(starts_s: Any, values: Any) -> Steps:
    """starts_s: (changes,) rising times; values: (changes,) or (changes, n), each from its time on, which is
    rounded to the nearest step; 0 before."""
    starts = np.atleast_1d(real_values("inputs.step_current: starts_s", starts_s))
    held = real_values("inputs.step_current: values", values)
    if starts.ndim != 1 or (np.diff(starts) <= 0).any() or (starts < 0).any():
        raise ValueError(f"inputs.step_current: starts_s: expected rising times >= 0, got {starts[:8]}")
    if held.ndim not in (1, 2) or len(held) != len(starts) or not held.size:
        raise ValueError(f"inputs.step_current: expected {len(starts) or 'some'} values, one a time, got {held.shape}")
    return Steps(starts, held.reshape(len(starts), -1))


def constant_current(value: Any) -> Steps:
    """value: a number or one for every neuron, from the beginning on."""
    return Steps(np.zeros(1), _each("inputs.constant_current", real_values("inputs.constant_current", value))[None])


def noise_current(mean: Any, std: Any) -> Noise:
    """mean, std: of the current in a step, numbers or one for every neuron; std >= 0.

    White noise of intensity s has std s / sqrt(dt_s).
    """
    spread = _each("inputs.noise_current: std", real_values("inputs.noise_current: std", std))
    if (spread < 0).any():
        raise ValueError(f"inputs.noise_current: std: expected values >= 0, got {spread.min()}")
    middle = _each("inputs.noise_current: mean", real_values("inputs.noise_current: mean", mean))
    if 1 != middle.size != spread.size != 1:
        raise ValueError(f"inputs.noise_current: expected as many means as stds, got {middle.size} and {spread.size}")
    return Noise(*np.broadcast_arrays(middle, spread))


def trains(times_s: Any, neurons: Any) -> Trains:
    """times_s: (spikes,) rising, > 0; neurons: (spikes,) who fires. A spike at t is sent at the end of the step that
    ends there; times between two steps are refused by `Network.source`."""
    times = np.atleast_1d(real_values("inputs.trains: times_s", times_s))
    who = np.atleast_1d(np.asarray(neurons))
    if who.size and who.dtype.kind not in "iu":
        raise TypeError(f"inputs.trains: neurons: expected whole numbers, got {who.dtype}")
    if times.ndim != 1 or who.shape != times.shape:
        raise ValueError(f"inputs.trains: expected one neuron a spike, got {times.shape} times and {who.shape} neurons")
    if (np.diff(times) < 0).any():
        k = int(np.argmax(np.diff(times) < 0))
        raise ValueError(
            f"inputs.trains: times_s: expected rising times, got {times[k]} before {times[k + 1]}; sort them"
        )
    return Trains(times, who.astype(np.int64))


def raster(spikes: Any, dt_s: float) -> Trains:
    """spikes: (steps, n) of zeros and ones, as sn.encode makes them; step k fires at (k + 1) dt_s."""
    grid = array_of("inputs.raster: spikes", spikes)
    if grid.ndim != 2 or grid.dtype.kind not in "biuf":
        raise ValueError(f"inputs.raster: expected zeros and ones (steps, n), got {grid.dtype} of shape {grid.shape}")
    _zeros_and_ones("inputs.raster", grid, "")
    step, neuron = np.nonzero(grid)
    return Trains((step + 1) * positive("inputs.raster: dt_s", dt_s), neuron.astype(np.int64))


def encoded(
    encoder: Encoder, x: Any, dt_s: float, *, index: Any = None, seed: int = 0, repeats: int = 1, rest_steps: int = 0
) -> Trains:
    """The spikes that an encoder of sn.encode makes of samples, which are shown one after another.

    encoder   : sn.encode.Rate(steps=100) ..., or a function, called as encoder(x, index=..., seed=...); gives 0 and 1
                as (steps, samples, ...); features become neurons in the order of their array
    x         : what the encoder takes: (samples, ...); for codes of changes over time (steps, samples, ...)
    index     : numbers of the samples within their data set; 0, 1, ... if not given. With the seed they fix the spikes
    repeats   : how often all samples are shown, with the same spikes each time; for others each time repeat x itself
    rest_steps: silent steps after each sample

    ValueError for a code of other numbers than 0 and 1.
    """
    label = "inputs.encoded"
    if not callable(encoder) or isinstance(encoder, type):
        raise TypeError(f"{label}: expected an encoder such as sn.encode.Rate(steps=100), got {encoder!r:.60}")
    repeats, rest_steps = whole(f"{label}: repeats", repeats), whole(f"{label}: rest_steps", rest_steps, least=0)
    spikes = array_of(f"{label}: {type(encoder).__name__}", encoder(x, index=index, seed=seed))
    if spikes.ndim < 2 or spikes.dtype.kind not in "biuf":
        raise ValueError(f"{label}: expected spikes (steps, samples, ...), got {spikes.dtype} of shape {spikes.shape}")
    advice = (
        "; a neuron fires once a step at most: encode.Poisson takes binary=True, codes of -1 and 1 go into "
        "encode.Recorded, which takes (samples, steps, ...) and has one neuron for up, one for down; numbers that stay "
        "numbers into inputs.step_current"
    )
    _zeros_and_ones(label, spikes, advice)
    samples = np.moveaxis(spikes, 1, 0).reshape(spikes.shape[1], len(spikes), -1)
    shown = np.pad(samples, ((0, 0), (0, rest_steps), (0, 0))).reshape(-1, samples.shape[-1])
    return raster(np.tile(shown, (repeats, 1)), dt_s)


def _zeros_and_ones(name: str, spikes: Array, advice: str) -> None:
    other = (spikes != 0) & (spikes != 1)
    if other.any():
        raise ValueError(f"{name}: expected zeros and ones, got {spikes[other][0]:g}{advice}")


def _each(name: str, values: Array) -> Array:
    """(1,) or (n,)."""
    if values.ndim > 1 or not values.size:
        raise ValueError(f"{name}: expected a number or one for every neuron, got shape {values.shape}")
    return np.atleast_1d(values)


def _rates(name: str, values: Any) -> Array:
    rates = real_values(name, values)
    if (rates < 0).any():
        raise ValueError(f"{name}: expected rates >= 0 Hz, got {rates.min()}")
    return rates
