"""Intel Loihi 2 (2021): limits. Data only. No energy of a single event is published: none is given.

What stands here from memory was not found in any source read; several repositories print energies for this chip
without a source, which are not repeated.
"""

from __future__ import annotations

from hw.records.architecture import Architecture
from hw.records.chip import Chip
from hw.records.energies import unpublished
from hw.records.fact import Evidence, Fact, unknown
from hw.records.power import Power

QUOTED, FROM_MEMORY, DERIVED = Evidence.QUOTED, Evidence.FROM_MEMORY, Evidence.DERIVED
NOWHERE = "no per-operation table found: papers, Intel's pages, open-neuromorphic"

LOIHI2 = Chip(
    name="Loihi 2",
    vendor="Intel",
    process="Intel 4, asynchronous",
    limits={
        "cores": Fact(128, "cores per chip", FROM_MEMORY, "Intel's technology brief, unconfirmed"),
        "tiles_east_west": unknown("tiles", "SANA-FE and open-neuromorphic have no mesh of this chip"),
        "tiles_north_south": unknown("tiles", "SANA-FE and open-neuromorphic have no mesh of this chip"),
        "cores_per_tile": unknown("cores per tile", "SANA-FE and open-neuromorphic have no mesh of this chip"),
        "neurons": Fact(8192, "neurons per core", FROM_MEMORY, "Intel's technology brief, unconfirmed"),
        "memory_bits": Fact(192 * 1024 * 8, "bits per core", FROM_MEMORY, "192 KB for everything, unconfirmed"),
        "weight_bits": Fact(8, "bits", FROM_MEMORY, "the synapse formats of Loihi 1, unconfirmed"),
        "delay": Fact(63, "steps", QUOTED, "lava DelayDense allows 0..63"),
        "spike_payload_bits": Fact(32, "bits", QUOTED, "open-neuromorphic; lava's ports have 24"),
        "embedded_processors": Fact(6, "processors per chip", FROM_MEMORY, "Intel's technology brief, unconfirmed"),
        "step_least_ns": Fact(200, "ns", FROM_MEMORY, "least chip-wide step, unconfirmed"),
    },
    energies=unpublished(NOWHERE),
    notes=("Loihi 2: no energy of a single event is published; a total would be invented.",),
    architecture=Architecture.SHARED_MEMORY_CORES,
    power=Power(
        idle=unknown("W", "a board's static power is published, not a chip's"),
        active=Fact(1.0, "W", QUOTED, "open-neuromorphic: about, load not said"),
    ),
)
