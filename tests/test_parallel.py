"""Data-parallel training: the arithmetic with a communicator of threads, the whole of it under mpiexec."""

from __future__ import annotations

import importlib.util
import json
import os
import pickle
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from spikenet.graph import Tensor
from spikenet.graph.held import held, hold_at_zero
from spikenet.layers import Dropout, Training
from spikenet.layers.layer import BatchShare
from spikenet.train import TrainingDiverged, parallel

ROOT = Path(__file__).resolve().parent.parent
MPIEXEC = shutil.which("mpiexec", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
needs_mpi = pytest.mark.skipif(
    importlib.util.find_spec("mpi4py") is None or MPIEXEC is None, reason="needs mpi4py and mpiexec (extra mpi)"
)


class Ranks:
    """What MPI does, by threads of one process that wait for each other."""

    def __init__(self, size):
        self.size, self.slots, self.barrier = size, [None] * size, threading.Barrier(size)

    def exchange(self, rank, thing):
        self.slots[rank] = thing
        self.barrier.wait(20)
        everybody = list(self.slots)
        self.barrier.wait(20)
        return everybody

    def run(self, work):
        """work(communicator) in every rank; the results, or the errors, in order."""
        results = [None] * self.size

        def one(rank):
            try:
                results[rank] = work(OneRank(self, rank))
            except Exception as error:
                results[rank] = error

        threads = [threading.Thread(target=one, args=(rank,)) for rank in range(self.size)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results


class OneRank:
    def __init__(self, ranks, rank):
        self.ranks, self.rank, self.size = ranks, rank, ranks.size

    def allgather(self, thing):
        return [pickle.loads(one) for one in self.ranks.exchange(self.rank, pickle.dumps(thing))]

    def Bcast(self, buffer, root=0):
        buffer[...] = self.allgather(buffer)[root]

    def Alltoall(self, send, receive):
        everybody = self.allgather(send)
        part = len(send) // self.size
        for k, other in enumerate(everybody):
            receive[k] = other[self.rank * part : (self.rank + 1) * part]

    def Allgather(self, send, receive):
        receive[...] = np.concatenate(self.allgather(send))


@pytest.mark.parametrize(("n", "size"), [(10, 3), (2, 4), (7, 7), (1, 2)])
def test_shares_are_consecutive_and_even(n, size):
    parts = [parallel.share(n, OneRank(Ranks(size), rank)) for rank in range(size)]
    assert [k for part in parts for k in part] == list(range(n))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("n", [1, 5, 12])
def test_sums_in_the_order_of_the_processes(n, rng):
    vectors = rng.normal(size=(3, n)).astype(np.float32) * np.float32(10.0) ** rng.integers(-6, 6, (3, n))
    vectors = vectors.astype(np.float32)
    found = Ranks(3).run(lambda one: parallel.ordered_sum(one, vectors[one.rank]))
    for total in found:
        np.testing.assert_array_equal(total, (vectors[0] + vectors[1]) + vectors[2])


def test_gradients_are_weighted_by_their_shares():
    def work(one):
        p, unused = (Tensor(np.zeros(3, np.float32), requires_grad=True) for _ in range(2))
        mine = parallel.share(4, one)  # 1, 1, 2 of four samples

        def gradients():
            p.grad = np.full(3, one.rank + 1, np.float32)
            return float(one.rank), {"accuracy": 10.0 * one.rank}

        loss, values = parallel.gradients_together(one, {"p": p, "unused": unused}, len(mine), 4, gradients)
        return loss, values, p.grad.tolist(), unused.grad

    expected = (1 + 2 * 2) / 4, {"accuracy": (10 + 2 * 20) / 4}, [(1 + 2 + 2 * 3) / 4] * 3, None
    assert Ranks(3).run(work) == [expected] * 3


def test_a_process_without_samples_does_no_work():
    def work(one):
        p = Tensor(np.zeros(2, np.float32), requires_grad=True)

        def gradients():
            assert one.rank == 1
            p.grad = np.ones(2, np.float32)
            return 3.0, {}

        return parallel.gradients_together(one, {"p": p}, len(parallel.share(1, one)), 1, gradients)[0], p.grad.tolist()

    assert Ranks(2).run(work) == [(3.0, [1, 1])] * 2


def test_a_failure_in_one_process_is_raised_in_all():
    def diverges(one):
        def gradients():
            if one.rank == 1:
                raise TrainingDiverged("the loss is nan", 2, 3, "layer 1 LIF", None)
            return 0.0, {}

        parallel.gradients_together(one, {}, 1, 2, gradients)

    first, second = Ranks(2).run(diverges)
    assert isinstance(first, TrainingDiverged)
    assert str(first) == str(second)
    assert first.place == "layer 1 LIF"

    def fails(one):
        parallel.summed_together(one, lambda: {} if one.rank else {}["absent"])

    first, second = Ranks(2).run(fails)
    assert isinstance(first, KeyError)
    assert isinstance(second, RuntimeError)
    assert "process 0 failed: KeyError('absent')" in str(second)


def test_everybody_begins_with_the_first_ones_weights():
    def work(one):
        p = Tensor(np.full((2, 3), one.rank, np.float32), requires_grad=True)
        parallel.begin_together(one, {"p": p}, {"seed": "0"})
        return p.data.max()

    assert Ranks(3).run(work) == [0, 0, 0]


def test_what_differs_between_processes_is_named():
    def work(one):
        parallel.begin_together(one, {}, {"seed": str(one.rank)})

    for error in Ranks(2).run(work):
        assert "expected the same seed in all processes, got 0 in process 0 and 1 in process 1" in str(error)

    def nets(one):
        parallel.begin_together(one, {"p": Tensor(np.zeros(1 + one.rank))}, {})

    assert "the net of process 1 differs" in str(Ranks(2).run(nets)[0])


def test_what_the_first_process_changes_changes_in_all():
    def work(one):
        params = {name: Tensor(np.full(3, 1.0 + one.rank), requires_grad=True) for name in "pq"}

        def prune():
            hold_at_zero(params["q"], np.array([True, False, False]))
            return {"q"}

        parallel.follow_first(one, params, prune)
        return params["p"].data[0], params["q"].data.tolist(), held(params["q"]).tolist()

    assert Ranks(2).run(work) == [(1 + rank, [0, 1, 1], [True, False, False]) for rank in range(2)]

    def fails():
        raise OSError("disk full")

    first, second = Ranks(2).run(lambda one: parallel.follow_first(one, {}, fails))
    assert isinstance(first, OSError)
    assert "process 0 failed: OSError('disk full')" in str(second)


@pytest.mark.parametrize("over_time", [False, True])
@pytest.mark.parametrize("axis", [0, 1])
def test_dropout_of_a_share_is_that_of_the_whole_batch(over_time, axis):
    x = np.ones((6, 6, 40), np.float32)
    axis = 1 if over_time else axis
    whole = Dropout(0.5)(x, training=Training(np.random.default_rng(2), over_time)).data
    for start, stop in ((0, 2), (2, 6)):
        training = Training(np.random.default_rng(2), over_time, BatchShare(start, 6, axis))
        place = (slice(None),) * axis + (slice(start, stop),)
        np.testing.assert_array_equal(Dropout(0.5)(x[place], training=training).data, whole[place])


def test_what_is_no_communicator():
    with pytest.raises(TypeError, match=r"fit: communicator: expected one of mpi4py such as MPI.COMM_WORLD, got 3"):
        parallel.checked_communicator("fit", 3)
    assert parallel.checked_communicator("fit", None) is None
    assert parallel.checked_communicator("fit", OneRank(Ranks(1), 0)) is None


SCRIPT = """
import json, sys
import numpy as np
import numba
numba.set_num_threads(1)
import spikenet as sn

communicator = None
if sys.argv[1] != "alone":
    from mpi4py import MPI
    communicator = MPI.COMM_WORLD
rank = 0 if communicator is None else communicator.rank
rng = np.random.default_rng(0)
inputs, labels = rng.random((50, 6), dtype=np.float32), np.arange(50) % 3
net = sn.Sequential(
    sn.Linear(6, 20, seed=rank), sn.LIF(threshold=0.5), sn.Dropout(0.2), sn.Linear(20, 3, seed=9 + rank), sn.LI()
)
seen = []
history = sn.fit(
    net, (inputs, labels), (inputs[:23], labels[:23]), loss=sn.loss.sum_membrane_cross_entropy, clip_norm=1.0,
    optimiser=sn.optim.SGD(0.02), epochs=2, batch_size=16, encode=sn.encode.Rate(8), progress=sys.argv[1] == "shown",
    communicator=communicator, seed=3,
    callbacks=[lambda record: seen.append(record.epoch), sn.convert.Gradually(net, sn.convert.cubic(0.5, 2))],
    checkpoint=f"{sys.argv[2]}/run.npz",
)
weights = {name: p.data.ravel().tolist() for name, p in net.parameters().items()}
losses = [history.epochs[-1].train["loss"], history.epochs[-1].test["loss"], history.epochs[-1].test["accuracy"]]
with open(f"{sys.argv[2]}/{rank}.json", "w") as out:
    json.dump({"weights": weights, "losses": losses, "seen": seen}, out)
"""


def launched(folder, how, processes):
    folder.mkdir()
    script = folder / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), how, str(folder)]
    if processes:
        command = [MPIEXEC, "-n", str(processes), *command]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(max(processes, 1))], done.stderr


