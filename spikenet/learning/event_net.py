"""A net in continuous time: exact spike times, and gradients in them that are exact, too (EventProp).

Source: Wunderlich & Pehle 2021, "Event-based backpropagation can compute exact gradients for spiking neural networks",
Scientific Reports 11:12829. The weights are those of the net, which runs in steps as ever afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikenet.errors import positive, whole
from spikenet.graph import Tensor, TensorLike
from spikenet.layers import Layer, Linear, Sequential, Training
from spikenet.learning.event_layer import Fired, event_layer, neurons
from spikenet.learning.rule import Learnt, Loss, scalar, sequence


@dataclass(frozen=True)
class EventRun:
    """What every layer of neurons did, the last one being the readout.

    end_s : length of the run, seconds; the time of spikes that did not happen
    """

    layers: tuple[Fired, ...]
    end_s: float

    @property
    def first_times(self) -> Tensor:
        """(batch, n) seconds of the first spikes of the last layer."""
        return self.layers[-1].times[:, :, 0]

    @property
    def maximum(self) -> Tensor:
        """(batch, n) largest membrane of the readout (LI) at any time; 0, where it starts, at least."""
        return self._readout().maximum

    @property
    def mean(self) -> Tensor:
        """(batch, n) membrane of the readout (LI), averaged over time."""
        return self._readout().mean

    def _readout(self) -> Fired:
        if self.layers[-1].n_fired.any():
            raise ValueError("EventRun: expected LI as the last layer to read a membrane from, got neurons that fire")
        return self.layers[-1]

    @property
    def grazing(self) -> int:
        """Spikes whose membranes rose too slowly for a gradient: their slope was taken as 1e-3 thresholds a tau."""
        return sum(layer.grazing for layer in self.layers)


@dataclass(frozen=True)
class EventNet:
    """`net` in continuous time: a Sequential of Linear, each followed by LIF, CubaLIF or, as the last one, LI.

    most: spikes of a neuron in one run that there is room for, >= 1

    Called with x (steps, batch, n), amounts that arrive at the starts of steps, or with times in seconds
    (`at(times, end_s)`). Gradients are exact in the weights and biases; parameters of neurons are not learnt. A spike
    that appears or vanishes is a jump no gradient knows of: a neuron that does not fire gets none, so start with
    weights large enough that all do.

    Raises TypeError for another net, ValueError for neurons without a reading in continuous time (IF, no_reset,
    refractory).
    """

    net: Sequential
    most: int = 64

    def __post_init__(self) -> None:
        whole("EventNet: most", self.most)
        _pairs(self.net)

    def __call__(self, x: TensorLike) -> EventRun:
        given = sequence("EventNet", self.net, x).data
        dt_s = _pairs(self.net)[0][1].config()["dt_s"]
        if given.ndim != 3:
            raise ValueError(f"EventNet: expected input (steps, batch, n), got shape {given.shape}")
        rows = np.moveaxis(given, 0, -1)
        many = max(1, int((rows != 0).sum(axis=-1).max()))
        first = np.argsort(rows == 0, axis=-1, kind="stable")[..., :many]  # the steps of what is not 0, in order
        amounts = np.take_along_axis(rows, first, axis=-1).astype(np.float64)
        return self._run(Tensor(first * float(dt_s)), amounts, len(given) * float(dt_s))

    def at(self, times_s: TensorLike, end_s: float) -> EventRun:
        """The same for spikes at given times in seconds, (batch, n) or (batch, n, m); infinite where there is none.

        A Tensor that requires a gradient gets the loss's gradient in these times.
        """
        end = positive("EventNet: end_s", end_s)
        times = times_s if isinstance(times_s, Tensor) else Tensor(np.asarray(times_s, np.float64))
        times = times.reshape(*times.shape, 1) if times.ndim == 2 else times
        n_in = _pairs(self.net)[0][0].n_in
        if times.ndim != 3 or times.shape[1] != n_in or not times.size:
            raise ValueError(f"EventNet: expected times (batch, {n_in}) or (batch, {n_in}, m), got {times.shape}")
        if not (times.data >= 0).all():
            raise ValueError(f"EventNet: expected times >= 0, got {np.min(times.data)}")
        return self._run(times, (times.data < end) * 1.0, end)

    def _run(self, times: Tensor, amounts: Any, end: float) -> EventRun:
        done: list[Fired] = []
        for linear, cells in _pairs(self.net):
            constants = neurons(cells, linear.n_out)
            one = event_layer(times, amounts, linear.weight, linear.bias, constants, end, self.most)
            done.append(one)
            times, amounts = one.times, (np.arange(self.most) < one.n_fired[..., None]) * 1.0
        return EventRun(tuple(done), end)


Readout = Callable[[EventRun], Tensor]


@dataclass(frozen=True)
class FirstTimes:
    """-(time of the first spike) / tau_s, so that who fires first has the largest output: time-to-first-spike."""

    tau_s: float

    def __post_init__(self) -> None:
        positive("FirstTimes: tau_s", self.tau_s)

    def __call__(self, run: EventRun) -> Tensor:
        return run.first_times * (-1 / self.tau_s)


def maximum(run: EventRun) -> Tensor:
    """The readout's largest membranes."""
    return run.maximum


