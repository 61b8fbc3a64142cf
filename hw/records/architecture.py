"""What kind of machine a chip is, and which limits a record of that kind has to state."""

from __future__ import annotations

from enum import Enum


class Architecture(Enum):
    """How a network is laid onto a chip: decides which rules `hw.check` and `hw.place` apply."""

    PROCESS = "a process technology or a processor: nothing is limited"
    AXON_CORES = "cores with axon lists and a synapse memory of their own"
    SHARED_MEMORY_CORES = "cores that divide one memory between neurons, axons and synapses"
    CROSSBAR_CORES = "cores around a crossbar of axons and neurons"
    SOFTWARE_CORES = "processors that run the neurons as programs"
    SINGLE_CORE = "one core with inputs, hidden neurons and outputs"
    CONVOLUTION_CORES = "one convolution a core, each core with memories of its own size"
    NEURAL_PROCESSORS = "processors of quantised layers without time"
    ANALOGUE = "analogue circuits under rows of synapses"


_MESH = ("cores", "tiles_east_west", "tiles_north_south", "cores_per_tile")
SPREADS = ("synapse_spread", "threshold_spread", "tau_spread")
PROFILES = ("compartment_profiles", "threshold_profiles")
KERNELS = (1, 3, 5, 7)  # sides that Akida's convolutions have

ASKED: dict[Architecture, tuple[str, ...]] = {
    Architecture.PROCESS: (),
    Architecture.AXON_CORES: (
        *_MESH, "neurons", "input_axons", "output_axons", "synapse_bits", *PROFILES, "synapse_formats", "weight_bits",
        "delay", "refractory"),
    Architecture.SHARED_MEMORY_CORES: (
        *_MESH, "neurons", "memory_bits", "weight_bits", "spike_payload_bits", "delay"),
    Architecture.CROSSBAR_CORES: (
        *_MESH, "neurons", "input_axons", "destinations", "axon_types", "weight_bits", "membrane_bits",
        "threshold_bits", "delay"),
    Architecture.SOFTWARE_CORES: (*_MESH, "neurons", "synapse_bytes", "synapse_word_bytes", "weight_bits", "delay"),
    Architecture.SINGLE_CORE: (
        "inputs", "neurons", "outputs", "input_targets", "output_sources", "fan_in", "fan_out", "hidden_synapses",
        "synapses", "weight_bits", "neuron_layers", "spikes_hidden", "spikes_input", "delay"),
    Architecture.CONVOLUTION_CORES: (
        "cores", *(f"kernel_memory_{k}" for k in range(9)), *(f"neuron_memory_{k}" for k in range(9)), "bias_memory",
        "kernel_side", "padding", "input_side", "output_side", "channels", "weight_bits", "state_bits"),
    Architecture.NEURAL_PROCESSORS: (
        "processors", "passes", "filters", "input_height", "input_width", "stride", "kernel_side",
        *(f"filter_channels_{side}" for side in KERNELS), "dense_inputs", "dense_bytes", "processors_dense_on_chip",
        "processors_dense_external", "weight_bits", "activation_bits"),
    Architecture.ANALOGUE: (
        "neurons", "fan_in", "synapses", "weight_bits", "signs_per_row", "readout_bits", "speed_up", "membrane_noise",
        *SPREADS),
}  # fmt: skip
"""Limits that a rule of `hw.check`, `hw.place` or `hw.compile` holds nets against, or that programs are written for."""

UNASKED: dict[Architecture, dict[str, str]] = {
    Architecture.SHARED_MEMORY_CORES: {
        "embedded_processors": "nothing of a net runs on them",
        "step_least_ns": "no time of an event is published that a step could be made of",
    },
    Architecture.SOFTWARE_CORES: {
        "router_entries": "tables are compressed after routing, and how far is not known before",
        "sram_bytes": "what the programs themselves take of it is not published",
    },
    Architecture.SINGLE_CORE: {"synapses_per_neuron": "a layer's neurons have one current; the second is not used"},
    Architecture.CONVOLUTION_CORES: {
        "destinations": "a stage of a Sequential feeds the next one only",
        "readout_classes": "outputs are read as events; the readout that chooses a class is not modelled",
    },
    Architecture.NEURAL_PROCESSORS: {
        "input_bytes": "how the mapper divides maps among processors is not published",
        "weight_bytes": "how the mapper divides filters among processors is not published",
    },
}
"""Limits that no rule holds a net against, each with the reason; a record states them nevertheless."""

REQUIRED = {kind: (*names, *UNASKED.get(kind, {})) for kind, names in ASKED.items()}
"""Limits a record must have by name, if only as `unknown(unit, where it was looked for)`."""

MAY_BE_ZERO = (
    "delay", "padding", "bias_memory", "processors_dense_on_chip", "processors_dense_external", "embedded_processors",
    "router_entries", "readout_classes", *(f"kernel_memory_{k}" for k in range(9)),
    *(f"neuron_memory_{k}" for k in range(9)),
)  # fmt: skip
"""Limits at which a chip is still one; of all others there is at least one."""

FRACTIONS = ("step_least_ns", "membrane_noise", *SPREADS)
"""Entries that need not be whole numbers, nor more than 0."""

ENTRIES = frozenset(name for names in REQUIRED.values() for name in names)
"""Every name that a limit of a record may have."""
