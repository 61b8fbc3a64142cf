"""BrainScaleS-2: limits of one chip of analogue circuits. Data only. No energy of an operation is published."""

from __future__ import annotations

from hw.records.architecture import Architecture
from hw.records.chip import Chip
from hw.records.energies import unpublished
from hw.records.fact import Evidence, Fact, unknown
from hw.records.power import Power

QUOTED, FROM_MEMORY, DERIVED = Evidence.QUOTED, Evidence.FROM_MEMORY, Evidence.DERIVED
NO_SPREAD = "what calibration leaves is a chip's own: hxtorch's mock has none; compiled as 0 until a record says more"
NOWHERE = "no per-operation energy found: papers, open-neuromorphic"

BRAINSCALES2 = Chip(
    name="BrainScaleS-2",
    vendor="Heidelberg University",
    process="65 nm, mixed signal",
    limits={
        "neurons": Fact(512, "circuits per chip", QUOTED, "open-neuromorphic"),
        "fan_in": Fact(256, "synapse rows per circuit", QUOTED, "open-neuromorphic; circuits can be joined"),
        "synapses": Fact(131_072, "synapses per chip", QUOTED, "open-neuromorphic"),
        "weight_bits": Fact(6, "bits", QUOTED, "open-neuromorphic"),
        "signs_per_row": Fact(1, "sign", FROM_MEMORY, "a source with both signs needs two rows"),
        "readout_bits": Fact(8, "bits of a membrane's reading", FROM_MEMORY, "unconfirmed"),
        "membrane_noise": Fact(
            2, "steps of the reading, standard deviation", QUOTED, "hxtorch MockParameter.noise_std, its default"
        ),
        "synapse_spread": unknown("% standard deviation", NO_SPREAD),
        "threshold_spread": unknown("% standard deviation", NO_SPREAD),
        "tau_spread": unknown("% standard deviation", NO_SPREAD),
        "speed_up": Fact(1000, "times biological time", QUOTED, "open-neuromorphic"),
    },
    energies=unpublished(NOWHERE),
    notes=("BrainScaleS-2: its dynamics are analogue, not integers.",),
    architecture=Architecture.ANALOGUE,
    power=Power(
        idle=unknown("W", "open-neuromorphic has one figure"),
        active=Fact(1.0, "W", QUOTED, "open-neuromorphic: about, load not said"),
    ),
)
