"""Central differences of a net of smooth twins, and the comparison of its gradient with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spikenet.diagnosis import frozen
from spikenet.errors import Array
from spikenet.graph import Tensor
from spikenet.graph.check import STEP
from spikenet.layers import Layer


@dataclass(frozen=True)
class Stencil:
    """Where a function is asked for a derivative: `weights` by the multiple of `step` (of 1 or |x|) to either side."""

    step: float
    weights: dict[int, float]


NEAR = Stencil(STEP, {1: 1 / 2})  # seldom reaches over a kink, of a surrogate of compact support say
FAR = Stencil(float(np.finfo(np.float64).eps) ** (1 / 5), {1: 2 / 3, 2: -1 / 12})  # a hundredth of the rounding

ROUNDING = 4 * float(np.finfo(np.float64).eps) / FAR.step  # of twins near 1/2, the spikes of silent neurons


def difference(
    twin: Layer, x: Array, notes: frozen.Notes, measured: Callable[[Tensor], Tensor], values: Array, k: int,
    linear: bool, stencil: Stencil,
) -> complex:  # fmt: skip
    """The derivative; of a complex number those by its real and imaginary part, as its gradient holds them.

    linear: whether `measured` is, so that outputs are subtracted before they are summed, which loses fewer digits
    """
    flat = values.reshape(-1)
    centre = flat[k]
    reach, slope = stencil.step * max(1.0, abs(centre)), 0.0

    def output(to: complex) -> Array:
        flat[k] = to
        y = frozen.run(twin, x, notes, recording=False)
        return y.copy() if np.may_share_memory(y, values) else y  # of Flatten, say: the numbers about to be moved

    for way in (1, 1j) if values.dtype.kind == "c" else (1,):
        for far, weight in stencil.weights.items():
            above, below = output(centre + far * reach * way), output(centre - far * reach * way)
            if linear:
                change = measured(Tensor(above - below)).item()
            else:
                change = measured(Tensor(above)).item() - measured(Tensor(below)).item()
            slope += way * weight * change / reach
    flat[k] = centre
    return slope


def compared(
    name: str, ours: Array, chosen: Array, asked: Callable[[int, Stencil], complex], relative: float, noise: float
) -> float:
    """The largest error; the second stencil is asked where the first finds no agreement, which may be its rounding."""
    least = max(1e-3 * float(np.abs(ours).max(initial=0)) + 1e-9, noise, ROUNDING / relative)
    worst = 0.0
    for k in map(int, chosen):
        index = tuple(int(i) for i in np.unravel_index(k, ours.shape))
        tried = []
        for stencil in (NEAR, FAR):
            numeric = asked(k, stencil)
            tried.append((abs(ours[index] - numeric) / max(abs(ours[index]), abs(numeric), least), numeric))
            if tried[-1][0] <= relative:
                break
        error, numeric = min(tried, key=lambda one: one[0])
        if not error <= relative:
            raise ValueError(
                f"check_gradient: {name}, index {index}: the net's adjoint gives {ours[index]:.10g}, differences of "
                f"its smooth twin give {numeric:.10g}; relative error {error:.2g}, accepted {relative:g}"
            )
        worst = max(worst, float(error))
    return worst
