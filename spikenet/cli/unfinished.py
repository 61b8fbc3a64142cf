"""Trainings of a comparison that was stopped: kept beside its results, continued by --resume, gone once it is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NETS = ("ANN", "SNN")


def training_file(folder: Path, net: str) -> Path:
    """The checkpoint of the training of `net`."""
    return folder / f"{net.lower()}-training.npz"


def arguments(folder: Path, net: str, resume: bool) -> dict[str, Any]:
    """What `fit` is told: where to write, and where to go on from."""
    file = training_file(folder, net)
    return {"checkpoint": file, "resume": file if resume and file.exists() else None}


def check_resume(folder: Path) -> None:
    """ValueError when there is nothing to resume."""
    files = [training_file(folder, net) for net in NETS]
    if not any(file.exists() for file in files):
        raise ValueError(
            f"--resume: expected {files[0].name} in {folder}, as a run that was stopped leaves it; start without"
        )


@contextmanager
def resumable(folder: Path) -> Iterator[None]:
    """A block with trainings in it: Ctrl-C says how to go on with them, reaching the end removes them."""
    files = [training_file(folder, net) for net in NETS]
    try:
        yield
    except KeyboardInterrupt:
        if any(file.exists() for file in files):
            raise KeyboardInterrupt("; the same command with --resume goes on from there") from None
        raise
    for file in files:
        file.unlink(missing_ok=True)
