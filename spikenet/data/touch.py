"""Braille letters felt by a touch sensor of twelve capacitive fields that slides over them."""

from __future__ import annotations

import zipfile
from os import PathLike

import numpy as np

from spikenet.data.record import Arrays
from spikenet.errors import whole


def touch(path: str | PathLike[str], test_repetitions: int = 8) -> tuple[Arrays, Arrays]:
    """(train, test) of an npz with x (N, steps, fields) uint8, y (N,) letters and repetition (N,).

    test_repetitions: how many of the last repetitions of each letter are held out, >= 1

    inputs are (N, steps, fields) float32 in [0, 1], 0 for an untouched field; the sensor's count falls when touched.
    `sn.encode.Recorded(...)` makes sequences of them. Source of the recordings: Mueller-Cleve et al. 2022 (Frontiers in
    Neuroscience 16:951164).

    Raises ValueError naming the file and what is wrong with it.
    """
    n_test = whole("touch: test_repetitions", test_repetitions)
    try:
        with np.load(path, allow_pickle=False) as content:
            x, y, repetition = (content[name] for name in ("x", "y", "repetition"))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: expected an npz with x, y and repetition: {error}") from error
    if x.ndim != 3 or x.dtype != np.uint8 or y.shape != x.shape[:1] or repetition.shape != y.shape or not x.size:
        raise ValueError(
            f"{path}: expected x (N, steps, fields) uint8, y (N,) and repetition (N,), got {x.dtype} {x.shape}, "
            f"{y.shape} and {repetition.shape}"
        )
    inputs = ((255 - x.astype(np.float32)) / 255).astype(np.float32)
    labels, classes = y.astype(np.int64), int(y.max()) + 1
    held_out = repetition > int(repetition.max()) - n_test
    if held_out.all():
        raise ValueError(
            f"touch: test_repetitions: expected fewer than the {repetition.max() + 1} there are, got {n_test}"
        )
    parts = (Arrays(inputs[rows], labels[rows], "touch", classes) for rows in (~held_out, held_out))
    train, test = parts
    return train, test
