"""Workers of several packages on one workload, taking turns; and what came out, as records."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from workloads import Workload

TURN_S = 0.4  # a package works about so long before it is the next one's turn


class Failed(Exception):
    """A worker ended before it had answered."""


class Spread(NamedTuple):
    """Quartiles of a time, ms."""

    low: float
    median: float
    high: float


@dataclass
class Measured:
    """One package on one workload. Times are seconds, memory MB.

    gradients: norms of the weights' gradients, densities: of the spiking layers; see `Trainable`
    """

    package: str
    version: str
    import_s: float
    import_mb: float
    first_step_s: float
    loss: float
    peak_mb: float = 0.0
    gradients: list[float] = field(default_factory=list)
    densities: list[float] = field(default_factory=list)
    train_s: list[float] = field(default_factory=list)
    infer_s: list[float] = field(default_factory=list)

    @property
    def train_ms(self) -> Spread:
        return _spread(self.train_s)

    @property
    def infer_ms(self) -> Spread:
        return _spread(self.infer_s)


def _spread(times_s: Sequence[float]) -> Spread:
    if len(times_s) < 2:
        times_s = [*times_s, *times_s]
    return Spread(*(1e3 * q for q in statistics.quantiles(times_s, n=4, method="inclusive")))


class Worker:
    """A process of `worker.py`, waiting for its first step to be done."""

    def __init__(self, package: str, workload: Workload, rate: float, threads: int) -> None:
        # Where this is set for old processors' sake, it slows the BLAS of today; threads stay on their cores.
        environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")} | {"OMP_PROC_BIND": "true"}
        command = [sys.executable, str(Path(__file__).with_name("worker.py")), package, workload.name]
        command += ["--rate", str(rate), "--threads", str(threads)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        self.measured = Measured(package, **self._answer(), **self._answer())
        self.repeats = {work: self._repeats(work) for work in ("train", "infer")}

    def turn(self) -> None:
        """Train and infer for about `TURN_S` each."""
        self.measured.train_s += self.ask("train", self.repeats["train"])["times_s"]
        self.measured.infer_s += self.ask("infer", self.repeats["infer"])["times_s"]

    def end(self) -> Measured:
        """What was measured; the process is gone."""
        facts = self.ask("facts")
        self.measured.peak_mb, self.measured.gradients = facts["peak_mb"], facts["gradients"]
        self.measured.densities = facts["densities"]
        self.process.communicate()
        return self.measured

    def ask(self, *words: object) -> dict[str, Any]:
        assert self.process.stdin is not None
        print(*words, file=self.process.stdin, flush=True)
        return self._answer()

    def _repeats(self, work: str) -> int:
        shortest: float = min(self.ask(work, 2)["times_s"])
        return max(1, min(100, round(TURN_S / shortest)))

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            said = self.process.communicate()[1].strip().splitlines()
            raise Failed(said[-1] if said else f"ended with {self.process.returncode}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def measure(workload: Workload, packages: Sequence[str], rounds: int, rate: float, threads: int) -> Iterator[Any]:
    """Yields (package, reason) for every package that failed, then the list of `Measured`."""
    workers = []
    for package in packages:
        try:
            workers.append(Worker(package, workload, rate, threads))
        except Failed as failure:
            yield package, str(failure)
    for _ in range(rounds):
        for worker in workers:
            worker.turn()
    yield [worker.end() for worker in workers]
