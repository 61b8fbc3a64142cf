"""Nets in Akida's words: plain Python's integers, the entry points of its layers, the engine; what is refused."""

from __future__ import annotations

import re
from dataclasses import replace

import naive_chips as naive
import numpy as np
import pytest

import hw
import spikenet as sn
from hw.chips import akd1500, akida, akida2
from hw.compilers.driver import recipe
from hw.neurons.akida import V1, conv2d, dense
from hw.training.on_chip import OnChip
from spikenet.graph import Tensor

BOTH = pytest.mark.parametrize("chip", [akida, akida2], ids=lambda chip: chip.name)


def fewer(**bits):
    """The AKD1000 with other words."""
    return replace(akida, limits={**akida.limits, **{n: replace(akida.limits[n], value=v) for n, v in bits.items()}})


@pytest.fixture(scope="module")
def pooled():
    """Two convolutions, the first max-pooled, and potentials that are read."""
    rng = np.random.default_rng(0)
    net = sn.Sequential(
        sn.Conv2d(2, 3, 3, padding=1, seed=0), sn.ReLU(), sn.MaxPool2d(2), sn.Conv2d(3, 4, 3, seed=1), sn.ReLU(),
        sn.Flatten(3), sn.Linear(8, 5, seed=2),
    )  # fmt: skip
    return net, rng.random((7, 2, 6, 8)).astype(np.float32)


def in_plain_python(program, x):
    """Potentials of the last layer, sample by sample."""
    first, second, last = program.layers

    def activation(layer, p, j):
        w = layer.words
        if isinstance(w, V1):
            return naive.akida_v1(p, int(w.threshold[j]), int(w.act_step[j] * 16), w.act_bits)
        bias, scale, shift = int(w.bias[j]) << int(w.bias_shift[j]), int(w.output_scale[j]), int(w.output_shift[j])
        return naive.akida_v2(p, True, bias, 127 << 31, scale, shift, 8, 28)

    found = []
    for sample in program.entrance.integers("x", x).reshape(len(x), 2, 6, 8).tolist():
        maps = sample
        for layer, same, side in ((first, True, 2), (second, False, 0)):
            sums = naive.true_convolution(maps, layer.weights.tolist(), 1, same)
            sums = [naive.max_pool(p, side, side, same) if side else p for p in sums]
            maps = [[[activation(layer, p, j) for p in row] for row in plane] for j, plane in enumerate(sums)]
        flat = [value for plane in maps for row in plane for value in row]
        p = [sum(map(int.__mul__, flat, column)) for column in last.weights.T.tolist()]
        if not isinstance(last.words, V1):
            p = [v + (int(b) << int(s)) for v, b, s in zip(p, last.words.bias, last.words.bias_shift, strict=True)]
        found.append(p)
    return found


@BOTH
def test_a_program_is_its_layers_in_plain_python(chip, pooled):
    net, x = pooled
    program = hw.compile(net, chip, calibrate=x)
    got = program.run(x, samples_at_once=3)
    wanted = np.array(in_plain_python(program, x), np.float64)
    last = program.layers[-1]
    read = wanted if last.read_bias is None else wanted + last.read_bias
    assert np.array_equal(got.output, read / last.scale)
    assert np.corrcoef(got.output.ravel(), net(x).data.ravel())[0, 1] > (0.98 if chip is akida else 0.9999)
    assert np.ptp(wanted) > 100
    for report in program.report:
        assert report.weight_error < (0.15 if chip is akida else 0.02)
        assert report.threshold_error < 0.02
        assert abs(report.rate_change) < (0.1 if chip is akida else 0.01)


@BOTH
def test_a_program_is_the_plain_entry_points(chip, pooled):
    net, x = pooled
    program = hw.compile(net, chip, calibrate=x, per_channel=False)
    first, second, last = program.layers
    q = program.entrance.integers("x", x).reshape(7, 2, 6, 8)
    q = conv2d(q, first.weights, first.words, pool=2).y
    q = conv2d(q, second.weights, second.words, same_size=False).y
    q = dense(q.reshape(7, -1), last.weights, last.words).y
    read = q if last.read_bias is None else q + last.read_bias
    assert np.array_equal(program.run(x).output, read / last.scale)
    assert first.scale.shape == (3 * 3 * 4,)
    assert np.ptp(last.scale) == 0  # one scale for all


def whole(rng, *shape):
    """Weights that words of 4 bits hold: sevenths, the largest of each unit 1."""
    w = rng.integers(-6, 7, shape)
    w[0] = 7
    return (w / 7).astype(np.float32)


