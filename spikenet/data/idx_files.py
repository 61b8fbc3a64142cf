"""Files in the IDX format, in which MNIST, Fashion-MNIST and KMNIST are distributed.

Layout (Y. LeCun, "The MNIST database of handwritten digits", section FILE FORMATS): two zero bytes, one byte for the
element type, one for the number of axes, then the length of each axis as a big-endian uint32, then the elements, big-
endian, last axis fastest; often all of it inside gzip. A file is believed only when every byte is accounted for.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from os import PathLike
from pathlib import Path

import numpy as np

from spikenet.data.record import Arrays
from spikenet.errors import Array

_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MOST_AXES = 32  # what every numpy in use can hold


def read_idx(file: str | PathLike[str]) -> Array:
    """The array in an IDX file, gzipped or not, in its own element type and the machine's byte order.

    Raises ValueError naming the file when it is missing, damaged, truncated, too long or no IDX file.
    """
    path = _path(file)
    content = _content(path)
    if len(content) < 4 or content[:2] != b"\0\0":
        raise ValueError(
            f"{path}: expected an IDX file, beginning 00 00, got {content[:4].hex(' ') or 'an empty file'}"
        )
    code, n_axes = content[2], content[3]
    if code not in _DTYPES:
        known = ", ".join(f"{k:02x}" for k in _DTYPES)
        raise ValueError(f"{path}: expected an IDX element type out of {known}, got {code:02x}")
    if n_axes > _MOST_AXES:
        raise ValueError(f"{path}: expected at most {_MOST_AXES} axes, got {n_axes}")
    start = 4 + 4 * n_axes
    if len(content) < start:
        raise ValueError(f"{path}: truncated: expected a header of {start} bytes, got {len(content)}")
    shape = struct.unpack_from(f">{n_axes}I", content, 4)
    dtype = np.dtype(_DTYPES[code])
    expected = start + dtype.itemsize * math.prod(shape)
    if len(content) != expected:
        fault = "truncated" if len(content) < expected else "bytes after the end"
        raise ValueError(f"{path}: {fault}: expected {expected} bytes for shape {shape}, got {len(content)}")
    elements = np.frombuffer(content, dtype, offset=start) if expected > start else np.empty(0, dtype)
    return elements.reshape(shape).astype(dtype.newbyteorder("="))


def idx(path: str | PathLike[str]) -> tuple[Arrays, Arrays]:
    """(train, test) of the MNIST-family data set whose four files lie in the folder `path`.

    Files: train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, each also
    with `.idx` for `-idx` and with `.gz`; of several, the first so spelt without `.gz` is read.
    inputs are (N, pixels) float32 in [0, 1], rows of an image one after the other (N, 784 for MNIST). The data set
    takes the folder's name.

    Raises ValueError naming the file, the value and what was expected.
    """
    folder = _path(path)
    if not folder.is_dir():
        raise ValueError(f"{folder}: expected a folder with the four files of an MNIST-family data set")
    files = [_find(folder, part, kind) for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]
    train_pixels, train_labels = _pair(files[0], files[1])
    test_pixels, test_labels = _pair(files[2], files[3])
    if train_pixels.shape[1:] != test_pixels.shape[1:]:
        raise ValueError(
            f"{files[2]}: expected images {train_pixels.shape[1:]} as in {files[0].name}, got {test_pixels.shape[1:]}"
        )
    classes = 1 + int(max(train_labels.max(), test_labels.max()))
    known = np.unique(np.concatenate([train_labels, test_labels])).size
    if 2 * known < classes:  # one damaged byte makes classes that nothing belongs to
        raise ValueError(
            f"{files[1]}: expected class numbers 0, 1, 2, ..., got {known} classes numbered up to {classes - 1}"
        )
    name = folder.resolve().name
    return (
        Arrays(_scaled(train_pixels), train_labels.astype(np.int64), name, classes),
        Arrays(_scaled(test_pixels), test_labels.astype(np.int64), name, classes),
    )


def _path(given: str | PathLike[str]) -> Path:
    if not isinstance(given, (str, PathLike)):
        raise TypeError(f"idx: expected a path, got {given!r:.60} of type {type(given).__name__}")
    return Path(given)


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: expected a readable IDX file: {error.strerror}") from error
    if content[:2] != b"\x1f\x8b":  # gzip is told by its first bytes: browsers unpack files and keep their names
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{path}: expected an intact gzip file, got {len(content)} bytes: {error}") from error


def _find(folder: Path, part: str, kind: str) -> Path:
    stem = f"{part}-{kind}-ubyte"
    names = [name + end for end in ("", ".gz") for name in (stem, stem.replace("-idx", ".idx"))]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise ValueError(f"{folder}: expected a file {' or '.join(names)}, found none of them")


def _pair(images: Path, labels: Path) -> tuple[Array, Array]:
    """Images (N, rows, columns) and labels (N,), both uint8, N >= 1."""
    pixels, numbers = read_idx(images), read_idx(labels)
    for file, array, n_axes in ((images, pixels, 3), (labels, numbers, 1)):
        if array.dtype != np.uint8 or array.ndim != n_axes or array.size == 0:
            raise ValueError(
                f"{file}: expected uint8 on {n_axes} axes, none empty, got {array.dtype} of shape {array.shape}"
            )
    if len(pixels) != len(numbers):
        raise ValueError(f"{labels}: expected {len(pixels)} labels, one for each of {images.name}, got {len(numbers)}")
    return pixels, numbers


def _scaled(pixels: Array) -> Array:
    """(N, rows, columns) uint8 as (N, rows * columns) float32 in [0, 1], without a copy in between."""
    scaled: Array = np.divide(pixels.reshape(len(pixels), -1), np.float32(255), dtype=np.float32)
    return scaled
