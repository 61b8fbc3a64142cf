"""`spikenet compare`: the main job. Trains a conventional net and its spiking twin, and shows both side by side."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import spikenet
from spikenet.cli.folder import result_folder, write_text
from spikenet.cli.unfinished import NETS, arguments, check_resume, resumable

if TYPE_CHECKING:
    from spikenet.data import Arrays
    from spikenet.layers import Layer
    from spikenet.train import History

TAU_MEM_S = 10e-3  # of the spiking net's neurons, as many steps of 1 ms as a sample is shown

DESCRIPTION = """\
Trains a conventional net and its spiking twin, of the same sizes, on handwritten digits; prints accuracy, operations,
spikes and energy of both on every device; and writes pictures and results.json into a folder.

  spikenet compare
  spikenet compare --data idx:../shared/data/mnist --epochs 3 --out mnist-results
"""


@dataclass(frozen=True)
class Plan:
    """The run's configuration, as written beside its results."""

    data: str
    epochs: int
    steps: int
    hidden: tuple[int, int]
    batch_size: int
    learning_rate: float
    seed: int
    version: str = spikenet.__version__


def add_to(commands: Any) -> None:
    command = commands.add_parser(
        "compare",
        help="train both nets and compare them",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--data", default="digits", help="digits (default), or idx:FOLDER for files as of MNIST")
    command.add_argument("--epochs", type=int, help="passes over the training set (30 for digits, 3 for idx)")
    command.add_argument("--steps", type=int, default=10, help="time steps a sample is shown to the spiking net (10)")
    command.add_argument(
        "--hidden", type=int, default=256, help="units of each of the two hidden layers, in both nets (256)"
    )
    command.add_argument("--seed", type=int, default=0, help="decides the split, the weights and the order (0)")
    command.add_argument("--out", default="spikenet-results", help="folder for results (spikenet-results)")
    command.add_argument(
        "--resume", action="store_true", help="go on from where a run into the same folder was stopped"
    )
    command.add_argument("--quiet", action="store_true", help="no progress bars")
    command.add_argument("--traceback", action="store_true", help="show where in the code a mistake was found")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    import hw

    started = time.perf_counter()
    plan = _plan(options)
    if options.resume:
        check_resume(Path(options.out))
    train, test = data_named(options.data, plan.seed)
    folder = result_folder(options.out)
    plan = replace(plan, batch_size=min(plan.batch_size, len(train)))
    _check_memory(plan, train)
    _say(f"{train.name}: {len(train)} samples to train on, {len(test)} to test")
    show = not options.quiet and sys.stderr.isatty()
    with resumable(folder):
        files = {name: arguments(folder, name, options.resume) | {"progress": show} for name in NETS}
        _say("training the ANN ...")
        ann, ann_curves = _conventional(plan, train, test, files["ANN"])
        _say("training the SNN ...")
        (snn, encode), snn_curves = _spiking(plan, train, test, files["SNN"])

        _say("counting operations, spikes and energy ...")
        comparison = hw.compare({"ANN": ann, "SNN": (snn, encode)}, test, calibrate=train)
        curves = {"ANN": ann_curves, "SNN": snn_curves}
        table = hw.report.text(comparison)
        write_text(folder / "table.txt", table)
        write_text(folder / "run.json", json.dumps(asdict(plan), indent=2) + "\n")
        results = {"plan": asdict(plan), "curves": curves, "comparison": hw.report.as_dict(comparison)}
        write_text(folder / "results.json", json.dumps(results, indent=2, allow_nan=False) + "\n")
        spikenet.save(folder / "ann.npz", ann)
        spikenet.save(folder / "snn.npz", snn)

        _say("drawing ...")
        from spikenet.cli import pictures

        sample, label = encode(test.inputs[:1], index=[0], seed=plan.seed), int(test.labels[0])
        drawn = pictures.draw(folder, comparison, curves, snn, sample, label)
    print(table)
    print(f"{len(drawn)} pictures, table.txt, results.json and both nets are in {folder}")
    _say(f"done in {time.perf_counter() - started:.1f} s")


def _plan(options: argparse.Namespace) -> Plan:
    from spikenet.errors import whole

    digits = options.data == "digits"
    check_data_name(options.data)
    if options.seed >= 1 << 64:
        raise ValueError(f"--seed: expected a whole number < 2**64, got {options.seed}")
    epochs = options.epochs if options.epochs is not None else (30 if digits else 3)
    return Plan(
        data=options.data,
        epochs=whole("--epochs", epochs),
        steps=whole("--steps", options.steps),
        hidden=(whole("--hidden", options.hidden),) * 2,
        batch_size=64 if digits else 128,
        learning_rate=5e-3 if digits else 1e-3,
        seed=whole("--seed", options.seed, least=0),
    )


def check_data_name(name: str) -> None:
    if name != "digits" and not name.startswith("idx:"):
        raise ValueError(f"--data: expected digits or idx:FOLDER, got {name!r}")


def data_named(name: str, seed: int) -> tuple[Arrays, Arrays]:
    """(train, test) of what --data says."""
    check_data_name(name)
    if name == "digits":
        return spikenet.data.digits(seed=seed)
    if name == "idx:":
        raise ValueError("--data: expected a folder after idx:, as in idx:../shared/data/mnist")
    return spikenet.data.idx(Path(name.removeprefix("idx:")))


def _conventional(plan: Plan, train: Arrays, test: Arrays, how: dict[str, Any]) -> tuple[Any, dict[str, list[float]]]:
    net = spikenet.models.mlp(_sizes(plan, train), input_dropout=0.1, dropout=0.3, seed=plan.seed)
    return net, _fit(plan, net, train, test, loss=spikenet.loss.cross_entropy, **how)


def _spiking(plan: Plan, train: Arrays, test: Arrays, how: dict[str, Any]) -> tuple[Any, dict[str, list[float]]]:
    net = spikenet.models.spiking_mlp(
        _sizes(plan, train), neuron=_neuron, input_dropout=0.1, dropout=0.3, seed=plan.seed
    )
    encode = spikenet.encode.Constant(plan.steps)
    loss = spikenet.loss.count_cross_entropy
    return (net, encode), _fit(plan, net, train, test, loss=loss, encode=encode, **how)


def _check_memory(plan: Plan, train: Arrays) -> None:
    """ValueError for so many steps that training the spiking net would take more memory than there is."""
    try:
        available = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not told on this system
        return
    net = spikenet.models.spiking_mlp(_sizes(plan, train), neuron=_neuron, seed=plan.seed)
    one = train.inputs[0]
    x = np.broadcast_to(one, (plan.steps, plan.batch_size, *one.shape))
    needed = spikenet.memory_estimate(net, x).training
    if needed > available:
        raise ValueError(
            f"--steps: {plan.steps} steps of {plan.batch_size} samples with {plan.hidden[0]} hidden units take about "
            f"{needed / 1e9:.1f} GB, this machine has {available / 1e9:.1f}; take fewer steps or hidden units"
        )


def _neuron() -> Layer:
    return spikenet.LIF(tau_mem_s=TAU_MEM_S)


def _fit(plan: Plan, net: Any, train: Arrays, test: Arrays, **how: Any) -> dict[str, list[float]]:
    steps = plan.epochs * -(-len(train) // plan.batch_size)
    history: History = spikenet.fit(
        net,
        train,
        test,
        optimiser=spikenet.optim.Adam(plan.learning_rate),
        schedule=spikenet.optim.Cosine(steps),
        epochs=plan.epochs,
        batch_size=plan.batch_size,
        seed=plan.seed,
        **how,
    )
    if history.interrupted:
        raise KeyboardInterrupt
    return history.curves()


def _sizes(plan: Plan, train: Arrays) -> tuple[int, ...]:
    return train.inputs[0].size, *plan.hidden, train.classes


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
