"""Energy from a device's own table: a chip maker's events, without a placement, or a processor's operations."""

from __future__ import annotations

from hw.counting.counts import Counts
from hw.energy.given import checked_arithmetic, energies_of
from hw.energy.total import Energy, Term
from hw.records.chip import Chip
from hw.records.energies import AllInEnergies, EventEnergies, Level, ProcessorEnergies
from hw.records.fact import unknown
from hw.records.formats import FLOAT32, Arithmetic

ASSUMPTIONS = (
    "events are those of the float32 simulation; the chip's own integers and limits are not simulated",
    "every spike reaches all its targets within its own tile, as one message; hops between tiles need a placement",
    "an active neuron update is one with something to do, SANA-FE's reading (hw.activity.had_work)",
)
MEMORY = "event energies are of whole events; the memory accesses inside them are not known apart"


def event_energy(counts: Counts, chip: Chip) -> Energy:
    """Energy per inference of the counted events on `chip`.

    Hops are unknown, for they need a placement; so is an input that is not 0/1, whose first layer the chip cannot run:
    it would be computed elsewhere and injected as a current. Both leave the total a lower bound.

    Raises TypeError when the chip has no event energies, ValueError when the net has no spiking neurons or sends
    anything but spikes from layer to layer.
    """
    energies = energies_of("event_energy", counts, chip, EventEnergies, "event energies")
    _needs_spikes(counts, chip)
    updates = counts.total(lambda c: c.updates)
    active = counts.total(lambda c: c.active_updates)
    spikes = counts.total(lambda c: c.events)
    terms = [
        Term("synaptic operations", counts.total(lambda c: c.acs), "synaptic operations", energies.synaptic_op),
        Term("neuron updates, active", active, "neuron updates", energies.neuron_update_active),
        Term("neuron updates, inactive", updates - active, "neuron updates", energies.neuron_update_inactive),
        Term("spikes within a tile", spikes, "spikes", energies.spike_within_tile),
        Term("hops between tiles", spikes, "spikes", unknown("pJ", "hops need a placement on the chip")),
    ]
    macs = counts.total(lambda c: c.macs)
    if macs:
        where = f"{chip.name} takes spikes; an analogue input is multiplied off the chip"
        terms.append(Term("analogue input, off the chip", macs, "multiply-accumulates", unknown("pJ", where)))
    return Energy(chip.name, Level.EVENT, tuple(terms), (*counts.assumptions, *ASSUMPTIONS, MEMORY, *chip.notes))


def all_in_energy(counts: Counts, chip: Chip) -> Energy:
    """Synaptic events times the chip's all-in figure: one term, to which nothing may be added."""
    energies = energies_of("all_in_energy", counts, chip, AllInEnergies, "an all-in energy")
    _needs_spikes(counts, chip)
    events = counts.total(lambda c: c.acs)
    term = Term("synaptic events, all in", events, "synaptic events", energies.synaptic_event)
    return Energy(chip.name, Level.ALL_IN, (term,), (*counts.assumptions, ASSUMPTIONS[0], *chip.notes))


def processor_energy(counts: Counts, chip: Chip, arithmetic: Arithmetic) -> Energy:
    """Energy of a processor that multiplies every input with every weight in every step, whether it is 0 or not.

    An input that never changes is multiplied once. In another format than float32 no cost is known.
    """
    energies = energies_of("processor_energy", counts, chip, ProcessorEnergies, "the energies of a processor")
    checked_arithmetic(chip.name, arithmetic)
    mac, update = energies.mac, energies.neuron_update
    if arithmetic is not FLOAT32:
        mac = update = unknown("nJ", f"{mac.source}: float32 only")
    terms = (
        Term("multiply-accumulates", counts.total(lambda c: c.dense if c.sources else c.macs), "operations", mac),
        Term("neuron updates", counts.total(lambda c: c.updates), "neuron updates", update),
    )
    dense = "a processor multiplies by zeros as well: spikes save nothing, and every step is computed whole"
    said = (dense,) if counts.is_spiking else ()
    return Energy(
        chip.name, Level.ALL_IN, tuple(t for t in terms if t.count), (*counts.assumptions, *said, *chip.notes)
    )


def _needs_spikes(counts: Counts, chip: Chip) -> None:
    if not counts.is_spiking:
        raise ValueError(f"{chip.name}: runs spiking nets, this net has no spiking neurons")
    connections = [layer for layer in counts.layers if layer.dense]
    for layer in connections[1:]:
        if layer.macs:
            raise ValueError(f"{chip.name}: carries spikes, but the input of layer {layer.name} is not 0/1")
