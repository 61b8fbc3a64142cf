"""A file that is written whole or not at all.

It is written beside the old one, forced to the disk, and only then put in its place: a crash, a full disk or a Ctrl-C
leaves the old one as it was.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file to write bytes into, which takes the place of `path` when the block ends, and none when the block fails.

    A link keeps pointing where it did; who may read the file is decided by the umask, as for any new one.
    """
    target = Path(os.path.realpath(path))
    draft = draft_beside(target)
    try:
        with open(draft, "xb") as file:  # not tempfile: what that makes only its owner may read
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, target)  # same folder, so one atomic step
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _keep_name(target.parent)


def check_folder(folder: Path) -> None:
    """OSError when no file can be made in `folder`; leaves none."""
    probe = draft_beside(folder / "probe")
    probe.touch(exist_ok=False)
    probe.unlink()


def draft_beside(target: Path) -> Path:
    """A hidden name in the folder of `target` that nobody else uses."""
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")


def _keep_name(folder: Path) -> None:
    """Forces the new name to the disk too, where folders can be opened (not on Windows)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
