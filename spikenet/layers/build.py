"""A layer made again from its kind and its configuration, as a checkpoint keeps them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from spikenet.layers.plain import revived

NOWHERE: Mapping[str, str] = {}

_KINDS = {  # file: the kinds it makes; loaded when asked for
    "activations": "LeakyReLU ELU CELU SELU ReLU6 HardTanh HardSigmoid HardSwish SiLU Mish Softsign "
    "LogSigmoid LogSoftmax GLU Identity",
    "adaptive": "AdaptiveLIF AdaptiveCurrentLIF AdEx",
    "attention": "MultiHeadAttention",
    "complex_layers": "ComplexLinear ComplexConv2d ModReLU ZReLU Cardioid SplitReLU SplitTanh Magnitude",
    "complex_norm": "ComplexBatchNorm QuaternionLinear",
    "converted": "QCFS ConvertedIF SpikingMaxPool2d",
    "convolution": "Conv1d Conv2d",
    "delay": "Delay",
    "delayed_linear": "DelayedLinear",
    "delayed_recurrent": "DelayedRecurrent",
    "dropout": "Dropout",
    "dropouts": "Dropout1d Dropout2d GaussianDropout AlphaDropout DropPath DropConnect",
    "embedding": "Embedding",
    "gated": "Elman FullyRecurrent LSTM GRU Bidirectional",
    "graded": "MultiLevelLIF MultiLevelCubaLIF TernaryLIF GradedLIF SigmaDelta",
    "learnt_delay": "LearntDelay",
    "learnt_delayed_linear": "LearntDelayedLinear",
    "learnt_activations": "PReLU Swish Maxout",
    "linear": "Linear",
    "masked": "MaskedConv2d CausalConv1d",
    "neurons": "IF LIF CubaLIF LI LIFRate LeakyRate",
    "nonlinear": "ExponentialIF QuadraticIF Izhikevich",
    "normalisation": "BatchNorm BatchNorm1d BatchNorm2d",
    "parallel": "Parallel Ensemble MeanOverTime",
    "pointwise": "ReLU Sigmoid Tanh Softplus GELU Softmax Flatten",
    "pooling": "MaxPool1d MaxPool2d SumPool1d SumPool2d AvgPool1d AvgPool2d",
    "positions": "SinusoidalPositions LearntPositions Patches TokenMean Unflatten",
    "radial": "RadialBasis",
    "rates": "ThresholdLinearRate SigmoidRate LIFFirstOrderRate WilsonCowan",
    "recurrent": "Recurrent",
    "resizing": "GlobalAvgPool1d GlobalAvgPool2d GlobalMaxPool1d GlobalMaxPool2d GlobalSumPool2d "
    "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveMaxPool2d Upsample1d Upsample2d "
    "BilinearUpsample2d",
    "parallel_lif": "ParallelLIF",
    "parallel_spiking": "ParallelSpiking SlidingSpiking",
    "resonating": "ResonateAndFire ResonateIzhikevich",
    "spiking_lstm": "SpikingLSTM SpikingConvLSTM",
    "sample_norms": "LayerNorm RMSNorm GroupNorm InstanceNorm1d InstanceNorm2d",
    "segmented": "Segmented",
    "sequential": "Sequential Residual",
    "spiking_attention": "SpikeDrivenAttention SpikingSelfAttention",
    "stochastic": "StochasticLIF",
    "synaptic": "AlphaLIF DoubleExponentialLIF ConductanceLIF TwoCompartmentLIF ShortTermPlasticity",
    "trained_lif": "ParametricLIF KLIF GatedLIF",
    "transposed": "ConvTranspose1d ConvTranspose2d",
}
_MAKERS = {kind: f"spikenet.layers.{file}" for file, kinds in _KINDS.items() for kind in kinds.split()}


def build(
    kind: str, config: Mapping[str, Any], layers: Sequence[Any] = (), *, elsewhere: Mapping[str, str] = NOWHERE
) -> Any:
    """The layer `kind` with arguments `config`, around the inner `layers` if it is a container.

    elsewhere: modules of kinds that are not in spikenet.layers; what takes its layers otherwise than one after the
               other has `of_layers(*layers, ...)`

    Raises ValueError for a kind that is not built in.
    """
    makers = {**_MAKERS, **elsewhere}
    if kind not in makers:
        raise ValueError(
            f"checkpoint: no built-in layer {kind!r}, there are {sorted(makers)}; build the net in code and read its "
            "weights with sn.restore(path, net)"
        )
    found = getattr(importlib.import_module(makers[kind]), kind)
    make: Callable[..., Any] = getattr(found, "of_layers", found)
    return make(*layers, **{name: revived(value) for name, value in config.items()})
