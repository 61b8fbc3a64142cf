"""The synapses of a projection one by one, as a simulation with this seed has them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from spikenet.errors import Array
from spikenet.kernels.synapse_values import values
from spikenet.network.populations import SYNAPSES
from spikenet.network.records import Projection
from spikenet.network.synapses import synapses
from spikenet.simulate.wiring import description


class Explicit(NamedTuple):
    """(synapses,) each: numbers of source and target, weight as given to `connect`, delay in whole steps."""

    source: Array
    target: Array
    weight: Array
    delay_steps: Array


def explicit(projection: Projection, dt_s: float, seed: int) -> Explicit:
    """All synapses of a projection, in the order in which its rule draws them; 32 bytes each, and as many to make."""
    p = projection
    made = synapses(p.name, p.rule, p.source.n, p.target.n, p.source is p.target, seed, SYNAPSES + p.index)
    owner = np.repeat(np.arange(made.degrees.size, dtype=np.int64), made.degrees)
    partner = made.draw(0, made.degrees.size).astype(np.int64)
    weight, steps = np.empty(owner.size), np.empty(owner.size, np.int64)
    kept: list[Any] = []  # what the row's addresses point to
    row, numbers = description(p, dt_s, kept)
    values(row, numbers, seed, weight, steps)
    source, target = (owner, partner) if made.by_source else (partner, owner)
    return Explicit(source, target, weight, steps)
