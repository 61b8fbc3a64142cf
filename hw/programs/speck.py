"""A layer in the integers of a DYNAP-CNN core: 8-bit weights of one scale, 16-bit states without a leak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.neurons import speck
from hw.neurons.words import Integers
from hw.programs.arriving import later
from hw.programs.layer import LayerRun, Weighted

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class SpeckLayer(Weighted):
    """One core. A spike is there in the same step; pooling of the layer before is part of the weights.

    weights  : (inputs, n) int8, an array of a dense layer, a scipy csr_array of a convolution
    bias     : (n,) int8, once a step;  threshold: one for the core
    core     : its number on the chip: cores have memories of different sizes
    """

    name: str
    shape: tuple[int, ...]
    weights: Any
    bias: Integers
    threshold: int
    reset_to_zero: bool
    scale: float
    core: int

    @property
    def reads_v(self) -> bool:
        return False

    def run(self, spikes: Array, *, late: int = 0, watch: bool = False) -> LayerRun:
        arriving = self.synapses.delivered(later(spikes, late)) + self.bias
        spikes, v, overflow = speck.fire(arriving, self.threshold, reset_to_zero=self.reset_to_zero)
        used = float(np.abs(v.astype(np.int32)).max(initial=0)) / (1 << 15)
        return LayerRun(spikes, None, {"v": overflow}, used)
