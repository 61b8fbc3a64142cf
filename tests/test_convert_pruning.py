"""What is pruned stays pruned: through files, resumed runs and early stops; and whole channels of every layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import spikenet as sn
from spikenet import convert
from spikenet.train.checkpoint_file import read_checkpoint, write_checkpoint


def small(seed=0):
    return sn.Sequential(sn.Linear(8, 16, seed=seed), sn.ReLU(), sn.Linear(16, 3, seed=seed + 1))


def samples(seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, 60)
    return (rng.random((60, 8)) + labels[:, None] / 3).astype(np.float32), labels


def fit(net, epochs, **more):
    options = {"optimiser": sn.optim.Adam(1e-2), "progress": False} | more
    return sn.fit(net, samples(), loss=sn.loss.cross_entropy, epochs=epochs, **options)


def masks(net):
    return {name: convert.held(p) for name, p in net.parameters().items()}


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def weights(net):
    return {name: p.data for name, p in net.parameters().items()}


def test_files_keep_what_is_held(tmp_path):
    net, path = small(), tmp_path / "net.npz"
    convert.prune(net, 0.8, together=False)
    sn.save(path, net)
    loaded, restored = sn.load(path), small(5)
    sn.restore(path, restored)
    for other in (loaded, restored):
        assert same(masks(other), masks(net))
        fit(other, 1)
        assert convert.sparsity(other) == pytest.approx(0.8, abs=0.01)
    bits = [array for name, array in read_checkpoint(path)[1].items() if name.startswith("held/")]
    assert sorted(array.nbytes for array in bits) == [6, 16], "a bit a weight, and nothing of biases"


@pytest.mark.parametrize("wrong", [{"held/0.weight": np.zeros(15, np.uint8)}, {"held/7.weight": np.zeros(1, np.uint8)}])
def test_masks_that_do_not_fit_are_refused(wrong, tmp_path):
    net, path = small(), tmp_path / "net.npz"
    sn.save(path, net)
    header, arrays = read_checkpoint(path)
    write_checkpoint(path, {"network": header["network"]}, arrays | wrong)
    before = {name: values.copy() for name, values in weights(net).items()}
    for read in (sn.load, lambda path: sn.restore(path, net)):
        with pytest.raises(ValueError, match=r"net\.npz: expected held '[07]\.weight' as"):
            read(path)
    assert same(weights(net), before)


@pytest.mark.parametrize("with_scores", [False, True], ids=["sizes", "movement"])
def test_a_resumed_run_prunes_as_one_that_never_stopped(with_scores, tmp_path):
    def run(net, epochs, **more):
        movement = convert.Movement(sn.optim.Adam(1e-2))
        scores = (lambda: movement.scores) if with_scores else None
        pruning = convert.Gradually(net, convert.cubic(0.8, 6), scores)
        return fit(net, epochs, optimiser=movement, callbacks=[pruning], **more)

    path, whole, resumed = tmp_path / "run.npz", small(), small()
    history = run(whole, 8)
    run(small(), 3, checkpoint=path)
    assert run(resumed, 8, resume=path) == history
    assert same(weights(resumed), weights(whole))
    assert same(masks(resumed), masks(whole))
    assert convert.sparsity(resumed) == pytest.approx(0.8, abs=0.01)


def test_an_early_stop_goes_back_to_no_weights_from_before_pruning():
    net, seen = small(), []

    def watch(record):  # every epoch is worse than the one before
        return float(record.epoch)

    callbacks = [convert.Gradually(net, convert.cubic(0.8, 4)), lambda record: seen.append(convert.sparsity(net))]
    stop = sn.EarlyStop(3, watch=watch)
    history = fit(net, 12, test=samples(1), early_stop=stop, callbacks=callbacks)
    assert history.best_epoch == 5, "the first after the last pruning"
    assert history.stopped_early
    assert len(history.epochs) == 8
    assert convert.sparsity(net) == seen[-1] == pytest.approx(0.8, abs=0.01)


def test_pruned_after_the_last_epoch_is_pruned_with_an_early_stop():
    net = small()
    fit(net, 2, test=samples(1), early_stop=sn.EarlyStop(5), callbacks=[convert.Gradually(net, convert.cubic(0.5, 1))])
    fit(net, 1, test=samples(1), early_stop=sn.EarlyStop(5), callbacks=[lambda record: convert.prune(net, 0.7)])
    assert convert.sparsity(net) == pytest.approx(0.7, abs=0.01)


@dataclass(frozen=True)
class Settings:
    """An optimiser with a dict of settings, for each of which a resumed run has to agree."""

    rates: dict

    def start(self, params):
        return {}

    def step(self, params, state, rate_scale=1.0):
        return sn.optim.SGD(self.rates["all"]).step(params, state, rate_scale)


def test_settings_in_a_dict_are_part_of_a_run(tmp_path):
    path = tmp_path / "run.npz"
    fit(small(), 1, optimiser=Settings({"all": 0.1}), checkpoint=path)
    fit(small(), 2, optimiser=Settings({"all": 0.1}), resume=path)
    with pytest.raises(ValueError, match=r"expected optimiser Settings\(rates={'all': 0.1}\), got"):
        fit(small(), 2, optimiser=Settings({"all": 0.2}), resume=path)


@pytest.mark.parametrize("groups", [1, 2])
def test_channels_of_a_transposed_convolution_are_its_outputs(groups):
    first = sn.ConvTranspose2d(4, 8, 3, groups=groups, seed=0)
    first.bias.data[...] = 1
    net = sn.Sequential(first, sn.ReLU(), sn.Conv2d(8, 2, 3, seed=1))
    y = first(np.ones((1, 4, 3, 3), np.float32)).data
    assert convert.prune_channels(net, 0.5) == {"0.weight": 0.5}
    left = first(np.ones((1, 4, 3, 3), np.float32)).data
    silent = ~left.any(axis=(0, 2, 3))
    assert silent.sum() == 4
    np.testing.assert_array_equal(left[:, ~silent], y[:, ~silent])


def test_complex_channels_go_whole_and_the_last_layer_stays():
    net = sn.Sequential(sn.ComplexLinear(5, 8, seed=0), sn.ModReLU(8), sn.ComplexLinear(8, 3, seed=1), sn.Magnitude())
    first = net.layers[0].weights
    lengths = np.abs(first["weight_real"].data + 1j * first["weight_imag"].data)
    shortest = np.argsort(np.square(lengths).sum(axis=0))[:4]
    convert.prune_channels(net, 0.5)
    for part in ("real", "imag"):
        gone = ~first[f"weight_{part}"].data.any(axis=0)
        assert set(np.flatnonzero(gone)) == set(shortest)
        assert set(np.flatnonzero(convert.held(first[f"bias_{part}"]))) == set(shortest)
        assert net.layers[2].weights[f"weight_{part}"].data.all()


@pytest.mark.parametrize("layer", [sn.LSTM(4, 4), sn.QuaternionLinear(1, 1)], ids=["LSTM", "quaternion"])
def test_layers_without_one_array_of_outputs_are_refused(layer):
    net = sn.Sequential(sn.Linear(4, 4, seed=0), layer, sn.Linear(4, 2, seed=1))
    with pytest.raises(TypeError, match=f"prune_channels: expected layers .* got {layer.kind} with '1.weight'"):
        convert.prune_channels(net, 0.5)
    assert convert.sparsity(net) == 0


@pytest.mark.parametrize("name", ["temperature", "shrink"])
def test_deep_r_refuses_what_makes_no_step(name):
    with pytest.raises(ValueError, match=f"DeepR: {name}: expected a number in"):
        convert.DeepR(**{name: -1})


def test_nothing_is_left_of_a_channel_before_a_batch_norm(rng):
    """Its norm would give a constant in its place; the net computes as if the channel had been cut out."""
    conv, norm = sn.Conv2d(1, 6, 3, seed=0), sn.BatchNorm2d(6)
    inner = sn.Residual(sn.Linear(6, 6, seed=2), sn.Dropout(0.2), sn.BatchNorm(6))
    net = sn.Sequential(sn.Sequential(conv, norm), sn.ReLU(), sn.Flatten(3), sn.Linear(6, 6, seed=1), inner)
    x, labels = rng.normal(1, 1, (60, 1, 3, 3)).astype(np.float32), np.arange(60) % 3
    options = {"loss": sn.loss.cross_entropy, "optimiser": sn.optim.Adam(1e-2), "progress": False}
    sn.fit(net, (x, labels), epochs=2, **options)
    convert.prune_channels(net, 0.5)
    sn.fit(net, (x, labels), epochs=2, **options)
    silent = ~conv.weight.data.any(axis=(1, 2, 3))
    assert silent.sum() == 3
    assert not net.layers[0](x).data[:, silent].any()
    assert net.layers[0](x).data[:, ~silent].all()
    assert inner.layers[2].weight.data.all(), "the last layer keeps its outputs"


def test_deep_r_keeps_to_bounds_and_to_what_is_pruned():
    net = sn.Sequential(sn.Linear(8, 10, seed=0), sn.LIF(learn=("leak",)), sn.Linear(10, 3, seed=1))
    before = sn.Sequential(sn.Linear(8, 10, seed=0))
    convert.prune(before, 0.5)
    gone = convert.held(before.layers[0].weight)
    convert.hold_at_zero(net.layers[0].weight, gone)
    params, rule = net.parameters(), convert.DeepR(learning_rate=2.0, density=0.3, temperature=1e-2)
    state, rng = rule.start(params), np.random.default_rng(0)
    assert (params["0.weight"].data != 0).sum() == 24
    for _ in range(20):
        for p in params.values():
            p.grad = rng.normal(size=p.shape).astype(np.float32)
        rule.step(params, state)
        low, high = params["1.leak"].bounds
        assert low <= params["1.leak"].data <= high
        assert not params["0.weight"].data[gone].any()
        assert (params["0.weight"].data != 0).sum() == 24, "others took the places"
    convert.hold_at_zero(net.layers[0].weight, params["0.weight"].data != 0)
    rule.step(params, state)
    assert not params["0.weight"].data[convert.held(params["0.weight"])].any()
