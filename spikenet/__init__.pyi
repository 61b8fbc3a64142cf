"""The public names, each with the room it comes from; loaded when first used."""

# fmt: off
# ruff: noqa: I001, RUF022  (several names a line: the lists are long)

from .layers import (
    AdEx, AdaIN, AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveCurrentLIF, AdaptiveLIF, AdaptiveMaxPool2d,
    AlphaDropout, AlphaLIF, AvgPool1d, AvgPool2d, BatchNorm, BatchNorm1d, BatchNorm2d, Bidirectional,
    BilinearUpsample2d, CELU, Cardioid, CausalConv1d, ComplexBatchNorm, ComplexConv2d, ComplexLinear,
    ConditionalBatchNorm2d, ConductanceLIF, Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d, ConvertedIF, CubaLIF,
    Decisions, Delay, DelayedLinear, DelayedRecurrent, DoubleExponentialLIF, DropConnect, DropPath, Dropout, Dropout1d,
    Dropout2d, ELU, Elman, Embedding, Ensemble, ExponentialIF, Flatten, FullyRecurrent, GELU, GLU, GRU, GatedLIF,
    GaussianDropout, GlobalAvgPool1d, GlobalAvgPool2d, GlobalMaxPool1d, GlobalMaxPool2d, GlobalSumPool2d, GradedLIF,
    GroupNorm, HardSigmoid, HardSwish, HardTanh, IF, Identity, InstanceNorm1d, InstanceNorm2d, Izhikevich, KLIF, LI,
    LIF, LIFFirstOrderRate, LIFRate, LSTM, Layer, LayerNorm, LayerRecord, LeakyRate, LeakyReLU, LearntDelay,
    LearntDelayedLinear, LearntPositions, Linear, LogSigmoid, LogSoftmax, Magnitude, MaskedConv2d, MaxPool1d,
    MaxPool2d, Maxout, MeanOverTime, Mish, ModReLU, MultiHeadAttention, MultiLevelCubaLIF, MultiLevelLIF, PReLU,
    Parallel, ParallelLIF, ParallelSpiking, ParametricLIF, Patches, Pointwise, QCFS, QuadraticIF, QuaternionLinear,
    RMSNorm, RadialBasis,
    ReLU, ReLU6, Recurrent, Residual, ResonateAndFire, ResonateIzhikevich, SELU, SPADE, Segmented, Sequential,
    ShortTermPlasticity, SiLU, SigmaDelta, Sigmoid, SigmoidRate, SinusoidalPositions, SlidingSpiking, Softmax,
    Softplus, Softsign, SpikeDrivenAttention, Spiking, SpikingConvLSTM, SpikingLSTM, SpikingMaxPool2d,
    SpikingSelfAttention, SplitReLU, SplitTanh, StochasticLIF, SumPool1d, SumPool2d, Swish, Tanh, TernaryLIF,
    ThresholdLinearRate, TokenMean, Training, TwoCompartmentLIF, Unflatten, Upsample1d, Upsample2d, WilsonCowan,
    ZReLU, cast, decide, delay_taps, fold, integrate, log_probability, match_rates, record, stream,
)
from . import convert, data, encode, graph, io, learning, models, plot, spike_trains, train
from .diagnosis import Diagnosis, GradientCheck, check_gradient, diagnose
from .graph import Tensor, no_grad, numerical_gradient
from .neurons import graded_lif, izhikevich, multi_level_lif, primitives, reset, semantics, stochastic_lif, surrogate
from .neurons.primitives import spike
from .network import cells, draw, inputs, networks, plasticity, rules
from .network.network import Network
from .simulate import Recording, Simulation, joined, probe, recordings, simulate
from .train import (
    EarlyStop, EpochRecord, History, MemoryEstimate, SweepRecord, TrainingDiverged, clip_gradients, evaluate, fit,
    load, loss, memory_estimate, metrics, optim, regularise, restore, save, sweep,
)

__version__: str

