"""Training: losses, optimisers, `fit` and `evaluate`, metrics, checkpoints."""

from spikenet.train import loss, metrics, optim, regularise
from spikenet.train.checkpoint import load, restore, save
from spikenet.train.diverged import TrainingDiverged
from spikenet.train.early_stop import EarlyStop
from spikenet.train.evaluation import evaluate
from spikenet.train.fitting import fit
from spikenet.train.gradients import clip_gradients
from spikenet.train.history import EpochRecord, History

__all__ = [
    "EarlyStop",
    "EpochRecord",
    "History",
    "TrainingDiverged",
    "clip_gradients",
    "evaluate",
    "fit",
    "load",
    "loss",
    "metrics",
    "optim",
    "regularise",
    "restore",
    "save",
]
