"""How long the events of a chip take, every number with its evidence."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields

from hw.records.fact import Evidence, Fact, checked
from spikenet.errors import whole

SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3}  # SI prefixes


@dataclass(frozen=True)
class Tick:
    """A chip whose steps all last the same, such as a millisecond of real time."""

    step: Fact

    def check(self, where: str) -> None:
        """Raises ValueError / TypeError naming `where` and the entry that is none."""
        _timed(f"{where}: step", self.step)


@dataclass(frozen=True)
class EventTimes:
    """Time of each event on a core, and of the barrier that ends a step.

    update_active, update_inactive: of a neuron with and without something to do; spike_out: more, where it fires
    synaptic_op_sparse, synaptic_op_convolution: of such synapses, see `EventEnergies`; None: as others
    axon_out, axon_in: of a message where it is sent and where it arrives, besides its synaptic operations
    barrier : (tiles in use, time), tiles growing; is_linear: whether it grows evenly in between, else in steps
    """

    synaptic_op: Fact
    update_active: Fact
    update_inactive: Fact
    spike_out: Fact
    axon_out: Fact
    axon_in: Fact
    hop_east_west: Fact
    hop_north_south: Fact
    barrier: tuple[tuple[int, Fact], ...]
    is_linear: bool
    synaptic_op_sparse: Fact | None = None
    synaptic_op_convolution: Fact | None = None

    def check(self, where: str) -> None:
        """Raises ValueError / TypeError naming `where` and the entry that is none."""
        for field in fields(self):
            entry = getattr(self, field.name)
            if field.name not in ("barrier", "is_linear") and (field.default is MISSING or entry is not None):
                _timed(f"{where}: {field.name}", entry)
        if not isinstance(self.is_linear, bool):
            raise TypeError(f"{where}: is_linear: expected True or False, got {self.is_linear!r:.60}")
        pairs = isinstance(self.barrier, tuple) and all(isinstance(e, tuple) and len(e) == 2 for e in self.barrier)
        if not pairs:
            raise TypeError(f"{where}: barrier: expected (tiles, Fact) pairs, got {self.barrier!r:.60}")
        tiles = [whole(f"{where}: barrier: tiles", n) for n, _ in self.barrier]
        if not tiles or tiles[0] != 1 or tiles != sorted(set(tiles)):
            raise ValueError(f"{where}: barrier: expected tiles growing from 1, got {tiles}")
        for n, fact in self.barrier:
            _timed(f"{where}: barrier of {n} tiles", fact)

    def barrier_of(self, tiles: int) -> Fact:
        """Time of the barrier of so many tiles."""
        known = [entry for entry in self.barrier if entry[0] <= tiles]
        (low, fact), later = known[-1], self.barrier[len(known) :]
        if not self.is_linear or not later or fact.value is None or later[0][1].value is None:
            return fact
        high, other = later[0]
        part = (tiles - low) / (high - low)
        if part == 0:
            return fact
        source = f"between {low} and {high} tiles; {fact.source}"
        assert other.value is not None
        weakest = max((fact.evidence, other.evidence, Evidence.DERIVED), key=list(Evidence).index)
        return Fact(fact.value + part * (other.value - fact.value), fact.unit, weakest, source)


def seconds(fact: Fact) -> float | None:
    """A time in seconds, None when unknown."""
    return None if fact.value is None else fact.value * SECONDS[fact.unit]


def _timed(where: str, entry: Fact) -> None:
    if checked(where, entry).unit not in SECONDS:
        raise ValueError(f"{where}: expected a time in {', '.join(SECONDS)}, got unit {entry.unit!r}")
