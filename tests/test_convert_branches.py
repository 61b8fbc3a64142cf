"""Nets with shortcuts made spiking: sums of branches become sums of currents, whatever each branch stands for."""

from __future__ import annotations

import numpy as np
import pytest

import spikenet as sn
from spikenet import convert

STEPS = 400


def lin(n, m, seed):
    return sn.Linear(n, m, seed=seed)


def conv(n, m, seed, **options):
    return sn.Conv2d(n, m, 3, padding=1, seed=seed, **options)


def pooled_sum():
    path = sn.Sequential(conv(3, 3, 1), sn.BatchNorm2d(3), sn.ReLU())
    both = sn.Parallel(path, sn.Identity())
    return sn.Sequential(
        sn.Unflatten((1, 4, 4)), conv(1, 3, 0), sn.ReLU(), both, sn.MaxPool2d(2), sn.Flatten(3), lin(12, 3, 1)
    )


NETS = {
    "ResNet": lambda: sn.models.resnet((1, 4, 4), 3, widths=(3, 4), seed=0),
    "rectified inside": lambda: sn.Sequential(
        lin(16, 8, 0), sn.ReLU(), sn.Residual(lin(8, 8, 1), sn.ReLU()), sn.Residual(sn.ReLU(), lin(8, 8, 2)), sn.ReLU(),
        lin(8, 3, 3),
    ),
    "around the input": lambda: sn.Sequential(sn.Residual(lin(16, 16, 0), sn.ReLU(), lin(16, 16, 1)), lin(16, 3, 2)),
    "one in the other": lambda: sn.Sequential(
        lin(16, 8, 0), sn.ReLU(), sn.Residual(lin(8, 8, 1), sn.ReLU(), sn.Residual(lin(8, 8, 2), sn.ReLU())),
        sn.Dropout(0.5), sn.ReLU(), lin(8, 3, 3),
    ),
    "maximum of a sum": pooled_sum,
    "two in a row": lambda: sn.Sequential(sn.ReLU(), lin(16, 8, 0), lin(8, 8, 1), sn.ReLU(), sn.ReLU(), lin(8, 3, 2)),
}  # fmt: skip


@pytest.fixture(scope="module")
def data():
    return np.random.default_rng(0).random((60, 16)).astype(np.float32)


@pytest.mark.parametrize("per_channel", [False, True], ids=["one scale", "per channel"])
@pytest.mark.parametrize("name", NETS)
def test_sums_of_branches_become_sums_of_currents(name, per_channel, data):
    net = NETS[name]()
    made = convert.to_spiking(net, data, percent=100, per_channel=per_channel)
    y = made.net(np.broadcast_to(data, (STEPS, *data.shape))).data.mean(axis=0)
    with sn.no_grad():
        wanted = net(data).data
    part = 0.25 if name == "maximum of a sum" else 0.05  # whoever leads before the counts tell adds its spikes
    assert np.abs(y - wanted).max() < part * np.abs(wanted).max()
    found = convert.losses(net, made, data, STEPS)
    assert len(found) == len(made.scales) == repr(made.net).count("ConvertedIF")
    assert max(one.rate_error for one in found) < 0.08


def test_populations_inside_branches_are_named_by_their_place(data):
    net = NETS["ResNet"]()
    names = [one.name for one in convert.losses(net, convert.to_spiking(net, data), data, 8)]
    assert names[:3] == ["2 ConvertedIF", "3 Parallel, 0 1 ConvertedIF", "4 ConvertedIF"]


def test_what_has_no_spiking_form_is_refused(data):
    beside = sn.Parallel(lin(16, 4, 0), lin(16, 4, 1), join=sn.layers.joins.side_by_side)
    with pytest.raises(TypeError, match=r"of branches only sums \(join=added\) have a spiking form, got Parallel"):
        convert.to_spiking(sn.Sequential(beside, sn.ReLU()), data)
    with pytest.raises(TypeError, match="no spiking form of Tanh"):
        convert.to_spiking(sn.Sequential(lin(16, 16, 0), sn.ReLU(), sn.Residual(sn.Tanh())), data)
    for start in (2, -0.1):
        with pytest.raises(ValueError, match=r"to_spiking: start: expected a number in \[0, 1\]"):
            convert.to_spiking(NETS["around the input"](), data, start=start)
