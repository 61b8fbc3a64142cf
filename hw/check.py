"""Does a network fit on a chip? Every limit of every chip at once, before anything is trained or quantised."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from hw import chips as known_chips
from hw.limits.analogue import analogue
from hw.limits.constructs import constructs
from hw.limits.convolution_cores import convolution_cores
from hw.limits.cores import cores
from hw.limits.processors import processors
from hw.limits.single_core import single_core
from hw.lowering.layout import layout
from hw.lowering.stages import Layout
from hw.placement.core_room import Wired, wirings
from hw.records.architecture import ASKED, Architecture
from hw.records.breach import Breach, DoesNotFit
from hw.records.chip import Chip
from spikenet.errors import whole

Rules = Callable[[Layout, Wired, Chip, int], Iterator[Breach]]
RULES: dict[Architecture, Rules] = {
    Architecture.AXON_CORES: cores,
    Architecture.SHARED_MEMORY_CORES: cores,
    Architecture.CROSSBAR_CORES: cores,
    Architecture.SOFTWARE_CORES: cores,
    Architecture.SINGLE_CORE: single_core,
    Architecture.CONVOLUTION_CORES: convolution_cores,
    Architecture.NEURAL_PROCESSORS: processors,
    Architecture.ANALOGUE: analogue,
}

UNLISTED = (Architecture.CONVOLUTION_CORES, Architecture.NEURAL_PROCESSORS)  # their rules ask for no single synapse


@dataclass(frozen=True)
class Verdict:
    """One chip's answer. unchecked: limits nobody published, which could therefore not be held against."""

    chip: str
    breaches: tuple[Breach, ...]
    unchecked: tuple[str, ...]

    @property
    def fits(self) -> bool:
        return not self.breaches


@dataclass(frozen=True)
class Check:
    """All chips' answers; `print(check)` lists them."""

    verdicts: tuple[Verdict, ...]

    def __getitem__(self, chip: str | Chip) -> Verdict:
        name = chip.name if isinstance(chip, Chip) else chip
        for verdict in self.verdicts:
            if verdict.chip == name:
                return verdict
        raise KeyError(f"check: no chip {name!r}; there are {[verdict.chip for verdict in self.verdicts]}")

    @property
    def fitting(self) -> tuple[str, ...]:
        """Names of the chips it fits on."""
        return tuple(verdict.chip for verdict in self.verdicts if verdict.fits)

    def require(self, chip: str | Chip) -> None:
        """Raises DoesNotFit with every breach of that chip."""
        if not self[chip].fits:
            raise DoesNotFit(self[chip].breaches)

    def __str__(self) -> str:
        lines = []
        for verdict in self.verdicts:
            n = len(verdict.breaches)
            broken = f"does not fit, {n} limit{'s' if n > 1 else ''} broken"
            lines.append(f"{verdict.chip}: {broken if n else 'fits'}")
            lines += [f"  {str(breach).removeprefix(f'{verdict.chip}: ')}" for breach in verdict.breaches]
            lines += [f"  not published, not checked: {', '.join(verdict.unchecked)}"] if verdict.unchecked else []
        return "\n".join(lines)


def check(
    network: Any, input_shape: Any = None, *, chips: Iterable[Chip] | None = None, n_chips: int = 1, seed: int = 0
) -> Check:
    """Every limit that a Sequential or a Network breaks on each chip, by how much, and the smallest change that fits.

    input_shape: (features,) or (channels, height, width) of one sample; may be left out when a Linear comes first
    chips      : records, edited by hand or not, None: all of `hw.chips.NEUROMORPHIC`
    n_chips    : how many of each there are
    seed       : with which a Network's synapses are drawn

    Looks at sizes, connections and which weights are 0; needs no training and no data. Weights are taken at the chip's
    full width, convolutions as single synapses on chips that have no kernels. Limits a record calls unknown are
    reported as not checked. Raises TypeError for what is no net or no chip, ValueError for sizes that do not fit.
    """
    given = known_chips.NEUROMORPHIC if chips is None else chips
    records = (given,) if isinstance(given, Chip) else tuple(given)
    for record in records:
        if not isinstance(record, Chip):
            raise TypeError(f"check: chips: expected records such as hw.chips.loihi1, got {given!r:.60}")
        if record.architecture not in RULES:
            raise TypeError(f"check: {record.name} is {record.architecture.value}; expected a chip")
    n = whole("check: n_chips", n_chips)
    try:
        found = layout(network, input_shape, seed)
    except DoesNotFit as refused:  # a Network that no chip's layers can stand for
        return Check(
            tuple(
                Verdict(record.name, tuple(replace(breach, chip=record.name) for breach in refused.breaches), ())
                for record in records
            )
        )
    wired = wirings(found) if any(record.architecture not in UNLISTED for record in records) else None
    return Check(tuple(_verdict(found, wired, record, n) for record in records))


def _verdict(found: Layout, wired: Wired, chip: Chip, n_chips: int) -> Verdict:
    breaches = (*constructs(found, chip), *RULES[chip.architecture](found, wired, chip, n_chips))
    unchecked = tuple(name for name in ASKED[chip.architecture] if chip.limit(name) is None)
    return Verdict(chip.name, breaches, unchecked)
