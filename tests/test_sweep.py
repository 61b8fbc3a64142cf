"""Sweeps: every setting with every seed, in order, in processes of one thread, failures kept."""

from __future__ import annotations

import os

import numpy as np
import pytest

from spikenet.train import fit, loss, optim
from spikenet.train.sweeping import sweep


def described(a, b=1, *, seed):
    return {"sum": a + b + seed, "process": os.getpid()}


def threads(seed):
    import numba
    from threadpoolctl import threadpool_info

    return numba.get_num_threads(), numba.config.NUMBA_NUM_THREADS, [p["num_threads"] for p in threadpool_info()]


def fragile(a, seed):
    if a == 2 and seed == 1:
        raise ZeroDivisionError("the third")
    return a


def deadly(a, seed):
    if a == 3:
        os._exit(1)
    return a


def trained(hidden, seed):
    """A whole training; returns its last loss and a weight."""
    from spikenet.layers import Linear, ReLU, Sequential

    rng = np.random.default_rng(seed)
    inputs, labels = rng.random((30, 4), dtype=np.float32), np.arange(30) % 3
    net = Sequential(Linear(4, hidden, seed=seed), ReLU(), Linear(hidden, 3, seed=seed))
    history = fit(
        net,
        (inputs, labels),
        loss=loss.cross_entropy,
        optimiser=optim.SGD(0.1),
        epochs=1,
        batch_size=8,
        seed=seed,
        progress=False,
    )
    return history.epochs[-1].train["loss"], net.layers[0].weight.data.copy()


def test_every_setting_with_every_seed_in_order():
    records = sweep(described, [{"a": 1}, {"a": 2, "b": 5}], range(2), progress=False)
    assert [(r.setting, r.seed, r.result["sum"]) for r in records] == [
        *(({"a": 1}, 0, 2), ({"a": 1}, 1, 3)),
        *(({"a": 2, "b": 5}, 0, 7), ({"a": 2, "b": 5}, 1, 8)),
    ]
    assert all(r.error is None and r.seconds >= 0 for r in records)
    assert {r.result["process"] for r in records} == {os.getpid()}


def test_jobs_are_other_processes_with_one_thread_each():
    records = sweep(described, [{"a": a} for a in range(4)], jobs=2, progress=False)
    assert [r.result["sum"] for r in records] == [1, 2, 3, 4]
    assert os.getpid() not in {r.result["process"] for r in records}
    for record in sweep(threads, [{}, {}], jobs=2, progress=False):
        used, most, pools = record.result
        assert (used, most) == (1, 1)
        assert set(pools) <= {1}


def test_results_do_not_depend_on_jobs():
    settings = [{"hidden": 5}, {"hidden": 9}]
    here, there = (sweep(trained, settings, (0, 1), jobs=jobs, progress=False) for jobs in (1, 2))
    for a, b in zip(here, there, strict=True):
        assert a.result[0] == b.result[0]
        np.testing.assert_array_equal(a.result[1], b.result[1])


@pytest.mark.parametrize("jobs", [1, 2])
def test_failures_are_kept_and_told_with_their_setting(jobs):
    expected = r"sweep: 1 of 6 runs failed; the first with \{'a': 2\}, seed 1: ZeroDivisionError: the third"
    with pytest.warns(RuntimeWarning, match=expected):
        records = sweep(fragile, [{"a": 1}, {"a": 2}, {"a": 3}], (0, 1), jobs=jobs, progress=False)
    assert [r.result for r in records] == [1, 1, 2, None, 3, 3]
    assert "in fragile" in records[3].error
    assert [r.error is None for r in records].count(False) == 1


def test_a_process_that_dies_loses_only_what_was_not_done():
    with pytest.warns(RuntimeWarning, match=r"runs failed; .* a process of the sweep died"):
        records = sweep(deadly, [{"a": a} for a in range(4)], jobs=2, progress=False)
    assert [r.setting["a"] for r in records] == [0, 1, 2, 3]
    assert records[3].error is not None


def test_the_bar_counts_runs_and_failures(capsys):
    with pytest.warns(RuntimeWarning):
        sweep(fragile, [{"a": 2}], (0, 1, 2))
    shown = capsys.readouterr().err
    assert "3/3" in shown
    assert "failed=1" in shown


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"train": 3}, TypeError, "sweep: train: expected a function, got 3"),
        ({"settings": {"a": 1}}, TypeError, r"expected a list of dictionaries, got \{'a': 1\}; write \[setting\]"),
        ({"settings": [3]}, TypeError, r"settings\[0\]: expected a dictionary of arguments by name, got 3"),
        ({"settings": []}, ValueError, "settings: expected at least one"),
        ({"settings": [{"seed": 1}]}, ValueError, "seed comes from seeds"),
        ({"seeds": 3}, TypeError, r"seeds: expected whole numbers such as range\(5\), got 3"),
        ({"seeds": [-1]}, ValueError, r"seeds\[0\]: expected a whole number >= 0"),
        ({"seeds": []}, ValueError, "seeds: expected at least one"),
        ({"jobs": 0}, ValueError, "sweep: jobs: expected a whole number >= 1"),
    ],
)
def test_wrong_arguments(changed, error, message):
    arguments = {"train": described, "settings": [{"a": 1}], "seeds": (0,)} | changed
    with pytest.raises(error, match=message):
        sweep(**arguments)
