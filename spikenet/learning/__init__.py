"""Learning rules beyond backpropagation through time, on the same layers.

Plasticity (`PairSTDP`, `Hebb`, ...) changes weights from activity alone: `weight, ... = rule.run(weight, pre, post)`.
Gradient rules are called `rule(net, x, targets, loss)`, fill `.grad` and fit into `sn.fit(..., rule=...)`.
"""

from __future__ import annotations

from spikenet.learning.decolle import DECOLLE
from spikenet.learning.eprop import EProp, RandomFeedback, symmetric
from spikenet.learning.event_net import EventNet, EventProp, EventRun, FirstTimes, maximum, mean_membrane
from spikenet.learning.evolution import Evolution
from spikenet.learning.forward_gradient import ForwardGradient, tangent
from spikenet.learning.hebb import Hebb, Oja
from spikenet.learning.online import OTTT, SLTT
from spikenet.learning.rule import Learnt
from spikenet.learning.stdp import PairSTDP, RewardSTDP, Towards, Traces, TripletSTDP, additive
from spikenet.learning.truncated import TruncatedBPTT
from spikenet.learning.winner_take_all import Competitors, WinnerTakeAll, assign_labels, predict_by_assignment

__all__ = [
    "DECOLLE",
    "OTTT",
    "SLTT",
    "Competitors",
    "EProp",
    "EventNet",
    "EventProp",
    "EventRun",
    "Evolution",
    "FirstTimes",
    "ForwardGradient",
    "Hebb",
    "Learnt",
    "Oja",
    "PairSTDP",
    "RandomFeedback",
    "RewardSTDP",
    "Towards",
    "Traces",
    "TripletSTDP",
    "TruncatedBPTT",
    "WinnerTakeAll",
    "additive",
    "assign_labels",
    "maximum",
    "mean_membrane",
    "predict_by_assignment",
    "symmetric",
    "tangent",
]
