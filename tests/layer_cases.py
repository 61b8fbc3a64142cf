"""Every kind of layer, in all its variants: what all layers do alike is tested with these. Input is (..., 4)."""

from __future__ import annotations

import numpy as np

from spikenet.layers import (
    CELU,
    ELU,
    GELU,
    GLU,
    GRU,
    IF,
    LI,
    LIF,
    LSTM,
    QCFS,
    SELU,
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveMaxPool2d,
    AlphaDropout,
    AvgPool1d,
    AvgPool2d,
    BatchNorm,
    BatchNorm1d,
    BatchNorm2d,
    Bidirectional,
    BilinearUpsample2d,
    Cardioid,
    CausalConv1d,
    ComplexBatchNorm,
    ComplexConv2d,
    ComplexLinear,
    Conv1d,
    Conv2d,
    ConvertedIF,
    ConvTranspose1d,
    ConvTranspose2d,
    CubaLIF,
    Delay,
    DelayedLinear,
    DelayedRecurrent,
    DropConnect,
    Dropout,
    Dropout1d,
    Dropout2d,
    DropPath,
    Elman,
    Embedding,
    Ensemble,
    Flatten,
    FullyRecurrent,
    GaussianDropout,
    GlobalAvgPool1d,
    GlobalAvgPool2d,
    GlobalMaxPool1d,
    GlobalMaxPool2d,
    GlobalSumPool2d,
    GroupNorm,
    HardSigmoid,
    HardSwish,
    HardTanh,
    Identity,
    InstanceNorm1d,
    InstanceNorm2d,
    LayerNorm,
    LeakyRate,
    LeakyReLU,
    LearntDelay,
    LearntDelayedLinear,
    LearntPositions,
    LIFRate,
    Linear,
    LogSigmoid,
    LogSoftmax,
    Magnitude,
    MaskedConv2d,
    Maxout,
    MaxPool1d,
    MaxPool2d,
    MeanOverTime,
    Mish,
    ModReLU,
    MultiHeadAttention,
    Parallel,
    Patches,
    PReLU,
    QuaternionLinear,
    RadialBasis,
    Recurrent,
    ReLU,
    ReLU6,
    Residual,
    RMSNorm,
    Segmented,
    Sequential,
    Sigmoid,
    SiLU,
    SinusoidalPositions,
    Softmax,
    Softplus,
    Softsign,
    SpikeDrivenAttention,
    SpikingMaxPool2d,
    SpikingSelfAttention,
    SplitReLU,
    SplitTanh,
    SumPool1d,
    SumPool2d,
    Swish,
    Tanh,
    TokenMean,
    Unflatten,
    Upsample1d,
    Upsample2d,
    ZReLU,
    adaptive,
    delay_taps,
    graded,
    nonlinear,
    rates,
    resonating,
    stochastic,
    synaptic,
    trained_lif,
)
from spikenet.layers.joins import and_not
from spikenet.layers.parallel_lif import ParallelLIF
from spikenet.layers.parallel_spiking import ParallelSpiking, SlidingSpiking
from spikenet.layers.spiking_lstm import SpikingConvLSTM, SpikingLSTM
from spikenet.neurons import primitives, reset, surrogate

