"""SpiNNaker 1 (2011) and SpiNNaker 2 (2021): processors that run neurons as programs. Data only.

Energies per synaptic operation and neuron update are those of keras-spiking 0.3's device table, which gives no
operating point; the chips themselves spend most of their power whether there are spikes or not.
"""

from __future__ import annotations

from hw.records.architecture import Architecture
from hw.records.chip import Chip
from hw.records.energies import EventEnergies
from hw.records.event_times import Tick
from hw.records.fact import Evidence, Fact, unknown
from hw.records.power import Power

QUOTED, FROM_MEMORY = Evidence.QUOTED, Evidence.FROM_MEMORY
TABLE = "keras-spiking model_energy.py, citing Hoppner et al. 2019"
NOWHERE = "keras-spiking has one figure for all updates"
PACKET = "spinn_front_end_common gives 0.8 nJ a packet, however far"

SPINNAKER1 = Chip(
    name="SpiNNaker 1",
    vendor="University of Manchester",
    process="130 nm",
    limits={
        "cores": Fact(16, "cores per chip for neurons", QUOTED, "open-neuromorphic: 18 ARM968, 16 for neurons"),
        "tiles_east_west": Fact(1, "tile", QUOTED, "one router a chip"),
        "tiles_north_south": Fact(1, "tile", QUOTED, "one router a chip"),
        "cores_per_tile": Fact(16, "cores per chip for neurons", QUOTED, "open-neuromorphic"),
        "neurons": Fact(255, "neurons per core", QUOTED, "sPyNNaker: 8 index bits by default, a software setting"),
        "synapse_bytes": Fact(128 * 2**20, "bytes of SDRAM per chip", FROM_MEMORY, "unconfirmed"),
        "synapse_word_bytes": Fact(4, "bytes per synapse", QUOTED, "sPyNNaker synapse_row.h"),
        "weight_bits": Fact(16, "bits, unsigned", QUOTED, "sPyNNaker synapse_row.h"),
        "delay": Fact(16, "steps", QUOTED, "sPyNNaker: 4 bits; longer ones need delay cores"),
        "router_entries": Fact(1024, "entries per chip", FROM_MEMORY, "unconfirmed"),
        "sram_bytes": Fact(96 * 1024, "bytes per core", FROM_MEMORY, "32 KB for code, 64 KB for data; unconfirmed"),
    },
    energies=EventEnergies(
        synaptic_op=Fact(13.3, "nJ", QUOTED, TABLE),
        neuron_update_active=Fact(26.0, "nJ", QUOTED, TABLE),
        neuron_update_inactive=unknown("nJ", NOWHERE),
        spike_within_tile=unknown("nJ", PACKET),
        hop_east_west=unknown("nJ", PACKET),
        hop_north_south=unknown("nJ", PACKET),
    ),
    notes=("SpiNNaker 1: the power that a chip draws anyhow is not in the energies of its events.",),
    architecture=Architecture.SOFTWARE_CORES,
    times=Tick(Fact(1, "ms", QUOTED, "open-neuromorphic: a timer of 1 ms, no barrier")),
    power=Power(
        idle=Fact(0.36, "W", QUOTED, "spinn_front_end_common compute_energy_used: a chip that is idle"),
        active=Fact(1.0, "W", QUOTED, "spinn_front_end_common compute_energy_used: all cores busy"),
    ),
)

SPINNAKER2 = Chip(
    name="SpiNNaker 2",
    vendor="TU Dresden, University of Manchester, SpiNNcloud",
    process="22 nm FDSOI",
    limits={
        "cores": Fact(152, "cores per chip", QUOTED, "open-neuromorphic: 152 ARM Cortex-M4F and one more"),
        "tiles_east_west": unknown("tiles", "open-neuromorphic: quads of 4 cores, no mesh given"),
        "tiles_north_south": unknown("tiles", "open-neuromorphic: quads of 4 cores, no mesh given"),
        "cores_per_tile": Fact(4, "cores per quad", QUOTED, "open-neuromorphic"),
        "neurons": Fact(1000, "neurons per core", QUOTED, "open-neuromorphic: 152,000 a chip; a software setting"),
        "synapse_bytes": Fact(2 * 2**30, "bytes of DRAM per chip", QUOTED, "open-neuromorphic"),
        "synapse_word_bytes": Fact(4, "bytes per synapse", FROM_MEMORY, "as SpiNNaker 1; software may choose"),
        "router_entries": unknown("entries per chip", "open-neuromorphic has none"),
        "sram_bytes": Fact(128 * 1024, "bytes per core", QUOTED, "open-neuromorphic"),
        "weight_bits": Fact(16, "bits", FROM_MEMORY, "as SpiNNaker 1; software may choose"),
        "delay": Fact(16, "steps", FROM_MEMORY, "as SpiNNaker 1; software may choose"),
    },
    energies=EventEnergies(
        synaptic_op=Fact(450.0, "pJ", QUOTED, TABLE),
        neuron_update_active=Fact(2.19, "nJ", QUOTED, TABLE),
        neuron_update_inactive=unknown("nJ", NOWHERE),
        spike_within_tile=unknown("nJ", "no energy of a packet found"),
        hop_east_west=unknown("nJ", "no energy of a packet found"),
        hop_north_south=unknown("nJ", "no energy of a packet found"),
    ),
    notes=("SpiNNaker 2: another port of the table has 1.5 nJ a synaptic operation, for the prototype.",),
    architecture=Architecture.SOFTWARE_CORES,
    times=Tick(Fact(1, "ms", QUOTED, "open-neuromorphic: a timer of 1 ms, no barrier")),
)
