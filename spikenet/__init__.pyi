"""The public names, each with the room it comes from; loaded when first used."""

# fmt: off
# ruff: noqa: I001, RUF022  (several names a line: the lists are long)

from . import data, encode, graph, learning, models, plot, spike_trains, train
from .graph import Tensor, check_gradient, no_grad, numerical_gradient
from .layers import (
    AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool2d, AlphaDropout, AvgPool1d, AvgPool2d, BatchNorm,
    BatchNorm1d, BatchNorm2d, Bidirectional, BilinearUpsample2d, CELU, Conv1d, Conv2d, ConvTranspose1d,
    ConvTranspose2d, CubaLIF, Decisions, Delay, DelayedLinear, DropConnect, DropPath, Dropout, Dropout1d, Dropout2d,
    ELU, Elman, Embedding, Flatten, FullyRecurrent, GELU, GLU, GRU, GaussianDropout, GlobalAvgPool1d,
    GlobalAvgPool2d, GlobalMaxPool1d, GlobalMaxPool2d, GlobalSumPool2d, GroupNorm, HardSigmoid, HardSwish, HardTanh,
    IF, Identity, InstanceNorm1d, InstanceNorm2d, LI, LIF, LIFRate, LSTM, Layer, LayerNorm, LayerRecord, LeakyRate,
    LeakyReLU, LearntPositions, Linear, LogSigmoid, LogSoftmax, MaxPool1d, MaxPool2d, Maxout, Mish,
    MultiHeadAttention, PReLU, Patches, Pointwise, RMSNorm, ReLU, ReLU6, Recurrent, Residual, SELU, Segmented,
    Sequential, SiLU, Sigmoid, SinusoidalPositions, Softmax, Softplus, Softsign, SpikeDrivenAttention, Spiking,
    SpikingSelfAttention, SumPool1d, SumPool2d, Swish, Tanh, TokenMean, Training, Unflatten, Upsample1d, Upsample2d,
    cast, decide, fold, match_rates, record, stream,
)
from .layers import (
    AdEx, AdaptiveCurrentLIF, AdaptiveLIF, AlphaLIF, ConductanceLIF, DoubleExponentialLIF, ExponentialIF, GatedLIF,
    GradedLIF, Izhikevich, KLIF, LIFFirstOrderRate, MultiLevelLIF, ParametricLIF, QuadraticIF, ResonateAndFire,
    ResonateIzhikevich, ShortTermPlasticity, SigmaDelta, SigmoidRate, StochasticLIF, TernaryLIF,
    ThresholdLinearRate, TwoCompartmentLIF, WilsonCowan, log_probability,
)
from .neurons import graded_lif, izhikevich, multi_level_lif, primitives, reset, stochastic_lif, surrogate
from .neurons.primitives import spike
from .train import (
    EarlyStop, EpochRecord, History, MemoryEstimate, SweepRecord, TrainingDiverged, clip_gradients, evaluate, fit,
    load, loss, memory_estimate, metrics, optim, regularise, restore, save, sweep,
)

__version__: str

__all__ = [
    "AdEx", "AdaptiveCurrentLIF", "AdaptiveLIF", "AlphaLIF", "ConductanceLIF", "DoubleExponentialLIF",
    "ExponentialIF", "GatedLIF", "GradedLIF", "Izhikevich", "KLIF", "LIFFirstOrderRate", "MultiLevelLIF",
    "ParametricLIF", "QuadraticIF", "ResonateAndFire", "ResonateIzhikevich", "ShortTermPlasticity", "SigmaDelta",
    "SigmoidRate", "StochasticLIF", "TernaryLIF", "ThresholdLinearRate", "TwoCompartmentLIF", "WilsonCowan",
    "graded_lif", "izhikevich", "log_probability", "multi_level_lif", "stochastic_lif",
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveMaxPool2d", "AlphaDropout", "AvgPool1d", "AvgPool2d",
    "BatchNorm", "BatchNorm1d", "BatchNorm2d", "Bidirectional", "BilinearUpsample2d", "CELU", "Conv1d", "Conv2d",
    "ConvTranspose1d", "ConvTranspose2d", "CubaLIF", "Decisions", "Delay", "DelayedLinear", "DropConnect",
    "DropPath", "Dropout", "Dropout1d", "Dropout2d", "ELU", "EarlyStop", "Elman", "Embedding", "EpochRecord",
    "Flatten", "FullyRecurrent", "GELU", "GLU", "GRU", "GaussianDropout", "GlobalAvgPool1d", "GlobalAvgPool2d",
    "GlobalMaxPool1d", "GlobalMaxPool2d", "GlobalSumPool2d", "GroupNorm", "HardSigmoid", "HardSwish", "HardTanh",
    "History", "IF", "Identity", "InstanceNorm1d", "InstanceNorm2d", "LI", "LIF", "LIFRate", "LSTM", "Layer",
    "LayerNorm", "LayerRecord", "LeakyRate", "LeakyReLU", "LearntPositions", "Linear", "LogSigmoid", "LogSoftmax",
    "MaxPool1d", "MaxPool2d", "Maxout", "MemoryEstimate", "Mish", "MultiHeadAttention", "PReLU", "Patches",
    "Pointwise", "RMSNorm", "ReLU", "ReLU6", "Recurrent", "Residual", "SELU", "Segmented", "Sequential", "SiLU",
    "Sigmoid", "SinusoidalPositions", "Softmax", "Softplus", "Softsign", "SpikeDrivenAttention", "Spiking",
    "SpikingSelfAttention", "SumPool1d", "SumPool2d", "SweepRecord", "Swish", "Tanh", "Tensor", "TokenMean",
    "Training", "TrainingDiverged", "Unflatten", "Upsample1d", "Upsample2d", "cast", "check_gradient",
    "clip_gradients", "data", "decide", "encode", "evaluate", "fit", "fold", "graph", "learning", "load", "loss",
    "match_rates", "memory_estimate", "metrics", "models", "no_grad", "numerical_gradient", "optim", "plot",
    "primitives", "record", "regularise", "reset", "restore", "save", "spike", "spike_trains", "stream",
    "surrogate", "sweep", "train",
]
