"""The file of a checkpoint: named arrays and a JSON header in an npz without pickle, replaced in one stroke.

Zip keeps a CRC of every array, which reading checks; the header lists the arrays, so nothing can be missing in silence.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from spikenet.errors import Array
from spikenet.whole_file import check_folder, whole_file

FORMAT = "spikenet checkpoint"
FORMAT_VERSION = 1
_HEADER = "header"


def write_checkpoint(
    path: str | os.PathLike[str], content: dict[str, Any], arrays: dict[str, Array], *, packed: bool = False
) -> None:
    """Writes arrays (bool, numbers) and JSON-able content; on any error a file already at `path` is left as it is.

    packed: whether arrays are compressed: small integers become a tenth, weights in floats would stay as large
    """
    header = content | {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "package_version": _package_version(),
        "arrays": {name: [array.dtype.str, list(array.shape)] for name, array in arrays.items()},
    }
    text = np.frombuffer(json.dumps(header).encode(), np.uint8)
    with whole_file(path) as file:
        _pack(file, {_HEADER: text} | arrays, zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED)


def read_checkpoint(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Array]]:
    """(header, arrays) of a checkpoint.

    Raises TypeError for what is no path, ValueError naming the file when it cannot be read, is damaged, no checkpoint,
    or of another format version.
    """
    source = _as_path(path)
    try:
        content = source.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        reason = error.strerror if isinstance(error, OSError) else error
        raise ValueError(f"{source}: expected a readable checkpoint: {reason}") from error
    try:
        arrays = _unpacked(content)
        header = json.loads(arrays.pop(_HEADER).tobytes())
        if header["format"] != FORMAT:
            raise KeyError(header["format"])
        version = header["format_version"]
    except Exception as error:  # whatever a damaged byte makes the readers of zip, npy and JSON raise
        raise ValueError(
            f"{os.fspath(path)}: expected a whole checkpoint of spikenet, got {len(content)} bytes that are damaged, "
            f"cut short or something else ({type(error).__name__}: {error})"
        ) from None
    if version != FORMAT_VERSION:
        raise ValueError(
            f"{os.fspath(path)}: expected checkpoint format {FORMAT_VERSION}, got {version} "
            f"(written by spikenet {header.get('package_version')}); read it with that version"
        )
    found = {name: [array.dtype.str, list(array.shape)] for name, array in arrays.items()}
    if found != header["arrays"]:
        differ = sorted(name for name in found | header["arrays"] if found.get(name) != header["arrays"].get(name))
        name = differ[0]
        raise ValueError(
            f"{os.fspath(path)}: expected array {name!r} as {header['arrays'].get(name)}, got {found.get(name)}"
        )
    return header, arrays


def check_writable(path: str | os.PathLike[str]) -> Path:
    """`path` as a Path at which a checkpoint can be written; TypeError or ValueError when it cannot."""
    target = _as_path(path)
    if target.is_dir():
        raise ValueError(f"checkpoint: expected the name of a file, got the folder {target}")
    folder = Path(os.path.realpath(target)).parent
    try:
        check_folder(folder)
    except OSError as error:
        raise ValueError(f"checkpoint: expected a folder that can be written, got {folder}: {error.strerror}") from None
    return target


def _as_path(path: Any) -> Path:
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"checkpoint: expected a path, got {path!r:.60}")
    return Path(path)


def _pack(file: BinaryIO, arrays: dict[str, Array], method: int) -> None:
    """What np.savez writes, except for the dates: equal contents make equal files."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            heading = zipfile.ZipInfo(f"{name}.npy")
            heading.compress_type = method
            with archive.open(heading, "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)


def _unpacked(content: bytes) -> dict[str, Array]:
    arrays = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            whole = io.BytesIO(archive.read(entry))  # reading to the end is what checks the CRC
            arrays[entry.filename.removesuffix(".npy")] = np.lib.format.read_array(whole, allow_pickle=False)
    return arrays


def _package_version() -> str:
    try:
        return metadata.version("spikenet-hw")
    except metadata.PackageNotFoundError:
        return "not installed"
