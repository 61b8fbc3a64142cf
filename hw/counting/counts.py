"""What one inference costs in operations, values moved and spikes: means over the samples it was counted on.

Counts know no format and no chip; `hw.energy` prices them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from spikenet.errors import finite_number


@dataclass(frozen=True)
class Traffic:
    """Values read and written, per inference.

    weights, biases, parameters: stored numbers read; parameters are those of neurons that have one each
    values_*  : activations that are not 0/1
    bits_*    : spikes, one bit a neuron and step
    sums_*    : products of an input that never changes, kept while the neurons run on them
    states_*  : neuron state variables
    """

    weights: float = 0.0
    biases: float = 0.0
    parameters: float = 0.0
    values_read: float = 0.0
    values_written: float = 0.0
    bits_read: float = 0.0
    bits_written: float = 0.0
    sums_read: float = 0.0
    sums_written: float = 0.0
    states_read: float = 0.0
    states_written: float = 0.0


@dataclass(frozen=True)
class Stored:
    """Values a layer keeps: they decide how large a memory has to be. channels: sums with a multiplier of their own."""

    weights: int = 0
    biases: int = 0
    channels: int = 0
    parameters: int = 0
    values: int = 0
    bits: int = 0
    sums: int = 0
    states: int = 0


@dataclass(frozen=True)
class LayerCount:
    """Counts of one layer, per inference.

    steps     : time steps; 1 for a net without time
    macs      : multiply-accumulates, zeros included: an input that is not 0/1, times every weight it meets
    acs       : synaptic operations: input spikes times the outputs each really reaches
    effective : those of macs and acs in which neither input nor weight is zero (NeuroBench)
    dense     : operations if every input of every step met every weight (NeuroBench)
    bias_adds : additions of a bias to a finished sum
    sums      : sums finished; each is rescaled when weights are integers
    feeds_neurons: the sums go to neurons, not to a conventional layer
    sources, events: elements of a 0/1 input, and the spikes they sent; 0 when the input is not 0/1
    units     : neurons, or elements that leave a pointwise layer or a pooling
    updates, active_updates: neuron updates, and those that had something to do (`hw.activity`)
    spikes    : spikes this layer sent
    is_spiking: whether it is neurons whose output is a spike
    neuron_operations, pointwise_operations: arithmetic by kind, of neuron updates and of conventional activations
    pointwise_values: results of conventional activations; 0 for pooling, which needs no table
    """

    name: str
    steps: int = 1
    macs: float = 0.0
    acs: float = 0.0
    effective: float = 0.0
    dense: float = 0.0
    bias_adds: float = 0.0
    sums: float = 0.0
    feeds_neurons: bool = False
    sources: int = 0
    events: float = 0.0
    units: int = 0
    updates: float = 0.0
    active_updates: float = 0.0
    spikes: float = 0.0
    is_spiking: bool = False
    neuron_operations: Mapping[str, float] = field(default_factory=dict)
    pointwise_operations: Mapping[str, float] = field(default_factory=dict)
    pointwise_values: float = 0.0
    traffic: Traffic = Traffic()
    stored: Stored = Stored()

    def scaled(self, factor: float) -> LayerCount:
        """The layer with `factor` times the spikes: synaptic operations and their weights scale, all else stays.

        Which neurons count as active is left as it was: how it would change is not known from one measurement.
        """
        share = self.acs / (self.acs + self.macs) if self.acs else 0.0  # a layer has the one or the other
        weights = self.traffic.weights * (1.0 + share * (factor - 1.0))
        return replace(
            self,
            acs=self.acs * factor,
            effective=self.effective * (1.0 + share * (factor - 1.0)),
            events=self.events * factor,
            spikes=self.spikes * factor,
            traffic=replace(self.traffic, weights=weights),
        )


@dataclass(frozen=True)
class Counts:
    """Counts of a net, layer by layer, per inference.

    samples     : how many inferences they are the mean of
    assumptions : what the counting took for granted, for the footnotes of a report
    """

    layers: tuple[LayerCount, ...]
    samples: int
    assumptions: tuple[str, ...] = ()

    def total(self, number: Callable[[LayerCount], float]) -> float:
        """Sum over layers of one of their numbers: ``counts.total(lambda layer: layer.traffic.weights)``."""
        return float(sum(number(layer) for layer in self.layers))

    def arithmetic(self, kinds: Callable[[LayerCount], Mapping[str, float]]) -> dict[str, float]:
        """Operations by kind, summed over layers."""
        summed: dict[str, float] = {}
        for layer in self.layers:
            for kind, n in kinds(layer).items():
                summed[kind] = summed.get(kind, 0.0) + n
        return summed

    @property
    def is_spiking(self) -> bool:
        """Whether any layer is neurons that spike."""
        return any(layer.is_spiking for layer in self.layers)

    @property
    def spikes(self) -> float:
        """Spikes sent per inference, those of the input not included."""
        return self.total(lambda layer: layer.spikes)

    @property
    def rate(self) -> float | None:
        """Mean spikes per source and step over everything that sends spikes into a connection, input included.

        None when nothing does.
        """
        slots = sum(layer.sources * layer.steps for layer in self.layers)
        return self.total(lambda layer: layer.events) / slots if slots else None

    def scaled(self, factor: float) -> Counts:
        """The same net with `factor` times the spikes, of input and neurons together."""
        if finite_number("scaled factor", factor) < 0:
            raise ValueError(f"scaled: expected a factor >= 0, got {factor}")
        return replace(self, layers=tuple(layer.scaled(factor) for layer in self.layers))
