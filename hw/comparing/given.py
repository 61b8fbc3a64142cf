"""Programs that take part in a comparison as they are, each as its net and its chip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hw.comparing.candidate import Candidate
from hw.comparing.deployed import shown
from hw.compilers.driver import check_layers
from hw.compilers.table import Options, compiler_of
from hw.limits.constructs import constructs
from hw.lowering.layout import layout
from hw.programs.record import Program
from hw.records.breach import DoesNotFit
from spikenet.data import Arrays


def programs_given(programs: Any, entries: Mapping[str, Candidate], test: Arrays) -> dict[tuple[str, str], Program]:
    """By (net, chip) the programs of a mapping from nets to a program each, or to several.

    Raises TypeError for what is no program, ValueError for one of no net compared, of other layers than its net's, or
    for two of one net on one chip.
    """
    if programs is None:
        return {}
    if not isinstance(programs, Mapping):
        raise TypeError(
            f'compare: programs: expected programs by net, such as {{"SNN": program}}, got {programs!r:.60}'
        )
    found = dict[tuple[str, str], Program]()
    for name, some in programs.items():
        if name not in entries:
            raise ValueError(f"compare: programs: there is no net {name!r}; expected one of {', '.join(entries)}")
        for program in [some] if isinstance(some, Program) else _several(name, some):
            where = f"compare: program of net {name!r} for {program.chip.name}"
            if (name, program.chip.name) in found:
                raise ValueError(f"{where}: there are two; compare one at a time")
            entry = entries[name]
            sample = shown(test.inputs[:1], entry, 1)
            shape = sample.shape[1 if entry.encode is None else 2 :]
            lacking = tuple(constructs(layout(entry.net, shape), program.chip))
            if lacking:
                raise ValueError(f"{where}: {DoesNotFit(lacking)}")
            check_layers(where, program, compiler_of(program.chip, Options()).parts(entry.net, shape))
            try:
                program.checked(sample)
            except ValueError as reason:
                raise ValueError(f"{where}: {reason}") from reason
            found[name, program.chip.name] = program
    return found


def _several(name: str, some: Any) -> tuple[Program, ...]:
    if isinstance(some, list | tuple) and all(isinstance(program, Program) for program in some):
        return tuple(some)
    raise TypeError(
        f"compare: programs: expected for net {name!r} what hw.compile or hw.load_program gave, or a list of such, got "
        f"{some!r:.60}"
    )
