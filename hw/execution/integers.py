"""The integers of a placed program: Loihi 1's core by core, Loihi 2's in `hw.execution.messages`, others' by layers.

All give what every layer did, as `hw.programs.layer.LayerRun`, and the flags of `hw.kernels.placed_loop`, which are
counted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hw.kernels.loihi_loops import integers_of, loop
from hw.kernels.placed_loop import placed_loop
from hw.neurons.loihi import WIDE_SUM, Overflows
from hw.neurons.loihi_words import words_of
from hw.programs.layer import LayerRun
from hw.programs.loihi import overflows_of
from spikenet.kernels import memory
from spikenet.kernels.by_address import address_of
from spikenet.kernels.memory import read_only

Array = npt.NDArray[Any]
MOST_SPIKES = (1 << 15) - 1  # of a neuron in a step


def runs_on_cores(placed: Any, spikes: Array) -> tuple[tuple[LayerRun, ...], Array]:
    """(runs of the layers, flags) of Loihi's populations driven by int8 spikes (steps, batch, inputs).

    Spikes of the last layer are in its own order, those of the others, which are only summed, as they are placed.
    """
    program, tables, added = placed.program, placed.axons, placed.rows
    layers, begins = program.layers, tables.begins
    steps, batch = len(spikes) + program.late * (len(layers) - 1), spikes.shape[1]
    (reading,) = {layer.params.reading for layer in layers}
    wide = added.largest >= WIDE_SUM
    integer = integers_of(reading, wide)
    pools, words, functions = list[tuple[int, ...]](), list[Array](), list[Any]()
    n_read = 0
    for k, layer in enumerate(layers):
        params, n = layer.params, int(begins[k + 1] - begins[k])
        functions.append(loop(params.reading, params.vth_low is not None, wide).function)  # type: ignore[attr-defined]
        reads = layer.reads_v and k + 1 == len(layers)
        interval = params.reset_interval or 0
        offset = params.reset_offset % interval if interval else 0
        pools.append((int(begins[k]), n, address_of(functions[-1]), interval, offset, n_read if reads else -1))
        n_read += n if reads else 0
        words.append(_words(layer, n)[:, tables.neurons[k]].astype(integer).reshape(-1))
    flags = memory.zeros((steps, batch, int(begins[-1])), np.uint16)
    read, counts = np.zeros((steps, batch, n_read), integer), np.zeros((batch, len(layers), 4), np.int64)
    placed_loop(integer)(
        *(batch, read_only(spikes), read_only(added.first), read_only(added.table), read_only(added.weights)),
        *(read_only(added.targets), read_only(added.ports), read_only(np.array(pools, np.int64))),
        *(read_only(np.concatenate(words)), added.longest + 1, flags, read, counts),
    )
    runs = []
    for k, layer in enumerate(layers):
        low, high = int(begins[k]), int(begins[k + 1])
        fired = (flags[..., low:high] >> 1).astype(np.int8)
        if k + 1 == len(layers):
            fired = _in_own_order(fired, tables.neurons[k])
        v = _in_own_order(read, tables.neurons[k]) if pools[k][5] >= 0 else None
        overflows = overflows_of(layer.params, Overflows(*(int(n) for n in counts[:, k].sum(axis=0))))
        if layer.reads_v:
            overflows["fired readout"] = int(np.count_nonzero(fired))
        runs.append(LayerRun(fired, v, overflows))
    return tuple(runs), flags


def _words(layer: Any, n: int) -> Array:
    """(8, n) of a population's parameters, which are one for all, one a neuron, or of the shape of the neurons."""
    own = words_of(layer.params)
    if own[0].size in (1, n):
        return np.broadcast_to(own.reshape(8, -1), (8, n))
    missing = (1,) * (len(layer.shape) + 1 - own.ndim)
    return np.broadcast_to(own.reshape(8, *missing, *own.shape[1:]), (8, *layer.shape)).reshape(8, n)


def runs_on_one_machine(placed: Any, spikes: Array, program: Any = None) -> tuple[tuple[LayerRun, ...], Array]:
    """(runs of the layers, flags) of any program; every neuron counts as having had something to do.

    program: the placed one with other noise, or None for as it is
    """
    program = placed.program if program is None else program
    runs = program.layer_runs(spikes)
    return runs, flags_of(placed, program, runs)


def flags_of(placed: Any, program: Any, runs: tuple[LayerRun, ...]) -> Array:
    """Twice what each neuron sent, in placed order, and 1 more: every neuron had something to do.

    Raises ValueError for a neuron that fired more often than is counted.
    """
    every = zip(runs, placed.axons.neurons, strict=True)
    sent = np.concatenate([program.events(run.spikes[..., order]) for run, order in every], axis=-1)
    if sent.size and int(sent.max()) > MOST_SPIKES:
        raise ValueError(f"run: a neuron fired {int(sent.max())} times in a step; up to {MOST_SPIKES} are counted")
    flags: Array = (np.abs(sent).astype(np.uint16) << 1) + np.uint16(1)
    return flags


def _in_own_order(values: Array, order: Array) -> Array:
    found = np.empty_like(values)
    found[..., order] = values
    return found
