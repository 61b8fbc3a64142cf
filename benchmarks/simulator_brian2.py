"""CUBA and COBA in Brian2's C++ standalone mode with OpenMP: run by a Python that has it, prints one line of JSON.

python simulator_brian2.py cuba 1.0 2 1      network, seconds, threads, seed
"""

from __future__ import annotations

import json
import sys
import tempfile
import time

import brian2 as b2

MODELS = {
    "cuba": "dv/dt = (ge + gi - (v + 49*mV)) / (20*ms) : volt (unless refractory)\n"
    "dge/dt = -ge / (5*ms) : volt\ndgi/dt = -gi / (10*ms) : volt",
    "coba": "dv/dt = (ge * (-v) + gi * (-80*mV - v) - (v + 60*mV)) / (20*ms) : volt (unless refractory)\n"
    "dge/dt = -ge / (5*ms) : 1\ndgi/dt = -gi / (10*ms) : 1",
}
WEIGHTS = {"cuba": ("1.62*mV", "-9*mV"), "coba": ("0.6", "6.7")}


def main(name, seconds, threads, seed):
    folder = tempfile.mkdtemp()
    b2.set_device("cpp_standalone", directory=folder, build_on_run=False)
    b2.prefs.devices.cpp_standalone.openmp_threads = threads
    b2.defaultclock.dt = 0.1 * b2.ms
    b2.seed(seed)
    cells = b2.NeuronGroup(
        4000,
        MODELS[name],
        threshold="v > -50*mV",
        reset="v = -60*mV",
        refractory=5 * b2.ms,
        method="exact" if name == "cuba" else "exponential_euler",
    )
    if name == "cuba":
        cells.v = "-60*mV + rand() * 10*mV"
    else:
        cells.v = "-60*mV + rand() * 10*mV"
        outside = b2.PoissonGroup(4000, rates="500*Hz * int(t < 50*ms)")
        from_outside = b2.Synapses(outside, cells, on_pre="ge += 0.6", delay=0.1 * b2.ms)
        from_outside.connect(j="i")
    exc = b2.Synapses(cells[:3200], cells, on_pre=f"ge += {WEIGHTS[name][0]}", delay=0.1 * b2.ms)
    inh = b2.Synapses(cells[3200:], cells, on_pre=f"gi += {WEIGHTS[name][1]}", delay=0.1 * b2.ms)
    exc.connect(p=0.02)
    inh.connect(p=0.02)
    monitor = b2.SpikeMonitor(cells)
    started = time.perf_counter()
    b2.run(seconds * b2.second)
    b2.device.build(directory=folder, compile=True, run=False)
    built = time.perf_counter()
    b2.device.run(folder, with_output=False)
    whole = time.perf_counter() - built
    times, who = monitor.t / b2.second, monitor.i[:]
    trains = {}
    for p, low, high in (("E", 0, 3200), ("I", 3200, 4000)):
        mine = (who >= low) & (who < high)
        trains[p] = [times[mine].tolist(), (who[mine] - low).tolist(), high - low]
    print(
        "RESULT "
        + json.dumps(
            {
                "build_s": built - started,
                "run_s": float(b2.device._last_run_time),
                "whole_s": whole,
                "trains": trains,
                "version": b2.__version__,
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
