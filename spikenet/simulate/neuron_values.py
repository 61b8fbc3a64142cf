"""States and parameters of neurons, between the shares that compute them and arrays of whole populations."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from spikenet.errors import Array
from spikenet.simulate.layout import Layout, own_parameters, state_rows


def states_of(layout: Layout, population: int) -> dict[str, Array]:
    """(own neurons,) of every state, as it is computed; nothing for a source."""
    cell = layout.cells[population]
    if cell is None:
        return {}
    shares = layout.shares[population]
    rows = [state_rows(cell, share) for share in shares]
    return {
        s: np.concatenate([row[s][: share.n] for row, share in zip(rows, shares, strict=True)])
        for s in cell.model.states
    }


def put_states(layout: Layout, population: int, states: Mapping[str, Array]) -> None:
    """states: (n,) of the whole population."""
    cell = layout.cells[population]
    assert cell is not None
    for share in layout.shares[population]:
        rows = state_rows(cell, share)
        for name, values in states.items():
            rows[name][: share.n] = values[share.low : share.high]


def put_parameters(layout: Layout, population: int) -> None:
    """The parameters of which every neuron has its own value, from its cell."""
    cell = layout.cells[population]
    assert cell is not None
    for share in layout.shares[population]:
        for row, name in zip(share.rows, own_parameters(cell), strict=False):
            row[: share.n] = cell.values[name][share.low : share.high]
