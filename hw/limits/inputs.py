"""A single neuron's inputs against what a core has: what cannot be divided over cores has to be pruned."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from hw.lowering.stages import Stage
from hw.placement.core_room import Wiring, room_of
from hw.records.breach import Breach
from hw.records.chip import Chip


def inputs(wiring: Wiring, chip: Chip) -> Iterator[tuple[Breach, int]]:
    """(what of a core one neuron of the stage alone is too much for, how many weights each neuron may keep)."""
    found = room_of(chip)
    assert found is not None
    room, use = found
    fan_in = wiring.fan_in()
    j = int(fan_in.argmax())
    taps = math.prod(window.n_taps for _, window in wiring.stage.pools)
    for name, need in use(wiring, j, j + 1).items():
        if name not in ("neurons", "synapse_formats") and need > room.get(name, np.inf):
            allowed = int(room[name] * fan_in[j] // need)  # every input takes as much of it as any other
            several = int((fan_in > allowed).sum())
            change = f"keep the {allowed // taps} largest weights of each neuron ({several} neurons have more)"
            unit = chip.limits[name].unit
            yield Breach(chip.name, name, wiring.stage.name, need, room[name], unit, change), allowed // taps


def pruned(stage: Stage, n: int) -> Stage:
    """The stage with the n largest weights of each neuron, or of each filter."""
    rows = stage.weight.reshape(len(stage.weight), -1) if stage.window is not None else stage.weight.T
    own = rows[:, :0] if stage.recurrent is None else stage.recurrent.T
    together = np.concatenate([rows, own], axis=1)
    if n < together.shape[1]:
        np.put_along_axis(together, np.argpartition(-np.abs(together), n, axis=1)[:, n:], 0, axis=1)
    kept, own = together[:, : rows.shape[1]], together[:, rows.shape[1] :]
    weight = kept.reshape(stage.weight.shape) if stage.window is not None else kept.T
    return replace(stage, weight=weight, recurrent=None if stage.recurrent is None else own.T)
