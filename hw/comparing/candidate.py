"""A net that takes part in a comparison, and its evaluation: accuracy and counts from one pass over the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.counting.count import Encode, Tally, batches
from hw.counting.counts import Counts
from hw.lowering.kinds import all_layers, is_neurons
from spikenet.data import Arrays
from spikenet.layers import Sequential, record

Array = npt.NDArray[Any]
Readout = Callable[[Array], Array]


def summed(output: Array) -> Array:
    """(batch, classes) scores: the output summed over time, as spikes are counted; unchanged without time."""
    return output.sum(axis=0) if output.ndim == 3 else output


def largest(output: Array) -> Array:
    """(batch, classes) scores: the largest output over time, for a net trained on its maximal membrane."""
    return output.max(axis=0) if output.ndim == 3 else output


@dataclass(frozen=True)
class Candidate:
    """A net, how its input is encoded and how its output is read.

    encode : inputs (batch, ...), index=, seed= -> (steps, batch, ...); None for a net without time
    readout: output -> (batch, classes) scores, the largest wins
    seed   : of the encoder
    """

    net: Sequential
    encode: Encode | None = None
    readout: Readout = summed
    seed: int = 0

    @property
    def is_conventional(self) -> bool:
        """Whether the net has neither time nor neurons, so that it can be quantised as a whole."""
        return self.encode is None and not any(is_neurons(layer) for layer in all_layers(self.net))


def candidate(name: str, given: Any) -> Candidate:
    """`given` (a Candidate, a net, or a pair of net and encoder) as a Candidate.

    Raises TypeError for anything else, ValueError for neurons with a state but no encoder.
    """
    if isinstance(given, tuple) and len(given) == 2:
        given = Candidate(*given)
    elif isinstance(given, Sequential):
        given = Candidate(given)
    if not isinstance(given, Candidate) or not isinstance(given.net, Sequential):
        raise TypeError(
            f"net {name!r}: expected a Sequential, (Sequential, encoder) or hw.Candidate, got {given!r:.80}"
        )
    if given.encode is not None and not callable(given.encode):
        raise TypeError(f"net {name!r}: expected an encoder to call, got {given.encode!r}")
    if given.encode is None and any(is_neurons(layer) and layer.states for layer in all_layers(given.net)):
        raise ValueError(f"net {name!r}: its neurons need time; give (net, encoder), such as (net, Constant(steps=25))")
    return given


@dataclass(frozen=True)
class Evaluation:
    """Share of samples classified right, and what an inference takes."""

    accuracy: float
    counts: Counts


def evaluate(entry: Candidate, test: Arrays, batch_size: int = 256) -> Evaluation:
    """Accuracy and counts of a candidate on `test`, in the net's own floating point."""
    tally = Tally(has_time=entry.encode is not None)
    right = 0
    for part, x in batches(test.inputs, entry.encode, batch_size, entry.seed):
        records = record(entry.net, x)
        tally.add(records)
        right += correct(entry.readout(np.asarray(records[-1].output)), test.labels[part], test.classes)
    return Evaluation(right / len(test), tally.counts())


def correct(scores: Array, labels: Array, classes: int) -> int:
    """How many rows of scores (batch, classes) are largest at their label; ValueError for another shape."""
    if scores.ndim != 2 or scores.shape[0] != len(labels) or scores.shape[1] < classes:
        raise ValueError(
            f"readout: expected scores ({len(labels)}, {classes}) from the net's output, got shape {scores.shape}"
        )
    return int(np.count_nonzero(scores.argmax(axis=1) == labels))


def encoded_through(entry: Candidate, net: Sequential, on_grid: Callable[[Array], Array]) -> Candidate:
    """The candidate with another net, whose encoded input passes through `on_grid` first."""
    encode = entry.encode
    if encode is None:
        raise ValueError("encoded_through: expected a candidate with an encoder")

    def encode_then_grid(x: Array, index: Array | None = None, seed: int = 0) -> Array:
        return on_grid(encode(x, index=index, seed=seed))

    return replace(entry, net=net, encode=encode_then_grid)
