"""SynSense's Xylo family: Audio 2 (SYNS61201), Audio 3 (SYNS65302) and IMU (SYNS63300): limits. Data only.

One core with the same integers in all of them (rockpool runs Audio 3 and IMU in xylosim.v2, as it does Audio 2), of
other sizes. Only of Audio 2 a power is published; energies of events are of none.
"""

from __future__ import annotations

from hw.records.architecture import Architecture
from hw.records.chip import Chip
from hw.records.energies import unpublished
from hw.records.fact import Evidence, Fact, unknown
from hw.records.power import Power

QUOTED, DERIVED = Evidence.QUOTED, Evidence.DERIVED
MAPPER = "rockpool's Xylo mapper"
OVERVIEW = "rockpool.ai/devices/xylo-overview"
NOWHERE = "energies of operations are not published: rockpool, samna, papers, open-neuromorphic"
NO_FAN_IN = "rockpool, samna: a fan-out is given, no fan-in"
CYCLES = "cycles of a step are Rockpool's estimate for Audio 2 and IMU, whose formulas are the same"

CORE = {
    "inputs": Fact(16, "channels", QUOTED, MAPPER),
    "neuron_layers": Fact(2, "layers of neurons at least", QUOTED, "rockpool's design-rule checks"),
    "weight_bits": Fact(8, "bits, signed", QUOTED, "xylosim XyloLayer.h"),
    "spikes_hidden": Fact(31, "spikes a step", QUOTED, "xylosim XyloLayer.h"),
    "spikes_input": Fact(15, "events a step and channel", QUOTED, "xylosim XyloLayer.h"),
    "delay": Fact(1, "step", QUOTED, "xylosim: recurrent spikes arrive in the next step, there is no other delay"),
}

XYLO = Chip(
    name="Xylo Audio 2",
    vendor="SynSense",
    process="28 nm, clocked",
    limits={
        **CORE,
        "neurons": Fact(1000, "hidden neurons", QUOTED, MAPPER),
        "outputs": Fact(8, "output neurons", QUOTED, MAPPER),
        "input_targets": Fact(1000, "hidden neurons that hear inputs", QUOTED, OVERVIEW),
        "output_sources": Fact(1000, "hidden neurons that outputs hear", QUOTED, OVERVIEW),
        "fan_in": Fact(63, "synapses onto a neuron", QUOTED, "open-neuromorphic; rockpool gives a fan-out instead"),
        "fan_out": Fact(64, "hidden neurons that a hidden neuron reaches", QUOTED, OVERVIEW),
        "hidden_synapses": Fact(
            32_000, "synapses among hidden neurons", DERIVED, f"{OVERVIEW}: 32 a neuron, each with a weight a current"
        ),
        "synapses": Fact(64_000, "weights", QUOTED, "open-neuromorphic"),
        "synapses_per_neuron": Fact(2, "currents per hidden neuron", QUOTED, MAPPER),
    },
    energies=unpublished(f"power is published, {NOWHERE}"),
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

XYLO_AUDIO3 = Chip(
    name="Xylo Audio 3",
    vendor="SynSense",
    process="process not found; clocked",
    limits={
        **CORE,
        "neurons": Fact(992, "hidden neurons", QUOTED, f"{MAPPER}; {OVERVIEW}"),
        "outputs": Fact(32, "output neurons", QUOTED, f"{MAPPER}, whose own check says 16; {OVERVIEW}"),
        "input_targets": Fact(128, "hidden neurons that hear inputs", QUOTED, f"{OVERVIEW}; rockpool ram.py, IWTRAM"),
        "output_sources": Fact(128, "hidden neurons that outputs hear", QUOTED, f"{OVERVIEW}; rockpool ram.py, OWTRAM"),
        "fan_in": unknown("synapses onto a neuron", NO_FAN_IN),
        "fan_out": Fact(1024, "hidden neurons that a hidden neuron reaches", QUOTED, OVERVIEW),
        "hidden_synapses": Fact(
            31_744, "synapses among hidden neurons", QUOTED, "rockpool ram.py: HFORAM, HWTRAM of 31,744 words, 32 x 992"
        ),
        "synapses": unknown(
            "weights", "rockpool ram.py: inputs, hidden neurons and outputs have memories of their own"
        ),
        "synapses_per_neuron": Fact(2, "currents per hidden neuron", QUOTED, OVERVIEW),
    },
    energies=unpublished(NOWHERE),
    notes=(f"Xylo Audio 3: no power of a chip was found; {CYCLES}, and there is none for Audio 3.",),
    architecture=Architecture.SINGLE_CORE,
)

XYLO_IMU = Chip(
    name="Xylo IMU",
    vendor="SynSense",
    process="process not found; clocked",
    limits={
        **CORE,
        "neurons": Fact(496, "hidden neurons", QUOTED, f"{MAPPER}; samna"),
        "outputs": Fact(16, "output neurons", QUOTED, f"{MAPPER}; samna"),
        "input_targets": Fact(128, "hidden neurons that hear inputs", QUOTED, f"{OVERVIEW}; samna"),
        "output_sources": Fact(128, "hidden neurons that outputs hear", QUOTED, f"{OVERVIEW}; samna"),
        "fan_in": unknown("synapses onto a neuron", NO_FAN_IN),
        "fan_out": Fact(512, "hidden neurons that a hidden neuron reaches", QUOTED, OVERVIEW),
        "hidden_synapses": Fact(
            31_744, "synapses among hidden neurons", DERIVED, f"{OVERVIEW}: 64 a neuron in the mean, 496 neurons"
        ),
        "synapses": unknown("weights", "rockpool, samna: given for synapses among hidden neurons only"),
        "synapses_per_neuron": Fact(1, "currents per hidden neuron", QUOTED, f"{MAPPER}; {OVERVIEW}"),
    },
    energies=unpublished(NOWHERE),
    notes=(f"Xylo IMU: no power of a chip was found; {CYCLES}.",),
    architecture=Architecture.SINGLE_CORE,
)
