"""Inputs from outside in SONATA's words: Poisson drives as spikes of virtual nodes, steps of current as clamps.

A clamp has, as in bmtk's runs with NEST, module "IClamp", amp in pA, delay and duration in ms, and a node_set.
"""

from __future__ import annotations

import warnings
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np

from spikenet.errors import Array, finite_number, positive
from spikenet.network import cells, inputs, rules
from spikenet.network.clock import LAST, steps_of
from spikenet.network.network import Network
from spikenet.network.populations import cell_for
from spikenet.network.records import Driven, Population, Projection
from spikenet.simulate import Simulation, probe

PIECE_STEPS = 500  # counted at once
ENDLESS_MS = 1e12  # of a clamp that stays


def spoken(network: Network, duration_s: float, seed: int) -> Network:
    """The network with each Poisson drive as a source of what it brings in a run with this seed, one step earlier.

    Events of the first step, which no spike can bring, are left out with a warning. ValueError for weights whose sign
    is not their receptor's.
    """
    driven = [d for d in network.drives if isinstance(d.drive, inputs.Poisson)]
    if not driven:
        return network
    made = copy(network)
    made.populations, made.projections = list(network.populations), list(network.projections)
    made.drives = [d for d in network.drives if d not in driven]
    for d, trains in zip(driven, _events(network, driven, duration_s, seed), strict=True):
        cell = cell_for(d.target, network.dt_s, seed)
        factor = -1.0 if d.receptor in cell.inverted else 1.0
        weight = d.weight * factor
        if cell.receptor(None, weight) != d.receptor:
            raise ValueError(
                f"write_sonata: drive of {d.target.name!r}: weight {weight:g} goes to {d.receptor!r}; SONATA knows no "
                f"receptors, and it would go to {cell.receptor(None, weight)!r}"
            )
        name = f"{d.target.name}, drive {d.index}"
        source = Population(name, d.target.n, len(made.populations), None, {}, {}, trains)
        made.populations.append(source)
        place = len(made.projections)
        made.projections.append(
            Projection(source, d.target, rules.one_to_one(), weight, network.dt_s, d.receptor, factor, place)
        )
    return made


def _events(network: Network, driven: list[Driven], duration_s: float, seed: int) -> list[inputs.Trains]:
    """Spikes that, a step under way, bring what each drive brings; several of a neuron in a step, where it does."""
    counting = Network(network.dt_s)  # each drive with its own random numbers, onto neurons that count
    for d in driven:
        counter = counting.population(
            f"{d.index}", cells.iaf_psc_delta, d.target.n, tau_mem_s=1e300, rest_mv=0.0, threshold_mv=1e300, reset_mv=0
        )
        counting.drives.append(replace(counting.drive(counter, d.drive), index=d.index))
        counting.drives.pop(-2)
    simulation = Simulation(counting, seed=seed, dtype=np.float64)
    steps, before = int(steps_of("write_sonata: duration_s", duration_s, network.dt_s, 1, LAST)), 0
    found: list[list[tuple[Array, Array]]] = [[] for _ in driven]
    last: list[Array] = [np.zeros((1, d.target.n)) for d in driven]
    while before < steps:
        piece = min(PIECE_STEPS, steps - before)
        probes = [probe(p, "v") for p in counting.populations]
        states = simulation.run(piece * network.dt_s, spikes=[], states=probes).states
        for k, population in enumerate(counting.populations):
            sums = np.round(states[population.name].values["v"])
            counts = np.diff(sums, axis=0, prepend=last[k]).astype(np.int64)
            step, neuron = np.nonzero(counts)
            many = counts[step, neuron]
            found[k].append((np.repeat(step + before, many), np.repeat(neuron, many)))
            last[k] = sums[-1:]
        before += piece
    made, lost = [], 0
    for parts in found:
        step, neuron = (np.concatenate(part) for part in zip(*parts, strict=True))
        late = step > 0
        lost += int((~late).sum())
        made.append(inputs.Trains(step[late] * network.dt_s, neuron[late].astype(np.int64)))
    if lost:
        warnings.warn(
            f"write_sonata: {lost} Poisson events of the first step are left out: no spike of SONATA arrives there. "
            "What is written are drives that begin a step later, sn.inputs.varying_poisson([0.0, rate_hz], bin_s=dt_s)",
            stacklevel=4,
        )
    return made


def clamps(network: Network, called: dict[str, str]) -> dict[str, Any]:
    """Inputs of a simulation's configuration for the steps of current; ValueError for any other drive."""
    made: dict[str, Any] = {}
    for d in network.drives:
        if not isinstance(d.drive, inputs.Steps) or d.receptor != "current":
            raise ValueError(
                f"write_sonata: drive of {d.target.name!r}: SONATA has Poisson drives (as spikes) and currents in "
                f"steps, not {type(d.drive).__name__} to {d.receptor!r}"
            )
        starts = network.dt_s * steps_of("step_current: starts_s", d.drive.starts_s, network.dt_s, 0, LAST)
        ends = [*starts[1:], None]
        for k, (start, end, row) in enumerate(zip(starts, ends, d.weight * d.drive.values, strict=True)):
            if start == end:  # two times of one step: the later one holds
                continue
            for amount in np.unique(row[row != 0]):
                nodes: dict[str, Any] = {"population": called[d.target.name]}
                if row.size > 1:
                    nodes["node_id"] = np.flatnonzero(row == amount).tolist()
                made[f"current_{d.index}_{k}_{len(made)}"] = {
                    "input_type": "current_clamp", "module": "IClamp", "node_set": nodes, "amp": float(amount),
                    "delay": 1e3 * start, "duration": ENDLESS_MS if end is None else 1e3 * (end - start),
                }  # fmt: skip
    return made


def clamp(network: Network, label: str, entry: dict[str, Any], wanted: dict[str, Any], nodes: dict[str, Any]) -> None:
    """A clamp of a simulation's configuration onto the nodes it names; ValueError for what is no clamp of theirs."""
    name = wanted.get("population")
    if name not in nodes or nodes[name].population.model is None:
        raise ValueError(f"{label}: expected a node_set with a population of point neurons, got {name!r}")
    population, ids = nodes[name].population, wanted.get("node_id", wanted.get("node_ids"))
    chosen = np.ones(population.n, bool) if ids is None else np.isin(nodes[name].ids, ids)
    if ids is not None and chosen.sum() != np.unique(ids).size:
        raise ValueError(f"{label}: some of the {np.unique(ids).size} nodes of its node_set are not in {name!r}")
    missing = [word for word in ("amp", "delay", "duration") if word not in entry]
    if missing:
        raise ValueError(f"{label}: expected amp (pA), delay and duration (ms); {', '.join(missing)} is not there")
    start = 1e-3 * finite_number(f"{label}: delay", entry["delay"])
    end = start + 1e-3 * positive(f"{label}: duration", entry["duration"])
    rows = [finite_number(f"{label}: amp", entry["amp"]) * chosen]
    times = [start]
    if entry["duration"] < ENDLESS_MS:
        times.append(end)
        rows.append(0.0 * chosen)
    network.drive(population, inputs.step_current(times, np.array(rows)), receptor="current")
