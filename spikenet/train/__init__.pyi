"""Training: losses, optimisers, `fit` and `evaluate`, metrics, checkpoints."""

# fmt: off
# ruff: noqa: I001, RUF022  (several names a line: the lists are long)

from .doubt import Doubt, dropout_draws
from .descent import descend
from . import consistency, loss, metrics, optim, regularise
from .checkpoint import load, restore, save
from .diverged import TrainingDiverged
from .early_stop import EarlyStop
from .evaluation import evaluate
from .fitting import fit
from .gradients import clip_gradients
from .history import EpochRecord, History
from .memory import MemoryEstimate, memory_estimate
from .sweeping import SweepRecord, sweep

__all__ = [
    "Doubt", "EarlyStop", "EpochRecord", "History", "MemoryEstimate", "SweepRecord", "TrainingDiverged",
    "clip_gradients", "consistency", "descend", "dropout_draws", "evaluate", "fit", "load", "loss",
    "memory_estimate", "metrics", "optim", "regularise", "restore", "save", "sweep",
]
