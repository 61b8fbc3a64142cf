"""Compiled functions run for every task: arguments arrive as given, each task is done once, wrong ones are refused."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from spikenet.derive.compile import compiled
from spikenet.kernels.tasks import array, in_parallel, shared


@shared
def every_kind(task, a, b, empty, sizes, whole, large, real, single, flag, seen, done):
    """Of each argument something that shows whether it arrived as it is."""
    done[task] += 1
    if task == 0:
        seen[0] = a[1, 2, 1]
        seen[1] = a.shape[0] * 100 + a.shape[1] * 10 + a.shape[2] + a[1].size
        seen[2] = b[b.size - 1] + b.shape[0]
        seen[3] = empty.shape[0] * 10 + empty.shape[1]
        seen[4] = sizes[0] * 100 + sizes[1] * 10 + sizes[2]
        seen[5] = whole
        seen[6] = np.float64(large >> np.uint64(32))
        seen[7] = real
        seen[8] = single * np.float32(3)
        seen[9] = 1 if flag else 2


@pytest.mark.parametrize("n", [0, 1, 2, 3, 64])
def test_arguments_arrive_and_tasks_are_done_once(n, one_thread_and_two):
    a = np.arange(24, dtype=np.float32).reshape(2, 3, 4)[:, :, :2].copy()
    b, empty = np.arange(5, dtype=np.uint16), np.zeros((0, 7))
    single = np.float32(0.1)

    def run():
        seen, done = np.zeros(10), np.zeros(n, np.int64)
        every_kind(n, a, b, empty, (1, 2, 3), -7, np.uint64(2**63), -0.5, single, True, seen, done)
        return seen, done

    for seen, done in one_thread_and_two(run):
        np.testing.assert_array_equal(done, 1)
        if n:
            wanted = [a[1, 2, 1], 232 + 6, 9, 7, 123, -7, 2.0**31, -0.5, single * np.float32(3), 1]
            np.testing.assert_array_equal(seen, wanted)


@compiled()
def doubled(task, x):
    if x[task] < 0:
        raise ValueError("negative")
    x[task] *= 2


def test_what_it_was_not_compiled_for_is_refused():
    run = in_parallel(doubled, (array(np.float64, 1, read=False),))
    x = np.ones(4)
    run(4, x)
    np.testing.assert_array_equal(x, 2)
    for wrong in (x.astype(np.float32), x.reshape(2, 2), 3, (1, 2)):
        with pytest.raises(TypeError, match="doubled: expected arguments"):
            run(1, wrong)
    with pytest.raises(TypeError, match="doubled: expected arguments"):
        run(1, x, x)
    with pytest.raises(TypeError, match="C-contiguous"):
        run(1, x[::2])
    with pytest.raises(TypeError, match="number, an array or a tuple"):
        run(1, "text")


def test_an_error_of_a_single_task_comes_out():
    run = in_parallel(doubled, (array(np.float64, 1, read=False),))
    with pytest.raises(ValueError, match="negative"):
        run(1, np.array([-1.0]))


def test_it_is_compiled_anew_for_other_types():
    @shared
    def fill(task, x, value):
        x[task] = value

    for dtype, value in ((np.float32, 1.5), (np.int64, 3)):
        x = np.zeros(3, dtype)
        fill(3, x, value)
        np.testing.assert_array_equal(x, value)
    assert len(fill.function.overloads) == 2
    assert all(kinds[0] == numba.int64 for kinds in fill.function.overloads)
