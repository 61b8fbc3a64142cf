"""SynSense Speck (DYNAP-CNN core): limits. Data only. No energy of an operation is published.

All limits are those of sinabs 3.1.3: docs/speck/overview.md and backend/dynapcnn/chips/dynapcnn.py.
"""

from __future__ import annotations

from hw.records.architecture import Architecture
from hw.records.chip import Chip
from hw.records.energies import unpublished
from hw.records.fact import Evidence, Fact

QUOTED = Evidence.QUOTED
SINABS = "sinabs chips/dynapcnn.py"
OVERVIEW = "sinabs docs/speck/overview.md"
NOWHERE = "no per-operation energy found: sinabs, papers, open-neuromorphic"
KERNEL_KI = (16, 16, 16, 32, 32, 64, 64, 16, 16)  # Ki entries by core: sinabs chips/dynapcnn.py
NEURON_KI = (64, 64, 64, 32, 32, 16, 16, 16, 16)  # Ki entries by core: sinabs chips/dynapcnn.py

SPECK = Chip(
    name="Speck",
    vendor="SynSense",
    process="65 nm, asynchronous",
    limits={
        "cores": Fact(9, "cores, one layer each", QUOTED, SINABS),
        **{f"kernel_memory_{k}": Fact(n * 1024, "weights", QUOTED, SINABS) for k, n in enumerate(KERNEL_KI)},
        **{f"neuron_memory_{k}": Fact(n * 1024, "neurons", QUOTED, SINABS) for k, n in enumerate(NEURON_KI)},
        "bias_memory": Fact(1024, "biases per core", QUOTED, OVERVIEW),
        "kernel_side": Fact(16, "pixels", QUOTED, OVERVIEW),
        "padding": Fact(7, "pixels", QUOTED, OVERVIEW),
        "input_side": Fact(128, "pixels", QUOTED, OVERVIEW),
        "output_side": Fact(64, "pixels", QUOTED, OVERVIEW),
        "channels": Fact(1024, "channels", QUOTED, OVERVIEW),
        "destinations": Fact(2, "cores per core", QUOTED, OVERVIEW),
        "weight_bits": Fact(8, "bits, signed", QUOTED, "sinabs discretize.py"),
        "state_bits": Fact(16, "bits, signed", QUOTED, "sinabs discretize.py"),
        "readout_classes": Fact(15, "classes", QUOTED, OVERVIEW),
    },
    energies=unpublished(NOWHERE),
    notes=(
        "Speck: 3.36 us for an event through nine layers; below 1 mW in a demonstration (as quoted), a bound and no "
        "figure, so that no energy follows from it.",
    ),
    architecture=Architecture.CONVOLUTION_CORES,
)
