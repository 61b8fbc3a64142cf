"""What a file may say that something is: nothing else is made of a file, and no code is read from one.

Files name a record by where it is defined. One that moves, or whose fields change their meaning, takes another
`FORMAT` in `hw.saving.program_file`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

_MODULES = {  # file: the records, kinds of values and functions that a program may consist of
    "hw.compilers.akida": "Choice",
    "hw.compilers.brainscales2": "Choice",
    "hw.compilers.loihi": "Choice",
    "hw.compilers.nearest_words": "Choice",
    "hw.compilers.speck": "Choice",
    "hw.compilers.truenorth": "Choice",
    "hw.compilers.xylo": "Choice",
    "hw.lowering.stages": "Stage",
    "hw.neurons.akida": "V1 V2",
    "hw.neurons.brainscales2": "Params",
    "hw.neurons.loihi": "Params",
    "hw.neurons.spinnaker": "Params",
    "hw.neurons.truenorth": "Params",
    "hw.neurons.twin": "Twin",
    "hw.programs.akida": "AkidaLayer",
    "hw.programs.brainscales2": "AnalogueLayer",
    "hw.programs.driven": "DrivenLayer",
    "hw.programs.entrance": "Entrance",
    "hw.programs.loihi": "Population",
    "hw.programs.noise": "Noise",
    "hw.programs.programmed": "TwinNeurons SpinnakerNeurons",
    "hw.programs.record": "Program",
    "hw.programs.report": "LayerReport",
    "hw.programs.speck": "SpeckLayer",
    "hw.programs.truenorth": "CrossbarCore TrueNorthLayer",
    "hw.programs.xylo": "XyloLayer together",
    "hw.records.architecture": "Architecture",
    "hw.records.chip": "Chip",
    "hw.records.energies": "TechnologyEnergies EventEnergies ProcessorEnergies AllInEnergies Memory Sram",
    "hw.records.event_times": "EventTimes Tick",
    "hw.records.fact": "Fact Evidence",
    "hw.records.formats": "Format",
    "hw.records.power": "Power",
    "spikenet.derive.fixed_point": "Word Words Rounding Overflow",
    "spikenet.kernels.window": "Window",
}
KINDS = frozenset(f"{module}.{kind}" for module, kinds in _MODULES.items() for kind in kinds.split())


def name_of(kind: Any) -> str:
    """Under which name a file has a class or function; TypeError for one that files do not have."""
    name = f"{kind.__module__}.{kind.__qualname__}"
    if name not in KINDS:
        raise TypeError(f"save: {name} is none of the records that a file of a program has")
    return name


def kind_named(name: Any) -> Callable[..., Any]:
    """The class or function of that name; ValueError for one that files do not have."""
    if name not in KINDS:
        raise ValueError(f"expected a record of a program, got {name!r:.60}")
    module, _, kind = name.rpartition(".")
    found: Callable[..., Any] = getattr(importlib.import_module(module), kind)
    return found
