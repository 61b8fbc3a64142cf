"""The losses under one name: `sn.loss.cross_entropy(y, labels)` and its kin, each a scalar Tensor."""

from spikenet.train.classification import binary_cross_entropy, cross_entropy
from spikenet.train.first_spikes import (
    first_spike_cross_entropy,
    first_spike_mse,
    first_spikes,
    target_time,
    time_cross_entropy,
    time_mse,
)
from spikenet.train.rates import membrane_mse, rate_mse, rate_nll, rate_sigmoid
from spikenet.train.reduction import mean, total, weighted_mean
from spikenet.train.regression import huber, l1, mse
from spikenet.train.spiking import (
    count_cross_entropy,
    count_mse,
    max_membrane_cross_entropy,
    mean_membrane_cross_entropy,
    step_cross_entropy,
    sum_membrane_cross_entropy,
)
from spikenet.train.traces import binary_peak, peak, spike_train_mse

__all__ = [
    "binary_cross_entropy",
    "binary_peak",
    "count_cross_entropy",
    "count_mse",
    "cross_entropy",
    "first_spike_cross_entropy",
    "first_spike_mse",
    "first_spikes",
    "huber",
    "l1",
    "max_membrane_cross_entropy",
    "mean",
    "mean_membrane_cross_entropy",
    "membrane_mse",
    "mse",
    "peak",
    "rate_mse",
    "rate_nll",
    "rate_sigmoid",
    "spike_train_mse",
    "step_cross_entropy",
    "sum_membrane_cross_entropy",
    "target_time",
    "time_cross_entropy",
    "time_mse",
    "total",
    "weighted_mean",
]
