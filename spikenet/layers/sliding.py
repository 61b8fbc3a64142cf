"""The arguments that layers with a sliding window share: sizes along one or two axes, checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from spikenet.errors import whole
from spikenet.kernels.window import Pair, Window

Extent: TypeAlias = int | Sequence[int]
"""A whole number for all axes the window slides along, or one for each."""


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
