"""Extreme learning machine: random layers left as they are, and a last one solved for at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array, finite_number
from spikenet.graph import no_grad
from spikenet.layers import Linear, Sequential
from spikenet.train.samples import samples


def solve_readout(net: Sequential, data: Any, *, penalty: float = 1e-3, batch_size: int = 1024) -> Sequential:
    """`net` with its last layer, a Linear, set to the ridge regression of the targets on what reaches it; in place.

    data   : sn.data.Arrays, or a pair (inputs (N, ...), targets): labels (N,), fitted as 0/1, or values (N, n_out)
    penalty: of squared weights, >= 0; relative to the mean square of the features

    Raises TypeError when the last layer is no Linear, ValueError for labels or targets that do not fit its outputs.
    Source: Huang, Zhu & Siew 2006, Neurocomputing 70:489-501; with the penalty, Huang et al. 2012.
    """
    if not isinstance(net, Sequential) or len(net.layers) < 2 or not isinstance(net.layers[-1], Linear):
        raise TypeError(
            f"solve_readout: expected a Sequential of two layers or more, the last a Linear, got {net!r:.80}"
        )
    last = net.layers[-1]
    chosen = samples("solve_readout: data", data, last.weight.dtype)
    wanted = _targets(chosen.targets, last.n_out)
    ridge = finite_number("solve_readout: penalty", penalty)
    if ridge < 0:
        raise ValueError(f"solve_readout: penalty: expected a number >= 0, got {ridge}")
    body, n = Sequential(*net.layers[:-1]), last.n_in + 1
    gram, along = np.zeros((n, n)), np.zeros((n, last.n_out))
    with no_grad():
        for start in range(0, chosen.n, batch_size):
            features = body(chosen.inputs[start : start + batch_size]).data.astype(np.float64)
            if features.ndim != 2 or features.shape[1] != last.n_in:
                raise ValueError(f"solve_readout: expected features (batch, {last.n_in}), got {features.shape}")
            rows = np.concatenate([features, np.ones((len(features), 1))], axis=1)
            gram += rows.T @ rows
            along += rows.T @ wanted[start : start + batch_size]
    strength = ridge * np.trace(gram) / n
    solved = np.linalg.lstsq(gram + strength * np.diag([*[1.0] * last.n_in, 0.0]), along, rcond=None)[0]
    last.weight.data[...] = solved[:-1]
    if last.bias is None:
        raise TypeError("solve_readout: the last Linear needs a bias")
    last.bias.data[...] = solved[-1]
    return net


def _targets(targets: Array, n_out: int) -> Array:
    if targets.ndim == 1 and targets.dtype.kind in "iu":
        if targets.min() < 0 or targets.max() >= n_out:
            raise ValueError(f"solve_readout: expected labels in 0 .. {n_out - 1}, got up to {targets.max()}")
        return np.eye(n_out)[targets]
    if targets.shape[1:] != (n_out,):
        raise ValueError(f"solve_readout: expected targets (N, {n_out}), got {targets.shape}")
    return targets.astype(np.float64)
