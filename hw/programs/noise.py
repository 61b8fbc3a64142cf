"""Which noise a program hears, on a chip that has any."""

from __future__ import annotations

from typing import NamedTuple


class Noise(NamedTuple):
    """Its seed, and the number of the first sample of a batch."""

    seed: int
    first_sample: int


QUIET = Noise(0, 0)
