"""The soak of benchmarks/simulator_soak.py in short: nothing is lost, nothing grows."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import spikenet as sn
from spikenet.simulate.costs import costs

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


def test_costs_are_those_of_a_run_that_goes_on_as_any_other():
    """Events are spikes times fan-out, the parts fit into the time of all threads, and what follows is the same."""
    measured, plain = (sn.Simulation(sn.networks.brunel(scale=0.02), seed=3, threads=2) for _ in range(2))
    found, run = costs(measured, 0.1), plain.run(0.1)
    trains = [(plain.fan_out(p), run[p].neurons) for p in plain.network.populations]
    assert found.spikes == sum(len(sent) for _, sent in trains) > 0
    assert found.events == sum(int(fan_out[sent].sum()) for fan_out, sent in trains)
    assert min(found.delivery_s, found.drive_s, found.neurons_s) > 0
    assert found.delivery_s + found.drive_s + found.neurons_s < 2 * found.run_s
    assert found.event_ns == pytest.approx(1e9 * found.delivery_s / found.events)
    for p, q in zip(measured.network.populations, plain.network.populations, strict=True):
        assert np.array_equal(measured.states(p)["v"], plain.states(q)["v"])
