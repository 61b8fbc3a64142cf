"""A population of Loihi 1 neurons in integers, ours against Lava's CPU process model, per neuron and step.

    python benchmarks/loihi_population.py [--neurons 100000] [--steps 1000] [--lava PYTHON]

`--lava` is a Python that has lava-nc; without one that can import it, Lava is left out and said to be. Both read the
same sums of arriving weights, int32 of all steps made from one seed, give the spikes of every step, and must give the
same ones. Lava is timed in two ways: its PyLifModelBitAcc called step by step with the sums lying ready, which leaves
its runtime out and so is the harder comparison, and the same model run by its own runtime with nothing arriving. The
first is timed once as a fresh Python runs it, whose allocator gives the memory of each of numpy's temporary arrays back
to the system and asks for it anew, and once after a large array was freed, from when on glibc keeps it: a factor of two
and more. Beside them stand our runs on the same numbers in int16 and with u and v of every step kept.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

DU, DV, VTH = 400, 200, 500
DISTINCT = 50  # steps of input that are drawn; they come again and again
ROUNDS = 5


def sums(neurons):
    """(DISTINCT, neurons) int32: about 8 % of the neurons fire in a step."""
    return np.random.default_rng(0).integers(-50, 60, (DISTINCT, neurons), dtype=np.int32)


def long(neurons, steps):
    """((steps, neurons) int32, the distinct ones again and again; those, which are not to be freed yet)."""
    x, some = np.empty((steps, neurons), np.int32), sums(neurons)
    for first in range(0, steps, DISTINCT):
        x[first : first + DISTINCT] = some[: steps - first]
    return x, some


def digest(spikes):
    return hashlib.sha256(np.ascontiguousarray(spikes, np.int8).tobytes()).hexdigest()[:16]


def ours(neurons, steps):
    """Seconds of each round of each way of running; share of spikes and digest of the first ones."""
    from hw.neurons import loihi

    params, x = loihi.Params(DU, DV, VTH), long(neurons, steps)[0]
    ways = {"same input": (x, False), "in int16": (x.astype(np.int16), False), "and u, v kept": (x, True)}
    taken, rate, seen = {name: [] for name in ways}, 0.0, ""
    for name, (given, states) in ways.items():
        loihi.run(params, given[:2])  # compiles
        for _ in range(ROUNDS + 1):  # the first one asks for its memory and is not counted
            started = time.perf_counter()
            got = loihi.run(params, given, states=states)
            taken[name].append(time.perf_counter() - started)
            rate, seen = float(got.spikes.mean()), digest(got.spikes[:DISTINCT])
            del got
        del taken[name][0]
    return {"seconds": taken, "rate": rate, "digest": seen}


def lava(neurons, steps):
    """The same of Lava; run by a Python that has it."""
    import dataclasses

    plain = dataclasses.dataclass

    def hashable(cls=None, **options):
        """Lava 0.10 has records as defaults of records; Python from 3.11 on wants them hashable."""
        options.setdefault("unsafe_hash", True)
        return plain(cls, **options) if cls is not None else lambda c: plain(c, **options)

    dataclasses.dataclass = hashable
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi1SimCfg
    from lava.proc.lif.models import PyLifModelBitAcc
    from lava.proc.lif.process import LIF

    dataclasses.dataclass = plain

    class Arriving:
        def __init__(self, x):
            self.x, self.t = x, -1

        def recv(self):
            self.t += 1
            return self.x[self.t]

    class Sent:
        def __init__(self):
            self.spikes = []

        def send(self, spikes):
            if len(self.spikes) < DISTINCT:
                self.spikes.append(spikes.copy())

    taken = {"process model": [], "same, memory kept": [], "runtime, silent": []}
    x, some = long(neurons, steps)
    for name in ("process model", "same, memory kept"):
        model = PyLifModelBitAcc({})
        model.a_in, model.s_out = Arriving(x), Sent()
        model.u, model.v = np.zeros(neurons, np.int32), np.zeros(neurons, np.int32)
        model.du, model.dv, model.vth = DU, DV, VTH
        model.bias_mant, model.bias_exp = np.zeros(neurons, np.int16), np.zeros(neurons, np.int16)
        started = time.perf_counter()
        for _ in range(steps):
            model.run_spk()
        taken[name].append(time.perf_counter() - started)
        some.resize(0, refcheck=False)  # freed: from here on glibc keeps what is asked for again
    process = LIF(shape=(neurons,), du=DU, dv=DV, vth=VTH, bias_mant=100, bias_exp=3)
    configuration = Loihi1SimCfg(select_tag="fixed_pt")
    process.run(RunSteps(2), configuration)
    started = time.perf_counter()
    process.run(RunSteps(steps), configuration)
    taken["runtime, silent"].append(time.perf_counter() - started)
    process.stop()
    return {"seconds": taken, "digest": digest(np.array(model.s_out.spikes))}


def elsewhere(python, neurons, steps):
    """What `lava` gives in another Python, or why it gives nothing."""
    command = [python, __file__, "--worker", "--neurons", str(neurons), "--steps", str(steps)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        return (getattr(error, "stderr", None) or str(error)).strip().splitlines()[-1]
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--lava", default=sys.executable, help="a Python that has lava-nc")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        print(json.dumps(lava(given.neurons, given.steps)))
        return
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    import numba

    updates = given.neurons * given.steps
    result = ours(given.neurons, given.steps)
    print(f"{given.neurons} neurons x {given.steps} steps, {platform.machine()}, {numba.get_num_threads()} threads")
    print(f"rate {result['rate']:.3f} spikes per neuron and step; median and best of {ROUNDS} rounds")
    best = {}
    for name, seconds in result["seconds"].items():
        best[name] = np.median(seconds)
        print(f"  ours, {name:18s} {1e9 * np.median(seconds) / updates:8.3f} ns  ({1e9 * min(seconds) / updates:.3f})")
    other = elsewhere(given.lava, given.neurons, given.steps)
    if isinstance(other, str):
        print(f"  Lava skipped: {other}; give --lava a Python with lava-nc")
        return
    for name, seconds in other["seconds"].items():
        taken = min(seconds)
        ratio = taken / best["same input"]
        print(f"  Lava, {name:18s} {1e9 * taken / updates:8.3f} ns  {ratio:6.1f} x ours on the same input")
    print("  spikes equal" if other["digest"] == result["digest"] else "  SPIKES DIFFER")


if __name__ == "__main__":
    main()
