"""The optimisers and learning-rate schedules under one name: `sn.optim.Adam(1e-3)`."""

from spikenet.train.adam import Adam, AdamW
from spikenet.train.rmsprop import RMSprop
from spikenet.train.schedules import Constant, Cosine, StepDecay, WarmUp
from spikenet.train.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Constant", "Cosine", "RMSprop", "StepDecay", "WarmUp"]
