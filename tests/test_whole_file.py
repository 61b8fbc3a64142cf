"""A file appears whole or not at all, under its own name, as readable as any other."""

from __future__ import annotations

import os

import pytest

from spikenet.whole_file import check_folder, whole_file


@pytest.fixture
def path(tmp_path):
    return tmp_path / "results.txt"


def write(path, content=b"new"):
    with whole_file(path) as file:
        file.write(content)


def test_the_file_is_there_when_the_block_has_ended(path):
    with whole_file(path) as file:
        file.write(b"ne")
        assert not path.exists()
        file.write(b"w")
    assert path.read_bytes() == b"new"
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("error", [ValueError("spoiled"), KeyboardInterrupt()], ids=repr)
def test_a_block_that_fails_changes_nothing(error, path):
    write(path, b"old")

    def fail():
        with whole_file(path) as file:
            file.write(b"ne")
            raise error

    with pytest.raises(type(error)):
        fail()
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_disk_that_fails_changes_nothing(step, path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    write(path, b"old")
    monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match="No space"):
        write(path)
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002], ids=oct)
def test_the_umask_decides_who_may_read_it(umask, path):
    before = os.umask(umask)
    try:
        write(path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_link_keeps_pointing_where_it_did(path, tmp_path):
    link = tmp_path / "latest"
    link.symlink_to(path)
    write(link)
    assert link.is_symlink()
    assert path.read_bytes() == b"new"


def test_the_file_is_on_the_disk_before_it_takes_its_name(path, monkeypatch):
    order = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, name=name, real=real: (order.append(name), real(*a))[1])
    write(path)
    assert order == ["fsync", "replace", "fsync"]  # the last one is the folder's


def test_a_folder_is_checked_without_a_trace(tmp_path):
    check_folder(tmp_path)
    assert not list(tmp_path.iterdir())
    with pytest.raises(FileNotFoundError):
        check_folder(tmp_path / "missing")
