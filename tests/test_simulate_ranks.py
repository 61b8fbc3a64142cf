"""One network over several processes: the same bits as in one."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from test_parallel import MPIEXEC, ROOT, needs_mpi

import spikenet as sn

SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[1])
import test_simulate_ranks
from mpi4py import MPI
print(json.dumps([MPI.COMM_WORLD.rank, test_simulate_ranks.digests(MPI.COMM_WORLD, 1, sys.argv[2])]), flush=True)
"""
DT = 1e-4


def digests(communicator, threads, folder):
    """Of everything that a simulation tells: lists, bits, drawn again, plastic; a source; probes; a saved state."""
    normal, rules = sn.draw.normal, sn.rules
    cell = {"rest_mv": 0.0, "threshold_mv": 20.0, "reset_mv": 10.0}
    net = sn.Network(DT)
    e = net.population("E", sn.cells.iaf_psc_delta, 400, start={"v": sn.draw.uniform(0, 15)}, **cell)
    i = net.population("I", sn.cells.iaf_psc_delta, 150, **cell)
    outside = net.source("outside", sn.inputs.poisson(30.0), 70)
    late = normal(1.5e-3, 0.4e-3, low=5e-4)
    for target in (e, i):
        net.connect(e, target, rules.fixed_indegree(40), 0.52, 1.5e-3)
        net.connect(i, target, rules.fixed_total(3000), normal(-2.1, 0.2), late)
        net.connect(i, target, rules.fixed_indegree(5), normal(-0.1, 0.02), late)
        net.connect(outside, target, rules.listed([3, 3, 60], [100, 4, 140]), [1.0, 2.0, 3.0], 7e-4)
        net.drive(target, sn.inputs.poisson(9000.0), 0.5)
    rule = sn.plasticity.stdp(a_plus=0.01, a_minus=0.012, largest=2.0)
    plastic = net.connect(e, e, rules.pairwise(0.05), normal(1.0, 0.1, low=0.0, high=2.0), 1e-3, plasticity=rule)
    again = net.connect(e, i, rules.fixed_outdegree(5), normal(1.0, 0.1), late)
    simulation = sn.Simulation(net, seed=4, threads=threads, communicator=communicator, procedural=[again])
    probes = [sn.probe(e, "v", neurons=[1, 399, 200], every_s=1e-3), sn.probe(i, "v")]
    first = simulation.run(0.03, states=probes)
    simulation.save(f"{folder}/state.npz")
    simulation.run(0.01)
    simulation.restore(f"{folder}/state.npz")
    simulation.stream(f"{folder}/stream", 0.01)
    second = sn.joined(sn.recordings(f"{folder}/stream"))
    assert len(first["E"]) > 1000
    found = {f"{k} {p}": r[p].steps.tobytes() + r[p].neurons.tobytes() for k, r in ((1, first), (2, second))
             for p in r.spikes}  # fmt: skip
    found |= {f"probe of {p}": first.states[p].values["v"].tobytes() for p in "EI"}
    found |= {f"state {name}": values.tobytes() for name, values in simulation.states(e).items()}
    found |= {f"fan-out of {p.name}": simulation.fan_out(p).tobytes() for p in net.populations}
    found |= {f"plastic {k}": np.ascontiguousarray(a).tobytes() for k, a in enumerate(simulation.weights(plastic))}
    return {name: hashlib.sha256(data).hexdigest() for name, data in found.items()}


@needs_mpi
def test_two_and_four_processes_are_one(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "one").mkdir()
    alone = digests(None, 2, tmp_path / "one")
    for ranks in (2, 4):
        folder = tmp_path / str(ranks)
        folder.mkdir()
        command = [
            MPIEXEC,
            "-n",
            str(ranks),
            sys.executable,
            "-m",
            "mpi4py",
            str(tmp_path / "script.py"),
            str(ROOT / "tests"),
        ]
        done = subprocess.run(
            [*command, str(folder)], capture_output=True, text=True, timeout=120,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        decoder, told, rest = json.JSONDecoder(), {}, done.stdout.strip()
        while rest:  # lines of processes may run together
            (rank, found), end = decoder.raw_decode(rest)
            told[rank], rest = found, rest[end:].strip()
        assert sorted(told) == list(range(ranks))
        for found in told.values():
            assert found == alone


class Disagreeing:
    """A communicator whose other process has another seed."""

    rank, size = 0, 2

    def allgather(self, thing):
        return [thing, {**thing, "seed": 7}]

    def Allgather(self, send, receive):
        raise AssertionError("nothing is exchanged")


def test_mistakes():
    net = sn.Network(DT)
    net.population("p", sn.LIF, 3)
    with pytest.raises(TypeError, match=r"communicator: expected one of mpi4py such as MPI\.COMM_WORLD, got 3"):
        sn.Simulation(net, communicator=3)
    with pytest.raises(ValueError, match="the same seed in all processes, got 1 here and 7 in process 1"):
        sn.Simulation(net, seed=1, communicator=Disagreeing())