WITHOUT_MEMORY = {
    "QCFS": lambda: QCFS(4),
    "RadialBasis": lambda: RadialBasis(4, 3, seed=0),
    "Unflatten": lambda: Unflatten((2, 2)),
    "Linear": lambda: Linear(4, 3, seed=0),
    "Linear-unbiased": lambda: Linear(4, 3, bias=False, seed=0),
    "Flatten": lambda: Flatten(1),
    "Flatten-2": lambda: Flatten(2),
    "Dropout": lambda: Dropout(0.5),
    **{make.__name__: make for make in (ReLU, Sigmoid, Tanh, Softplus, GELU, Softmax)},
    **{make.__name__: make for make in (LeakyReLU, ELU, CELU, SELU, ReLU6, HardTanh, HardSigmoid, HardSwish)},
    **{make.__name__: make for make in (SiLU, Mish, Softsign, LogSigmoid, LogSoftmax, GLU, Identity)},
    "LeakyReLU-steep": lambda: LeakyReLU(0.3),
    "ELU-2": lambda: ELU(2.0),
    "CELU-2": lambda: CELU(2.0),
    "PReLU": PReLU,
    "PReLU-4": lambda: PReLU(4, slope=0.1),
    "Swish": lambda: Swish(beta=1.5),
    "Maxout": lambda: Maxout(4, 3, 2, seed=0),
    "LayerNorm": lambda: LayerNorm(4),
    "RMSNorm": lambda: RMSNorm(4),
    "GroupNorm": lambda: GroupNorm(2, 4, n_axes=0),
    **{make.__name__: lambda make=make: make(0.5) for make in (GaussianDropout, AlphaDropout, DropPath)},
    "DropConnect": lambda: DropConnect(4, 3, 0.5, seed=0),
}
FIRING = {
    **{make.__name__: make for make in (IF, LIF, CubaLIF)},
    "IF-learnt": lambda: IF(threshold=0.7, learn=("threshold",)),
    "LIF-learnt": lambda: LIF(learn=("leak", "threshold")),
    "LIF-each-its-own": lambda: LIF(
        tau_mem_s=np.array([1e-3, 2e-3, 3e-3, 4e-3]), dt_s=2e-3, threshold=[1.0, 0.5, 0.7, 0.9]
    ),
    "LIF-to-value": lambda: LIF(
        reset=reset.to_value, reset_value=-0.2, surrogate=surrogate.triangle(0.3), learn=("leak", "reset_value")
    ),
    "CubaLIF-to-zero": lambda: CubaLIF(
        tau_mem_s=7e-3, tau_syn_s=np.float32(3e-3), reset=reset.detached(reset.to_zero), surrogate=surrogate.box
    ),
    "CubaLIF-no-reset": lambda: CubaLIF(reset=reset.no_reset, surrogate=surrogate.super_spike),
}
GRADED = {
    **{make.__name__: make for make in (LI, LIFRate, LeakyRate)},
    "LI-learnt": lambda: LI(tau_mem_s=3e-3, learn=("leak",)),
    "LIFRate-learnt": lambda: LIFRate(softness=0.1, amplitude=0.02, learn=("softness", "amplitude")),
    "LIFRate-exact": lambda: LIFRate(softness=None, refractory_s=0.0),
    "LeakyRate-softplus": lambda: LeakyRate(tau_s=9e-3, activation=primitives.softplus),
}
CONTAINERS = {
    "ConvertedIF": ConvertedIF,
    "Parallel": lambda: Parallel(Linear(4, 4, seed=0), Identity()),
    "Parallel-spikes": lambda: Parallel(LIF(), IF(), join=and_not),
    "Ensemble": lambda: Ensemble(Linear(4, 3, seed=0), Linear(4, 3, seed=1)),
    "MeanOverTime": lambda: MeanOverTime(Sequential(Linear(4, 3, seed=0), LIF()), steps=4),
    "Elman": lambda: Elman(4, 3, seed=0),
    "Elman-rectified": lambda: Elman(4, 3, rectified=True, seed=0),
    "FullyRecurrent": lambda: FullyRecurrent(4, 5, 2, seed=0),
    "LSTM": lambda: LSTM(4, 3, seed=0),
    "GRU": lambda: GRU(4, 3, seed=0),
    "Bidirectional": lambda: Bidirectional(LSTM(4, 2, seed=0), GRU(4, 3, seed=1)),
    "Sequential": lambda: Sequential(Linear(4, 3, seed=0), LIF(), Dropout(0.5), LI()),
    "Residual": lambda: Residual(Linear(4, 4, seed=0), LIF()),
    "Recurrent": lambda: Recurrent(LIF(), 4, seed=0),
    "DelayedRecurrent": lambda: DelayedRecurrent(LIF(), 4, delays=[[0], [2], [1], [0]], seed=0),
    "Delay": lambda: Delay([0, 1, 2, 1]),
    "DelayedLinear": lambda: DelayedLinear(4, 3, delays=2, seed=0),
    "LearntDelay": lambda: LearntDelay(4, longest=2, seed=0),
    "LearntDelay-gaussian": lambda: LearntDelay(4, longest=2, interpolation=delay_taps.Gaussian(0.7), seed=0),
    "LearntDelayedLinear": lambda: LearntDelayedLinear(4, 3, longest=2, seed=0),
    "Segmented": lambda: Segmented(Sequential(Linear(4, 3, seed=0), LIF()), steps=2),
}
IMAGES = {  # for input (12, 2, 4), as lines of 2 channels or as a picture of 12
    "MaskedConv2d": lambda: MaskedConv2d(12, 2, 3, sees_itself=False, seed=0),
    "CausalConv1d": lambda: CausalConv1d(2, 3, 2, dilation=2, seed=0),
    "MultiHeadAttention": lambda: MultiHeadAttention(4, 2, causal=True, seed=0),
    "SinusoidalPositions": SinusoidalPositions,
    "LearntPositions": lambda: LearntPositions(2, 4, seed=0),
    "Patches": lambda: Patches(2),
    "TokenMean": TokenMean,
    "ConvTranspose1d": lambda: ConvTranspose1d(2, 3, 3, stride=2, padding=1, output_padding=1, seed=0),
    "ConvTranspose2d": lambda: ConvTranspose2d(12, 4, 2, stride=(1, 2), groups=2, bias=False, seed=0),
    **{
        make.__name__: make
        for make in (GlobalAvgPool1d, GlobalAvgPool2d, GlobalMaxPool1d, GlobalMaxPool2d, GlobalSumPool2d)
    },
    "AdaptiveAvgPool1d": lambda: AdaptiveAvgPool1d(3),
    "AdaptiveAvgPool2d": lambda: AdaptiveAvgPool2d((1, 3)),
    "AdaptiveMaxPool2d": lambda: AdaptiveMaxPool2d((2, 3)),
    "Upsample1d": lambda: Upsample1d(3),
    "Upsample2d": lambda: Upsample2d((2, 1)),
    "BilinearUpsample2d": lambda: BilinearUpsample2d(2),
    "Conv1d": lambda: Conv1d(2, 3, 3, padding=1, seed=0),
    "Conv2d": lambda: Conv2d(12, 4, 2, stride=(1, 2), groups=2, bias=False, seed=0),
    "MaxPool1d": lambda: MaxPool1d(2, stride=1),
    "AvgPool1d": lambda: AvgPool1d(3, padding=1),
    **{make.__name__: lambda make=make: make(2) for make in (MaxPool2d, SumPool1d, SumPool2d, AvgPool2d)},
    "InstanceNorm1d": lambda: InstanceNorm1d(2),
    "InstanceNorm2d": lambda: InstanceNorm2d(12),
    "Dropout1d": lambda: Dropout1d(0.5),
    "Dropout2d": lambda: Dropout2d(0.5),
    "BatchNorm": lambda: BatchNorm(4, scale=0.5),
    "BatchNorm1d": lambda: BatchNorm1d(2, momentum=0.2),
    "BatchNorm2d": lambda: BatchNorm2d(12, eps=1e-3),
}
SYMBOLS = {"Embedding": lambda: Embedding(5, 3, seed=0)}  # for whole numbers in 0 .. 4


