"""Layers: conventional, rate-coded and spiking ones behind one interface."""

# fmt: off
# ruff: noqa: I001, RUF022  (several names a line: the lists are long)

from .converted import ConvertedIF, QCFS, SpikingMaxPool2d
from .radial import RadialBasis, k_means, place
from .complex_norm import ComplexBatchNorm, QuaternionLinear
from .complex_layers import Cardioid, ComplexConv2d, ComplexLinear, Magnitude, ModReLU, SplitReLU, SplitTanh, ZReLU
from .masked import CausalConv1d, MaskedConv2d
from .conditional import AdaIN, ConditionalBatchNorm2d, SPADE
from .parallel_lif import ParallelLIF
from .parallel_spiking import ParallelSpiking, SlidingSpiking
from .spiking_lstm import SpikingConvLSTM, SpikingLSTM
from .parallel import Ensemble, MeanOverTime, Parallel
from . import delay_taps, initialise, integrate
from .activations import (
    CELU, ELU, GLU, HardSigmoid, HardSwish, HardTanh, Identity, LeakyReLU, LogSigmoid, LogSoftmax, Mish, ReLU6,
    SELU, SiLU, Softsign,
)
from .adaptive import AdEx, AdaptiveCurrentLIF, AdaptiveLIF
from .attention import MultiHeadAttention
from .build import build
from .convolution import Conv1d, Conv2d, Convolution
from .deciding import Decisions, decide
from .delay import Delay
from .delayed_linear import DelayedLinear
from .delayed_recurrent import DelayedRecurrent
from .learnt_delay import LearntDelay
from .learnt_delayed_linear import LearntDelayedLinear
from .dropout import Dropout
from .dropouts import AlphaDropout, DropConnect, DropPath, Dropout1d, Dropout2d, GaussianDropout
from .embedding import Embedding
from .folding import fold
from .graded import GradedLIF, MultiLevelCubaLIF, MultiLevelLIF, SigmaDelta, TernaryLIF
from .gated import Bidirectional, Elman, FullyRecurrent, GRU, LSTM
from .layer import Layer, State, Training, cast
from .learnt_activations import Maxout, PReLU, Swish
from .linear import Linear
from .memoryless import Memoryless
from .neurons import CubaLIF, IF, LI, LIF, LIFRate, LeakyRate
from .nonlinear import ExponentialIF, Izhikevich, QuadraticIF
from .normalisation import BatchNorm, BatchNorm1d, BatchNorm2d, Normalisation
from .pointwise import Flatten, GELU, Pointwise, ReLU, Sigmoid, Softmax, Softplus, Tanh
from .pooling import AvgPool1d, AvgPool2d, MaxPool1d, MaxPool2d, Pooling, SumPool1d, SumPool2d
from .positions import LearntPositions, Patches, SinusoidalPositions, TokenMean, Unflatten
from .rate_matched import match_rates
from .rates import LIFFirstOrderRate, SigmoidRate, ThresholdLinearRate, WilsonCowan
from .record import LayerRecord, record
from .recurrent import Recurrent
from .resizing import (
    AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool2d, BilinearUpsample2d, GlobalAvgPool1d, GlobalAvgPool2d,
    GlobalMaxPool1d, GlobalMaxPool2d, GlobalSumPool2d, Upsample1d, Upsample2d,
)
from .resonating import ResonateAndFire, ResonateIzhikevich
from .sample_norms import GroupNorm, InstanceNorm1d, InstanceNorm2d, LayerNorm, RMSNorm
from .segmented import Segmented
from .sequential import Residual, Sequential
from .spiking import Spiking
from .spiking_attention import SpikeDrivenAttention, SpikingSelfAttention
from .stochastic import StochasticLIF, log_probability
from .streaming import stream
from .synaptic import AlphaLIF, ConductanceLIF, DoubleExponentialLIF, ShortTermPlasticity, TwoCompartmentLIF
from .trained_lif import GatedLIF, KLIF, ParametricLIF
from .transposed import ConvTranspose1d, ConvTranspose2d

__all__ = [
    "ParallelLIF", "ParallelSpiking", "SlidingSpiking", "SpikingConvLSTM", "SpikingLSTM",
    "AdEx", "AdaIN", "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveCurrentLIF", "AdaptiveLIF",
    "AdaptiveMaxPool2d", "AlphaDropout", "AlphaLIF", "AvgPool1d", "AvgPool2d", "BatchNorm", "BatchNorm1d",
    "BatchNorm2d", "Bidirectional", "BilinearUpsample2d", "CELU", "Cardioid", "CausalConv1d", "ComplexBatchNorm",
    "ComplexConv2d", "ComplexLinear", "ConditionalBatchNorm2d", "ConductanceLIF", "Conv1d", "Conv2d",
    "ConvTranspose1d", "ConvTranspose2d", "ConvertedIF", "Convolution", "CubaLIF", "Decisions", "Delay",
    "DelayedLinear", "DelayedRecurrent", "DoubleExponentialLIF", "DropConnect", "DropPath", "Dropout", "Dropout1d",
    "Dropout2d", "ELU", "Elman", "Embedding", "Ensemble", "ExponentialIF", "Flatten", "FullyRecurrent", "GELU", "GLU",
    "GRU", "GatedLIF", "GaussianDropout", "GlobalAvgPool1d", "GlobalAvgPool2d", "GlobalMaxPool1d", "GlobalMaxPool2d",
    "GlobalSumPool2d", "GradedLIF", "GroupNorm", "HardSigmoid", "HardSwish", "HardTanh", "IF", "Identity",
    "InstanceNorm1d", "InstanceNorm2d", "Izhikevich", "KLIF", "LI", "LIF", "LIFFirstOrderRate", "LIFRate", "LSTM",
    "Layer", "LayerNorm", "LayerRecord", "LeakyRate", "LeakyReLU", "LearntDelay",
    "LearntDelayedLinear", "LearntPositions", "Linear", "LogSigmoid",
    "LogSoftmax", "Magnitude", "MaskedConv2d", "MaxPool1d", "MaxPool2d", "Maxout", "MeanOverTime", "Memoryless",
    "Mish", "ModReLU", "MultiHeadAttention", "MultiLevelCubaLIF", "MultiLevelLIF", "Normalisation", "PReLU", "Parallel",
    "ParametricLIF", "Patches", "Pointwise", "Pooling", "QCFS", "QuadraticIF", "QuaternionLinear", "RMSNorm",
    "RadialBasis", "ReLU",
    "ReLU6", "Recurrent", "Residual", "ResonateAndFire", "ResonateIzhikevich", "SELU", "SPADE", "Segmented",
    "Sequential", "ShortTermPlasticity", "SiLU", "SigmaDelta", "Sigmoid", "SigmoidRate", "SinusoidalPositions",
    "Softmax", "Softplus", "Softsign", "SpikeDrivenAttention", "Spiking", "SpikingMaxPool2d",
    "SpikingSelfAttention", "SplitReLU", "SplitTanh", "State", "StochasticLIF", "SumPool1d", "SumPool2d", "Swish",
    "Tanh", "TernaryLIF", "ThresholdLinearRate", "TokenMean", "Training", "TwoCompartmentLIF", "Unflatten",
    "Upsample1d", "Upsample2d", "WilsonCowan", "ZReLU", "build", "cast", "decide", "delay_taps", "fold", "initialise",
    "integrate",
    "k_means", "log_probability", "match_rates", "place", "record", "stream",
]
