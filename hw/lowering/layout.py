"""A Sequential as chips see it: stages, each a connection and the neurons behind it.

Pooling stands in front of the connection it feeds; Flatten and Dropout are nothing at inference, a normalisation goes
into the weights before it, as sums in front of neurons do; a dense connection behind a map keeps the map's shape. What
no stage can hold (a BatchNorm with no connection in front, two connections with no neurons between) becomes an obstacle
that `hw.check` reports, with what to do about it, and so does a layer that no chip knows. What stands behind that one
is looked at with the size it says it takes, or, if it does not say, from the next layer on that does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.lowering.kinds import Loop, flat_layers, is_free, is_neurons, recurrent_delays, recurrent_weight
from hw.lowering.network import as_layers
from hw.lowering.stages import Layout, Obstacle, Shape, Stage
from hw.lowering.widened import joined
from hw.records.breach import Breach, DoesNotFit
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


@dataclass
class _Reader:
    """Where a walk through the layers has got to.

    shape : of what the next layer gets; empty behind a layer that no chip knows
    is_gap: whether such a layer stands behind the last stage, so that nothing belongs to that any more
    """

    shape: Shape
    is_gap: bool = False
    pools: tuple[tuple[str, Window], ...] = ()
    before_pools: Shape = ()
    pooled_at: int = -1
    delays: Any = 0
    stages: list[Stage] = field(default_factory=list)
    obstacles: list[Obstacle] = field(default_factory=list)

    def connect(self, name: str, at: int, layer: Any, out: Shape, window: Window | None) -> None:
        last = self.stages[-1] if self.stages else None
        if last is not None and last.neurons is None and last.activation is None and not self.is_gap:
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
        self._pass(out, is_gap=False)

    def lose(self, shape: Shape = ()) -> None:
        """Behind a layer that no chip knows, which sends what has this shape, if that is known."""
        self._pass(shape, is_gap=True)

    def _pass(self, shape: Shape, *, is_gap: bool) -> None:
        self.shape, self.is_gap = shape, is_gap
        self.pools, self.before_pools, self.pooled_at, self.delays = (), (), -1, 0

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

    def misplaced(self, name: str) -> bool:
        """Whether pooling stands between a connection and `name`, as no chip has it; then that is all to be said."""
        last = self.stages[-1] if self.stages and not self.is_gap else None
        if not self.pools or last is None or last.neurons is not None or last.activation is not None:
            return False
        kind = self.pools[-1][0]
        change = f"put it behind {name}"
        if kind.startswith("Max"):
            change = f"take {kind.replace('Max', 'Avg')}, or put {kind.replace('Max', 'Sum')} behind {name}"
        what = f"between {last.name} and {name}, where a chip only adds up"
        self.obstacles.append(Obstacle(f"{self.pooled_at} {kind}", what, change))
        self.lose(self.shape)
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

    Raises TypeError for what is no Sequential, ValueError for sizes that do not fit or a missing input_shape,
    DoesNotFit for a net without a stage but with layers that no chip knows.
    """
    layers = flat_layers(as_layers(net, seed))
    reader = _Reader(_input(layers, input_shape))
    for k, layer in joined(layers):
        if layer.kind == "Unflatten":
            if reader.shape and math.prod(reader.shape) != math.prod(layer.config()["shape"]):
                raise ValueError(f"check: layer {k} {layer!r} gets {reader.shape}; give input_shape")
            reader.shape = tuple(layer.config()["shape"])
        elif not is_free(layer):
            _read(reader, k, layer)
    if reader.pools:
        reader.obstacles.append(Obstacle("the net", "pooling behind the last connection", "leave it out"))
    if not reader.stages and reader.is_gap:
        raise DoesNotFit([Breach("any chip", o.what, o.where, None, None, "", o.change) for o in reader.obstacles])
    if not reader.stages:
        raise ValueError("check: expected at least one Linear or convolution, got none")
    return Layout(tuple(reader.stages), tuple(reader.obstacles), ends=not reader.is_gap)


def _read(reader: _Reader, k: int, layer: Any) -> None:
    name = f"{k} {layer.kind}"
    if isinstance(layer, Linear | DelayedLinear):
        if not reader.shape:
            reader.shape = (layer.n_in,)
        if math.prod(reader.shape) != layer.n_in:
            raise ValueError(f"check: layer {name} takes {layer.n_in} values, it gets {reader.shape}")
        reader.connect(name, k, layer, (layer.n_out,), None)
    elif not reader.shape and isinstance(layer, Convolution | Pooling):
        pass  # they do not say how large a map they take
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
    elif reader.is_gap and (
        isinstance(layer, Loop | Delay | Normalisation) or is_neurons(layer) or _keeps_shape(layer)
    ):
        pass  # they belong to a layer that is reported
    elif isinstance(layer, Loop):
        held = {"recurrent": recurrent_weight(layer), "recurrent_delays": recurrent_delays(layer)}
        if not reader.behind(neurons=layer.layers[0], at=k, **held) and not reader.misplaced(name):
            reader.obstacles.append(Obstacle(name, "recurrent neurons without a connection in front", "add a Linear"))
    elif is_neurons(layer):
        if not reader.behind(neurons=layer, at=k) and not reader.misplaced(name):
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
    elif _keeps_shape(layer) and (reader.activated(layer, k) or reader.misplaced(name)):
        pass
    else:
        change = "leave it out, or replace it by Linear, convolution, pooling and neurons"
        reader.obstacles.append(Obstacle(name, f"no chip holds a {layer.kind}", change))
        reader.lose(reader.shape if _keeps_shape(layer) else ())


def _keeps_shape(layer: Any) -> bool:
    """Whether it is an activation, which sends as much as it gets; one without a place is reported where it stands."""
    return layer.kind == "QCFS" or (isinstance(layer, Pointwise) and layer.keeps_shape)


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
