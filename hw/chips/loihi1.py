"""Intel Loihi 1 (2018): limits and event energies. Data only.

The energies are Table 2 of Davies et al. 2018, IEEE Micro 38(1):82-99, there called "pre-silicon performance and
energy measurements", from SDF and SPICE simulation at 0.75 V; read in sources that quote the table, not in the paper.
Times from memory are believed to be that table's, too.
"""

from __future__ import annotations

from hw.records.architecture import Architecture
from hw.records.chip import Chip
from hw.records.energies import EventEnergies
from hw.records.event_times import EventTimes
from hw.records.fact import Evidence, Fact, unknown

PRE_SILICON, QUOTED, FROM_MEMORY = Evidence.PRE_SILICON, Evidence.QUOTED, Evidence.FROM_MEMORY
TABLE = "Davies et al. 2018, Table 2; unconfirmed"
NO_LINE = "Davies et al. 2018, Table 2 has no line for it"

LOIHI1 = Chip(
    name="Loihi 1",
    vendor="Intel",
    process="14 nm FinFET, asynchronous",
    limits={
        "cores": Fact(128, "cores per chip", QUOTED, "SANA-FE arch/loihi.yaml: 8 x 4 tiles of 4 cores"),
        "tiles_east_west": Fact(8, "tiles", QUOTED, "SANA-FE arch/loihi.yaml"),
        "tiles_north_south": Fact(4, "tiles", QUOTED, "SANA-FE arch/loihi.yaml"),
        "cores_per_tile": Fact(4, "cores per tile", QUOTED, "SANA-FE arch/loihi.yaml"),
        "neurons": Fact(1024, "compartments per core", QUOTED, "nengo-loihi block.py 8"),
        "refractory": Fact(64, "steps", QUOTED, "brian2_loihi loihi_neuron_group.py 49; nengo-loihi checks at most 63"),
        "input_axons": Fact(4096, "axons per core", QUOTED, "nengo-loihi block.py 9"),
        "output_axons": Fact(4096, "axons per core", QUOTED, "nengo-loihi block.py 10"),
        "synapse_bits": Fact(2**20, "bits per core", QUOTED, "nengo-loihi block.py 11: 16384 words of 64 bits"),
        "compartment_profiles": Fact(32, "profiles per core", QUOTED, "nengo-loihi nxsdk_objects.py 7-9"),
        "threshold_profiles": Fact(8, "profiles per core", QUOTED, "nengo-loihi nxsdk_objects.py 7-9; validator: 16"),
        "synapse_formats": Fact(8, "formats per core", QUOTED, "nengo-loihi nxsdk_objects.py 7-9; validator: 16"),
        "weight_bits": Fact(8, "bits", QUOTED, "nengo-loihi block.py 427: 1..6 or 8"),
        "delay": Fact(62, "steps", QUOTED, "brian2_loihi loihi_synapses.py 193"),
    },
    energies=EventEnergies(
        synaptic_op=Fact(23.6, "pJ", PRE_SILICON, "Davies et al. 2018, Table 2, a minimum"),
        neuron_update_active=Fact(81.0, "pJ", PRE_SILICON, "Davies et al. 2018, Table 2"),
        neuron_update_inactive=Fact(52.0, "pJ", PRE_SILICON, "Davies et al. 2018, Table 2"),
        spike_within_tile=Fact(1.7, "pJ", PRE_SILICON, "Davies et al. 2018, Table 2"),
        hop_east_west=Fact(3.0, "pJ", PRE_SILICON, "Davies et al. 2018, Table 2"),
        hop_north_south=Fact(4.0, "pJ", PRE_SILICON, "Davies et al. 2018, Table 2; SANA-FE's file has 4.2"),
        axon_out=unknown("pJ", NO_LINE),
        axon_in=unknown("pJ", NO_LINE),
    ),
    notes=(
        "Loihi 1 event energies are pre-silicon simulations at 0.75 V; they contain no static power and no barrier.",
        "Loihi 1's 23.6 pJ a synaptic operation is stated as a minimum, so its totals lean low.",
        "Loihi 1: a chip draws less than 1.5 W (open-neuromorphic), a bound and no figure, so that no energy follows.",
    ),
    architecture=Architecture.AXON_CORES,
    times=EventTimes(
        synaptic_op=Fact(3.5, "ns", FROM_MEMORY, f"{TABLE}, a maximum"),
        update_active=Fact(8.4, "ns", FROM_MEMORY, TABLE),
        update_inactive=Fact(5.3, "ns", FROM_MEMORY, TABLE),
        spike_out=unknown("ns", NO_LINE),
        axon_out=unknown("ns", NO_LINE),
        axon_in=unknown("ns", NO_LINE),
        hop_east_west=Fact(4.1, "ns", QUOTED, "SANA-FE arch/loihi.yaml"),
        hop_north_south=Fact(6.5, "ns", QUOTED, "SANA-FE arch/loihi.yaml"),
        barrier=((1, Fact(113.0, "ns", FROM_MEMORY, TABLE)), (32, Fact(465.0, "ns", FROM_MEMORY, TABLE))),
        is_linear=True,
    ),
)
