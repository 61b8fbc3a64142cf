"""Training: losses, optimisers, `fit` and `evaluate`, metrics, checkpoints."""

from spikenet.train import loss, metrics, optim, regularise
from spikenet.train.checkpoint import load, restore, save
from spikenet.train.diverged import TrainingDiverged
from spikenet.train.early_stop import EarlyStop
from spikenet.train.evaluation import evaluate
from spikenet.train.fitting import fit
from spikenet.train.gradients import clip_gradients
from spikenet.train.history import EpochRecord, History
from spikenet.train.memory import MemoryEstimate, memory_estimate
from spikenet.train.sweeping import SweepRecord, sweep

__all__ = [
    "EarlyStop",
    "EpochRecord",
    "History",
    "MemoryEstimate",
    "SweepRecord",
    "TrainingDiverged",
    "clip_gradients",
    "evaluate",
    "fit",
    "load",
    "loss",
    "memory_estimate",
    "metrics",
    "optim",
    "regularise",
    "restore",
    "save",
    "sweep",
]
