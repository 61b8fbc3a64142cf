"""MNIST's 10,000 test images through a net placed on Loihi 1: seconds, accuracy, and what the chip spends.

    python benchmarks/placed_program.py [--windows] [--net FILE] [--epochs 1] [--images 60000]
                                        [--shown 10000] [--data FOLDER] [--detailed]

The net is 784-1000-10, with --windows 12C5-P2-64C5-P2-10, means being pooled; it learns from --images of them. FILE
holds the trained net and is written when it is missing. The first of the test images are shown for 25 steps as chance
spikes. The placed program must give the spikes of the program run population by population, which is timed beside it.
--detailed follows every message over the links as well.
"""

from __future__ import annotations

import argparse
import resource
import time
from dataclasses import replace
from pathlib import Path

import numba
import numpy as np

import hw
import spikenet as sn

STEPS, HIDDEN = 25, 1000
DATA = Path(__file__).parents[2] / "shared" / "data" / "mnist"


def neuron():
    return sn.LIF(tau_mem_s=10e-3, reset=sn.reset.to_zero)


def layered():
    return sn.models.spiking_mlp((784, HIDDEN, 10), neuron=neuron, seed=0)


def windowed():
    return sn.Sequential(
        sn.Conv2d(1, 12, 5, seed=0), neuron(), sn.AvgPool2d(2), sn.Conv2d(12, 64, 5, seed=1), neuron(),
        sn.AvgPool2d(2), sn.Flatten(3), sn.Linear(1024, 10, seed=2), neuron(),
    )  # fmt: skip


def trained(net, train, epochs):
    sn.fit(net, train, loss=sn.loss.count_cross_entropy, optimiser=sn.optim.Adam(1e-3), epochs=epochs, batch_size=128,
           encode=sn.encode.Rate(STEPS), seed=0)  # fmt: skip
    return net


def net_of(file, make, train, epochs):
    if file is None:
        return trained(make(), train, epochs)
    if not file.exists():
        sn.save(file, trained(make(), train, epochs))
    return sn.load(file)


def taken(work):
    started = time.perf_counter()
    found = work()
    return time.perf_counter() - started, found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--windows", action="store_true")
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--shown", type=int, default=10_000)
    parser.add_argument("--net", type=Path)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--detailed", action="store_true")
    given = parser.parse_args()
    train, test = sn.data.idx(given.data)
    if given.windows:
        train, test = (replace(part, inputs=part.inputs.reshape(-1, 1, 28, 28)) for part in (train, test))
    make, code = windowed if given.windows else layered, sn.encode.Rate(STEPS)
    test = test.take(np.arange(given.shown))
    net = net_of(given.net, make, train.take(np.arange(given.images)), given.epochs)
    some = code(train.inputs[:64])
    hw.compile(net, hw.chips.loihi1, calibrate=some[:2, :2])  # loops compiled
    compiling, program = taken(lambda: hw.compile(net, hw.chips.loihi1, calibrate=some))
    seconds, placed = taken(lambda: hw.place_program(program, calibrate=some))
    print(f"{numba.get_num_threads()} threads; compiled in {compiling:.1f} s, placed in {seconds:.1f} s on "
          f"{len(placed.placement.cores)} cores", flush=True)  # fmt: skip
    timing = hw.detailed if given.detailed else hw.simple
    placed.run(some[:, :8], timing=timing), program.run(some[:, :8])  # compiled
    spikes = code(test.inputs, seed=1)
    seconds, got = taken(lambda: placed.run(spikes, timing=timing))
    events = got.events.synaptic_ops.sum()
    print(
        f"{len(test)} images x {STEPS} steps, placed: {seconds:.1f} s ({1e9 * seconds / events:.2f} ns a synaptic op)"
    )
    right = float((got.output.sum(axis=0).argmax(axis=1) == test.labels).mean())
    float_right = sn.evaluate(net, test, encode=code, seed=1)["accuracy"]
    print(f"accuracy {right:.2%} on the chip, {float_right:.2%} in float")
    seconds, wanted = taken(lambda: program.run(spikes))
    same = np.array_equal(got.output, wanted.output) and got.overflows == wanted.overflows
    print(f"population by population: {seconds:.1f} s; outputs {'equal' if same else 'DIFFER'}")
    print(got.times)
    print(got.energy())
    print(f"most memory taken {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GB")


if __name__ == "__main__":
    main()
