"""A Sequential as chips see it: stages, each a connection and the neurons behind it.

Pooling stands in front of the connection it feeds; Flatten and Dropout are nothing at inference, a normalisation goes
into the weights before it, a dense connection behind a map keeps the map's shape. What no stage can hold (a BatchNorm
with no connection in front, two connections with no neurons between) becomes an obstacle that `hw.check` reports, with
what to do about it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.lowering.kinds import Loop, flat_layers, folded, is_free, is_neurons, recurrent_delays, recurrent_weight
from hw.lowering.network import as_layers
from spikenet.errors import whole
from spikenet.kernels.window import Window
from spikenet.layers import (
    Convolution,
    Delay,
    DelayedLinear,
    Linear,
    Normalisation,
    Pointwise,
    Pooling,
)
from spikenet.layers.sliding import window_of

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
    """The stages of a net in order and what fits none of them."""

    stages: tuple[Stage, ...]
    obstacles: tuple[Obstacle, ...]


@dataclass
class _Reader:
    """Where a walk through the layers has got to."""

    shape: Shape
    pools: tuple[tuple[str, Window], ...] = ()
    before_pools: Shape = ()
    pooled_at: int = -1
    delays: Any = 0
    stages: list[Stage] = field(default_factory=list)
    obstacles: list[Obstacle] = field(default_factory=list)

    def connect(self, name: str, at: int, layer: Any, out: Shape, window: Window | None) -> None:
        last = self.stages[-1] if self.stages else None
        if last is not None and last.neurons is None and last.activation is None:
            change = f"put neurons between {last.name} and {name}, or multiply the two into one layer"
            self.obstacles.append(Obstacle(name, "two connections with no neurons between them", change))
        before = self.before_pools or self.shape
        weight, bias = np.asarray(layer.weight.data), None if layer.bias is None else np.asarray(layer.bias.data)
        delays = self.delays
        if isinstance(layer, DelayedLinear):
            delays = delays + self.delays_here(name, layer.delays)
        kept = np.asarray(delays) if np.any(delays) else None
        self.stages.append(Stage(name, weight, bias, window, self.pools, before, self.shape, out, at=at, delays=kept,
                                 pooled_at=self.pooled_at))  # fmt: skip
        self.shape, self.pools, self.before_pools, self.pooled_at, self.delays = out, (), (), -1, 0

    def delays_here(self, name: str, steps: Array) -> Any:
        """Delays that may be added here; behind pooling a synapse has no source of its own to be delayed by."""
        if self.pools and np.ptp(steps):
            change = "put the delays in front of the pooling, or make them all the same"
            self.obstacles.append(Obstacle(name, "different delays behind pooling", change))
        return int(steps.max(initial=0)) if self.pools or not np.ptp(steps) else steps

    def behind(self, **changes: Any) -> bool:
        """Adds to the last stage; False when there is none, or pooling stands in between."""
        if not self.stages or self.pools:
            return False
        self.stages[-1] = replace(self.stages[-1], **changes)
        return True

    def activated(self, layer: Any, at: int) -> bool:
        """Whether an activation has a place: behind the last stage; a rectifier also behind the maximum of it, to which
        it does the same."""
        bare = bool(self.stages) and self.stages[-1].activation is None and self.stages[-1].neurons is None
        maxima = bool(self.pools) and all(kind.startswith("Max") for kind, _ in self.pools)
        if bare and maxima and layer.kind in ("ReLU", "QCFS"):
            self.stages[-1] = replace(self.stages[-1], activation=layer)
            self.pooled_at = at
            return True
        return self.behind(activation=layer, at=at)


def layout(net: Any, input_shape: Any = None, seed: int = 0) -> Layout:
    """The stages of a Sequential, or of a Network as the Sequential it can be.

    input_shape: (features,) or (channels, height, width) of one sample; may be left out when a Linear comes first
    seed       : of a Network's synapses

    Raises TypeError for what is no Sequential, ValueError for sizes that do not fit or a missing input_shape.
    """
    layers = flat_layers(as_layers(net, seed))
    reader = _Reader(_input(layers, input_shape))
    for k, layer in folded(layers):
        if layer.kind == "Unflatten":
            if math.prod(reader.shape) != math.prod(layer.config()["shape"]):
                raise ValueError(f"check: layer {k} {layer!r} gets {reader.shape}; give input_shape")
            reader.shape = tuple(layer.config()["shape"])
        elif not is_free(layer):
            _read(reader, k, layer)
    if reader.pools:
        reader.obstacles.append(Obstacle("the net", "pooling behind the last connection", "leave it out"))
    if not reader.stages:
        raise ValueError("check: expected at least one Linear or convolution, got none")
    return Layout(tuple(reader.stages), tuple(reader.obstacles))


def _read(reader: _Reader, k: int, layer: Any) -> None:
    name = f"{k} {layer.kind}"
    if isinstance(layer, Linear | DelayedLinear):
        if math.prod(reader.shape) != layer.n_in:
            raise ValueError(f"check: layer {name} takes {layer.n_in} values, it gets {reader.shape}")
        reader.connect(name, k, layer, (layer.n_out,), None)
    elif isinstance(layer, Convolution):
        shape = _map(name, reader.shape, layer.n_in, layer.n_axes)
        window = window_of(layer.kind, shape, layer.kernel_size, layer.stride, layer.padding, layer.dilation)
        reader.shape = shape
        reader.connect(name, k, layer, (layer.n_out, *window.out), window)
    elif isinstance(layer, Pooling):
        shape = _map(name, reader.shape, None, layer.n_axes)
        window = window_of(layer.kind, shape, layer.kernel_size, layer.stride, layer.padding, (1,) * layer.n_axes)
        reader.before_pools = reader.before_pools or reader.shape
        reader.pools, reader.pooled_at = (*reader.pools, (layer.kind, window)), k
        reader.shape = (shape[0], *window.out)
    elif isinstance(layer, Loop):
        delays = recurrent_delays(layer)
        if not reader.behind(neurons=layer.layers[0], at=k, recurrent=recurrent_weight(layer), recurrent_delays=delays):
            reader.obstacles.append(Obstacle(name, "recurrent neurons without a connection in front", "add a Linear"))
    elif is_neurons(layer):
        if not reader.behind(neurons=layer, at=k):
            change = "add a Linear, or leave them out"
            reader.obstacles.append(Obstacle(name, "neurons without a connection in front", change))
    elif isinstance(layer, Delay):
        steps = reader.delays_here(name, layer.steps)
        each = np.broadcast_to(steps, reader.shape).reshape(-1, 1) if np.ndim(steps) else steps
        reader.delays = reader.delays + each
    elif isinstance(layer, Normalisation):
        reader.obstacles.append(
            Obstacle(name, "a BatchNorm with no connection in front", "put it behind a Linear or convolution")
        )
    elif (isinstance(layer, Pointwise) or layer.kind == "QCFS") and reader.activated(layer, k):
        pass
    else:
        change = "leave it out, or replace it by Linear, convolution, pooling and neurons"
        reader.obstacles.append(Obstacle(name, f"no chip holds a {layer.kind}", change))


def _input(layers: tuple[Any, ...], given: Any) -> Shape:
    if given is None:
        first = next((layer for layer in layers if not is_free(layer)), None)
        if not isinstance(first, Linear | DelayedLinear):
            wanted = "input_shape, (channels, height, width) of one sample"
            raise ValueError(f"check: expected {wanted}, for a net that begins with {first!r:.60}")
        return (first.n_in,)
    shape = (given,) if isinstance(given, int) else tuple(given)
    return tuple(whole("check: input_shape", extent) for extent in shape)


def _map(name: str, shape: Shape, channels: int | None, n_axes: int) -> Shape:
    """`shape` as (channels, height, width), a line being a map of height 1."""
    full = (shape[0], 1, shape[1]) if len(shape) == 2 and n_axes == 1 else shape
    if len(full) != 3 or channels not in (None, full[0]):
        wanted = f"({channels or 'channels'}, height, width)"
        raise ValueError(f"check: layer {name} takes {wanted}, it gets {shape}; give input_shape")
    return full
