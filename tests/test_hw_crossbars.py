"""TrueNorth's cores: fitted to what arrives, placed as they were compiled, copies of neurons counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import hw
import spikenet as sn
from hw.chips import truenorth
from hw.compilers.axon_types import assigned, best_values, fitted, missed, moment_of, valued
from hw.records.fact import Evidence, Fact

SIZES = {"neurons": 40, "input_axons": 70}
SMALL = replace(truenorth, limits=truenorth.limits | {
    name: Fact(n, truenorth.limits[name].unit, Evidence.DERIVED, "a test") for name, n in SIZES.items()
})  # fmt: skip


@pytest.fixture(scope="module")
def placed():
    """Two layers that hear themselves or each other, on several cores each."""
    rng = np.random.default_rng(4)
    net = sn.Sequential(
        sn.Linear(40, 25, seed=0), sn.Recurrent(sn.IF(threshold=0.7), 25, seed=1), sn.Linear(25, 90, seed=2), sn.IF()
    )
    x = (rng.random((9, 4, 40)) < 0.3).astype(np.int8)
    program = hw.compile(net, SMALL, calibrate=x)
    return program, hw.place_program(program, calibrate=x), x


def test_cores_are_placed_as_they_were_compiled(placed):
    program, on_cores, x = placed
    made = {}
    for layer in program.layers:
        for core in layer.cores:
            made.setdefault(core.number, []).append((layer.name, core.neurons.tolist()))
    laid = [[(part.layer, part.neurons.tolist()) for part in core.parts] for core in on_cores.placement.cores]
    assert sorted(laid) == sorted(made.values())
    assert len(laid) > 4
    got, wanted = on_cores.run(x, samples_at_once=3), program.run(x)
    assert np.array_equal(got.output, wanted.output)
    assert (got.rates, got.words) == (wanted.rates, wanted.words)
    assert min(got.rates.values()) > 0.01


def test_copies_are_counted(placed):
    """Spike by spike: a neuron stands on its core once for each core part that hears it, and each copy does its all."""
    program, on_cores, x = placed
    runs = program.layer_runs(program.checked(x))
    first, second = program.layers
    hears = [(0, core) for core in first.cores] + [(1, core) for core in second.cores]
    copies = [np.zeros(25, int), np.ones(90, int)]
    for k, core in hears:
        sources = core.sources if k else core.sources[core.sources >= 40] - 40
        joined = core.params.crossbar[(core.sources >= 40) if not k else slice(None)].any(axis=1)
        weighty = core.weights[(core.sources >= 40) if not k else slice(None)].any(axis=1)
        copies[0][sources[joined & weighty]] += 1
    copies[0] = np.maximum(copies[0], 1)
    assert copies[0].max() > 2
    events, steps = on_cores.run(x).events, len(x) + 1
    where = {layer.name: on_cores.placement.core_of(layer.name) for layer in program.layers}
    updates, spikes, ops = (np.zeros(len(on_cores.placement.cores), int) for _ in range(3))
    inputs = np.concatenate([x, np.zeros_like(x[:1])])
    for k, layer in enumerate(program.layers):
        home, fired = where[layer.name], runs[k].spikes.sum(axis=(0, 1))
        np.add.at(updates, home, copies[k] * steps * 4)
        np.add.at(spikes, home, copies[k] * fired)
        sent = inputs if k == 0 else runs[0].spikes
        weights = (layer.connectivity.toarray() != 0) * copies[k]
        np.add.at(ops, home, sent.sum(axis=(0, 1), dtype=int) @ weights)
        if k == 0:
            np.add.at(ops, home, fired.astype(int) @ ((layer.recurrent.toarray() != 0) * copies[0]))
    assert events.updates.tolist() == updates.tolist()
    assert events.spikes.tolist() == spikes.tolist()
    assert events.synaptic_ops.tolist() == ops.tolist()
    assert (copies[0] * runs[0].spikes.sum(axis=(0, 1))).sum() == events.axons_out.sum()
    for core in on_cores.placement.cores:
        used = sum(int(copies[k][p.neurons].sum()) for p in core.parts for k in (p.layer == second.name,))
        assert used <= core.used["neurons"] <= 40
        assert core.used["input_axons"] <= 70


def test_what_arrives_is_fitted(rng):
    """Closer than types by single weights, for sources that fire together; types, joints and values at an optimum."""
    images = rng.random((60, 6)) @ rng.random((6, 30)) / 6
    spikes = (rng.random((20, 60, 30)) < images).astype(np.int8)
    w, moment = rng.normal(0, 1, (30, 12)), moment_of(spikes)
    counts = spikes.sum(axis=0).astype(float)
    assert moment - np.diag(np.diag(moment)) == pytest.approx((counts.T @ counts / 60) * (1 - np.eye(30)))
    types = assigned(w, np.diag(moment))
    values = best_values(w, types, np.diag(moment))
    alone = np.where(np.square(w - values[types]) < np.square(w), values[types], 0)
    found = fitted(w, moment)
    off = missed(w, moment, found.held)
    assert off < 0.7 * missed(w, moment, alone)
    by_hand = np.sqrt(np.square(counts @ (found.held - w)).sum() / np.square(counts @ w).sum())
    assert off == pytest.approx(by_hand, rel=0.05)  # but for what silent sources count for
    for kind in range(4):
        for j in range(12):  # no value is better than the least squares'
            for change in (-1e-3, 1e-3):
                near = found.values.copy()
                near[kind, j] += change
                worse = missed(w, moment, found.joined * near[found.types])
                assert worse >= off - 1e-12
    assert np.array_equal(valued(w, moment, found.types, found.joined), found.values)
    better = 0
    for i in range(30):  # hardly a joint whose change would help
        for j in range(12):
            flipped = found.joined.copy()
            flipped[i, j] = 1 - flipped[i, j]
            better += missed(w, moment, flipped * found.values[found.types]) < off - 1e-9
    assert better <= 0.02 * 360


def test_a_neuron_with_too_many_targets_is_refused():
    tiny = replace(SMALL, limits=SMALL.limits | {"neurons": Fact(2, "neurons", Evidence.DERIVED, "a test")})
    with pytest.raises(hw.DoesNotFit, match="targets on 2 cores at most"):
        hw.compile(sn.Sequential(sn.Linear(4, 1), sn.IF(), sn.Linear(1, 9), sn.IF()), tiny,
                   calibrate=np.ones((2, 1, 4), np.int8))  # fmt: skip
