"""What is computed from spikes counted in bins of time: rates, Fano factor, correlations, spectrum, synchrony."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array, array_of, finite_number, positive
from spikenet.spike_trains.checked import raster
from spikenet.spike_trains.intervals import by_neuron


def binned(times_s: Any, neurons: Any, n: int, start_s: float, stop_s: float, bin_s: float) -> Array:
    """(bins, n) int32 spikes in each whole bin from start_s on; a bin holds its end, not its begin.

    So a spike at the end of step k of a simulation is counted with step k.
    """
    times, starts = by_neuron("binned", times_s, neurons, n)
    width = positive("binned: bin_s", bin_s)
    start_s, stop_s = finite_number("binned: start_s", start_s), finite_number("binned: stop_s", stop_s)
    bins = np.floor((stop_s - start_s) / width + 1e-9)
    if not 1 <= bins * n < 2**48:
        raise ValueError(
            f"binned: expected at least one bin of {width:g} s from {start_s:g} to {stop_s:g} s and fewer than 2^48 "
            f"in all, got {bins:g} for each of {n}"
        )
    bins = int(bins)
    owner = np.repeat(np.arange(n), np.diff(starts))
    place = np.ceil((times - start_s) / width - 1e-9).astype(np.int64) - 1
    inside = (place >= 0) & (place < bins)
    counts = np.bincount(place[inside] * n + owner[inside], minlength=bins * n)
    return counts.reshape(bins, n).astype(np.int32)


def rates_hz(times_s: Any, neurons: Any, n: int, start_s: float, stop_s: float) -> Array:
    """(n,) spikes a second from start_s to stop_s."""
    start_s, stop_s = finite_number("rates_hz: start_s", start_s), finite_number("rates_hz: stop_s", stop_s)
    duration = positive("rates_hz: stop_s - start_s", stop_s - start_s)
    rates: Array = binned(times_s, neurons, n, start_s, stop_s, duration)[0] / duration
    return rates


def fano(counts: Any) -> Array:
    """(n,) variance over mean of the counts (bins, n): 1 for a Poisson process; NaN without spikes."""
    counts = _counts("fano", counts)
    mean = counts.mean(axis=0)
    return np.where(mean > 0, counts.var(axis=0) / np.where(mean > 0, mean, 1.0), np.nan)


def correlations(counts: Any) -> Array:
    """(pairs,) Pearson coefficients of the counts (bins, n) of all pairs of neurons that ever vary."""
    counts = _counts("correlations", counts)
    varying = counts[:, _varies(counts)]
    centred = varying - varying.mean(axis=0)
    scaled = centred / np.sqrt((centred**2).sum(axis=0))
    matrix: Array = scaled.T @ scaled
    return matrix[np.triu_indices(len(matrix), 1)]


def spectrum(counts: Any, bin_s: float, window_s: float | None = None) -> tuple[Array, Array]:
    """(frequencies in Hz, power in 1/s) of the summed counts (bins, n), a neuron's share: |FFT|^2 / (duration n).

    window_s: length of the pieces over which is averaged (Bartlett's method); the whole if not given. For independent
    Poisson neurons the power is their mean rate at every frequency.
    """
    counts = _counts("spectrum", counts)
    width = positive("spectrum: bin_s", bin_s)
    whole = counts.sum(axis=1)
    bins = len(whole) if window_s is None else round(positive("spectrum: window_s", window_s) / width)
    if len(whole) < 2:
        raise ValueError("spectrum: counts: expected at least 2 bins, got 1")
    if not 2 <= bins <= len(whole):
        raise ValueError(f"spectrum: expected a window of 2 to {len(whole)} bins, got {bins}")
    pieces = whole[: len(whole) // bins * bins].reshape(-1, bins)
    pieces = pieces - whole.mean()
    power = (np.abs(np.fft.rfft(pieces, axis=1)) ** 2).mean(axis=0) / (bins * width * counts.shape[1])
    return np.fft.rfftfreq(bins, width)[1:], power[1:]


def synchrony(counts: Any) -> float:
    """Variance of the summed counts (bins, n) over what independent neurons of these variances would have: 1 for those,
    up to n when all do the same; NaN when none ever varies."""
    counts = _counts("synchrony", counts)
    counts = counts[:, _varies(counts)]
    alone = counts.var(axis=0).sum()
    return float(counts.sum(axis=1).var() / alone) if alone > 0 else float("nan")


def _varies(counts: Array) -> Array:
    """(n,) whose counts are not all alike: the variance of equal fractions can be a rounding error, not 0."""
    return np.asarray((counts != counts[0]).any(axis=0))


def _counts(name: str, counts: Any) -> Array:
    """`counts` as float64 (bins, n), at least one bin and one neuron, finite, >= 0."""
    given = array_of(f"{name}: counts", counts)
    if given.ndim != 2 or not given.size or given.dtype.kind == "c":
        raise ValueError(
            f"{name}: counts: expected (bins, n) real numbers, at least one bin and one neuron, got {given.dtype} "
            f"{given.shape}"
        )
    return raster(f"{name}: counts", given)
