"""`hw.train_through`: training that sees what the chip's words do to a net."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hw.compilers.driver import recipe, reported
from hw.compilers.table import Options
from hw.programs.record import Program
from hw.records.chip import Chip
from hw.training.followed import follow, settle
from hw.training.on_chip import OnChip
from spikenet.train import History, fit


@dataclass(frozen=True)
class Trained:
    """The program of the trained net, in the integers it was trained in; and how training went, on the chip.

    Compiling the trained net anew chooses scales anew, so its integers may be others: keep the program beside the net,
    `trained.program.save(path, net)`, or compile `like` it.
    """

    program: Program
    history: History


def train_through(
    net: Any,
    chip: Chip,
    train: Any,
    test: Any = None,
    *,
    calibrate: Any,
    n_chips: int = 1,
    per_channel: bool = True,
    reading: str | None = None,
    like: Program | None = None,
    **fitting: Any,
) -> Trained:
    """Trains `net` in place with `chip` in the loop: forward its integers, backward the surrogates' gradient.

    net, chip, calibrate, n_chips, per_channel, reading, like: as in `hw.compile`; scales are chosen once, first, or are
    those of `like`, such as the program of an earlier training that goes on
    train, test, fitting: as in `sn.fit`: loss, optimiser, epochs, encode ...; losses and metrics are the chip's

    Best begun with a net that was trained without the chip, at a smaller learning rate. The forward pass of every step
    is what `program.run` does with the weights of that step, word for word. Dropout does nothing meanwhile; a BatchNorm
    keeps its statistics. On BrainScaleS-2 each forward pass has noise of its own, and the chip whose fixed pattern is
    met is that of `seed`, which otherwise is sn.fit's. On TrueNorth dense layers begin from the weights that compiling
    has fitted, keep to four values a neuron in both directions (`hw.training.followed`), and end with what the chip
    holds; let the rate of learning fall there (schedule=sn.optim.Cosine(steps)), at one that stays joints go on moving.

    Raises as `hw.compile` and `sn.fit` do.
    """
    made = recipe(net, chip, calibrate, Options(n_chips, per_channel, fitting.get("seed", 0), reading, like))
    made, followed = follow(net, made)
    history = fit(OnChip(net, made, followed), train, test, **fitting)
    settle(net, made, followed)
    return Trained(reported(net, made, calibrate), history)
