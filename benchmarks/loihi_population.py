"""A population of Loihi 1 neurons in integers, ours against Lava's CPU process model, per neuron and step.

    python benchmarks/loihi_population.py [--neurons 100000] [--steps 1000] [--lava PYTHON]

`--lava` is a Python that has lava-nc; without one that can import it, Lava is left out and said to be. Both get the
same sums of arriving weights, made from one seed, and must give the same spikes. Lava is timed in two ways: its
PyLifModelBitAcc called step by step with the sums lying ready, which leaves its runtime out and so is the harder
comparison, and the same model run by its own runtime with nothing arriving.
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
ROUNDS = 3


def sums(neurons):
    """(DISTINCT, neurons) int32: about 8 % of the neurons fire in a step."""
    return np.random.default_rng(0).integers(-50, 60, (DISTINCT, neurons), dtype=np.int32)


def digest(spikes):
    return hashlib.sha256(np.ascontiguousarray(spikes, np.int8).tobytes()).hexdigest()[:16]


def ours(neurons, steps):
    """Seconds of each round, with spikes only and with u and v of every step; digest of the first spikes."""
    from hw.neurons import loihi

    params = loihi.Params(DU, DV, VTH)
    wide = np.concatenate([sums(neurons)] * -(-steps // DISTINCT))[:steps]
    taken = {}
    kinds = (("spikes", wide, False), ("spikes, u and v", wide, True), ("spikes, int16", wide.astype(np.int16), False))
    for name, x, states in kinds:
        loihi.run(params, x[:2])  # compiles
        taken[name] = []
        for _ in range(ROUNDS + 1):  # the first one asks for its memory and is not counted
            started = time.perf_counter()
            got = loihi.run(params, x, states=states)
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
            return self.x[self.t % len(self.x)]

    class Sent:
        def __init__(self):
            self.spikes = []

        def send(self, spikes):
            if len(self.spikes) < DISTINCT:
                self.spikes.append(spikes.copy())

    taken = {"process model": [], "runtime, silent": []}
    for _ in range(2):
        model = PyLifModelBitAcc({})
        model.a_in, model.s_out = Arriving(sums(neurons)), Sent()
        model.u, model.v = np.zeros(neurons, np.int32), np.zeros(neurons, np.int32)
        model.du, model.dv, model.vth = DU, DV, VTH
        model.bias_mant, model.bias_exp = np.zeros(neurons, np.int16), np.zeros(neurons, np.int16)
        started = time.perf_counter()
        for _ in range(steps):
            model.run_spk()
        taken["process model"].append(time.perf_counter() - started)
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
    updates = given.neurons * given.steps
    result = ours(given.neurons, given.steps)
    print(f"{given.neurons} neurons x {given.steps} steps, {platform.machine()}, sums int32 unless said")
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
        print(f"  Lava, {name:18s} {1e9 * taken / updates:8.3f} ns  {taken / best['spikes']:6.1f} x ours (spikes)")
    print("  spikes equal" if other["digest"] == result["digest"] else "  SPIKES DIFFER")


if __name__ == "__main__":
    main()