def test_what_the_words_hold_is_exact(rng):
    """Sevenths, biases in sevenths, rectifiers that round to 15 steps of 3: the float net, number for number."""
    net = sn.Sequential(sn.Linear(12, 20, seed=0), sn.QCFS(15, threshold=45.0), sn.Linear(20, 4, seed=1))
    net.layers[0].weight, net.layers[2].weight = Tensor(whole(rng, 12, 20)), Tensor(whole(rng, 20, 4))
    net.layers[0].bias = Tensor((rng.integers(-20, 20, 20) / 7).astype(np.float32))
    x = rng.integers(0, 16, (50, 12)).astype(np.float32)
    program = hw.compile(net, akida, calibrate=x)
    assert np.allclose(program.run(x).output, net(x).data, rtol=0, atol=1e-3)
    for report in program.report:
        assert report.weight_error < 1e-6
        assert report.clipped == report.threshold_error == report.overflows == 0
        assert report.bias_error < 0.03  # half a potential, of which there are only whole ones
    assert program.report[0].rate == pytest.approx(program.report[0].chip_rate, rel=1e-6)
    assert program.report[0].rate > 1


@BOTH
def test_neurons_without_memory_are_activations_of_one_bit(chip, rng):
    net = sn.Sequential(
        sn.Linear(12, 20, bias=False, seed=0), sn.LIF(tau_mem_s=1e-9, threshold=4.5 / 7),
        sn.Linear(20, 4, bias=False, seed=1), sn.CubaLIF(tau_mem_s=1e-9, tau_syn_s=1e-9, threshold=3.5 / 7),
    )  # fmt: skip
    net.layers[0].weight, net.layers[2].weight = Tensor(whole(rng, 12, 20)), Tensor(whole(rng, 20, 4))
    x = (rng.random((9, 6, 12)) < 0.4).astype(np.float32)
    program = hw.compile(net, chip, calibrate=x)
    got = program.run(x)
    if chip is akida:
        assert np.array_equal(got.output, net(x).data)
        assert [layer.words.input_bits for layer in program.layers] == [1, 1]
    assert (got.output == net(x).data).mean() > 0.95
    assert 0.1 < got.output.mean() < 0.9
    assert got.output.max() == 1


def test_events_are_counted(pooled):
    """An activation is an event however large; each meets all weights of its windows, also under a pooling."""
    net, x = pooled
    program = hw.compile(net, akida, calibrate=x)
    placed = hw.place_program(program, calibrate=x).run(x)
    assert np.array_equal(placed.output, program.run(x).output)
    assert placed.rates == program.run(x).rates
    maps, operations, spikes = program.entrance.integers("x", x).reshape(7, 2, 6, 8), 0, 0
    for layer, run in zip(program.layers, program.layer_runs(program.checked(x)), strict=True):
        if layer.stage.window is not None:
            pads = (1, 1) if any(layer.stage.window.padding) else (0, 0)
            events = np.pad((maps != 0).astype(int), ((0, 0), (0, 0), pads, pads))
            seen = np.lib.stride_tricks.sliding_window_view(events, (3, 3), (2, 3))
            there = (layer.weights[:, :, ::-1, ::-1] != 0).astype(int)
            operations += int(np.einsum("bcyxij,fcij->", seen, there))
        else:
            operations += int(((maps.reshape(7, -1) != 0).astype(int) @ (layer.weights != 0)).sum())
        maps = run.spikes[0].reshape(7, *layer.shape)
        spikes += int(np.count_nonzero(maps))
    assert placed.events.synaptic_ops.sum() == operations
    assert placed.events.spikes.sum() == spikes
    assert not placed.energy().joules
    assert re.search(r"total +unknown", str(placed))
    assert "how layers are laid onto its processors is not published" in str(placed)


def test_training_through_is_the_program_and_learns(pooled):
    net, x = pooled
    on_chip = OnChip(net, recipe(net, akida, x))
    y = on_chip(x)
    assert np.allclose(y.data, on_chip.recipe.program(net)[0].run(x).output, rtol=1e-6)
    (y * y).sum().backward()
    assert all(np.abs(p.grad).max() > 0 for p in net.parameters().values())
    train, test = sn.data.digits(0)
    two = fewer(weight_bits=2, activation_bits=2)
    mlp = sn.Sequential(sn.Linear(64, 40, seed=0), sn.ReLU(), sn.Linear(40, 10, seed=1))
    sn.fit(mlp, train, loss=sn.loss.cross_entropy, optimiser=sn.optim.Adam(5e-3), epochs=4, seed=0, progress=False)

    def right(program):
        return (program.run(test.inputs).output.argmax(axis=-1) == test.labels).mean()

    before = right(hw.compile(mlp, two, calibrate=train.inputs[:128]))
    got = hw.train_through(
        mlp, two, train, calibrate=train.inputs[:128], loss=sn.loss.cross_entropy, optimiser=sn.optim.Adam(2e-3),
        epochs=5, seed=0, progress=False,
    )  # fmt: skip
    assert right(got.program) > before + 0.02
    assert right(got.program) > 0.9
    assert {abs(int(w)) for w in np.unique(got.program.layers[0].weights)} == {0, 1}


