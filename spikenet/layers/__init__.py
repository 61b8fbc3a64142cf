"""Layers: conventional, rate-coded and spiking ones behind one interface."""

from spikenet.layers.build import build
from spikenet.layers.convolution import Conv1d, Conv2d, Convolution
from spikenet.layers.deciding import Decisions, decide
from spikenet.layers.delay import Delay
from spikenet.layers.delayed_linear import DelayedLinear
from spikenet.layers.dropout import Dropout
from spikenet.layers.folding import fold
from spikenet.layers.layer import Layer, State, Training, cast
from spikenet.layers.linear import Linear
from spikenet.layers.neurons import IF, LI, LIF, CubaLIF, LeakyRate, LIFRate
from spikenet.layers.normalisation import BatchNorm, BatchNorm1d, BatchNorm2d, Normalisation
from spikenet.layers.pointwise import GELU, Flatten, Pointwise, ReLU, Sigmoid, Softmax, Softplus, Tanh
from spikenet.layers.pooling import AvgPool1d, AvgPool2d, MaxPool1d, MaxPool2d, Pooling, SumPool1d, SumPool2d
from spikenet.layers.record import LayerRecord, record
from spikenet.layers.recurrent import Recurrent
from spikenet.layers.segmented import Segmented
from spikenet.layers.sequential import Residual, Sequential
from spikenet.layers.spiking import Spiking
from spikenet.layers.streaming import stream

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
