"""IBM TrueNorth: one core of 256 axons and 256 neurons around a binary crossbar.

The deterministic part of the model of Cassidy et al. 2013 (IJCNN, "Cognitive computing building block"), known here
from the two simulators below that agree on it; stochastic synapses, leak and thresholds are not modelled.

    for each active axon a, in order:   v = sat(v + crossbar[a, j] * weights[j, type(a)])
    leak:                               v = sat(v + leak)              or, reversed,  v = sat(v + sgn(v) * leak)
    if v >= threshold:    a spike;      v = reset_value | v - threshold | v | threshold         by `Reset`
    elif v < -negative_threshold:       v = negative_reset | v + negative_threshold | v | -negative_threshold

sat clips to the 20 bits, signed, of the membrane word (from memory); every addition saturates and is counted when it
does. A reversed leak of negative sign decays towards zero, and may cross it: there is no clamp; one of positive sign
diverges. sgn(0) = 0.

Who differs: IBM's model and RANC (corecontroller.cpp) integrate first and leak afterwards, SANA-FE's soma
(models.cpp 724-830) leaks first: `leak_first`. IBM tests the negative side with <, SANA-FE and RANC's symmetric
reset with <=: `negative_inclusive`. IBM resets the negative side to -reset_value, SANA-FE to a value of its own:
`negative_reset`. SANA-FE's "soft" negative reset subtracts where it should add; that is not copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.neurons.words import Integers, arriving, bits, integers, without_batch, word
from spikenet.kernels.memory import read_only

AXONS = NEURONS = 256
TYPES = 4
MEMBRANE = bits(20)  # from memory
WEIGHT = LEAK = bits(9)  # from memory
THRESHOLD = (0, (1 << 18) - 1)  # 18 bits unsigned, from memory


class Reset(IntEnum):
    """What a spike leaves behind; the first three carry IBM's codes (gamma), the last is SANA-FE's."""

    TO_VALUE = 0
    SUBTRACT = 1
    NONE = 2
    TO_THRESHOLD = 3


@dataclass(frozen=True)
class Params:
    """One core; what belongs to neurons is one value for all or one each.

    crossbar          : (axons, neurons) 0/1, at most 256 each
    axon_types        : (axons,) 0..3
    weights           : (neurons, 4) or (4,), 9 bits signed: what an event on an axon of each type adds
    threshold         : 0..2^18 - 1
    leak              : 9 bits signed, added every tick
    leak_reversal     : whether the leak is multiplied with the sign of v
    reset             : `Reset`
    reset_value       : 20 bits signed
    negative_threshold: 0..2^18 - 1, how far below zero v may be
    negative_saturates: whether v stops at -negative_threshold instead of being reset
    negative_reset    : 20 bits signed; None: -reset_value
    leak_first        : leak before the events of the tick (SANA-FE) instead of after them (IBM, RANC)
    negative_inclusive: whether v = -negative_threshold is reset, too
    """

    crossbar: Any
    axon_types: Any
    weights: Any
    threshold: Any
    leak: Any = 0
    leak_reversal: Any = False
    reset: Any = Reset.TO_VALUE
    reset_value: Any = 0
    negative_threshold: Any = THRESHOLD[1]
    negative_saturates: Any = True
    negative_reset: Any = None
    leak_first: bool = False
    negative_inclusive: bool = False

    def __post_init__(self) -> None:
        crossbar = integers("truenorth: crossbar", self.crossbar, 0, 1)
        if crossbar.ndim != 2 or not crossbar.size:
            raise ValueError(f"truenorth: crossbar: expected (axons, neurons), got {crossbar.shape}")
        for what, have, most in zip(("axons", "neurons"), crossbar.shape, (AXONS, NEURONS), strict=True):
            if have > most:
                raise ValueError(f"truenorth: a core has {most} {what}, got {have}; use {-(-have // most)} cores")
        n_axons, n = crossbar.shape
        negative = -np.asarray(self.reset_value) if self.negative_reset is None else self.negative_reset
        checked: dict[str, Any] = {
            "crossbar": crossbar,
            "axon_types": word("truenorth: axon_types", self.axon_types, 0, TYPES - 1, (n_axons,)),
            "weights": word("truenorth: weights", self.weights, *WEIGHT, (n, TYPES)),
            "negative_reset": word("truenorth: negative_reset", negative, *MEMBRANE, (n,)),
        }
        ranges = {"threshold": THRESHOLD, "negative_threshold": THRESHOLD, "leak": LEAK, "reset_value": MEMBRANE,
                  "leak_reversal": (0, 1), "negative_saturates": (0, 1), "reset": (0, len(Reset) - 1)}  # fmt: skip
        for name, (low, high) in ranges.items():
            checked[name] = word(f"truenorth: {name}", getattr(self, name), low, high, (n,))
        for name, value in checked.items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True)
class Run:
    """What happened, time-major like the raster, with its batch axis if that had one.

    spikes    : (ticks, [batch,] neurons) 0/1;  v: alike, after the tick
    overflow  : additions that met the ends of the 20 bits, over the whole run;  held: how often v fell below
                -negative_threshold and was held there
    v_after   : (batch, neurons), to carry on from
    """

    spikes: npt.NDArray[np.uint8]
    v: npt.NDArray[np.int32]
    overflow: int
    v_after: Integers
    held: int


def run(params: Params, raster: Any, v: Any = 0) -> Run:
    """Runs one core on `raster` (ticks, axons) or (ticks, batch, axons), 0/1: which axons are active in each tick.

    v: (batch, neurons) or a number, the membranes to start from

    Widths: membranes 20 bits, weights and leaks 9, thresholds 18. Order: axons by number, then the leak, or with
    `leak_first` before them, then the positive and the negative test. Rounding: none, all is whole. Overflow: every
    addition saturates, and is counted. Source: Cassidy et al. 2013; RANC and SANA-FE where it leaves things open.

    Axonal delays of 1..15 ticks are the sender's: shift the raster. Raises ValueError for what does not fit a word.
    """
    n_axons, n = params.crossbar.shape
    x, alone = arriving("truenorth: raster", raster, (n_axons,), 0, 1)
    ticks, batch = x.shape[:2]
    state = word("truenorth: v", v, *MEMBRANE, (batch, n)).astype(np.int32)
    from hw.kernels import truenorth_loop  # when first used: a kernel costs milliseconds to import

    weights = params.crossbar * params.weights.T[params.axon_types]
    spikes, rec_v = np.empty((ticks, batch, n), np.uint8), np.empty((ticks, batch, n), np.int32)
    met = np.zeros((batch, 2), np.int64)
    words = (weights, params.leak, params.leak_reversal, params.threshold, params.reset, params.reset_value,
             params.negative_threshold, params.negative_saturates, params.negative_reset)  # fmt: skip
    arguments: list[Any] = [
        read_only(x.astype(np.uint8)),
        *(read_only(np.ascontiguousarray(a, np.int32)) for a in words),
        *(bool(params.leak_first), bool(params.negative_inclusive)),
        *(state, spikes, rec_v, met),
    ]
    truenorth_loop.run_truenorth(batch, *arguments)
    overflow, held = (int(number) for number in met.sum(axis=0))
    return Run(without_batch(spikes, alone), without_batch(rec_v, alone), overflow, state.astype(np.int64), held)
