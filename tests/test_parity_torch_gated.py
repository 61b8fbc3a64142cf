"""LSTM, GRU and Elman against torch's: outputs, last states and all gradients."""

from __future__ import annotations

import numpy as np
import pytest
from torch_parity import TOLERANCE, close

import spikenet as sn
from spikenet.graph import Tensor

torch = pytest.importorskip("torch", reason="parity is checked where torch is installed")

N_IN, N, STEPS, BATCH = 5, 7, 9, 3
BLOCKS = {"LSTM": (0, 1, 3, 2), "GRU": (0, 1, 2), "Elman": (0,)}  # torch's order of gates, in ours


def blocks(array, order):
    """The blocks of n columns in torch's order."""
    return np.concatenate([array[..., k * N : (k + 1) * N] for k in order], axis=-1)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("kind", BLOCKS)
def test_recurrent_layer(kind, dtype):
    rng, order = np.random.default_rng(0), BLOCKS[kind]
    ours = sn.cast(getattr(sn, kind)(N_IN, N, seed=1), dtype)
    theirs = {"LSTM": torch.nn.LSTM, "GRU": torch.nn.GRU, "Elman": torch.nn.RNN}[kind](N_IN, N).double()
    w = {name: p.data.astype(np.float64) for name, p in ours.parameters().items()}
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(torch.tensor(blocks(w["weight"], order).T.copy()))
        theirs.weight_hh_l0.copy_(torch.tensor(blocks(w["recurrent_weight"], order).T.copy()))
        theirs.bias_ih_l0.copy_(torch.tensor(blocks(w["bias"], order)))
        theirs.bias_hh_l0.zero_()
        if kind == "GRU":
            theirs.bias_hh_l0[2 * N :] = torch.tensor(w["inner_bias"])
    x = rng.normal(size=(STEPS, BATCH, N_IN)).astype(dtype)
    state = [rng.normal(size=(BATCH, N)).astype(dtype) for _ in ours.states]
    g = rng.normal(size=(STEPS, BATCH, N)).astype(dtype)

    ours_x, ours_state = Tensor(x, requires_grad=True), tuple(Tensor(s, requires_grad=True) for s in state)
    y, after = ours.run(ours_x, ours_state)
    ((y * g).sum() + sum((part * 0.7).sum() for part in after)).backward()

    their_x = torch.tensor(x.astype(np.float64), requires_grad=True)
    their_state = tuple(torch.tensor(s.astype(np.float64)[None], requires_grad=True) for s in state)
    out, last = theirs(their_x, their_state if kind == "LSTM" else their_state[0])
    last = last if kind == "LSTM" else (last,)
    ((out * torch.tensor(g.astype(np.float64))).sum() + sum(0.7 * part.sum() for part in last)).backward()

    close(y.data, out.detach().numpy(), dtype, "output")
    close(ours_x.grad, their_x.grad.numpy(), dtype, "input")
    for one, other in zip(ours_state, their_state, strict=True):
        close(one.grad, other.grad.numpy()[0], dtype, "state")
    close(blocks(ours.weights["weight"].grad, order).T, theirs.weight_ih_l0.grad.numpy(), dtype, "weight")
    close(blocks(ours.weights["recurrent_weight"].grad, order).T, theirs.weight_hh_l0.grad.numpy(), dtype, "recurrent")
    close(blocks(ours.weights["bias"].grad, order), theirs.bias_ih_l0.grad.numpy(), dtype, "bias")
    if kind == "GRU":
        close(ours.weights["inner_bias"].grad, theirs.bias_hh_l0.grad.numpy()[2 * N :], dtype, "inner bias")
