"""Attention: against loops over single numbers, gradients, masks; positions; transformers that learn."""

from __future__ import annotations

import math

import numpy as np
import pytest

import spikenet as sn
from spikenet.graph import Tensor, attention, check_gradient
from spikenet.models import DecoderBlock, EncoderBlock, Transformer, image_transformer, spiking_transformer


def naive(q, k, v, allowed):
    out = np.zeros((len(q), v.shape[1]))
    for i in range(len(q)):
        seen = [j for j in range(len(k)) if allowed[i, j]]
        powers = [math.exp(sum(q[i] * k[j]) / math.sqrt(q.shape[1])) for j in seen]
        for power, j in zip(powers, seen, strict=True):
            out[i] += power / sum(powers) * v[j]
    return out


@pytest.mark.parametrize("causal", [False, True])
def test_attention_by_loops(causal, rng):
    q, k, v = rng.normal(size=(5, 3)), rng.normal(size=(5, 3)), rng.normal(size=(5, 4))
    mask = rng.random((5, 5)) < 0.6
    mask[:, 0] = True
    allowed = mask & (np.tri(5, dtype=bool) if causal else True)
    np.testing.assert_allclose(attention(q, k, v, mask=mask, causal=causal).data, naive(q, k, v, allowed), rtol=1e-12)


@pytest.mark.parametrize("causal", [False, True])
def test_attention_gradients(causal, rng):
    mask = rng.random((2, 1, 4, 4)) < 0.7
    shapes = [(2, 3, 4, 5), (2, 3, 4, 5), (3, 4, 2)]
    check_gradient(lambda q, k, v: attention(q, k, v, mask=mask, causal=causal), *(rng.normal(size=s) for s in shapes))


def test_a_query_that_may_look_nowhere_gets_0(rng):
    mask = np.ones((3, 3), bool)
    mask[1] = False
    x = Tensor(rng.normal(size=(3, 2)), requires_grad=True)
    y = attention(x, x, x, mask=mask)
    assert not y.data[1].any()
    assert np.isfinite(y.data).all()
    attention(x, Tensor(x.data), Tensor(x.data), mask=mask).backward(np.ones((3, 2)))
    assert not x.grad[1].any()


def test_large_scores_do_not_overflow():
    q = np.full((2, 4), 1e4, np.float32)
    assert np.isfinite(attention(q, q, q).data).all()


def test_attention_refuses():
    ones = np.ones
    with pytest.raises(ValueError, match=r"attention: expected query .*, got \(3, 4\), \(3, 5\) and \(3, 4\)"):
        attention(ones((3, 4)), ones((3, 5)), ones((3, 4)))
    with pytest.raises(ValueError, match=r"attention: expected a mask that broadcasts to \(3, 3\), got \(2, 3\)"):
        attention(ones((3, 4)), ones((3, 4)), ones((3, 4)), mask=ones((2, 3), bool))
    with pytest.raises(TypeError, match="attention: mask: expected booleans"):
        attention(ones((3, 4)), ones((3, 4)), ones((3, 4)), mask=ones((3, 3)))
    with pytest.raises(ValueError, match=r"MultiHeadAttention: expected input \(..., tokens, 4\), got \(3, 5\)"):
        sn.MultiHeadAttention(4, 2)(ones((3, 5), np.float32))
    with pytest.raises(ValueError, match=r"MultiHeadAttention: expected context \(..., tokens, 4\), got \(3, 5\)"):
        sn.MultiHeadAttention(4, 2)(ones((3, 4), np.float32), context=ones((3, 5), np.float32))
    with pytest.raises(ValueError, match="MultiHeadAttention: causal=True is about places of the input itself"):
        sn.MultiHeadAttention(4, 2, causal=True)(ones((3, 4), np.float32), context=ones((3, 4), np.float32))
    with pytest.raises(ValueError, match="MultiHeadAttention: heads: expected a divisor of n 4, got 3"):
        sn.MultiHeadAttention(4, 3)


