"""How much memory a network will take, asked before any of it is taken."""

from __future__ import annotations

import os
from collections.abc import Container
from pathlib import Path

import numpy as np

from spikenet.kernels.redrawn_ring import entry_words
from spikenet.network.network import Network
from spikenet.network.records import Projection
from spikenet.network.rule_sizes import drawing_bytes, expected
from spikenet.simulate.redrawn_tables import arena_room, ring_rows
from spikenet.simulate.wiring import Wiring, is_dense

OVERHEAD = 1.1  # what drawing needs besides, of the tables
DRAWN = 4  # bytes of a synapse while it becomes a bit, of one projection after the other, in every process


def check_expected(network: Network, unstored: Container[Projection], dtype: str, ranks: int) -> None:
    """MemoryError when the synapses alone cannot be held, asked before so many are even counted."""
    size, held, drawn = np.dtype(dtype).itemsize, 0.0, 0.0
    for p in network.projections:
        if p not in unstored:
            many = expected(p.rule, p.source.n, p.target.n)
            if is_dense(p, many):
                held += p.source.n * p.target.n / 8
                drawn = max(drawn, DRAWN * many)
            else:
                held += (2 if isinstance(p.weight, float) else 2 + size) * many  # two bytes for the target
            drawn = max(drawn, drawing_bytes(p.rule, p.source.n, p.target.n))
    if (need := held / ranks + drawn) > available_bytes():
        raise MemoryError(
            f"simulate: the synapses need at least {1e-9 * need:.3g} GB, {1e-9 * available_bytes():.3g} GB are "
            "available; make the network smaller, or draw them again as spikes pass (procedural=True)"
        )


def needed_bytes(network: Network, wiring: Wiring, threads: int, dtype: str) -> dict[str, int]:
    """Bytes of the tables of synapses, of spikes and inputs under way and of the neurons."""
    size = np.dtype(dtype).itemsize
    synapses = 0
    for p, _ in wiring.dense:
        synapses += (p.source.n + 1) * (-(-p.target.n // 512) * 64 + 64 * threads)
    synapses += DRAWN * max((made.total for _, made in wiring.dense), default=0)
    for p, made in wiring.listed:
        shortest, longest = wiring.delays[p.index]
        synapses += made.total * (2 + (0 if isinstance(p.weight, float) else size))
        synapses += 4 * p.source.n * threads * (longest - shortest + 1)
        synapses += 0 if made.by_source else 16 * made.total
    for p, made in wiring.plastic:
        synapses += (60 + size) * made.total + 64 * threads * p.source.n
    synapses += sum(8 * p.source.n for p, *_ in wiring.redrawn)
    ring = ring_rows([wiring.delays[p.index] for p, *_ in wiring.redrawn])
    arenas = threads * arena_room(sum(made.total for _, made, _ in wiring.redrawn), threads) * (6 + size)
    inputs = {(p.target, p.receptor) for p in network.projections}
    slots = 1 << (wiring.longest + 64).bit_length()
    neurons = sum(p.n for p in network.populations)
    return {
        "synapses": int(OVERHEAD * synapses),
        "spikes under way": 4 * slots * neurons,
        "input under way": ring * (size + 8 * entry_words(dtype)) * sum(target.n for target, _ in inputs) + arenas,
        "neurons": 12 * size * neurons,
    }


def available_bytes() -> int:
    """Memory that can still be had, as the system says."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    except OSError:
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def check_memory(network: Network, wiring: Wiring, threads: int, dtype: str, ranks: int = 1) -> None:
    """MemoryError, with the figures, when the network cannot be held."""
    parts = needed_bytes(network, wiring, threads, dtype)
    parts = {name: value // (1 if name == "spikes under way" else ranks) for name, value in parts.items()}
    need, have = sum(parts.values()), available_bytes()
    if need > have:
        listed = ", ".join(f"{1e-9 * value:.3g} GB {name}" for name, value in parts.items())
        raise MemoryError(
            f"simulate: the network needs {1e-9 * need:.3g} GB ({listed}), {1e-9 * have:.3g} GB are available; "
            "make it smaller, or its delays shorter"
        )
