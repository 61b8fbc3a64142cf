"""Layers over tokens and time that are made of others, against torch's: both directions, positions, whole blocks."""

from __future__ import annotations

import numpy as np
import pytest
from torch_parity import TOLERANCE, close, compare

import spikenet as sn
from spikenet.graph import Tensor

torch = pytest.importorskip("torch", reason="parity is checked where torch is installed")

N_IN, N, STEPS, BATCH = 5, 7, 9, 3
GATES = (0, 1, 3, 2)  # torch's order of an LSTM's, in ours
WIDE, HEADS, HIDDEN = 8, 2, 12


def put(theirs, given):
    """Numbers of ours into torch's parameters by name; whatever is not named becomes 0."""
    with torch.no_grad():
        for name, p in theirs.named_parameters():
            p.copy_(torch.tensor(np.ascontiguousarray(given[name])) if name in given else torch.zeros_like(p))


def lstm_weights(w, before, behind=""):
    """The weights of our LSTM, named `before` + ..., as torch's are named and laid out."""

    def turned(name):
        array = w[before + name]
        return np.concatenate([array[..., k * N : (k + 1) * N] for k in GATES], axis=-1).T

    ours = {"weight_ih_l0": "weight", "weight_hh_l0": "recurrent_weight", "bias_ih_l0": "bias"}
    return {name + behind: turned(other) for name, other in ours.items()}


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_bidirectional(dtype):
    ours = sn.cast(sn.Bidirectional(sn.LSTM(N_IN, N, seed=0), sn.LSTM(N_IN, N, seed=1)), dtype)
    w = {name: p.data.astype(np.float64) for name, p in ours.parameters().items()}
    theirs = torch.nn.LSTM(N_IN, N, bidirectional=True).double()
    put(theirs, lstm_weights(w, "0.") | lstm_weights(w, "1.", "_reverse"))
    rng = np.random.default_rng(0)
    x = rng.normal(size=(STEPS, BATCH, N_IN)).astype(dtype)
    g = rng.normal(size=(STEPS, BATCH, 2 * N)).astype(dtype)
    one, other = Tensor(x, requires_grad=True), torch.tensor(x.astype(np.float64), requires_grad=True)
    y, expected = ours(one), theirs(other)[0]
    y.backward(g)
    expected.backward(torch.tensor(g.astype(np.float64)))
    close(y.data, expected.detach().numpy(), dtype, "output")
    close(one.grad, other.grad.numpy(), dtype, "input")
    grads = {name: p.grad for name, p in ours.parameters().items()}
    for name, grad in (lstm_weights(grads, "0.") | lstm_weights(grads, "1.", "_reverse")).items():
        close(grad, getattr(theirs, name).grad.numpy(), dtype, name)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_fully_recurrent(dtype):
    def theirs(x, w):
        h, said = torch.zeros(BATCH, N, dtype=torch.float64), []
        for now in x:
            h = torch.tanh(now @ w["weight"] + h @ w["recurrent_weight"] + w["bias"])
            said.append(h[:, -2:])
        return torch.stack(said)

    x = np.random.default_rng(1).normal(size=(STEPS, BATCH, N_IN))
    compare(torch, sn.FullyRecurrent(N_IN, N, 2, seed=0), theirs, x, dtype)


def waves(x):
    """Sines and cosines by the paper's formula, one token and one pair at a time."""
    table = torch.zeros(x.shape[-2:], dtype=torch.float64)
    for t in range(len(table)):
        for k in range(0, table.shape[1], 2):
            angle = torch.tensor(t / 10000 ** (k / table.shape[1]), dtype=torch.float64)
            table[t, k], table[t, k + 1] = torch.sin(angle), torch.cos(angle)
    return x + table


TOKENS = {
    "SinusoidalPositions": (sn.SinusoidalPositions, lambda x, w: waves(x)),
    "TokenMean": (sn.TokenMean, lambda x, w: x.mean(-2)),
    "Residual": (
        lambda: sn.Residual(sn.Linear(WIDE, WIDE, seed=0), sn.ReLU()),
        lambda x, w: x + torch.relu(x @ w["0.weight"] + w["0.bias"]),
    ),
}


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", TOKENS)
def test_tokens(name, dtype):
    make, function = TOKENS[name]
    compare(torch, make(), function, np.random.default_rng(2).normal(size=(BATCH, 5, WIDE)), dtype)


