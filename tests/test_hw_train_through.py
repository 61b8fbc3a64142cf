"""Training through a chip: forward what the program runs, backward the float net's gradient; and it learns."""

from __future__ import annotations

import numpy as np
import pytest

import hw
import spikenet as sn
from hw.chips import loihi1, xylo
from hw.compilers.driver import recipe
from hw.training.on_chip import OnChip
from spikenet.graph import Tensor


def spikes(rng, *shape, rate=0.3):
    return (rng.random(shape) < rate).astype(np.float32)


def to_zero(model=sn.LIF, **arguments):
    return model(reset=sn.reset.to_zero, **arguments)


def small(model, seed=0):
    return sn.Sequential(
        sn.Linear(8, 12, seed=seed), model(threshold=0.5), sn.Dropout(0.5), sn.Linear(12, 4, seed=seed + 1),
        model(threshold=0.3),
    )  # fmt: skip


@pytest.mark.parametrize(("chip", "model"), [(loihi1, lambda **a: to_zero(sn.LIF, **a)), (xylo, sn.CubaLIF)])
def test_forward_is_the_program(chip, model, rng):
    """Before and after weights have moved, and with dropout in training, which does nothing here."""
    net, x = small(model), spikes(rng, 15, 7, 8)
    on_chip = OnChip(net, recipe(net, chip, x))
    for moved in (0.0, 0.3):
        for name, parameter in net.parameters().items():
            if name.endswith("weight"):
                parameter.data += moved * rng.normal(0, 1, parameter.shape).astype(np.float32)
        program, _ = on_chip.recipe.program(net)
        got = on_chip(x, training=sn.layers.Training(np.random.default_rng(0))).data
        assert np.array_equal(got, program.run(x, samples_at_once=3).output)
        assert got.sum() > 10
    assert not np.array_equal(got, net(x).data)


def test_backward_is_the_float_nets_where_the_words_hold_everything(rng):
    """Chip and float net are then equal spike for spike, and so are all gradients; elsewhere they are those of the
    float layers on what the chip's layers sent."""
    endless = {"tau_mem_s": 1e9}  # no leak, by the model that the other tests compile
    net, x = small(lambda **a: to_zero(**a, **endless)), spikes(rng, 15, 7, 8)
    for layer in (net.layers[0], net.layers[3]):
        w = rng.integers(-127, 128, layer.weight.shape) / 128
        w.reshape(-1)[:2] = 127 / 128, -127 / 128
        layer.weight = Tensor(w.astype(np.float32), requires_grad=True, name="weight")
        layer.bias.data[...] = 0
    on_chip, gradients = OnChip(net, recipe(net, loihi1, x)), []
    weights = rng.normal(0, 1, (15, 7, 4)).astype(np.float32)
    for run in (net, on_chip):
        y = run(x)
        (y * weights).sum().backward()
        gradients.append({name: p.grad for name, p in net.parameters().items()})
        for parameter in net.parameters().values():
            parameter.grad = None
    assert np.abs(gradients[0]["0.weight"]).max() > 0.1
    for name, g in gradients[0].items():
        assert np.array_equal(gradients[1][name], g), name

    net.layers[0].weight.data += 0.3 / 128  # half way between words: now the chip's spikes are others
    runs = on_chip.recipe.program(net)[0].layer_runs(x.astype(np.int8))
    sent = Tensor(runs[0].spikes[:15].astype(np.float32))
    (on_chip(x) * weights).sum().backward()
    got = net.layers[3].weight.grad
    net.layers[3].weight.grad = None
    (net.layers[4](net.layers[3](sent)) * weights).sum().backward()
    assert np.allclose(net.layers[3].weight.grad, got, rtol=1e-5, atol=1e-5)


def test_training_through_the_chip_learns_and_returns_its_program():
    train, test = sn.data.digits(0)
    code = sn.encode.Rate(12)
    net = sn.Sequential(
        sn.Linear(64, 40, seed=0), to_zero(sn.LIF, tau_mem_s=10e-3), sn.Linear(40, 10, seed=1),
        to_zero(sn.LIF, tau_mem_s=10e-3),
    )  # fmt: skip
    got = hw.train_through(
        net, loihi1, train, calibrate=code(train.inputs[:64]), loss=sn.loss.count_cross_entropy,
        optimiser=sn.optim.Adam(5e-3), epochs=3, encode=code, progress=False,
    )  # fmt: skip
    losses = [record.train["loss"] for record in got.history.epochs]
    assert losses[2] < 0.4 * losses[0]
    x = code(test.inputs, seed=3)
    assert (got.program.run(x).output.sum(axis=0).argmax(axis=-1) == test.labels).mean() > 0.88
    assert [report.clipped for report in got.program.report] == [0.0, 0.0]  # scales follow the weights
    assert got.program.chip is loihi1


def test_wrong_calls(rng):
    x = spikes(rng, 5, 3, 8)
    with pytest.raises(hw.DoesNotFit, match="reset subtract"):
        hw.train_through(small(sn.LIF), loihi1, (x, x), calibrate=x, loss=sn.loss.cross_entropy)
    net = small(to_zero)
    on_chip = OnChip(net, recipe(net, loihi1, x))
    with pytest.raises(ValueError, match="no state"):
        on_chip.run(x, (np.zeros(3),))
    with pytest.raises(ValueError, match="run: spikes"):
        on_chip(x * 0.5)
    assert "Loihi 1" in repr(on_chip)
