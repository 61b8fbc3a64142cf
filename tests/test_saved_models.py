"""Models that are no layers are saved and made again like them: flows, autoencoders, nets with two inputs, QDQ nets."""

from __future__ import annotations

import numpy as np
import pytest

import spikenet as sn
from spikenet.convert import with_qdq, without_qdq
from spikenet.convert.qdq import QdqConnection
from spikenet.models import (
    DecoderBlock,
    Growing,
    Transformer,
    VariationalAutoencoder,
    VectorQuantiser,
    VqAutoencoder,
    WaveNet,
    glow,
    mlp,
    nice,
    real_nvp,
)


def normal(*shape):
    return np.random.default_rng(5).normal(size=shape).astype(np.float32)


def tokens(levels, *shape):
    return np.random.default_rng(6).integers(0, levels, shape)


def growing():
    stages = sn.Sequential(sn.Linear(2, 16, seed=0), sn.Unflatten((1, 4, 4))), sn.Upsample2d(2)
    return Growing(stages, [sn.Conv2d(1, 1, 1, seed=k) for k in range(2)])


def spiking_vae():
    parts = (sn.Sequential(sn.Linear(n, 4, seed=n), sn.LIF(), sn.Linear(4, m, seed=m)) for n, m in ((6, 4), (2, 6)))
    return VariationalAutoencoder(*(sn.MeanOverTime(part, steps=3) for part in parts), 2)


def codebook_net():
    encoder = sn.Sequential(sn.Linear(6, 8, seed=0), sn.Unflatten((4, 2)))
    decoder = sn.Sequential(sn.Flatten(2), sn.Linear(8, 6, seed=0))
    return VqAutoencoder(encoder, VectorQuantiser(3, 2, commitment=0.5, seed=0), decoder)


def elbo(net):
    return net.elbo(normal(4, 6).clip(0, 1), np.random.default_rng(0)).loss


MODELS = {  # how to make it, what to compute with it
    "WaveNet": (lambda: WaveNet(1, 5, dilations=(1, 2), seed=0), lambda net: net(normal(3, 1, 9))),
    "WaveNet in a Sequential": (
        lambda: sn.Sequential(WaveNet(1, 5, dilations=(1, 2), seed=0), sn.Softmax()), lambda net: net(normal(3, 1, 9)),
    ),
    "NICE": (lambda: nice(6, hidden=(5,), seed=0), lambda net: net.log_likelihood(normal(4, 6))),
    "RealNVP": (lambda: real_nvp(6, hidden=(5,), seed=0), lambda net: net.log_likelihood(normal(4, 6))),
    "Glow": (lambda: glow((1, 4, 4), hidden=3, seed=0), lambda net: net.log_likelihood(normal(3, 1, 4, 4))),
    "Transformer": (
        lambda: Transformer(5, 7, n=8, heads=2, hidden=6, dropout=0.1, seed=0),
        lambda net: net(tokens(5, 3, 6), tokens(7, 3, 4)),
    ),
    "DecoderBlock": (lambda: DecoderBlock(8, 2, 6, seed=0), lambda net: net(normal(2, 3, 8), normal(2, 5, 8))),
    "image transformer": (
        lambda: sn.models.image_transformer((1, 8, 8), 3, n=8, heads=2, hidden=8, blocks=1, seed=0),
        lambda net: net(normal(2, 64)),
    ),
    "VAE": (lambda: VariationalAutoencoder(mlp((6, 5, 4), seed=0), mlp((2, 5, 6), seed=1), 2), elbo),
    "spiking VAE": (spiking_vae, elbo),
    "VQ-VAE": (codebook_net, lambda net: net(normal(4, 6))[0]),
    "Growing": (growing, lambda net: net(normal(3, 2), stage=1, share=0.5)),
    "class norm": (
        lambda: sn.ConditionalBatchNorm2d(2, 3, momentum=0.2), lambda net: net(normal(4, 2, 3, 3), tokens(3, 4)),
    ),
    "AdaIN": (lambda: sn.AdaIN(2, 3, seed=0), lambda net: net(normal(4, 2, 3, 3), normal(4, 3))),
    "SPADE": (lambda: sn.SPADE(2, 3, hidden=4, seed=0), lambda net: net(normal(4, 2, 3, 3), normal(4, 3, 3, 3))),
}  # fmt: skip


