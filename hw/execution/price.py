"""Energy of a placed program from its chip's table: every counted event times its sourced cost."""

from __future__ import annotations

from typing import Any

from hw.energy.total import Energy, Term
from hw.execution.events import Events
from hw.placement.record import Placement
from hw.records.chip import Chip
from hw.records.energies import AllInEnergies, EventEnergies, Level
from hw.records.fact import unknown

PLACED = "events are those of the chip's own integers, placed on its cores"
MESSAGES = "a spike is one message for each core it goes to; within a tile it costs one term, else each hop one"
ENTRANCE = "events of the input are counted from their arrival at the cores; how they reach the chip is not known"


def event_energy(events: Events, placement: Placement, chip: Chip) -> Energy:
    """Energy a sample; what the table has no line for stays unknown, and makes the total a lower bound.

    Raises TypeError when the chip's energies are those of a technology, ValueError when nothing was run.
    """
    energies = chip.energies
    if not events.samples:
        raise ValueError("energy: nothing was run; give at least one sample")

    def each(values: Any) -> float:
        return float(values.sum()) / events.samples

    if isinstance(energies, AllInEnergies):
        term = Term("synaptic events, all in", each(events.synaptic_ops), "synaptic events", energies.synaptic_event)
        return Energy(chip.name, Level.ALL_IN, (term,), (PLACED, *chip.notes))
    if not isinstance(energies, EventEnergies):
        raise TypeError(f"{chip.name}: expected event energies, it has energies {chip.level.value}")
    active = each(events.active_updates)
    others = [
        ("synaptic operations, sparse", each(events.sparse_ops), energies.synaptic_op_sparse),
        ("synaptic operations, convolution", each(events.convolution_ops), energies.synaptic_op_convolution),
    ]
    apart = [(name, n, "synaptic operations", cost) for name, n, cost in others if cost is not None]
    rest = each(events.synaptic_ops) - sum(n for _, n, _, _ in apart)
    lines: list[tuple[str, float, str, Any]] = [
        ("synaptic operations", rest, "synaptic operations", energies.synaptic_op),
        *apart,
        ("neuron updates, active", active, "neuron updates", energies.neuron_update_active),
        ("neuron updates, inactive", each(events.updates) - active, "neuron updates", energies.neuron_update_inactive),
        ("spikes made", each(events.spikes), "spikes", energies.spike_out),
        ("axons out", each(events.axons_out), "messages", energies.axon_out),
        ("axons in", each(events.axons_in), "messages", energies.axon_in),
        ("spikes within a tile", each(events.within_tile), "messages", energies.spike_within_tile),
        ("hops east-west", each(events.hops_east_west), "hops", energies.hop_east_west),
        ("hops north-south", each(events.hops_north_south), "hops", energies.hop_north_south),
    ]
    where = "no figure for a message from chip to chip"
    lines.append(("from chip to chip", each(events.crossings), "messages", unknown("pJ", where)))
    terms = tuple(Term(name, n, unit, cost) for name, n, unit, cost in lines if cost is not None)
    contained = [name for name, _, _, cost in lines if cost is None]
    said = (f"{chip.name}: its table has no line for {', '.join(contained)}",) if contained else ()
    assumptions = (PLACED, MESSAGES, ENTRANCE, *said, *placement.assumptions, *chip.notes)
    return Energy(chip.name, Level.EVENT, terms, assumptions)
