"""An execution as text and as plain data."""

from __future__ import annotations

from typing import Any

from hw.energy.report import breakdown, energy_dict
from hw.execution.events import COUNTS
from hw.execution.record import Execution
from hw.records.si import how_many

HEAD = ("core", "chip", "tile", "neurons", "synaptic ops", "active", "updates", "spikes", "axons in", "axons out")


def text(execution: Execution) -> str:
    """Events of every core, times and energy: means of one sample."""
    events, cores = execution.events, execution.placed.placement.cores
    n = max(events.samples, 1)
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
    energy = execution.energy()
    lost = ((layer, word, n) for layer, words in execution.words.items() for word, n in words.items() if n)
    overflows = ", ".join(f"{layer} {word} {n:,}" for layer, word, n in lost)
    return "\n".join([
        f"{events.samples} samples of {events.steps} steps on {how_many(len(cores), 'core')}; means of one sample",
        *table,
        f"messages within a tile {events.within_tile.sum() / n:,.1f}, hops {hops / n:,.1f}, from chip to chip "
        f"{events.crossings.sum() / n:,.1f}; busiest link {execution.links.most:.4g} messages a step",
        f"overflows, in all samples: {overflows or 'none'}",
        f"time: {execution.times}",
        "",
        breakdown(energy).rstrip(),
        *(f"  {said}" for said in energy.assumptions),
        "",
    ])  # fmt: skip


def as_dict(execution: Execution) -> dict[str, Any]:
    """JSON-able: rates, overflows, events of every core, times and energy; unknown numbers are null."""
    events, times = execution.events, execution.times
    return {
        "rates": execution.rates,
        "overflows": execution.words,
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
            for k, core in enumerate(execution.placed.placement.cores)
        ],
        "time": {
            "inference_s": times.inference_s,
            "step_s": times.step_s,
            "longest_step_s": times.longest_step_s,
            "model": times.model,
            "evidence": [kind.value for kind in times.evidence],
            "unknown": list(times.unknown),
        },
        "energy": energy_dict(execution.energy()),
    }
