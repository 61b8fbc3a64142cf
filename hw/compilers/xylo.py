"""A layer in Xylo's words: shifts for decays, 8-bit weights with one shift for a group, a scale for each neuron.

A decay of 2^-dash a step stands for a leak: dash is the nearest to -log2(1 - leak), 0 to 15. A synapse decays before
its current is used and keeps at least half of it for the next step, so that a float net's weight w becomes
w (1 - a') / ((1 - a) a') with a the float net's part kept and a' the chip's: the charge of a spike is the same. Neurons
without a synaptic current get the shortest one there is, a time constant of 1.44 steps, which the report states.

A neuron's integers are its float numbers times its scale: as large as its largest weight allows in 8 bits under the
group's shift, and as leaves its threshold room in 16. Chosen on calibration data, on which the layer is to send what
the float layer sends on the same input, are the shift; how much of what rounded decays add to a membrane is taken away
again; whether a bias is what the float net's is in the mean of the steps or in the end; and how far weaker or stronger
weights make up for a rounded leak. Choices under which a word overflows come last.

Hidden neurons send up to 31 spikes a step, and nothing stops them at fewer but the end of the membrane's word: 2^15 - 1
holds a threshold of 2^14 once, so that a membrane that saturates sends one spike and keeps almost a threshold for the
next step. Where the float net's neurons send fewer than 31, thresholds rise so far if weights leave them room, and
words may overflow. A neuron whose largest weight is more than such a threshold has a lower one and sends more spikes,
or its largest weights are cut, or all are weaker, whichever is nearer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.compilers.part import Held, Part, float_run, values_at
from hw.neurons import xylo
from hw.programs.layer import missed
from hw.programs.xylo import XyloLayer
from hw.records.chip import Chip

Array = npt.NDArray[Any]
ROOM = 2.0  # of 16 bits over the threshold: a membrane gathers more than it in a step
HELD_BACK = (1.0, 0.85, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2)  # where saturation does not stop neurons soon enough
MADE_UP = (0.0, 0.25, 0.5, 0.75, 1.0)  # how far a rounded leak's smaller or larger steady state is made up for
SMALLER = tuple(2.0**-k for k in range(1, 8))  # of the scale, where even the smallest shift overflows
CUT = (1.0, 2.0, 4.0, 8.0, 16.0)
AGAINST_DRIFT = (0.5, 1.0)
MOST = xylo.WEIGHT[1]
STOPPED = "most of the overflows are membranes whose saturation stops neurons at {} a step, as the net has it"
SEVERAL = (
    "{:.0%} of its neurons can send more spikes a step than the net's {}: take MultiLevelCubaLIF(levels=31), or train "
    "on through the chip"
)


@dataclass(frozen=True, eq=False)
class Choice:
    """Of one layer; its scale follows its weights, so that those that grow in training stay within their words.

    gain            : (n,) what weights and biases are multiplied with besides
    cut             : (n,) 1 where the largest weight fills its word, 2 where half of it does and larger ones are cut
    fills, factor   : weights fill their words under the left shift `fills`, times the factor
    shift, recurrent_shift: left shifts that are used: larger where layers share one
    against_drift   : how much of what rounded decays add to a membrane in a step the bias takes away
    bias_share      : (n,) or 1, of a bias that is used: the float net's comes through the synapse, later
    """

    gain: Array
    cut: Array
    fills: int
    per_channel: bool
    factor: float = 1.0
    shift: int = 0
    recurrent_shift: int = 0
    against_drift: float = 0.0
    bias_share: Any = 1.0


def chooser(per_channel: bool) -> Any:
    """`choose` with one scale a neuron, or one for the layer."""

    def choose(part: Part, spikes: Array, chip: Chip) -> Choice:
        wanted, ones = float_run(part, spikes), np.ones(len(part.bias))
        found = [_unshared(part, Choice(ones, ones, shift, per_channel)) for shift in range(xylo.SHIFT + 1)]
        best, lost = _nearest(part, spikes, wanted, found)
        for factor in SMALLER:
            if lost:
                smaller = _unshared(part, Choice(ones, ones, 0, per_channel, factor))
                best, lost = _nearest(part, spikes, wanted, [best, smaller])
        steadied = [replace(best, against_drift=share) for share in AGAINST_DRIFT]
        best, _ = _nearest(part, spikes, wanted, [best, *steadied])
        best, _ = _nearest(part, spikes, wanted, [best, replace(best, bias_share=part.numbers.gathered(len(spikes)))])
        steady = _steady(part)
        gains = [] if part.reads_v or np.allclose(steady, 1.0) else [steady**share for share in MADE_UP]
        cuts = [ones * k for k in CUT] if _sends_fewer(part) else []
        gains += [ones * gain for gain in HELD_BACK] if _sends_fewer(part) else []
        for name, values in (("cut", cuts), ("gain", gains)):
            best = _neuron_by_neuron(part, spikes, wanted, best, name, values)
        return best

    return choose


def settle(parts: tuple[Part, ...], choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """One shift for all connections among hidden neurons, the largest that any of them needs; the last layer is out."""
    among = [c.shift for c in choices[1:-1]]
    among += [c.recurrent_shift for c, part in zip(choices[:-1], parts, strict=False) if part.recurrent is not None]
    shared = max(among, default=0)
    settled = [replace(c, shift=shared if k else c.shift, recurrent_shift=shared) for k, c in enumerate(choices[:-1])]
    return (*settled, choices[-1])


def words(part: Part, choice: Choice) -> tuple[XyloLayer, Held]:
    """The layer in integers under scales that were chosen; what its words cannot hold is cut and counted as clipped."""
    numbers, n = part.numbers, len(part.bias)
    dash_mem, dash_syn = _dash(numbers.leak, 0), _dash(numbers.syn_leak, 1)
    leak, syn_leak = _kept(dash_mem), _kept(dash_syn)
    scale = _scale(part, choice)
    charge = _charge(part, choice) * scale
    given = [_array(part.weights) * charge / 2.0**choice.shift]
    if part.recurrent is not None:
        given.append(part.recurrent * charge / 2.0**choice.recurrent_shift)
    mantissas = [np.clip(np.rint(values), -MOST, MOST).astype(np.int64) for values in given]
    shifts = (choice.shift, choice.recurrent_shift)
    back = [m * (2.0**k / charge) for m, k in zip(mantissas, shifts, strict=False)]
    cut = [np.abs(values) > MOST + 0.5 for values in given]
    fires = not part.reads_v
    at_once = choice.gain * choice.bias_share / (1 - numbers.syn_leak) * scale  # a bias has no synapse to go through
    low, high = xylo.STATE
    against = choice.against_drift * _drift(dash_mem, dash_syn)
    bias = np.clip(np.rint(part.bias * at_once - against), low, high).astype(np.int64)
    threshold = np.full(n, high)
    if fires:
        threshold = np.clip(np.rint(numbers.threshold * scale), 1, high).astype(np.int64)
    layer = XyloLayer(
        part.name, part.shape, mantissas[0], choice.shift, mantissas[1] if len(given) > 1 else None,
        choice.recurrent_shift, threshold, bias, dash_mem, dash_syn, scale, part.reads_v, part.is_last,
    )  # fmt: skip
    held, clipped = ([values_at(part.weights, made[0]), *(m.reshape(-1) for m in made[1:])] for made in (back, cut))
    at = threshold / scale if fires else np.full(n, np.inf)
    return layer, Held(
        np.concatenate(held), float(np.mean(np.concatenate(clipped))), at, (bias + against) / at_once, leak, syn_leak,
        choice.shift, scale, _advice(part, threshold),
    )  # fmt: skip


def _advice(part: Part, threshold: Array) -> str:
    if not _sends_fewer(part):
        return ""
    levels = part.numbers.model.levels
    more = float(np.mean(xylo.STATE[1] // threshold > levels))
    return SEVERAL.format(more, levels) if more else STOPPED.format(levels)


def _charge(part: Part, choice: Choice) -> Array:
    """(n,) what a float weight is multiplied with, besides the scale, for a spike to bring the same charge."""
    wanted, chip = part.numbers.syn_leak, _kept(_dash(part.numbers.syn_leak, 1))
    charge: Array = choice.gain * (1 - chip) / ((1 - wanted) * chip)
    return charge


def _scale(part: Part, choice: Choice) -> Array:
    """(n,) integers to 1 that fill the weight words, as far as thresholds and biases have room."""
    end = float(xylo.STATE[1]) / ROOM
    largest = np.abs(_array(part.weights) * _charge(part, choice)).max(axis=0, initial=0.0)
    scale = MOST * 2.0**choice.fills / np.maximum(largest, 1e-300)
    biases = np.abs(part.bias * choice.gain / (1 - part.numbers.syn_leak))
    scale = choice.cut * np.minimum(scale, end / np.maximum(biases, 1e-300))
    most = -(-(xylo.STATE[1] + 1) // (part.numbers.model.levels + 1)) if _sends_fewer(part) else end
    scale = np.minimum(scale, 2.0**15 if part.reads_v else most / part.numbers.threshold) * choice.factor
    return scale if choice.per_channel else np.full(len(scale), scale.min())


def _unshared(part: Part, choice: Choice) -> Choice:
    """The choice with the shifts that the layer needs for itself."""
    if part.recurrent is None:
        return replace(choice, shift=choice.fills)
    most = np.abs(part.recurrent * _charge(part, choice) * _scale(part, choice)).max(initial=1e-300)
    needed = int(np.clip(np.ceil(np.log2(most / MOST)), 0, xylo.SHIFT))
    return replace(choice, shift=choice.fills, recurrent_shift=needed)


def _nearest(part: Part, spikes: Array, wanted: Array, found: list[Choice]) -> tuple[Choice, float]:
    """(the choice under which the layer gives what the float layer does, of those under which the fewest words
    overflow, how many do)."""
    best, least = found[0], (np.inf, np.inf)
    for choice in found:
        lost, errors = _missed(part, choice, spikes, wanted)
        if (lost, float(errors.mean())) < least:
            best, least = choice, (lost, float(errors.mean()))
    return best, least[0]


def _neuron_by_neuron(part: Part, spikes: Array, wanted: Array, best: Choice, name: str, values: list[Any]) -> Choice:
    """The best choice with one of these values, or with each neuron's best, under this name."""
    if not values:
        return best
    tried = [_unshared(part, replace(best, **{name: value})) for value in values]
    errors = np.stack([_missed(part, choice, spikes, wanted)[1] for choice in tried])
    own: Any = np.stack(values)[errors.argmin(axis=0), np.arange(errors.shape[1])]
    return _nearest(part, spikes, wanted, [best, *tried, _unshared(part, replace(best, **{name: own}))])[0]


