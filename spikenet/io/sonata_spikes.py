"""Spikes in SONATA's HDF5 files, both ways, and how their times come onto the grid of a simulation."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spikenet.errors import Array, finite_values, positive
from spikenet.io.hdf5 import opened
from spikenet.io.optional import library
from spikenet.simulate import Recording
from spikenet.whole_file import whole_file

NOBODY = ""  # the population of files of the first version, which name none
TICK_MS = 1e-3  # times this near to a step, by half, are meant to be the step
SORTING = {"none": 0, "by_id": 1, "by_time": 2}


def read_sonata_spikes(path: str | os.PathLike[str]) -> dict[str, tuple[Array, Array]]:
    """(times in seconds, node ids) of every population, by time, then by id.

    Files of the format's first version name no population: theirs is "". ValueError when the file holds no spikes of
    SONATA's.
    """
    h5py = library("h5py", "read_sonata_spikes", "sonata")
    file = Path(path)
    with opened(h5py, file) as root:
        if "spikes" not in root:
            raise ValueError(f"{file}: expected a group /spikes, as SONATA has it")
        spikes = root["spikes"]
        if "timestamps" in spikes:
            return {NOBODY: _train(file, spikes)}
        return {name: _train(file, spikes[name]) for name in spikes if isinstance(spikes[name], h5py.Group)}


def write_sonata_spikes(
    path: str | os.PathLike[str], spikes: Recording | Mapping[str, tuple[Any, Any]]
) -> dict[str, str]:
    """Spikes of a recording, or (times in seconds, neurons) by population, into a file, whole or not at all.

    returns: the name of each population in the file; a / in it, which HDF5 takes for a folder, is a _ there
    """
    h5py = library("h5py", "write_sonata_spikes", "sonata")
    trains = {n: t[:2] for n, t in spikes.trains.items()} if isinstance(spikes, Recording) else dict(spikes)
    called = {name: name.replace("/", "_") or "spikes" for name in trains}
    if len(set(called.values())) < len(called):
        raise ValueError(f"write_sonata_spikes: two populations would be of one name: {', '.join(called)}")
    with whole_file(path) as raw, h5py.File(raw, "w") as file:
        file.attrs["magic"], file.attrs["version"] = np.uint32(0x0A7A), np.array([0, 1], np.uint32)
        for name, (times_s, neurons) in trains.items():
            times = finite_values(f"write_sonata_spikes: {name}", times_s) if np.size(times_s) else np.empty(0)
            ids = np.asarray(neurons)
            if (
                times.shape != ids.shape
                or times.ndim != 1
                or (ids.size and (ids.dtype.kind not in "iu" or ids.min() < 0))
            ):
                raise ValueError(f"write_sonata_spikes: {name}: expected a neuron, a whole number >= 0, for each spike")
            order = np.lexsort((ids, times))
            group = file.create_group(f"spikes/{called[name]}")
            group.attrs.create("sorting", SORTING["by_time"], dtype=h5py.enum_dtype(SORTING, basetype="u1"))
            group.create_dataset("timestamps", data=1e3 * times[order].astype(np.float64))
            group["timestamps"].attrs["units"] = "ms"
            group.create_dataset("node_ids", data=ids[order].astype(np.uint64))
    return called


def on_steps(times_s: Any, dt_s: float) -> Array:
    """Whole steps, int64, of times anywhere: the end of the step they lie in, as NEST's spike_train_injector has it.

    A time nearer to a step than half a microsecond is that step, so that times on the grid stay there.
    """
    dt_ms = 1e3 * positive("on_steps: dt_s", dt_s)
    times = 1e3 * finite_values("on_steps: times_s", times_s) if np.size(times_s) else np.empty(0)
    nearest = np.round(times / dt_ms)
    steps: Array = np.where(np.abs(times - nearest * dt_ms) <= TICK_MS / 2, nearest, np.ceil(times / dt_ms))
    return steps.astype(np.int64)


def _train(file: Path, group: Any) -> tuple[Array, Array]:
    ids = next((np.asarray(group[n]) for n in ("node_ids", "gids") if n in group), None)
    if ids is None or "timestamps" not in group or ids.shape != group["timestamps"].shape:
        raise ValueError(f"{file}: {group.name}: expected timestamps and as many node_ids")
    unit = group["timestamps"].attrs.get("units", "ms")
    unit = unit.decode() if isinstance(unit, bytes) else str(unit)
    if unit not in ("ms", "milliseconds", "s", "seconds"):
        raise ValueError(f"{file}: {group.name}: timestamps in {unit!r}; expected ms or s")
    times = finite_values(f"{file}: {group.name}", np.asarray(group["timestamps"], np.float64))
    times = times * (1e-3 if unit.startswith("m") else 1.0)
    order = np.lexsort((ids, times))
    return times[order], ids[order].astype(np.int64)
