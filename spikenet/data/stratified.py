"""A held-out part that keeps the share of every class, the same for a seed on every machine and numpy version."""

from __future__ import annotations

import numpy as np

from spikenet.data.record import Arrays
from spikenet.errors import finite_number, whole


def split(data: Arrays, test_fraction: float = 0.2, seed: int = 0) -> tuple[Arrays, Arrays]:
    """`data` shuffled and divided into (train, test), class by class.

    test_fraction: part of each class that is held out, rounded to whole samples; strictly between 0 and 1
    seed         : whole number >= 0; another seed, another shuffle

    Raises ValueError when a part would be empty.
    """
    if not isinstance(data, Arrays):
        raise TypeError(f"split: expected sn.data.Arrays, got {type(data).__name__}; sn.data.arrays makes one")
    fraction = finite_number("split: test_fraction", test_fraction)
    if not 0 < fraction < 1:
        raise ValueError(f"split: test_fraction: expected a number strictly between 0 and 1, got {fraction}")
    # The raw words of a bit generator never change between numpy versions; Generator.permutation may (NEP 19).
    words = np.random.Philox(np.random.SeedSequence(whole("split: seed", seed, least=0))).random_raw(len(data))
    order = np.argsort(words, kind="stable")
    labels = data.labels[order]
    held_out = np.zeros(len(data), dtype=bool)
    for label in range(data.classes):
        members = np.flatnonzero(labels == label)
        held_out[members[: round(fraction * len(members))]] = True
    n_test = int(held_out.sum())
    if not 0 < n_test < len(data):
        raise ValueError(
            f"split: expected samples in both parts, got {len(data) - n_test} for training and {n_test} for testing "
            f"from {len(data)} of {data.name!r} at test_fraction {fraction}"
        )
    return data.take(order[~held_out]), data.take(order[held_out])
