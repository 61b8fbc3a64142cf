"""What layers with a sliding window share: sizes along one or two axes, weights, and the checks of their input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from spikenet.errors import whole
from spikenet.graph import Tensor
from spikenet.kernels.window import Pair, Window

Extent: TypeAlias = int | Sequence[int]
"""A whole number for all axes the window slides along, or one for each."""


class Sizes(NamedTuple):
    """Of a layer whose weights slide: channels, filters, and one number for each axis of the window."""

    n_in: int
    n_out: int
    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int

    def config(self, **more: Any) -> dict[str, Any]:
        """As arguments of the layer, which JSON can hold."""
        return {n: list(v) if isinstance(v, tuple) else v for n, v in (self._asdict() | more).items()}


def sizes_of(
    kind: str, n_axes: int, n_in: int, n_out: int, kernel_size: Extent, stride: Extent, padding: Extent,
    dilation: Extent, groups: int,
) -> Sizes:  # fmt: skip
    """The arguments, checked; TypeError or ValueError names the one that is wrong."""
    n_in, n_out, groups = (
        whole(f"{kind}: {name}", n) for name, n in (("n_in", n_in), ("n_out", n_out), ("groups", groups))
    )
    if n_in % groups or n_out % groups:
        raise ValueError(f"{kind}: groups: expected a divisor of n_in {n_in} and of n_out {n_out}, got {groups}")

    def along(name: str, value: Extent, least: int = 1) -> tuple[int, ...]:
        return extents(f"{kind}: {name}", value, n_axes, least)

    return Sizes(
        n_in, n_out, along("kernel_size", kernel_size), along("stride", stride), along("padding", padding, 0),
        along("dilation", dilation), groups,
    )  # fmt: skip


def check_maps(kind: str, x: Tensor, n_in: int, n_axes: int, weight: Tensor) -> None:
    """ValueError unless x is (..., n_in, maps of n_axes), TypeError unless its numbers are those of the weights."""
    if x.ndim <= n_axes or x.shape[-n_axes - 1] != n_in:
        raise ValueError(f"{kind}: expected input (..., {n_in}, {shape_text(n_axes)}), got {x.shape}")
    if x.dtype != weight.dtype:
        raise TypeError(f"{kind}: expected {weight.dtype} as the weights are, got {x.dtype}; use sn.cast")


def extents(name: str, value: Extent, n_axes: int, least: int = 1) -> tuple[int, ...]:
    """One whole number >= least for each axis; TypeError or ValueError for anything else."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return (whole(name, value, least),) * n_axes
    if len(value) != n_axes:
        raise ValueError(f"{name}: expected a whole number or {n_axes} of them, got {tuple(value)}")
    return tuple(whole(name, n, least) for n in value)


def window_of(
    name: str,
    shape: tuple[int, ...],
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
) -> Window:
    """The window on maps that are the last axes of `shape`, as many as kernel_size has numbers.

    Raises ValueError when it does not fit into the padded map.
    """
    n_axes = len(kernel_size)
    size = shape[len(shape) - n_axes :]
    window = Window(_pair(size, 1), _pair(kernel_size, 1), _pair(stride, 1), _pair(padding, 0), _pair(dilation, 1))
    if min(window.out) < 1 or min(size) < 1:
        raise ValueError(
            f"{name}: expected {shape_text(n_axes)} at least as large as the window, "
            f"{tuple(d * (k - 1) + 1 for k, d in zip(kernel_size, dilation, strict=True))} less padding {padding} "
            f"on each side, got {size} in input {shape}"
        )
    return window


def shape_text(n_axes: int) -> str:
    """What the last axes are called in messages."""
    return "height, width" if n_axes == 2 else "length"


def _pair(numbers: tuple[int, ...], missing: int) -> Pair:
    """Along height and width; a line is a map of height 1."""
    return (numbers[0], numbers[1]) if len(numbers) == 2 else (missing, numbers[0])
