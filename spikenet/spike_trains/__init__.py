"""Spike trains: distances between them, and statistics of those of a population."""

from __future__ import annotations

from spikenet.spike_trains.checked import spike_times
from spikenet.spike_trains.counts import binned, correlations, fano, rates_hz, spectrum, synchrony
from spikenet.spike_trains.intervals import cv, cv2, intervals_s, lv
from spikenet.spike_trains.van_rossum import van_rossum, van_rossum_rasters
from spikenet.spike_trains.victor_purpura import victor_purpura

__all__ = [
    "binned",
    "correlations",
    "cv",
    "cv2",
    "fano",
    "intervals_s",
    "lv",
    "rates_hz",
    "spectrum",
    "spike_times",
    "synchrony",
    "van_rossum",
    "van_rossum_rasters",
    "victor_purpura",
]
