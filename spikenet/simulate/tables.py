"""All synapses of a simulation, in the tables that deliver spikes through them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikenet.errors import Array
from spikenet.network.network import Network
from spikenet.network.records import Population
from spikenet.simulate.bit_tables import BitTable, bit_table
from spikenet.simulate.layout import Layout
from spikenet.simulate.list_tables import ListTable, list_tables
from spikenet.simulate.plastic_tables import PlasticTable, plastic_table
from spikenet.simulate.redrawn_tables import RedrawnTables, redrawn_tables
from spikenet.simulate.wiring import Wiring


@dataclass(frozen=True)
class Tables:
    bits: list[BitTable]
    lists: list[ListTable]
    redrawn: RedrawnTables
    plastic: list[PlasticTable]

    def fan_out(self, population: Population, threads: int) -> Array:
        """(n,) int64: stored synapses of each neuron onto those of this process."""
        bits = (table.fan_out() for table in self.bits if table.projection.source is population)
        lists = (table.fan_out(threads) for table in self.lists if table.source is population)
        plastic = (t.fan_out() for t in self.plastic if t.projection.source is population)
        whole: Array = sum((*bits, *lists, *plastic), start=np.zeros(population.n, np.int64))
        return whole


def tables(network: Network, wiring: Wiring, layout: Layout, window: int, seed: int) -> Tables:
    """window: steps between two meetings of the threads."""
    bits, again = [], []
    for projection, made in wiring.dense:
        table, rest = bit_table(projection, made, wiring.delays[projection.index][0], layout)
        bits.append(table)
        again += [rest] if rest else []
    lists = list_tables(wiring, again, layout, network.dt_s)
    plastic = [plastic_table(p, made, wiring.delays[p.index][0], layout, seed) for p, made in wiring.plastic]
    return Tables(bits, lists, redrawn_tables(wiring, layout, network.dt_s, window), plastic)
