"""What layers over time ask of a sequence of vectors."""

from __future__ import annotations

from spikenet.graph import Tensor


def sequence_of(name: str, x: Tensor, n: int) -> Tensor:
    """x; ValueError, beginning with the layer's `name`, unless it is (steps, batch, n) without empty axes."""
    if x.ndim != 3 or x.shape[2] != n or not x.size:
        raise ValueError(
            f"{name}: expected input (steps, batch, {n}) without empty axes, got {x.shape}; "
            "a missing batch axis is added with x[:, None]"
        )
    return x
