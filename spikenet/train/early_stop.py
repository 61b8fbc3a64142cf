"""Stopping when the test set no longer improves, and going back to the weights of the best epoch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from spikenet.errors import Array, whole
from spikenet.graph.held import held, keep_within_bounds
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

    A NaN is no improvement. `fit` calls watch once before training too, with the numbers of one batch, so that a
    mistake shows at once. The best weights are also restored when all epochs have been run, but not after Ctrl-C.
    An epoch whose weights have been pruned since is not the best any more: the next one is, and patience begins anew.
    Weights held at 0 stay 0 in any case.
    """

    patience: int = 5
    min_delta: float = 0.0
    watch: Callable[[EpochRecord], float] = test_loss

    def __post_init__(self) -> None:
        whole("EarlyStop: patience", self.patience)
        not_negative("EarlyStop: min_delta", self.min_delta)
        if not callable(self.watch):
            raise TypeError(f"EarlyStop: watch: expected a function of an EpochRecord, got {self.watch!r}")

    def watched(self, record: EpochRecord) -> float:
        """The watched number; ValueError when the record lacks it, TypeError when it is no number."""
        name = f"EarlyStop: watch {getattr(self.watch, '__name__', type(self.watch).__name__)}"
        try:
            value = self.watch(record)
        except KeyError as error:
            raise ValueError(
                f"{name}: asked for {error}; record.test has {', '.join(map(repr, record.test))}"
            ) from error
        try:
            return float(value)
        except (TypeError, ValueError):
            raise TypeError(f"{name}: expected a number, got {value!r:.60}") from None

    def better(self, best: Best | None, record: EpochRecord, params: Parameters) -> Best | None:
        """The best epoch so far, after one more; None as long as the watched number has been NaN."""
        value = self.watched(record)
        best = None if best is None or _pruned_since(best, params) else best
        if math.isnan(value) or (best is not None and not value < best.value - self.min_delta):
            return best
        return Best(value, record.epoch, {name: p.data.copy() for name, p in params.items()})

    def ends(self, best: Best | None, epoch: int) -> bool:
        """Whether to stop after `epoch` epochs."""
        return epoch - (0 if best is None else best.epoch) >= self.patience


@dataclass(frozen=True)
class Best:
    """The best epoch: the watched number, the epoch, and a copy of the weights after it."""

    value: float
    epoch: int
    weights: dict[str, Array]


def put_weights(params: Parameters, weights: dict[str, Array]) -> None:
    """Copies the weights into the parameters, in place and within their bounds."""
    for name, p in params.items():
        p.data[...] = weights[name]
        keep_within_bounds(p)


def _pruned_since(best: Best, params: Parameters) -> bool:
    """Whether weights of that epoch, not 0 then, are held at 0 now."""
    return any(p.bounds is not None and best.weights[name][held(p)].any() for name, p in params.items())
