"""A comparison as plain values, for JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from hw.comparing.record import Comparison, Crossing, Row
from hw.counting.counts import Counts
from hw.energy.report import energy_dict


def as_dict(comparison: Comparison) -> dict[str, Any]:
    """The comparison as JSON-able values; unknown numbers are null."""
    return {
        "data": comparison.data,
        "samples": comparison.samples,
        "rows": [_row_dict(row) for row in comparison.rows],
        "break_even": [_crossing_dict(crossing) for crossing in comparison.crossings],
        "counts": {name: _counts_dict(counts) for name, counts in comparison.counts.items()},
        "quantisation": {name: [asdict(e) for e in errors] for name, errors in comparison.quantisation.items()},
        "notes": list(comparison.notes),
        "broken": [{"net": net, **asdict(b)} for (net, _), breaches in comparison.broken.items() for b in breaches],
    }


def _row_dict(row: Row) -> dict[str, Any]:
    return {
        "net": row.net,
        "device": row.device,
        "level": row.level.value,
        "number_format": row.number_format,
        "was_run": row.was_run,
        "by_power": row.by_power,
        "accuracy": row.accuracy,
        "parameters": row.parameters,
        "macs": row.macs,
        "acs": row.acs,
        "spikes": row.spikes,
        "spikes_per_neuron_and_step": row.rate,
        "energy_without_memory_j": row.energy_without_memory_j,
        "traffic_bytes": row.traffic_bytes,
        "latency_s": row.latency_s,
        "latency_is_lower_bound": row.latency_is_lower_bound,
        **energy_dict(row.energy),
    }


def _crossing_dict(c: Crossing) -> dict[str, Any]:
    return {
        "spiking": c.spiking,
        "conventional": c.conventional,
        "device": c.device,
        "level": c.level.value,
        "number_format": c.number_format,
        "with_memory": c.with_memory,
        **asdict(c.result),
    }


def _counts_dict(counts: Counts) -> dict[str, Any]:
    return {"samples": counts.samples, "layers": [asdict(layer) for layer in counts.layers]}
