"""One training step of 784-1000-10 LIF, 25 steps, batch 128, constant input: spikenet beside snnTorch.

    python benchmarks/training_step.py [--rounds 7] [--threads 2]

Each package works in a process of its own, and the two take turns, so that drifts of the machine hit both alike. Both
train the same net from the same weights on the same images with the same surrogate (fast sigmoid, slope 25), leak 0.95,
threshold 1, subtractive reset, cross-entropy on the spike count and Adam at 5e-4. Printed are the median time of a
step, its spread, the hidden spike density, the first step (which compiles) apart, and the ratio of the medians.
Installs nothing; where snnTorch is missing it says so and times spikenet alone.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

STEPS, BATCH, N_IN, N_HIDDEN, N_OUT = 25, 128, 784, 1000, 10
LEAK, LEARNING_RATE = 0.95, 5e-4

Step = Callable[[], float]


def problem() -> dict[str, np.ndarray]:
    """Images as dense as MNIST's (19 % of the pixels not zero), labels and starting weights."""
    rng = np.random.default_rng(0)
    images = rng.random((BATCH, N_IN), dtype=np.float32) * (rng.random((BATCH, N_IN)) < 0.19)
    weights = {"images": images.astype(np.float32), "labels": rng.integers(0, N_OUT, BATCH)}
    for k, (n_in, n_out) in enumerate([(N_IN, N_HIDDEN), (N_HIDDEN, N_OUT)]):
        weights[f"w{k}"] = rng.uniform(-1, 1, (n_in, n_out)).astype(np.float32) / np.float32(np.sqrt(n_in))
        weights[f"b{k}"] = np.zeros(n_out, np.float32)
    return weights


def spikenet_step(threads: int, learning_rate: float) -> tuple[Step, Callable[[], dict[str, float]]]:
    import numba

    import spikenet as sn

    numba.set_num_threads(threads)
    given = problem()
    layers = []
    for k, (n_in, n_out) in enumerate([(N_IN, N_HIDDEN), (N_HIDDEN, N_OUT)]):
        linear = sn.Linear(n_in, n_out)
        linear.weight.data, linear.bias.data = given[f"w{k}"], given[f"b{k}"]
        layers += [linear, sn.LIF(tau_mem_s=-1e-3 / np.log(LEAK), surrogate=sn.surrogate.fast_sigmoid(25.0))]
    net = sn.Sequential(*layers)
    parameters = net.parameters()
    optimiser = sn.optim.Adam(learning_rate)
    state = optimiser.start(parameters)
    x = np.broadcast_to(given["images"], (STEPS, BATCH, N_IN))

    def step() -> float:
        nonlocal state
        for parameter in parameters.values():
            parameter.grad = None
        loss = sn.loss.count_cross_entropy(net(x), given["labels"])
        loss.backward()
        state = optimiser.step(parameters, state)
        return loss.item()

    return step, lambda: {"density": float(sn.record(net, x)[1].output.mean())}


def snntorch_step(threads: int, learning_rate: float) -> tuple[Step, Callable[[], dict[str, float]]]:
    import snntorch
    import torch
    from snntorch import functional, surrogate

    torch.set_num_threads(threads)
    given = {name: torch.tensor(value) for name, value in problem().items()}
    linear = [torch.nn.Linear(N_IN, N_HIDDEN), torch.nn.Linear(N_HIDDEN, N_OUT)]
    lif = [snntorch.Leaky(beta=LEAK, spike_grad=surrogate.fast_sigmoid(slope=25)) for _ in linear]
    for k, layer in enumerate(linear):
        layer.weight.data, layer.bias.data = given[f"w{k}"].T.contiguous(), given[f"b{k}"]
    optimiser = torch.optim.Adam([p for layer in linear for p in layer.parameters()], lr=learning_rate)
    criterion = functional.ce_count_loss()
    hidden: list[torch.Tensor] = []

    def forward() -> torch.Tensor:
        membranes = [layer.init_leaky() for layer in lif]
        sent = []
        hidden.clear()
        for _ in range(STEPS):
            spikes, membranes[0] = lif[0](linear[0](given["images"]), membranes[0])
            hidden.append(spikes)
            spikes, membranes[1] = lif[1](linear[1](spikes), membranes[1])
            sent.append(spikes)
        return torch.stack(sent)

    def step() -> float:
        optimiser.zero_grad()
        loss = criterion(forward(), given["labels"])
        loss.backward()
        optimiser.step()
        return float(loss.detach())

    def facts() -> dict[str, float]:
        with torch.no_grad():
            forward()
        return {"density": float(torch.stack(hidden).mean())}

    return step, facts


MAKERS = {"spikenet": spikenet_step, "snnTorch": snntorch_step}


def work(name: str, threads: int, learning_rate: float) -> None:
    """A worker: for every number read, do so many steps and answer with their times and the last loss."""
    started = time.perf_counter()
    step, facts = MAKERS[name](threads, learning_rate)
    ready = time.perf_counter()
    step()
    first = time.perf_counter()
    print(json.dumps({"import_s": ready - started, "first_step_s": first - ready}), flush=True)
    for line in sys.stdin:
        times, loss = [], 0.0
        for _ in range(int(line)):
            before = time.perf_counter()
            loss = step()
            times.append(time.perf_counter() - before)
        print(json.dumps({"times_s": times, "loss": loss, **facts()}), flush=True)


class Worker:
    """A package in a process of its own, idle until asked."""

    def __init__(self, name: str, threads: int, learning_rate: float) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
        command = [sys.executable, __file__, "--worker", name, "--threads", str(threads), "--rate", str(learning_rate)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.start = self._answer()
        self.times_s: list[float] = []

    def run(self, steps: int) -> dict[str, float]:
        assert self.process.stdin is not None
        print(steps, file=self.process.stdin, flush=True)
        answer = self._answer()
        self.times_s += answer.pop("times_s")  # type: ignore[arg-type]
        return answer

    def _answer(self) -> dict[str, float]:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())  # type: ignore[no-any-return]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rate", type=float, default=LEARNING_RATE, help="learning rate; 0 keeps the density")
    parser.add_argument("--worker", choices=sorted(MAKERS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options.worker, options.threads, options.rate)
        return
    names = [n for n in MAKERS if n == "spikenet" or importlib.util.find_spec("snntorch")]
    workers = {name: Worker(name, options.threads, options.rate) for name in names}
    facts: dict[str, dict[str, float]] = {}
    for _ in range(options.rounds):
        for name, worker in workers.items():
            facts[name] = worker.run(10)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {options.threads} threads, float32")
    print(f"784-1000-10 LIF, {STEPS} steps, batch {BATCH}, constant input, {options.rounds * 10} steps each, by turns")
    print(f"{'':10}{'median ms':>11}{'quartiles ms':>18}{'first step s':>14}{'density':>9}{'loss':>9}")
    medians = {}
    for name, worker in workers.items():
        low, medians[name], high = (1e3 * q for q in statistics.quantiles(worker.times_s, n=4))
        print(
            f"{name:10}{medians[name]:11.2f}{f'{low:.2f} - {high:.2f}':>18}{worker.start['first_step_s']:14.2f}"
            f"{facts[name]['density']:9.3f}{facts[name]['loss']:9.4f}"
        )
    if "snnTorch" in medians:
        print(f"snnTorch / spikenet: {medians['snnTorch'] / medians['spikenet']:.1f}")
    else:
        print("snnTorch is not installed here: timed spikenet alone")


if __name__ == "__main__":
    main()