def moved(net):
    for k, p in enumerate(net.parameters().values()):
        p.data[...] += np.random.default_rng(k).normal(0, 0.05, p.shape)
    return net


@pytest.mark.parametrize("name", MODELS)
def test_a_loaded_model_computes_the_same(name, tmp_path):
    make, compute = MODELS[name]
    net, path = moved(make()), tmp_path / "net.npz"
    sn.save(path, net)
    for again in (sn.load(path), make()):
        sn.restore(path, again)
        assert type(again) is type(net)
        assert np.array_equal(compute(again).data, compute(net).data)


def test_a_model_of_other_sizes_is_refused(tmp_path):
    sn.save(tmp_path / "net.npz", nice(6, hidden=(5,), seed=0))
    with pytest.raises(ValueError, match=r"layer 0 of net was AdditiveCoupling\(.*hidden.*\[5\].*is .*\[4\]"):
        sn.restore(tmp_path / "net.npz", nice(6, hidden=(4,), seed=0))


def test_fit_trains_a_wavenet(rng, tmp_path):
    """To delay a wave by one place."""
    x = np.sign(rng.normal(size=(40, 1, 12))).astype(np.float32)
    data = x, np.concatenate([np.zeros((40, 1, 1)), x[..., :-1]], axis=-1)
    net, adam = sn.Sequential(WaveNet(1, 1, width=6, dilations=(1,), seed=0)), sn.optim.Adam(2e-2)
    history = sn.fit(
        net, data, loss=sn.loss.mse, optimiser=adam, epochs=30, progress=False, checkpoint=tmp_path / "run.npz"
    )
    assert history.epochs[-1].train["loss"] < 0.1 < history.epochs[0].train["loss"]
    assert np.array_equal(sn.load(tmp_path / "run.npz")(x).data, net(x).data)


def connections(layer):
    if isinstance(layer, QdqConnection):
        return [layer]
    return [one for inner in getattr(layer, "layers", ()) for one in connections(inner)]


def test_nets_trained_under_rounding_are_loaded_and_then_quantised(rng, tmp_path):
    """The grids of weights before a batch norm are those of the folded weights: also in the net that was loaded."""
    inner = sn.Residual(sn.Linear(12, 12, seed=1), sn.Dropout(0.1), sn.BatchNorm(12), sn.ReLU())
    beside = sn.Parallel(sn.Sequential(sn.Linear(12, 4, seed=2), sn.BatchNorm(4)), sn.Linear(12, 4, seed=3))
    net = with_qdq(
        sn.Sequential(sn.Conv2d(1, 3, 3, seed=0), sn.BatchNorm2d(3), sn.ReLU(), sn.Flatten(3), inner, beside),
        weight_bits=4,
    )
    x = rng.normal(size=(40, 1, 4, 4)).astype(np.float32)
    adam = sn.optim.Adam(1e-2)
    sn.fit(
        net, (x, rng.integers(0, 4, 40)), loss=sn.loss.cross_entropy, optimiser=adam, epochs=2, progress=False,
        checkpoint=tmp_path / "run.npz",
    )  # fmt: skip
    sn.save(tmp_path / "net.npz", net)
    for name in ("run", "net"):
        again = sn.load(tmp_path / f"{name}.npz")
        assert np.array_equal(again(x).data, net(x).data)
        assert [len(one.norms) for one in connections(again)] == [1, 1, 1, 0]
    plain = without_qdq(again)
    assert not connections(plain)
    assert plain.layers[0].weight is connections(again)[0].layers[0].weight, "weights are shared"
    made, straight = (sn.convert.quantise(one, x, weight_bits=4) for one in (plain, again))
    assert np.array_equal(made(x), straight(x))
    assert np.abs(made(x) - again(x).data).max() < 0.1 * np.abs(made(x)).max()
