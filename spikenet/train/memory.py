"""How much memory a run or a training step will take, before it is taken; and training cut to fit a budget."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikenet.graph import Tensor
from spikenet.layers import Layer, Segmented
from spikenet.layers.footprint import LayerMemory, forward_bytes, layer_memory, training_bytes
from spikenet.layers.layer import dtype_of
from spikenet.layers.sequential import has_memory
from spikenet.train.adam import Adam
from spikenet.train.checks import check_net


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes that a net takes for one input, layer by layer and in all; printed as a table.

    layers    : as they follow one another
    input     : of the input itself, once if it is the same at every step
    parameters: weights, part of both totals
    forward   : peak of a run in evaluation
    training  : peak of a training step: weights, their gradients, the optimiser's moments, what the layers keep, and
                gradients on their way

    The totals hold the buffers that lie idle for reuse, and neither Python and its libraries (some 150 MB) nor the
    data set. How many neurons will fire is not known: where spikes are so dense that a product takes them as an array,
    that array comes on top; a surrogate of compact support is taken to be 0 nine times out of ten.
    """

    layers: tuple[LayerMemory, ...]
    input: int
    parameters: int
    forward: int
    training: int

    @property
    def training_and_input(self) -> int:
        """Peak of a training step with its minibatch."""
        return self.training + self.input

    def __str__(self) -> str:
        rows: list[tuple[str, ...]] = [
            ("layer", "output", "kept", "gradient", "weights"),
            ("input", _short(self.input), "", "", ""),
        ]
        for one in self.layers:
            rows.append((one.name, *map(_short, (one.output, one.kept, one.gradient, one.parameters))))
        wide = max(len(row[0]) for row in rows)
        lines = [f"{row[0]:{wide}}" + "".join(f"{cell:>10}" for cell in row[1:]) for row in rows]
        return "\n".join([*lines, f"forward {_short(self.forward)}, training {_short(self.training)}"])


def memory_estimate(net: Layer, x: Any, *, optimiser: Any = None) -> MemoryEstimate:
    """What running and training `net` on input like `x` will take in memory, from shapes alone.

    x        : an array, or only its shape as np.broadcast_to(np.float32(0), shape): its values are not looked at.
               Input that does not change over time is told from its stride, as everywhere: np.broadcast_to(x0[None],
               shape) with the first axis repeated alone
    optimiser: of sn.optim; Adam when left out

    Runs the net once on two steps of one sample to learn the shapes inside.

    Raises TypeError when net is no layer or x no array, ValueError when x has no elements or does not suit the net.
    """
    dtype = check_net("memory_estimate", net)
    if not isinstance(x, (np.ndarray, Tensor)):
        raise TypeError(f"memory_estimate: x: expected an array, got {x!r:.60}; np.broadcast_to(0, shape) is one")
    data = x.data if isinstance(x, Tensor) else x
    timed = has_memory(net)
    if data.ndim < 2 or not data.size:
        raise ValueError(f"memory_estimate: x: expected (steps, batch, ...) or (batch, ...), got shape {data.shape}")
    held = timed and len(data) > 1 and data.strides[0] == 0 and any(data.strides)
    shape = (2, 1, *data.shape[2:]) if timed else (2, *data.shape[1:])
    dtype = dtype_of(net.parameters()) or dtype
    if data.dtype.kind == "c":
        dtype = np.result_type(dtype, np.complex64)
    one = np.zeros(shape[1:] if held else shape, dtype)
    probe = Tensor(np.broadcast_to(one, shape) if held else one)
    layers = layer_memory(net, probe, len(data), data.shape[1] if timed else None)
    copies = 2 + _moments(Adam() if optimiser is None else optimiser)
    size = math.prod(data.shape[1:] if held else data.shape) * dtype.itemsize
    weights = sum(one.parameters for one in layers)
    return MemoryEstimate(layers, size, weights, forward_bytes(layers), training_bytes(layers, copies))


def segment_steps(net: Layer, x: Any, memory_bytes: int, *, optimiser: Any = None) -> int:
    """The longest segment, in steps, with which training on input like `x` stays within `memory_bytes`.

    len(x) when the sequence need not be cut.

    Raises MemoryError naming the figures when no length fits.
    """
    budget = _short(memory_bytes)
    whole = memory_estimate(net, x, optimiser=optimiser).training_and_input
    if whole <= memory_bytes:
        return len(x)
    if not has_memory(net):
        raise MemoryError(
            f"fit: memory_bytes: a training step takes about {_short(whole)}, the budget is {budget}; a net without "
            "memory has no steps to cut: take a smaller batch_size"
        )
    least, steps = (whole, len(x)), len(x)
    while steps > 1:
        steps = min(steps - 1, math.ceil(steps * 0.9))
        steps = math.ceil(len(x) / math.ceil(len(x) / steps))  # as many segments, all about as long
        needed = memory_estimate(Segmented(net, steps=steps), x, optimiser=optimiser).training_and_input
        if needed <= memory_bytes:
            return steps
        least = min(least, (needed, steps))
    raise MemoryError(
        f"fit: memory_bytes: a training step takes about {_short(whole)} and, cut into segments of {least[1]} steps, "
        f"still {_short(least[0])}; the budget is {budget}: take a smaller batch_size than {x.shape[1]}"
    )


def _moments(optimiser: Any) -> int:
    """Arrays as large as the weights that an optimiser keeps."""
    state = optimiser.start({"p": Tensor(np.zeros(2, np.float32), requires_grad=True)})
    return sum(array.size == 2 for arrays in state.values() for array in arrays.values())


def _short(n_bytes: float) -> str:
    return f"{n_bytes / 1e6:,.1f} MB" if n_bytes >= 1e5 else f"{n_bytes / 1e3:,.1f} kB" if n_bytes else "0"
