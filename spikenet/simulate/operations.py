"""What each thread does in a step: deliver, drive, carry the neurons on, record; written into a Plan."""

from __future__ import annotations

import numpy as np

from spikenet.errors import Array
from spikenet.kernels import cell_loop, currents, poisson_counts, spike_sources, stopwatch
from spikenet.kernels.bit_counts import SLAB
from spikenet.kernels.bit_delivery import bits_operation
from spikenet.kernels.list_delivery import list_operation
from spikenet.kernels.philox import GROUP
from spikenet.network import inputs
from spikenet.network.checks import bin_steps
from spikenet.network.clock import LAST, steps_of
from spikenet.network.network import Network
from spikenet.network.populations import DRIVES, SOURCES
from spikenet.network.records import Driven, Population
from spikenet.simulate.bit_tables import BitTable
from spikenet.simulate.layout import Layout, Share, own_parameters, shared_parameters
from spikenet.simulate.list_tables import ListTable
from spikenet.simulate.plan import Plan
from spikenet.simulate.plastic_tables import add_plastic
from spikenet.simulate.redrawn_tables import add_redrawn
from spikenet.simulate.tables import Tables

DELIVERY, OUTSIDE, NEURONS = 1, 2, 3  # parts of a step, as costs tells them apart


def add_bits(plan: Plan, layout: Layout, table: BitTable) -> None:
    """Delivery through a table of bits."""
    p = table.projection
    weight = plan.address(np.array([table.weight], layout.dtype))
    lists = _spike_lists(plan, layout, p.source)
    for thread, bits in enumerate(table.bits):
        if bits.size:
            row = _input_row(plan, layout, p.target, p.receptor, thread)
            entry = [plan.address(bits), p.source.n, len(bits) * SLAB, table.delay, weight, row, layout.slots]
            plan.add(thread, bits_operation(layout.dtype), [*entry, *lists])


def add_lists(plan: Plan, layout: Layout, table: ListTable) -> None:
    """Delivery through a table of lists."""
    operation = list_operation(layout.dtype, table.target.name, table.valued)
    lists = _spike_lists(plan, layout, table.source)
    size = np.dtype(layout.dtype).itemsize
    for thread in range(layout.threads):
        row = plan.address(layout.inputs[thread]) + size * int(table.base[thread])
        weight = plan.address(np.zeros(1, layout.dtype) if table.valued else table.weight)
        entry = [plan.address(table.listed), weight, plan.address(table.rows), int(table.rows[-1])]
        entry += [layout.threads, thread, table.delays, table.shortest, row, layout.slots, *lists]
        plan.add(thread, operation, entry)


