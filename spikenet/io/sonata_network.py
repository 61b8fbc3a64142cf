"""A SONATA circuit of point neurons as a Network.

The 300 cells of NEST's example (27,588 + 20,844 synapses, 1.5 s) fire the same spikes here as in NEST 3.10, in float64:
18,753 of 18,753 at 0.1 ms and 18,770 of 18,770 at 0.01 ms. In float32 the first of them moves by a step at 173.4 ms,
by rounding, and the cells part from there, as such networks do: 18,752 spikes, 8,709 of them at the same steps. So
simulate with dtype="float64", as `spikenet simulate` does with SONATA's files.

Four things that SONATA leaves open are done as NEST does them: cells start at their E_L (unless V_m is given; "v_init"
is not read), a synapse without a delay takes 1 ms, a parameter that is not given is NEST's default, and a spike that
lies within a step arrives as if fired at its end.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from spikenet.errors import Array, positive
from spikenet.io.hdf5 import opened
from spikenet.io.optional import library
from spikenet.io.sonata_config import Config, circuit_and_simulation, read_json, read_types
from spikenet.io.sonata_inputs import clamp
from spikenet.io.sonata_models import MODELS, our_values
from spikenet.io.sonata_spikes import NOBODY, on_steps, read_sonata_spikes
from spikenet.io.sonata_tables import Table
from spikenet.network import inputs, rules
from spikenet.network.network import Network
from spikenet.network.records import Population

DELAY_MS = 1.0  # NEST's static_synapse
POINTS, VIRTUAL = ("point_neuron", "point_process"), "virtual"
Trains = dict[str, list[tuple[Array, Array]]]
Entry = dict[str, Any]  # of a configuration
SYNAPSES = (None, "static_synapse", "nest:static_synapse")


class SonataNetwork(NamedTuple):
    """network: its populations are called as in the files; duration_s: of the simulation, None where none is given."""

    network: Network
    duration_s: float | None


class Nodes(NamedTuple):
    """ids: (n,) of the nodes; again: virtual nodes that fire more than once in a step, (population, their places)."""

    population: Population
    ids: Array
    again: list[tuple[Population, Array]]


def read_sonata(config: str | os.PathLike[str], *, dt_s: float | None = None) -> SonataNetwork:
    """The network of a circuit, with the spikes of a simulation.

    config: the file of the circuit, of the simulation, or of both
    dt_s  : length of a step; that of the simulation if not given

    Read are point neurons by the names of NEST's iaf_psc_delta, iaf_psc_exp, iaf_psc_alpha, iaf_cond_exp and
    aeif_psc_exp, virtual nodes, static synapses (syn_weight, times nsyns where that is given, and delay), spikes from
    files and clamps of current (amp in pA, as bmtk hands them to NEST). Anything else is refused by ValueError. Where
    a virtual node fires twice in one step, the second spike comes from a population of its own, "NAME, spike 2".
    """
    h5py = library("h5py", "read_sonata", "sonata")
    circuit, simulation = circuit_and_simulation(config)
    run = {} if simulation is None else simulation.values.get("run", {})
    if dt_s is None:
        if "dt" not in run:
            raise ValueError(f"{circuit.file}: names no simulation with a step; give dt_s")
        dt_s = 1e-3 * positive(f"{config}: run: dt", run["dt"])
    network = Network(dt_s)
    trains, held = _inputs(simulation)
    nodes: dict[str, Nodes] = {}
    for entry in circuit.values["networks"].get("nodes", []):
        file = circuit.path(entry["nodes_file"])
        types = read_types(circuit.path(entry["node_types_file"]), "node_type_id")
        with opened(h5py, file) as root:
            for name in root["nodes"]:
                nodes[name] = _nodes(network, circuit, file, name, root["nodes"][name], types, trains)
    if left := sorted(set(trains) - set(nodes) - {NOBODY}):
        raise ValueError(f"{config}: spikes of {', '.join(left)}: there are nodes of {', '.join(nodes)} only")
    for label, clamped, wanted in held:
        clamp(network, label, clamped, wanted, nodes)
    for entry in circuit.values["networks"].get("edges", []):
        if entry.get("enabled", True):
            file = circuit.path(entry["edges_file"])
            types = read_types(circuit.path(entry["edge_types_file"]), "edge_type_id")
            with opened(h5py, file) as root:
                for name in root["edges"]:
                    _connect(network, circuit, nodes, Table(file, name, root["edges"][name], types, "edge"),
                             root["edges"][name])  # fmt: skip
    return SonataNetwork(network, 1e-3 * positive(f"{config}: run: tstop", run["tstop"]) if "tstop" in run else None)


def _inputs(simulation: Config | None) -> tuple[Trains, list[tuple[str, Entry, Entry]]]:
    """What a simulation's inputs give: (times in seconds, node ids) by population, and (label, entry, node set) of
    each current clamp."""
    found: Trains = {}
    held: list[tuple[str, Entry, Entry]] = []
    if simulation is None:
        return found, held
    sets = simulation.values.get("node_sets_file")
    known = {} if sets is None else read_json(simulation.path(sets))
    for name, entry in simulation.values.get("inputs", {}).items():
        label = f"{simulation.file}: inputs: {name}"
        wanted = entry.get("node_set", {})
        wanted = known.get(wanted, {"population": wanted}) if isinstance(wanted, str) else wanted
        if (entry.get("input_type"), entry.get("module")) == ("current_clamp", "IClamp"):
            held.append((label, entry, wanted))
            continue
        if entry.get("input_type") != "spikes" or entry.get("module") not in ("h5", "sonata"):
            raise ValueError(
                f"{label}: expected spikes from an h5 file or an IClamp, got {entry.get('input_type')} by "
                f"{entry.get('module')}"
            )
        ids = wanted.get("node_id", wanted.get("node_ids"))
        for population, (times, who) in read_sonata_spikes(simulation.path(entry["input_file"])).items():
            target = population or wanted.get("population")
            if target is None:
                raise ValueError(f"{label}: neither the file nor the node set names the population that fires")
            if wanted.get("population", target) == target:
                mine = np.ones(who.size, bool) if ids is None else np.isin(who, ids)
                found.setdefault(target, []).append((times[mine], who[mine]))
    return found, held


def _nodes(
    network: Network, circuit: Config, file: Path, name: str, group: Any, types: dict[int, dict[str, str]],
    trains: Trains,
) -> Nodes:  # fmt: skip
    table = Table(file, name, group, types, "node")
    ids = np.asarray(group["node_id"], np.int64) if "node_id" in group else np.arange(table.n)
    kinds = {kind for kind, _ in table.text("model_type")}
    if kinds == {VIRTUAL}:
        return _virtual(network, name, table, ids, trains.get(name, []))
    templates = {template for template, _ in table.text("model_template")}
    if not kinds <= set(POINTS) or len(templates) != 1 or None in templates:
        raise ValueError(
            f"{table.label}: expected virtual nodes or point neurons of one model_template, got {kinds} of {templates}"
        )
    if name in trains:
        raise ValueError(
            f"{table.label}: spikes are given for {name}, whose neurons are simulated; they must be virtual"
        )
    (template,) = (t for t in templates if t is not None)
    values, starts = our_values(table.label, template, _parameters(table, circuit))
    made = network.population(name, MODELS[template].make, table.n, start=starts, **values)
    return Nodes(made, ids, [])


def _parameters(table: Table, circuit: Config) -> dict[str, Array]:
    """(n,) of every parameter that the types' files, or the HDF5 file for each cell, give."""
    folder = circuit.values.get("components", {}).get("point_neuron_models_dir", ".")
    by_type = {
        number: read_json(circuit.path(f"{folder}/{row['dynamics_params']}"))
        for number, row in table.types.items() if "dynamics_params" in row
    }  # fmt: skip
    own = table.names("dynamics_params")
    found = {}
    for name in sorted(own | {n for row in by_type.values() for n in row}):
        values = np.full(table.n, np.nan)
        for number, row in by_type.items():
            if name in row:
                values[table.own == number] = row[name]
        each = table.each(f"dynamics_params/{name}")
        values = np.where(np.isnan(each), values, each)
        if np.isnan(values).any():
            raise ValueError(f"{table.label}: {name}: given for some cells of the population only; give it for all")
        found[name] = values
    return found


