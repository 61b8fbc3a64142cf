"""Training: losses, optimisers, `fit` and `evaluate`, metrics, checkpoints."""

from . import loss, metrics, optim, regularise
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
