"""Data that many never look at, such as spikes whose events say everything: made when somebody asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikenet.errors import Array


@dataclass(frozen=True)
class Late:
    """Data of a tensor that many never look at: its shape and type are known, `make` computes it."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    make: Callable[[], Array]


def given_back(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Late:
    """In place of data whose memory serves others."""

    def make() -> Array:
        raise RuntimeError(f"the data of a tensor of shape {shape} were given back: nobody was to ask for them again")

    return Late(shape, dtype, make)