def mean_membrane(run: EventRun) -> Tensor:
    """The readout's mean membranes: an integral loss."""
    return run.mean


@dataclass(frozen=True)
class EventProp:
    """The rule: loss(readout(run), targets), as exact gradients have it.

    readout: FirstTimes(tau_s), maximum, mean_membrane, or a function of EventRun that returns a Tensor (batch, ...)
    most   : as in EventNet
    """

    readout: Readout
    most: int = 64

    def __post_init__(self) -> None:
        if not callable(self.readout) or isinstance(self.readout, type):
            raise TypeError(f"EventProp: readout: expected a function such as maximum, got {self.readout!r:.60}")
        whole("EventProp: most", self.most)

    def __call__(self, net: Layer, x: TensorLike, targets: Any, loss: Loss, training: Training | None = None) -> Learnt:
        """Adds the gradients; returns what the readout says, (batch, ...), and the loss."""
        said = self.runs(net)(x)
        value = scalar("EventProp", loss(said, targets))
        if value.requires_grad:
            value.backward()
        return Learnt(said.detach(), value.item())

    def runs(self, net: Layer) -> Callable[[TensorLike], Tensor]:
        """The net as this rule sees it: from inputs (steps, batch, n) to what the readout says."""
        if not isinstance(net, Sequential):
            raise TypeError(f"EventProp: net: expected a Sequential, got {net!r:.60}")
        events = EventNet(net, self.most)
        return lambda x: self.readout(events(x))


def _pairs(net: Any) -> list[tuple[Linear, Layer]]:
    wanted = "EventNet: expected Sequential(Linear, LIF, Linear, LIF, ...)"
    if not isinstance(net, Sequential) or len(net.layers) % 2:
        raise TypeError(f"{wanted}, got {net!r:.80}")
    pairs = []
    for k in range(0, len(net.layers), 2):
        linear, cells = net.layers[k], net.layers[k + 1]
        if not isinstance(linear, Linear):
            raise TypeError(f"{wanted}, got {linear!r:.60} at position {k}")
        if getattr(cells, "learn", ()):
            raise ValueError("EventNet: parameters of neurons are not learnt by exact spike times; leave out learn=")
        if cells.kind == "LI" and k + 2 < len(net.layers):
            raise TypeError(f"{wanted}: LI does not fire, it can only be the last, got it at position {k + 1}")
        neurons(cells, linear.n_out)
        pairs.append((linear, cells))
    steps = {float(cells.config()["dt_s"]) for _, cells in pairs}
    if len(steps) > 1:
        raise ValueError(f"EventNet: expected one dt_s in all layers, got {sorted(steps)}")
    return pairs
