"""Initial weights: rules by which the weights of connections are drawn, and `initialise`, which applies one to a net.

A rule is a function (shape, fan_in, fan_out, rng) -> array: fan_in counts the inputs of one output, fan_out the
outputs of one input.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np

from spikenet.errors import Array, finite_number, positive, within
from spikenet.graph import Tensor
from spikenet.layers.layer import Layer, generator

Rule = Callable[[tuple[int, ...], int, int, np.random.Generator], Array]
BIASES = ("bias", "inner_bias", "out_bias")
AnyLayer = TypeVar("AnyLayer", bound=Layer)


def glorot_uniform(shape: tuple[int, ...], fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
    """Uniform with variance 2 / (fan_in + fan_out): for tanh. Source: Glorot & Bengio 2010, AISTATS, eq. 16."""
    return _uniform(shape, 2 / (fan_in + fan_out), rng)


def glorot_normal(shape: tuple[int, ...], fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
    """Normal with variance 2 / (fan_in + fan_out). Source: Glorot & Bengio 2010, AISTATS."""
    return rng.normal(0, math.sqrt(2 / (fan_in + fan_out)), shape)


def he_uniform(shape: tuple[int, ...], fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
    """Uniform with variance 2 / fan_in: for ReLU. Source: He et al. 2015 (arXiv:1502.01852)."""
    return _uniform(shape, 2 / fan_in, rng)


def he_normal(shape: tuple[int, ...], fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
    """Normal with variance 2 / fan_in: for ReLU. Source: He et al. 2015 (arXiv:1502.01852)."""
    return rng.normal(0, math.sqrt(2 / fan_in), shape)


def lecun_normal(shape: tuple[int, ...], fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
    """Normal with variance 1 / fan_in: for SELU. Source: LeCun et al. 1998, Efficient BackProp."""
    return rng.normal(0, math.sqrt(1 / fan_in), shape)


def orthogonal(gain: float = 1.0) -> Rule:
    """Rows or columns, whichever are fewer, orthogonal with length `gain`. Source: Saxe 2013 (arXiv:1312.6120)."""
    gain = positive("orthogonal: gain", gain)

    def rule(shape: tuple[int, ...], fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
        rows, columns = shape[0], math.prod(shape[1:])
        q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
        q *= np.where(np.diag(r) < 0, -1, 1)  # so that every orthogonal matrix is equally likely
        return np.asarray(gain * (q if rows >= columns else q.T).reshape(shape))

    return rule


def fluctuation_driven(rate: float, leak: float, *, threshold: float = 1.0, xi: float = 2.0) -> Rule:
    """Normal weights that bring the membrane's standard deviation to threshold / xi: spikes come from fluctuations.

    rate : spikes per step and input, in (0, 1];  leak: part of the membrane kept per step, in [0, 1)
    xi   : distance of the threshold from rest in standard deviations, > 0; 1 to 3 are usual
    With independent inputs the variance of v = leak v + current is fan_in rate var(w) / (1 - leak^2).
    Source: Rossbroich, Gygax & Zenke 2022, Neuromorph. Comput. Eng. 2:044016, in discrete time.
    """
    rate, leak = within("fluctuation_driven: rate", rate, 0, 1), within("fluctuation_driven: leak", leak, 0, 1)
    if rate == 0 or leak == 1:
        raise ValueError(f"fluctuation_driven: expected rate > 0 and leak < 1, got rate {rate}, leak {leak}")
    width = positive("fluctuation_driven: threshold", threshold) / positive("fluctuation_driven: xi", xi)

    def rule(shape: tuple[int, ...], fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
        return rng.normal(0, width * math.sqrt((1 - leak * leak) / (fan_in * rate)), shape)

    return rule


def initialise(
    net: AnyLayer, rule: Rule, *, bias: float | None = 0.0, seed: int | np.random.Generator | None = None
) -> AnyLayer:
    """`net` with the weights of its connections drawn anew by `rule`, in place.

    Connections are Linear layers and convolutions, what comes back in recurrent layers, and attention, wherever in the
    net. Where several matrices are side by side in one array (the gates of a cell, queries, keys and values), each is
    drawn by itself. Complex and quaternion layers and Maxout keep what they drew themselves.

    bias: what all biases of these layers become; None leaves them alone
    seed: an int, a numpy Generator, or None for fresh entropy

    Raises TypeError when the rule gives no numbers, ValueError when the net has no connection or the rule gives
    another shape.
    """
    rng, found = generator("initialise", seed), list(_matrices(net))
    if not found:
        raise ValueError(f"initialise: expected a net with connections such as Linear or Conv2d, got {net!r:.60}")
    value = None if bias is None else finite_number("initialise: bias", bias)
    for layer, weight, beside in found:
        shape = (*weight.shape[:-1], weight.shape[-1] // beside)
        into, out = fans(layer) if weight.ndim > 2 else shape
        for k in range(beside):
            drawn = np.asarray(rule(shape, into, out, rng))
            if drawn.shape != shape:
                raise ValueError(f"initialise: expected weights {shape} of {layer!r}, the rule gave {drawn.shape}")
            weight.data[..., k * shape[-1] : (k + 1) * shape[-1]] = drawn
        for name, p in layer.parameters().items() if value is not None else ():
            if name in BIASES:
                p.data[...] = value
    return net


def _matrices(net: Any) -> Iterator[tuple[Any, Tensor, int]]:
    """(layer, one of its weights, how many matrices stand side by side in it), in order."""
    own = getattr(net, "side_by_side", None)
    if own is not None:
        for name, beside in own.items():
            yield net, net.parameters()[name], beside
    elif getattr(getattr(net, "weight", None), "ndim", 0) >= 2:
        yield net, net.weight, 1
    for inner in getattr(net, "layers", ()):
        yield from _matrices(inner)


def connections(net: Any) -> Iterator[Any]:
    """The layers in `net` with a weight of two axes or more, in order."""
    if getattr(getattr(net, "weight", None), "ndim", 0) >= 2:
        yield net
    for inner in getattr(net, "layers", ()):
        yield from connections(inner)


def fans(layer: Any) -> tuple[int, int]:
    """(inputs of one output, outputs of one input) of a Linear (n_in, n_out) or a convolution (n_out, n_in, window)."""
    shape = layer.weight.shape
    if len(shape) == 2:
        return shape[0], shape[1]
    window, groups = math.prod(shape[2:]), layer.groups
    into, out = (
        (shape[0] // groups, shape[1]) if getattr(layer, "is_transposed", False) else (shape[1], shape[0] // groups)
    )
    return into * window, out * window


def _uniform(shape: tuple[int, ...], variance: float, rng: np.random.Generator) -> Array:
    bound = math.sqrt(3 * variance)
    return rng.uniform(-bound, bound, shape)
