"""The records a comparison returns: one row a net, device and number format, and where spiking stops winning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from hw.counting.counts import Counts
from hw.energy.break_even import BreakEven
from hw.energy.total import Energy
from hw.int8.quantise import LayerError
from hw.records.breach import Breach
from hw.records.energies import Level


@dataclass(frozen=True)
class Row:
    """One net on one device in one number format; counts and energies are means per inference.

    number_format: in which accuracy and counts were evaluated
    numbers   : that format in words: neurons may be held in another than weights
    was_run   : False on a chip in whose integers the net was not run: accuracy and events are the float net's
    by_power  : whether the energy is the chip's power times the time of a sample, in place of its events
    accuracy  : share of the test set right
    parameters: weights, biases and parameters of single neurons
    macs, acs : weights that met numbers, and spikes; in a chip's integers only those that a number other than 0 met
    energy    : memory traffic included, where the level knows it
    traffic_bytes: read and written by an inference without caches; None on chips whose memories are their own affair
    latency_s : of an inference in the chip's own integers, placed on its cores; None where that was not run or nobody
                published how long events take;  latency_is_lower_bound: some of them are unknown
    """

    net: str
    device: str
    level: Level
    number_format: str
    numbers: str
    accuracy: float
    parameters: int
    macs: float
    acs: float
    spikes: float | None
    rate: float | None
    energy: Energy
    latency_s: float | None = None
    latency_is_lower_bound: bool = False
    traffic_bytes: float | None = None
    was_run: bool = True
    by_power: bool = False

    @property
    def priced_on(self) -> str:
        """The device, and whether by its power."""
        return self.energy.device if self.by_power else self.device

    @property
    def label(self) -> str:
        """Net, numbers, device and how the energy is known, as pictures name it."""
        known = "" if self.energy.is_unknown else f" ({self.energy.known})"
        return f"{self.net} {self.numbers}, {self.priced_on}{known}"

    @property
    def parts(self) -> dict[str, float | None]:
        """Joules by part: arithmetic and memory traffic of a technology, terms of a chip's table, an all-in figure as
        one; None for every part of which nobody knows."""
        if self.level is Level.EVENT or self.energy_j is None:
            return {term.name: term.joules for term in self.energy.terms if term.count}
        without = self.energy_without_memory_j
        known: dict[str, float | None] = {"known": self.energy_j}
        if without is not None:
            known = {"arithmetic": without, "memory traffic": self.energy_j - without}
        return {**known, **dict.fromkeys(self.energy.unknown)}

    @property
    def energy_j(self) -> float | None:
        """Joules per inference, memory traffic included; a lower bound when `energy.is_lower_bound`; None: unknown."""
        return self.energy.joules

    @property
    def energy_without_memory_j(self) -> float | None:
        """Joules per inference of arithmetic alone; None where memory is not known apart."""
        return self.energy.without_memory().joules if self.level is Level.TECHNOLOGY else None


@dataclass(frozen=True)
class Crossing:
    """Break-even of one spiking net against one conventional net, same device, level and number format."""

    spiking: str
    conventional: str
    device: str
    level: Level
    number_format: str
    with_memory: bool
    result: BreakEven


@dataclass(frozen=True)
class Comparison:
    """Everything `hw.compare` found.

    counts       : counts of each net as trained (float32)
    quantisation : error of each layer of each conventional net in int8, on the calibration data
    notes        : rows that are missing and why, and how the comparison was made
    broken       : (net, chip): every rule of the chip that the net breaks, for nets that could not be compiled for it
    """

    data: str
    samples: int
    rows: tuple[Row, ...]
    crossings: tuple[Crossing, ...]
    counts: Mapping[str, Counts]
    quantisation: Mapping[str, tuple[LayerError, ...]]
    notes: tuple[str, ...]
    broken: Mapping[tuple[str, str], tuple[Breach, ...]] = field(default_factory=dict)

    @property
    def bars(self) -> dict[str, dict[str, dict[str, float | None]]]:
        """What `sn.plot.energy_levels` draws: for each level joules by part of every row, None for what is unknown."""
        return {level.title: {row.label: row.parts for row in rows} for level, rows in self._by_level()}

    @property
    def points(self) -> dict[str, list[tuple[str, float, float | None, str]]]:
        """What `sn.plot.accuracy_energy_levels` draws, by level, with `bounds` as at_least and `not_run`."""
        return {
            level.title: [(row.label, row.accuracy, row.energy_j, row.net) for row in rows]
            for level, rows in self._by_level()
        }

    def _by_level(self) -> Iterator[tuple[Level, list[Row]]]:
        for level in Level:
            if rows := [row for row in self.rows if row.level is level]:
                yield level, rows

    @property
    def bounds(self) -> list[str]:
        """Labels of the rows whose energy is a lower bound."""
        return [row.label for row in self.rows if row.energy.is_lower_bound and not row.energy.is_unknown]

    @property
    def not_run(self) -> list[str]:
        """Labels of the rows that price the float net's events on a chip in whose integers it was not run."""
        return [row.label for row in self.rows if not row.was_run]

    @property
    def latencies(self) -> list[tuple[str, float, float | None, str]]:
        """What `sn.plot.accuracy_latency` draws, with `latency_bounds` as at_least: of rows whose latency is known."""
        timed = (row for row in self.rows if row.latency_s is not None and not row.by_power)  # once each
        return [(f"{row.net}, {row.device}", row.accuracy, row.latency_s, row.net) for row in timed]

    @property
    def latency_bounds(self) -> list[str]:
        """Labels of the rows whose latency is a lower bound."""
        return [f"{row.net}, {row.device}" for row in self.rows if row.latency_is_lower_bound]

    def break_even_rate(
        self, spiking: str, conventional: str, number_format: str, *, with_memory: bool
    ) -> float | None:
        """Mean spikes per neuron and step at which both cost the same, on the first technology compared.

        None when there is no such rate; the crossing's `result.reason` says why. KeyError for nets not compared.
        """
        key = (spiking, conventional, number_format, with_memory)
        for c in self.crossings:
            if (c.spiking, c.conventional, c.number_format, c.with_memory) == key:
                return c.result.rate
        raise KeyError(f"no break-even of {spiking!r} against {conventional!r} in {number_format!r} was compared")
