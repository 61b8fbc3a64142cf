"""IBM TrueNorth (2014): limits and its all-in energy. Data only.

The energy is Merolla et al. 2014, Science 345:668, as a stored source quotes it: the whole chip, passive and active
power, divided by its synaptic events at 20 Hz, 128 active synapses, 21.3 cores of average distance and 0.775 V.
"""

from __future__ import annotations

from hw.records.architecture import Architecture
from hw.records.chip import Chip
from hw.records.energies import AllInEnergies
from hw.records.event_times import Tick
from hw.records.fact import Evidence, Fact, unknown
from hw.records.power import Power

QUOTED, FROM_MEMORY = Evidence.QUOTED, Evidence.FROM_MEMORY

TRUENORTH = Chip(
    name="TrueNorth",
    vendor="IBM",
    process="28 nm, asynchronous and clocked",
    limits={
        "cores": Fact(4096, "cores per chip", QUOTED, "SANA-FE arch/truenorth.yaml; RANC router.cpp"),
        "tiles_east_west": Fact(64, "tiles", QUOTED, "SANA-FE arch/truenorth.yaml"),
        "tiles_north_south": Fact(64, "tiles", QUOTED, "SANA-FE arch/truenorth.yaml"),
        "cores_per_tile": Fact(1, "core per tile", QUOTED, "SANA-FE arch/truenorth.yaml"),
        "neurons": Fact(256, "neurons per core", QUOTED, "Merolla et al. 2014, as quoted"),
        "input_axons": Fact(256, "axons per core", QUOTED, "Merolla et al. 2014, as quoted: a 256 x 256 crossbar"),
        "destinations": Fact(1, "axon of one core per neuron", QUOTED, "RANC csramrow.h: dx, dy, axon, delay"),
        "axon_types": Fact(4, "types per core", QUOTED, "Cassidy et al. 2013: a weight for each at every neuron"),
        "weight_bits": Fact(9, "bits, signed", FROM_MEMORY, "Cassidy et al. 2013, unconfirmed"),
        "membrane_bits": Fact(20, "bits, signed", FROM_MEMORY, "Cassidy et al. 2013, unconfirmed"),
        "threshold_bits": Fact(18, "bits", FROM_MEMORY, "Cassidy et al. 2013, unconfirmed"),
        "delay": Fact(15, "ticks", QUOTED, "RANC scheduler has 16 slots"),
    },
    energies=AllInEnergies(synaptic_event=Fact(26.0, "pJ", QUOTED, "Merolla et al. 2014, as quoted; whole chip")),
    notes=(
        "TrueNorth's 26 pJ a synaptic event is the whole chip's power at one operating point (20 Hz, 128 active "
        "synapses, 0.775 V): hops, neurons and leakage are inside, nothing may be added.",
    ),
    architecture=Architecture.CROSSBAR_CORES,
    times=Tick(Fact(1, "ms", QUOTED, "open-neuromorphic: 1 kHz, real time")),
    power=Power(
        idle=unknown("mW", "Merolla et al. 2014, as quoted: leakage and work are not told apart"),
        active=Fact(
            63.0, "mW", QUOTED, "Merolla et al. 2014, as quoted: objects in 400 x 240 pixels, 30 frames a second"
        ),
    ),
)
