"""SynSense Xylo Audio 2 (SYNS61201): limits. Data only. Its power is published, energies of events are not."""

from __future__ import annotations

from hw.records.architecture import Architecture
from hw.records.chip import Chip
from hw.records.energies import unpublished
from hw.records.fact import Evidence, Fact
from hw.records.power import Power

QUOTED = Evidence.QUOTED
MAPPER = "rockpool's Xylo mapper"
NOWHERE = "power is published, energies of operations are not: rockpool, papers, open-neuromorphic"

XYLO = Chip(
    name="Xylo Audio 2",
    vendor="SynSense",
    process="28 nm, clocked",
    limits={
        "inputs": Fact(16, "channels", QUOTED, MAPPER),
        "neurons": Fact(1000, "hidden neurons", QUOTED, f"{MAPPER}; 496 on the IMU chip, 992 on Audio 3"),
        "outputs": Fact(8, "output neurons", QUOTED, f"{MAPPER}; 16 on the IMU chip"),
        "fan_in": Fact(63, "synapses onto a neuron", QUOTED, "open-neuromorphic"),
        "synapses": Fact(64_000, "weights", QUOTED, "open-neuromorphic"),
        "synapses_per_neuron": Fact(2, "currents per hidden neuron", QUOTED, f"{MAPPER}; 1 on the IMU chip"),
        "neuron_layers": Fact(2, "layers of neurons at least", QUOTED, "rockpool's design-rule checks"),
        "weight_bits": Fact(8, "bits, signed", QUOTED, "xylosim XyloLayer.h"),
        "spikes_hidden": Fact(31, "spikes a step", QUOTED, "xylosim XyloLayer.h"),
        "spikes_input": Fact(15, "events a step and channel", QUOTED, "xylosim XyloLayer.h"),
        "delay": Fact(1, "step", QUOTED, "xylosim: recurrent spikes arrive in the next step, there is no other delay"),
    },
    energies=unpublished(NOWHERE),
    notes=(
        "Xylo Audio 2: keywords take 291 uW beyond idle, 6.6 uJ each (Bos & Muir 2024, abstract of arXiv 2406.15112).",
    ),
    architecture=Architecture.SINGLE_CORE,
    power=Power(
        idle=Fact(219.0, "uW", QUOTED, "Bos & Muir 2022, as open-neuromorphic quotes it"),
        active=Fact(
            312.0, "uW", Evidence.DERIVED, "219 idle and 93 dynamic in one application, Bos & Muir 2022, as quoted"
        ),
    ),
)
