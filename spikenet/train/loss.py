"""The losses under one name: `sn.loss.cross_entropy(y, labels)` and its kin, each a scalar Tensor."""

from spikenet.train.classification import binary_cross_entropy, cross_entropy
from spikenet.train.regression import huber, l1, mse
from spikenet.train.spiking import (
    count_cross_entropy,
    count_mse,
    max_membrane_cross_entropy,
    step_cross_entropy,
    sum_membrane_cross_entropy,
)

__all__ = [
    "binary_cross_entropy",
    "count_cross_entropy",
    "count_mse",
    "cross_entropy",
    "huber",
    "l1",
    "max_membrane_cross_entropy",
    "mse",
    "step_cross_entropy",
    "sum_membrane_cross_entropy",
]
