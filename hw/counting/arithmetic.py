"""Arithmetic of layers without weights: activations, maps brought to another size, branches that are joined."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from hw.lowering.kinds import FREE
from spikenet.layers import Normalisation, Parallel
from spikenet.layers.joins import added, and_not, averaged, both, side_by_side, stacked_maps
from spikenet.layers.resizing import bins, line_weights

Shape = tuple[int, ...]

# Of one element, as the formulas are written: sigmoid 1 / (1 + exp(-x)), softplus log(1 + exp(x)),
# GELU x / 2 (1 + erf(x / sqrt 2)) with erf counted as an exp, softmax exp(x - max) / sum.
POINTWISE: dict[str, dict[str, int]] = {
    "ReLU": {"compare": 1},
    "Sigmoid": {"exp": 1, "add": 1, "divide": 1},
    "Tanh": {"tanh": 1},
    "Softplus": {"exp": 1, "add": 1, "log": 1},
    "GELU": {"exp": 1, "add": 1, "multiply": 3},
    "Softmax": {"compare": 1, "exp": 1, "add": 2, "divide": 1},
    "Residual": {"add": 1},
}
JOINS: dict[Callable[..., Any], dict[str, int]] = {
    added: {"add": 1},
    averaged: {"add": 1, "multiply": 1},
    both: {"multiply": 1},
    and_not: {"add": 1, "multiply": 1},
    side_by_side: {},
    stacked_maps: {},
}
"""Of one element that a Parallel gives."""

MEANS = ("GlobalAvgPool1d", "GlobalAvgPool2d", "AdaptiveAvgPool1d", "AdaptiveAvgPool2d")
MAXIMA = ("GlobalMaxPool1d", "GlobalMaxPool2d", "AdaptiveMaxPool2d")
REPEATED = ("Upsample1d", "Upsample2d")
RESIZED = (*MEANS, *MAXIMA, "GlobalSumPool2d", *REPEATED, "BilinearUpsample2d")
"""Maps of another size: windows of places that become one, or places between others."""


def operations(layer: Any, shape: Shape, out_shape: Shape) -> dict[str, float]:
    """Arithmetic of a sample and step by kind; shape, out_shape: going in and coming out.

    TypeError for a layer that cannot be counted: it would be priced at nothing.
    """
    kind, outputs = getattr(layer, "kind", type(layer).__name__), math.prod(out_shape)
    if isinstance(layer, Parallel):
        if layer.join not in JOINS:
            known = ", ".join(join.__name__ for join in JOINS)
            raise TypeError(f"count: cannot count the join {layer.join!r:.60} of a Parallel; take one of {known}")
        return _times(JOINS[layer.join], outputs)
    if kind in RESIZED:
        return _resized(layer, kind, shape, out_shape)
    if isinstance(layer, Normalisation):
        raise TypeError(
            f"count: a {kind} folds into a Linear or convolution; put it directly behind the one it follows"
        )
    if kind not in POINTWISE:
        kinds = "Linear", "convolutions", "pooling", "BatchNorm", "neurons", "Parallel"
        known = ", ".join((*kinds, *FREE, *POINTWISE, *RESIZED))
        raise TypeError(f"count: cannot count a {kind}; build the net of known layers: {known}")
    return _times(POINTWISE[kind], outputs)


def _times(each: Mapping[str, int], n: int) -> dict[str, float]:
    return {operation: float(times * n) for operation, times in each.items()}


def _resized(layer: Any, kind: str, shape: Shape, out_shape: Shape) -> dict[str, float]:
    """Every place of a window is compared or added but the first; every weight between two places is multiplied."""
    outputs = math.prod(out_shape)
    if kind in REPEATED:
        return {}
    if kind == "BilinearUpsample2d":
        lines = zip(shape[-2:], out_shape[-2:], strict=True)
        met = math.prod(int(np.count_nonzero(line_weights(n, to))) for n, to in lines) * math.prod(shape[:-2])
        return {"multiply": float(met), "add": float(met - outputs)}
    places = math.prod(shape)
    if kind.startswith("Adaptive"):
        sizes = layer.config()["size"]
        n_axes = len(sizes)
        widths = (sum(stop - start for start, stop in bins(n, to))
                  for n, to in zip(shape[len(shape) - n_axes :], sizes, strict=True))  # fmt: skip
        places = math.prod(widths) * math.prod(shape[: len(shape) - n_axes])
    work = {"compare" if kind in MAXIMA else "add": float(places - outputs)}
    return work | ({"multiply": float(outputs)} if kind in MEANS else {})
