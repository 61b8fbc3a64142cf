"""Learning rules beyond backpropagation through time, on the same layers.

Gradient rules are called `rule(net, x, targets, loss)`, fill `.grad` and fit into `sn.fit(..., rule=...)`.
"""

from __future__ import annotations

from spikenet.learning.eprop import EProp, RandomFeedback, symmetric
from spikenet.learning.rule import Learnt

__all__ = ["EProp", "Learnt", "RandomFeedback", "symmetric"]
