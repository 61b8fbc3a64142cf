"""What a Network holds: records of populations, projections and inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spikenet.network.inputs import Drive, Source
from spikenet.network.plasticity import Plasticity
from spikenet.network.rules import Rule


@dataclass(frozen=True, eq=False)
class Population:
    """n neurons of one model, or n trains of spikes (`spikes`, without a model).

    values, start: as given to Network.population; index: its place in the network
    """

    name: str
    n: int
    index: int
    model: Any
    values: Mapping[str, Any]
    start: Mapping[str, Any]
    spikes: Source | None

    def __repr__(self) -> str:
        return f"Population({self.name!r}, n={self.n})"


@dataclass(frozen=True, eq=False)
class Projection:
    """Synapses from source to target; factor: -1 where negative weights stand for inhibiting conductances;
    plasticity: the rule by which the weights change, or None."""

    source: Population
    target: Population
    rule: Rule
    weight: Any
    delay_s: Any
    receptor: str
    factor: float
    index: int
    plasticity: Plasticity | None = None

    @property
    def name(self) -> str:
        return f"{self.source.name} -> {self.target.name}"


@dataclass(frozen=True, eq=False)
class Driven:
    """An input of a population."""

    target: Population
    drive: Drive
    weight: float
    receptor: str
    index: int
