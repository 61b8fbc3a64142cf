"""Training through a chip: forward what the program runs, backward the float net's gradient; and it learns."""

from __future__ import annotations

import numpy as np
import pytest

import hw
import spikenet as sn
from hw.chips import loihi1, truenorth, xylo
from hw.compilers.driver import recipe
from hw.training.followed import follow, settle
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


def test_on_truenorth_weights_follow_four_values_a_neuron():
    """Training moves hidden weights, of which the chip has a value for each type of axon or none."""
    train, test = sn.data.digits(0)
    code = sn.encode.Rate(12)
    net = sn.Sequential(sn.Linear(64, 40, seed=0), sn.IF(), sn.Linear(40, 10, seed=1), sn.IF())
    how = {"loss": sn.loss.count_cross_entropy, "encode": code, "progress": False, "seed": 0}
    sn.fit(net, train, optimiser=sn.optim.Adam(5e-3), epochs=3, **how)
    x, calibrate = code(test.inputs, seed=3), code(train.inputs[:128], seed=7)

    def right(program):
        return (program.run(x).output.sum(axis=0).argmax(axis=-1) == test.labels).mean()

    compiled, in_float = right(hw.compile(net, truenorth, calibrate=calibrate)), (
        net(x).data.sum(axis=0).argmax(axis=-1) == test.labels
    ).mean()  # fmt: skip
    got = hw.train_through(net, truenorth, train, calibrate=calibrate, optimiser=sn.optim.Adam(2e-3), epochs=4, **how)
    assert in_float > 0.9 > compiled
    assert right(got.program) > max(in_float - 0.04, compiled + 0.03)
    for layer, linear in zip(got.program.layers, (net.layers[0], net.layers[2]), strict=True):
        held = layer.connectivity.toarray() / layer.scale
        assert np.allclose(held, linear.weight.data, atol=1e-6)  # the net is what the chip runs
        for core in layer.cores:
            assert core.params.weights.shape[1] == 4
        assert max(len(np.unique(column)) for column in linear.weight.data.T) <= 5
    assert max(report.weight_error for report in got.program.report) < 1e-6
    again = hw.compile(net, truenorth, calibrate=calibrate[:, :40], like=got.program)
    assert np.array_equal(again.run(x).output, got.program.run(x).output)
    how |= {"optimiser": sn.optim.Adam(1e-9), "epochs": 1}
    on = hw.train_through(net, truenorth, train, calibrate=calibrate, like=again, **how)
    assert np.array_equal(on.program.run(x).output, got.program.run(x).output)  # it goes on from where it was


def test_forward_of_what_follows_is_the_program_and_gradients_go_to_hidden_weights(rng):
    net = sn.Sequential(
        sn.Linear(12, 9, seed=0), sn.Recurrent(sn.IF(threshold=0.7), 9, seed=1), sn.Dropout(0.5),
        sn.Linear(9, 4, seed=2), sn.BatchNorm(4), sn.IF(threshold=0.3),
    )  # fmt: skip
    x = spikes(rng, 15, 7, 12)
    before = {name: parameter.data.copy() for name, parameter in net.parameters().items()}
    made, followed = follow(net, recipe(net, truenorth, x))
    assert [(one.at, one.name) for one in followed] == [(0, "weight"), (1, "recurrent_weight")]  # 3 is folded
    for name, parameter in net.parameters().items():
        assert np.array_equal(parameter.data, before[name]) == (name not in ("0.weight", "1.recurrent_weight")), name
    on_chip = OnChip(net, made, followed)
    for moved in (0.0, 0.3):
        net.layers[0].weight.data += moved * rng.normal(0, 1, (12, 9)).astype(np.float32)
        y = on_chip(x)
        program, held = made.program(net)
        assert np.array_equal(y.data, program.run(x).output)
    (y * rng.normal(0, 1, y.shape).astype(np.float32)).sum().backward()
    assert not np.array_equal(followed[0].held(net.layers[0], held), net.layers[0].weight.data)
    gradients = {name: p.grad for name, p in net.parameters().items()}
    assert all(np.abs(gradients[name]).max() > 0 for name in ("0.weight", "1.recurrent_weight", "3.weight"))
    settle(net, made, followed)
    for p in net.parameters().values():
        p.grad = None
    assert np.array_equal(on_chip(x).data, y.data)  # what is held is held as it is


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
