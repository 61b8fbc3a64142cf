"""A net in Loihi 1's integers, run population by population: what a placed program must give as well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.neurons import loihi
from hw.neurons.words import Integers, integers
from spikenet.errors import whole

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class LayerReport:
    """What putting one layer on the chip changed, on the calibration data.

    weight_exponent : the layer's; scale: integers of u and v to the float net's 1
    weight_error    : root mean square of the rounding over that of the weights; clipped: share of the weights cut
    threshold_error : largest of |threshold on the chip / float - 1|; bias_error: largest change over the threshold
    tau_mem_steps, tau_syn_steps: (float net's, chip's) time constants in steps; inf keeps all, 0 nothing
    rate, chip_rate : spikes per neuron and step of the float net and of the chip, its earlier layers on the chip too
    headroom        : 2^23 over the largest |u| or |v| met;  overflows: of u and v on the calibration data
    """

    name: str
    weight_exponent: int
    scale: float
    weight_error: float
    clipped: float
    threshold_error: float
    bias_error: float
    tau_mem_steps: tuple[float, float]
    tau_syn_steps: tuple[float, float]
    rate: float
    chip_rate: float
    headroom: float
    overflows: int

    @property
    def rate_change(self) -> float:
        """Predicted change of the layer's rate, relative to the float net's."""
        return self.chip_rate / self.rate - 1 if self.rate else self.chip_rate

    def __str__(self) -> str:
        return (
            f"{self.name}: exponent {self.weight_exponent}, weights off {self.weight_error:.2%} (clipped "
            f"{self.clipped:.2%}), threshold {self.threshold_error:.2%}, bias {self.bias_error:.2%}, tau_mem "
            f"{self.tau_mem_steps[0]:.4g} -> {self.tau_mem_steps[1]:.4g} steps, tau_syn {self.tau_syn_steps[0]:.4g} -> "
            f"{self.tau_syn_steps[1]:.4g}, rate {self.rate:.4f} -> {self.chip_rate:.4f} ({self.rate_change:+.1%}), "
            f"headroom {self.headroom:.1f}, overflows {self.overflows}"
        )


@dataclass(frozen=True, eq=False)
class Population:
    """One layer: mantissas (inputs, n) with their exponent, its neurons, and what an integer of v is worth.

    shape  : of the neurons, without the batch
    reads_v: whether its voltage is the output (a readout that never fires), in place of its spikes
    """

    name: str
    weights: Integers
    exponent: int
    params: loihi.Params
    scale: float
    shape: tuple[int, ...]
    reads_v: bool

    def __call__(self, spikes: Array, latency: int) -> loihi.Record:
        """Spikes (steps, batch, inputs) through synapses and neurons; they arrive `latency` steps later."""
        arriving = loihi.deliver(spikes, self.weights, exponent=self.exponent, latency=latency)
        return loihi.run(self.params, arriving, states=self.reads_v)


@dataclass(frozen=True)
class Result:
    """What a run gives.

    output   : (steps, batch, ...) spikes of the last layer int8, or the voltages it reads in the float net's units
    rates    : spikes per neuron and step of each layer, by name
    overflows: how often u wrapped or v was cut, of each layer, by name
    """

    output: Array
    rates: dict[str, float]
    overflows: dict[str, int]


@dataclass(frozen=True, eq=False)
class LoihiProgram:
    """A net on Loihi 1. `print` the reports to see what was lost."""

    layers: tuple[Population, ...]
    report: tuple[LayerReport, ...]

    def run(self, spikes: Any, *, samples_at_once: int = 256) -> Result:
        """The net driven by spikes (steps, batch, ...), 0 or 1, each sample from rest.

        A spike needs a step from one layer to the next, as on the chip, so that a net of k layers runs k - 1 steps
        longer; the output begins with the first step that the input can have reached. Biases act from the start.

        Raises ValueError for a shape that does not fit or a spike that is neither 0 nor 1.
        """
        inputs = self.layers[0].weights.shape[0]
        given = np.asarray(spikes)
        if given.ndim < 3 or int(np.prod(given.shape[2:])) != inputs:
            raise ValueError(f"run: expected spikes (steps, batch, ...) of {inputs} inputs, got shape {given.shape}")
        whole("run: samples_at_once", samples_at_once)
        steps, batch = given.shape[:2]
        late = len(self.layers) - 1
        parts, fired = list[Array](), np.zeros(len(self.layers))
        overflows = np.zeros(len(self.layers), np.int64)
        for first in range(0, batch, samples_at_once):
            some = given[:, first : first + samples_at_once].reshape(steps, -1, inputs)
            x = np.zeros((steps + late, *some.shape[1:]), np.int8)
            if not ((some == 0) | (some == 1)).all():
                integers("run: spikes", some, 0, 1, "encode the input as spikes")  # says which is none
            x[:steps] = some
            for k, layer in enumerate(self.layers):
                got = layer(x, latency=min(k, 1))
                x = got.spikes
                fired[k] += x[k : k + steps].sum()
                overflows[k] += got.overflows.u + got.overflows.v
            last = self.layers[-1]
            out = x if got.v is None else got.v / last.scale
            parts.append(out[late:].reshape(steps, -1, *last.shape))
        output = np.concatenate(parts, axis=1) if parts else np.zeros((steps, 0, *self.layers[-1].shape), np.int8)
        neurons = [max(steps * batch * layer.weights.shape[1], 1) for layer in self.layers]
        names = [layer.name for layer in self.layers]
        rates = {name: float(f) / n for name, f, n in zip(names, fired, neurons, strict=True)}
        return Result(output, rates, {name: int(o) for name, o in zip(names, overflows, strict=True)})
