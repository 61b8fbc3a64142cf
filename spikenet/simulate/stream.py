"""Recordings on disk, in files of some seconds each: what does not fit into memory, or shall outlive a crash.

A file is an npz without pickle, written whole or not at all: spikes and states of a stretch, as `Recording` holds them.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.simulate.recording import Recording, Run, Spikes, States, joined
from spikenet.whole_file import whole_file

FORMAT = 1
FILE_BYTES = 1 << 25  # of recordings gathered before they are written


class Writer:
    """Gathers recordings and writes them, one file after the other."""

    def __init__(self, folder: str | os.PathLike[str], start_s: float) -> None:
        """start_s: where the next recording begins; ValueError when the folder's end elsewhere."""
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        files = _files(self.folder)
        self._number = len(files)
        self._waiting: list[Recording] = []
        if files:
            stop_s = read(files[-1]).stop_s
            if abs(stop_s - start_s) > 1e-9 * max(1.0, start_s):
                raise ValueError(
                    f"{self.folder}: holds recordings up to {stop_s:g} s, this one begins at {start_s:g} s; choose "
                    "another folder"
                )

    def add(self, recording: Recording) -> None:
        self._waiting.append(recording)
        if sum(_bytes(r) for r in self._waiting) >= FILE_BYTES:
            self.flush()

    def flush(self) -> int:
        """Writes what waits; how many files there are then."""
        if self._waiting:
            write(self.folder / f"{self._number:08d}.npz", joined(self._waiting))
            self._number += 1
            self._waiting = []
        return self._number


def recordings(folder: str | os.PathLike[str]) -> Iterator[Recording]:
    """The recordings in a folder that `Simulation.stream` wrote, one file at a time; sn.joined makes one of them."""
    files = _files(Path(folder))
    if not files:
        raise FileNotFoundError(f"{os.fspath(folder)}: no recordings; expected files such as 00000000.npz")
    return (read(file) for file in files)


def write(path: Path, recording: Recording) -> None:
    arrays: dict[str, Array] = {}
    states = {}
    for k, spikes in enumerate(recording.spikes.values()):
        arrays[f"{k}.steps"], arrays[f"{k}.neurons"] = spikes.steps, spikes.neurons
    for k, (name, sampled) in enumerate(recording.states.items()):
        states[name] = list(sampled.values)
        arrays[f"s{k}.times_s"], arrays[f"s{k}.neurons"] = sampled.times_s, sampled.neurons
        arrays |= {f"s{k}.{j}": values for j, values in enumerate(sampled.values.values())}
    head = {
        "format": FORMAT, "start_s": recording.start_s, "stop_s": recording.stop_s, "dt_s": recording.dt_s,
        "populations": {name: s.n for name, s in recording.spikes.items()}, "states": states,
        "run": asdict(recording.run),
    }  # fmt: skip
    with whole_file(path) as file:
        np.savez(file, allow_pickle=False, heading=np.array(json.dumps(head)), **arrays)


def read(path: Path) -> Recording:
    """One file; ValueError when it is not whole."""
    try:
        with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
            a: Any = {name: file[name] for name in file.files}
        head = json.loads(str(a["heading"]))
        spikes = {
            name: Spikes(a[f"{k}.steps"], a[f"{k}.neurons"], n, head["dt_s"])
            for k, (name, n) in enumerate(head["populations"].items())
        }
        states = {
            name: States(
                a[f"s{k}.times_s"], a[f"s{k}.neurons"], {state: a[f"s{k}.{j}"] for j, state in enumerate(names)}
            )
            for k, (name, names) in enumerate(head["states"].items())
        }
        return Recording(head["start_s"], head["stop_s"], head["dt_s"], spikes, states, Run(**head["run"]))
    except (zipfile.BadZipFile, KeyError, json.JSONDecodeError, EOFError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: no whole recording: {error}") from error


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("[0-9]" * 8 + ".npz"))


def _bytes(recording: Recording) -> int:
    spikes = sum(s.steps.nbytes + s.neurons.nbytes for s in recording.spikes.values())
    return spikes + sum(v.nbytes for s in recording.states.values() for v in s.values.values())
