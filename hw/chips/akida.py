"""BrainChip Akida, both generations: limits of virtual devices. Data only. No energy of an operation is published.

AKD1000 and AKD1500 are of the first generation and have the same layers, memories and integers.
"""

from __future__ import annotations

from hw.records.architecture import Architecture
from hw.records.chip import Chip
from hw.records.energies import unpublished
from hw.records.fact import Evidence, Fact, unknown
from hw.records.power import Power

QUOTED = Evidence.QUOTED
DEVICE = "akida 2.19.3 virtual_devices.py"
MAPPER = "akida 2.19.3, its mapper, found by trial"
NOWHERE = "no per-operation energy found: akida, its documentation, open-neuromorphic"

ENERGIES = unpublished(NOWHERE)

FIRST_GENERATION = {
    "input_height": Fact(256, "pixels per processor before the map is split", QUOTED, "akida MapConstraints"),
    "input_width": Fact(32, "pixels per processor before the map is split", QUOTED, "akida MapConstraints"),
    "kernel_side": Fact(7, "pixels: 1, 3, 5 or 7", QUOTED, "akida's mapper, its error message"),
    "filter_channels_1": Fact(448, "channels into a filter of 1 x 1", QUOTED, MAPPER),
    "filter_channels_3": Fact(448, "channels into a filter of 3 x 3", QUOTED, MAPPER),
    "filter_channels_5": Fact(448, "channels into a filter of 5 x 5", QUOTED, MAPPER),
    "filter_channels_7": Fact(149, "channels into a filter of 7 x 7", QUOTED, MAPPER),
    "dense_bytes": Fact(43_008, "bytes of an FNP3's weights", QUOTED, MAPPER),
    "weight_bits": Fact(4, "bits: 1, 2 or 4", QUOTED, "akida FullyConnected, Convolutional"),
    "activation_bits": Fact(4, "bits: 1, 2 or 4", QUOTED, "akida FullyConnected, Convolutional"),
    "stride": Fact(2, "pixels", QUOTED, "akida Conv2D, its error message"),
    "input_bytes": Fact(43_008, "bytes per two processors", QUOTED, "akida mesh.h"),
    "weight_bytes": Fact(44_800, "bytes per two processors", QUOTED, "akida mesh.h"),
}

AKIDA = Chip(
    name="Akida AKD1000",
    vendor="BrainChip",
    process="28 nm",
    limits={
        **FIRST_GENERATION,
        "processors": Fact(78, "neural processors", QUOTED, f"{DEVICE}, counted: 54 + 18 + 4 + 2"),
        "passes": Fact(1, "pass", QUOTED, f"{MAPPER}: a 79th convolution is refused"),
        "processors_dense_on_chip": Fact(18, "FNP3 processors", QUOTED, f"{DEVICE}, counted"),
        "processors_dense_external": Fact(4, "FNP2 processors", QUOTED, f"{DEVICE}, counted"),
        "filters": Fact(504, "filters per processor before a layer is split", QUOTED, "akida MapConstraints"),
        "dense_inputs": Fact(57_334, "inputs of a fully connected layer", QUOTED, "akida's mapper, its error message"),
    },
    energies=ENERGIES,
    notes=("Akida: how long an inference takes is not published, so that its power gives no energy.",),
    architecture=Architecture.NEURAL_PROCESSORS,
    power=Power(
        idle=unknown("mW", "open-neuromorphic has one figure"),
        active=Fact(30.0, "mW", QUOTED, "open-neuromorphic: about, load not said"),
    ),
)

AKD1500 = Chip(
    name="Akida AKD1500",
    vendor="BrainChip",
    process="22 nm FD-SOI",
    limits={
        **FIRST_GENERATION,
        "processors": Fact(32, "neural processors", QUOTED, f"{DEVICE}, counted: 21 + 7 + 1 + 3"),
        "passes": unknown("passes", f"{MAPPER}: a 33rd convolution is a second pass, the 119th is mapped"),
        "processors_dense_on_chip": unknown("FNP3 processors", f"{MAPPER}: 7, in as many passes as it takes"),
        "processors_dense_external": Fact(1, "FNP2 processors", QUOTED, f"{MAPPER}: in all passes together"),
        "filters": Fact(512, "filters per processor before a layer is split", QUOTED, "akida MapConstraints"),
        "dense_inputs": Fact(81_920, "inputs of a fully connected layer", QUOTED, "akida's mapper, its error message"),
    },
    energies=ENERGIES,
    notes=("Akida AKD1500: no power of a chip was found in akida, its documentation or open-neuromorphic.",),
    architecture=Architecture.NEURAL_PROCESSORS,
)

AKIDA2 = Chip(
    name="Akida 2",
    vendor="BrainChip",
    process="IP of the second generation, six nodes",
    limits={
        "processors": Fact(24, "neural processors", QUOTED, "akida 2.19.3 SixNodesIPv2, counted"),
        "passes": unknown("passes", f"{MAPPER}: a 25th convolution is a second pass, the 100th dense layer is mapped"),
        "processors_dense_on_chip": unknown("FNP3 processors", f"{MAPPER}: 2, in as many passes as it takes"),
        "processors_dense_external": Fact(1, "FNP2 processors", QUOTED, f"{MAPPER}: in all passes together"),
        "filters": Fact(512, "filters per processor before a layer is split", QUOTED, "akida MapConstraints"),
        "input_height": Fact(256, "pixels per processor before the map is split", QUOTED, "akida MapConstraints"),
        "input_width": Fact(64, "pixels per processor before the map is split", QUOTED, "akida MapConstraints"),
        "kernel_side": Fact(7, "pixels: 1, 3, 5 or 7", QUOTED, "akida's mapper, its error message"),
        "filter_channels_1": Fact(2048, "channels into a filter of 1 x 1", QUOTED, MAPPER),
        "filter_channels_3": Fact(682, "channels into a filter of 3 x 3", QUOTED, MAPPER),
        "filter_channels_5": Fact(204, "channels into a filter of 5 x 5", QUOTED, MAPPER),
        "filter_channels_7": Fact(73, "channels into a filter of 7 x 7", QUOTED, MAPPER),
        "dense_bytes": Fact(49_152, "bytes of an FNP3's weights", QUOTED, MAPPER),
        "dense_inputs": Fact(2_048, "inputs of a fully connected layer", QUOTED, "akida's mapper, its error message"),
        "weight_bits": Fact(8, "bits; 4 are not modelled", QUOTED, "akida Dense1D, Conv2D"),
        "activation_bits": Fact(8, "bits; 4 are not modelled", QUOTED, "akida Dense1D, Conv2D"),
        "stride": Fact(2, "pixels", QUOTED, "akida Conv2D, its error message"),
        "input_bytes": Fact(65_536, "bytes per two processors", QUOTED, "akida mesh.h"),
        "weight_bytes": Fact(51_200, "bytes per two processors", QUOTED, "akida mesh.h"),
    },
    energies=ENERGIES,
    notes=(
        "Akida 2: no power of a chip is published; virtual devices of 2, 4, 6 and 12 nodes exist, this is that of 6.",
    ),
    architecture=Architecture.NEURAL_PROCESSORS,
)
