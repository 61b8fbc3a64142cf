"""Chip models: what a net costs on a device, with the evidence for every number.

table = hw.compare({"ANN": ann, "SNN": (snn, Constant(steps=25))}, test, calibrate=train)
print(hw.report.text(table))
"""

from __future__ import annotations

from hw import chips, neurons
from hw.check import Check, Verdict, check
from hw.compare import compare
from hw.comparing import report
from hw.comparing.candidate import Candidate, evaluate, largest, summed
from hw.comparing.record import Comparison, Crossing, Row
from hw.compile import compile
from hw.counting import activity
from hw.counting.count import count
from hw.counting.counts import Counts, LayerCount
from hw.energy.break_even import BreakEven, break_even
from hw.energy.events import all_in_energy, event_energy, processor_energy
from hw.energy.technology import technology_energy
from hw.energy.total import Energy, Term
from hw.execution.detailed import Detailed, detailed
from hw.execution.events import Events
from hw.execution.placed import PlacedProgram, place_program
from hw.execution.record import Execution
from hw.execution.times import Simple, StepTimes, simple
from hw.int8.int8_weights import with_int8_weights
from hw.int8.quantise import LayerError, QuantisedNet, quantise
from hw.int8.ranges import min_max, percentile
from hw.metrics.neurobench import NeuroBench, neurobench
from hw.neurons.loihi_synapses import SignMode, loihi_clipped, loihi_weights
from hw.place import place
from hw.placement.record import MeshPicture, Part, PlacedCore, Placement
from hw.programs.record import load_program
from hw.records.architecture import Architecture
from hw.records.breach import Breach, DoesNotFit
from hw.records.chip import Chip
from hw.records.energies import AllInEnergies, EventEnergies, Level, Memory, ProcessorEnergies, Sram, TechnologyEnergies
from hw.records.event_times import EventTimes, Tick
from hw.records.fact import Evidence, Fact, unknown
from hw.records.formats import FLOAT32, INT8, Arithmetic, Format
from hw.records.power import Power
from hw.training.through import Trained, train_through

__all__ = [
    "FLOAT32",
    "INT8",
    "AllInEnergies",
    "Architecture",
    "Arithmetic",
    "Breach",
    "BreakEven",
    "Candidate",
    "Check",
    "Chip",
    "Comparison",
    "Counts",
    "Crossing",
    "Detailed",
    "DoesNotFit",
    "Energy",
    "EventEnergies",
    "EventTimes",
    "Events",
    "Evidence",
    "Execution",
    "Fact",
    "Format",
    "LayerCount",
    "LayerError",
    "Level",
    "Memory",
    "MeshPicture",
    "NeuroBench",
    "Part",
    "PlacedCore",
    "PlacedProgram",
    "Placement",
    "Power",
    "ProcessorEnergies",
    "QuantisedNet",
    "Row",
    "SignMode",
    "Simple",
    "Sram",
    "StepTimes",
    "TechnologyEnergies",
    "Term",
    "Tick",
    "Trained",
    "Verdict",
    "activity",
    "all_in_energy",
    "break_even",
    "check",
    "chips",
    "compare",
    "compile",
    "count",
    "detailed",
    "evaluate",
    "event_energy",
    "largest",
    "load_program",
    "loihi_clipped",
    "loihi_weights",
    "min_max",
    "neurobench",
    "neurons",
    "percentile",
    "place",
    "place_program",
    "processor_energy",
    "quantise",
    "report",
    "simple",
    "summed",
    "technology_energy",
    "train_through",
    "unknown",
    "with_int8_weights",
]
