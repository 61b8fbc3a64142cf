"""Stopping when the test set no longer improves, and going back to the weights of the best epoch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from spikenet.errors import Array, whole
from spikenet.train.history import EpochRecord
from spikenet.train.parameters import Parameters
from spikenet.train.ranges import not_negative


def test_loss(record: EpochRecord) -> float:
    """What an early stop watches unless told otherwise."""
    return record.test["loss"]


test_loss.__test__ = False  # type: ignore[attr-defined]  # the name is not meant for pytest


@dataclass(frozen=True)
class EarlyStop:
    """Ends training `patience` epochs after the best one; the net then gets the best epoch's weights.

    patience : epochs without an improvement, >= 1
    min_delta: how much smaller the watched number must be to count as an improvement, >= 0
    watch    : the number to make small; for accuracy, watch=lambda record: -record.test["accuracy"]

    The best weights are also restored when all epochs have been run, but not after Ctrl-C.
    """

    patience: int = 5
    min_delta: float = 0.0
    watch: Callable[[EpochRecord], float] = test_loss

    def __post_init__(self) -> None:
        whole("EarlyStop: patience", self.patience)
        not_negative("EarlyStop: min_delta", self.min_delta)
        if not callable(self.watch):
            raise TypeError(f"EarlyStop: watch: expected a function of an EpochRecord, got {self.watch!r}")

    def better(self, best: Best | None, record: EpochRecord, params: Parameters) -> Best:
        """The best epoch so far, after one more."""
        value = float(self.watch(record))
        if best is not None and not value < best.value - self.min_delta:
            return best
        return Best(value, record.epoch, {name: p.data.copy() for name, p in params.items()})

    def ends(self, best: Best | None, epoch: int) -> bool:
        """Whether to stop after `epoch` epochs."""
        return best is not None and epoch - best.epoch >= self.patience


@dataclass(frozen=True)
class Best:
    """The best epoch: the watched number, the epoch, and a copy of the weights after it."""

    value: float
    epoch: int
    weights: dict[str, Array]


def put_weights(params: Parameters, weights: dict[str, Array]) -> None:
    """Copies the weights into the parameters, in place."""
    for name, p in params.items():
        p.data[...] = weights[name]
