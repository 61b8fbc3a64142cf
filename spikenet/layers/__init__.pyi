"""Layers: conventional, rate-coded and spiking ones behind one interface."""

from . import initialise
from .activations import (
    CELU,
    ELU,
    GLU,
    SELU,
    HardSigmoid,
    HardSwish,
    HardTanh,
    Identity,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Mish,
    ReLU6,
    SiLU,
    Softsign,
)
from .build import build
from .convolution import Conv1d, Conv2d, Convolution
from .deciding import Decisions, decide
from .delay import Delay
from .delayed_linear import DelayedLinear
from .dropout import Dropout
from .dropouts import AlphaDropout, DropConnect, Dropout1d, Dropout2d, DropPath, GaussianDropout
from .embedding import Embedding
from .folding import fold
from .gated import GRU, LSTM, Bidirectional, Elman, FullyRecurrent
from .layer import Layer, State, Training, cast
from .learnt_activations import Maxout, PReLU, Swish
from .linear import Linear
from .memoryless import Memoryless
from .neurons import IF, LI, LIF, CubaLIF, LeakyRate, LIFRate
from .normalisation import BatchNorm, BatchNorm1d, BatchNorm2d, Normalisation
from .pointwise import GELU, Flatten, Pointwise, ReLU, Sigmoid, Softmax, Softplus, Tanh
from .pooling import AvgPool1d, AvgPool2d, MaxPool1d, MaxPool2d, Pooling, SumPool1d, SumPool2d
from .rate_matched import match_rates
from .record import LayerRecord, record
from .recurrent import Recurrent
from .resizing import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveMaxPool2d,
    BilinearUpsample2d,
    GlobalAvgPool1d,
    GlobalAvgPool2d,
    GlobalMaxPool1d,
    GlobalMaxPool2d,
    GlobalSumPool2d,
    Upsample1d,
    Upsample2d,
)
from .sample_norms import GroupNorm, InstanceNorm1d, InstanceNorm2d, LayerNorm, RMSNorm
from .segmented import Segmented
from .sequential import Residual, Sequential
from .spiking import Spiking
from .streaming import stream
from .transposed import ConvTranspose1d, ConvTranspose2d

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "GRU",
    "IF",
    "LI",
    "LIF",
    "LSTM",
    "SELU",
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveMaxPool2d",
    "AlphaDropout",
    "AvgPool1d",
    "AvgPool2d",
    "BatchNorm",
    "BatchNorm1d",
    "BatchNorm2d",
    "Bidirectional",
    "BilinearUpsample2d",
    "Conv1d",
    "Conv2d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "Convolution",
    "CubaLIF",
    "Decisions",
    "Delay",
    "DelayedLinear",
    "DropConnect",
    "DropPath",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Elman",
    "Embedding",
    "Flatten",
    "FullyRecurrent",
    "GaussianDropout",
    "GlobalAvgPool1d",
    "GlobalAvgPool2d",
    "GlobalMaxPool1d",
    "GlobalMaxPool2d",
    "GlobalSumPool2d",
    "GroupNorm",
    "HardSigmoid",
    "HardSwish",
    "HardTanh",
    "Identity",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "LIFRate",
    "Layer",
    "LayerNorm",
    "LayerRecord",
    "LeakyRate",
    "LeakyReLU",
    "Linear",
    "LogSigmoid",
    "LogSoftmax",
    "MaxPool1d",
    "MaxPool2d",
    "Maxout",
    "Memoryless",
    "Mish",
    "Normalisation",
    "PReLU",
    "Pointwise",
    "Pooling",
    "RMSNorm",
    "ReLU",
    "ReLU6",
    "Recurrent",
    "Residual",
    "Segmented",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Spiking",
    "State",
    "SumPool1d",
    "SumPool2d",
    "Swish",
    "Tanh",
    "Training",
    "Upsample1d",
    "Upsample2d",
    "build",
    "cast",
    "decide",
    "fold",
    "initialise",
    "match_rates",
    "record",
    "stream",
]
