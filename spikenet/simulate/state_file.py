"""The whole state of a simulation in a file: what is needed to go on, to the last bit.

Connections, inputs and parameters that nobody has set are not in it: they follow from the network and the seed, and are
drawn again. So a file is small, and can be continued by any number of threads. It is an npz without pickle, written
whole or not at all.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.network.cell import Cell
from spikenet.network.network import Network
from spikenet.simulate.layout import Layout
from spikenet.whole_file import whole_file

FORMAT = 2


def heading(network: Network, cells: Sequence[Cell | None], synapses: int, seed: int, dtype: str) -> dict[str, Any]:
    """What a file must agree in with the simulation that reads it: whose states they are; not parameters and inputs."""
    return {
        "format": FORMAT,
        "dt_s": network.dt_s,
        "seed": seed,
        "dtype": dtype,
        "populations": [[p.name, p.n] for p in network.populations],
        "states": [[] if cell is None else [cell.kind, *cell.model.states] for cell in cells],
        "projections": [[p.name, type(p.rule).__name__, p.plasticity is not None] for p in network.projections],
        "synapses": synapses,
    }


def under_way(layout: Layout, population: int, step: int, longest: int) -> tuple[Array, Array]:
    """(steps, neurons) of the spikes of the last `longest` steps before `step`, in order."""
    steps, neurons = [np.empty(0, np.int64)], [np.empty(0, np.uint32)]
    for t in range(max(0, step - longest), step):
        for share in layout.lists[population]:
            fired = share.places[t % layout.slots, : share.counts[t % layout.slots]]
            steps.append(np.full(fired.size, t, np.int64))
            neurons.append(fired)
    return np.concatenate(steps), np.concatenate(neurons)


def put_under_way(layout: Layout, population: int, steps: Array, neurons: Array) -> None:
    """Lists spikes where the loop looks for them; all others are forgotten."""
    for share in layout.lists[population]:
        share.counts[:] = 0
        mine = (neurons >= share.low) & (neurons < share.high)
        for t in np.unique(steps[mine]):
            fired = neurons[mine & (steps == t)]
            share.counts[t % layout.slots] = fired.size
            share.places[t % layout.slots, : fired.size] = fired


def set_values(arrays: dict[str, Array], population: int) -> dict[str, Any]:
    """What had been set of the population numbered so."""
    mark = f"{population}.set."
    return {name.removeprefix(mark): array[()] for name, array in arrays.items() if name.startswith(mark)}


def write_state(path: str | os.PathLike[str], head: dict[str, Any], arrays: dict[str, Array]) -> None:
    with whole_file(path) as file:
        np.savez(file, allow_pickle=False, heading=np.array(json.dumps(head)), **arrays)


def read_state(path: str | os.PathLike[str], expected: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Array]]:
    """(heading, arrays); ValueError when the file is no state of this simulation."""
    try:
        with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        head = json.loads(str(arrays.pop("heading")))
    except (zipfile.BadZipFile, KeyError, json.JSONDecodeError, EOFError, ValueError) as error:
        raise ValueError(f"{os.fspath(path)}: no whole state of a simulation: {error}") from error
    for name, value in expected.items():
        if head.get(name) != value:
            raise ValueError(
                f"{os.fspath(path)}: {name}: expected {value!r:.80}, as this simulation has, got {head.get(name)!r:.80}"
            )
    return head, arrays
