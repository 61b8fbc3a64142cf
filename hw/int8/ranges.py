"""How the range of a quantised activation is chosen from what it took on during calibration: those of the converter."""

from spikenet.convert.ranges import Range, min_max, percentile

__all__ = ["Range", "min_max", "percentile"]
