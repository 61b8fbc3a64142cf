"""Layers without states between NIR's nodes and ours."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.graph import Tensor, no_grad
from spikenet.io.nir_neurons import one_number
from spikenet.layers.convolution import Conv1d, Conv2d
from spikenet.layers.delay import Delay
from spikenet.layers.linear import Linear
from spikenet.layers.pointwise import Flatten
from spikenet.layers.pooling import AvgPool2d, SumPool2d

Shape = tuple[int, ...]


def layer_node(nir: Any, label: str, layer: Any, shape: Shape, dt_s: float) -> Any:
    """The NIR node of a layer that gets samples of `shape`."""
    p = {name: np.array(t.data) for name, t in layer.parameters().items()}
    config = layer.config()
    match layer.kind:
        case "Linear":
            weight = np.ascontiguousarray(p["weight"].T)
            return nir.Affine(weight, p["bias"]) if "bias" in p else nir.Linear(weight)
        case "Conv1d":
            one = {name: int(config[name][0]) for name in ("stride", "padding", "dilation")}
            bias = p.get("bias", np.zeros(len(p["weight"]), p["weight"].dtype))
            return nir.Conv1d(shape[-1], p["weight"], groups=config["groups"], bias=bias, **one)
        case "Conv2d":
            two = {name: tuple(map(int, config[name])) for name in ("stride", "padding", "dilation")}
            bias = p.get("bias", np.zeros(len(p["weight"]), p["weight"].dtype))
            return nir.Conv2d(tuple(shape[-2:]), p["weight"], groups=config["groups"], bias=bias, **two)
        case "AvgPool2d" | "SumPool2d":
            sizes = {name: np.array(config[name]) for name in ("kernel_size", "stride", "padding")}
            return getattr(nir, layer.kind)(**sizes)
        case "Flatten":
            first = len(shape) - config["n_axes"]
            return nir.Flatten({"input": np.array(shape)}, first, len(shape) - 1)
        case "Delay":
            return nir.Delay(np.broadcast_to(dt_s * np.asarray(layer.steps, np.float64), shape).copy())
    raise ValueError(
        f"{label}: NIR has no {layer.kind}; it has Linear, Conv1d, Conv2d, AvgPool2d, SumPool2d, Flatten, Delay and "
        "neurons (fold a batch norm by sn.fold)"
    )


def layer_of(label: str, node: Any, shape: Shape, dt_s: float) -> Any:
    """The layer of a NIR node that gets samples of `shape`."""
    kind = type(node).__name__
    match kind:
        case "Affine" | "Linear":
            weight = np.asarray(node.weight)
            if weight.ndim != 2:
                raise ValueError(f"{label}: expected weights (to, from), got {weight.shape}")
            bias = np.asarray(node.bias) if kind == "Affine" else None
            return _filled(Linear(*weight.shape[::-1], bias=bias is not None, seed=0), weight.T, bias)
        case "Conv1d" | "Conv2d":
            weight, bias = np.asarray(node.weight), np.asarray(node.bias)
            make = Conv1d if kind == "Conv1d" else Conv2d
            sizes: dict[str, Any] = {
                name: _extent(label, getattr(node, name)) for name in ("stride", "padding", "dilation")
            }
            groups = int(node.groups)
            made = make(weight.shape[1] * groups, len(weight), weight.shape[2:], groups=groups, seed=0, **sizes)
            return _filled(made, weight, bias)
        case "AvgPool2d" | "SumPool2d":
            make_pool = AvgPool2d if kind == "AvgPool2d" else SumPool2d
            extents = {name: _extent(label, getattr(node, name)) for name in ("stride", "padding")}
            return make_pool(_extent(label, node.kernel_size), **extents)
        case "Flatten":
            first, last = (int(axis) % len(shape) for axis in (node.start_dim, node.end_dim))
            if last != len(shape) - 1:
                raise ValueError(f"{label}: expected Flatten up to the last axis, got {first} to {last} of {shape}")
            return Flatten(len(shape) - first)
        case "Delay":
            steps = np.asarray(node.delay, np.float64) / dt_s
            if (np.abs(steps - np.round(steps)) > 1e-3).any():
                raise ValueError(
                    f"{label}: expected delays in steps of {dt_s:g} s, got {np.asarray(node.delay).max():g} s"
                )
            return Delay(one_number(np.round(steps), int))
    raise ValueError(f"{label}: no layer for NIR's {kind}")


def _filled(layer: Any, weight: Array, bias: Array | None) -> Any:
    layer.weight.data[...] = weight
    if bias is not None:
        layer.bias.data[...] = bias
    return layer


def _extent(label: str, value: Any) -> tuple[int, ...]:
    if isinstance(value, (str, bytes)):
        raise ValueError(f"{label}: expected padding in numbers, got {value!r}")
    return tuple(int(v) for v in np.atleast_1d(np.asarray(value)))


def shape_after(label: str, layer: Any, shape: Shape) -> Shape:
    """The shape of the layer's samples, found by one step of zeros."""
    with no_grad():
        y, _ = layer.run(Tensor(np.zeros((1, 1, *shape), np.float32)))
    return tuple(y.shape[2:])
