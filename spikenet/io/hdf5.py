"""HDF5 files that may be missing or broken."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def opened(h5py: Any, file: Path) -> Any:
    """The file, to be read; FileNotFoundError where there is none, ValueError where it is no HDF5 file."""
    if not file.is_file():
        raise FileNotFoundError(f"there is no {file}")
    try:
        return h5py.File(file, "r")
    except OSError as error:
        raise ValueError(f"{file}: no HDF5 file: {error}") from error
