"""The file of a program: an npz without pickle, as a net's checkpoint is, in which its net may stand beside it."""

from __future__ import annotations

import os
from typing import Any

from hw.saving import values
from spikenet.train.checkpoint import arrays_of, describe
from spikenet.train.checkpoint_file import check_writable, read_checkpoint, write_checkpoint
from spikenet.train.checks import check_saved

Path = str | os.PathLike[str]
FORMAT = 2


def write_program(path: Path, program: Any, net: Any = None) -> None:
    """Writes a program and, unless None, the net it was made of; a file that is there is replaced only when all is.

    Raises TypeError for a net that is none, ValueError for a weight that is not finite or a path that cannot be
    written.
    """
    writer = values.Writer("program")
    content: dict[str, Any] = {"program": {"format": FORMAT, "record": writer.plain(program)}}
    arrays = writer.arrays
    if net is not None:
        check_saved("save", net)
        content["network"], arrays = describe(net), arrays | arrays_of(net)
    write_checkpoint(check_writable(path), content, arrays, packed=True)


def read_program(path: Path, kind: type) -> Any:
    """The record of this kind in a file.

    Raises ValueError naming the file when it is missing, damaged, without a program or of another format.
    """
    header, arrays = read_checkpoint(path)
    name = os.fspath(path)
    if "program" not in header:
        raise ValueError(
            f"{name}: expected a program, got a net without one; compile it, hw.compile(sn.load(path), ...)"
        )
    found = header["program"]
    if (version := found.get("format")) != FORMAT:
        raise ValueError(
            f"{name}: expected program format {FORMAT}, got {version} (written by spikenet "
            f"{header.get('package_version')}); read it with that version"
        )
    try:
        program = values.read(found["record"], arrays)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise ValueError(f"{name}: cannot make its program: {type(error).__name__}: {error}") from error
    if not isinstance(program, kind):
        raise ValueError(f"{name}: expected a {kind.__name__}, got {program!r:.60}")
    return program
