"""Files of a data set that comes as a folder or as a zip of that folder."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from os import PathLike
from pathlib import Path, PurePosixPath


def files(name: str, path: str | PathLike[str], ending: str) -> Iterator[tuple[PurePosixPath, bytes]]:
    """(path inside, content) of every file that ends in `ending`, in the order of their paths.

    Raises TypeError when path is none, ValueError naming it when it is missing, no zip, damaged or without such files.
    """
    if not isinstance(path, (str, PathLike)):
        raise TypeError(f"{name}: expected a path, got {path!r:.60} of type {type(path).__name__}")
    place = Path(path)
    if place.is_dir():
        found = sorted(p for p in place.rglob(f"*{ending}") if p.is_file())
        if not found:
            raise ValueError(f"{place}: expected files {ending} in this folder, found none")
        for one in found:
            yield PurePosixPath(one.relative_to(place).as_posix()), one.read_bytes()
        return
    try:
        with zipfile.ZipFile(place) as archive:
            names = sorted(n for n in archive.namelist() if n.endswith(ending))
            if not names:
                raise ValueError(f"{place}: expected files {ending} in this zip, found none")
            for inside in names:
                yield PurePosixPath(inside), archive.read(inside)
    except (OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{place}: expected a folder or a readable zip: {error}") from error
