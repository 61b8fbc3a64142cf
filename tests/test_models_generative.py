"""Autoencoders, adversarial nets, autoregressive nets and flows: what defines each, checked on small cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from test_models_images import doubled

import spikenet as sn
from spikenet import graph
from spikenet.graph import Tensor, check_gradient, no_grad
from spikenet.models import (
    VariationalAutoencoder,
    VectorQuantiser,
    VqAutoencoder,
    WaveNet,
    autoencoder,
    critic_loss,
    dcgan_discriminator,
    dcgan_generator,
    draw_pixels,
    glow,
    maker_loss,
    nice,
    pixel_cnn,
    pixel_nats,
    real_nvp,
)
from spikenet.models.couplings import InvertibleConv1x1

# Autoencoders


def test_an_autoencoder_is_an_hourglass(rng):
    net = autoencoder((10, 6, 2), seed=0)
    x = rng.random((3, 10)).astype(np.float32)
    assert net.layers[0](x).shape == (3, 2)
    assert net(x).shape == (3, 10)


def vae(seed=0):
    encoder, decoder = sn.models.mlp((6, 8, 4), seed=seed), sn.models.mlp((2, 8, 6), seed=seed + 1)
    return doubled(VariationalAutoencoder(encoder, decoder, 2))


def test_the_bound_by_hand(rng):
    model, x = vae(), rng.random((5, 6))
    terms = model.elbo(x, np.random.default_rng(3))
    mean, log_variance = (part.data for part in model.encode(x))
    z = mean + np.exp(0.5 * log_variance) * np.random.default_rng(3).standard_normal(mean.shape)
    p = 1 / (1 + np.exp(-model.decoder(z).data))
    expected = -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=1).mean()
    sd = np.exp(0.5 * log_variance)
    kl = (np.log(1 / sd) + (sd**2 + mean**2 - 1) / 2).sum(axis=1).mean()
    assert terms.reconstruction.item() == pytest.approx(expected)
    assert terms.kl.item() == pytest.approx(kl)
    assert terms.loss.item() == pytest.approx(expected + kl)


def test_the_estimate_of_the_likelihood_tightens_the_bound(rng):
    """E[log of a mean of n ratios] grows with n, and n = 1 is the bound itself. One latent: the integral is known."""
    encoder, decoder = sn.Linear(4, 2, seed=0), sn.Linear(1, 4, seed=1)
    model, x = doubled(VariationalAutoencoder(encoder, decoder, 1)), rng.integers(0, 2, (3, 4)).astype(float)
    grid = np.linspace(-8, 8, 4001)[:, None]
    p = 1 / (1 + np.exp(-decoder(grid).data))
    likelihood = np.exp((x[:, None] * np.log(p) + (1 - x[:, None]) * np.log(1 - p)).sum(axis=2))
    exact = np.log(np.trapezoid(likelihood * stats.norm.pdf(grid[:, 0]), grid[:, 0], axis=1))
    estimate = model.log_likelihood(x, np.random.default_rng(0), draws=4000)
    np.testing.assert_allclose(estimate, exact, atol=0.02)
    bound = np.mean([-model.elbo(x, np.random.default_rng(k)).loss.item() for k in range(200)])
    assert bound < exact.mean()


def test_vae_refuses(rng):
    model = vae()
    with pytest.raises(ValueError, match="VariationalAutoencoder: expected x in"):
        model.elbo(np.full((2, 6), 1.5), rng)
    model.n_latent = 3
    with pytest.raises(ValueError, match=r"expected an encoder that gives \(batch, 6\), got \(2, 4\)"):
        model.encode(np.zeros((2, 6)))


def test_a_spiking_vae_has_gradients_everywhere(rng):
    encoder = sn.MeanOverTime(sn.Sequential(sn.Linear(6, 16, seed=0), sn.LIF(), sn.Linear(16, 4, seed=1)), steps=5)
    decoder = sn.MeanOverTime(sn.Sequential(sn.Linear(2, 16, seed=2), sn.LIF(), sn.Linear(16, 6, seed=3)), steps=5)
    model = VariationalAutoencoder(encoder, decoder, 2)
    model.elbo(rng.random((8, 6)).astype(np.float32) * 1, rng).loss.backward()
    assert all(np.abs(p.grad).max() > 0 for p in model.parameters().values())


def test_the_nearest_code_is_taken_and_the_gradient_goes_straight_through(rng):
    layer = doubled(VectorQuantiser(7, 3, seed=0))
    x = Tensor(rng.normal(size=(4, 5, 3)), requires_grad=True)
    codes = layer(x)
    distance = np.square(x.data[..., None, :] - layer.codebook.data).sum(axis=-1)
    assert np.array_equal(codes.indices, distance.argmin(axis=-1))
    np.testing.assert_allclose(codes.quantised.data, layer.codebook.data[codes.indices])
    g = rng.normal(size=x.shape)
    codes.quantised.backward(g)
    np.testing.assert_array_equal(x.grad, g)
    assert layer.codebook.grad is None
    loss = layer(x).loss
    loss.backward()
    gap = layer.codebook.data[codes.indices] - x.data
    assert loss.item() == pytest.approx(1.25 * np.square(gap).mean())
    np.testing.assert_allclose(x.grad - g, -0.25 * 2 * gap / gap.size)
    with pytest.raises(ValueError, match=r"VectorQuantiser: expected input \(..., 3\), got \(2, 4\)"):
        layer(np.ones((2, 4)))


def test_vq_autoencoder_runs_end_to_end(rng):
    encoder = sn.Sequential(sn.Linear(6, 8, seed=0), sn.Unflatten((4, 2)))
    net = VqAutoencoder(encoder, VectorQuantiser(5, 2, seed=1), sn.Sequential(sn.Flatten(2), sn.Linear(8, 6, seed=2)))
    y, codes = net(rng.random((3, 6)).astype(np.float32))
    assert y.shape == (3, 6)
    assert codes.indices.shape == (3, 4)
    (sn.loss.mse(y, np.zeros((3, 6))) + codes.loss).backward()
    assert all(p.grad is not None for p in net.parameters().values())


# Adversarial


def test_adversarial_losses_by_hand(rng):
    real, made = rng.normal(size=(5, 1)), rng.normal(size=(5, 1))
    p, q = 1 / (1 + np.exp(-real)), 1 / (1 + np.exp(-made))
    assert critic_loss(real, made).item() == pytest.approx(-np.log(p).mean() - np.log(1 - q).mean())
    assert maker_loss(made).item() == pytest.approx(-np.log(q).mean())
    check_gradient(critic_loss, real, made)
    check_gradient(maker_loss, made)


def test_dcgan_shapes(rng):
    maker, critic = dcgan_generator(8, 5, width=4, seed=0), dcgan_discriminator(8, width=4, seed=1)
    images = maker(rng.normal(size=(3, 5)).astype(np.float32))
    assert images.shape == (3, 1, 8, 8)
    assert 0 < images.data.min() <= images.data.max() < 1
    assert critic(images).shape == (3, 1)
    with pytest.raises(ValueError, match="dcgan_generator: size: expected a multiple of 4, got 10"):
        dcgan_generator(10, 5)


# Autoregressive


def test_a_pixel_depends_on_earlier_pixels_only(rng):
    net, x = pixel_cnn(4, width=6, units=1, kernel_size=3, seed=0), rng.random((1, 1, 5, 5)).astype(np.float32)
    before = net(x).data
    for row, column in ((0, 0), (2, 2), (4, 4)):
        changed = x.copy()
        changed[0, 0, row, column] += 1
        moved = np.abs(net(changed).data - before).sum(axis=(0, 1)) > 0
        earlier = np.arange(25).reshape(5, 5) <= 5 * row + column
        assert not moved[earlier].any()
    changed = x.copy()
    changed[0, 0, 0, 0] += 1
    assert np.abs(net(changed).data - before)[0, :, 0, 1].any(), "and it does see its neighbour"


def test_pixel_probabilities_sum_to_1(rng):
    """Over all 2^4 images of 2 x 2 binary pixels."""
    net = doubled(pixel_cnn(2, width=4, units=1, kernel_size=3, seed=0))
    total = 0.0
    for k in range(16):
        grey = np.array([[int(bit) for bit in f"{k:04b}"]]).reshape(1, 2, 2)
        total += math.exp(-pixel_nats(net(grey[:, None].astype(float)), grey).item())
    assert total == pytest.approx(1, rel=1e-9)
    drawn = draw_pixels(net, (300, 2, 2), 2, rng)
    p = graph.softmax(net(np.zeros((1, 1, 2, 2))), axis=1).data[0, 1, 0, 0]
    assert stats.binomtest(int(drawn[:, 0, 0].sum()), 300, p).pvalue > 1e-3


def test_wave_net_reaches_as_far_as_it_says(rng):
    net = doubled(WaveNet(1, 3, width=4, dilations=(1, 2), seed=0))
    x = rng.normal(size=(1, 1, 12))
    y = net(x).data
    assert y.shape == (1, 3, 12)
    touched = []
    for place in range(12):
        changed = x.copy()
        changed[0, 0, place] += 1
        touched.append(np.abs(net(changed).data - y).sum(axis=(0, 1)) > 1e-12)
    touched = np.array(touched)  # [changed place, output place]
    assert not np.tril(touched, -1).any(), "nothing later changes what came before"
    assert np.flatnonzero(touched[:, 11]).tolist() == list(range(12 - net.reach, 12))
    check_gradient(net, x[..., :5])


def test_masked_convolution_refuses_even_windows():
    with pytest.raises(ValueError, match="MaskedConv2d: kernel_size: expected an odd number, got 4"):
        sn.MaskedConv2d(1, 1, 4, sees_itself=True)


# Flows

FLOWS = {
    "NICE": lambda: nice(4, couplings=2, hidden=(5,), seed=0),
    "RealNVP": lambda: real_nvp(4, couplings=2, hidden=(5,), seed=0),
    "Glow": lambda: glow((1, 2, 2), levels=1, couplings=2, hidden=3, seed=0),
}


def shaken(flow):
    """Weights away from the identity they start at."""
    rng = np.random.default_rng(1)
    for p in doubled(flow).parameters().values():
        p.data = p.data + 0.3 * rng.normal(size=p.shape)
    return flow


@pytest.mark.parametrize("name", FLOWS)
def test_the_volume_is_that_of_the_jacobian(name, rng):
    flow = shaken(FLOWS[name]())
    x = rng.normal(size=(1, *flow.shape))
    jacobian = []
    for k in range(4):
        leaf, g = Tensor(x, requires_grad=True), np.zeros((1, *flow.shape))
        g.reshape(-1)[k] = 1
        flow(leaf)[0].backward(g)
        jacobian.append(leaf.grad.reshape(-1))
    assert flow(x)[1].data[0] == pytest.approx(np.linalg.slogdet(np.array(jacobian))[1], rel=1e-9)


@pytest.mark.parametrize("name", FLOWS)
def test_a_flow_runs_backwards(name, rng):
    flow = FLOWS[name]()
    for p in flow.parameters().values():
        p.data += 0.3 * rng.normal(size=p.shape).astype(np.float32)
    x = rng.normal(size=(20, *flow.shape)).astype(np.float32)
    z = flow(x)[0].data
    np.testing.assert_allclose(flow.inverse(z), x, atol=1e-5)
    z[1] = np.nan
    with pytest.raises(ValueError, match="Flow: expected finite input, got nan at index"):
        flow.inverse(z)
    with pytest.raises(ValueError, match="Flow: expected input"):
        flow.inverse(z[0])
    next(iter(flow.parameters().values())).data[...] = np.nan
    with pytest.raises(ValueError, match="expected finite values, got nan"):
        flow.sample(2, rng)


@pytest.mark.parametrize("name", FLOWS)
def test_gradients_of_the_likelihood(name, rng):
    flow = shaken(FLOWS[name]())
    check_gradient(flow.log_likelihood, rng.normal(size=(2, *flow.shape)))
    params = flow.parameters()
    flow.log_likelihood(rng.normal(size=(5, *flow.shape))).sum().backward()
    assert all(p.grad is not None for p in params.values())


def test_the_likelihood_integrates_to_1():
    """A flow of two features, over a grid that holds nearly all of it."""
    flow = shaken(real_nvp(2, couplings=2, hidden=(4,), seed=0))
    line = np.linspace(-24, 24, 801)
    points = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    with no_grad():
        density = np.exp(flow.log_likelihood(points).data)
    assert density.sum() * (line[1] - line[0]) ** 2 == pytest.approx(1, abs=2e-3)


def test_scalings_start_at_the_data(rng):
    flow = real_nvp(3, couplings=2, seed=0)
    flow.start(rng.normal(4, 3, (500, 3)).astype(np.float32))
    z = flow(rng.normal(4, 3, (500, 3)).astype(np.float32))[0].data
    assert np.abs(z.mean(axis=0)).max() < 0.3
    assert np.abs(z.std(axis=0) - 1).max() < 0.3


def test_a_singular_1x1_convolution_is_refused():
    step = InvertibleConv1x1(3, seed=0)
    step.weight.data[1] = step.weight.data[0]
    with pytest.raises(
        ValueError, match=r"InvertibleConv1x1\(\d+\): the weight cannot be inverted, log_abs_det: the matrix"
    ):
        step(Tensor(np.ones((1, 3, 2, 2), np.float32)))
    with pytest.raises(ValueError, match="singular"):
        step.inverse(np.ones((1, 3, 2, 2), np.float32))
    with pytest.raises(ValueError, match=r"Flow: expected input \(batch, 4\), got \(2, 5\)"):
        nice(4)(np.ones((2, 5), np.float32))
    with pytest.raises(ValueError, match=r"Flow: start: expected at least one sample, got \(0, 4\)"):
        nice(4).start(np.ones((0, 4), np.float32))
    with pytest.raises(ValueError, match=r"glow: expected height and width divisible by 4, got \(1, 6, 6\)"):
        glow((1, 6, 6))
    with pytest.raises(ValueError, match=r"glow: expected a shape \(channels, height, width\), got \(8, 8\)"):
        glow((8, 8))


def test_a_waveform_net_without_layers_is_refused():
    with pytest.raises(ValueError, match="WaveNet: dilations: expected that of at least one layer"):
        WaveNet(1, 4, dilations=())


def test_log_abs_det(rng):
    a = rng.normal(size=(4, 4))
    assert graph.log_abs_det(a).item() == pytest.approx(math.log(abs(np.linalg.det(a))))
    check_gradient(graph.log_abs_det, a)
    with pytest.raises(ValueError, match=r"log_abs_det: expected a square matrix, got shape \(2, 3\)"):
        graph.log_abs_det(np.ones((2, 3)))
