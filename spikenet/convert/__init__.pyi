"""Trained nets made into others: fewer bits, fewer weights, spikes in place of numbers."""

# fmt: off

from .deep_r import DeepR
from .integer_net import IntegerBranches, IntegerConnection, IntegerNet
from .levels import Levels, fake_quantise, grid_of, limits, quantise_weights
from .pruning import Gradually, Movement, cubic, held, hold_at_zero, prune, prune_channels, sparsity, weights_of
from .qdq import QdqActivation, QdqConnection, with_qdq, without_qdq
from .quantising import quantise
from .ranges import Range, entropy, min_max, percentile
from .sparse import Blocks, Csr, blocks, crossover, csr
from .spiking_losses import LayerLoss, accuracy_by_steps, losses, worst
from .to_spiking import Converted, to_spiking

__all__ = [
    "Blocks", "Converted", "Csr", "DeepR", "Gradually", "IntegerBranches", "IntegerConnection", "IntegerNet",
    "LayerLoss", "Levels", "Movement", "QdqActivation", "QdqConnection", "Range", "accuracy_by_steps", "blocks",
    "crossover", "csr", "cubic", "entropy", "fake_quantise", "grid_of", "held", "hold_at_zero", "limits", "losses",
    "min_max", "percentile", "prune", "prune_channels", "quantise", "quantise_weights", "sparsity", "to_spiking",
    "weights_of", "with_qdq", "without_qdq", "worst",
]
