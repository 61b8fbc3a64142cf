"""The data set that needs no download: handwritten digits, 8 x 8 pixels, 17 grey levels."""

from __future__ import annotations

import numpy as np

from spikenet.data.record import Arrays
from spikenet.data.stratified import split


def digits(seed: int = 0, test_fraction: float = 0.2) -> tuple[Arrays, Arrays]:
    """(train, test) of scikit-learn's 1,797 handwritten digits, ten classes.

    inputs are (N, 64) float32 in [0, 1], rows of the 8 x 8 image one after the other. `seed` and `test_fraction` as in
    `split`: each class is divided in the same proportion, the same way for the same seed.

    Source: E. Alpaydin, C. Kaynak 1998, Optical Recognition of Handwritten Digits, UCI, through sklearn.datasets.
    """
    from sklearn.datasets import load_digits  # scikit-learn takes longer to import than spikenet

    pixels, labels = load_digits(return_X_y=True)
    inputs = (pixels / 16.0).astype(np.float32)  # a pixel counts the dark dots of a 4 x 4 block: 0 .. 16
    return split(Arrays(inputs, labels.astype(np.int64), "digits", 10), test_fraction, seed)
