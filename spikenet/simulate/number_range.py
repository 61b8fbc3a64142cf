"""Numbers that the float type of a simulation cannot hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.network import inputs
from spikenet.network.cell import Cell
from spikenet.network.draw import Distribution
from spikenet.network.network import Network


def check_range(network: Network, dtype: str) -> None:
    """ValueError for a weight or an input from outside that would become infinite."""
    for p in network.projections:
        _check(f"{p.name}: ", {"weight": p.weight}, dtype)
    for d in network.drives:
        named: dict[str, Any] = {"weight": d.weight}
        if isinstance(d.drive, inputs.Steps):
            named |= _scaled("values", d.drive.values, d.weight)
        elif isinstance(d.drive, inputs.Noise):
            named |= _scaled("mean", d.drive.mean, d.weight) | _scaled("std", d.drive.std, d.weight)
        _check(f"drive of {d.target.name!r}: ", named, dtype)


def check_cell(label: str, cell: Cell, starts: Mapping[str, Array], dtype: str) -> None:
    """ValueError for a parameter or a state before the first step that would become infinite."""
    _check(f"{label}: ", cell.values, dtype)
    _check(f"{label}: start ", starts, dtype)


def _scaled(name: str, values: Array, weight: float) -> dict[str, Array]:
    with np.errstate(over="ignore"):
        return {name: values, f"weight times {name}": weight * values}


def _check(label: str, named: Mapping[str, Any], dtype: str) -> None:
    largest = float(np.finfo(dtype).max)
    for name, given in named.items():
        found = float(np.abs(given.range if isinstance(given, Distribution) else given).max(initial=0.0))
        if found > largest:
            raise ValueError(
                f"{label}{name}: {found:g} is too large for {dtype}; give it in other units or dtype=np.float64"
            )
