"""N-MNIST: digits seen by an event camera that moves, as counts of events in bins of space and time.

A file is a row of events of five bytes: x, y, then one bit of polarity and 23 bits of time in microseconds, big-endian.
Source: Orchard et al. 2015 (Frontiers in Neuroscience 9:437).
"""

from __future__ import annotations

from os import PathLike

import numpy as np

from spikenet.data.archive import files
from spikenet.data.record import Arrays
from spikenet.errors import Array, positive, whole

SIDE = 34  # pixels


def read_saccades(content: bytes, name: str = "read_saccades") -> tuple[Array, Array, Array, Array]:
    """(x, y, polarity, time in microseconds) of a file's events, int64; ValueError naming it when it is cut short."""
    if len(content) % 5:
        raise ValueError(f"{name}: expected events of 5 bytes, got {len(content)} bytes: cut short")
    raw = np.frombuffer(content, np.uint8).reshape(-1, 5).astype(np.int64)
    time = (raw[:, 2] & 127) << 16 | raw[:, 3] << 8 | raw[:, 4]
    return raw[:, 0], raw[:, 1], raw[:, 2] >> 7, time


def saccades(
    path: str | PathLike[str], steps: int = 20, duration_s: float = 0.3, pool: int = 2
) -> tuple[Arrays, Arrays]:
    """(train, test) of a folder or zip with Train/<digit>/*.bin and Test/<digit>/*.bin.

    steps     : bins of time within duration_s, > 0; later events are dropped
    pool      : pixels of 34 x 34 taken together along each axis, 1 .. 34
    inputs are (N, steps, 2, side, side) float32: events of both polarities in each bin. `sn.encode.Recorded()` makes
    sequences of them.

    Raises ValueError naming the file that is cut short, has events outside of the sensor, or lies in no such folder.
    """
    n_steps, width = whole("saccades: steps", steps), whole("saccades: pool", pool)
    span_us = positive("saccades: duration_s", duration_s) * 1e6
    if width > SIDE:
        raise ValueError(f"saccades: pool: expected at most {SIDE} pixels, got {width}")
    side = -(-SIDE // width)
    found: dict[str, tuple[list[Array], list[int]]] = {"Train": ([], []), "Test": ([], [])}
    for name, content in files("saccades", path, ".bin"):
        if len(name.parts) < 3 or name.parts[-3] not in found or not name.parts[-2].isdecimal():
            raise ValueError(f"{name}: expected Train/<digit>/<file>.bin or Test/<digit>/<file>.bin")
        x, y, polarity, time = read_saccades(content, str(name))
        if len(x) and max(x.max(), y.max()) >= SIDE:
            raise ValueError(f"{name}: expected pixels below {SIDE}, got {x.max()}, {y.max()}")
        kept = time < span_us
        bins = np.zeros((n_steps, 2, side, side), np.float32)
        place = (time[kept] * n_steps // span_us).astype(np.int64)
        np.add.at(bins, (place, polarity[kept], y[kept] // width, x[kept] // width), 1)
        found[name.parts[-3]][0].append(bins)
        found[name.parts[-3]][1].append(int(name.parts[-2]))
    for part, (bins_of, _) in found.items():
        if not bins_of:
            raise ValueError(f"{path}: expected files in {part}/<digit>/, found none")
    classes = 1 + max(max(labels) for _, labels in found.values())
    train, test = (
        Arrays(np.stack(bins_of), np.array(labels, np.int64), "saccades", classes) for bins_of, labels in found.values()
    )
    return train, test
