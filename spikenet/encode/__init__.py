"""Numbers to spikes and back.

An encoder is a frozen record, called as `encoder(x, index=None, seed=0)`: x (batch, ...) to (steps, batch, ...) in x's
float type. `index` numbers the samples within their data set (0, 1, ... unless given), so that a random code gives a
sample the same spikes whichever batch it travels in. `encoder.steps` and `encoder.config()` tell how it was made.
"""

from __future__ import annotations

from spikenet.encode.constant import Constant
from spikenet.encode.decode import (
    first_spike_steps,
    predict_by_count,
    predict_by_first_spike,
    predict_by_max_membrane,
    predict_by_sum_membrane,
    spike_counts,
)
from spikenet.encode.delta import Delta
from spikenet.encode.latency import LatencyLinear, LatencyLog
from spikenet.encode.rate import Rate

__all__ = [
    "Constant",
    "Delta",
    "LatencyLinear",
    "LatencyLog",
    "Rate",
    "first_spike_steps",
    "predict_by_count",
    "predict_by_first_spike",
    "predict_by_max_membrane",
    "predict_by_sum_membrane",
    "spike_counts",
]