TOKENS = {  # for input (12, 2, 2, 4)
    "SpikeDrivenAttention": lambda: SpikeDrivenAttention(LIF(), LIF(), LIF(), LIF()),
    "SpikingSelfAttention": lambda: SpikingSelfAttention(LIF(), LIF(), LIF(), LIF(), heads=2),
}
FIRING |= {
    make.__name__: make
    for make in (
        *(adaptive.AdaptiveLIF, adaptive.AdaptiveCurrentLIF, adaptive.AdEx, nonlinear.ExponentialIF),
        *(nonlinear.QuadraticIF, nonlinear.Izhikevich, resonating.ResonateAndFire, resonating.ResonateIzhikevich),
        *(graded.MultiLevelLIF, graded.MultiLevelCubaLIF, graded.TernaryLIF, graded.GradedLIF, graded.SigmaDelta),
        stochastic.StochasticLIF,
        *(synaptic.AlphaLIF, synaptic.DoubleExponentialLIF, synaptic.ConductanceLIF, synaptic.TwoCompartmentLIF),
        *(trained_lif.ParametricLIF, trained_lif.KLIF, trained_lif.GatedLIF),
    )
} | {
    "IF-refractory": lambda: IF(refractory_steps=[0, 1, 2, 3]),
    "AdEx-refractory": lambda: adaptive.AdEx(refractory_s=2e-3, learn=("slope",)),
}
RATES = (rates.ThresholdLinearRate, rates.SigmoidRate, rates.LIFFirstOrderRate, rates.WilsonCowan)
GRADED |= {make.__name__: make for make in (*RATES, synaptic.ShortTermPlasticity)}
COMPLEX = {  # for complex input (12, 2, 4)
    "ComplexLinear": lambda: ComplexLinear(4, 3, seed=0),
    "ComplexConv2d": lambda: ComplexConv2d(12, 2, 2, seed=0),
    "ModReLU": lambda: ModReLU(4),
    **{make.__name__: make for make in (ZReLU, Cardioid, SplitReLU, SplitTanh, Magnitude)},
    "ComplexBatchNorm": lambda: ComplexBatchNorm(4),
    "QuaternionLinear": lambda: QuaternionLinear(1, 2, seed=0),
}
CONTAINERS |= {
    "SpikingLSTM": lambda: SpikingLSTM(4, 3, threshold=0.1, seed=0),
    "ParallelLIF": lambda: ParallelLIF(tau_mem_s=5e-3, learn=("threshold",)),
    "SlidingSpiking": lambda: SlidingSpiking(3),
}
IMAGES |= {"ParallelSpiking": lambda: ParallelSpiking(12, order=4, seed=0)}
FILMS = {"SpikingConvLSTM": lambda: SpikingConvLSTM(2, 3, 3, threshold=0.1, seed=0)}  # for input (3, 2, 2, 4, 4)
FILMS |= {"SpikingMaxPool2d": lambda: SpikingMaxPool2d(2)}
NEURONS = FIRING | GRADED
LAYERS = WITHOUT_MEMORY | NEURONS | CONTAINERS
