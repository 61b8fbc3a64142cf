"""The threads that help with a loop of tasks: every task is done once, whoever comes, fails, forks or calls at once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import numba
import numpy as np
import pytest

from spikenet.derive.compile import compiled
from spikenet.kernels import crew as crews
from spikenet.kernels import meeting
from spikenet.kernels.crew import Crew
from spikenet.kernels.tasks import array, in_parallel, shared

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@shared
def count(task, done, work):
    total = 0.0
    for k in range(work):
        total += 1.0 / (1.0 + k)
    done[task] += 1 if total >= 0 else 0


@pytest.fixture(autouse=True)
def own_crew(monkeypatch):
    """A crew of this test's own."""
    mine = Crew()
    monkeypatch.setattr(crews, "_crew", mine)
    yield mine
    mine.dismiss()


@pytest.fixture
def four_threads():
    """As many as `numba` was started with, four at most."""
    before = numba.get_num_threads()
    numba.set_num_threads(min(4, numba.config.NUMBA_NUM_THREADS))
    if numba.get_num_threads() < 2:
        pytest.skip("numba was started with one thread")
    yield numba.get_num_threads()
    numba.set_num_threads(before)


def done_once(n, work):
    done = np.zeros(n, np.int64)
    count(n, done, work)
    return bool((done == 1).all())


def test_many_jobs_one_after_the_other_are_each_done_once(four_threads):
    rng = np.random.default_rng(0)
    for n, work in zip(rng.integers(1, 200, 2000), rng.integers(0, 300, 2000), strict=True):
        assert done_once(int(n), int(work))


def test_python_threads_that_call_at_once_do_not_disturb_each_other(four_threads):
    wrong = []

    def call():
        wrong.extend(1 for _ in range(300) if not done_once(64, 200))

    callers = [threading.Thread(target=call) for _ in range(4)]
    for one in callers:
        one.start()
    for one in callers:
        one.join()
    assert not wrong


def test_no_more_threads_are_hired_than_are_wanted(own_crew, four_threads):
    numba.set_num_threads(1)
    assert done_once(100, 10)
    assert not own_crew._threads
    numba.set_num_threads(four_threads)
    assert done_once(100, 10)
    assert len(own_crew._threads) == four_threads - 1


@shared
def meet(task, words, came):
    came[task] = meeting.all_here(words, 2)


@pytest.mark.parametrize("pause_s", [0.0, 0.002, 0.1])
def test_those_who_wait_come_from_looking_from_naps_and_from_sleep(pause_s, four_threads):
    def both_came():
        came = np.zeros(2, np.bool_)
        meet(2, meeting.words(), came)
        return bool(came.all())

    assert done_once(100, 10)
    time.sleep(pause_s)
    assert any(both_came() for _ in range(100))  # a busy machine may keep one from coming in time


BOUND = """
import os
before = os.sched_getaffinity(0)
import spikenet as sn
from tests.test_crew import done_once
assert done_once(200, 100)
from spikenet.kernels.crew import crew
helper = crew()._threads[0].native_id
print(len(os.sched_getaffinity(0)) < len(before), os.sched_getaffinity(helper) == before)
"""


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system does not tell which cores there are")
def test_those_who_help_are_not_bound_to_the_core_of_the_caller(four_threads):
    ran = subprocess.run(
        [sys.executable, "-c", BOUND],
        cwd=HERE,
        env=os.environ | {"OMP_PROC_BIND": "true"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.stdout == "True True\n", ran.stdout + ran.stderr


def test_who_does_not_come_is_not_waited_for(own_crew, monkeypatch):
    monkeypatch.setattr(Crew, "_hire", lambda self: self._threads.append(threading.Thread()))
    assert done_once(1000, 10)
    own_crew._threads.clear()


def test_an_error_in_any_task_comes_out_and_the_next_job_is_done(four_threads):
    def halved(task, x):
        if x[task] < 0:
            raise ValueError("negative")
        x[task] *= 0.5

    run = in_parallel(compiled()(halved), (array(np.float64, 1, read=False),))
    for place in (0, 17, 99):
        x = np.ones(100)
        x[place] = -1.0
        with pytest.raises(ValueError, match="negative"):
            run(100, x)
        x = np.ones(100)
        run(100, x)
        np.testing.assert_array_equal(x, 0.5)


SCRIPT = """
import os, numpy as np
from tests.test_crew import done_once
assert done_once(200, 100)
child = os.fork() if {fork} else None
assert done_once(200, 100)
if child == 0:
    os._exit(0)
if child:
    assert os.waitpid(child, 0)[1] == 0
print("done")
"""


@pytest.mark.parametrize("fork", [False, True])
def test_a_process_ends_while_its_threads_wait_and_a_forked_one_works(fork):
    if fork and not hasattr(os, "fork"):
        pytest.skip("no os.fork here")
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(fork=fork)], cwd=HERE, capture_output=True, text=True, timeout=120
    )
    assert (ran.returncode, ran.stdout) == (0, "done\n"), ran.stderr
