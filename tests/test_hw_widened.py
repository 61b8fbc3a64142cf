"""Sums between a convolution and its neurons, as chips have them: one convolution with a larger window."""

from __future__ import annotations

import numpy as np
import pytest

import hw
import spikenet as sn
from hw.lowering.widened import joined, widened

CASES = {
    "one after another": (sn.Conv2d, (2, 3, 3), {}, sn.SumPool2d(2), (2, 8, 7)),
    "mean": (sn.Conv2d, (2, 4, (3, 2)), {"padding": (1, 0), "groups": 2}, sn.AvgPool2d((2, 3)), (2, 9, 11)),
    "overlapping": (sn.Conv2d, (1, 2, 3), {"stride": 2, "dilation": 2, "padding": 2}, sn.SumPool2d(3, stride=2),
                    (1, 19, 16)),
    "apart": (sn.Conv2d, (1, 2, 2), {"stride": (3, 1), "bias": False}, sn.AvgPool2d(2, stride=3), (1, 20, 13)),
    "a line": (sn.Conv1d, (4, 6, 3), {"groups": 2, "stride": 2, "padding": 1}, sn.AvgPool1d(3, stride=2), (4, 21)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_widened_convolution_gives_what_pooling_gives(name, rng):
    make, sizes, more, pool, shape = CASES[name]
    layer = make(*sizes, **more, seed=1)
    x = rng.normal(size=(3, *shape)).astype(np.float32)
    wanted, got = pool(layer(x)).data, widened(layer, pool)(x).data
    assert got.shape == wanted.shape
    np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_only_sums_in_front_of_neurons_go_into_weights():
    conv, norm = sn.Conv2d(1, 2, 3, seed=0), sn.BatchNorm2d(2)
    kinds = {
        "Conv2d with AvgPool2d with SumPool2d IF": [
            conv,
            sn.Dropout(0.5),
            sn.AvgPool2d(2),
            norm,
            sn.SumPool2d(2),
            sn.IF(),
        ],
        "Conv2d IF SumPool2d": [conv, sn.IF(), sn.SumPool2d(2)],
        "Conv2d SumPool2d IF": [conv, sn.SumPool2d(2, padding=1), sn.IF()],
        "Conv2d MaxPool2d IF": [conv, sn.MaxPool2d(2), sn.IF()],
        "Conv2d SumPool2d Conv2d IF": [conv, sn.SumPool2d(2), sn.Conv2d(2, 2, 1), sn.IF()],
    }
    for wanted, layers in kinds.items():
        assert " ".join(layer.kind for _, layer in joined(layers) if layer.kind != "Dropout") == wanted


def test_what_both_together_break_is_said_of_both():
    """Each alone would fit: kernel 3 and stride 1, mean of 2 or 3 in a square."""
    for side, chip, said in (
        (2, hw.chips.akida, "an even kernel (4, 4)"),
        (3, hw.chips.akida, "stride: needs 3 pixels, has 2 (1 over)"),
        (3, hw.chips.speck, "stride (3, 3)"),
    ):
        neurons = lambda: sn.LIF(tau_mem_s=1e-9) if chip is hw.chips.akida else sn.IF()  # noqa: B023, E731
        layers = [sn.Conv2d(1, 4, 3, padding=1, seed=0), sn.AvgPool2d(side), neurons(), sn.Flatten(3)]
        net = sn.Sequential(*layers, sn.Linear(4 * (12 // side) ** 2, 5, seed=1), neurons())
        (breach,) = hw.check(net, (1, 12, 12), chips=chip)[chip].breaches
        assert f"{chip.name}: 0 Conv2d with AvgPool2d: {said}; " in str(breach)


def test_a_net_with_means_in_front_of_its_neurons_runs_and_trains_on_a_chip(rng):
    """As snnTorch's and our own examples write nets: convolution, norm, pooling, neurons."""
    neurons = lambda: sn.IF(reset=sn.reset.to_zero, threshold=0.3)  # noqa: E731
    norm = sn.BatchNorm2d(4)
    norm.running_mean.data[:], norm.running_var.data[:] = [0.1, -0.2, 0.0, 0.1], [0.5, 1.5, 2.0, 1.0]
    net = sn.Sequential(
        sn.Conv2d(1, 4, 3, seed=0), norm, sn.AvgPool2d(2), neurons(), sn.Flatten(3), sn.Linear(36, 3, seed=1), neurons()
    )
    x = (rng.random((12, 20, 1, 8, 8)) < 0.4).astype(np.float32)
    program = hw.compile(net, hw.chips.loihi1, calibrate=x)
    assert [report.name for report in program.report] == ["3 IF", "6 IF"]
    wanted, got = net(x).data, program.run(x).output
    assert wanted.sum() > 50
    assert (got == wanted).mean() > 0.9
    before = net.layers[0].weight.data.copy()
    images = (rng.random((40, 1, 8, 8)).astype(np.float32), np.arange(40) % 3)
    hw.train_through(
        net, hw.chips.loihi1, images, calibrate=x, epochs=1, batch_size=20, loss=sn.loss.count_cross_entropy,
        optimiser=sn.optim.Adam(1e-3), encode=sn.encode.Rate(8), progress=False,
    )  # fmt: skip
    assert (net.layers[0].weight.data != before).any()
