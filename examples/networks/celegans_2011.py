"""Varshney et al. 2011: the 279 neurons of the worm C. elegans that have synapses, and what a touch sets off.

Read from a table (pre, post, type, weight; the Python package cect brings it): chemical synapses and gap junctions by
the number of contacts. The paper counts 2,194 and 514 connections, finds one piece of 248 neurons held together by gap
junctions, and the command neurons AVA and AVB to be the hubs. Simulated as spiking neurons, each contact the same
current, those of the 26 GABA neurons inhibiting, gap junctions as exciting synapses both ways: a simplification, for
the worm's neurons mostly do not spike, and what a touch of the front sets off here goes on by itself. Source: PLoS
Comput. Biol. 7:e1001066; GABA: McIntire et al. 1993, Nature 364:337.
"""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

import spikenet as sn

TABLE = Path(__file__).resolve().parents[3] / "shared" / "data" / "connectome" / "celegans_varshney2011.csv.gz"
MUSCLES = ("BWM",)  # the body's, no neuron
GABA = ("DD", "VD", "RME", "AVL", "DVB", "RIS")
TOUCHED = ("ALML", "ALMR", "AVM")
CONTACT_PA, DELAY_S = 90.0, 1e-3


class Result(NamedTuple):
    """Connections of each kind, neurons in the largest piece by gap junctions, hubs by partners of both kinds; of the
    touch: how many neurons fire, seconds until each hub does, rank correlation of rates with contacts received."""

    chemical: int
    electrical: int
    largest_piece: int
    hubs: list[str]
    reached: int
    first_s: dict[str, float]
    rank_correlation: float


def wiring(table: Path) -> tuple[list[str], dict[str, coo_matrix]]:
    """(names, contacts (sources, targets) by "chemical" and "electrical"); FileNotFoundError without the table."""
    if not table.exists():
        raise FileNotFoundError(f"there is no {table}: give the connections as a csv of pre, post, type, weight")
    with gzip.open(table, "rt") if table.suffix == ".gz" else open(table) as file:
        rows = [row for row in csv.DictReader(file) if not {row["pre"], row["post"]} & set(MUSCLES)]
    names = sorted({row["pre"] for row in rows} | {row["post"] for row in rows})
    place = {name: k for k, name in enumerate(names)}
    matrices = {}
    for kind in ("chemical", "electrical"):
        mine = [row for row in rows if row["type"] == kind]
        ends = [[place[row[end]] for row in mine] for end in ("pre", "post")]
        contacts = [float(row["weight"]) for row in mine]
        matrices[kind] = coo_matrix((contacts, ends), (len(names), len(names)))
    return names, matrices


def network(scale: float = 1.0, table: Path = TABLE) -> sn.Network:
    """For `spikenet simulate examples/networks/celegans_2011.py`: the touch begins at 50 ms. scale: of the weights."""
    names, contacts = wiring(table)
    net = sn.Network(1e-4)
    cells = net.population("worm", sn.cells.iaf_psc_exp, len(names), tau_exc_s=5e-3, tau_inh_s=5e-3)
    sign = np.array([-1.0 if name.rstrip("0123456789").startswith(GABA) else 1.0 for name in names])
    for matrix in contacts.values():
        for which in (sign > 0, sign < 0):
            kept = which[matrix.row]
            rule = sn.rules.listed(matrix.row[kept], matrix.col[kept])
            chemical = matrix is contacts["chemical"]  # a gap junction excites whoever it joins
            amount = CONTACT_PA * scale * matrix.data[kept] * (sign[matrix.row[kept]] if chemical else 1.0)
            net.connect(cells, cells, rule, amount, DELAY_S)
    net.drive(cells, sn.inputs.step_current([0.05], (800.0 * np.isin(names, TOUCHED))[None]))
    return net


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0, table: Path = TABLE) -> Result:
    """Counts, simulates the touch and draws raster, wiring and rates into `out`. quick: 0.3 s instead of 1 s."""
    duration_s = 0.3 if quick else 1.0
    names, contacts = wiring(table)
    pieces = connected_components(contacts["electrical"], directed=False)[1]
    both = sum((m.toarray() > 0) for m in contacts.values())
    partners = both.sum(axis=0) + both.sum(axis=1)
    hubs = [names[k] for k in np.argsort(-partners)[:4]]
    net = network(table=table)
    recording = sn.simulate(net, duration_s, seed=seed)
    rates = recording.rates_hz("worm")
    times, neurons, n = recording.trains["worm"]
    first_s = {name: float(min(times[neurons == names.index(name)], default=np.inf)) - 0.05 for name in hubs}
    received = sum(m.toarray().sum(axis=0) for m in contacts.values())
    ranks = [np.argsort(np.argsort(x)) for x in (rates, received)]
    pairs = int((contacts["electrical"].row < contacts["electrical"].col).sum())  # not both ways, nor onto itself
    result = Result(
        contacts["chemical"].nnz, pairs, int(np.bincount(pieces).max()), hubs, int((rates > 0).sum()), first_s,
        float(np.corrcoef(*ranks)[0, 1]),
    )  # fmt: skip
    figure = Figure(figsize=(12, 7), layout="constrained")
    axes = figure.subplots(2, 2, height_ratios=(3, 1), width_ratios=(3, 2))
    axes[1, 0].sharex(axes[0, 0])
    order = np.argsort(np.argsort(-received))
    sn.plot.populations({"worm": (times, order[neurons], n)}, 0.0, duration_s, axes=axes[:, 0])
    axes[0, 0].set_title("most contacts received on top")
    for (kind, m), ink in zip(contacts.items(), ("#0072B2", "#D55E00"), strict=True):
        axes[0, 1].plot(m.col, m.row, ".", color=ink, markersize=1.5, label=f"{kind}: {m.nnz}")
    axes[0, 1].set(xlabel="target", ylabel="source", xlim=(0, n), ylim=(n, 0), aspect="equal")
    axes[0, 1].legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, fontsize=8, markerscale=4, frameon=False)
    axes[1, 1].plot(received, rates, "k.", markersize=3)
    for name in hubs:
        k, below = names.index(name), name.endswith("R")
        axes[1, 1].text(received[k], rates[k] + 20 - 70 * below, name, ha="left" if below else "right", fontsize=7)
    axes[1, 1].set(xlabel="contacts received", ylabel="rate (Hz)", ymargin=0.2)
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / "celegans_2011.png")
    return result


if __name__ == "__main__":
    print(main())
