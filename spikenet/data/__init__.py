"""Data sets as arrays in memory: the embedded digits, MNIST-family files, and a user's own arrays."""

from __future__ import annotations

from spikenet.data.embedded import digits
from spikenet.data.idx_files import idx, read_idx
from spikenet.data.record import Arrays, arrays
from spikenet.data.stratified import split

__all__ = ["Arrays", "arrays", "digits", "idx", "read_idx", "split"]