def _virtual(
    network: Network, name: str, table: Table, ids: Array, trains: list[tuple[Array, Array]]
) -> Nodes:  # fmt: skip
    times = np.concatenate([np.empty(0), *(t for t, _ in trains)])
    who = _places(f"{table.label}: spikes", np.concatenate([np.empty(0, np.int64), *(w for _, w in trains)]), ids)
    steps = on_steps(times, network.dt_s)
    order = np.lexsort((who, steps))
    steps, who = steps[order], who[order]
    new = np.ones(steps.size, bool)
    new[1:] = (np.diff(steps) != 0) | (np.diff(who) != 0)
    first = np.maximum.accumulate(np.where(new, np.arange(steps.size), 0)) if steps.size else np.empty(0, np.int64)
    turn = np.arange(steps.size) - first  # how many of the same node and step came before
    again = []
    for k in range(1, int(turn.max(initial=0)) + 1):
        mine = turn == k
        nodes, at = np.unique(who[mine], return_inverse=True)
        source = inputs.trains(steps[mine] * network.dt_s, at)
        again.append((network.source(f"{name}, spike {k + 1}", source, nodes.size), nodes))
    once = turn == 0
    return Nodes(network.source(name, inputs.trains(steps[once] * network.dt_s, who[once]), table.n), ids, again)


