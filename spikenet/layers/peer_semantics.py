"""LIF and CubaLIF with the semantics of another package, as layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spikenet.derive.trace import trace
from spikenet.errors import finite_values
from spikenet.layers.firing import firing
from spikenet.layers.spiking import Spiking
from spikenet.neurons import semantics
from spikenet.neurons.reset import detached_subtract
from spikenet.neurons.semantics_record import Semantics


def as_in(meant: Semantics, kind: str, described: Mapping[str, Any]) -> Spiking:
    """The layer `kind`, "LIF" or "CubaLIF", with the arguments `described`, as `meant`.

    Raises TypeError when `meant` is no Semantics, and for a `reset` of one's own: semantics have theirs.
    """
    if not isinstance(meant, Semantics):
        raise TypeError(f"{kind}: semantics: expected one of sn.semantics, such as norse_lifbox, got {meant!r:.60}")
    if described["reset"] != detached_subtract:
        raise TypeError(f"{kind}: reset: semantics {meant.name} have their own; leave reset out")
    values: dict[str, Any] = dict(
        semantics.parameters(
            meant, described["tau_mem_s"], described.get("tau_syn_s"), described["dt_s"], described["threshold"], kind
        )
    )
    step = meant.lif() if kind == "LIF" else meant.cuba_lif()
    step.__name__ = f"{kind} as {meant.name}"
    if (value := described["reset_value"]) is not None or "reset_value" in trace(step).parameters:
        values["reset_value"] = finite_values(f"{kind}: reset_value", 0.0 if value is None else value)
    return firing(kind, step, described, values, functions=())
