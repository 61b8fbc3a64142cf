"""A folder for results, found usable before any work; files that are whole or not there."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def result_folder(path: str) -> Path:
    """The folder `path`, made if it is missing; ValueError when nothing can be written there."""
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ValueError(f"--out: expected a folder to write into, got {str(folder)!r}: {error.strerror}") from None
    return folder


def write_text(path: Path, text: str) -> None:
    """`text` as the file `path`; an older file there stays until the new one is complete."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
