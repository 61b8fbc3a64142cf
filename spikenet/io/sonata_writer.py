"""A Network written as SONATA's files: nodes, edges, types, spikes of its sources, configuration."""

from __future__ import annotations

import json
import os
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np

from spikenet.errors import Array, positive
from spikenet.io.optional import library
from spikenet.io.sonata_inputs import clamps, spoken
from spikenet.io.sonata_models import their_values
from spikenet.io.sonata_spikes import write_sonata_spikes
from spikenet.network.inputs import Trains
from spikenet.network.network import Network
from spikenet.network.populations import cell_for
from spikenet.network.records import Projection
from spikenet.simulate.explicit import Explicit, explicit
from spikenet.simulate.simulation import simulate
from spikenet.whole_file import whole_file

NODES, EDGES, SPIKES = "nodes.h5", "edges.h5", "spikes_in.h5"
NODE_TYPE, EDGE_TYPE = 100, 100


def write_sonata(folder: str | os.PathLike[str], network: Network, *, duration_s: float = 1.0, seed: int = 0) -> Path:
    """Files of the network into `folder`, which is made; the path of the configuration that `read_sonata` takes.

    seed: of what is drawn: synapses, weights, delays, parameters and the spikes of sources that fire by chance, as far
          as duration_s, are those of a run with this seed

    A Poisson drive becomes virtual nodes that fire, one a neuron, what it brings in such a run ("NAME, drive 0"); a
    current in steps becomes clamps, in pA. No spike of SONATA arrives in the first step: Poisson events there are left
    out, with a warning, as if these drives began a step later. ValueError for what SONATA cannot say: noise currents,
    plastic synapses, models that NEST has not or that another method than the default solves, weights whose sign is not
    that of their receptor.
    """
    h5py = library("h5py", "write_sonata", "sonata")
    if not isinstance(network, Network) or not network.populations:
        raise ValueError(f"write_sonata: expected a Network with populations, got {network!r:.60}")
    tstop = 1e3 * positive("write_sonata: duration_s", duration_s)
    _check(network)
    given, network = network, spoken(network, duration_s, seed)
    called = {p.name: p.name.replace("/", "_") for p in network.populations}  # HDF5 takes a / for a folder
    if len(set(called.values())) < len(network.populations):
        raise ValueError(f"write_sonata: two populations would be of one name: {', '.join(called)}")
    held = clamps(network, called)
    neurons = [(p, *their_values(p, seed)) for p in network.populations if p.model is not None]
    edges = [(p, _drawn(network, p, seed)) for p in network.projections]
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    with whole_file(place / NODES) as raw, h5py.File(raw, "w") as file:
        _heading(file)
        for p in network.populations:
            _group(file, f"nodes/{called[p.name]}", "node", p.n, NODE_TYPE + p.index)["node_id"] = np.arange(p.n)
        for p, _, values in neurons:
            for name, each in values.items():
                file[f"nodes/{called[p.name]}/0/dynamics_params/{name}"] = each
    with whole_file(place / EDGES) as raw, h5py.File(raw, "w") as file:
        _heading(file)
        for projection, made in edges:
            source, target = called[projection.source.name], called[projection.target.name]
            name = f"edges/{source}_to_{target}_{projection.index}"
            group = _group(file, name, "edge", made.source.size, EDGE_TYPE + projection.index)
            for side, ids, whose in (("source", made.source, source), ("target", made.target, target)):
                group[f"{side}_node_id"] = ids.astype(np.uint64)
                group[f"{side}_node_id"].attrs["node_population"] = whose
            group["0/syn_weight"] = made.weight
            group["0/delay"] = 1e3 * network.dt_s * made.delay_steps
    sources = {called[name]: spikes for name, spikes in _sent(given, network, duration_s, seed).items()}
    write_sonata_spikes(place / SPIKES, sources)
    templates = {p.name: template for p, template, _ in neurons}
    lines = ["node_type_id population model_type model_template"]
    for p in network.populations:
        kind = "virtual NULL" if p.model is None else f"point_neuron {templates[p.name]}"
        quoted = called[p.name].replace('"', '""')
        lines.append(f'{NODE_TYPE + p.index} "{quoted}" {kind}')
    _text(place / "node_types.csv", lines)
    types = [f"{EDGE_TYPE + projection.index} static_synapse" for projection, _ in edges]
    _text(place / "edge_types.csv", ["edge_type_id model_template", *types])
    return _configuration(place, network, tstop, held, bool(sources), bool(edges))


