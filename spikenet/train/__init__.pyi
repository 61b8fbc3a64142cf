"""Training: losses, optimisers, `fit` and `evaluate`, metrics, checkpoints."""

# fmt: off
# ruff: noqa: I001  (several names a line: the lists are long)

from .numerically import numerical_gradients, perturbed_gradients
from .extreme import solve_readout
from .hebbian import hebbian_components
from .searching import Found, as_vector, cma_es, put_vector, simulated_annealing
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
    "Doubt", "EarlyStop", "EpochRecord", "Found", "History", "MemoryEstimate", "SweepRecord", "TrainingDiverged",
    "as_vector", "clip_gradients", "cma_es", "consistency", "descend", "dropout_draws", "evaluate", "fit",
    "hebbian_components", "load", "loss", "memory_estimate", "metrics", "numerical_gradients", "optim",
    "perturbed_gradients", "put_vector", "regularise", "restore", "save", "simulated_annealing", "solve_readout",
    "sweep",
]
