"""What a chip's events, or a technology's operations, cost: energies at three levels, in records of their own.

No sum can mix them, and a record is checked by the chip that has it, whose name a refusal says:

- `TechnologyEnergies`: single arithmetic operations and memory accesses of a process. A net priced with them is an
  idealised accelerator: no control, no instruction fetch, no leakage.
- `EventEnergies`: what a neuromorphic chip's maker states for a synaptic operation, a neuron update, a hop.
- `ProcessorEnergies`: a processor's energy divided by its multiply-accumulates: everything is in it, too.
- `AllInEnergies`: a whole chip's energy divided by its synaptic events at one operating point. It already contains
  hops, neurons and leakage, so nothing may be added to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from enum import Enum

from hw.records.fact import Fact, checked, unknown
from hw.records.formats import Format
from spikenet.errors import whole


class Level(Enum):
    """What an energy includes. Totals of different levels are never added."""

    TECHNOLOGY = "technology"
    EVENT = "per event"
    ALL_IN = "all in"

    @property
    def title(self) -> str:
        """What stands above a picture of such energies."""
        return {"technology": "operations of a technology", "per event": "events of a chip's table",
                "all in": "all-in figures of a device"}[self.value]  # fmt: skip


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

    def check(self, where: str) -> None:
        """Raises ValueError / TypeError naming `where` and the entry that is none."""
        whole(f"{where}: word_bytes", self.word_bytes)
        if not isinstance(self.srams, tuple) or not all(isinstance(sram, Sram) for sram in self.srams):
            raise TypeError(f"{where}: srams: expected a tuple of Sram, got {self.srams!r:.60}")
        for sram in self.srams:
            whole(f"{where}: Sram size_bytes", sram.size_bytes)
            checked(f"{where}: SRAM of {sram.size_bytes} bytes", sram.access, energy=True)
        sizes = [sram.size_bytes for sram in self.srams]
        if sizes != sorted(set(sizes)):
            raise ValueError(f"{where}: expected SRAM sizes growing, got {sizes}")
        checked(f"{where}: DRAM", self.dram, energy=True)

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

    def check(self, where: str) -> None:
        """Raises ValueError / TypeError naming `where` and the entry that is none."""
        if not isinstance(self.memory, Memory):
            raise TypeError(f"{where}: memory: expected a Memory, got {self.memory!r:.60}")
        self.memory.check(f"{where}: memory")
        for operation, table in (("add", self.add), ("multiply", self.multiply)):
            if not isinstance(table, Mapping):
                raise TypeError(f"{where}: {operation}: expected energies by Format, got {table!r:.60}")
            for form in Format:
                checked(f"{where}: {operation} {form.value}", table.get(form), energy=True)

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

    def check(self, where: str) -> None:
        """Raises ValueError / TypeError naming `where` and the entry that is none."""
        for field in fields(self):
            value = getattr(self, field.name)
            if field.default is MISSING or value is not None:
                checked(f"{where}: {field.name}", value, energy=True)

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

    def check(self, where: str) -> None:
        """Raises ValueError / TypeError naming `where` and the entry that is none."""
        checked(f"{where}: synaptic_event", self.synaptic_event, energy=True)

    @property
    def level(self) -> Level:
        return Level.ALL_IN


@dataclass(frozen=True)
class ProcessorEnergies:
    """Energy of a multiply-accumulate in float32, and of a neuron's update, with everything a processor does for it."""

    mac: Fact
    neuron_update: Fact

    def check(self, where: str) -> None:
        """Raises ValueError / TypeError naming `where` and the entry that is none."""
        for field in fields(self):
            checked(f"{where}: {field.name}", getattr(self, field.name), energy=True)

    @property
    def level(self) -> Level:
        return Level.ALL_IN


Energies = TechnologyEnergies | EventEnergies | AllInEnergies | ProcessorEnergies
