"""A net in Loihi 1's integers: the general program, and its layers, under the names they have had."""

from __future__ import annotations

from hw.programs.loihi import Population
from hw.programs.record import Program as LoihiProgram
from hw.programs.record import Result
from hw.programs.report import LayerReport

__all__ = ["LayerReport", "LoihiProgram", "Population", "Result"]