def block_weights(w, parts):
    """Weights of our block as torch names them: parts of ours by parts of torch's."""
    found = {}
    for ours, theirs in parts.items():
        if f"{ours}.out_weight" in w:
            names = {"weight": "in_proj_weight", "bias": "in_proj_bias"}
            names |= {"out_weight": "out_proj.weight", "out_bias": "out_proj.bias"}
        else:
            names = {"weight": "weight", "bias": "bias"}
        for one, other in names.items():
            found[f"{theirs}.{other}"] = w[f"{ours}.{one}"].T
    return found


def check_block(ours, theirs, parts, inputs, call, dtype, rng, **masks):
    """Both blocks on the same inputs: outputs and all gradients. masks: what ours is called with besides."""
    for k, p in enumerate(ours.parameters().values()):
        p.data = (np.random.default_rng(k).normal(size=p.shape) / 3).astype(dtype)
    put(theirs, block_weights({name: p.data.astype(np.float64) for name, p in ours.parameters().items()}, parts))
    given = [Tensor(x, requires_grad=True) for x in inputs]
    others = [torch.tensor(x.astype(np.float64), requires_grad=True) for x in inputs]
    y, expected = ours(*given, **masks), call(*others)
    g = rng.normal(size=y.shape).astype(dtype)
    y.backward(g)
    expected.backward(torch.tensor(g.astype(np.float64)))
    close(y.data, expected.detach().numpy(), dtype, "output")
    for k, (one, other) in enumerate(zip(given, others, strict=True)):
        close(one.grad, other.grad.numpy(), dtype, f"input {k}")
    grads = block_weights({name: p.grad for name, p in ours.parameters().items()}, parts)
    there = dict(theirs.named_parameters())
    assert grads.keys() == there.keys()
    for name, grad in grads.items():
        close(grad, there[name].grad.numpy(), dtype, name)


OPTIONS = {"dropout": 0.0, "activation": "gelu", "batch_first": True, "norm_first": True}


FILLED = {5: np.arange(5) < np.array([[5], [3], [1]]), 6: np.arange(6) < np.array([[2], [6], [4]])}
"""By length of the sequences, where true tokens stand; the rest is filling."""


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_encoder_block(dtype, masked):
    rng = np.random.default_rng(3)
    theirs = torch.nn.TransformerEncoderLayer(WIDE, HEADS, HIDDEN, **OPTIONS).double()
    parts = {"0.0": "norm1", "0.1": "self_attn", "1.0": "norm2", "1.1": "linear1", "1.3": "linear2"}
    x = rng.normal(size=(BATCH, 5, WIDE)).astype(dtype)
    ours, masks, filling = sn.models.EncoderBlock(WIDE, HEADS, HIDDEN, seed=0), {}, None
    if masked:
        masks, filling = {"mask": FILLED[5][:, None, None]}, torch.tensor(~FILLED[5])
    check_block(ours, theirs, parts, [x], lambda x: theirs(x, src_key_padding_mask=filling), dtype, rng, **masks)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_decoder_block(dtype, masked):
    rng = np.random.default_rng(4)
    theirs = torch.nn.TransformerDecoderLayer(WIDE, HEADS, HIDDEN, **OPTIONS).double()
    parts = {
        "own.0": "norm1", "own.1": "self_attn", "norm": "norm2", "cross": "multihead_attn", "each.0": "norm3",
        "each.1": "linear1", "each.3": "linear2",
    }  # fmt: skip
    hidden = torch.ones(5, 5, dtype=torch.bool).triu(1)
    inputs = [rng.normal(size=(BATCH, n, WIDE)).astype(dtype) for n in (5, 6)]
    masks, fillings = {}, {}
    if masked:
        masks = {"own_mask": FILLED[5][:, None, None], "mask": FILLED[6][:, None, None]}
        fillings = {f"{name}_key_padding_mask": torch.tensor(~FILLED[n]) for name, n in (("tgt", 5), ("memory", 6))}
    check_block(
        sn.models.DecoderBlock(WIDE, HEADS, HIDDEN, seed=0), theirs, parts, inputs,
        lambda x, context: theirs(x, context, tgt_mask=hidden, **fillings), dtype, rng, **masks,
    )  # fmt: skip
