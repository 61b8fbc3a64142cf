"""Residual nets, U-Net, branches, ensembles; normalisations with a condition; growing; losses of consistency."""

from __future__ import annotations

import numpy as np
import pytest

import spikenet as sn
from spikenet.graph import Tensor, check_gradient
from spikenet.layers import joins
from spikenet.models import Growing, residual_unit, resnet, spiking_resnet, spiking_unit, unet
from spikenet.train import consistency, descend


def doubled(model):
    """All parameters in float64."""
    for p in model.parameters().values():
        p.data = p.data.astype(np.float64)
    return model


# Branches


def test_a_residual_unit_adds_its_shortcut(rng):
    unit = sn.cast(residual_unit(3, 3, seed=0), np.float64)
    x = rng.normal(size=(2, 3, 5, 5))
    path = unit.layers[0].layers[0]
    np.testing.assert_allclose(unit(x).data, np.maximum(path(x).data + x, 0))
    check_gradient(unit, x[:1, :, :3, :3] + 0.05)


def test_a_unit_that_halves_the_size_maps_its_shortcut(rng):
    assert residual_unit(3, 5, stride=2, seed=0)(rng.normal(size=(2, 3, 6, 6)).astype(np.float32)).shape == (2, 5, 3, 3)


@pytest.mark.parametrize(
    ("join", "table"),
    [(joins.both, [0, 0, 0, 1]), (joins.and_not, [0, 1, 0, 0]), (joins.added, [0, 1, 1, 2])],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_logic_of_spikes(join, table):
    a, b = Tensor([0.0, 0.0, 1.0, 1.0]), Tensor([0.0, 1.0, 0.0, 1.0])
    assert join(a, b).data.tolist() == table


def test_a_silent_spiking_unit_is_the_identity(rng):
    """Why deep spiking nets train: with no spikes of its own, the unit hands on those of the one before."""
    unit = spiking_unit(3, 3, seed=0)
    for p in unit.layers[0].parameters().values():
        if p.requires_grad:
            p.data[...] = 0
    x = (rng.random((4, 2, 3, 5, 5)) < 0.3).astype(np.float32)
    np.testing.assert_array_equal(unit(x).data, x)


def test_whole_nets_give_scores(rng):
    x = rng.random((2, 64)).astype(np.float32)
    assert resnet((1, 8, 8), 10, widths=(4, 8), seed=0)(x).shape == (2, 10)
    held = np.broadcast_to(x, (3, 2, 64))
    assert spiking_resnet((1, 8, 8), 10, widths=(4, 8), seed=0)(held).shape == (3, 2, 10)
    maps = rng.random((2, 1, 8, 8)).astype(np.float32)
    assert unet(1, 3, width=4, depth=2, seed=0)(maps).shape == (2, 3, 8, 8)


def test_the_skips_of_a_unet_carry_detail(rng):
    """With everything below the skip silenced, the output still depends on every pixel near it."""
    net, x = sn.cast(unet(1, 1, width=2, depth=1, seed=0), np.float64), rng.normal(size=(1, 1, 4, 4))
    check_gradient(net, x)


def test_branches_that_do_not_fit():
    with pytest.raises(ValueError, match=r"Parallel: the branches gave \(2, 3\) and \(2, 5\), which do not join"):
        sn.Parallel(sn.Linear(4, 3), sn.Linear(4, 5))(np.ones((2, 4), np.float32))
    with pytest.raises(ValueError, match=r"Ensemble: expected outputs of one shape, got \(2, 3\), \(2, 5\)"):
        sn.Ensemble(sn.Linear(4, 3), sn.Linear(4, 5))(np.ones((2, 4), np.float32))
    with pytest.raises(TypeError, match="Parallel: join: expected a function"):
        sn.Parallel(sn.ReLU(), sn.ReLU(), join="add")


def test_an_ensemble_is_the_mean(rng):
    nets, x = [sn.Linear(4, 3, seed=k) for k in range(3)], rng.normal(size=(2, 4)).astype(np.float32)
    np.testing.assert_allclose(sn.Ensemble(*nets)(x).data, np.mean([n(x).data for n in nets], axis=0), rtol=1e-5)


def test_mean_over_time_holds_its_input(rng):
    net, x = sn.Sequential(sn.Linear(4, 3, seed=0), sn.LIF()), rng.random((2, 4)).astype(np.float32) * 3
    expected = net(np.broadcast_to(x, (7, 2, 4))).data.mean(axis=0)
    np.testing.assert_allclose(sn.MeanOverTime(net, steps=7)(x).data, expected, rtol=1e-6)
    outer = sn.Sequential(sn.Dropout(0.5), sn.MeanOverTime(net, steps=7))
    masked = outer.layers[0](np.ones((50, 4), np.float32), training=sn.Training(np.random.default_rng(0))).data
    assert len(np.unique(masked, axis=0)) > 4, "axis 0 outside is the batch, with a mask for each sample"


# Normalisations with a condition


def test_conditional_batch_norm(rng):
    layer = doubled_parts(sn.ConditionalBatchNorm2d(3, 4))
    scale = layer.scale.weights["weight"]
    scale.data[...] = rng.normal(size=scale.shape)
    x, labels = rng.normal(2, 3, (5, 3, 4, 4)), rng.integers(0, 4, 5)
    y = layer(x, labels, training=sn.Training(rng)).data
    normal = (x - x.mean(axis=(0, 2, 3), keepdims=True)) / np.sqrt(x.var(axis=(0, 2, 3), keepdims=True) + 1e-5)
    np.testing.assert_allclose(y, normal * scale.data[labels][:, :, None, None], rtol=1e-6)
    check_gradient(lambda v: layer(v, labels), x[:, :, :2, :2])
    with pytest.raises(ValueError, match=r"expected a label for each of \(5,\) samples, got \(3,\)"):
        layer(x, labels[:3])


def doubled_parts(layer):
    """Those of the norm inside as well."""
    sn.cast(layer.norm, np.float64)
    return doubled(layer)


def test_adain_takes_over_the_style(rng):
    layer = doubled(sn.AdaIN(3, 2, seed=0))
    x, style = rng.normal(2, 3, (4, 3, 5, 5)), rng.normal(size=(4, 2))
    y, mapped = layer(x, style).data, layer.style(style).data
    np.testing.assert_allclose(y.mean(axis=(2, 3)), mapped[:, 3:], atol=1e-9)
    np.testing.assert_allclose(y.std(axis=(2, 3)), np.abs(1 + mapped[:, :3]), rtol=1e-5)
    check_gradient(layer, x[:1, :, :2, :2], style[:1])
    with pytest.raises(ValueError, match=r"AdaIN: expected a style for each sample, \(4,\), got \(2,\)"):
        layer(x, style[:2])


def test_spade_sees_where_labels_are(rng):
    layer = doubled(sn.SPADE(2, 3, hidden=4, seed=0))
    x, labels = rng.normal(size=(1, 2, 4, 4)), rng.random((1, 3, 4, 4))
    check_gradient(layer, x, labels)
    moved = labels.copy()
    moved[..., 0, 0] += 1
    changed = np.argwhere(np.abs(layer(x, moved).data - layer(x, labels).data).sum(axis=(0, 1)) > 0)
    assert changed.max() == 2, "two 3 x 3 windows reach two pixels far"
    with pytest.raises(
        ValueError, match=r"SPADE: expected labels of the batch, height and width of x, got \(1,\) and \(3, 4\)"
    ):
        layer(x, labels[..., :3, :])
    with pytest.raises(ValueError, match=r"SPADE: expected labels of the batch.* got \(3,\) and \(4, 4\) for x \(2,"):
        layer(np.repeat(x, 2, axis=0), np.repeat(labels, 3, axis=0))


# Growing and consistency


def growing():
    stages = [
        sn.Sequential(sn.Linear(3, 32, seed=0), sn.Unflatten((2, 4, 4))),
        sn.Sequential(sn.Upsample2d(2), sn.Conv2d(2, 2, 3, padding=1, seed=1)),
    ]
    return Growing(stages, [sn.Conv2d(2, 1, 1, seed=2), sn.Conv2d(2, 1, 1, seed=3)])


def test_a_stage_is_faded_in(rng):
    net, z = growing(), rng.normal(size=(2, 3)).astype(np.float32)
    small, large = net(z, stage=0).data, net(z, stage=1).data
    enlarged = np.kron(small, np.ones((2, 2)))
    np.testing.assert_allclose(net(z, stage=1, share=0.0).data, enlarged, rtol=1e-5)
    np.testing.assert_allclose(net(z, stage=1, share=0.25).data, 0.25 * large + 0.75 * enlarged, rtol=1e-5, atol=1e-6)
    assert len(net.parameters(0)) < len(net.parameters())
    with pytest.raises(ValueError, match="Growing: stage: expected one of 2, counted from 0, got 2"):
        net(z, stage=2)


def test_consistency_of_what_agrees_is_0(rng):
    x = rng.normal(size=(4, 3))
    assert consistency.cycle(lambda a: a * 2, lambda b: b * 0.5, x).item() == 0
    assert consistency.latent(lambda a: a * 2, lambda b: b * 0.5, x).item() == 0
    assert consistency.augmentation(lambda a: Tensor(a), x, lambda a, rng: a + 1.0, rng).item() == pytest.approx(
        0, abs=1e-12
    )


def test_consistency_gradients(rng):
    x, w = rng.normal(size=(4, 3)), rng.normal(size=(3, 3))
    check_gradient(lambda w: consistency.cycle(lambda a: a @ w, lambda b: b @ w, x), w)
    check_gradient(lambda w: consistency.latent(lambda a: a @ w, lambda b: b @ w, x), w)
    net = sn.cast(sn.Linear(3, 4, seed=0), np.float64)
    loss = consistency.augmentation(net, x, lambda a, rng: a + rng.normal(size=a.shape), np.random.default_rng(0))
    loss.backward()
    assert np.abs(net.weight.grad).max() > 0
    with pytest.raises(ValueError, match=r"cycle: expected to come back to shape \(4, 3\), got \(4, 2\)"):
        consistency.cycle(lambda a: a, lambda b: b[:, :2], x)


def test_descend_goes_down_and_forgets_gradients():
    net, x = sn.Linear(2, 1, seed=0), np.array([[1.0, 2.0]], np.float32)
    params, state, losses = net.parameters(), None, []
    for _ in range(60):
        loss = sn.loss.mse(net(x), np.array([[3.0]]))
        losses.append(loss.item())
        state = descend(loss, params, sn.optim.Adam(0.05), state)
    assert losses[-1] < 1e-3 * losses[0]
    assert all(p.grad is None for p in params.values())
    with pytest.raises(ValueError, match="descend: the loss is nan"):
        descend(Tensor(np.nan), params, sn.optim.Adam())
