"""Recordings as neo's blocks and back."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import spikenet as sn
from spikenet.simulate import Recording, Run, Spikes, States

neo = pytest.importorskip("neo")
pq = pytest.importorskip("quantities")
DT = 1e-4


def recorded(rng, start=1000, steps=5000):
    """A recording of two populations from step `start` on, one of them silent, and of two states."""
    stop = start + steps
    when, who = np.divmod(np.sort(rng.choice(steps * 7, 400, replace=False)), 7)
    when[-1] = steps - 1  # at the very end
    spikes = {
        "E": Spikes((start + when).astype(np.int64), who.astype(np.uint32), 7, DT),
        "I": Spikes(np.empty(0, np.int64), np.empty(0, np.uint32), 3, DT),
    }
    times = (start + 10 * np.arange(1, steps // 10 + 1)) * DT
    values = {"v": rng.normal(-60, 5, (times.size, 2)), "i": rng.normal(0, 90, (times.size, 2)).astype(np.float32)}
    states = {"E": States(times, np.array([2, 6]), values)}
    return Recording(start * DT, stop * DT, DT, spikes, states, Run(steps * DT, 0.0, 0.0, 0))


def test_there_and_back(rng):
    """Spikes and samples to the last bit, units kept or turned into others."""
    recording = recorded(rng)
    block = sn.io.to_neo(recording, {"v": "mV", "i": "pA"})
    (segment,) = block.segments
    assert [len(segment.spiketrains), len(segment.analogsignals)] == [10, 2]
    assert all(t.t_start == 0.1 * pq.s and abs(t.t_stop - 0.6 * pq.s) < 1e-12 for t in segment.spiketrains)
    read = sn.io.from_neo(block, {"v": "V"})
    for name, (times, neurons, n) in recording.trains.items():
        assert np.abs(read.trains[name][0] - times).max(initial=0) < 1e-12
        assert np.array_equal(read.trains[name][1], neurons)
        assert read.trains[name][2] == n
    v, i = read.signals["E", "v"], read.signals["E", "i"]
    states = recording.states["E"]
    assert (v.unit, i.unit) == ("V", "pA")
    assert np.allclose(1e3 * v.values, states.values["v"], rtol=1e-14)
    assert np.array_equal(i.values, states.values["i"])
    assert np.array_equal(v.neurons, [2, 6])
    assert np.abs(v.times_s - states.times_s).max() < 1e-12
    assert (read.start_s, read.stop_s) == (pytest.approx(0.1), pytest.approx(0.6))


def test_what_others_made_is_read_in_the_units_they_chose():
    """Trains in ms without annotations, a signal in nA: what drives a network."""
    trains = [neo.SpikeTrain([3.0, 1.0], units="ms", t_stop=10.0), neo.SpikeTrain([], units="ms", t_stop=10.0)]
    current = neo.AnalogSignal([[0.5], [0.25]], units="nA", sampling_rate=2 * pq.kHz, t_start=1 * pq.ms)
    read = sn.io.from_neo([*trains, current], {"signal": "pA"})
    assert read.trains["neurons"][0].tolist() == [0.001, 0.003]
    assert read.trains["neurons"][2] == 2
    signal = read.signals["neurons", "signal"]
    assert np.allclose(signal.values, [[500.0], [250.0]])
    assert np.allclose(signal.times_s, [1e-3, 1.5e-3])
    net = sn.Network(DT)
    times, neurons, n = read.trains["neurons"]
    source = net.source("replayed", sn.inputs.trains(sn.io.on_steps(times, DT) * DT, neurons), n)
    cell = net.population("cell", sn.cells.iaf_psc_exp, 1)
    net.drive(cell, sn.inputs.step_current(signal.times_s, signal.values))
    assert source.spikes.neurons.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: sn.io.to_neo(r, {"v": "bananas"}), "unit of v: expected a unit such as mV"),
        (lambda r: sn.io.to_neo(r, {"w": "mV"}), "no state w was recorded"),
        (lambda r: sn.io.to_neo(r.trains), "expected a recording of sn.simulate"),
        (lambda r: sn.io.from_neo(sn.io.to_neo(r, {"v": "mV"}), {"v": "pA"}), 'between units of "mV" and "pA"'),
        (lambda r: sn.io.from_neo(neo.Block()), "one segment, got 0"),
        (lambda r: sn.io.from_neo([]), "neither spike trains nor analog signals"),
        (lambda r: sn.io.from_neo([3]), "expected a block, a segment"),
        (lambda r: sn.io.from_neo([sn.io.to_neo(r).segments[0].spiketrains[0]] * 2), "a second of 0"),
    ],
)
def test_mistakes_are_answered(rng, call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call(recorded(rng, steps=200))


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "neo", None)
    with pytest.raises(ImportError, match=r"from_neo: needs neo.*pip install 'spikenet-hw\[neo\]'"):
        sn.io.from_neo([])
