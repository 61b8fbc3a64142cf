"""Numbers that the float type of a simulation cannot hold."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.network import inputs
from spikenet.network.draw import Distribution
from spikenet.network.network import Network


def check_range(network: Network, dtype: str) -> None:
    """ValueError for a weight or an input from outside that would become infinite."""
    named: list[tuple[str, Any]] = [(f"{p.name}: weight", p.weight) for p in network.projections]
    for d in network.drives:
        label = f"drive of {d.target.name!r}"
        named.append((f"{label}: weight", d.weight))
        if isinstance(d.drive, inputs.Steps):
            named.append((f"{label}: values", d.drive.values))
        elif isinstance(d.drive, inputs.Noise):
            named += [(f"{label}: mean", d.drive.mean), (f"{label}: std", d.drive.std)]
    largest = float(np.finfo(dtype).max)
    for name, given in named:
        found = float(np.abs(given.range if isinstance(given, Distribution) else given).max(initial=0.0))
        if found > largest:
            raise ValueError(f"{name}: {found:g} is too large for {dtype}; give it in other units or dtype=np.float64")