@pytest.mark.parametrize("crossed", [False, True])
def test_multi_head_gradients(crossed, rng):
    layer = sn.cast(sn.MultiHeadAttention(4, 2, causal=not crossed, seed=0), np.float64)
    names = list(layer.weights)

    def f(x, c, *values):
        layer.weights.update(zip(names, values, strict=True))
        return layer(x, context=c) if crossed else layer(x + c)

    context = rng.normal(size=(2, 5 if crossed else 3, 4))
    check_gradient(f, rng.normal(size=(2, 3, 4)), context, *(p.data for p in layer.weights.values()))


def test_attention_forgets_the_order_of_its_context(rng):
    layer, x, c = sn.MultiHeadAttention(4, 2, seed=0), rng.normal(size=(3, 4)), rng.normal(size=(5, 4))
    x, c = x.astype(np.float32), c.astype(np.float32)
    np.testing.assert_allclose(layer(x, context=c).data, layer(x, context=c[::-1].copy()).data, rtol=1e-4, atol=1e-6)


def test_a_causal_block_does_not_see_what_comes_later(rng):
    block, x = EncoderBlock(8, 2, 16, causal=True, seed=0), rng.normal(size=(2, 6, 8)).astype(np.float32)
    changed = x.copy()
    changed[:, 4:] += 1
    assert np.array_equal(block(x).data[:, :4], block(changed).data[:, :4])
    assert not np.allclose(block(x).data[:, 4:], block(changed).data[:, 4:])


def test_sinusoids():
    y = sn.SinusoidalPositions()(np.zeros((5, 6))).data
    assert y[3, 0] == pytest.approx(math.sin(3))
    assert y[3, 1] == pytest.approx(math.cos(3))
    assert y[4, 4] == pytest.approx(math.sin(4 / 10000 ** (4 / 6)))


def test_patches_are_the_blocks_of_the_image(rng):
    image = rng.normal(size=(3, 2, 4, 6))
    y = sn.Patches(2)(image).data
    assert y.shape == (3, 6, 8)
    np.testing.assert_array_equal(y[1, 4].reshape(2, 2, 2), image[1, :, 2:4, 2:4])


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (sn.Patches(3), (1, 4, 6), r"Patches: expected input .* in steps of 3, got \(1, 4, 6\)"),
        (
            sn.LearntPositions(3, 4),
            (5, 4),
            r"LearntPositions: expected input .*, got \(5, 4\)",
        ),
        (sn.SinusoidalPositions(), (5, 3), r"SinusoidalPositions: expected input .*, got \(5, 3\)"),
        (sn.Unflatten((2, 3)), (5, 5), r"Unflatten: expected input \(..., 6\) for \(2, 3\), got \(5, 5\)"),
        (sn.TokenMean(), (5,), r"TokenMean: expected input \(..., tokens, n\), got \(5,\)"),
    ],
    ids=lambda v: getattr(v, "kind", ""),
)
def test_token_layers_refuse(layer, shape, message):
    with pytest.raises(ValueError, match=message):
        layer(np.ones(shape, np.float32))


def test_shapes_that_do_not_fit_are_named(rng):
    q, k = rng.normal(size=(2, 3, 4)), rng.normal(size=(3, 5, 4))
    with pytest.raises(ValueError, match=r"leading axes that broadcast, got \(2, 3, 4\), \(3, 5, 4\) and \(3, 5, 4\)"):
        attention(q, k, k)


def test_a_decoder_block_drops_in_all_its_branches(rng):
    x = rng.normal(size=(2, 3, 4)).astype(np.float32)
    block = DecoderBlock(4, 2, 6, dropout=1 - 1e-6, seed=0)
    training = sn.Training(np.random.default_rng(0))
    np.testing.assert_array_equal(block(x, x, training=training).data, x)  # what is left is the shortcut
    assert np.abs(block(x, x).data - x).max() > 0.1


def test_decoder_block_gradients(rng):
    block = DecoderBlock(4, 2, 6, seed=0)
    for p in block.parameters().values():
        p.data = p.data.astype(np.float64)
    check_gradient(block, rng.normal(size=(1, 3, 4)), rng.normal(size=(1, 2, 4)))


