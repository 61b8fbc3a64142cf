"""How much memory each layer of a net takes, from shapes alone: one formula for each kind of layer.

The shapes inside come from a run with two steps and one sample; all the rest is counted. What each layer of `LAYERS`
allocates is written down here once; other layers are taken to make an array in the shape of their output and keep it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spikenet.graph import Tensor, relu
from spikenet.kernels import pass_bytes
from spikenet.kernels.memory import IDLE_LIMIT
from spikenet.kernels.products import WORTH_LOOKING
from spikenet.layers import neuron_footprint, window_footprint
from spikenet.layers.convolution import Convolution
from spikenet.layers.delayed_recurrent import DelayedRecurrent
from spikenet.layers.dropout import Dropout
from spikenet.layers.layer import Layer, Training
from spikenet.layers.linear import FEW, Linear
from spikenet.layers.normalisation import Normalisation
from spikenet.layers.pointwise import Pointwise
from spikenet.layers.pooled_convolution import joined
from spikenet.layers.pooling import Pooling
from spikenet.layers.recurrent import Recurrent
from spikenet.layers.segmented import Segmented
from spikenet.layers.sequential import Residual, Sequential
from spikenet.layers.spiking import Spiking
from spikenet.layers.state_leaves import leaves


@dataclass(frozen=True)
class LayerMemory:
    """Bytes that one layer takes.

    name      : place and kind, as "1 LIF"
    shape     : of its output
    parameters: its weights
    output    : what it sends on: an array, or lists of events; 0 for a view of its input
    written   : arrays it makes from events it receives, which stay as long as those
    kept      : what it keeps besides for the backward pass: states, masks, lists
    gradient  : what its backward pass makes: the gradient in its input
    forward_scratch, backward_scratch: given back before the next layer begins
    pooled    : whether its output is from `kernels.memory`, whose buffers lie idle for the next of their size
    lent      : whether its output is given back once the next layer has run, even when training
    """

    name: str
    shape: tuple[int, ...]
    parameters: int
    output: int
    written: int = 0
    kept: int = 0
    gradient: int = 0
    forward_scratch: int = 0
    backward_scratch: int = 0
    pooled: bool = False
    lent: bool = False


@dataclass(frozen=True)
class _Signal:
    """What flows between two layers: its stand-in from a short run, and the real sizes.

    steps : length of axis 0; batch: length of axis 1 in a net with memory, else 1: then axis 1 is like any other
    lead  : how many axes those are, 2 or 1
    events: whether it is sent as lists of events, so that whoever wants an array makes one
    learnt: whether a gradient of it is asked for
    """

    probe: Tensor
    steps: int
    batch: int
    lead: int
    events: bool
    learnt: bool

    @property
    def held(self) -> bool:
        """Whether it is the same at every step, and there once."""
        return self.probe.repeated is not None

    @property
    def n(self) -> int:
        """Values of one sample at one step."""
        return math.prod(self.probe.shape[self.lead :])

    @property
    def rows(self) -> int:
        """How often those are there."""
        return (1 if self.held else self.steps) * self.batch

    @property
    def dense(self) -> int:
        """Bytes as an array."""
        return self.rows * self.n * self.probe.dtype.itemsize

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.steps, self.batch)[: self.lead] + self.probe.shape[self.lead :]


def layer_memory(net: Layer, probe: Tensor, steps: int, batch: int | None) -> tuple[LayerMemory, ...]:
    """The memory of every layer of `net`, in order.

    probe: stand-in of the input, (2, 1, ...), or (2, ...) when batch is None; one whose steps repeat stands for input
           that does
    steps: real length of axis 0;  batch: real length of axis 1 in a net with memory, None in others
    """
    lead = 1 if batch is None else 2
    training = Training(np.random.default_rng(0), over_time=lead == 2)
    return tuple(_walk("", net, [_Signal(probe, steps, batch or 1, lead, False, probe.requires_grad)], training))


def training_bytes(layers: tuple[LayerMemory, ...], copies: int) -> int:
    """Peak of a training step: all that is kept, `copies` of the weights, and the gradients that pass through."""
    weights = sum(one.parameters for one in layers)
    kept = sum((0 if one.lent else one.output) + one.written + one.kept for one in layers)
    lent = max((one.output for one in layers if one.lent), default=0)
    last = layers[-1].output if layers else 0  # the gradient of the loss in the output, at most
    passing = max(lent, _reused([last, *(one.gradient for one in reversed(layers))]))
    scratch = max((max(one.forward_scratch, one.backward_scratch) for one in layers), default=0)
    return weights * copies + kept + passing + scratch


def forward_bytes(layers: tuple[LayerMemory, ...]) -> int:
    """Peak of a run in evaluation."""
    pooled = _reused([one.output if one.pooled else 0 for one in layers])
    others = max((one.written + one.forward_scratch + (0 if one.pooled else one.output) for one in layers), default=0)
    return sum(one.parameters for one in layers) + pooled + others


def _reused(sizes: list[int]) -> int:
    """Memory taken by arrays each of which goes when the next but one comes: their buffers lie idle, to be used again.

    A buffer serves an array of its own size only; idle ones beyond IDLE_LIMIT are given back.
    """
    most: dict[int, int] = {}
    for before, now in zip([0, *sizes], sizes, strict=False):
        most[now] = max(most.get(now, 0), 2 if before == now else 1)
    alive = max((a + b for a, b in zip([0, *sizes], sizes, strict=False)), default=0)
    return min(sum(size * count for size, count in most.items()), alive + IDLE_LIMIT)


def _walk(place: str, layer: Layer, signals: list[_Signal], training: Training) -> Iterator[LayerMemory]:
    """The memory of the layers inside `layer`; the signal it sends on is appended to `signals`."""
    x = signals[-1]
    if isinstance(layer, (Sequential, Residual)):
        for k, inner in enumerate(layer.layers):
            for one in _walk(f"{place}{', ' if place else ''}{k} ", inner, signals, training):
                yield _within(layer.layers, k, one, signals[-1])
        if isinstance(layer, Residual):
            last = signals[-1]
            probe = Tensor(np.array(last.probe.data), requires_grad=last.learnt)
            y = _Signal(probe, x.steps, x.batch, x.lead, False, x.learnt or last.learnt)
            written = sum(s.dense for s in (x, last) if s.events)
            signals.append(y)
            gradient = x.dense if x.learnt else 0  # one from each way, and their sum
            yield LayerMemory(
                f"{place}sum", y.shape, 0, y.dense, written=written, gradient=gradient, backward_scratch=2 * gradient
            )
        return
    name = f"{place}{getattr(layer, 'name', layer.kind)}".strip()
    probe, state = layer.run(x.probe, training=training)
    weights = sum(p.data.nbytes for p in layer.parameters().values())
    learnt = x.learnt or any(p.requires_grad for p in layer.parameters().values())
    y = _Signal(probe, x.steps, x.batch, x.lead, False, learnt)
    sends_events = neuron_footprint.fires(layer) and pass_bytes.lists_events(True, y.n)
    y = replace(y, events=sends_events or (x.events and _is_view(probe, x.probe)))
    signals.append(y)
    output = pass_bytes.event_bytes(y.steps * y.batch, y.n) if sends_events else y.dense
    one = LayerMemory(name, y.shape, weights, output, gradient=x.dense if x.learnt else 0)
    yield _of_kind(layer, one, x, y, state)


def _within(layers: tuple[Any, ...], k: int, one: LayerMemory, y: _Signal) -> LayerMemory:
    """The memory of layer k as its neighbours leave it: what is pooled at once is never written out."""
    if joined(layers, k):
        return replace(one, output=0)
    if k and joined(layers, k - 1):
        windows = math.prod(y.probe.shape[y.lead :][-layers[k].n_axes :])
        return replace(one, **window_footprint.of_joined(layers[k - 1], windows, y.rows, y.probe.dtype))
    if isinstance(layers[k], Linear) and k + 1 < len(layers):
        spends = neuron_footprint.spends(layers[k + 1], y.steps, y.batch, y.n, y.probe.dtype.itemsize)
        return replace(one, lent=spends and not y.held)
    return one


def _of_kind(layer: Layer, one: LayerMemory, x: _Signal, y: _Signal, state: Any) -> LayerMemory:
    itemsize, written = y.probe.dtype.itemsize, x.dense if x.events else 0
    if isinstance(layer, Linear):
        few = x.events and layer.n_out <= FEW  # the gradient goes back as two factors
        sizes = (layer.n_in, layer.n_out, layer.weight.dtype)
        tiled, summed = pass_bytes.event_product_bytes(*sizes) if x.events else (0, 0)
        looked_for = not (x.learnt or x.held or x.events) and x.steps * x.batch * x.n * layer.n_out >= WORTH_LOOKING
        lists = pass_bytes.event_bytes(x.steps * x.batch, x.n) if looked_for else 0
        gradient = 0 if few else one.gradient
        return replace(
            one, kept=lists, gradient=gradient, forward_scratch=lists + tiled, backward_scratch=summed, pooled=True
        )
    if isinstance(layer, (Spiking, Recurrent)):
        more = neuron_footprint.of_neurons(layer, y.steps, y.batch, y.n, itemsize)
        return replace(one, written=written, **more, pooled=True)
    if isinstance(layer, DelayedRecurrent):
        more = neuron_footprint.of_late_loops(layer, y.steps, y.batch, y.n, itemsize)
        return replace(one, written=written, **more, pooled=True)
    if isinstance(layer, Segmented):
        steps = min(layer.steps, x.steps)
        inner = Tensor(x.probe.data, requires_grad=x.learnt and not x.held)
        parts = layer_memory(layer.layers[0], inner, steps, x.batch if x.lead == 2 else None)
        starts = math.ceil(x.steps / steps) * x.batch * sum(leaf.data.nbytes for leaf in leaves(state))
        return replace(
            one,
            written=written,
            kept=starts,
            forward_scratch=forward_bytes(parts) - one.parameters,
            backward_scratch=training_bytes(parts, copies=1),  # the gradients of a segment; weights count outside
            pooled=True,
        )
    if isinstance(layer, Convolution):
        data = not (x.learnt or x.events)
        more = window_footprint.of_convolution(layer, x.probe.shape[x.lead :], x.rows, x.probe.dtype, data)
        return replace(one, **more, pooled=True)
    if isinstance(layer, Pooling):
        return replace(
            one, **window_footprint.of_pooling(layer, y.probe.shape[y.lead :], y.rows, x.events), pooled=True
        )
    if isinstance(layer, Normalisation):
        return replace(one, written=written, pooled=True)
    if _is_view(y.probe, x.probe):
        return replace(one, output=0, gradient=0)
    if isinstance(layer, Dropout):
        return replace(one, written=written, kept=y.batch * y.n * itemsize)
    plain = isinstance(layer, Pointwise) and layer.function is relu  # others have numpy make one array more, or two
    return replace(one, written=written, forward_scratch=0 if plain else y.dense, backward_scratch=y.dense)


def _is_view(y: Tensor, x: Tensor) -> bool:
    return y is x or np.shares_memory(y.data, x.data)
