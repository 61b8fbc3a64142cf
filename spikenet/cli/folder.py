"""A folder for results, found usable before any work, and text files in it."""

from __future__ import annotations

from pathlib import Path

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