def test_a_transformer_learns_to_turn_sequences_around():
    """Digits 0 to 3 reversed; 4 stands before the first. Chance is 0.25."""
    rng = np.random.default_rng(0)
    net = Transformer(4, 5, n=16, heads=2, hidden=32, blocks=1, seed=0)
    params = net.parameters()
    adam = sn.optim.Adam(5e-3)
    state = adam.start(params)
    for _ in range(120):
        source = rng.integers(0, 4, (32, 5))
        target = source[:, ::-1]
        shown = np.concatenate([np.full((32, 1), 4), target[:, :-1]], axis=1)
        scores = net(source, shown)
        loss = sn.loss.cross_entropy(scores.reshape(-1, 5), target.reshape(-1))
        for p in params.values():
            p.grad = None
        loss.backward()
        state = adam.step(params, state)
    source = rng.integers(0, 4, (50, 5))
    assert (net.generate(source, 4, 5) == source[:, ::-1]).mean() > 0.9


def test_filling_behind_masks_changes_nothing(rng):
    """A batch filled up to one length gives each sequence what it gets by itself, whatever the filling."""
    net, lengths = Transformer(4, 5, n=8, heads=2, hidden=8, blocks=2, seed=0), ((5, 2), (3, 4), (1, 1))
    source, target = rng.integers(0, 4, (3, 5)), rng.integers(0, 5, (3, 4))
    masks = [np.arange(n) < np.array([pair[k] for pair in lengths])[:, None] for k, n in enumerate((5, 4))]
    y = net(source, target, source_mask=masks[0], target_mask=masks[1]).data
    other = net(
        np.where(masks[0], source, 0), np.where(masks[1], target, 1), source_mask=masks[0], target_mask=masks[1]
    ).data
    assert np.array_equal(y[masks[1]], other[masks[1]])
    assert np.abs(y[masks[1]] - net(source, target).data[masks[1]]).max() > 1e-3, "the masks are looked at"
    for k, (n, m) in enumerate(lengths):
        alone = net(source[k : k + 1, :n], target[k : k + 1, :m]).data[0]
        np.testing.assert_allclose(y[k, :m], alone, atol=2e-6)
    written = net.generate(source, 4, 3, source_mask=masks[0])
    for k, (n, _) in enumerate(lengths):
        assert np.array_equal(written[k], net.generate(source[k : k + 1, :n], 4, 3)[0])


def test_masks_that_hide_everything_hide_all_of_a_source(rng):
    net, target = Transformer(4, 5, n=8, heads=2, hidden=8, blocks=1, seed=0), rng.integers(0, 5, (2, 3))
    nothing = np.zeros((2, 4), bool)
    first, second = (net(rng.integers(0, 4, (2, 4)), target, source_mask=nothing).data for _ in range(2))
    assert np.isfinite(first).all()
    assert np.array_equal(first, second)
    loss = net(rng.integers(0, 4, (2, 4)), target, source_mask=nothing, target_mask=np.zeros((2, 3), bool)).sum()
    loss.backward()
    assert all(np.isfinite(p.grad).all() for p in net.parameters().values() if p.grad is not None)


def test_masks_of_tokens_are_checked(rng):
    net, tokens = Transformer(4, 5, n=8, heads=2, hidden=8, blocks=1, seed=0), rng.integers(0, 4, (2, 3))
    with pytest.raises(TypeError, match="Transformer: source_mask: expected booleans, False where filling stands"):
        net(tokens, tokens, source_mask=np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"expected as many sources as targets, got \(2, 3\) and \(1, 3\)"):
        net(tokens, tokens[:1])
    with pytest.raises(ValueError, match=r"target_mask: expected a mask \(2, 3\), as the tokens, got \(2, 4\)"):
        net(tokens, tokens, target_mask=np.ones((2, 4), bool))


