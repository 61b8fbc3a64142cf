"""An execution as text and as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hw.energy.total import Energy
from hw.execution.events import COUNTS, Events
from hw.execution.times import StepTimes
from hw.placement.mesh import Links
from hw.placement.record import Placement
from hw.records.si import how_many

HEAD = ("core", "chip", "tile", "neurons", "synaptic ops", "active", "updates", "spikes", "axons in", "axons out")


def text(
    events: Events, placement: Placement, links: Links, words: Mapping[str, Mapping[str, int]], times: StepTimes,
    energies: Sequence[Energy],
) -> str:  # fmt: skip
    """Events of every core, times and energies, each level apart: means of one sample."""
    cores, n = placement.cores, max(events.samples, 1)
    rows = [HEAD]
    for k, core in enumerate(cores):
        columns = (events.synaptic_ops, events.active_updates, events.updates, events.spikes, events.axons_in,
                   events.axons_out)  # fmt: skip
        counted = (f"{values[k] / n:,.1f}" for values in columns)
        tile = f"({core.x}, {core.y}).{core.number}"
        rows.append((str(k), str(core.chip), tile, str(core.n_neurons), *counted))  # type: ignore[arg-type]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = ["  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
    hops = events.hops_east_west.sum() + events.hops_north_south.sum()
    lost = ((layer, word, n) for layer, met in words.items() for word, n in met.items() if n)
    overflows = ", ".join(f"{layer} {word} {n:,}" for layer, word, n in lost)
    return "\n".join([
        f"{how_many(events.samples, 'sample')} of {how_many(events.steps, 'step')} on {how_many(len(cores), 'core')}; "
        "means of one sample",
        *table,
        f"messages within a tile {events.within_tile.sum() / n:,.1f}, hops {hops / n:,.1f}, from chip to chip "
        f"{events.crossings.sum() / n:,.1f}; busiest link {links.most:.4g} messages a step",
        f"overflows, in all samples: {overflows or 'none'}",
        f"time: {times}",
        "",
        *(line for energy in energies for line in (str(energy), *(f"  {said}" for said in energy.assumptions), "")),
    ])  # fmt: skip


def events_dict(events: Events, placement: Placement) -> dict[str, Any]:
    """JSON-able: what every core holds and what it did."""
    return {
        "samples": events.samples,
        "steps": events.steps,
        "cores": [
            {
                "chip": core.chip,
                "x": core.x,
                "y": core.y,
                "number": core.number,
                "layers": {part.layer: int(part.neurons.size) for part in core.parts},
                "used": {name: float(value) for name, value in core.used.items()},
                "events": {name: int(getattr(events, name)[k]) for name in (*COUNTS, "updates")},
            }
            for k, core in enumerate(placement.cores)
        ],
    }


def times_dict(times: StepTimes) -> dict[str, Any]:
    """JSON-able; unknown numbers are null."""
    return {
        "inference_s": times.inference_s,
        "step_s": times.step_s,
        "longest_step_s": times.longest_step_s,
        "model": times.model,
        "evidence": [kind.value for kind in times.evidence],
        "unknown": list(times.unknown),
    }
