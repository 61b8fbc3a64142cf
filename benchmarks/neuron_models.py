"""Every neuron model's loop, forward and adjoint, beside LIF's: nanoseconds an update of one neuron for one step.

    python benchmarks/neuron_models.py [NAME ...] [--rounds 11] [--threads 2]

25 steps x 128 rows x 1000 neurons in float32, current 0.3 times uniform noise, in the units each model's defaults have.
All models take turns; medians. Whole calls are timed, with what they allocate; what is learnt by default is learnt.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time

import numba
import numpy as np

import spikenet as sn
from spikenet.graph import Tensor

STEPS, BATCH, N = 25, 128, 1000
SCALE = {"AdEx": 100.0, "ExponentialIF": 100.0, "Izhikevich": 50.0, "QuadraticIF": 10.0, "WilsonCowan": 10.0}
NAMES = (
    *("LIF", "IF", "CubaLIF", "LI", "AdaptiveLIF", "AdaptiveCurrentLIF", "AdEx", "ExponentialIF", "QuadraticIF"),
    *("Izhikevich", "ResonateAndFire", "ResonateIzhikevich", "SigmaDelta", "AlphaLIF", "DoubleExponentialLIF"),
    *("ConductanceLIF", "TwoCompartmentLIF", "ShortTermPlasticity", "ParametricLIF", "KLIF", "GatedLIF"),
    *("MultiLevelLIF", "TernaryLIF", "GradedLIF", "StochasticLIF", "ThresholdLinearRate", "SigmoidRate"),
    *("LIFFirstOrderRate", "WilsonCowan", "ParallelLIF"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--threads", type=int, default=numba.config.NUMBA_NUM_THREADS)
    options = parser.parse_args()
    numba.set_num_threads(options.threads)
    noise = np.random.default_rng(0).random((STEPS, BATCH, N), np.float32) * np.float32(0.3)
    g = np.random.default_rng(1).normal(size=noise.shape).astype(np.float32)
    layers = {name: getattr(sn, name)() for name in options.names}
    times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in layers}
    fired = {}
    for _ in range(options.rounds + 2):
        for name, layer in layers.items():
            x = Tensor(noise * np.float32(SCALE.get(name, 1.0)), requires_grad=True)
            start = time.perf_counter()
            y = layer(x)
            middle = time.perf_counter()
            y.backward(g)
            times[name][0].append(middle - start)
            times[name][1].append(time.perf_counter() - middle)
            fired[name] = float((y.data != 0).mean())
    print(f"{platform.machine()}, {os.cpu_count()} cores, {options.threads} threads, float32, {STEPS} x {BATCH} x {N}")
    print(f"{'':22}{'forward ns':>12}{'adjoint ns':>12}{'not 0':>8}")
    for name, (forward, adjoint) in times.items():
        ns = [1e9 * statistics.median(part[2:]) / noise.size for part in (forward, adjoint)]
        print(f"{name:22}{ns[0]:12.2f}{ns[1]:12.2f}{fired[name]:8.1%}")


if __name__ == "__main__":
    main()