@BOTH
def test_programs_equal_the_engine(chip, pooled):
    engine = pytest.importorskip("akida")
    net, x = pooled
    program = hw.compile(net, chip, calibrate=x)
    q = program.entrance.integers("x", x).reshape(7, 2, 6, 8).transpose(0, 2, 3, 1)
    model = engine.Model()
    model.add(engine.InputData((6, 8, 2), input_bits=4 if chip is akida else 8))
    for layer in program.layers:
        words, shape = layer.words, layer.weights.shape
        pool = {"pool_type": engine.PoolType.Max, "pool_size": 2, "pool_stride": 2} if layer.pool else {}
        padding = engine.Padding.Same if layer.pool else engine.Padding.Valid
        is_last, flat = layer is program.layers[-1], len(shape) == 2
        if chip is akida:
            how = {"weights_bits": 4, "act_bits": 4, "activation": not is_last}
            pool = {n: (v, v) if isinstance(v, int) else v for n, v in pool.items()}
            made = engine.FullyConnected(shape[1], **how) if flat else engine.Convolutional(
                kernel_size=(3, 3), filters=shape[0], padding=padding, **how, **pool)  # fmt: skip
            names = {} if is_last else {"threshold": words.threshold, "act_step": words.act_step}
        else:
            activation = engine.ActivationType.ReLU if words.relu else engine.ActivationType.NoActivation
            how = {"output_bits": words.output_bits, "buffer_bits": 28, "activation": activation}
            made = engine.Dense1D(shape[1], **how) if flat else engine.Conv2D(
                filters=shape[0], kernel_size=3, padding=padding, **how, **pool)  # fmt: skip
            names = {name: getattr(words, name) for name in ("bias", "bias_shift", "output_shift")}
            names |= {"output_scales": words.output_scale, "input_shift": 0}
            names |= {n: getattr(words, n) for n in ("max_value", "max_value_shift")} if words.relu else {}
        model.add(made)
        w = layer.weights
        if flat and chip is akida2:  # its engine flattens maps by place and then channel, the first's as we do
            w = w.reshape(4, 1, 2, 5).transpose(1, 2, 0, 3).reshape(8, 5)
        values = {"weights": w if flat else w.transpose(2, 3, 1, 0)} | names
        for name, value in values.items():
            held = made.variables[name]
            made.variables[name] = np.broadcast_to(value, held.shape).astype(held.dtype).copy()
    got = model.forward(q.astype(np.uint8 if chip is akida else np.int8)).reshape(7, 5)
    assert np.array_equal(got, program.layers[-1].plain(_sent(program, x)).y)


def _sent(program, x):
    return program.layer_runs(program.checked(x))[-2].spikes[0]


def test_a_rectifier_may_stand_on_either_side_of_the_maximum(pooled):
    net, x = pooled
    layers = list(net.layers)
    layers[1], layers[2] = layers[2], layers[1]
    swapped = sn.Sequential(*layers)
    got = hw.compile(swapped, akida, calibrate=x)
    assert np.array_equal(got.run(x).output, hw.compile(net, akida, calibrate=x).run(x).output)
    assert np.allclose(OnChip(swapped, recipe(swapped, akida, x))(x).data, got.run(x).output, rtol=1e-6)


def test_silent_filters_and_layers_compile():
    net = sn.Sequential(sn.Linear(6, 3, seed=0), sn.ReLU(), sn.Linear(3, 2, seed=1))
    net.layers[0].weight.data[:, 1], net.layers[0].bias.data[:] = 0, (0.1, 0.2, -9)
    for chip in (akida, akida2):
        got = hw.compile(net, chip, calibrate=ROWS).run(ROWS).output
        assert np.abs(got - net(ROWS).data).max() < 0.1
    net.layers[0].weight.data[:] = 0
    for chip in (akida, akida2):
        got = hw.compile(net, chip, calibrate=ROWS).run(ROWS).output
        assert np.abs(got - net(ROWS).data).max() < 0.1


IMAGES = np.random.default_rng(1).random((4, 1, 7, 7)).astype(np.float32)
ROWS = np.random.default_rng(2).random((4, 6)).astype(np.float32)


def conv(*behind, **more):
    return sn.Sequential(sn.Conv2d(1, 2, 3, seed=0, **more), sn.ReLU(), *behind)