def _sent(given: Network, network: Network, duration_s: float, seed: int) -> dict[str, tuple[Array, Array]]:
    """(times in seconds, neurons) of the spikes of each source; given: the network before its drives became sources."""
    listed = {p.name: p.spikes for p in network.populations if isinstance(p.spikes, Trains)}
    drawn = [p for p in network.populations if p.spikes is not None and p.name not in listed]
    sent = {name: (trains.times_s, trains.neurons) for name, trains in listed.items()}
    if drawn:
        alone = copy(given)
        alone.projections, alone.drives = [], []
        run = simulate(alone, duration_s, seed, dtype=np.float64, spikes=drawn)
        sent |= {p.name: (run[p].times_s, run[p].neurons) for p in drawn}
    return sent


def _check(network: Network) -> None:
    for projection in network.projections:
        if projection.plasticity is not None:
            raise ValueError(f"write_sonata: {projection.name}: its synapses change; only static ones are written")


def _drawn(network: Network, projection: Projection, seed: int) -> Explicit:
    """The synapses; ValueError where a reader would send a weight to another input than it goes to here."""
    made = explicit(projection, network.dt_s, seed)
    cell = cell_for(projection.target, network.dt_s, seed)
    for inhibits in (False, True):
        mine = (made.weight < 0) == inhibits
        usual = cell.receptor(None, -1.0 if inhibits else 1.0)
        if mine.any() and usual != projection.receptor:
            raise ValueError(
                f"write_sonata: {projection.name}: {int(mine.sum())} weights {'<' if inhibits else '>='} 0 go to "
                f"{projection.receptor!r}; SONATA knows no receptors, and they would go to {usual!r}"
            )
    return made


def _heading(file: Any) -> None:
    file.attrs["magic"], file.attrs["version"] = np.uint32(0x0A7A), np.array([0, 1], np.uint32)


def _group(file: Any, name: str, kind: str, n: int, number: int) -> Any:
    group = file.create_group(name)
    columns: dict[str, Array] = {
        "type_id": np.full(n, number, np.uint64),
        "group_id": np.zeros(n, np.uint32),
        "group_index": np.arange(n, dtype=np.uint64),
    }
    for column, values in columns.items():
        group[f"{kind}_{column}"] = values
    group.create_group("0")
    return group


def _text(path: Path, lines: list[str]) -> None:
    with whole_file(path) as file:
        file.write(("\n".join(lines) + "\n").encode())


def _configuration(
    place: Path, network: Network, tstop: float, held: dict[str, Any], spikes: bool, edges: bool
) -> Path:
    circuit = {
        "manifest": {"$NETWORK_DIR": "."},
        "networks": {
            "nodes": [{"nodes_file": f"$NETWORK_DIR/{NODES}", "node_types_file": "$NETWORK_DIR/node_types.csv"}],
            "edges": [{"edges_file": f"$NETWORK_DIR/{EDGES}", "edge_types_file": "$NETWORK_DIR/edge_types.csv"}]
            * edges,
        },
        "target_simulator": "NEST",
    }
    inputs = {"sources": {"input_type": "spikes", "module": "h5", "input_file": f"./{SPIKES}", "node_set": {}}}
    simulation = {
        "run": {"tstop": tstop, "dt": 1e3 * network.dt_s},
        "network": "./circuit_config.json",
        "inputs": (inputs if spikes else {}) | held,
    }
    _text(place / "circuit_config.json", [json.dumps(circuit, indent=2)])
    _text(place / "simulation_config.json", [json.dumps(simulation, indent=2)])
    return place / "simulation_config.json"
