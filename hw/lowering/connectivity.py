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

from hw.lowering.stages import Shape, Stage
from spikenet.kernels.window import Window

Integers = npt.NDArray[np.int64]
Matrix = Any  # scipy.sparse.csr_array, of which there are no types


def synapses(stage: Stage) -> Matrix:
    """(sources, neurons) of ones, one a synapse; neurons by place and then filter, as `order` lists them."""
    matrix = sparse.csr_array(_joined(stage, stage.weight != 0)[:, order(stage)])
    matrix.data = np.ones(matrix.nnz, np.int8)
    return matrix


def weights(stage: Stage) -> Matrix:
    """(sources, neurons) float64 of what a source's spike brings a neuron; neurons as the layer orders them."""
    values = stage.weight.astype(np.float64)
    for kind, window in stage.pools:
        values = values / window.n_taps if kind.startswith("Avg") else values
    return sparse.csr_array(_joined(stage, values))


def delays_of_sources(delays: Any, weights: Any) -> Integers | None:
    """(sources,) the delay that all synapses of a source have; None where one has several, or there are no delays.

    delays: broadcasts to the weights (sources, n), of which those that are 0 are no synapses
    """
    if delays is None:
        return None
    if np.ndim(delays) == 0:
        return np.full(weights.shape[0], delays, np.int64)
    if np.shape(delays)[1] == 1:
        return np.asarray(delays, np.int64)[:, 0]
    there = np.asarray(weights) != 0
    longest = np.where(there, delays, 0).max(axis=1, initial=0)
    same = (np.where(there, delays, longest[:, None]) == longest[:, None]).all()
    return longest.astype(np.int64) if same else None


def recurrent_synapses(stage: Stage) -> Matrix | None:
    """(neurons, neurons) of ones within a stage, in the order of `order`; None without recurrence."""
    if stage.recurrent is None:
        return None
    places = order(stage)
    matrix = sparse.csr_array((stage.recurrent != 0).astype(np.int8))
    return sparse.csr_array(matrix[places][:, places])


def order(stage: Stage) -> Integers:
    """Neurons of a map by place and then channel, so that those next to each other share sources, or as arranged."""
    if stage.arranged is not None:
        return stage.arranged
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


def _joined(stage: Stage, values: Any) -> Matrix:
    """(sources, neurons) of `values`, in the shape of the stage's weights, behind what is pooled in front."""
    matrix = sparse.csr_array(values * 1) if stage.window is None else _convolution(stage, values)
    for kind_window in reversed(stage.pools):
        matrix = _behind(pooled(kind_window[1], matrix.shape[0]), matrix)
    return matrix


def _behind(pooling: Matrix, matrix: Matrix) -> Matrix:
    """pooling @ matrix; where windows do not overlap, rows of `matrix` are repeated, in a fifth of the time."""
    within = np.diff(pooling.indptr)
    if within.max(initial=0) > 1:
        return pooling @ matrix
    rows = matrix[pooling.indices]
    fan = np.zeros(len(within), np.int64)
    fan[within > 0] = np.diff(rows.indptr)
    indptr = np.concatenate([[0], np.cumsum(fan)]).astype(rows.indptr.dtype)
    return sparse.csr_array((rows.data, rows.indices, indptr), shape=(len(within), matrix.shape[1]))


def _convolution(stage: Stage, values: Any) -> Matrix:
    assert stage.window is not None
    window, filters = stage.window, stage.out_shape[0]
    per_group, of_group = stage.weight.shape[1], filters // stage.groups
    kernel = values.reshape(filters, per_group, *window.kernel)
    rows, columns, found = list[Integers](), list[Integers](), list[Any]()
    for a in range(window.kernel[0]):
        for b in range(window.kernel[1]):
            pixels, places = _pairs(window, a, b)
            f, c = np.nonzero(kernel[:, :, a, b])
            channel = c + f // of_group * per_group
            rows.append((channel[:, None] * window.n_in + pixels).reshape(-1))
            columns.append((f[:, None] * window.n_out + places).reshape(-1))
            found.append(np.repeat(kernel[f, c, a, b] * 1, len(pixels)))
    return _listed(rows, columns, (stage.mid_shape[0] * window.n_in, filters * window.n_out), found)


def pooled(window: Window, outputs: int) -> Matrix:
    """(outputs, windows of them) of ones, where a pooling takes the outputs of a layer."""
    channels = outputs // window.n_out
    rows, columns = list[Integers](), list[Integers]()
    each = np.arange(channels)[:, None]
    for a in range(window.kernel[0]):
        for b in range(window.kernel[1]):
            pixels, places = _pairs(window, a, b)
            rows.append((each * window.n_in + pixels).reshape(-1))
            columns.append((each * window.n_out + places).reshape(-1))
    return _listed(rows, columns, (channels * window.n_in, outputs))


def _pairs(window: Window, a: int, b: int) -> tuple[Integers, Integers]:
    """(pixels, places of the window) that tap (a, b) joins; what falls on the border joins nothing."""
    down, across = window.out
    y = np.arange(down) * window.stride[0] - window.padding[0] + a * window.dilation[0]
    x = np.arange(across) * window.stride[1] - window.padding[1] + b * window.dilation[1]
    inside = ((y >= 0) & (y < window.size[0]))[:, None] & ((x >= 0) & (x < window.size[1]))
    i, j = np.nonzero(inside)
    return y[i] * window.size[1] + x[j], i * across + j


def _listed(rows: list[Integers], columns: list[Integers], shape: Shape, values: list[Any] | None = None) -> Matrix:
    """Each (row, column) with its value, 1 where none are given."""
    r, c = np.concatenate(rows), np.concatenate(columns)
    found = np.ones(len(r), np.int32) if values is None else np.concatenate(values)
    return sparse.csr_array((found, (r, c)), shape=shape)
