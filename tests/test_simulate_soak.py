"""The soak of benchmarks/simulator_soak.py in short: nothing is lost, nothing grows."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

FILE = Path(__file__).resolve().parent.parent / "benchmarks" / "simulator_soak.py"


@pytest.fixture(scope="module")
def soak():
    spec = importlib.util.spec_from_file_location("simulator_soak", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("procedural", [False, True], ids=["stored", "procedural"])
def test_spikes_times_fan_out_is_what_arrives(soak, procedural):
    """Through bits, lists and drawn delays; exactly."""
    counted = soak.count(1e6, 2, procedural=procedural)
    assert counted.arrived == counted.expected > 1e6


def test_memory_does_not_grow(soak):
    """A million steps in twenty pieces; ticks are 64 bits."""
    run = soak.day(1_000_000, 1)
    assert (run.steps, run.kind) == (1_000_000, "int64")
    assert 990_000 < run.last_step < 1_000_000
    assert run.growth < 0.01
