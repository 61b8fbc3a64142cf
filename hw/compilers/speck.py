"""A layer in the words of a DYNAP-CNN core: one scale for weights, biases and threshold of a layer.

The scale is the largest with which weights and biases fit 8 bits and the threshold 16, as sinabs chooses it
(discretize.py), and smaller where sums of the calibration data would leave the states' 16 bits. Filters with thresholds
of their own get the layer's, their weights divided by as much.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.compilers.part import Held, Part, columns_of, values_of, with_values
from hw.limits.whole_cores import tightest
from hw.lowering.neurons import Reset
from hw.lowering.stages import Layout
from hw.neurons import speck
from hw.programs.speck import SpeckLayer
from hw.records.chip import Chip

Array = npt.NDArray[Any]
FACTORS = tuple(2.0**-k for k in range(8))
LOW, HIGH = speck.WEIGHT


@dataclass(frozen=True)
class Choice:
    """Of one layer.

    factor: part of the largest scale that the words allow;  core: where its memories fit
    """

    factor: float
    core: int = 0


def cut(found: Layout, chip: Chip) -> tuple[tuple[tuple[int, Array], ...], ...]:
    """(core, its neurons) of each layer, so that the memories taken are as small as they can be."""
    cores = tightest(found.stages, chip)
    return tuple(((int(core), np.arange(s.n_neurons)),) for core, s in zip(cores, found.stages, strict=True))


def choose(part: Part, spikes: Array, chip: Chip) -> Choice:
    """The largest scale under which no state overflows on the calibration data, or the one with the fewest that do."""
    lost, ((core, _),) = [], part.cores
    for factor in FACTORS:
        layer, _ = words(part, Choice(factor, core))
        lost.append(sum(layer.run(spikes).overflows.values()))
        if not lost[-1]:
            break
    return Choice(FACTORS[int(np.argmin(lost))], core)


def words(part: Part, choice: Choice) -> tuple[SpeckLayer, Held]:
    """The layer in integers."""
    theta = part.numbers.threshold
    common = float(theta.mean())
    own = common / theta  # what a neuron's numbers are multiplied with for the common threshold
    values = values_of(part.weights) * own[columns_of(part.weights)]
    biases = part.bias * own
    scale = speck.STATE[1] / common
    for numbers in (values, biases):
        most, least = numbers.max(initial=0.0), numbers.min(initial=0.0)
        scale = min(scale, HIGH / most if most > 0 else np.inf, LOW / least if least < 0 else np.inf)
    scale *= choice.factor
    weights, bias = (np.clip(np.rint(a * scale), LOW, HIGH).astype(np.int64) for a in (values, biases))
    threshold = int(np.clip(np.rint(common * scale), *(1, speck.STATE[1])))
    to_zero = part.numbers.model.reset is Reset.ZERO
    layer = SpeckLayer(part.name, part.shape, with_values(part.weights, weights), bias, threshold, to_zero, scale,
                       choice.core)  # fmt: skip
    back = weights / scale / own[columns_of(part.weights)]
    n = len(bias)
    at, kept = threshold / scale / own, (np.ones(n), np.zeros(n))
    return layer, Held(back, 0.0, at, bias / scale / own, *kept, 0, np.array(scale))
