"""Layers for complex numbers: Linear, Conv2d, activations, batch norm's companions, and the way back to real ones.

A complex weight is kept as two real parameters, its real and imaginary part; so optimisers, checkpoints and casts treat
it as any other, and a step down its gradient is that of Wirtinger calculus. Activations follow Trabelsi et al. 2017
(arXiv:1705.09792), section 3.4, and Virtue et al. 2017 (arXiv:1707.00070).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

import numpy as np

from spikenet import graph
from spikenet.errors import whole
from spikenet.graph import Tensor
from spikenet.kernels.filters import Filters
from spikenet.layers.convolution import convolve
from spikenet.layers.layer import Training, generator
from spikenet.layers.memoryless import Memoryless, check_channels, learnt
from spikenet.layers.pointwise import Pointwise
from spikenet.layers.sliding import window_of

Seed = int | np.random.Generator | None


def ComplexLinear(n_in: int, n_out: int, *, seed: Seed = None) -> Memoryless:
    """y = x @ (weight_real + i weight_imag) + bias over the last axis of complex (or real) x.

    Magnitudes start Rayleigh-distributed with E|w|^2 = 1 / n_in, phases uniform (Trabelsi et al. 2017, section 3.6)
    """
    n_in, n_out = whole("ComplexLinear: n_in", n_in), whole("ComplexLinear: n_out", n_out)
    weights = _weights("ComplexLinear", (n_in, n_out), n_in, n_out, seed)
    return Memoryless("ComplexLinear", _linear, weights, {"n_in": n_in, "n_out": n_out})


def ComplexConv2d(
    n_in: int, n_out: int, kernel_size: int, *, stride: int = 1, padding: int = 0, seed: Seed = None
) -> Memoryless:
    """A convolution of complex maps (..., n_in, height, width) by complex windows; arguments as in Conv2d."""
    kind = "ComplexConv2d"
    n_in, n_out, size = (
        whole(f"{kind}: n_in", n_in),
        whole(f"{kind}: n_out", n_out),
        whole(f"{kind}: size", kernel_size),
    )
    stride, padding = whole(f"{kind}: stride", stride), whole(f"{kind}: padding", padding, least=0)
    weights = _weights(kind, (n_out, n_in, size, size), n_in * size * size, n_out, seed)
    config = {"n_in": n_in, "n_out": n_out, "kernel_size": size, "stride": stride, "padding": padding}
    return Memoryless(kind, partial(_convolution, stride, padding), weights, config, axes=3)


def ModReLU(n: int, *, n_axes: int = 0) -> Memoryless:
    """max(|z| + bias, 0) at the phase of z, with a learnt bias for each channel. Source: Arjovsky 2015 (1511.06464).

    n: channels;  n_axes: axes after the channels' (2 for maps);  bias: (n,), starts at 0
    """
    n, n_axes = whole("ModReLU: n", n), whole("ModReLU: n_axes", n_axes, least=0)
    weights = {"bias": learnt("bias", np.zeros(n))}
    return Memoryless("ModReLU", partial(_mod_relu, n_axes), weights, {"n": n, "n_axes": n_axes}, axes=n_axes + 1)


def ZReLU() -> Pointwise:
    """z where real and imaginary part are both > 0, else 0. Source: Guberman 2016 (arXiv:1602.09046)."""
    return Pointwise("ZReLU", _z_relu)


def Cardioid() -> Pointwise:
    """z (1 + cos(phase of z)) / 2: ReLU along the real axis. Source: Virtue et al. 2017 (arXiv:1707.00070)."""
    return Pointwise("Cardioid", _cardioid)


def SplitReLU() -> Pointwise:
    """ReLU of the real and of the imaginary part, each by itself."""
    return Pointwise("SplitReLU", partial(_split, graph.relu))


def SplitTanh() -> Pointwise:
    """tanh of the real and of the imaginary part, each by itself."""
    return Pointwise("SplitTanh", partial(_split, graph.tanh))


def Magnitude() -> Pointwise:
    """|z|: from complex numbers to real ones, as scores of classes."""
    return Pointwise("Magnitude", graph.abs)


def _weights(kind: str, shape: tuple[int, ...], fan_in: int, n_out: int, seed: Seed) -> dict[str, Tensor]:
    rng = generator(kind, seed)
    size, phase = rng.rayleigh(math.sqrt(0.5 / fan_in), shape), rng.uniform(-math.pi, math.pi, shape)
    return {
        "weight_real": learnt("weight_real", size * np.cos(phase)),
        "weight_imag": learnt("weight_imag", size * np.sin(phase)),
        "bias_real": learnt("bias_real", np.zeros(n_out)),
        "bias_imag": learnt("bias_imag", np.zeros(n_out)),
    }


def _parts(kind: str, x: Tensor) -> tuple[Tensor, Tensor]:
    _check_complex(kind, x)
    return graph.real(x), graph.imag(x)


def _check_complex(kind: str, x: Tensor) -> None:
    if x.dtype.kind != "c":
        raise TypeError(f"{kind}: expected complex input, got {x.dtype}; x.astype(np.complex64) makes it so")


def _linear(x: Tensor, w: Mapping[str, Tensor], training: Training | None) -> Tensor:
    check_channels("ComplexLinear", x, len(w["weight_real"]), 0)
    weight = graph.as_complex(w["weight_real"], w["weight_imag"])
    return graph.matmul(x, weight) + graph.as_complex(w["bias_real"], w["bias_imag"])


def _convolution(stride: int, padding: int, x: Tensor, w: Mapping[str, Tensor], training: Training | None) -> Tensor:
    """One real convolution: parts as channels, weights [[real, -imag], [imag, real]]."""
    real, imag = w["weight_real"], w["weight_imag"]
    n_out, n_in, size, _ = real.shape
    check_channels("ComplexConv2d", x, n_in, 2)
    both = graph.concatenate(_parts("ComplexConv2d", x), axis=-3)
    rows = [graph.concatenate([real, -imag], axis=1), graph.concatenate([imag, real], axis=1)]
    window = window_of("ComplexConv2d", x.shape, (size,) * 2, (stride,) * 2, (padding,) * 2, (1, 1))
    bias = graph.concatenate([w["bias_real"], w["bias_imag"]])
    y = convolve(both, graph.concatenate(rows), bias, Filters(2 * n_in, 2 * n_out, 1, window), 2)
    return graph.as_complex(*graph.split(y, [n_out, n_out], axis=-3))


def _mod_relu(n_axes: int, x: Tensor, w: Mapping[str, Tensor], training: Training | None) -> Tensor:
    bias = w["bias"]
    check_channels("ModReLU", x, len(bias), n_axes)
    _check_complex("ModReLU", x)
    size = graph.abs(x)
    grown = graph.relu(size + bias.reshape(len(bias), *(1,) * n_axes))
    return x * (grown / graph.maximum(size, float(np.finfo(size.dtype).tiny)))


def _z_relu(x: Tensor) -> Tensor:
    real, imag = _parts("ZReLU", x)
    return x * ((real.data > 0) & (imag.data > 0)).astype(real.dtype)


def _cardioid(x: Tensor) -> Tensor:
    real, _ = _parts("Cardioid", x)
    size = graph.maximum(graph.abs(x), float(np.finfo(real.dtype).tiny))
    return x * ((real / size + 1) * 0.5)


def _split(function: object, x: Tensor) -> Tensor:
    assert callable(function)
    real, imag = _parts("Split", x)
    return graph.as_complex(function(real), function(imag))
