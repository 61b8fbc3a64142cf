"""Convolutions, pooling and batch norms in counts, in int8 and side by side: against loops over every output."""

from __future__ import annotations

import math

import numpy as np
import pytest

import hw
import spikenet as sn
from hw.counting.counts import Traffic

CONVOLUTIONS = {
    "plain": (sn.Conv2d, (2, 3, 3), {}, (2, 6, 5)),
    "border": (sn.Conv2d, (2, 3, 3), {"padding": 1}, (2, 5, 5)),
    "stride": (sn.Conv2d, (1, 2, 3), {"stride": 2, "padding": (0, 1)}, (1, 6, 7)),
    "groups": (sn.Conv2d, (4, 6, (3, 2)), {"groups": 2, "stride": (2, 1)}, (4, 6, 5)),
    "dilated": (sn.Conv2d, (2, 2, 3), {"dilation": (2, 1), "padding": 2}, (2, 6, 5)),
    "line": (sn.Conv1d, (4, 6, 3), {"groups": 2, "stride": 2, "padding": 1, "dilation": 2}, (4, 9)),
}


def given(x, index=None, seed=0):
    """An encoder for data that already are (batch, steps, ...)."""
    return np.moveaxis(x, 1, 0)


def pruned(layer, rng):
    layer.weight.data *= rng.random(layer.weight.shape) < 0.7
    return layer


def meetings(layer, shape):
    """(input, output, weight) of every product of a convolution that lies on the map, as flat indices."""
    channels, *size = shape
    size, kernel, stride, padding, dilation = (
        ((missing,) * (2 - len(t)) + tuple(t))
        for t, missing in (
            (size, 1),
            (layer.kernel_size, 1),
            (layer.stride, 1),
            (layer.padding, 0),
            (layer.dilation, 1),
        )
    )
    out = [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    ]
    per_in, per_out = channels // layer.groups, layer.n_out // layer.groups
    for f, i, j, c, a, b in np.ndindex(layer.n_out, *out, per_in, *kernel):
        y, x = i * stride[0] - padding[0] + a * dilation[0], j * stride[1] - padding[1] + b * dilation[1]
        if 0 <= y < size[0] and 0 <= x < size[1]:
            channel = f // per_out * per_in + c
            source = (channel * size[0] + y) * size[1] + x
            yield source, (f * out[0] + i) * out[1] + j, ((f * per_in + c) * kernel[0] + a) * kernel[1] + b


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_every_product_of_a_convolution_is_counted(case, rng):
    """Analogue input: MACs on the map. Spikes: each meets the outputs whose window it lies in; zero weights too."""
    make, sizes, more, shape = CONVOLUTIONS[case]
    layer = pruned(make(*sizes, **more, seed=0), rng)
    weight, products = layer.weight.data.ravel(), list(meetings(layer, shape))
    outputs = len({o for _, o, _ in products})
    values = (rng.normal(size=(3, *shape)) * (rng.random((3, *shape)) < 0.6)).astype(np.float32)
    (got,) = hw.count(sn.Sequential(layer), values).layers
    flat = values.reshape(3, -1)
    effective = sum(int(row[i] != 0 and weight[w] != 0) for row in flat for i, _, w in products)
    assert (got.macs, got.dense, got.acs) == (len(products), len(products), 0)
    assert got.effective == pytest.approx(effective / 3, rel=1e-12)
    assert (got.stored.weights, got.stored.channels, got.sums) == (weight.size, layer.n_out, outputs)  # shared: once
    moved = {"weights": len(products), "biases": outputs, "values_read": math.prod(shape), "values_written": outputs}
    assert got.traffic == Traffic(**moved)
    spikes = (rng.random((3, 4, *shape)) < 0.3).astype(np.float32)
    got, *_ = hw.count(sn.Sequential(layer, sn.IF()), spikes, encode=given).layers
    sent = spikes.sum(axis=(0, 1)).ravel()
    assert got.acs == pytest.approx(sum(sent[i] for i, _, _ in products) / 3, rel=1e-12)
    assert got.effective == pytest.approx(sum(sent[i] for i, _, w in products if weight[w]) / 3, rel=1e-12)
    assert (got.dense, got.macs, got.events) == (4 * len(products), 0, sent.sum() / 3)


