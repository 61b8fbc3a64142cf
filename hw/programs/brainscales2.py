"""A layer in the model of BrainScaleS-2's circuits: 6-bit weights, a fixed pattern, noise in time. NOT bit exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.neurons import brainscales2
from hw.neurons.words import Integers
from hw.programs.arriving import later
from hw.programs.layer import LayerRun, Weighted
from hw.programs.noise import QUIET, Noise

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class AnalogueLayer(Weighted):
    """Some of the chip's circuits, run by `hw.neurons.brainscales2.run`.

    weights   : (inputs, n) integers -63..63, those among its neurons likewise (n, n) or None
    params    : of the circuits; a source with weights of both signs has two rows, the second for those below 0
    scale     : of the 8-bit reading to the float net's 1;  chip_seed: which chip;  first: number of the first circuit
    noise     : what is drawn
    """

    name: str
    shape: tuple[int, ...]
    weights: Integers
    params: brainscales2.Params
    scale: float
    reads_v: bool
    chip_seed: int
    first: int
    noise: Noise = QUIET
    recurrent_weights: Integers | None = None

    def run(self, spikes: Array, *, late: int = 0, watch: bool = False) -> LayerRun:
        x = later(spikes, late)
        rows = np.concatenate([x] * (len(self.params.weights) // self.n_inputs), axis=-1)
        got = brainscales2.run(self.params, rows, chip_seed=self.chip_seed, noise_seed=self.noise.seed,
                               first_sample=self.noise.first_sample, first_circuit=self.first)  # fmt: skip
        if not self.reads_v:
            return LayerRun(got.spikes.astype(np.int8), None, {"v": 0})
        reading = got.reading.astype(np.int64) - brainscales2.MIDDLE
        used = float(np.abs(got.v).max(initial=0)) / self.params.lsb / brainscales2.MIDDLE
        overflows = {"reading": got.clipped, "fired readout": int(np.count_nonzero(got.spikes))}
        return LayerRun(np.zeros(got.spikes.shape, np.int8), reading, overflows, used)


def by_sign(weights: Any) -> Any:
    """(rows, n) of one sign each: two for every source where any has both, else one."""
    both = ((weights > 0).any(axis=1) & (weights < 0).any(axis=1)).any()
    return np.concatenate([np.maximum(weights, 0), np.minimum(weights, 0)]) if both else weights
