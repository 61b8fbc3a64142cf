"""Counts of transposed convolutions, maps of another size and branches, against loops over every weight and place."""

from __future__ import annotations

import numpy as np
import pytest

import hw
import spikenet as sn
from hw import count
from hw.counting.counts import Traffic
from spikenet.layers.joins import ALL, added, and_not, averaged, both, side_by_side, stacked_maps


def given(x, index=None, seed=0):
    return np.moveaxis(x, 1, 0)


def sparse(layer, rng):
    layer.weight.data = (layer.weight.data * (rng.random(layer.weight.shape) < 0.7)).astype(np.float32)
    return layer


TRANSPOSED = [
    {},
    {"stride": 2},
    {"stride": 2, "padding": 1, "output_padding": 1},
    {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2)},
    {"groups": 2, "stride": 3, "padding": 2},
]


def spread_by_hand(layer, x):
    """(products with every weight, those of which neither factor is 0) of maps x (channels, height, width)."""
    every = effective = 0
    w, out = layer.weight.data, layer(x[None]).shape[-2:]
    for c, i, j in np.ndindex(x.shape):
        for o, a, b in np.ndindex(w.shape[1:]):
            y = i * layer.stride[0] - layer.padding[0] + a * layer.dilation[0]
            z = j * layer.stride[1] - layer.padding[1] + b * layer.dilation[1]
            if 0 <= y < out[0] and 0 <= z < out[1]:
                every += 1
                effective += int(x[c, i, j] != 0 and w[c, o, a, b] != 0)
    return every, effective


@pytest.mark.parametrize("options", TRANSPOSED)
def test_a_transposed_convolution(options, rng):
    layer = sparse(sn.ConvTranspose2d(4, 6, 3, seed=0, **options), rng)
    x = (rng.normal(size=(2, 4, 5, 4)) * (rng.random((2, 4, 5, 4)) < 0.6)).astype(np.float32)
    net = sn.Sequential(layer, sn.ReLU())
    each = [spread_by_hand(layer, one) for one in x]
    (first, _) = count(net, x).layers
    assert first.macs == first.dense == each[0][0]
    assert first.effective == sum(e for _, e in each) / 2
    outputs = layer(x).data[0].size
    assert first.sums == first.bias_adds == outputs
    assert first.traffic == Traffic(weights=each[0][0], biases=outputs, values_read=80, values_written=outputs)
    bench = hw.neurobench(net, x)
    assert (bench.dense, bench.effective_macs) == (each[0][0], sum(e for _, e in each) / 2)
    assert bench.connection_sparsity == round(float(np.mean(layer.weight.data == 0)), 4)


def test_a_transposed_convolution_of_a_line_and_of_spikes(rng):
    layer = sparse(sn.ConvTranspose1d(3, 2, 4, stride=2, padding=1, seed=0), rng)
    x = (rng.random((2, 6, 3, 5)) < 0.4).astype(np.float32)
    net = sn.Sequential(layer, sn.IF())
    (first, _) = count(net, x, encode=given).layers
    acs = 0
    for _, _, c, i in np.argwhere(x):
        for o, a in np.ndindex(2, 4):
            acs += int(0 <= 2 * i - 1 + a < 10) + 0 * c * o
    assert (first.acs, first.macs, first.events) == (acs / 2, 0, x.sum() / 2)
    assert hw.neurobench(net, x, encode=given).effective_acs == first.effective


def test_a_norm_behind_a_transposed_convolution_is_folded(rng):
    for groups in (1, 2):
        layer, norm = sn.ConvTranspose2d(4, 6, 3, stride=2, groups=groups, seed=0), sn.BatchNorm2d(6)
        for name in ("running_mean", "running_var"):
            getattr(norm, name).data[...] = rng.random(6) + 0.5
        norm.weight.data[...], norm.bias.data[...] = rng.normal(size=(2, 6))
        x = rng.normal(size=(2, 4, 3, 3)).astype(np.float32)
        np.testing.assert_allclose(sn.fold(layer, norm)(x).data, norm(layer(x)).data, rtol=1e-4, atol=1e-5)
        counts = count(sn.Sequential(layer, norm, sn.ReLU()), x)
        assert [c.name.split()[1] for c in counts.layers] == ["ConvTranspose2d", "ReLU"]
        assert any("folded" in text for text in counts.assumptions)


