"""IDX files: every element type read back, every damage named, and the real MNIST where it is at hand."""

from __future__ import annotations

import gzip
import math
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spikenet.data import idx, read_idx

MNIST = Path(__file__).resolve().parents[2] / "shared" / "data" / "mnist"
ELEMENTS = {0x08: "B", 0x09: "b", 0x0B: "h", 0x0C: "i", 0x0D: "f", 0x0E: "d"}


def idx_bytes(code: int, shape: tuple[int, ...], values) -> bytes:
    """The format by the letter of its description, one element after the other."""
    header = struct.pack(">BBBB", 0, 0, code, len(shape)) + b"".join(struct.pack(">I", n) for n in shape)
    return header + b"".join(struct.pack(">" + ELEMENTS[code], value) for value in values)


def write_folder(folder: Path, images=(3, 2), pack=lambda content: content, names: str = "{}-{}-ubyte") -> Path:
    """A data set of images[0] training and images[1] test images of 2 x 3 pixels, labels 0, 1, ..."""
    folder.mkdir(exist_ok=True)
    for part, n in zip(("train", "t10k"), images, strict=True):
        pixels = [(17 * k) % 256 for k in range(n * 6)]
        (folder / names.format(f"{part}-images", "idx3")).write_bytes(pack(idx_bytes(8, (n, 2, 3), pixels)))
        (folder / names.format(f"{part}-labels", "idx1")).write_bytes(pack(idx_bytes(8, (n,), range(n))))
    return folder


@pytest.mark.parametrize("code", ELEMENTS)
@pytest.mark.parametrize("shape", [(), (5,), (2, 3), (2, 1, 3), (0, 4)])
def test_reads_back_every_element_type(tmp_path, code, shape):
    count = math.prod(shape)
    values = [(-1) ** k * k if code != 8 else 250 + k for k in range(count)]
    (tmp_path / "x").write_bytes(idx_bytes(code, shape, values))
    array = read_idx(tmp_path / "x")
    assert array.shape == shape
    assert array.dtype == np.dtype(ELEMENTS[code])
    assert array.dtype.isnative
    assert array.ravel().tolist() == values


def test_the_array_belongs_to_the_caller(tmp_path):
    (tmp_path / "x").write_bytes(idx_bytes(8, (2,), [1, 2]))
    read_idx(str(tmp_path / "x"))[0] = 9


WHOLE = idx_bytes(0x0B, (2, 3), range(6))  # 4 + 8 header bytes, 12 bytes of elements


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "an empty file"),
        (WHOLE[:3], "00 00 0b"),
        (b"\x01" + WHOLE[1:], "beginning 00 00, got 01 00 0b 02"),
        (b"\0\0\x0a" + WHOLE[3:], "element type.*got 0a"),
        (b"\0\0\x08\x21" + bytes(200), "at most 32 axes, got 33"),
        (WHOLE[:11], "truncated: expected a header of 12 bytes, got 11"),
        (WHOLE[:-1], r"truncated: expected 24 bytes for shape \(2, 3\), got 23"),
        (WHOLE + b"\0", r"after the end: expected 24 bytes for shape \(2, 3\), got 25"),
        (struct.pack(">BBBBIII", 0, 0, 8, 3, *[2**32 - 1] * 3), "truncated"),
        (gzip.compress(WHOLE)[:-9], "intact gzip file"),
        (gzip.compress(WHOLE[:-1]), "expected 24 bytes .* got 23"),
        (gzip.compress(WHOLE) + b"more", "intact gzip file"),
        (gzip.compress(WHOLE)[:14] + b"\xff\xff\xff" + gzip.compress(WHOLE)[17:], "intact gzip file"),
        (b"\x1f\x8b" + WHOLE, "intact gzip file"),
    ],
)
def test_names_the_damage(tmp_path, content, words):
    file = tmp_path / "damaged-file"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=f"damaged-file: .*{words}"):
        read_idx(file)


def test_names_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(ValueError, match=r"absent: .*No such file"):
        read_idx(tmp_path / "absent")
    with pytest.raises(ValueError, match=r"expected a readable IDX file"):
        read_idx(tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.data())
