"""Distances between spike trains, given as sorted times in seconds or as rasters over steps."""

from __future__ import annotations

from spikenet.spike_trains.checked import spike_times
from spikenet.spike_trains.van_rossum import van_rossum, van_rossum_rasters
from spikenet.spike_trains.victor_purpura import victor_purpura

__all__ = ["spike_times", "van_rossum", "van_rossum_rasters", "victor_purpura"]
