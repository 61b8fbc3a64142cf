"""Numbers to spikes and back.

An encoder is a frozen record, called as `encoder(x, index=None, seed=0)`: x (batch, ...) to (steps, batch, ...) in x's
float type. `index` numbers the samples within their data set (0, 1, ... unless given), so that a random code gives a
sample the same spikes whichever batch it travels in. `encoder.steps` and `encoder.config()` tell how it was made.
"""

from __future__ import annotations

from spikenet.encode.adaptive_delta import AdaptiveDelta
from spikenet.encode.bsa import BSA
from spikenet.encode.constant import Constant
from spikenet.encode.contrast_window import ChangeThreshold, MovingWindow
from spikenet.encode.decode import (
    first_spike_steps,
    predict_by_count,
    predict_by_first_spike,
    predict_by_max_membrane,
    predict_by_population,
    predict_by_sum_membrane,
    spike_counts,
)
from spikenet.encode.delta import Delta
from spikenet.encode.latency import LatencyLinear, LatencyLog
from spikenet.encode.latency_lif import LatencyLIF
from spikenet.encode.phase import Phase
from spikenet.encode.poisson import Poisson
from spikenet.encode.population import Population
from spikenet.encode.rank_order import RankOrder
from spikenet.encode.rate import Rate
from spikenet.encode.recorded import Recorded
from spikenet.encode.step_forward import StepForward
from spikenet.encode.targets import target_first_steps, target_spikes

__all__ = [
    "BSA",
    "AdaptiveDelta",
    "ChangeThreshold",
    "Constant",
    "Delta",
    "LatencyLIF",
    "LatencyLinear",
    "LatencyLog",
    "MovingWindow",
    "Phase",
    "Poisson",
    "Population",
    "RankOrder",
    "Rate",
    "Recorded",
    "StepForward",
    "first_spike_steps",
    "predict_by_count",
    "predict_by_first_spike",
    "predict_by_max_membrane",
    "predict_by_population",
    "predict_by_sum_membrane",
    "spike_counts",
    "target_first_steps",
    "target_spikes",
]
