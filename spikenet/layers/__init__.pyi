"""Layers: conventional, rate-coded and spiking ones behind one interface."""

from .build import build
from .convolution import Conv1d, Conv2d, Convolution
from .deciding import Decisions, decide
from .delay import Delay
from .delayed_linear import DelayedLinear
from .dropout import Dropout
from .folding import fold
from .layer import Layer, State, Training, cast
from .linear import Linear
from .neurons import IF, LI, LIF, CubaLIF, LeakyRate, LIFRate
from .normalisation import BatchNorm, BatchNorm1d, BatchNorm2d, Normalisation
from .pointwise import GELU, Flatten, Pointwise, ReLU, Sigmoid, Softmax, Softplus, Tanh
from .pooling import AvgPool1d, AvgPool2d, MaxPool1d, MaxPool2d, Pooling, SumPool1d, SumPool2d
from .record import LayerRecord, record
from .recurrent import Recurrent
from .segmented import Segmented
from .sequential import Residual, Sequential
from .spiking import Spiking
from .streaming import stream

__all__ = [
    "GELU",
    "IF",
    "LI",
    "LIF",
    "AvgPool1d",
    "AvgPool2d",
    "BatchNorm",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv1d",
    "Conv2d",
    "Convolution",
    "CubaLIF",
    "Decisions",
    "Delay",
    "DelayedLinear",
    "Dropout",
    "Flatten",
    "LIFRate",
    "Layer",
    "LayerRecord",
    "LeakyRate",
    "Linear",
    "MaxPool1d",
    "MaxPool2d",
    "Normalisation",
    "Pointwise",
    "Pooling",
    "ReLU",
    "Recurrent",
    "Residual",
    "Segmented",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Spiking",
    "State",
    "SumPool1d",
    "SumPool2d",
    "Tanh",
    "Training",
    "build",
    "cast",
    "decide",
    "fold",
    "record",
    "stream",
]