@needs_mpi
def test_two_processes_are_one(tmp_path):
    """Same weights as one process to rounding, the same bits in both processes and in a second run."""
    (alone,), _ = launched(tmp_path / "alone", "alone", 0)
    both, shown = launched(tmp_path / "two", "shown", 2)
    again, _ = launched(tmp_path / "again", "two", 2)
    assert both[0]["weights"] == both[1]["weights"] == again[0]["weights"]
    assert both[0]["losses"] == both[1]["losses"] == again[1]["losses"]
    np.testing.assert_allclose(both[0]["losses"], alone["losses"], rtol=1e-5)
    for name, values in alone["weights"].items():
        scale = np.abs(values).max()
        np.testing.assert_allclose(both[0]["weights"][name], values, rtol=0, atol=1e-5 * scale, err_msg=name)
    assert (np.array(both[1]["weights"]["0.weight"]) == 0).mean() > 0.3, "what callbacks change, changes in all"
    assert both[0]["seen"] == [1, 2]
    assert both[1]["seen"] == []  # the first process alone calls back, shows and writes
    assert shown.count("epoch 2/2") <= 2
    assert (tmp_path / "two" / "run.npz").exists()
    assert sorted(p.name for p in (tmp_path / "two").iterdir()) == ["0.json", "1.json", "run.npz", "script.py"]
