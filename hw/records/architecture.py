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

REQUIRED: dict[Architecture, tuple[str, ...]] = {
    Architecture.PROCESS: (),
    Architecture.AXON_CORES: (
        *_MESH, "neurons", "input_axons", "output_axons", "synapse_bits", "weight_bits", "delay"),
    Architecture.SHARED_MEMORY_CORES: (*_MESH, "neurons", "memory_bits", "weight_bits", "delay"),
    Architecture.CROSSBAR_CORES: (
        *_MESH, "neurons", "input_axons", "destinations", "axon_types", "weight_bits", "delay"),
    Architecture.SOFTWARE_CORES: (*_MESH, "neurons", "synapse_bytes", "synapse_word_bytes", "weight_bits", "delay"),
    Architecture.SINGLE_CORE: (
        "inputs", "neurons", "outputs", "fan_in", "synapses", "weight_bits", "neuron_layers", "delay"),
    Architecture.CONVOLUTION_CORES: (
        "cores", *(f"kernel_memory_{k}" for k in range(9)), *(f"neuron_memory_{k}" for k in range(9)), "bias_memory",
        "kernel_side", "padding", "input_side", "output_side", "channels", "destinations", "weight_bits"),
    Architecture.NEURAL_PROCESSORS: (
        "processors", "filters", "input_height", "dense_inputs", "stride", "weight_bits", "activation_bits"),
    Architecture.ANALOGUE: ("neurons", "fan_in", "synapses", "weight_bits"),
}  # fmt: skip
"""Limits a record must have by name, if only as `unknown(unit, where it was looked for)`."""

DESCRIPTIVE = (
    "refractory", "compartment_profiles", "threshold_profiles", "synapse_formats", "spike_payload_bits",
    "embedded_processors", "membrane_bits", "threshold_bits", "tick_ms", "router_entries", "timer_ms", "sram_bytes",
    "synapses_per_neuron", "spikes_hidden", "spikes_input", "state_bits", "readout_classes", "processors_dense_on_chip",
    "processors_dense_external", "input_width", "input_bytes", "weight_bytes", "signs_per_row", "readout_bits",
    "speed_up", "step_least_ns", "membrane_noise", "synapse_spread", "threshold_spread", "tau_spread",
)  # fmt: skip
"""Entries that no rule asks for."""

AT_LEAST_ONE = (*_MESH, "neurons", "processors", "weight_bits", "synapse_word_bytes")
"""Limits that cannot be 0: there would be no chip."""

ENTRIES = frozenset((*(name for names in REQUIRED.values() for name in names), *DESCRIPTIVE))
"""Every name that a limit of a record may have."""
