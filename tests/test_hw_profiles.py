"""Loihi's profiles and synapse formats: no core needs more than it has, neurons alike stand together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import hw
import spikenet as sn
from hw.chips import loihi1
from hw.records.fact import Evidence, Fact


def edited(chip, **limits):
    new = {name: Fact(value, chip.limits[name].unit, Evidence.DERIVED, "a test") for name, value in limits.items()}
    return replace(chip, limits={**chip.limits, **new})


def varied(n_in, n, n_out, thresholds, decays):
    """A net whose hidden neurons have so many thresholds and time constants, each with each, mixed up."""
    at = np.random.default_rng(0).permutation(n)
    hidden = sn.LIF(
        threshold=(0.5 + at % thresholds / thresholds).astype(np.float32),
        tau_mem_s=(5e-3 * 1.05 ** (at // thresholds % decays)).astype(np.float32),
        reset=sn.reset.to_zero,
    )
    out = sn.LIF(tau_mem_s=5e-3, reset=sn.reset.to_zero)
    return sn.Sequential(sn.Linear(n_in, n, seed=0), hidden, sn.Linear(n, n_out, seed=1), out)


def needed(program, placement):
    """Of every core the profiles its neurons need, counted from the integers, and the formats of its synapses."""
    for core in placement.cores:
        compartments, thresholds, formats = set(), set(), 0
        for part in core.parts:
            layer = next(layer for layer in program.layers if layer.name == part.layer)
            du, dv, vth = (np.broadcast_to(word, layer.params.du.shape)[part.neurons]
                           for word in (layer.params.du, layer.params.dv, layer.params.vth))  # fmt: skip
            compartments |= set(zip(du.tolist(), dv.tolist(), strict=True))
            thresholds |= set(vth.tolist())
            formats += 1 + (layer.recurrent is not None)
        yield len(compartments), len(thresholds), formats


@pytest.fixture(scope="module")
def spikes():
    return (np.random.default_rng(1).random((8, 3, 12)) < 0.4).astype(np.float32)


@pytest.mark.parametrize(
    ("thresholds", "decays", "fewest"),
    [(8, 1, 1), (20, 1, 3), (1, 40, 2), (16, 64, 4), (30, 40, 8)],  # cores that profiles alone ask for
)
def test_no_core_needs_more_profiles_than_it_has(thresholds, decays, fewest, spikes):
    net = varied(12, 1000, 5, thresholds, decays)
    program = hw.compile(net, loihi1, calibrate=spikes)
    placed = hw.place_program(program)
    found = list(needed(program, placed.placement))
    assert all(c <= 32 and t <= 8 for c, t, _ in found), found
    for core, (c, t, f) in zip(placed.placement.cores, found, strict=True):
        assert (core.used["compartment_profiles"], core.used["threshold_profiles"]) == (c, t)
        assert core.used["synapse_formats"] == f
    assert fewest <= len(found) <= fewest + 2, len(found)
    assert len(hw.place(net, loihi1).cores) <= fewest + 2
    execution = placed.run(spikes)
    assert np.array_equal(execution.output, program.run(spikes).output)
    alone = list(needed(program, hw.place_program(replace(program, chip=unlimited())).placement))
    assert fewest == 1 or any(c > 32 or t > 8 for c, t, _ in alone)  # without the rule they would not fit


def unlimited():
    return edited(loihi1, compartment_profiles=4096, threshold_profiles=1 << 17)


def test_alike_neurons_stay_in_the_order_of_their_places():
    """A layer that needs no more than a core has is placed as without the rule."""
    net = varied(12, 1500, 5, 4, 4)
    with_rule, without = (hw.place(net, chip) for chip in (loihi1, unlimited()))
    for a, b in zip(with_rule.cores, without.cores, strict=True):
        assert all(np.array_equal(p.neurons, q.neurons) for p, q in zip(a.parts, b.parts, strict=True))
    assert with_rule.hops == without.hops


def test_filters_with_thresholds_of_their_own_are_grouped():
    threshold = np.linspace(0.5, 1.5, 24, dtype=np.float32)[:, None, None]
    neurons = sn.LIF(threshold=np.broadcast_to(threshold, (24, 6, 6)).copy(), reset=sn.reset.to_zero)
    net = sn.Sequential(sn.Conv2d(1, 24, 3, padding=1, seed=0), neurons)
    placement = hw.place(net, loihi1, (1, 6, 6))
    assert [core.used["threshold_profiles"] for core in placement.cores] == [8, 8, 8]
    for core in placement.cores:
        assert len({int(n) // 36 for part in core.parts for n in part.neurons}) == 8


def test_layers_share_a_core_only_as_far_as_there_are_formats():
    """Ten small layers have ten sets of synapses; a core has eight formats, and each layer a threshold of its own."""
    layers = [(sn.Linear(4, 4, seed=k), sn.LIF(reset=sn.reset.to_zero)) for k in range(10)]
    net = sn.Sequential(*(layer for pair in layers for layer in pair))
    cores = hw.place(net, loihi1).cores
    assert len(cores) == 2
    assert all(core.used["synapse_formats"] == len(core.parts) <= 8 for core in cores)
    few = edited(loihi1, synapse_formats=2, threshold_profiles=16)
    assert len(hw.place(net, few).cores) == 5
    assert len(hw.place(net, edited(loihi1, synapse_formats=16, threshold_profiles=3)).cores) == 4


def test_too_many_thresholds_are_refused_with_figures(spikes):
    few = edited(loihi1, cores=2)
    net = varied(12, 200, 5, 100, 1)
    said = (
        r"threshold profiles: needs 100 different .* of which a core has 8, on 2 cores, has 15 \(85 over\); "
        "cores are full of threshold profiles: use 7 chips, or give its neurons at most 15"
    )
    with pytest.raises(hw.DoesNotFit, match=said):
        hw.compile(net, few, calibrate=spikes)
    assert hw.check(varied(12, 200, 5, 15, 1), chips=few)[few].fits
    assert hw.check(net, chips=few, n_chips=7)[few].fits
    assert not hw.check(net, chips=few, n_chips=6)[few].fits