@pytest.mark.parametrize(
    ("net", "x", "said"),
    [
        (sn.Sequential(sn.Linear(6, 2), sn.LIF()), ROWS[None], "neurons LIF live in time; take ReLU"),
        (sn.Sequential(sn.Linear(6, 2), sn.LI()), ROWS[None], "LI are none of its activations"),
        (sn.Sequential(sn.Linear(6, 2), sn.Sigmoid(), sn.Linear(2, 2)), ROWS, "Sigmoid; take ReLU"),
        (sn.Sequential(sn.Linear(6, 2), sn.Softmax()), ROWS, "Softmax; leave it out"),
        (sn.Sequential(sn.Linear(6, 2), sn.QCFS(8)), ROWS, "QCFS of 8 levels; take 1 or 3 or 15"),
        (sn.Sequential(sn.Linear(6, 2), sn.Linear(2, 2)), ROWS, "no neurons between"),
        (conv(stride=2, padding=1), IMAGES[..., :6, :6], r"padding \(1, 1\) of a kernel of \(3, 3\), stride \(2, 2\)"),
        (conv(stride=3), IMAGES, r"stride: needs 3 pixels, has 2 \(1 over\); use a stride of 2"),
        (conv(sn.MaxPool2d(2), sn.Linear(8, 2)), IMAGES, "MaxPool2d between .* put a convolution behind"),
        (conv(sn.AvgPool2d(2), sn.Conv2d(2, 2, 1)), IMAGES, "AvgPool2d; take MaxPool2d"),
        (conv(sn.MaxPool2d(2), sn.Conv2d(2, 2, 1), padding=1), IMAGES, r"MaxPool2d of \(2, 2\).* divide the map"),
        (sn.Sequential(sn.MaxPool2d(2), sn.Conv2d(1, 2, 3)), IMAGES, "no convolution in front of it; pool the input"),
    ],
)  # fmt: skip
def test_what_the_chip_lacks_is_refused(net, x, said):
    with pytest.raises(hw.DoesNotFit, match=said):
        hw.compile(net, akida, calibrate=x)


def test_bad_input_is_refused():
    net = sn.Sequential(sn.Linear(6, 3, seed=0), sn.ReLU(), sn.Linear(3, 2, seed=1))
    for x, said in ((-ROWS, r"expected 0 and more, got -0\.9.*shift or rectify"), (ROWS[:0], "empty"),
                    (ROWS[0], r"\(batch, \.\.\.\)"), (ROWS * np.nan, "finite")):  # fmt: skip
        with pytest.raises(ValueError, match=said):
            hw.compile(net, akida, calibrate=x)
    assert hw.compile(net, akida2, calibrate=-ROWS).entrance.low == -128  # these have a sign
    with pytest.raises(ValueError, match=r"weight_bits: expected 1 or 2 or 4 or 8, got 3"):
        hw.compile(net, fewer(weight_bits=3), calibrate=ROWS)
    with pytest.raises(ValueError, match=r"activation_bits: expected 1, 2 or 4.*got 8"):
        hw.compile(net, fewer(activation_bits=8), calibrate=ROWS)
    program = hw.compile(net, akida, calibrate=ROWS)
    with pytest.raises(ValueError, match=r"run: inputs: expected \(batch, 6\), got shape \(4, 5\)"):
        program.run(ROWS[:, :5])
    assert program.run(ROWS).words["1 ReLU"] == {"input": 0, "v": 0}
    assert program.run(ROWS * 2).words["1 ReLU"]["input"] == np.count_nonzero(np.rint(ROWS * 30 / ROWS.max()) > 15)
    most = np.full_like(ROWS, np.finfo(np.float32).max)  # times the scale it is beyond float32
    assert program.run(most).words["1 ReLU"]["input"] == ROWS.size
    assert np.array_equal(program.run(most).output, program.run(np.full_like(ROWS, ROWS.max())).output)
    for name, call in (("run: inputs", program.run), ("calibrate", lambda x: hw.compile(net, akida, calibrate=x))):
        with pytest.raises(TypeError, match=f"{name}: expected real numbers, got complex64"):
            call(ROWS * np.complex64(1j))
    assert program.run(ROWS[:0]).output.shape == (0, 2)
    net.layers[0].bias.data[:] = 1e12
    with pytest.raises(ValueError, match=r"layer 1 ReLU: threshold needs -.*its word holds"):
        hw.compile(net, akida, calibrate=ROWS)
    net.layers[0].weight.data[0, 0] = np.nan
    with pytest.raises(ValueError, match="0 Linear: weights hold NaN"):
        hw.compile(net, akida, calibrate=ROWS)


def test_akd1500_has_the_words_of_its_generation():
    net = sn.Sequential(sn.Linear(8, 6, seed=0), sn.ReLU(), sn.Linear(6, 4, seed=1))
    x = np.random.default_rng(0).random((20, 8), np.float32)
    outputs = [hw.compile(net, chip, calibrate=x).run(x).output for chip in (akida, akd1500)]
    assert outputs[0].any()
    assert np.array_equal(*outputs)