def add_drive(plan: Plan, layout: Layout, driven: Driven, dt_s: float, seed: int) -> None:
    """An input from outside."""
    target, drive = driven.target, driven.drive
    weight = plan.address(np.array([driven.weight], layout.dtype))
    if isinstance(drive, inputs.Poisson):
        table, held = _thresholds(driven, drive, dt_s)
        at, shared = plan.address(table), drive.rates_hz.shape[1] == 1
    for thread, share in enumerate(layout.shares[target.index]):
        if not share.n:
            continue
        row = _input_row(plan, layout, target, driven.receptor, thread)
        stream = DRIVES + driven.index
        if isinstance(drive, inputs.Poisson):
            groups = -(-share.n // GROUP) * GROUP
            begin = at if shared else at + 4 * share.low
            entry = [groups, share.low // GROUP, stream, seed, begin, held, len(table)]
            entry += [table.shape[1] * table.shape[2], table.shape[2], weight, row]
            plan.add(thread, poisson_counts.poisson_operation(layout.dtype, shared), entry)
        elif isinstance(drive, inputs.Steps):
            starts = steps_of("step_current: starts_s", drive.starts_s, dt_s, 0, LAST)
            values = np.ascontiguousarray(
                drive.values[:, share.low : share.high] if drive.values.shape[1] > 1 else drive.values
            )
            entry = [share.n, row, weight, plan.address(starts), len(starts)]
            entry += [plan.address(values.astype(layout.dtype)), values.shape[1]]
            plan.add(thread, currents.step_operation(layout.dtype), entry)
        else:
            mean, std = (_row(a, target.n, layout.dtype)[share.low : share.high] for a in (drive.mean, drive.std))
            entry = [share.n, row, weight, plan.address(mean), plan.address(std), stream, seed, share.low]
            plan.add(thread, currents.noise_operation(layout.dtype), entry)


def _thresholds(driven: Driven, drive: inputs.Poisson, dt_s: float) -> tuple[Array, int]:
    """((bins, K, n or 1) int32, steps of a bin)."""
    expected = drive.rates_hz * dt_s
    n = expected.shape[1]
    padded = expected if n == 1 else np.pad(expected, ((0, 0), (0, -n % GROUP)))
    table = poisson_counts.thresholds(padded)
    return np.ascontiguousarray(np.moveaxis(table, 0, 1)), bin_steps(f"drive of {driven.target.name}", drive, dt_s)


def add_cells(plan: Plan, layout: Layout, population: Population, fault: Array) -> None:
    """The neurons of a population with dynamics."""
    cell = layout.cells[population.index]
    assert cell is not None
    own, shared = own_parameters(cell), shared_parameters(cell)
    used = tuple(layout.shares[population.index][0].inputs)
    silent = tuple(name for name in cell.inputs if name not in used)
    operation = cell_loop.cell_operation(cell.model, used, silent, frozenset(own), layout.dtype)
    values = np.array([float(np.ravel(cell.values[q])[0]) for q in shared] or [0.0], layout.dtype)
    for thread, share in enumerate(layout.shares[population.index]):
        if not share.n:
            continue
        entry = [share.n, share.low, *_spike_list(plan, share), layout.slots, plan.address(fault[thread]), 0]
        rows = [plan.address(row) for row in share.rows]
        rows += [_input_row(plan, layout, population, name, thread) for name in used]
        plan.add(thread, operation, [*entry, plan.address(values), *rows])


def add_source(plan: Plan, layout: Layout, population: Population, dt_s: float, seed: int) -> None:
    """The spikes of a population without dynamics."""
    spikes = population.spikes
    for thread, share in enumerate(layout.shares[population.index]):
        if not share.n:
            continue
        head = [*_spike_list(plan, share), layout.slots]
        if isinstance(spikes, inputs.Trains):
            mine = (spikes.neurons >= share.low) & (spikes.neurons < share.high)
            steps = np.round(spikes.times_s[mine] / dt_s).astype(np.int64) - 1  # sent at the end of that step
            neurons = spikes.neurons[mine].astype(np.uint32)
            entry = [plan.address(steps), plan.address(neurons), steps.size]
            plan.add(thread, spike_sources.train_operation(), [*head, *entry])
        else:
            assert isinstance(spikes, inputs.Poisson)
            rates = spikes.rates_hz[:, share.low : share.high] if spikes.rates_hz.shape[1] > 1 else spikes.rates_hz
            chances = np.ascontiguousarray(rates * dt_s)
            entry = [share.n, share.low, SOURCES + population.index, seed]
            entry += [plan.address(chances), chances.shape[1]]
            entry += [bin_steps(f"source {population.name!r}", spikes, dt_s), len(chances)]
            plan.add(thread, spike_sources.chance_operation(), [*head, *entry])


def add_network(
    plan: Plan, layout: Layout, network: Network, tables: Tables, faults: Array, seed: int, clocks: Array | None = None
) -> None:  # fmt: skip
    """Everything but recording, in the order of a step; clocks: of each thread, what measures the parts, if wanted."""
    _look(plan, clocks, 0)
    for bit_table in tables.bits:
        add_bits(plan, layout, bit_table)
    for list_table in tables.lists:
        add_lists(plan, layout, list_table)
    add_redrawn(plan, layout, tables.redrawn, seed)
    for changing in tables.plastic:
        add_plastic(plan, layout, changing, network.dt_s, firing=False)
    _look(plan, clocks, DELIVERY)
    for driven in network.drives:
        add_drive(plan, layout, driven, network.dt_s, seed)
    _look(plan, clocks, OUTSIDE)
    for population in network.populations:
        if population.model is None:
            add_source(plan, layout, population, network.dt_s, seed)
        else:
            add_cells(plan, layout, population, faults[population.index])
    for changing in tables.plastic:
        add_plastic(plan, layout, changing, network.dt_s, firing=True)
    _look(plan, clocks, NEURONS)


def _look(plan: Plan, clocks: Array | None, part: int) -> None:
    for thread, clock in enumerate(() if clocks is None else clocks):
        plan.add(thread, stopwatch.look, [plan.address(clock), part])


def _spike_list(plan: Plan, share: Share) -> list[int]:
    return [plan.address(share.counts), plan.address(share.places), share.places.shape[1]]


def _spike_lists(plan: Plan, layout: Layout, population: Population) -> list[int]:
    """How many there are, and the words of each."""
    lists = layout.lists[population.index]
    return [len(lists), *(word for one in lists for word in _spike_list(plan, one))]


def _input_row(plan: Plan, layout: Layout, population: Population, receptor: str, thread: int) -> int:
    place = layout.shares[population.index][thread].inputs[receptor]
    return plan.address(layout.inputs[thread]) + np.dtype(layout.dtype).itemsize * place


def _row(values: Array, n: int, dtype: str) -> Array:
    return np.ascontiguousarray(np.broadcast_to(values, (n,)), dtype)