__all__ = [
    "Diagnosis", "GradientCheck", "diagnose", "AdEx", "AdaIN", "AdaptiveAvgPool1d", "AdaptiveAvgPool2d",
    "AdaptiveCurrentLIF", "AdaptiveLIF", "AdaptiveMaxPool2d", "AlphaDropout", "AlphaLIF", "AvgPool1d", "AvgPool2d",
    "BatchNorm", "BatchNorm1d", "BatchNorm2d", "Bidirectional", "BilinearUpsample2d", "CELU", "Cardioid",
    "CausalConv1d", "ComplexBatchNorm", "ComplexConv2d", "ComplexLinear", "ConditionalBatchNorm2d", "ConductanceLIF",
    "Conv1d", "Conv2d", "ConvTranspose1d", "ConvTranspose2d", "ConvertedIF", "CubaLIF", "Decisions", "Delay",
    "DelayedLinear", "DelayedRecurrent", "DoubleExponentialLIF", "DropConnect", "DropPath", "Dropout", "Dropout1d",
    "Dropout2d", "ELU", "EarlyStop", "Elman", "Embedding", "Ensemble", "EpochRecord", "ExponentialIF", "Flatten",
    "FullyRecurrent", "GELU", "GLU", "GRU", "GatedLIF", "GaussianDropout", "GlobalAvgPool1d", "GlobalAvgPool2d",
    "GlobalMaxPool1d", "GlobalMaxPool2d", "GlobalSumPool2d", "GradedLIF", "GroupNorm", "HardSigmoid", "HardSwish",
    "HardTanh", "History", "IF", "Identity", "InstanceNorm1d", "InstanceNorm2d", "Izhikevich", "KLIF", "LI", "LIF",
    "LIFFirstOrderRate", "LIFRate", "LSTM", "Layer", "LayerNorm", "LayerRecord", "LeakyRate", "LeakyReLU",
    "LearntDelay", "LearntDelayedLinear", "LearntPositions", "Linear", "LogSigmoid", "LogSoftmax", "Magnitude",
    "MaskedConv2d", "MaxPool1d", "MaxPool2d", "Maxout", "MeanOverTime", "MemoryEstimate", "Mish", "ModReLU",
    "MultiHeadAttention", "MultiLevelCubaLIF", "MultiLevelLIF", "Network", "PReLU", "Parallel", "ParallelLIF",
    "ParallelSpiking", "ParametricLIF", "Patches",
    "Pointwise", "QCFS", "QuadraticIF", "QuaternionLinear", "RMSNorm", "RadialBasis", "ReLU", "ReLU6", "Recording",
    "Recurrent", "Residual", "ResonateAndFire", "ResonateIzhikevich", "SELU", "SPADE", "Segmented", "Sequential",
    "ShortTermPlasticity", "SiLU", "SigmaDelta", "Sigmoid", "SigmoidRate", "Simulation", "SinusoidalPositions",
    "SlidingSpiking", "Softmax", "Softplus", "Softsign", "SpikeDrivenAttention", "Spiking", "SpikingConvLSTM",
    "SpikingLSTM", "SpikingMaxPool2d", "SpikingSelfAttention", "SplitReLU", "SplitTanh", "StochasticLIF", "SumPool1d",
    "SumPool2d", "SweepRecord", "Swish", "Tanh", "Tensor", "TernaryLIF", "ThresholdLinearRate", "TokenMean",
    "Training", "TrainingDiverged", "TwoCompartmentLIF", "Unflatten", "Upsample1d", "Upsample2d", "WilsonCowan",
    "ZReLU", "cast", "cells", "check_gradient", "clip_gradients", "convert", "data", "decide", "delay_taps", "draw",
    "encode", "evaluate", "fit", "fold", "graded_lif", "graph", "inputs", "integrate", "io", "izhikevich", "joined",
    "learning", "load", "log_probability", "loss", "match_rates", "memory_estimate", "metrics", "models",
    "multi_level_lif",
    "networks", "no_grad", "numerical_gradient", "optim", "plasticity", "plot", "primitives", "probe", "record",
    "recordings", "regularise", "reset", "restore", "rules", "save", "semantics", "simulate", "spike", "spike_trains",
    "stochastic_lif", "stream", "surrogate", "sweep", "train",
]
