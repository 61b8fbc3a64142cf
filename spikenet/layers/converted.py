"""What a conventional net is trained with, or made of, on its way to spikes: QCFS, ConvertedIF, SpikingMaxPool2d."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from spikenet.errors import Array, finite_values, positive, positive_values, whole
from spikenet.graph import Tensor, TensorLike
from spikenet.kernels import memory
from spikenet.kernels.leader_pool import leaders
from spikenet.layers.firing import firing
from spikenet.layers.layer import State, Training, as_input, state_parts
from spikenet.layers.memoryless import Memoryless, learnt
from spikenet.layers.spiking import Spiking
from spikenet.neurons import integrate_and_fire
from spikenet.neurons.reset import Reset, detached_subtract


def QCFS(levels: int, *, threshold: float = 1.0) -> Memoryless:
    """A ReLU cut off at a learnt threshold and rounded to `levels` steps: what an IF neuron can say in as many steps.

    y = threshold / levels * clip(floor(x levels / threshold + 1/2), 0, levels); the gradient is that without floor.
    Source: Bu et al. 2022 (arXiv:2303.04347), eq. 15 and 18.
    """
    count, start = whole("QCFS: levels", levels), positive("QCFS: threshold", threshold)
    weights = {"threshold": learnt("threshold", np.array(start))}
    described = {"levels": count, "threshold": start}
    return Memoryless("QCFS", partial(_qcfs, count, True), weights, described, twin=partial(_qcfs, count, False))


def ConvertedIF(
    *, threshold: Any = 1.0, start: Any = 0.5, reset: Reset = detached_subtract, learn: tuple[str, ...] = ()
) -> Spiking:
    """IF neurons whose membrane begins above 0, half-way to the threshold unless said otherwise; reset by subtraction.

    threshold, start: a number or one a neuron; `start` in parts of the threshold;  learn: ("threshold",) or nothing
    Rounding down, which counting spikes is, becomes rounding to the nearest. Source: Bu et al. 2022 (arXiv:2202.01440).
    """
    given = finite_values("ConvertedIF: start", start)
    if given.dtype.kind != "f" or not given.size:
        raise ValueError(f"ConvertedIF: start: expected real numbers, at least one, got {start!r:.60}")
    begun = given * positive_values("ConvertedIF: threshold", threshold)
    described = {"threshold": threshold, "start": start, "reset": reset, "learn": learn}
    values = integrate_and_fire.parameters(threshold)
    return firing("ConvertedIF", integrate_and_fire.step, described, values, rest={"v": begun})


class SpikingMaxPool2d:
    """Lets through, of each window, the spikes of the place that has fired most so far: the maximum of rates.

    kernel_size: of the windows, which lie side by side; rows and columns that do not fill one are left out
    State: spikes counted so far, (batch, channels, height, width). It has no gradient.
    Source: Rueckauer et al. 2017, Front. Neurosci. 11:682, section 2.2.
    """

    kind = "SpikingMaxPool2d"
    states = ("count",)

    def __init__(self, kernel_size: int) -> None:
        self.kernel_size = whole("SpikingMaxPool2d: kernel_size", kernel_size)

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        return self.run(x)[0]

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        spikes = as_input(self.kind, x).data
        size = self.kernel_size
        if spikes.ndim != 5 or min(spikes.shape[-2:]) < size:
            raise ValueError(
                f"{self.kind}: expected spikes (steps, batch, channels, height, width), at least {size} x {size}, "
                f"got {spikes.shape}"
            )
        before = state_parts(self.kind, state, self.states)
        steps, batch, channels, height, width = spikes.shape
        counts = np.zeros((batch, channels, height, width), spikes.dtype)
        if before is not None:
            counts[...] = as_input(f"{self.kind}: state", before[0]).data
        y = memory.empty((steps, batch, channels, height // size, width // size), spikes.dtype)
        maps, given = batch * channels, memory.read_only(np.ascontiguousarray(spikes))
        leaders(
            given.reshape(steps, maps, height, width),
            counts.reshape(maps, height, width),
            size,
            y.reshape(steps, maps, *y.shape[3:]),
        )
        return Tensor(y), (Tensor(counts),)

    def parameters(self) -> dict[str, Tensor]:
        return {}

    def config(self) -> dict[str, Any]:
        return {"kernel_size": self.kernel_size}

    def __repr__(self) -> str:
        return f"SpikingMaxPool2d({self.kernel_size})"


def _qcfs(levels: int, rounds: bool, x: Tensor, weights: Mapping[str, Tensor], training: Training | None) -> Tensor:
    threshold = weights["threshold"]
    top = threshold.data
    share = x.data * (levels / top)
    steps = np.clip(np.floor(share + 0.5) if rounds else share, 0, levels)
    inside, above = (share > 0) & (share < levels), share >= levels

    def vjp(g: Array) -> tuple[Array, Array]:
        # y = threshold * f(x / threshold): the part inside passes x's gradient and its rounding to the threshold
        slope = np.where(inside, (steps - share) / levels, above)
        return g * inside, np.asarray((g * slope).sum(), top.dtype).reshape(top.shape)

    return Tensor((steps * (top / levels)).astype(x.dtype), (x, threshold), vjp, operation="qcfs")