def test_image_transformers_have_the_shapes_promised(rng):
    x = rng.random((2, 16)).astype(np.float32)
    assert image_transformer((1, 4, 4), 3, patch=2, n=8, heads=2, hidden=8, blocks=1, seed=0)(x).shape == (2, 3)


# Spiking attention


def spiking(n=4):
    def spikes(seed):
        connection = sn.Linear(n, n, seed=seed)
        connection.bias.data[...] = 0.2
        return sn.Sequential(connection, sn.IF(threshold=0.5))

    return [spikes(k) for k in range(3)]


def test_spike_driven_attention_is_an_and_of_spikes(rng):
    layers = spiking()
    layer = sn.SpikeDrivenAttention(*layers, sn.IF(threshold=0.5))
    x = (rng.random((5, 2, 3, 4)) < 0.5).astype(np.float32)
    y = layer(x).data
    q, k, v = (part(x).data for part in layers)
    counts = (q * k).sum(axis=2, keepdims=True)
    expected = sn.IF(threshold=0.5)(counts).data * v
    np.testing.assert_array_equal(y, expected)
    assert set(np.unique(y)) == {0.0, 1.0}


@pytest.mark.parametrize("n_tokens", [2, 7])
def test_spiking_self_attention_does_not_depend_on_the_order_of_products(n_tokens, rng):
    layers = spiking()
    layer = sn.SpikingSelfAttention(*layers, sn.LI(), heads=2, scale=0.5)
    x = (rng.random((4, 2, n_tokens, 4)) < 0.5).astype(np.float32)
    q, k, v = (part(x).data.reshape(4, 2, n_tokens, 2, 2).swapaxes(2, 3) for part in layers)
    counts = ((q @ k.swapaxes(-1, -2)) @ v).swapaxes(2, 3).reshape(x.shape)
    np.testing.assert_allclose(layer(x).data, sn.LI()(0.5 * counts).data, rtol=1e-6)


@pytest.mark.parametrize("kind", [sn.SpikeDrivenAttention, sn.SpikingSelfAttention])
def test_time_can_be_split(kind, rng):
    layer = kind(*spiking(), sn.LIF(threshold=0.5))
    x = (rng.random((6, 2, 3, 4)) < 0.5).astype(np.float32)
    whole, _ = layer.run(x)
    head, state = layer.run(x[:2])
    tail, _ = layer.run(x[2:], state)
    np.testing.assert_array_equal(np.concatenate([head.data, tail.data]), whole.data)


def test_spiking_attention_refuses():
    with pytest.raises(TypeError, match="SpikeDrivenAttention: fire: expected a layer, got <function LIF"):
        sn.SpikeDrivenAttention(sn.LIF(), sn.LIF(), sn.LIF(), sn.LIF)
    with pytest.raises(ValueError, match=r"SpikeDrivenAttention: expected input \(steps, batch, tokens, n\), got"):
        sn.SpikeDrivenAttention(sn.LIF(), sn.LIF(), sn.LIF(), sn.LIF())(np.ones((2, 3, 4), np.float32))
    layer = sn.SpikingSelfAttention(sn.LIF(), sn.LIF(), sn.LIF(), sn.LIF(), heads=3)
    with pytest.raises(ValueError, match="SpikingSelfAttention: heads: expected a divisor of 4 features, got 3"):
        layer(np.ones((2, 1, 3, 4), np.float32))


def test_spiking_transformer_sends_spikes_and_learns_something(rng):
    net = spiking_transformer((1, 4, 4), 2, patch=2, n=8, hidden=8, blocks=1, seed=0)
    labels = rng.integers(0, 2, 64)
    x = rng.random((64, 16)).astype(np.float32) * 0.5
    x[labels == 1, :8] += 1
    history = sn.fit(
        net,
        (x, labels),
        loss=sn.loss.count_cross_entropy,
        optimiser=sn.optim.Adam(5e-3),
        epochs=12,
        batch_size=16,
        encode=sn.encode.Constant(4),
        progress=False,
    )
    curve = history.curves()["loss"]
    assert curve[-1] < 0.5 * curve[0]
