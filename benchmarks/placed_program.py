"""MNIST's 10,000 test images through a 784-1000-10 net placed on Loihi 1: seconds, accuracy, and what the chip spends.

    python benchmarks/placed_program.py [--net FILE] [--epochs 1] [--data FOLDER] [--detailed]

FILE holds the trained net and is written when it is missing. Images are shown for 25 steps as chance spikes. The placed
program must give the spikes of the program run population by population, which is timed beside it. --detailed follows
every message over the links as well. Compiling is not timed.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numba
import numpy as np

import hw
import spikenet as sn

STEPS, HIDDEN = 25, 1000
DATA = Path(__file__).parents[2] / "shared" / "data" / "mnist"


def neuron():
    return sn.LIF(tau_mem_s=10e-3, reset=sn.reset.to_zero)


def trained(train, epochs):
    net = sn.models.spiking_mlp((784, HIDDEN, 10), neuron=neuron, seed=0)
    sn.fit(net, train, loss=sn.loss.count_cross_entropy, optimiser=sn.optim.Adam(1e-3), epochs=epochs, batch_size=128,
           encode=sn.encode.Rate(STEPS), seed=0)  # fmt: skip
    return net


def net_of(file, train, epochs):
    if file is None:
        return trained(train, epochs)
    if not file.exists():
        sn.save(file, trained(train, epochs))
    return sn.load(file)


def taken(work):
    started = time.perf_counter()
    found = work()
    return time.perf_counter() - started, found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--net", type=Path)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--detailed", action="store_true")
    given = parser.parse_args()
    train, test = sn.data.idx(given.data)
    net, code = net_of(given.net, train, given.epochs), sn.encode.Rate(STEPS)
    some = code(train.inputs[:256])
    program = hw.compile(net, hw.chips.loihi1, calibrate=some)
    seconds, placed = taken(lambda: hw.place_program(program, calibrate=some))
    print(f"{numba.get_num_threads()} threads; placed in {seconds:.1f} s on {len(placed.placement.cores)} cores")
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
    print(hw.report.breakdown(got.energy()))


if __name__ == "__main__":
    main()
