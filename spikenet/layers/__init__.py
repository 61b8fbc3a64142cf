"""Layers: conventional, rate-coded and spiking ones behind one interface."""

from spikenet.layers.build import build
from spikenet.layers.dropout import Dropout
from spikenet.layers.layer import Layer, State, Training, cast
from spikenet.layers.linear import Linear
from spikenet.layers.neurons import IF, LI, LIF, CubaLIF, LeakyRate, LIFRate
from spikenet.layers.pointwise import GELU, Flatten, Pointwise, ReLU, Sigmoid, Softmax, Softplus, Tanh
from spikenet.layers.record import LayerRecord, record
from spikenet.layers.sequential import Residual, Sequential
from spikenet.layers.spiking import Spiking

__all__ = [
    "GELU",
    "IF",
    "LI",
    "LIF",
    "CubaLIF",
    "Dropout",
    "Flatten",
    "LIFRate",
    "Layer",
    "LayerRecord",
    "LeakyRate",
    "Linear",
    "Pointwise",
    "ReLU",
    "Residual",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Spiking",
    "State",
    "Tanh",
    "Training",
    "build",
    "cast",
    "record",
]
