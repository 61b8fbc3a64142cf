"""Network: populations, projections and inputs, as the simulator runs them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spikenet.errors import finite_number, positive, whole
from spikenet.kernels.cell_loop import emits
from spikenet.network import inputs, rules
from spikenet.network.cell import Cell
from spikenet.network.checks import (
    check_delays,
    check_drive,
    check_plastic,
    check_sign,
    check_values,
    on_the_grid,
    synaptic,
)
from spikenet.network.draw import Distribution
from spikenet.network.plasticity import Plasticity
from spikenet.network.populations import cell_for
from spikenet.network.records import Driven, Population, Projection


class Network:
    """A description that grows by calls; nothing is drawn or computed before it is simulated.

    dt_s: length of a step, > 0 seconds

        net = sn.Network(dt_s=1e-4)
        exc = net.population("E", sn.LIF, n=800, tau_mem_s=20e-3, refractory_s=2e-3)
        net.connect(exc, exc, sn.rules.fixed_indegree(80), weight=0.1, delay_s=1.5e-3)
    """

    def __init__(self, dt_s: float) -> None:
        self.dt_s = positive("Network: dt_s", dt_s)
        self.populations: list[Population] = []
        self.projections: list[Projection] = []
        self.drives: list[Driven] = []

    def population(
        self, name: str, model: Any, n: int, *, start: Mapping[str, Any] | None = None, **values: Any
    ) -> Population:
        """n neurons of a model.

        model : a layer of neurons (sn.LIF ...), one of sn.cells, a user's function that returns such, or an object made
                by one of them
        start : states before the first step, by name: a number, one a neuron or a distribution of sn.draw; the membrane
                "v" in the model's own units (mV where it has a resting potential)
        values: the model's arguments: numbers, arrays with one a neuron, or distributions; refractory_s for every model
                whose membrane is the state "v", in steps of dt_s
        """
        label = f"population {name!r}"
        self._check_name(name)
        n = whole(f"{label}: n", n)
        made = Population(name, n, len(self.populations), model, dict(values), dict(start or {}), None)
        cell = cell_for(made, self.dt_s, seed=0)  # refuses now what would fail later
        check_values(label, cell, made)
        self.populations.append(made)
        return made

    def source(self, name: str, spikes: inputs.Source, n: int) -> Population:
        """n neurons without dynamics that fire when `spikes` says: sn.inputs.trains, raster, encoded or poisson.

        A Poisson neuron fires at most once a step, with probability rate times dt_s. Times of trains are multiples of
        dt_s, each neuron's different; ValueError otherwise.
        """
        label = f"source {name!r}"
        self._check_name(name)
        n = whole(f"{label}: n", n)
        if isinstance(spikes, inputs.Trains):
            spikes = on_the_grid(label, spikes, n, self.dt_s)
        elif isinstance(spikes, inputs.Poisson):
            if spikes.rates_hz.shape[1] not in (1, n):
                raise ValueError(f"{label}: expected one rate or {n}, got {spikes.rates_hz.shape[1]}")
            if spikes.rates_hz.max() * self.dt_s > 1:
                raise ValueError(f"{label}: expected rates up to {1 / self.dt_s:g} Hz, got {spikes.rates_hz.max():g}")
        else:
            raise TypeError(f"{label}: expected sn.inputs.trains, raster, encoded or poisson, got {spikes!r:.60}")
        made = Population(name, n, len(self.populations), None, {}, {}, spikes)
        self.populations.append(made)
        return made

    def connect(
        self,
        source: Population,
        target: Population,
        rule: rules.Rule,
        weight: Any = None,
        delay_s: Any = None,
        *,
        receptor: str | None = None,
        plasticity: Plasticity | None = None,
    ) -> Projection:
        """Synapses from source to target by a rule of sn.rules.

        weight  : a number, a distribution of sn.draw, or with rules.listed one a synapse; rules.matrix brings its own
        delay_s : likewise, seconds, rounded to the nearest step of which it is at least one; one step if not given
        receptor: which input of the target; by the sign of the weights, then all of one sign, where the model has one
                  for each, else its first
        plasticity: a rule of sn.plasticity by which the weights change; then the delay is one number
        """
        for population in (source, target):
            self.own(population)
        label = f"{source.name} -> {target.name}"
        cell = self._cell(target, label)
        if source.model is not None and not emits(cell_for(source, self.dt_s, 0).model):
            raise ValueError(f"{label}: {source.name!r} sends no spikes; its output is no spike")
        if not isinstance(rule, rules.Rule):
            raise TypeError(f"{label}: expected a rule of sn.rules, got {rule!r:.60}")
        if isinstance(rule, rules.OneToOne) and source.n != target.n:
            raise ValueError(f"{label}: one_to_one: expected populations of one size, got {source.n} and {target.n}")
        weight = rule.weight if weight is None and isinstance(rule, rules.Listed) else weight
        weight = synaptic(f"{label}: weight", weight, rule)
        delay_s = self.dt_s if delay_s is None else synaptic(f"{label}: delay_s", delay_s, rule)
        check_delays(f"{label}: delay_s", delay_s, self.dt_s)
        mean = weight.mean if isinstance(weight, Distribution) else float(np.mean(weight)) if np.size(weight) else 0.0
        if receptor is None and np.size(weight):
            check_sign(label, weight, cell)
        chosen = cell.receptor(receptor, mean)
        factor = -1.0 if receptor is None and chosen in cell.inverted else 1.0
        if plasticity is not None:
            check_plastic(label, plasticity, weight, delay_s)
        made = Projection(source, target, rule, weight, delay_s, chosen, factor, len(self.projections), plasticity)
        self.projections.append(made)
        return made

    def drive(
        self, target: Population, drive: inputs.Drive, weight: Any = 1.0, *, receptor: str | None = None
    ) -> Driven:
        """An input from outside: sn.inputs.poisson, varying_poisson, step_current, constant_current, noise_current.

        weight  : what a Poisson spike brings, or a factor of a current
        receptor: as in `connect`; currents go to the input "current" unless told otherwise
        """
        self.own(target)
        label = f"drive of {target.name}"
        if not isinstance(drive, inputs.Drive):
            raise TypeError(f"{label}: expected an input of sn.inputs, got {drive!r:.60}")
        amount = finite_number(f"{label}: weight", weight)
        cell = self._cell(target, label)
        if receptor is None and not isinstance(drive, inputs.Poisson) and "current" in cell.inputs:
            receptor = "current"
        chosen = cell.receptor(receptor, amount)
        factor = -1.0 if receptor is None and chosen in cell.inverted else 1.0
        made = Driven(target, drive, amount * factor, chosen, len(self.drives))
        check_drive(label, drive, target.n, self.dt_s)
        self.drives.append(made)
        return made

    def _check_name(self, name: str) -> None:
        if not isinstance(name, str) or not name:
            raise TypeError(f"Network: expected a population's name, got {name!r}")
        if any(p.name == name for p in self.populations):
            raise ValueError(f"Network: there is a population {name!r} already")

    def own(self, population: Population) -> None:
        """TypeError or ValueError unless the population is one of this network."""
        if not isinstance(population, Population):
            raise TypeError(f"Network: expected a population of this network, got {population!r:.60}")
        if population.index >= len(self.populations) or self.populations[population.index] is not population:
            raise ValueError(f"Network: population {population.name!r} belongs to another network")

    def _cell(self, population: Population, label: str) -> Cell:
        if population.model is None:
            raise ValueError(f"{label}: {population.name!r} is a source of spikes and takes no input")
        return cell_for(population, self.dt_s, seed=0)
