"""Several nets on several devices side by side: accuracy, operations, spikes, energy, and who wins at which rate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hw import chips as known_chips
from hw.comparing.candidate import Candidate, candidate
from hw.comparing.deployed import Deployed, deployed, run_as_given
from hw.comparing.forms import CALIBRATION_SAMPLES, Form, in_float32, in_int8, spread
from hw.comparing.given import programs_given
from hw.comparing.record import Comparison, Crossing, Row
from hw.counting.counts import Counts
from hw.energy.break_even import break_even
from hw.energy.events import all_in_energy, event_energy, processor_energy
from hw.energy.technology import technology_energy, traffic_bytes
from hw.energy.total import Energy
from hw.programs.record import Program
from hw.records.breach import Breach
from hw.records.chip import Chip
from hw.records.energies import AllInEnergies, EventEnergies, ProcessorEnergies, TechnologyEnergies
from hw.records.formats import FLOAT32, Arithmetic
from spikenet.data import Arrays
from spikenet.errors import whole


def compare(
    nets: Mapping[str, Any],
    test: Arrays,
    *,
    calibrate: Arrays | None = None,
    chips: Iterable[Chip] = known_chips.PRICED,
    programs: Mapping[str, Program | Sequence[Program]] | None = None,
    batch_size: int = 256,
) -> Comparison:
    """Every net on every device that can be said anything about.

    nets      : by name, a Sequential, (Sequential, encoder) or `hw.Candidate`
    test      : what accuracy and counts are measured on
    calibrate : training data for the ranges of int8; without it there are no int8 rows
    chips     : devices to price, `hw.chips.ALL` for all there are
    programs  : of nets, by name, one or several programs of chips that run as they are, such as what `hw.train_through`
                or `hw.load_program` gave; on all other chips nets are compiled

    With `calibrate`, a net is compiled for each chip that takes its kind, spiking nets that get spikes or, on Akida,
    conventional ones, placed, and run in the chip's integers (on BrainScaleS-2 in a noisy model, and the row says so):
    accuracy, latency and energy of its row are those. Where a chip refuses it, `broken` says which rules it breaks, a
    note where it was not tried. A spiking net then has a row, if the chip has energies, that prices the events of the
    float net and says so in `numbers` and `was_run`. What was run has another row, at the all-in level, where the power
    of the chip and the time of a sample are known.

    Raises ValueError / TypeError, before anything is run, for an empty comparison, data that do not match, neurons
    without an encoder, or a program that is not of its net; for a layer that cannot be counted when it is reached.
    """
    if not isinstance(nets, Mapping):
        raise TypeError(f'compare: expected nets by name, such as {{"ANN": net}}, got {nets!r:.60}')
    if isinstance(chips, Chip):
        raise TypeError("compare: expected a sequence of chips, got one; write chips=[chip]")
    entries = {name: candidate(name, given) for name, given in nets.items()}
    devices = tuple(chips)
    _check(entries, devices, test, calibrate)
    whole("batch_size", batch_size)
    given = programs_given(programs, entries, test)
    forms: list[Form] = []
    notes: list[str] = []
    for name, entry in entries.items():
        forms.append(_counted(name, entry, test, batch_size))
        small = "no calibration data" if calibrate is None else in_int8(forms[-1], entry, test, calibrate, batch_size)
        if isinstance(small, Form):
            forms.append(small)
        else:
            notes.append(f"{name}: no int8 row ({small})")
    if calibrate is not None:
        n = len(spread(calibrate, CALIBRATION_SAMPLES))
        few = min(n, batch_size)
        notes.append(f"int8 ranges: min and max over {n} training samples, {few} for the input of a spiking net")
    broken: dict[tuple[str, str], tuple[Breach, ...]] = {}
    rows = list[Row]()
    for name, entry in entries.items():
        own = [form for form in forms if form.net == name]
        for program in (made for (net, _), made in given.items() if net == name):
            rows += _rows_of(own[0], run_as_given(entry, program, test, calibrate, batch_size), program.chip)
            notes.append(f"{name} on {program.chip.name}: the program that was given, not compiled anew")
        for chip in devices:
            if (name, chip.name) in given:
                continue
            found = _in_integers(own[0], entry, chip, test, calibrate, batch_size)
            if isinstance(found, list):
                rows += found
                continue
            if isinstance(found, tuple):
                broken[name, chip.name] = found
            elif isinstance(found, str):
                notes.append(f"{name}: not compiled for {chip.name} ({found})")
            rows += [row for form in own for row in _rows(form, chip, notes, refused=isinstance(found, tuple))]
    return Comparison(
        data=test.name,
        samples=len(test),
        rows=tuple(rows),
        crossings=tuple(_crossings(forms, devices)),
        counts={form.net: form.evaluation.counts for form in forms if form.arithmetic is FLOAT32},
        quantisation={form.net: form.errors for form in forms if form.errors},
        notes=tuple(notes),
        broken=broken,
    )


def _counted(name: str, entry: Candidate, test: Arrays, batch_size: int) -> Form:
    try:
        return in_float32(name, entry, test, batch_size)
    except (TypeError, ValueError) as reason:
        raise type(reason)(f"compare: net {name!r}: {reason}") from reason


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


def _rows(form: Form, chip: Chip, notes: list[str], *, refused: bool) -> Iterable[Row]:
    counts = form.evaluation.counts
    try:
        if isinstance(chip.energies, TechnologyEnergies):
            energy = technology_energy(counts, chip, form.arithmetic)
        elif isinstance(chip.energies, ProcessorEnergies):
            energy = processor_energy(counts, chip, form.arithmetic)
        elif form.arithmetic is not FLOAT32 or not counts.is_spiking:
            return  # a neuromorphic chip has its own number format, and its energies are those of spikes
        else:
            energy = _on_chip(counts, chip)
            if energy.is_unknown:
                return  # neither run there nor priced: nothing is known of it
    except ValueError as reason:
        notes.append(f"{form.net}: no row for {chip.name} ({reason})")
        return
    was_run = _is_conventional(chip)
    numbers = form.arithmetic.in_words(with_neurons=counts.is_spiking)
    yield Row(
        net=form.net,
        device=chip.name,
        level=chip.level,
        number_format=form.arithmetic.name,
        numbers=numbers if was_run else "fp32, does not fit" if refused else "fp32, not run",
        accuracy=form.evaluation.accuracy,
        parameters=form_numbers(form),
        macs=counts.total(lambda c: c.macs),
        acs=counts.total(lambda c: c.acs),
        spikes=counts.spikes if counts.is_spiking else None,
        rate=counts.rate,
        energy=energy,
        traffic_bytes=traffic_bytes(counts, form.arithmetic) if was_run else None,
        was_run=was_run,
    )


def _in_integers(
    form: Form, entry: Candidate, chip: Chip, test: Arrays, calibrate: Arrays | None, batch_size: int
) -> list[Row] | tuple[Breach, ...] | str | None:
    """The rows of a net in the integers of a neuromorphic chip, what it breaks, or why it was not tried."""
    if _is_conventional(chip):
        return None
    if calibrate is None:
        return "no calibration data"
    got = deployed(entry, chip, test, calibrate, batch_size)
    return _rows_of(form, got, chip) if isinstance(got, Deployed) else got


def _rows_of(form: Form, got: Deployed, chip: Chip) -> list[Row]:
    """The row of what ran in a chip's integers, and one by its power where that is known."""
    events, times, stored = got.execution.events, got.execution.times, form_numbers(form)
    slots = events.samples * events.steps * (len(events.sent) + len(events.received))
    operations = float(events.synaptic_ops.sum()) / events.samples
    spikes = form.evaluation.counts.is_spiking  # else what is sent are numbers, and weights are multiplied
    noisy = got.execution.program.noisy
    row = Row(
        net=form.net, device=chip.name, level=chip.level, number_format="noisy model" if noisy else "chip integers",
        numbers="a noisy model" if noisy else "the chip's integers", accuracy=got.accuracy, parameters=stored,
        macs=0.0 if spikes else operations, acs=operations if spikes else 0.0,
        spikes=float(events.sent.sum()) / events.samples if spikes else None,
        rate=float(events.sent.sum() + events.received.sum()) / slots if spikes else None,
        energy=got.execution.energy(), latency_s=times.inference_s,
        latency_is_lower_bound=bool(times.unknown),
    )  # fmt: skip
    by_power = got.execution.energy_by_power()
    return [row] if by_power is None else [row, replace(row, level=by_power.level, energy=by_power, by_power=True)]


def _is_conventional(chip: Chip) -> bool:
    """Whether it runs any net, spikes or not."""
    return isinstance(chip.energies, TechnologyEnergies | ProcessorEnergies)


def form_numbers(form: Form) -> int:
    """Weights, biases and parameters of single neurons."""
    counts = form.evaluation.counts
    return int(counts.total(lambda c: c.stored.weights + c.stored.biases + c.stored.parameters))


def _on_chip(counts: Counts, chip: Chip) -> Energy:
    if isinstance(chip.energies, AllInEnergies):
        return all_in_energy(counts, chip)
    assert isinstance(chip.energies, EventEnergies)
    return event_energy(counts, chip)


def _crossings(forms: list[Form], chips: tuple[Chip, ...]) -> Iterable[Crossing]:
    technologies = [chip for chip in chips if isinstance(chip.energies, TechnologyEnergies)]
    spiking = [form for form in forms if form.evaluation.counts.is_spiking]
    conventional = [form for form in forms if form.evaluation.counts.rate is None and form not in spiking]
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
