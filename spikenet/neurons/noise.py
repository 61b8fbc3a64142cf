"""Random numbers that are a function of where they are used: a stream and a count, no generator that advances.

Three whole numbers below 2^24, which float32 holds exactly, name a number: `high` and `low` the stream (one a neuron
and batch row, from the seed), `count` the step. So results do not depend on threads, on the order of work, or on where
time is split. The mixing is splitmix64's (Steele, Lea & Flood 2014, OOPSLA, "Fast splittable pseudorandom number
generators"), applied twice.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spikenet.errors import Array

LIMIT = 2**24
"""Streams and counts are below this."""
GOLDEN, FIRST, SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def mixed(key: Any, count: Any) -> Any:
    """64 random bits of the uint64 numbers key and count; numpy computes it, and numba compiles the same."""
    z = key
    for added in (np.uint64(0), count):
        z = z + (added + np.uint64(1)) * GOLDEN
        z = (z ^ (z >> np.uint64(30))) * FIRST
        z = (z ^ (z >> np.uint64(27))) * SECOND
        z = z ^ (z >> np.uint64(31))
    return z


def key_of(high: Any, low: Any) -> Any:
    """The uint64 key of the stream (high, low)."""
    return (high << np.uint64(24)) | low


def between_0_and_1(bits: Any) -> Any:
    """An odd multiple of 2^-24 from 64 random bits: float32 holds it, and it is neither 0 nor 1."""
    return ((bits >> np.uint64(41)) * np.float64(2.0) + np.float64(1.0)) * np.float64(2.0**-24)


def uniform_values(high: Any, low: Any, count: Any) -> Any:
    """The number in (0, 1) of stream (high, low) at `count`, each a number or an array, in their float type."""
    kind = np.result_type(np.asarray(high), np.float32)
    shape = np.broadcast_shapes(*map(np.shape, (high, low, count)))
    h, s, c = (np.atleast_1d(np.asarray(part)).astype(np.uint64) for part in (high, low, count))
    return between_0_and_1(mixed(key_of(h, s), c)).astype(kind).reshape(shape)[()]


def streams(seed: int, shape: tuple[int, ...], first: int = 0) -> tuple[Array, Array]:
    """(high, low) of the stream of every place (row, ...) of `shape`, as float64; rows are numbered from `first`."""
    per_row = math.prod(shape[1:])
    places = np.arange(first * per_row, (first + shape[0]) * per_row, dtype=np.uint64).reshape(shape)
    bits = mixed(np.full(1, seed, np.uint64), places)
    high, low = bits >> np.uint64(40), (bits >> np.uint64(16)) & np.uint64(LIMIT - 1)
    return high.astype(np.float64), low.astype(np.float64)