def test_any_one_cut_or_changed_header_is_noticed(tmp_path, data):
    """Cut anywhere, or with any byte of the lengths changed, the file is refused, raw or gzipped."""
    content = bytearray(WHOLE)
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        place = data.draw(st.integers(4, 11))
        content[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte != WHOLE[place]))
    pack = data.draw(st.sampled_from([bytes, gzip.compress]))
    (tmp_path / "x").write_bytes(pack(bytes(content)))
    with pytest.raises(ValueError, match="expected"):
        read_idx(tmp_path / "x")


@pytest.mark.parametrize("names", ["{}-{}-ubyte", "{}.{}-ubyte", "{}-{}-ubyte.gz", "{}.{}-ubyte.gz"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["raw", "gzip"])
def test_a_folder_in_any_spelling(tmp_path, names, pack):
    """Spelling and packing are independent: browsers unpack and keep the name."""
    train, test = idx(write_folder(tmp_path / "family", pack=pack, names=names))
    assert train.inputs.shape == (3, 6)
    assert train.inputs.dtype == np.float32
    # the first image's pixels are 0 17 34 51 68 85 and 255 = 15 * 17, so fifteenths
    assert train.inputs[0].tolist() == [np.float32(k / 15) for k in range(6)]
    assert train.labels.tolist() == [0, 1, 2]
    assert test.labels.tolist() == [0, 1]
    assert (train.classes, test.classes, train.name) == (3, 3, "family")


def test_the_test_files_count_for_the_classes(tmp_path):
    train, _ = idx(write_folder(tmp_path / "x", images=(2, 7)))
    assert train.classes == 7


def test_a_label_far_beyond_the_others_is_damage(tmp_path):
    folder = write_folder(tmp_path / "set")
    labels = folder / "train-labels-idx1-ubyte"
    labels.write_bytes(labels.read_bytes()[:-1] + bytes([200]))
    with pytest.raises(ValueError, match=r"train-labels-idx1-ubyte: expected class numbers 0, 1, .* up to 200"):
        idx(folder)


@pytest.mark.parametrize("name", ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"])
def test_names_the_missing_one_of_four(tmp_path, name):
    folder = write_folder(tmp_path / "x")
    (folder / f"{name}-ubyte").unlink()
    with pytest.raises(ValueError, match=f"{name}-ubyte or .*found none"):
        idx(folder)


def test_refuses_what_is_no_folder(tmp_path):
    with pytest.raises(ValueError, match="nowhere: expected a folder"):
        idx(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("train-labels-idx1", idx_bytes(8, (2,), [0, 1]), "expected 3 labels.*train-images-idx3-ubyte, got 2"),
        ("train-images-idx3", idx_bytes(8, (3,), [0, 1, 2]), r"uint8 on 3 axes.*shape \(3,\)"),
        ("train-images-idx3", idx_bytes(0x0B, (3, 1, 1), [0, 1, 2]), "got int16"),
        ("t10k-labels-idx1", idx_bytes(0x0C, (2,), [0, 1]), "got int32"),
        ("train-images-idx3", idx_bytes(8, (0, 2, 3), []), r"none empty.*\(0, 2, 3\)"),
        ("t10k-images-idx3", idx_bytes(8, (2, 3, 2), range(12)), r"expected images \(2, 3\).*got \(3, 2\)"),
    ],
)
def test_names_the_file_that_does_not_fit(tmp_path, name, content, words):
    folder = write_folder(tmp_path / "x")
    (folder / f"{name}-ubyte").write_bytes(content)
    with pytest.raises(ValueError, match=f"{name}-ubyte: .*{words}"):
        idx(folder)


@pytest.mark.skipif(not MNIST.is_dir(), reason="the real MNIST is not at ../shared/data/mnist")
def test_the_real_mnist():
    train, test = idx(MNIST)
    assert (train.inputs.shape, test.inputs.shape) == ((60_000, 784), (10_000, 784))
    assert (train.classes, test.classes) == (10, 10)
    # The first labels, and the mean of the training pixels that everyone normalises by.
    assert train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert train.inputs.mean(dtype=np.float64) == pytest.approx(0.1307, abs=5e-5)
    assert (train.inputs.min(), train.inputs.max()) == (0, 1)
