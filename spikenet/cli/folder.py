"""A folder for results, found usable before any work, and text files in it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from spikenet.whole_file import check_folder, whole_file


def result_folder(path: str) -> Path:
    """The folder `path`, made if it is missing; ValueError when nothing can be written there."""
    if not path.strip():
        raise ValueError(f"--out: expected a folder to write into, got {path!r}")
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        check_folder(folder)
    except OSError as error:
        raise ValueError(f"--out: expected a folder to write into, got {str(folder)!r}: {error.strerror}") from None
    return folder


def write_text(path: Path, text: str) -> None:
    """`text` as the file `path`; an older file there stays until the new one is complete."""
    with whole_file(path) as file:
        file.write(text.encode())


def write_json(path: Path, values: Any) -> None:
    """`values` as JSON, which lacks infinity and NaN: null for a time constant without end, a CV of no spikes."""
    write_text(path, json.dumps(_finite(values), indent=2, allow_nan=False) + "\n")


def _finite(values: Any) -> Any:
    if isinstance(values, dict):
        return {key: _finite(value) for key, value in values.items()}
    if isinstance(values, (list, tuple)):
        return [_finite(value) for value in values]
    return None if isinstance(values, float) and not math.isfinite(values) else values
