"""The records of a net as chips see it: stages, each a connection and the neurons behind it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from spikenet.kernels.window import Window

Array = npt.NDArray[Any]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Obstacle:
    """A layer that fits no stage."""

    where: str
    what: str
    change: str


@dataclass(frozen=True)
class Stage:
    """A connection and what stands behind it.

    name      : position and kind of the connection in the net
    weight    : as the layer holds it, a normalisation behind it folded in;  bias: (n_out,), None without
    window    : of a convolution; None for a dense connection
    pools     : (kind, window) of what stands in front, applied to the spikes of the stage before
    neurons   : the spiking layer behind, None if there is none
    activation: a conventional one behind
    at        : place among the flat layers of what stands last in it: connection, neurons or activation
    pooled_at : place of the last pooling in front, -1 without
    in_shape, mid_shape, out_shape: before pooling, after it, and of the neurons: (n,) or (channels, height, width)
    recurrent : (n, n) weights among the neurons, None without
    delays    : steps of each synapse, on top of the chip's own, or of each source: broadcasts to (sources, neurons)
    recurrent_delays: (n, n) the same of the synapses among the neurons, None without
    arranged  : the neurons in the order in which cores take them; None: `hw.lowering.connectivity.order` has one
    """

    name: str
    weight: Array
    bias: Array | None
    window: Window | None
    pools: tuple[tuple[str, Window], ...]
    in_shape: Shape
    mid_shape: Shape
    out_shape: Shape
    neurons: Any = None
    at: int = -1
    activation: Any = None
    pooled_at: int = -1
    recurrent: Array | None = None
    delays: Array | None = None
    recurrent_delays: Array | None = None
    arranged: Array | None = None

    @property
    def delay(self) -> int:
        """The longest one."""
        both = self.delays, self.recurrent_delays
        return max(0 if delays is None else int(delays.max(initial=0)) for delays in both)

    @property
    def n_sources(self) -> int:
        return math.prod(self.in_shape)

    @property
    def n_neurons(self) -> int:
        return math.prod(self.out_shape)

    @property
    def shape(self) -> Shape:
        """Of the neurons as their layer has it: a line of a one-dimensional convolution is no map of height 1."""
        is_line = self.window is not None and self.weight.ndim == 3
        return (self.out_shape[0], self.out_shape[2]) if is_line else self.out_shape

    @property
    def groups(self) -> int:
        """Of a convolution; 1 for a dense connection."""
        return 1 if self.window is None else self.mid_shape[0] // self.weight.shape[1]


@dataclass(frozen=True)
class Layout:
    """The stages of a net in order and what fits none of them.

    ends: whether the last stage is the end of the net; no layer that fits none stands behind it
    """

    stages: tuple[Stage, ...]
    obstacles: tuple[Obstacle, ...]
    ends: bool = True
