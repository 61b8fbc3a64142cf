"""A layer in Akida's integers: potentials, the largest of those under a pooling, activations. Time does not exist."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from hw.lowering import connectivity
from hw.lowering.stages import Stage
from hw.neurons import akida
from hw.neurons.words import Integers, bits
from hw.programs.layer import LayerRun
from spikenet.kernels.window import Window

Array = npt.NDArray[Any]
NARROW = 1 << 8  # what goes on to a layer is below it; potentials that are read are not


@dataclass(frozen=True, eq=False)
class AkidaLayer:
    """One layer, run by `hw.neurons.akida.dense` or, with a window, `.conv2d`, and nothing else.

    shape    : of the activations, behind the pooling
    weights  : integers, (inputs, units) or, mirrored as the chip has them, (filters, channels, height, width)
    words    : of the layer
    pool     : of the maximum before the activation, or None
    scale    : (n,) integers of what is sent or read to the float net's 1
    read_bias: (n,) real, added to potentials where they are read: the chip adds none without an activation; or None
    fires    : whether activations are spikes, in place of numbers
    stage    : its connections with their integers, as `hw.lowering` has them
    """

    name: str
    shape: tuple[int, ...]
    weights: Integers
    words: akida.V1 | akida.V2
    pool: Window | None
    scale: Array
    read_bias: Array | None
    fires: bool
    stage: Stage

    @property
    def n_inputs(self) -> int:
        return self.stage.n_sources

    @property
    def reads_v(self) -> bool:
        return not self.fires

    @property
    def recurrent(self) -> None:
        return None

    @cached_property
    def connectivity(self) -> Any:
        """(inputs, n); behind a pooling the sum of the sizes of all that is under a window."""
        joined = self._joined
        if self.pool is None:
            return joined
        return sparse.csr_array(abs(joined) @ connectivity.pooled(self.pool, self.stage.out_shape[0] * self.pool.n_out))

    @cached_property
    def operations(self) -> Integers:
        """(inputs,) weights that an activation meets, under a pooling those of all that the largest is taken of."""
        there = sparse.csr_array(self._joined, copy=True)
        there.eliminate_zeros()
        counts: Integers = np.diff(there.indptr).astype(np.int64)
        return counts

    @property
    def _joined(self) -> Any:
        return connectivity.weights(self.stage)

    def run(self, spikes: Array, *, late: int = 0, watch: bool = False) -> LayerRun:
        steps, batch = spikes.shape[:2]
        got = self.plain(spikes.reshape(steps * batch, self.n_inputs))
        y = got.y.reshape(steps, batch, len(self.scale))
        overflows = {"v": got.overflow}
        if self.fires:
            return LayerRun(y.astype(np.int8), None, overflows)
        low, high = ends_of(self.words)
        v = y if self.read_bias is None else y + self.read_bias
        sent = y.astype(np.int16) if high < NARROW else np.zeros(y.shape, np.int8)
        return LayerRun(sent, v, overflows, float(np.abs(y).max(initial=0)) / max(high, -low))

    def plain(self, x: Array) -> akida.Run:
        """What the chip's own layer gives for (samples, inputs)."""
        window, pool = self.stage.window, self.pool
        if window is None:
            return akida.dense(x, self.weights, self.words)
        return akida.conv2d(
            x.reshape(len(x), *self.stage.mid_shape), self.weights, self.words, stride=window.stride[0],
            same_size=any(window.padding), pool=0 if pool is None else pool.kernel[0],
            pool_stride=0 if pool is None else pool.stride[0],
        )  # fmt: skip


def ends_of(words: akida.V1 | akida.V2) -> tuple[int, int]:
    """The least and the largest that a layer can send."""
    if isinstance(words, akida.V1):
        return bits(32) if words.act_bits is None else (0, (1 << words.act_bits) - 1)
    return (0, (1 << words.output_bits) - 1) if words.output_bits <= 4 else bits(words.output_bits)
