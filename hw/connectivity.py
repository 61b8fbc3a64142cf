"""Which source reaches which neuron, of any stage: a sparse matrix, from sources to neurons.

Weights that are 0 are no synapses: a pruned net needs less. Pooling in front is multiplied in: a neuron listens to
every source under its pooled windows.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from hw.stages import Shape, Stage
from spikenet.kernels.window import Window

Integers = npt.NDArray[np.int64]
Matrix = Any  # scipy.sparse.csr_array, of which there are no types


def synapses(stage: Stage) -> Matrix:
    """(sources, neurons) of ones, one a synapse; neurons by place and then filter, as `order` lists them."""
    matrix = _dense(stage) if stage.window is None else _convolution(stage)
    for kind_window in reversed(stage.pools):
        matrix = _pooling(kind_window[1], matrix.shape[0]) @ matrix
    matrix = sparse.csr_array(matrix[:, order(stage)])
    matrix.data = np.ones(matrix.nnz, np.int8)
    return matrix


def recurrent_synapses(stage: Stage) -> Matrix | None:
    """(neurons, neurons) of ones within a stage, in the order of `order`; None without recurrence."""
    if stage.recurrent is None:
        return None
    places = order(stage)
    matrix = sparse.csr_array((stage.recurrent != 0).astype(np.int8))
    return sparse.csr_array(matrix[places][:, places])


def order(stage: Stage) -> Integers:
    """Neurons of a map by place and then channel, so that those next to each other share sources."""
    numbers: Integers = np.arange(stage.n_neurons, dtype=np.int64)
    if len(stage.out_shape) == 1:
        return numbers
    channels = stage.out_shape[0]
    return np.ascontiguousarray(numbers.reshape(channels, -1).T).reshape(-1)


def synapse_count(stage: Stage) -> int:
    """Upper bound of the synapses without listing them: windows over the border counted in full."""
    recurrent = 0 if stage.recurrent is None else int(np.count_nonzero(stage.recurrent))
    pooled = math.prod(window.n_taps for _, window in stage.pools)
    weights = int(np.count_nonzero(stage.weight))
    return weights * (1 if stage.window is None else stage.window.n_out) * pooled + recurrent


def _dense(stage: Stage) -> Matrix:
    return sparse.csr_array((stage.weight != 0).astype(np.int8))


def _convolution(stage: Stage) -> Matrix:
    assert stage.window is not None
    window, filters = stage.window, stage.out_shape[0]
    per_group, of_group = stage.weight.shape[1], filters // stage.groups
    kernel = stage.weight.reshape(filters, per_group, *window.kernel)
    rows, columns = list[Integers](), list[Integers]()
    for a in range(window.kernel[0]):
        for b in range(window.kernel[1]):
            pixels, places = _pairs(window, a, b)
            f, c = np.nonzero(kernel[:, :, a, b])
            channel = c + f // of_group * per_group
            rows.append((channel[:, None] * window.n_in + pixels).reshape(-1))
            columns.append((f[:, None] * window.n_out + places).reshape(-1))
    return _ones(rows, columns, (stage.mid_shape[0] * window.n_in, filters * window.n_out))


def _pooling(window: Window, outputs: int) -> Matrix:
    channels = outputs // window.n_out
    rows, columns = list[Integers](), list[Integers]()
    each = np.arange(channels)[:, None]
    for a in range(window.kernel[0]):
        for b in range(window.kernel[1]):
            pixels, places = _pairs(window, a, b)
            rows.append((each * window.n_in + pixels).reshape(-1))
            columns.append((each * window.n_out + places).reshape(-1))
    return _ones(rows, columns, (channels * window.n_in, outputs))


def _pairs(window: Window, a: int, b: int) -> tuple[Integers, Integers]:
    """(pixels, places of the window) that tap (a, b) joins; what falls on the border joins nothing."""
    down, across = window.out
    y = np.arange(down) * window.stride[0] - window.padding[0] + a * window.dilation[0]
    x = np.arange(across) * window.stride[1] - window.padding[1] + b * window.dilation[1]
    inside = ((y >= 0) & (y < window.size[0]))[:, None] & ((x >= 0) & (x < window.size[1]))
    i, j = np.nonzero(inside)
    return y[i] * window.size[1] + x[j], i * across + j


def _ones(rows: list[Integers], columns: list[Integers], shape: Shape) -> Matrix:
    r, c = np.concatenate(rows), np.concatenate(columns)
    return sparse.csr_array((np.ones(len(r), np.int32), (r, c)), shape=shape)