def _connect(network: Network, circuit: Config, nodes: dict[str, Nodes], table: Table, group: Any) -> None:
    ends = []
    for side in ("source", "target"):
        name = group[f"{side}_node_id"].attrs.get("node_population", "")
        name = name.decode() if isinstance(name, bytes) else str(name)
        if name not in nodes:
            raise ValueError(f"{table.label}: {side}s are of {name!r}; there are nodes of {', '.join(nodes)}")
        given = np.asarray(group[f"{side}_node_id"], np.int64)
        ends.append((nodes[name], _places(f"{table.label}: {side}_node_id", given, nodes[name].ids)))
    (source, pre), (target, post) = ends
    if target.population.model is None:
        raise ValueError(f"{table.label}: {target.population.name!r} is virtual and takes no input")
    for template, mine in table.text("model_template"):
        if template not in SYNAPSES:
            raise ValueError(f"{table.label}: {int(mine.sum())} synapses are {template}; only static ones are read")
    folder = circuit.values.get("components", {}).get("synaptic_models_dir", ".")
    for parameters, _ in table.text("dynamics_params"):
        if parameters and (extra := read_json(circuit.path(f"{folder}/{parameters}"))):
            raise ValueError(f"{table.label}: {parameters}: static synapses take no {', '.join(extra)}")
    weight = table.numbers("syn_weight") * table.numbers("nsyns", 1.0)
    delay_s = 1e-3 * table.numbers("delay", DELAY_MS)
    for inhibits in (False, True):  # each sign has its receptor
        chosen = np.flatnonzero((weight < 0) == inhibits)
        for population, places in ((source.population, None), *source.again):
            kept = chosen if places is None else chosen[np.isin(pre[chosen], places)]
            if kept.size:
                at = pre[kept] if places is None else np.searchsorted(places, pre[kept])
                delay = delay_s[kept]
                network.connect(
                    population, target.population, rules.listed(at, post[kept]), weight[kept],
                    float(delay[0]) if (delay == delay[0]).all() else delay,
                )  # fmt: skip


def _places(label: str, given: Array, ids: Array) -> Array:
    """Where the nodes of these ids stand; ValueError for one that is not there."""
    order = np.argsort(ids)
    at = np.minimum(np.searchsorted(ids, given, sorter=order), ids.size - 1)
    places: Array = order[at]
    if (wrong := ids[places] != given).any():
        raise ValueError(f"{label}: there is no node {given[int(np.argmax(wrong))]}")
    return places