def _missed(part: Part, choice: Choice, spikes: Array, wanted: Array) -> tuple[float, Array]:
    """(words that overflow, unless they are meant to; (n,) squares of what neurons send or read in all, less what the
    float layer's do)."""
    overflows, errors = missed(words(part, choice)[0], spikes, wanted)
    return 0.0 if _sends_fewer(part) else overflows, errors


def _sends_fewer(part: Part) -> bool:
    """Whether its neurons send fewer spikes a step in the float net than they can on the chip."""
    return part.numbers.model.levels < xylo.MOST_HIDDEN and not part.is_last and not part.reads_v


def _drift(dash_mem: Array, dash_syn: Array) -> Array:
    """(n,) what a step adds to a membrane besides: x >> k is half a unit less than x 2^-k in the mean, whatever the
    sign of x, of the membrane and, 2^k times over until it has decayed, of the current."""
    drift: Array = 0.5 * (1 - np.exp2(-dash_mem)) + 0.5 * (np.exp2(dash_syn) - 1)
    return drift


def _steady(part: Part) -> Array:
    """What a constant input comes to in the float net, over what on the chip; 1 for neurons without leak."""
    chip, wanted = 1 - _kept(_dash(part.numbers.leak, 0)), 1 - part.numbers.leak
    ratio: Array = np.where(wanted > 0, chip / np.maximum(wanted, 1e-12), 1.0)
    return ratio


def _dash(kept: Array, least: int) -> Array:
    """The shift that is nearest to losing 1 - kept a step."""
    dash: Array = np.clip(np.rint(-np.log2(np.maximum(1 - kept, 2.0**-20))), least, xylo.DASH).astype(np.int64)
    return dash


def _kept(dash: Array) -> Array:
    kept: Array = 1 - np.exp2(-dash.astype(np.float64))
    return kept


def _array(weights: Any) -> Array:
    """Weights as an array: the core has fewer neurons than would make this large."""
    dense: Array = weights.toarray() if hasattr(weights, "toarray") else weights
    return dense