def windows(pooling, size):
    """Places on the map under each window, as (row, column) lists by output."""
    (kh, kw), (sh, sw), (ph, pw) = pooling.kernel_size, pooling.stride, pooling.padding
    for i in range((size[0] + 2 * ph - kh) // sh + 1):
        for j in range((size[1] + 2 * pw - kw) // sw + 1):
            places = [(i * sh - ph + a, j * sw - pw + b) for a in range(kh) for b in range(kw)]
            yield (i, j), [(y, x) for y, x in places if 0 <= y < size[0] and 0 <= x < size[1]]


@pytest.mark.parametrize(
    ("pooling", "kind"),
    [(sn.MaxPool2d(2), "compare"), (sn.MaxPool2d(3, stride=2, padding=1), "compare"), (sn.SumPool2d(2), "add"),
     (sn.AvgPool2d((2, 3), stride=1), "add")],
)  # fmt: skip
def test_pooling_of_values_compares_or_adds_what_lies_under_its_windows(pooling, kind, rng):
    net = sn.Sequential(sn.Conv2d(1, 3, 2, seed=0), pooling, sn.ReLU())
    conv, pool, _ = hw.count(net, rng.random((2, 1, 7, 6)).astype(np.float32)).layers
    under = [len(places) for _, places in windows(pooling, (6, 5))]
    means = {"multiply": 3 * len(under)} if pooling.kind == "AvgPool2d" else {}
    assert pool.pointwise_operations == {kind: 3 * (sum(under) - len(under))} | means
    assert (conv.traffic.values_written, pool.traffic.values_written) == (0, 3 * len(under))
    assert (conv.macs, pool.macs, pool.pointwise_values) == (3 * 4 * 30, 0, 0)


@pytest.mark.parametrize("pooling", [sn.SumPool2d(2), sn.AvgPool2d(3, stride=2, padding=1), sn.MaxPool2d(2)])
def test_spikes_that_are_pooled_go_on_to_what_their_windows_feed(pooling, rng):
    """A sum of spikes is none: each spike is delivered through each window it lies in; a maximum is one spike."""
    conv = pruned(sn.Conv2d(2, 3, 3, padding=1, seed=1), rng)
    net = sn.Sequential(sn.Conv2d(1, 2, 3, seed=0), sn.IF(threshold=0.2), pooling, conv, sn.IF())
    x = (rng.random((2, 5, 1, 8, 8)) < 0.5).astype(np.float32)
    _, neurons, pool, second, _ = hw.count(net, x, encode=given).layers
    sent = sn.record(net, given(x))[1].output.reshape(10, 2, 6, 6)
    size = sn.record(net, given(x))[2].output.shape[-2:]
    arriving = np.zeros((2, *size))
    for (i, j), places in windows(pooling, (6, 6)):
        spikes = np.array([sent[:, :, y, x] for y, x in places])
        arriving[:, i, j] = (spikes.max(axis=0) if pooling.kind == "MaxPool2d" else spikes.sum(axis=0)).sum(axis=0)
    products = list(meetings(conv, (2, *size)))
    assert neurons.spikes * 2 == sent.sum() > 20
    assert second.acs == pytest.approx(sum(arriving.ravel()[i] for i, _, _ in products) / 2, rel=1e-12)
    wanted = sum(arriving.ravel()[i] for i, _, w in products if conv.weight.data.ravel()[w])
    assert second.effective == pytest.approx(wanted / 2, rel=1e-12)
    assert second.macs == 0
    if pooling.kind == "MaxPool2d":
        assert pool.pointwise_operations == {"compare": 5 * 2 * 9 * 3}
        assert (second.sources, second.events) == (18, pytest.approx(arriving.sum() / 2))
    else:  # of the neurons that sent them, whatever windows overlap
        assert (pool.pointwise_operations, pool.traffic) == ({}, Traffic())
        assert (second.sources, second.events) == (72, pytest.approx(sent.sum() / 2))
        assert second.traffic.bits_read == second.traffic.bits_written == 72 * 5


def test_what_never_changes_is_convolved_and_pooled_once(rng):
    net = sn.Sequential(sn.Conv2d(1, 2, 3, seed=0), sn.MaxPool2d(2), sn.LIF(), sn.Flatten(3), sn.Linear(8, 3, seed=1))
    conv, pool, *_ = hw.count(net, rng.random((2, 1, 6, 6)).astype(np.float32), encode=sn.encode.Constant(7)).layers
    assert (conv.macs, conv.dense, conv.feeds_neurons) == (2 * 16 * 9, 7 * 2 * 16 * 9, True)
    assert pool.pointwise_operations == {"compare": 8 * 3}
    assert (conv.traffic.sums_written, conv.traffic.sums_read, conv.stored.sums) == (8, 8 * 7, 8)


def test_a_batch_norm_is_folded_and_said_to_be(rng):
    norm, conv = sn.BatchNorm2d(3), sn.Conv2d(1, 3, 3, bias=False, seed=0)
    norm.running_var.data[:], norm.bias.data[:] = 4, 1
    x = rng.random((4, 1, 6, 6)).astype(np.float32)
    tail = sn.ReLU(), sn.Flatten(3), sn.Linear(48, 4, seed=1)
    with_norm = sn.Sequential(conv, sn.Dropout2d(0.1), norm, *tail)
    got, wanted = hw.count(with_norm, x), hw.count(sn.Sequential(sn.fold(conv, norm), *tail), x)
    assert [c.traffic for c in got.layers] == [c.traffic for c in wanted.layers]
    assert (got.layers[0].bias_adds, got.layers[0].stored.biases) == (3 * 16, 3)
    assert any("BatchNorm is folded" in note for note in got.assumptions)
    assert not any("BatchNorm" in note for note in wanted.assumptions)
    folded = hw.quantise(sn.Sequential(sn.fold(conv, norm), *tail), x)
    assert np.array_equal(hw.quantise(with_norm, x).run(x), folded.run(x))


def test_what_cannot_be_counted_is_named_with_its_fix(rng):
    x = rng.random((2, 1, 6, 6)).astype(np.float32)
    with pytest.raises(TypeError, match=r"BatchNorm2d.*directly behind"):
        hw.count(sn.Sequential(sn.Conv2d(1, 2, 3, seed=0), sn.ReLU(), sn.BatchNorm2d(2)), x)
    with pytest.raises(TypeError, match=r"cannot count a LayerNorm.*known layers.*convolutions"):
        hw.count(sn.Sequential(sn.LayerNorm(6)), x)
    with pytest.raises(TypeError, match="cannot quantise a LayerNorm"):
        hw.quantise(sn.Sequential(sn.Conv2d(1, 2, 3, seed=0), sn.LayerNorm(4)), x)


def rescaled(total, multiplier, channel):
    mantissa, shift = int(multiplier.mantissa[channel]), int(multiplier.shift[channel])
    return (total * mantissa + (1 << (shift - 1))) >> shift


def in_python(layer, q):
    """What an integer layer makes of one sample, in plain Python integers."""
    if type(layer).__name__ == "IntegerConnection" and isinstance(layer.layer, sn.layers.Convolution):
        found = list(meetings(layer.layer, q.shape))
        shape = layer(q[None]).shape[1:]
        n, depth = math.prod(shape[1:]), layer.weights.integers.shape[0]
        sums = [int(layer.weights.bias[o // n]) for o in range(math.prod(shape))]
        for i, o, w in found:
            sums[o] += (int(q.ravel()[i]) - layer.before.zero) * int(layer.weights.integers[w % depth, w // depth])
        values = [rescaled(total, layer.rescale, o // n) + layer.after.zero for o, total in enumerate(sums)]
        return np.clip(np.array(values).reshape(shape), layer.lowest, layer.highest)
    if type(layer).__name__ == "IntegerSum" or "MaxPool" in layer.name:
        y = np.zeros(layer(q[None]).shape[1:], np.int64)
        for c in range(len(q)):
            for (i, j), places in windows(layer.layer, q.shape[1:]):
                under = [int(q[c, r, k]) for r, k in places]
                if "MaxPool" in layer.name:
                    y[c, i, j] = max(under)
                    continue
                total = sum(v - layer.before.zero for v in under)
                y[c, i, j] = min(max(rescaled(total, layer.rescale, 0) + layer.after.zero, 0), 255)
        return y
    return layer(q[None])[0]


MEAN = sn.AvgPool2d(2, stride=1, padding=1)
BEHIND = {
    "border": (sn.ReLU(), MEAN),
    "groups": (),
    "dilated": (sn.MaxPool2d(2), sn.SumPool2d(2, stride=1), MEAN),
}


@pytest.mark.parametrize("case", BEHIND)
def test_int8_is_what_plain_integers_give(case, rng):
    make, sizes, more, shape = CONVOLUTIONS[case]
    conv = make(*sizes, **more, seed=0)
    net = sn.Sequential(conv, *BEHIND[case], sn.Conv2d(conv.n_out, 2, 1, seed=1), sn.Flatten(3))
    x = rng.normal(size=(20, *shape)).astype(np.float32)
    small = hw.quantise(net, x)
    for sample in x[:3]:
        q = small.before.to_integers(sample)
        for layer in small.layers:
            q = in_python(layer, q)
        assert np.array_equal(q, small.run(sample[None])[0])
    wanted = np.asarray(net(x).data)
    assert np.sqrt(np.mean((small(x) - wanted) ** 2)) < 0.03 * np.sqrt(np.mean(wanted**2))


def twins():
    """A small CNN and its spiking twin, which a Speck holds too: IF neurons, sums of spikes."""
    conv, last = sn.Conv2d(1, 4, 3, bias=False, seed=0), sn.Linear(36, 3, bias=False, seed=1)
    conv.weight.data[:] = np.abs(conv.weight.data)
    cnn = sn.Sequential(conv, sn.ReLU(), sn.MaxPool2d(2), sn.Flatten(3), last)
    scnn = sn.Sequential(conv, sn.IF(), sn.SumPool2d(2), sn.Flatten(3), last, sn.IF())
    return cnn, scnn


def test_a_cnn_and_its_spiking_twin_side_by_side(rng):
    def images(n):
        x, labels = rng.random((n, 1, 8, 8)).astype(np.float32) * 0.5, np.arange(n) % 3
        for k, label in enumerate(labels):
            x[k, 0, 2 * label : 2 * label + 3] += 0.5
        return sn.data.arrays(x, labels, "bars", classes=3)

    (cnn, scnn), train, test, code = twins(), images(60), images(30), sn.encode.Rate(8)
    chips = (hw.chips.cmos45, hw.chips.speck, hw.chips.loihi1)
    table = hw.compare({"CNN": cnn, "SCNN": (scnn, code)}, test, calibrate=train, chips=chips)
    rows = {(r.net, r.device, r.number_format): r for r in table.rows}
    products = 4 * 36 * 9 + 36 * 3
    for form in ("float32", "int8"):
        ann, snn = (rows[net, "45 nm CMOS", form] for net in ("CNN", "SCNN"))
        assert (ann.macs, ann.acs, snn.macs) == (products, 0, 0)
        assert ann.parameters == snn.parameters == 4 * 9 + 36 * 3
        assert min(ann.energy_j, snn.energy_j, ann.traffic_bytes, snn.traffic_bytes, snn.acs) > 0
    small = hw.quantise(cnn, train.inputs)
    assert rows["CNN", "45 nm CMOS", "int8"].accuracy == np.mean(small(test.inputs).argmax(1) == test.labels)
    spikes = code(test.inputs, index=np.arange(30), seed=0)
    on_speck = rows["SCNN", "Speck", "chip integers"]
    program = hw.compile(scnn, hw.chips.speck, calibrate=code(train.inputs, index=np.arange(60)))
    output = program.run(spikes.astype(np.int8)).output
    assert on_speck.accuracy == np.mean(np.asarray(output).sum(axis=0).argmax(axis=1) == test.labels)
    assert on_speck.acs == pytest.approx(rows["SCNN", "45 nm CMOS", "float32"].acs, rel=0.05)
    assert {str(b) for b in table.broken["SCNN", "Loihi 1"]}
    assert len(table.crossings) == 4
    assert "a mean's factor being in the weights" in hw.report.text(table)
    bench = hw.neurobench(scnn, test, encode=code)
    assert bench.dense == 8 * products
    assert bench.footprint_bytes >= 4 * (36 + 108)


def test_int8_weights_of_a_spiking_convolution_lie_on_their_grid(rng):
    """One scale a filter; behind a mean the bias counts in its parts of a spike; graded sums have no grid."""
    net = sn.Sequential(sn.Conv2d(1, 3, 3, seed=0), sn.IF(threshold=0.3), sn.AvgPool2d(2), sn.Conv2d(3, 2, 2, seed=1),
                        sn.IF())  # fmt: skip
    x = (rng.random((6, 4, 1, 8, 8)) < 0.4).astype(np.float32)
    twin = hw.with_int8_weights(net, x).net
    for k, step in ((0, 1.0), (3, 0.25)):
        weight, kept = (n.layers[k].weight.data.reshape(len(n.layers[k].weight.data), -1) for n in (net, twin))
        scale = np.abs(weight).max(axis=1, keepdims=True) / 127
        np.testing.assert_allclose(kept / scale, np.rint(weight / scale), atol=1e-4)
        bias = twin.layers[k].bias.data / (scale[:, 0] * step)
        np.testing.assert_allclose(bias, np.rint(bias), atol=1e-3)
    with pytest.raises(ValueError, match="sums of graded values"):
        hw.with_int8_weights(sn.Sequential(sn.AvgPool2d(2), *net.layers[:2]), rng.random((2, 3, 1, 8, 8), np.float32))


def test_pixels_in_a_row_become_a_map(rng):
    """Unflatten costs nothing, in counts, in int8 and on a chip."""
    (cnn, scnn), x = twins(), rng.random((4, 64)).astype(np.float32)
    as_map = sn.Unflatten((1, 8, 8))
    rows, maps = sn.Sequential(as_map, *cnn.layers), x.reshape(4, 1, 8, 8)
    assert [c.traffic for c in hw.count(rows, x).layers] == [c.traffic for c in hw.count(cnn, maps).layers]
    assert np.array_equal(hw.quantise(rows, x).run(x), hw.quantise(cnn, maps).run(maps))
    spiking = sn.Sequential(as_map, *scnn.layers)
    assert hw.check(spiking, input_shape=(64,), chips=[hw.chips.speck])[hw.chips.speck].breaches == ()
    with pytest.raises(ValueError, match=r"Unflatten.*\(60,\)"):
        hw.check(spiking, input_shape=(60,), chips=[hw.chips.speck])


def test_recurrent_weights_are_rounded_too(rng):
    loop = sn.Recurrent(sn.LIF(threshold=0.5), 4, seed=2)
    net = sn.Sequential(sn.DelayedLinear(6, 4, delays=2, seed=0), loop)
    twin = hw.with_int8_weights(net, (rng.random((5, 3, 6)) < 0.5).astype(np.float32)).net
    for layer, name in ((0, "weight"), (1, "recurrent_weight")):
        weight, kept = (getattr(n.layers[layer], name).data for n in (net, twin))
        scale = np.abs(weight).max(axis=0) / 127
        np.testing.assert_allclose(kept / scale, np.rint(weight / scale), atol=1e-4)
        assert not np.array_equal(kept, weight)


def test_one_core_is_not_two():
    from hw.records.si import how_many

    assert [how_many(n, "core") for n in (1, 2, 0)] == ["1 core", "2 cores", "0 cores"]
