"""Several nets on several devices, side by side: accuracy, operations, spikes, energy, and where spiking stops winning."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hw import chips as known_chips
from hw.break_even import break_even
from hw.candidate import Candidate, Evaluation, candidate, correct, encoded_through, evaluate
from hw.chip import AllInEnergies, Chip, EventEnergies, TechnologyEnergies
from hw.comparison import Comparison, Crossing, Row
from hw.count import batches
from hw.counts import Counts
from hw.energy import Energy
from hw.events import all_in_energy, event_energy
from hw.formats import FLOAT32, INT8, Arithmetic
from hw.int8_weights import with_int8_weights
from hw.quantise import LayerError, QuantisedNet, quantise
from hw.technology import technology_energy
from spikenet.data import Arrays
from spikenet.errors import whole

Array = npt.NDArray[Any]
CALIBRATION_SAMPLES = 2048  # ranges have settled long before; bounds memory on large training sets


@dataclass(frozen=True)
class _Formed:
    """A net in one arithmetic, evaluated."""

    net: str
    arithmetic: Arithmetic
    evaluation: Evaluation


def compare(
    nets: Mapping[str, Any],
    test: Arrays,
    *,
    calibrate: Arrays | None = None,
    chips: Iterable[Chip] = known_chips.ALL,
    batch_size: int = 256,
) -> Comparison:
    """Every net on every device that can be said anything about.

    nets      : by name, a Sequential, (Sequential, encoder) or `hw.Candidate`
    test      : what accuracy and counts are measured on
    calibrate : training data for the ranges of int8; without it there are no int8 rows
    chips     : devices to price; conventional nets appear on technologies only

    Raises ValueError / TypeError, before anything is run, for an empty comparison, data that do not match, or neurons
    without an encoder; for a layer that cannot be counted when it is reached.
    """
    entries = {name: candidate(name, given) for name, given in nets.items()}
    devices = tuple(chips)
    _check(entries, devices, test, calibrate)
    whole("batch_size", batch_size)
    formed: list[_Formed] = []
    notes: list[str] = []
    errors: dict[str, tuple[LayerError, ...]] = {}
    for name, entry in entries.items():
        formed.append(_Formed(name, FLOAT32, evaluate(entry, test, batch_size)))
        if calibrate is None:
            notes.append(f"{name}: no int8 row, for no calibration data were given")
            continue
        try:
            evaluation, report = _in_int8(entry, formed[-1].evaluation, test, calibrate, batch_size)
        except (TypeError, ValueError) as reason:
            notes.append(f"{name}: no int8 row ({reason})")
            continue
        formed.append(_Formed(name, INT8, evaluation))
        if report:
            errors[name] = report
    rows = [row for form in formed for chip in devices for row in _rows(form, chip, notes)]
    if calibrate is not None:
        n = len(_spread(calibrate, CALIBRATION_SAMPLES))
        notes.append(
            f"int8 ranges: smallest and largest value over {n} training samples ({batch_size} at most for the input of a spiking net)"
        )
    counts = {form.net: form.evaluation.counts for form in formed if form.arithmetic is FLOAT32}
    crossings = tuple(_crossings(formed, devices))
    return Comparison(test.name, len(test), tuple(rows), crossings, counts, errors, tuple(dict.fromkeys(notes)))


def _check(entries: Mapping[str, Candidate], chips: tuple[Chip, ...], test: Any, calibrate: Any) -> None:
    if not entries or not chips:
        raise ValueError(f"compare: expected at least one net and one chip, got {len(entries)} and {len(chips)}")
    for chip in chips:
        if not isinstance(chip, Chip):
            raise TypeError(f"compare: expected hw.Chip records, got {chip!r}")
    for name, data in (("test", test), ("calibrate", calibrate)):
        if not isinstance(data, Arrays) and not (name == "calibrate" and data is None):
            raise TypeError(f"compare: expected {name} as spikenet.data.Arrays, got {type(data).__name__}")
    if calibrate is None:
        return
    if calibrate.inputs is test.inputs:
        raise ValueError("compare: calibrate is the test set; choose ranges on training data")
    if calibrate.inputs.shape[1:] != test.inputs.shape[1:]:
        raise ValueError(
            f"compare: calibrate has samples of shape {calibrate.inputs.shape[1:]}, test of {test.inputs.shape[1:]}"
        )


def _spread(data: Arrays, most: int) -> Array:
    """At most `most` samples, evenly over the data, whatever their order."""
    n = len(data)
    return data.inputs if n <= most else data.inputs[np.linspace(0, n - 1, most).astype(np.int64)]


def _in_int8(
    entry: Candidate, float32: Evaluation, test: Arrays, calibrate: Arrays, batch_size: int
) -> tuple[Evaluation, tuple[LayerError, ...]]:
    """Evaluation in 8 bits, and errors by layer where the net is integers throughout."""
    if entry.is_conventional:
        net = quantise(entry.net, _spread(calibrate, CALIBRATION_SAMPLES))
        return Evaluation(_integer_accuracy(net, entry, test, batch_size), float32.counts), net.report
    if not float32.counts.is_spiking:
        raise ValueError("rate-coded neurons have no 8-bit form here")
    _, x = next(batches(_spread(calibrate, batch_size), entry.encode, batch_size, entry.seed))
    rounded = with_int8_weights(entry.net, x)
    return evaluate(encoded_through(entry, rounded.net, rounded.on_grid), test, batch_size), ()


def _integer_accuracy(net: QuantisedNet, entry: Candidate, test: Arrays, batch_size: int) -> float:
    parts = batches(test.inputs, None, batch_size)
    return sum(correct(entry.readout(net(x)), test.labels[part], test.classes) for part, x in parts) / len(test)


def _rows(form: _Formed, chip: Chip, notes: list[str]) -> Iterable[Row]:
    counts = form.evaluation.counts
    try:
        if isinstance(chip.energies, TechnologyEnergies):
            energy, number_format = technology_energy(counts, chip, form.arithmetic), form.arithmetic.name
        elif form.arithmetic is not FLOAT32 or not counts.is_spiking:
            return  # a neuromorphic chip has its own number format; conventional nets do not run on it
        else:
            energy, number_format = _on_chip(counts, chip), "float32 events"
            notes.append(
                f"{chip.name}: events counted in the float32 simulation; the chip's own integers, placement and limits "
                "are not simulated"
            )
    except ValueError as reason:
        notes.append(f"{form.net}: no row for {chip.name} ({reason})")
        return
    stored = counts.total(lambda c: c.stored.weights + c.stored.biases + c.stored.parameters)
    yield Row(
        net=form.net,
        device=chip.name,
        level=chip.level,
        number_format=number_format,
        accuracy=form.evaluation.accuracy,
        accuracy_format=form.arithmetic.name,
        parameters=int(stored),
        macs=counts.total(lambda c: c.macs),
        acs=counts.total(lambda c: c.acs),
        spikes=counts.spikes if counts.is_spiking else None,
        rate=counts.rate,
        energy=energy,
    )


def _on_chip(counts: Counts, chip: Chip) -> Energy:
    if isinstance(chip.energies, AllInEnergies):
        return all_in_energy(counts, chip)
    assert isinstance(chip.energies, EventEnergies)
    return event_energy(counts, chip)


def _crossings(formed: list[_Formed], chips: tuple[Chip, ...]) -> Iterable[Crossing]:
    technologies = [chip for chip in chips if isinstance(chip.energies, TechnologyEnergies)]
    spiking = [form for form in formed if form.evaluation.counts.is_spiking]
    conventional = [form for form in formed if form.evaluation.counts.rate is None and form not in spiking]
    for chip in technologies:
        for snn in spiking:
            for ann in conventional:
                if ann.arithmetic is not snn.arithmetic:
                    continue
                for with_memory in (False, True):
                    price = _pricing(chip, snn.arithmetic, with_memory)
                    result = break_even(snn.evaluation.counts, price(ann.evaluation.counts), price)
                    name = snn.arithmetic.name
                    yield Crossing(snn.net, ann.net, chip.name, chip.level, name, with_memory, result)


def _pricing(chip: Chip, arithmetic: Arithmetic, with_memory: bool) -> Callable[[Counts], Energy]:
    def price(counts: Counts) -> Energy:
        energy = technology_energy(counts, chip, arithmetic)
        return energy if with_memory else energy.without_memory()

    return price
