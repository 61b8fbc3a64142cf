"""What a chip is, to us: a name, its limits and its energies, every number with its evidence.

Energies come at three levels, in records of their own, so that no sum can mix them:

- `TechnologyEnergies`: single arithmetic operations and memory accesses of a process. A net priced with them is an
  idealised accelerator: no control, no instruction fetch, no leakage.
- `EventEnergies`: what a neuromorphic chip's maker states for a synaptic operation, a neuron update, a hop.
- `ProcessorEnergies`: a processor's energy divided by its multiply-accumulates: everything is in it, too.
- `AllInEnergies`: a whole chip's energy divided by its synaptic events at one operating point. It already contains
  hops, neurons and leakage, so nothing may be added to it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from difflib import get_close_matches
from enum import Enum

from hw.records.architecture import AT_LEAST_ONE, ENTRIES, REQUIRED, Architecture
from hw.records.event_times import EventTimes, Tick
from hw.records.fact import Fact, checked, unknown
from hw.records.formats import Format
from spikenet.errors import whole


class Level(Enum):
    """What an energy includes. Totals of different levels are never added."""

    TECHNOLOGY = "technology"
    EVENT = "per event"
    ALL_IN = "all in"


@dataclass(frozen=True)
class Sram:
    """A static memory: its size in bytes and the energy of one access of `Memory.word_bytes`."""

    size_bytes: int
    access: Fact


@dataclass(frozen=True)
class Memory:
    """Memories a technology offers, and the width of one access.

    word_bytes: bytes one access moves
    srams     : by growing size
    dram      : for what no SRAM holds
    """

    word_bytes: int
    srams: tuple[Sram, ...]
    dram: Fact

    def __post_init__(self) -> None:
        whole("Memory word_bytes", self.word_bytes)
        for sram in self.srams:
            whole("Sram size_bytes", sram.size_bytes)
            checked(f"SRAM of {sram.size_bytes} bytes", sram.access, energy=True)
        sizes = [sram.size_bytes for sram in self.srams]
        if sizes != sorted(set(sizes)):
            raise ValueError(f"Memory: expected SRAM sizes growing, got {sizes}")
        checked("DRAM", self.dram, energy=True)

    def holding(self, size_bytes: float) -> tuple[str, Fact]:
        """Name and access energy of the smallest memory that holds `size_bytes`."""
        for sram in self.srams:
            if size_bytes <= sram.size_bytes:
                return f"{sram.size_bytes // 1024} KB SRAM", sram.access
        return "DRAM", self.dram


@dataclass(frozen=True)
class TechnologyEnergies:
    """Energy of one addition and one multiplication by format, and of memory accesses."""

    add: Mapping[Format, Fact]
    multiply: Mapping[Format, Fact]
    memory: Memory

    def __post_init__(self) -> None:
        for operation, table in (("add", self.add), ("multiply", self.multiply)):
            for form in Format:
                checked(f"{operation} {form.value}", table.get(form), energy=True)

    @property
    def level(self) -> Level:
        return Level.TECHNOLOGY


@dataclass(frozen=True)
class EventEnergies:
    """Energy of each event of a neuromorphic chip. A hop is one step between neighbouring tiles.

    synaptic_op_sparse, synaptic_op_convolution: where synapses with an index, and those of a window that moves over a
    map, cost something else than others; None: the same
    spike_out, axon_out, axon_in: of a spike made, and of a message where it leaves a core and where it arrives; None
    where the table has no such line
    """

    synaptic_op: Fact
    neuron_update_active: Fact
    neuron_update_inactive: Fact
    spike_within_tile: Fact
    hop_east_west: Fact
    hop_north_south: Fact
    spike_out: Fact | None = None
    axon_out: Fact | None = None
    axon_in: Fact | None = None
    synaptic_op_sparse: Fact | None = None
    synaptic_op_convolution: Fact | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.default is MISSING or value is not None:
                checked(field.name, value, energy=True)

    @property
    def level(self) -> Level:
        return Level.EVENT


def unpublished(where: str) -> EventEnergies:
    """The energies of a chip of which no event's is known; `where` they were looked for."""
    nothing = unknown("pJ", where)
    return EventEnergies(nothing, nothing, nothing, nothing, nothing, nothing)


