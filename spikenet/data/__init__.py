"""Data sets as arrays in memory: the embedded digits, MNIST-family files, recordings, and a user's own arrays."""

from __future__ import annotations

from spikenet.data.embedded import digits
from spikenet.data.idx_files import idx, read_idx
from spikenet.data.record import Arrays, arrays
from spikenet.data.saccades import read_saccades, saccades
from spikenet.data.sounds import mel_energies, read_wav, spoken
from spikenet.data.stratified import split
from spikenet.data.touch import touch

__all__ = [
    "Arrays",
    "arrays",
    "digits",
    "idx",
    "mel_energies",
    "read_idx",
    "read_saccades",
    "read_wav",
    "saccades",
    "split",
    "spoken",
    "touch",
]
