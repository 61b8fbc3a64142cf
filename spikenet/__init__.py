"""spikenet: conventional, rate-coded and spiking networks on one layer interface, on a CPU.

    import spikenet as sn
    net = sn.Sequential(sn.Linear(64, 128), sn.LIF(tau_mem_s=20e-3), sn.Linear(128, 10), sn.LI(tau_mem_s=20e-3))

What needs matplotlib or scikit-learn is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from spikenet import graph
from spikenet.graph import Tensor, check_gradient, no_grad, numerical_gradient
from spikenet.layers import (
    GELU,
    IF,
    LI,
    LIF,
    AvgPool1d,
    AvgPool2d,
    BatchNorm,
    BatchNorm1d,
    BatchNorm2d,
    Conv1d,
    Conv2d,
    CubaLIF,
    Decisions,
    Delay,
    DelayedLinear,
    Dropout,
    Flatten,
    Layer,
    LayerRecord,
    LeakyRate,
    LIFRate,
    Linear,
    MaxPool1d,
    MaxPool2d,
    Pointwise,
    Recurrent,
    ReLU,
    Residual,
    Segmented,
    Sequential,
    Sigmoid,
    Softmax,
    Softplus,
    Spiking,
    SumPool1d,
    SumPool2d,
    Tanh,
    Training,
    cast,
    decide,
    fold,
    record,
    stream,
)
from spikenet.neurons import primitives, reset, surrogate
from spikenet.neurons.primitives import spike

if TYPE_CHECKING:
    from spikenet import data, encode, models, plot, train
    from spikenet.train import (
        EarlyStop,
        EpochRecord,
        History,
        MemoryEstimate,
        SweepRecord,
        TrainingDiverged,
        clip_gradients,
        evaluate,
        fit,
        load,
        loss,
        memory_estimate,
        metrics,
        optim,
        regularise,
        restore,
        save,
        sweep,
    )

__version__ = "0.1.0"

_ROOMS = ("data", "encode", "models", "plot", "train")
_FROM_TRAIN = (
    *("EarlyStop", "EpochRecord", "History", "MemoryEstimate", "SweepRecord", "TrainingDiverged", "clip_gradients"),
    *("evaluate", "fit", "load", "loss", "memory_estimate", "metrics", "optim", "regularise", "restore", "save"),
    *("sweep",),
)


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"spikenet.{name}")
    if name in _FROM_TRAIN:
        return getattr(importlib.import_module("spikenet.train"), name)
    raise AttributeError(f"module 'spikenet' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_ROOMS, *_FROM_TRAIN])


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
    "CubaLIF",
    "Decisions",
    "Delay",
    "DelayedLinear",
    "Dropout",
    "EarlyStop",
    "EpochRecord",
    "Flatten",
    "History",
    "LIFRate",
    "Layer",
    "LayerRecord",
    "LeakyRate",
    "Linear",
    "MaxPool1d",
    "MaxPool2d",
    "MemoryEstimate",
    "Pointwise",
    "ReLU",
    "Recurrent",
    "Residual",
    "Segmented",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Spiking",
    "SumPool1d",
    "SumPool2d",
    "SweepRecord",
    "Tanh",
    "Tensor",
    "Training",
    "TrainingDiverged",
    "cast",
    "check_gradient",
    "clip_gradients",
    "data",
    "decide",
    "encode",
    "evaluate",
    "fit",
    "fold",
    "graph",
    "load",
    "loss",
    "memory_estimate",
    "metrics",
    "models",
    "no_grad",
    "numerical_gradient",
    "optim",
    "plot",
    "primitives",
    "record",
    "regularise",
    "reset",
    "restore",
    "save",
    "spike",
    "stream",
    "surrogate",
    "sweep",
    "train",
]
