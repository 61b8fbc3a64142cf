"""What a part of a stage takes up on a core, and how much room a core of each architecture has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.lowering.connectivity import recurrent_synapses, synapse_count, synapses
from hw.lowering.stages import Layout, Stage
from hw.records.architecture import Architecture
from hw.records.chip import Chip

Integers = npt.NDArray[np.int64]
Room = dict[str, float]
BLOCK, WORD, BLOCK_HEAD = 64, 64, 10  # synapses and bits of a block of an axon, bits in front: nengo-loihi block.py 527
INDEX_BITS = (0, 6, 7, 8, 9, 10, 11, 12)  # what a synapse's index may take: nengo-loihi block.py 426


@dataclass(frozen=True)
class Wiring:
    """Synapses onto a stage's neurons, from the stage before and from itself, by column.

    copies: (neurons,) how many of each there are on its core, one for each core it reaches (on a crossbar); None: one
    profiles: of each kind that cores have few of, (neurons,) the number of the one each needs: `hw.placement.profiles`
    """

    stage: Stage
    columns: tuple[Any, ...]  # scipy csc matrices (sources, neurons in `connectivity.order`)
    copies: Integers | None = None
    profiles: Mapping[str, Integers] = field(default_factory=dict)

    def counts(self, low: int, high: int) -> list[Integers]:
        """For each matrix, how many synapses each source that has any makes onto neurons low..high-1."""
        found = []
        for matrix in self.columns:
            sources = matrix.indices[matrix.indptr[low] : matrix.indptr[high]]
            n = np.bincount(sources, minlength=1)
            found.append(n[n > 0])
        return found

    def fan_in(self) -> Integers:
        """(neurons,) synapses onto each."""
        total: Integers = np.zeros(self.stage.n_neurons, np.int64)
        for matrix in self.columns:
            total += np.diff(matrix.indptr)
        return total


Use = Callable[[Wiring, int, int], Mapping[str, float]]


Wired = tuple[Wiring, ...] | None
LISTED = 40_000_000  # synapses that are worth listing; beyond, sums decide


def wirings(layout: Layout) -> Wired:
    """All synapses of a net, listed; None when there are too many to be worth it."""
    if sum(map(synapse_count, layout.stages)) > LISTED:
        return None
    wired = []
    for stage in layout.stages:
        found = [synapses(stage), recurrent_synapses(stage)]
        wired.append(Wiring(stage, tuple(matrix.tocsc() for matrix in found if matrix is not None)))
    return tuple(wired)


def axon_bits(counts: Integers, synapse_bits: int) -> int:
    """Bits of synapse memory of axons with so many synapses each, on Loihi 1.

    Blocks of at most 64 synapses; each block has 10 bits in front and fills whole 64-bit words.
    Source: nengo-loihi block.py 527-549.
    """
    full, rest = np.divmod(counts, BLOCK)
    whole = -(-(BLOCK * synapse_bits + BLOCK_HEAD) // WORD) * WORD
    last = np.where(rest > 0, -(-(rest * synapse_bits + BLOCK_HEAD) // WORD) * WORD, 0)
    return int((full * whole + last).sum())


def index_bits(counts: Integers, neurons: int) -> int:
    """Bits of a synapse's index: none where every source reaches all the neurons, else enough to number them."""
    if not len(counts) or bool((counts == neurons).all()):
        return 0
    needed = max(int(neurons - 1).bit_length(), 1)
    return next((width for width in INDEX_BITS if width >= needed), INDEX_BITS[-1])


def stored_bits(counts: Integers, neurons: int, synapse_bits: int) -> tuple[int, bool]:
    """(bits of axons with so many synapses each onto some of the neurons, whether these are stored dense).

    Dense is a weight for every neuron in order, 0 where there is no synapse; otherwise each synapse has an index. What
    takes less room is taken: of a full layer, weights that rounding made 0 stay where they were. Where both fill as
    many words, what has less in them is taken.

    synapse_bits: of a weight and its delay, without an index
    """
    with_index = synapse_bits + index_bits(counts, neurons)
    indexed = axon_bits(counts, with_index), int(counts.sum()) * with_index
    dense = axon_bits(np.full(len(counts), neurons, np.int64), synapse_bits), len(counts) * neurons * synapse_bits
    return min(indexed, dense)[0], dense <= indexed


def synapse_bits_of(chip: Chip, longest_delay: int) -> int | None:
    """Bits of a synapse without its index, weights of the chip's full width; None where a core is not so divided."""
    if chip.architecture is not Architecture.AXON_CORES:
        return None
    return int(chip.limit("weight_bits") or 0) + longest_delay.bit_length()


def room_of(chip: Chip) -> tuple[Room, Use] | None:
    """(what a core has, what neurons low..high-1 of a stage take of it); None for a chip that is not made of cores.

    What nobody published does not limit.
    """
    kinds: dict[Architecture, tuple[tuple[str, ...], Callable[[Chip], Use]]] = {
        Architecture.AXON_CORES: (("neurons", "input_axons", "synapse_bits", "synapse_formats"), _on_axon_core),
        Architecture.SHARED_MEMORY_CORES: (("neurons", "memory_bits"), _on_shared_memory),
        Architecture.CROSSBAR_CORES: (("neurons", "input_axons"), lambda _: _on_crossbar),
        Architecture.SOFTWARE_CORES: (("neurons",), lambda _: _as_software),
    }
    if chip.architecture not in kinds:
        return None
    names, use = kinds[chip.architecture]
    limits = {name: chip.limit(name) for name in names}
    return {name: value for name, value in limits.items() if value is not None}, use(chip)


def _on_axon_core(chip: Chip) -> Use:
    def use(wiring: Wiring, low: int, high: int) -> Mapping[str, float]:
        """Weights of the chip's full width, delays as long as the stage's, an axon for each source and matrix.

        A format for each matrix: its exponent and its indices are its own.
        """
        each = synapse_bits_of(chip, wiring.stage.delay) or 0
        found = wiring.counts(low, high)
        bits = [stored_bits(n, high - low, each)[0] for n in found]
        formats = sum(len(n) > 0 for n in found)
        return {"neurons": high - low, "input_axons": sum(map(len, found)), "synapse_bits": sum(bits),
                "synapse_formats": formats}  # fmt: skip

    return use


def _on_shared_memory(chip: Chip) -> Use:
    weight_bits = int(chip.limit("weight_bits") or 0)

    def use(wiring: Wiring, low: int, high: int) -> Mapping[str, float]:
        """Weights alone: what neurons and axons take of the memory is not published, so this is a lower bound."""
        return {"neurons": high - low, "memory_bits": weight_bits * sum(int(n.sum()) for n in wiring.counts(low, high))}

    return use


def _on_crossbar(wiring: Wiring, low: int, high: int) -> Mapping[str, float]:
    """A neuron for each destination core: one reaches only one axon of one core."""
    axons = sum(map(len, wiring.counts(low, high)))
    neurons = high - low if wiring.copies is None else int(wiring.copies[low:high].sum())
    return {"neurons": neurons, "input_axons": axons}


def _as_software(wiring: Wiring, low: int, high: int) -> Mapping[str, float]:
    return {"neurons": high - low}
