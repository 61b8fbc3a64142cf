"""Fixtures of many tests: random numbers, and the emitted loops run without compiling them."""

from __future__ import annotations

import signal

import numba
import numpy as np
import pytest

from spikenet.kernels import neuron_pass, time_loop


def pytest_configure():
    """Tests press Ctrl-C, which a shell that starts pytest in the background has told it to ignore."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter):
    """Says aloud what recordings of real tools were not there to be compared with."""
    skipped = [report for report in terminalreporter.getreports("skipped") if "shared" in str(report.longrepr)]
    if skipped:
        terminalreporter.write_line(f"NOT CHECKED: {len(skipped)} tests against data in ../shared, which are not there")


@pytest.fixture
def rng():
    return np.random.default_rng(20260701)


@pytest.fixture
def interpreted(monkeypatch):
    """The emitted loops run line by line by Python itself: nothing to compile, so every variant can be tried.

    The text is the one that is compiled otherwise; that compiling it changes no bit is tested with some of them.
    """

    def execute(name, source, dtype):
        module = dict(vars(time_loop))  # the names that emitted code may use
        module |= {"unowned": lambda array: array, "keep": lambda array: None}  # Python counts its references
        module |= dict.fromkeys(("prefetch", "prefetch_to_write"), lambda *place: None)
        exec(source, module)

        def run(n, *arguments):
            for task in range(n):
                module[name](task, *arguments)

        return time_loop._over_tasks(run, name)

    monkeypatch.setattr(time_loop, "_compiled", execute)
    monkeypatch.setattr(neuron_pass, "forward_loop", time_loop.forward_loop.__wrapped__)
    monkeypatch.setattr(neuron_pass, "adjoint_loop", time_loop.adjoint_loop.__wrapped__)


@pytest.fixture
def one_thread_and_two():
    """Runs a function on one thread and on two, and gives both results."""
    before = numba.get_num_threads()

    def both(function):
        results = []
        for threads in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
            numba.set_num_threads(threads)
            results.append(function())
        return results

    yield both
    numba.set_num_threads(before)


@pytest.fixture
def recurrent_interpreted(monkeypatch):
    """The emitted loops of recurrent populations run line by line by Python itself."""
    from spikenet.kernels import recurrent_loop, recurrent_pass

    def execute(name, source, dtype):
        adder = recurrent_loop.spikes_adder(recurrent_loop.lanes_of(dtype))
        module = dict(vars(recurrent_loop)) | {"add_spikes": adder}
        module |= {"unowned": lambda array: array, "keep": lambda array: None}
        exec(source, module)

        def run(n, *arguments):
            for task in range(n):
                module[name](task, *arguments)

        return recurrent_loop._over_groups(run, name)

    monkeypatch.setattr(recurrent_loop, "_compiled", execute)
    monkeypatch.setattr(recurrent_pass, "forward_loop", recurrent_loop.forward_loop.__wrapped__)
    monkeypatch.setattr(recurrent_pass, "adjoint_loop", recurrent_loop.adjoint_loop.__wrapped__)
