"""hw.check and hw.compile on layers that no chip has: named, and what stands around them looked at all the same."""

from __future__ import annotations

import numpy as np
import pytest

import hw
import spikenet as sn
from hw.chips import loihi1, loihi2
from hw.lowering.layout import layout
from hw.records.breach import DoesNotFit

FROM_8_TO_6 = {
    "LSTM": lambda: sn.LSTM(8, 6, seed=0),
    "GRU": lambda: sn.GRU(8, 6, seed=0),
    "Elman": lambda: sn.Elman(8, 6, seed=0),
    "SpikingLSTM": lambda: sn.SpikingLSTM(8, 6, seed=0),
    "FullyRecurrent": lambda: sn.layers.FullyRecurrent(8, 10, 6, seed=0),
    "Maxout": lambda: sn.layers.Maxout(8, 6, 2, seed=0),
    "GLU": lambda: sn.Sequential(sn.Linear(8, 12, seed=0), sn.layers.GLU()),
    "Bidirectional": lambda: sn.layers.Bidirectional(sn.GRU(8, 3, seed=0), sn.GRU(8, 3, seed=1)),
    "RadialBasis": lambda: sn.layers.RadialBasis(8, 6, seed=0),
    "Embedding": lambda: sn.layers.Embedding(8, 6, seed=0),
}


def behind(layer):
    """A net of layers that Loihi has behind one that it has not."""
    return sn.Sequential(layer, sn.Linear(6, 3, seed=1), sn.LIF(reset=sn.reset.to_zero))


@pytest.mark.parametrize("kind", FROM_8_TO_6)
def test_a_layer_that_no_chip_has_is_named_on_all_of_them(kind):
    report = hw.check(behind(FROM_8_TO_6[kind]()), (8,))
    assert len(report.verdicts) == len(hw.chips.NEUROMORPHIC)
    for verdict in report.verdicts:
        assert f"no chip holds a {kind}" in [breach.limit for breach in verdict.breaches]
    assert len(report[loihi1].breaches) == 1


@pytest.mark.parametrize("kind", FROM_8_TO_6)
def test_it_is_refused_by_name_when_compiled(kind):
    with pytest.raises(DoesNotFit, match=f"no chip holds a {kind}"):
        hw.compile(behind(FROM_8_TO_6[kind]()), loihi2, calibrate=np.ones((3, 2, 8)))


@pytest.mark.parametrize("kind", FROM_8_TO_6)
def test_neurons_behind_it_belong_to_no_layer_in_front(kind):
    layers = FROM_8_TO_6[kind](), sn.BatchNorm(6), sn.IF(), sn.Linear(6, 3, seed=1), sn.LIF(reset=sn.reset.to_zero)
    net = sn.Sequential(sn.Linear(5, 8, seed=0), sn.LIF(reset=sn.reset.to_zero), *layers)
    found = layout(net)
    assert found.stages[0].neurons is net.layers[1]
    assert found.stages[-1].in_shape == (6,)
    assert [obstacle.what for obstacle in found.obstacles] == [f"no chip holds a {kind}"]


def test_layers_in_front_of_it_are_still_held_against_their_limits():
    net = sn.Sequential(sn.Linear(5000, 4, seed=0), sn.IF(reset=sn.reset.to_zero), sn.GRU(4, 3, seed=0))
    limits = [breach.limit for breach in hw.check(net, chips=loihi1)[loihi1].breaches]
    assert "no chip holds a GRU" in limits
    assert any("axons" in limit for limit in limits)


def test_a_size_that_nobody_says_is_not_guessed():
    """Of a convolution behind a layer that no chip knows; Unflatten and Linear say theirs."""
    conv = sn.Conv2d(1, 2, 3, seed=0), sn.IF(), sn.SumPool2d(2), sn.Flatten(3), sn.Linear(8, 3, seed=1), sn.IF()
    first = sn.GRU(8, 36, seed=0)
    unsized = layout(sn.Sequential(first, *conv), (8,))
    assert [stage.name for stage in unsized.stages] == ["5 Linear"]
    sized = layout(sn.Sequential(first, sn.Unflatten((1, 6, 6)), *conv), (8,))
    assert [(stage.name, stage.in_shape) for stage in sized.stages] == [
        ("2 Conv2d", (1, 6, 6)),
        ("6 Linear", (2, 4, 4)),
    ]
    assert not unsized.stages[-1].pools


def test_a_net_of_such_layers_alone_is_reported():
    report = hw.check(sn.Sequential(sn.GRU(8, 6, seed=0), sn.LSTM(6, 3, seed=1)), (8,))
    for verdict in report.verdicts:
        assert [breach.limit for breach in verdict.breaches] == ["no chip holds a GRU", "no chip holds a LSTM"]


def test_a_size_that_is_wrong_is_still_refused():
    with pytest.raises(ValueError, match=r"layer 0 Linear takes 8 values, it gets \(7,\)"):
        hw.check(sn.Sequential(sn.Linear(8, 6, seed=0), sn.IF()), (7,))
