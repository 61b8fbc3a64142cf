"""A layer in 6-bit weights and a sign on BrainScaleS-2's analogue circuits: a noisy model, NOT bit exact.

Weights have one unit a layer, the one with the least error of what arrives on calibration data, weights beyond 63 of it
cut. Thresholds and time constants are analogue and set as they are; a bias is a leak potential, which acts at once and
not through a synapse. Membranes are read in 8 bits, whose step is such that a threshold lies at 96 of them above rest
or, of a readout, that the calibration data fill them. Noise in time is what the vendor's own mock adds to a reading, in
such steps: of a leaky membrane its standard deviation at rest. What of a fixed pattern calibration leaves is not
published and not there unless the chip's record says how large it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.compilers.part import Held, Part, importance, values_at, values_of
from hw.neurons.brainscales2 import HIGHEST, MIDDLE, WEIGHT, Params
from hw.programs.brainscales2 import AnalogueLayer, by_sign
from hw.records.chip import Chip

Array = npt.NDArray[Any]
FACTORS = tuple(k / 40 for k in range(40, 11, -1))  # of the largest weight, that is 63 units
THRESHOLD_AT = 96  # of the reading's 127 steps above rest
ROOM = 1.1  # of a readout's steps over what the calibration data need
STEP_US = 1.0  # of the chip's time; a net's own is a thousand times as long
ENDLESS_US = 1e9  # of a membrane without leak
AT_ONCE_US = 1e-3  # of neurons without a synaptic current
PULLED_BACK = 0.999  # part of a membrane that is kept, at most, where noise is set by what it comes to at rest
SPREADS = ("synapse_spread", "threshold_spread", "tau_spread")


@dataclass(frozen=True)
class Choice:
    """Of one layer.

    factor : of the largest weight, the weight that is 63 units;  lsb: of the reading, in the float net's units
    spreads: relative, of synapses, thresholds and time constants;  noise: steps of the reading
    chip_seed, first: which chip, and the number of the layer's first circuit
    """

    factor: float
    lsb: float
    spreads: tuple[float, ...]
    noise: float
    chip_seed: int
    first: int = 0


def chooser(chip_seed: int) -> Callable[[Part, Array, Chip], Choice]:
    """`choose` for the chip whose fixed pattern that is."""

    def choose(part: Part, spikes: Array, chip: Chip) -> Choice:
        given = [_given(chip, name) for name in (*SPREADS, "membrane_noise")]
        made = Choice(_factor(part, spikes), 1.0, tuple(s / 100 for s in given[:3]), given[3], chip_seed)
        if not part.reads_v:
            return replace(made, lsb=float(part.numbers.threshold.mean()) / THRESHOLD_AT)
        quiet, _ = words(part, replace(made, lsb=1e30, noise=0.0))
        most = quiet.run(spikes).used * 1e30 * MIDDLE
        return replace(made, lsb=max(most, 1e-12) * ROOM / (HIGHEST - MIDDLE))

    return choose


def settle(parts: tuple[Part, ...], choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """Layers share the chip's circuits, one behind the other."""
    firsts = np.cumsum([0, *(len(part.bias) for part in parts)])
    return tuple(replace(choice, first=int(first)) for choice, first in zip(choices, firsts, strict=False))


def words(part: Part, choice: Choice) -> tuple[AnalogueLayer, Held]:
    """The layer in units of weight under scales that were chosen."""
    numbers, n = part.numbers, len(part.bias)
    given = [_array(part.weights)] + ([] if part.recurrent is None else [part.recurrent])
    unit = max(*(float(np.abs(w).max(initial=0.0)) for w in given), 1e-12) * choice.factor / WEIGHT
    wanted = [np.rint(w / unit) for w in given]
    units = [np.clip(w, -WEIGHT, WEIGHT).astype(np.int64) for w in wanted]
    leak = np.minimum(numbers.leak, np.exp(-STEP_US / ENDLESS_US))
    tau_mem = -STEP_US / np.log(np.maximum(leak, np.exp(-STEP_US / AT_ONCE_US)))
    tau_syn = -STEP_US / np.log(np.clip(numbers.syn_leak, 1e-300, 1 - 1e-9))
    offset = part.bias / (1 - np.minimum(numbers.syn_leak, 1 - 1e-9))
    noise = choice.noise * choice.lsb * np.sqrt(1 - np.square(np.minimum(leak, PULLED_BACK)))
    fires = not part.reads_v
    params = Params(
        by_sign(units[0]), unit, tau_mem, np.maximum(tau_syn, AT_ONCE_US), STEP_US,
        numbers.threshold if fires else np.full(n, 1e30), numbers.reset_value if fires else 0.0, choice.lsb,
        choice.spreads[0], choice.spreads[1], choice.spreads[2], noise, offset,
        None if part.recurrent is None else by_sign(units[1]),
    )  # fmt: skip
    layer = AnalogueLayer(
        part.name, part.shape, units[0], params, 1 / choice.lsb, part.reads_v, choice.chip_seed, choice.first,
        recurrent_weights=None if part.recurrent is None else units[1],
    )  # fmt: skip
    held = [values_at(part.weights, units[0]) * unit, *(w.reshape(-1) * unit for w in units[1:])]
    cut = float(np.mean(np.concatenate([np.abs(w).reshape(-1) for w in wanted]) > WEIGHT))
    said = f"noise of {choice.noise * choice.lsb:.3g} at rest, {choice.noise:g} steps of the reading"
    if not any(choice.spreads):
        said += "; no fixed pattern: how large it is is not published, and the chip's record does not say"
    return layer, Held(np.concatenate(held), cut, numbers.threshold, part.bias, leak, numbers.syn_leak, 0,
                       np.array(1 / unit), said)  # fmt: skip


def _given(chip: Chip, name: str) -> float:
    """An amplitude of the chip's record; 0 where it is not there or not known."""
    fact = chip.limits.get(name)
    return 0.0 if fact is None or fact.value is None else float(fact.value)


def _factor(part: Part, spikes: Array) -> float:
    """What of the largest weight fills 6 bits with the least error, weights counting as often as their source fires."""
    values = values_of(part.weights)
    most = max(float(np.abs(values).max(initial=0.0)), 1e-12)
    counts = importance(part.weights, spikes) + 1e-3
    errors = []
    for factor in FACTORS:
        unit = most * factor / WEIGHT
        errors.append(
            float((counts * np.square(np.clip(np.rint(values / unit), -WEIGHT, WEIGHT) * unit - values)).sum())
        )
    return FACTORS[int(np.argmin(errors))]


def _array(weights: Any) -> Array:
    """Weights as an array: the chip has fewer circuits than would make this large."""
    dense: Array = weights.toarray() if hasattr(weights, "toarray") else weights
    return dense