@dataclass(frozen=True)
class AllInEnergies:
    """Energy of a synaptic event with everything the chip does for it."""

    synaptic_event: Fact

    def __post_init__(self) -> None:
        checked("synaptic_event", self.synaptic_event, energy=True)

    @property
    def level(self) -> Level:
        return Level.ALL_IN


@dataclass(frozen=True)
class ProcessorEnergies:
    """Energy of a multiply-accumulate in float32, and of a neuron's update, with everything a processor does for it."""

    mac: Fact
    neuron_update: Fact

    def __post_init__(self) -> None:
        for field in fields(self):
            checked(field.name, getattr(self, field.name), energy=True)

    @property
    def level(self) -> Level:
        return Level.ALL_IN


Energies = TechnologyEnergies | EventEnergies | AllInEnergies | ProcessorEnergies


@dataclass(frozen=True)
class Chip:
    """A chip, or a process technology standing in for one.

    limits : what a network may need of it at most, by name; empty where nothing is limited
    notes  : what a reader of its energies has to know
    architecture: how networks are laid onto it, which says the limits it has to state
    times  : how long its events take, or its steps; None where nobody published either

    Raises ValueError / TypeError naming the chip and the entry when one is missing, unknown, no Fact, below 0, or a
    limit of its architecture that is no whole number or, such as cores, 0.
    """

    name: str
    vendor: str
    process: str
    limits: Mapping[str, Fact]
    energies: Energies
    notes: tuple[str, ...] = ()
    architecture: Architecture = Architecture.PROCESS
    times: EventTimes | Tick | None = None

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError("Chip: expected a name, got an empty text")
        if not isinstance(self.energies, Energies):
            raise TypeError(f"{self.name}: expected energies of one level, got {type(self.energies).__name__}")
        for name, limit in self.limits.items():
            checked(f"{self.name}: limit {name}", limit)
        if not isinstance(self.architecture, Architecture):
            raise TypeError(f"{self.name}: expected an hw.Architecture, got {self.architecture!r}")
        if not isinstance(self.times, EventTimes | Tick | None):
            raise TypeError(f"{self.name}: expected times as EventTimes, Tick or None, got {self.times!r:.60}")
        for name in REQUIRED[self.architecture]:
            _count(f"{self.name}: limit {name}", checked(f"{self.name}: limit {name}", self.limits.get(name)), name)
        _divided(self.name, self.limits)
        for name in self.limits if REQUIRED[self.architecture] else ():
            if name not in ENTRIES:
                near = get_close_matches(str(name), sorted(ENTRIES), 1)
                meant = f"did you mean {near[0]}?" if near else "what is only to be read belongs in notes"
                raise ValueError(f"{self.name}: limit {name}: no rule knows it; {meant}")

    @property
    def level(self) -> Level:
        return self.energies.level

    def limit(self, name: str) -> float | None:
        """A limit's value, None when nobody published it; ValueError when the record does not have it."""
        return checked(f"{self.name}: limit {name}", self.limits.get(name)).value


def _divided(chip: str, limits: Mapping[str, Fact]) -> None:
    """ValueError for more cores than the tiles have."""
    names = ("cores", "tiles_east_west", "tiles_north_south", "cores_per_tile")
    values = [limits[name].value if name in limits else None for name in names]
    cores, *sides = values
    there = [side for side in sides if side is not None]
    if cores is not None and len(there) == len(sides) and cores > math.prod(there):
        across, down, each = (f"{side:g}" for side in there)
        raise ValueError(
            f"{chip}: limit cores: {cores:g} are more than {across} x {down} tiles of {each} have, "
            f"{math.prod(there):g}; lower cores, or raise cores_per_tile or the tiles"
        )


def _count(where: str, limit: Fact, name: str) -> None:
    """ValueError for a limit that can count nothing."""
    least = 1 if name in AT_LEAST_ONE else 0
    if limit.value is not None and (limit.value != int(limit.value) or limit.value < least):
        raise ValueError(f"{where}: expected a whole number >= {least}, got {limit.value:.12g} {limit.unit}")
