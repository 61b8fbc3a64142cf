"""A normalisation folded into the weights before it: in evaluation both are linear, so one layer can do the work."""

from __future__ import annotations

import numpy as np

from spikenet.layers.convolution import Convolution
from spikenet.layers.linear import Linear
from spikenet.layers.normalisation import Normalisation
from spikenet.layers.transposed import TransposedConvolution

Weighted = Linear | Convolution | TransposedConvolution


def fold(layer: Weighted, norm: Normalisation) -> Weighted:
    """A new layer that gives what `norm(layer(x))` gives in evaluation, to rounding; both are left as they are.

    Raises TypeError when `layer` is no Linear or (transposed) convolution or `norm` no BatchNorm, ValueError when they
    do not fit.
    """
    if not isinstance(layer, (Linear, Convolution, TransposedConvolution)):
        raise TypeError(f"fold: expected a Linear or a convolution, got {layer!r:.60}")
    if not isinstance(norm, Normalisation):
        raise TypeError(f"fold: expected a BatchNorm, got {norm!r:.60}")
    n_axes = 0 if isinstance(layer, Linear) else layer.n_axes
    if norm.n != layer.n_out or norm.n_axes != n_axes:
        raise ValueError(f"fold: expected a normalisation of the {layer.n_out} outputs of {layer!r}, got {norm!r}")
    made = _like(layer)
    assert made.bias is not None
    dtype = layer.weight.dtype
    mean, var = (p.data.astype(np.float64) for p in (norm.running_mean, norm.running_var))
    factor = norm.weight.data * norm.scale / np.sqrt(var + norm.eps)
    along = factor if n_axes == 0 else factor.reshape(-1, *(1,) * (layer.weight.ndim - 1))
    if isinstance(layer, TransposedConvolution):  # (n_in, n_out / groups, ...), inputs group by group
        of_inputs = np.repeat(factor.reshape(layer.groups, -1), layer.n_in // layer.groups, axis=0)
        along = of_inputs.reshape(*layer.weight.shape[:2], *(1,) * n_axes)
    bias = 0.0 if layer.bias is None else layer.bias.data
    made.weight.data = (layer.weight.data * along).astype(dtype)
    made.bias.data = ((bias - mean) * factor + norm.bias.data).astype(dtype)
    return made


def _like(layer: Weighted) -> Weighted:
    """A layer of the same sizes, with a bias."""
    if isinstance(layer, Linear):
        return Linear(layer.n_in, layer.n_out, seed=0)
    if isinstance(layer, TransposedConvolution):
        return TransposedConvolution(
            layer.kind, layer.n_axes, layer.n_in, layer.n_out, layer.kernel_size, layer.stride, layer.padding,
            layer.output_padding, layer.dilation, layer.groups, True, 0,
        )  # fmt: skip
    return Convolution(
        layer.kind, layer.n_axes, layer.n_in, layer.n_out, layer.kernel_size, layer.stride, layer.padding,
        layer.dilation, layer.groups, True, 0,
    )  # fmt: skip
