"""How many threads run a plan: the same bits for any number, the quicker number is found."""

from __future__ import annotations

import numba
import numpy as np
import pytest

import spikenet as sn
from spikenet.kernels import meeting
from spikenet.simulate import workers
from spikenet.simulate.workers import Workers


def network():
    net = sn.Network(1e-4)
    cells = net.population("cells", sn.cells.iaf_psc_delta, 300, rest_mv=0.0, threshold_mv=20.0, reset_mv=10.0)
    net.connect(cells, cells, sn.rules.pairwise(0.1), -0.3, 3e-4)
    net.drive(cells, sn.inputs.poisson(9000.0), 0.5)
    return net


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="one thread only")
def test_threads_that_meet_do_what_one_does(monkeypatch):
    found = []
    for many in (1, 2):
        simulation = sn.Simulation(network(), seed=2, threads=4)
        monkeypatch.setattr(simulation._workers, "_now", many)
        monkeypatch.setattr(simulation._workers, "_left_s", 1e9)
        found.append([simulation.run(0.05)["cells"] for _ in range(2)])
        assert simulation._workers._now == many
    for alone, together in zip(*found, strict=True):
        assert len(alone) > 100
        assert np.array_equal(alone.steps, together.steps)
        assert np.array_equal(alone.neurons, together.neurons)


def test_who_waits_in_vain_begins_without_the_others():
    words = meeting.words()
    assert not meeting.all_here(words, 2)
    assert not meeting.all_here(words, 2)  # too late
    assert words[meeting.TURN] == 0
    assert meeting.all_here(meeting.words(), 1)


def test_the_quicker_number_is_found(monkeypatch):
    """A clock that loop and chooser share; what costs less changes halfway."""
    now, cost, spent = [0.0], {1: 3e-5, 2: 1e-5}, {1: 0, 2: 0}
    monkeypatch.setattr(workers.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(workers.numba, "get_num_threads", lambda: 2)

    def run(plan, threads, t, end, window, halts, many):
        now[0] += (end - t) * cost[many]
        spent[many] += end - t
        assert (end - t) % window == 0 or end in (200_000, 400_000)
        return end

    monkeypatch.setattr(workers, "run_windows", run)
    chooser = Workers(2)
    assert chooser.run(np.zeros(1, np.int64), 0, 200_000, 7, np.zeros(1, np.int64)) == 200_000
    assert spent[2] > 0.95 * 200_000
    cost[2], before = 1e-4, spent[1]
    assert chooser.run(np.zeros(1, np.int64), 200_000, 400_000, 7, np.zeros(1, np.int64)) == 400_000
    assert spent[1] - before > 0.9 * 200_000


def test_a_halt_ends_the_run_and_threads_that_do_not_meet_are_replaced(monkeypatch):
    halts, tries = np.zeros(1, np.int64), []

    def run(plan, threads, t, end, window, stop, many):
        tries.append(many)
        if many == 2:
            return t  # they did not come together
        stop[0] = t >= 50
        return t + window

    monkeypatch.setattr(workers, "run_windows", run)
    monkeypatch.setattr(workers.numba, "get_num_threads", lambda: 2)
    monkeypatch.setattr(workers, "TRIAL_S", 0.0)
    reached = Workers(2).run(np.zeros(1, np.int64), 0, 1000, 10, halts)
    assert reached == 60
    assert 2 in tries
