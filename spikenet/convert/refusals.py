"""What has no form of few bits or of spikes is said, not left as it is without a word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spikenet.errors import Array, finite_values
from spikenet.layers import Sequential

NO_PRODUCTS = ("Embedding", "LearntPositions")  # weights that are looked up or added


def check_real(where: str, layer: Any) -> None:
    """TypeError for a layer with complex parameters: their imaginary part would be lost."""
    for name, p in layer.parameters().items():
        if np.iscomplexobj(p.data):
            raise TypeError(f"{where}: expected real weights, {name!r} of {layer!r:.60} is {p.dtype}")


def check_no_products(where: str, layer: Any) -> None:
    """TypeError for a layer whose weights multiply its input: only Linear and convolutions have an integer form."""
    for name, p in layer.parameters().items():
        if p.ndim > 1 and layer.kind not in NO_PRODUCTS:
            raise TypeError(
                f"{where}: no integer form is known of {layer!r:.60}, its {name!r} would stay float; there are Linear, "
                "Conv1d and Conv2d, also within Sequential, Residual and Parallel"
            )


def real_values(where: str, values: Any) -> Array:
    """`values` as a float array; TypeError for complex ones, ValueError for those that are not finite."""
    if np.iscomplexobj(values):
        raise TypeError(f"{where}: expected real numbers, got complex ones")
    return finite_values(where, values)


def unnested(layers: Sequence[Any]) -> list[Any]:
    """Layers one after the other, those of a Sequential among them in its place."""
    return [one for layer in layers for one in (unnested(layer.layers) if isinstance(layer, Sequential) else [layer])]
