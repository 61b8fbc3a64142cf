"""What a layer asks for that a chip has not got: decays without a decay, conventional activations, maximum pooling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.limits.held import held, most
from hw.lowering.connectivity import delays_of_sources
from hw.lowering.neurons import Reset, model_of, numbers_of
from hw.lowering.stages import Layout, Stage
from hw.records.architecture import Architecture
from hw.records.breach import Breach
from hw.records.chip import Chip
from spikenet.derive.integer_step import WITHOUT_INTEGERS
from spikenet.derive.refractory import PARAMETER

CUBA = ("IF", "LIF", "CubaLIF", "LI")
NEURONS: dict[Architecture, tuple[tuple[str, ...], str]] = {  # kinds a chip has, and what to take instead
    Architecture.AXON_CORES: (CUBA, "take IF, LIF or CubaLIF"),
    Architecture.CROSSBAR_CORES: (("IF",), "take IF: the leak is a constant, not a factor"),
    Architecture.SINGLE_CORE: (CUBA, "take IF, LIF or CubaLIF"),
    Architecture.CONVOLUTION_CORES: (("IF",), "take IF: states do not decay"),
    Architecture.ANALOGUE: (CUBA, "take LIF or CubaLIF"),
}  # programmable chips run any that has integers
RESETS: dict[Architecture, tuple[tuple[Reset, ...], str]] = {  # which a chip has, and what to take instead
    Architecture.AXON_CORES: (
        (Reset.ZERO,),
        "train with reset=sn.reset.to_zero: to subtract takes a second compartment, whose integers are not published",
    ),
    Architecture.SINGLE_CORE: ((Reset.SUBTRACT,), "train with reset=sn.reset.subtract"),
    Architecture.CONVOLUTION_CORES: ((Reset.SUBTRACT, Reset.ZERO), "train with reset=sn.reset.subtract or to_zero"),
    Architecture.CROSSBAR_CORES: (tuple(Reset), ""),
    Architecture.ANALOGUE: ((Reset.ZERO, Reset.VALUE), "train with reset=sn.reset.to_zero: circuits go to a potential"),
}


def constructs(layout: Layout, chip: Chip) -> Iterator[Breach]:
    """Every construct of the net that the chip lacks."""
    for obstacle in layout.obstacles:
        yield _lacking(chip, obstacle.where, obstacle.what, obstacle.change)
    for stage in layout.stages:
        is_last = layout.ends and stage is layout.stages[-1]
        held_by = {"weights": stage.weight, "recurrent weights": stage.recurrent, "biases": stage.bias}
        for what, values in held_by.items():
            if values is None:
                continue
            if not np.isfinite(values).all():
                yield _lacking(chip, stage.name, f"{what} hold {_not_finite(values)}", "train again, or replace them")
            if np.iscomplexobj(values):
                yield _lacking(chip, stage.name, f"{what} are complex numbers", "take real ones")
        if chip.architecture is Architecture.NEURAL_PROCESSORS:
            yield from _without_time(stage, chip, is_last=is_last)
        else:
            yield from _spiking(stage, chip, is_last=is_last)


def _spiking(stage: Stage, chip: Chip, *, is_last: bool) -> Iterator[Breach]:
    if stage.activation is not None:
        what = f"conventional activation {stage.activation.kind}"
        yield _lacking(chip, stage.name, what, "put spiking neurons there, as sn.convert.to_spiking does")
    elif stage.neurons is None and is_last:
        kinds, _ = NEURONS.get(chip.architecture, (CUBA, ""))
        ends = "LIF or LI" if "LI" in kinds else kinds[0]
        yield _lacking(chip, stage.name, "the net ends without neurons", f"put {ends} behind it")
    if stage.neurons is not None and chip.architecture in NEURONS:
        yield from _neurons(stage, chip, is_last=is_last)
    elif stage.neurons is not None:
        yield from _programs(stage, chip, is_last=is_last)
    if stage.neurons is not None:
        yield from _levels(stage, chip)
        for name, value in stage.neurons.values.items():
            if not np.isfinite(value.data).all():
                what = f"{name} of {stage.neurons.kind} holds {_not_finite(value.data)}"
                yield _lacking(chip, stage.name, what, "train again, or replace them")
    for kind, _ in stage.pools:
        if kind.startswith("Max"):
            yield _lacking(chip, stage.name, f"{kind} of spikes is no sum", f"take {kind.replace('Max', 'Sum')}")
    if stage.recurrent is not None and chip.architecture is Architecture.CONVOLUTION_CORES:
        yield _lacking(chip, stage.name, "recurrent neurons", "leave the recurrence out: loops of cores may deadlock")


def _levels(stage: Stage, chip: Chip) -> Iterator[Breach]:
    """Of neurons that send several spikes at once."""
    levels = int(stage.neurons.config().get("levels", 1))
    if chip.architecture is Architecture.SINGLE_CORE:
        yield from held(chip, "spikes_hidden", stage.name, levels, f"give them {most(chip, 'spikes_hidden')} levels")
    if chip.architecture is Architecture.SHARED_MEMORY_CORES:
        bits, change = most(chip, "spike_payload_bits"), "give them {} levels"
        yield from held(chip, "spike_payload_bits", stage.name, levels.bit_length(), change.format((1 << bits) - 1))


def _programs(stage: Stage, chip: Chip, *, is_last: bool) -> Iterator[Breach]:
    """Of neurons on a chip whose neurons are programs."""
    kind, model = stage.neurons.kind, stage.neurons.model
    if any(e.operation in WITHOUT_INTEGERS for e in model.order()):
        what = f"neurons {kind} draw random numbers, for which no program is written"
        yield _lacking(chip, stage.name, what, "take LIF, or another that fires without chance")
    has_payloads = chip.architecture is Architecture.SHARED_MEMORY_CORES
    if not model.spikes and not has_payloads and (stage.recurrent is not None or not is_last):
        what = f"neurons {kind} send numbers, and what hears them hears spikes alone"
        yield _lacking(chip, stage.name, what, "take neurons that fire once a step, or put these last, without a loop")


def _neurons(stage: Stage, chip: Chip, *, is_last: bool) -> Iterator[Breach]:
    """Of neurons on a chip whose neuron is fixed."""
    kinds, instead = NEURONS[chip.architecture]
    resets, otherwise = RESETS.get(chip.architecture, (tuple(Reset), ""))
    model, kind = model_of(stage.neurons), stage.neurons.kind
    waits = PARAMETER in stage.neurons.values
    if waits and chip.architecture is Architecture.AXON_CORES:
        steps = int(stage.neurons.values[PARAMETER].data.max(initial=0))
        change = f"shorten the refractory period to {most(chip, 'refractory') - 1} steps"
        yield from held(chip, "refractory", stage.name, steps + 1, change)  # a word of 1 is none
    elif waits:
        yield _lacking(chip, stage.name, f"{kind} with a refractory period", "leave the refractory period out")
    if model is None or model.kind not in kinds:
        yield _lacking(chip, stage.name, f"neurons {kind} are not among the chip's", instead)
    elif model.reads_v and not is_last:
        yield _lacking(chip, stage.name, f"a readout {kind} can only stand last", "take neurons that fire")
    elif model.levels > 1 and (is_last or chip.architecture is not Architecture.SINGLE_CORE):
        at = "outputs that send" if chip.architecture is Architecture.SINGLE_CORE else "neurons that send"
        yield _lacking(chip, stage.name, f"{at} up to {model.levels} spikes a step", f"take {model.kind}")
    elif not model.reads_v and model.reset not in resets:
        yield _lacking(chip, stage.name, f"{kind} with reset {model.reset.value}", otherwise)
    thresholds = np.asarray(stage.neurons.values["threshold"].data if "threshold" in stage.neurons.values else 1.0)
    if (thresholds <= 0).any():
        what = f"{kind} with a threshold of {thresholds.min():g}"
        yield _lacking(chip, stage.name, what, "give all neurons thresholds above 0")
    if chip.architecture is Architecture.CONVOLUTION_CORES:
        if stage.delay:
            yield _lacking(chip, stage.name, "delays", "leave them out: a spike is there at once")
        if thresholds.ndim > 1 and np.ptp(thresholds.reshape(thresholds.shape[0], -1), axis=1).any():
            yield _lacking(chip, stage.name, "different thresholds within a filter", "give a filter one threshold")
    both = (stage.delays, stage.weight), (stage.recurrent_delays, stage.recurrent)
    of_synapses = any(d is not None and delays_of_sources(d, w) is None for d, w in both)
    if chip.architecture is Architecture.CROSSBAR_CORES and of_synapses:
        change = "give all synapses of a source the same delay: a neuron reaches one axon, which has one"
        yield _lacking(chip, stage.name, "different delays of one source", change)


def _without_time(stage: Stage, chip: Chip, *, is_last: bool) -> Iterator[Breach]:
    """On Akida, whose layers are conventional: rectifiers; neurons without memory, which are activations of a bit."""
    if stage.neurons is not None:
        yield from _without_memory(stage, chip)
    if stage.recurrent is not None:
        yield _lacking(chip, stage.name, "recurrent neurons", "leave the recurrence out")
    if stage.delay:
        yield _lacking(chip, stage.name, "delays", "leave them out: its layers have no time")
    kind = None if stage.activation is None else stage.activation.kind
    if kind == "QCFS":
        levels, most = stage.activation.config()["levels"], int(chip.limit("activation_bits") or 4)
        there = [(1 << bits) - 1 for bits in ((7,) if most == 8 else (1, 2, 4)) if bits <= most]
        if levels not in there:
            change = f"take {' or '.join(map(str, there))} levels, what its activations of {most} bits can be"
            yield _lacking(chip, stage.name, f"activation QCFS of {levels} levels", change)
    elif kind == "Softmax" and is_last:
        yield _lacking(chip, stage.name, "activation Softmax", "leave it out: the largest potential is the same class")
    elif kind not in (None, "ReLU"):
        yield _lacking(chip, stage.name, f"activation {kind}", "take ReLU")
    for name, _ in stage.pools:
        if not name.startswith("Max"):
            yield _lacking(chip, stage.name, f"{name}", f"take {'Max' + name[3:]}")


def _without_memory(stage: Stage, chip: Chip) -> Iterator[Breach]:
    model, kind, change = model_of(stage.neurons), stage.neurons.kind, "take ReLU"
    if model is None or model.reads_v or model.levels > 1 or PARAMETER in stage.neurons.values:
        yield _lacking(chip, stage.name, f"neurons {kind} are none of its activations", change)
        return
    numbers = numbers_of(stage.neurons, stage.out_shape)
    if numbers.leak.any() or numbers.syn_leak.any():
        change = f"{change}, or neurons that keep nothing from step to step (a time constant far below a step)"
        yield _lacking(chip, stage.name, f"neurons {kind} live in time", change)
    each = numbers.threshold.reshape(stage.out_shape[0], -1)
    if not np.isfinite(each).all() or (each <= 0).any():
        yield _lacking(chip, stage.name, f"{kind} with a threshold of {each.min():g}", "give all finite ones above 0")
    elif np.ptp(each, axis=1).any():
        yield _lacking(chip, stage.name, "different thresholds within a filter", "give a filter one threshold")


def _not_finite(values: npt.NDArray[Any]) -> str:
    """What is wrong with values of which some are not finite, with the first of them."""
    at = tuple(int(k) for k in np.argwhere(~np.isfinite(values))[0])
    return f"NaN or infinity, first {values[at]} at index {at}"


def _lacking(chip: Chip, where: str, what: str, change: str) -> Breach:
    return Breach(chip.name, what, where, None, None, "", change)
