"""What stands where in a net that is made into another; and what has no other form is said, not left in silence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from spikenet.errors import Array, finite_values
from spikenet.layers import ComplexBatchNorm, Dropout, Normalisation, Residual, Sequential

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


def norms_behind(layers: Sequence[Any], is_connection: Callable[[Any], bool]) -> Iterator[tuple[Any, Any]]:
    """(connection, batch norm that stands right behind it but for dropout), also inside containers; in order."""
    last: Any = None
    for one in unnested(layers):
        if is_connection(one):
            last = one
        elif isinstance(one, (Normalisation, ComplexBatchNorm)):
            if last is not None:
                yield last, one
        elif not isinstance(one, Dropout):
            last = None
            inner = getattr(one, "layers", ())
            for run in [inner] if isinstance(one, Residual) else [[each] for each in inner]:
                yield from norms_behind(run, is_connection)


def unnested(layers: Sequence[Any]) -> list[Any]:
    """Layers one after the other, those of a Sequential among them in its place."""
    return [one for layer in layers for one in (unnested(layer.layers) if isinstance(layer, Sequential) else [layer])]
