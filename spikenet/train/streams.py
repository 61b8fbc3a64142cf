"""Every random choice of training, drawn from (seed, purpose, epoch, step) and from nothing that came before.

So training that goes on from a checkpoint makes the choices it would have made, also in the middle of an epoch.
"""

from __future__ import annotations

import numpy as np

from spikenet.errors import Array

_ORDER, _ENCODE, _LAYERS = range(3)


def order(seed: int, epoch: int, n: int) -> Array:
    """The order, (n,), in which an epoch visits the samples."""
    return np.random.default_rng(_sequence(seed, _ORDER, epoch)).permutation(n)


def encode_seed(seed: int, epoch: int) -> int:
    """The encoder's seed during an epoch of training: new spikes each epoch, the same ones in every run."""
    return int(_sequence(seed, _ENCODE, epoch).generate_state(1)[0])


def layer_rng(seed: int, epoch: int, step: int) -> np.random.Generator:
    """What dropout draws from in one step."""
    return np.random.default_rng(_sequence(seed, _LAYERS, epoch, step))


def _sequence(seed: int, *purpose: int) -> np.random.SeedSequence:
    return np.random.SeedSequence(seed, spawn_key=purpose)
