"""A candidate in each arithmetic it can be run in, evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.comparing.candidate import Candidate, Evaluation, correct, encoded_through, evaluate
from hw.counting.count import batches
from hw.int8.int8_weights import with_int8_weights
from hw.int8.quantise import LayerError, QuantisedNet, quantise
from hw.records.formats import FLOAT32, INT8, Arithmetic
from spikenet.data import Arrays

Array = npt.NDArray[Any]
CALIBRATION_SAMPLES = 2048  # ranges have settled long before; bounds memory on large training sets


@dataclass(frozen=True)
class Form:
    """A net in one arithmetic. errors: of each layer, where the net is integers throughout."""

    net: str
    arithmetic: Arithmetic
    evaluation: Evaluation
    errors: tuple[LayerError, ...] = ()


def in_float32(name: str, entry: Candidate, test: Arrays, batch_size: int) -> Form:
    """The net as it is."""
    return Form(name, FLOAT32, evaluate(entry, test, batch_size))


def in_int8(form: Form, entry: Candidate, test: Arrays, calibrate: Arrays, batch_size: int) -> Form | str:
    """The net of `form` in 8 bits: integers throughout for a conventional one, int8 weights for a spiking one.

    Returns the reason instead when the net has no such form.
    """
    try:
        if entry.is_conventional:
            net = quantise(entry.net, spread(calibrate, CALIBRATION_SAMPLES))
        elif form.evaluation.counts.is_spiking:
            _, x = next(batches(spread(calibrate, batch_size), entry.encode, batch_size, entry.seed))
            rounded = with_int8_weights(entry.net, x)
        else:
            return "rate-coded neurons have no 8-bit form here"
    except (TypeError, ValueError) as reason:
        return str(reason)
    if entry.is_conventional:
        accuracy = _integer_accuracy(net, entry, test, batch_size)
        return Form(form.net, INT8, Evaluation(accuracy, form.evaluation.counts), net.report)
    return Form(form.net, INT8, evaluate(encoded_through(entry, rounded.net, rounded.on_grid), test, batch_size))


def spread(data: Arrays, most: int) -> Array:
    """At most `most` samples, evenly over the data, whatever their order."""
    n = len(data)
    return data.inputs if n <= most else data.inputs[np.linspace(0, n - 1, most).astype(np.int64)]


def _integer_accuracy(net: QuantisedNet, entry: Candidate, test: Arrays, batch_size: int) -> float:
    parts = batches(test.inputs, None, batch_size)
    return sum(correct(entry.readout(net(x)), test.labels[part], test.classes) for part, x in parts) / len(test)