def of_windows(x, size):
    """How many numbers an adaptive pooling of x (channels, height, width) looks at, window by window."""
    total = 0
    for i, j in np.ndindex(size):
        rows = range(i * x.shape[1] // size[0], -(-(i + 1) * x.shape[1] // size[0]))
        total += x.shape[0] * len(rows) * len(range(j * x.shape[2] // size[1], -(-(j + 1) * x.shape[2] // size[1])))
    return total


def test_maps_of_another_size(rng):
    x = rng.random((2, 3, 7, 5)).astype(np.float32)
    seen, outputs = of_windows(x[0], (3, 2)), 3 * 6
    lines = sum(2 if 0 < (k + 0.5) / 3 - 0.5 < 6 and (k + 0.5) / 3 % 1 != 0.5 else 1 for k in range(21))
    columns = sum(2 if 0 < (k + 0.5) / 2 - 0.5 < 4 and (k + 0.5) / 2 % 1 != 0.5 else 1 for k in range(10))
    wanted = {
        "AdaptiveAvgPool2d": (sn.AdaptiveAvgPool2d((3, 2)), {"add": seen - outputs, "multiply": outputs}),
        "AdaptiveMaxPool2d": (sn.AdaptiveMaxPool2d((3, 2)), {"compare": seen - outputs}),
        "Upsample2d": (sn.Upsample2d(2), {}),
        "BilinearUpsample2d": (
            sn.BilinearUpsample2d((3, 2)),
            {"multiply": 3 * lines * columns, "add": 3 * lines * columns - 3 * 21 * 10},
        ),
    }
    for kind, (layer, arithmetic) in wanted.items():
        net = sn.Sequential(layer, sn.ReLU())
        first, _ = count(net, x).layers
        assert (first.name, dict(first.pointwise_operations)) == (f"0 {kind}", arithmetic)
        assert first.pointwise_values == 0  # no table
        assert hw.neurobench(net, x).activation_sparsity == np.mean(layer(x).data <= 0)
    (line, _) = count(sn.Sequential(sn.AdaptiveAvgPool1d(2), sn.ReLU()), x[:, :, 0]).layers
    assert dict(line.pointwise_operations) == {"add": 3 * (3 + 3 - 2), "multiply": 6}  # 5 places: 0..2 and 2..4


def test_spikes_brought_to_a_larger_map_are_spikes_of_every_place(rng):
    x = (rng.random((2, 4, 1, 3, 3)) < 0.5).astype(np.float32)
    conv = sn.Conv2d(1, 2, 3, padding=1, seed=0)
    counts = count(sn.Sequential(sn.Upsample2d(2), conv, sn.IF()), x, encode=given)
    alone = count(sn.Sequential(conv, sn.IF()), np.repeat(np.repeat(x, 2, axis=3), 2, axis=4), encode=given)
    assert counts.layers[1].acs == alone.layers[0].acs > 0
    assert counts.layers[1].events == 4 * x.sum() / 2


def branches(join, first=None, second=None):
    a = sn.Sequential(sn.Linear(6, 5, seed=0), sn.ReLU()) if first is None else first
    return sn.Parallel(a, sn.Linear(6, 5, seed=1) if second is None else second, join=join)


def test_branches_are_counted_as_their_layers_and_what_joins_them(rng):
    x = rng.random((3, 6)).astype(np.float32)
    for join in ALL[:-1]:
        last = sn.Linear(10 if join is side_by_side else 5, 2, seed=2)
        counts = count(sn.Sequential(branches(join), sn.ReLU(), last), x)
        names = [c.name for c in counts.layers]
        assert names == ["0 Parallel.first.0 Linear", "0 Parallel.first.1 ReLU", "0 Parallel.second.0 Linear",
                         "0 Parallel", "1 ReLU", "2 Linear"]  # fmt: skip
        arithmetic = {
            added: {"add": 5}, averaged: {"add": 5, "multiply": 5}, both: {"multiply": 5},
            and_not: {"add": 5, "multiply": 5}, side_by_side: {},
        }[join]  # fmt: skip
        assert dict(counts.layers[3].pointwise_operations) == arithmetic
        assert [c.macs for c in counts.layers if c.macs] == [30, 30, counts.layers[-1].traffic.values_read * 2]
        bench = hw.neurobench(sn.Sequential(branches(join)), x)
        assert bench.dense == 60


def test_memory_traffic_of_branches_by_hand(rng):
    """Both read the 6 inputs; the first's 5 results wait (5 written, 5 read); their sum goes on to the last layer."""
    x = rng.random((3, 6)).astype(np.float32)
    first, _, second, join, last = (
        c.traffic for c in count(sn.Sequential(branches(added), sn.Linear(5, 2, seed=2)), x).layers
    )
    assert first == Traffic(weights=30, biases=5, values_read=6)
    assert second == Traffic(weights=30, biases=5, values_read=6)
    assert join == Traffic(values_read=5, values_written=5)
    assert last == Traffic(weights=10, biases=2, values_read=5, values_written=5 + 2)
    # in the middle of a net both read what the layer before has written once
    net = sn.Sequential(sn.Linear(4, 6, seed=3), branches(side_by_side), sn.Linear(10, 2, seed=2))
    before, first, _, second, join, last = (c.traffic for c in count(net, x[:, :4]).layers)
    assert before == Traffic(weights=24, biases=6, values_read=4)
    assert (first.values_read, first.values_written) == (6, 6)
    assert (second.values_read, second.values_written) == (6, 0)
    assert join == Traffic()  # side by side: who reads them reads both
    assert (last.values_read, last.values_written) == (10, 10 + 2)
    kept = [c.stored.values for c in count(net, x[:, :4]).layers]
    assert kept == [4, 6, 0, 0, 0, 12]


def test_a_shortcut_is_read_where_it_is_added(rng):
    x = rng.random((3, 6)).astype(np.float32)
    inner = sn.Linear(6, 6, seed=0)
    for unit in (sn.Residual(inner), sn.Parallel(inner, sn.Identity()), sn.Parallel(sn.Identity(), inner)):
        product, join = count(sn.Sequential(unit), x).layers
        assert (product.traffic.values_read, join.traffic) == (6, Traffic(values_read=6))
        assert dict(join.pointwise_operations) == {"add": 6}


def test_spikes_on_branches(rng):
    """A spike-element-wise unit: events of both, and neurons behind a branch's connection are those of the branch."""
    x = (rng.random((2, 6, 4)) < 0.5).astype(np.float32)
    unit = sn.Parallel(
        sn.Sequential(sn.Linear(4, 4, seed=0), sn.IF(threshold=0.2)),
        sn.Sequential(sn.Linear(4, 4, seed=1), sn.IF(threshold=0.2)), join=and_not,
    )  # fmt: skip
    net = sn.Sequential(unit, sn.Linear(4, 3, seed=2), sn.LI())
    a, fires, b, _, join, last, _ = count(net, x, encode=given).layers
    assert a.acs == b.acs == x.sum() / 2 * 4
    assert a.feeds_neurons
    assert b.feeds_neurons
    assert (join.traffic.bits_read, join.traffic.values_read) == (24, 0)
    sent = unit(given(x)).data
    assert last.acs == pytest.approx(sent.sum() / 2 * 3)
    assert fires.spikes > 0
    mixed = sn.Sequential(sn.Parallel(sn.Conv2d(1, 2, 3, padding=1, seed=0), sn.Identity(), join=stacked_maps), sn.IF())
    maps = (rng.random((2, 3, 1, 4, 4)) < 0.5).astype(np.float32)
    assert [c.feeds_neurons for c in count(mixed, maps, encode=given).layers if c.acs] == [False]


def test_pooling_in_front_of_branches_hands_spikes_to_both(rng):
    x = (rng.random((2, 3, 2, 4, 4)) < 0.4).astype(np.float32)
    convs = [sn.Conv2d(2, 3, 3, padding=1, seed=k) for k in range(2)]
    net = sn.Sequential(sn.SumPool2d(2), sn.Parallel(*convs), sn.IF())
    counts = count(net, x, encode=given)
    alone = [count(sn.Sequential(sn.SumPool2d(2), conv, sn.IF()), x, encode=given).layers[1] for conv in convs]
    assert [counts.layers[k].acs for k in (1, 2)] == [c.acs for c in alone]
    assert dict(counts.layers[0].pointwise_operations) == {}


def test_a_join_of_ones_own_is_refused(rng):
    net = sn.Sequential(branches(lambda a, b: a * b + a))
    with pytest.raises(TypeError, match=r"cannot count the join.*take one of added, averaged"):
        count(net, np.ones((2, 6), np.float32))


def test_whole_architectures_are_counted(rng):
    images = rng.random((1, 1, 16, 16)).astype(np.float32)
    unet, resnet = sn.models.unet(1, 1, width=4, seed=0), sn.models.resnet((1, 16, 16), 3, widths=(4, 8), seed=0)
    for net, x in ((unet, images), (resnet, images.reshape(1, -1))):
        counts = count(net, x)
        assert counts.total(lambda c: c.macs) == hw.neurobench(net, x).dense
        assert hw.technology_energy(counts, hw.chips.cmos45, hw.FLOAT32).joules > 0
