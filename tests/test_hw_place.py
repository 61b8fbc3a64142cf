"""hw.place: every neuron once, every limit kept, traffic and links counted again by hand, and better than greedy."""

from __future__ import annotations

import copy
import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

import hw
import spikenet as sn
from hw.chips import akida, brainscales2, loihi1, loihi2, speck, spinnaker1, spinnaker2, truenorth, xylo
from hw.lowering.connectivity import order, recurrent_synapses, synapses
from hw.lowering.layout import layout
from hw.placement import arrange
from hw.placement.mesh import Mesh, distances, link_traffic, mesh_of
from hw.records.breach import DoesNotFit
from hw.records.fact import Evidence, Fact


def edited(chip, **limits):
    new = {name: Fact(value, chip.limits[name].unit, Evidence.DERIVED, "a test") for name, value in limits.items()}
    return replace(chip, limits={**chip.limits, **new})


def pruned(net, n):
    net = copy.deepcopy(net)
    for layer in net.layers:
        if isinstance(layer, sn.Linear):
            np.put_along_axis(layer.weight.data, np.argsort(-np.abs(layer.weight.data), axis=0)[n:], 0, axis=0)
    return net


DENSE = sn.Sequential(sn.Linear(60, 150, seed=0), sn.LIF(), sn.Linear(150, 40, seed=1), sn.LIF())
CONV = sn.Sequential(
    sn.Conv2d(2, 6, 3, padding=1, seed=0), sn.IF(), sn.SumPool2d(2), sn.Conv2d(6, 8, 3, stride=2, seed=1), sn.IF(),
    sn.Flatten(3), sn.Linear(72, 10, seed=2), sn.IF(),
)  # fmt: skip
LOOP = sn.Sequential(
    sn.Linear(20, 90, seed=0), sn.Recurrent(sn.LIF(), 90, self_connections=False, seed=1), sn.Linear(90, 5, seed=2)
)
SMALL_LOIHI = edited(loihi1, neurons=32, synapse_bits=40_000, output_axons=90, input_axons=200)
SMALL_TRUENORTH = edited(truenorth, neurons=64, input_axons=60)
CASES = {
    "dense on small Loihi": (DENSE, SMALL_LOIHI, None),
    "conv on small Loihi": (CONV, edited(loihi1, neurons=40, synapse_bits=30_000, output_axons=200), (2, 16, 16)),
    "recurrent on small Loihi": (LOOP, edited(SMALL_LOIHI, output_axons=120), None),
    "dense on Loihi 1": (DENSE, loihi1, None),
    "dense on TrueNorth": (pruned(DENSE, 30), SMALL_TRUENORTH, None),
    "recurrent on TrueNorth": (pruned(LOOP, 20), edited(truenorth, neurons=200, input_axons=120), None),
    "dense on SpiNNaker 1": (DENSE, edited(spinnaker1, neurons=50), None),
    "conv on SpiNNaker 2": (CONV, edited(spinnaker2, neurons=50), (2, 16, 16)),
    "dense on Loihi 2": (DENSE, edited(loihi2, neurons=50, memory_bits=8 * 2000), None),
}


@pytest.fixture(scope="module")
def placed():
    rng = np.random.default_rng(0)
    found = {}
    for name, (net, chip, shape) in CASES.items():
        stages = layout(net, shape).stages
        sizes = [stages[0].n_sources, *(stage.n_neurons for stage in stages)]
        rates = [rng.random(n) * (rng.random(n) < 0.8) for n in sizes]
        found[name] = net, chip, stages, rates, hw.place(net, chip, shape, rates=rates)
    return found


def homes(stages, placement):
    return [placement.core_of(stage.name) for stage in stages]


def connections(stages):
    """(stage of the sources or -1, stage of the targets, dense matrix in the layers' own numbering)."""
    for k, stage in enumerate(stages):
        forward, unsort = synapses(stage).toarray() > 0, np.argsort(order(stage))
        yield k - 1, k, forward[:, unsort]
        around = recurrent_synapses(stage)
        if around is not None:
            yield k, k, around.toarray()[unsort][:, unsort] > 0


@pytest.mark.parametrize("name", CASES)
def test_every_neuron_is_placed_once_on_a_core_of_its_own_tile(placed, name):
    _, chip, stages, _, placement = placed[name]
    for stage in stages:
        numbers = np.concatenate([p.neurons for core in placement.cores for p in core.parts if p.layer == stage.name])
        assert sorted(numbers.tolist()) == list(range(stage.n_neurons))
    tiles = [(core.x, core.y) for core in placement.cores]
    assert len({(core.x, core.y, core.number) for core in placement.cores}) == len(tiles)
    assert max(core.number for core in placement.cores) < placement.mesh.cores
    assert all(0 <= x < placement.mesh.width and 0 <= y < placement.mesh.height for x, y in tiles)
    assert max(core.chip for core in placement.cores) == placement.n_chips - 1
    each = chip.limit("cores")
    assert all(sum(core.chip == k for core in placement.cores) <= each for k in range(placement.n_chips))
    with pytest.raises(KeyError, match="no layer"):
        placement.core_of("99 Linear")


@pytest.mark.parametrize("name", CASES)
def test_every_limit_is_kept(placed, name):
    """What each core takes up, counted again synapse by synapse."""
    _, chip, stages, _, placement = placed[name]
    where = homes(stages, placement)
    for c, core in enumerate(placement.cores):
        used = {"neurons": 0, "input_axons": 0, "synapse_bits": 0, "memory_bits": 0, "output_axons": 0}
        for k in range(len(stages)):
            used["neurons"] += int((where[k] == c).sum())
        for source, target, matrix in connections(stages):
            onto = matrix[:, where[target] == c]
            counts = onto.sum(axis=1)[onto.any(axis=1)]
            used["input_axons"] += len(counts)
            used["memory_bits"] += 8 * int(counts.sum())
            width = onto.shape[1]
            index = 0 if (counts == width).all() else next(b for b in (6, 7, 8, 9, 10, 11, 12) if 2**b >= width)
            indexed = sum(axon_bits_by_hand(int(n), 8 + index) for n in counts)
            used["synapse_bits"] += min(indexed, len(counts) * axon_bits_by_hand(width, 8))
            if source >= 0:
                mine = matrix[where[source] == c]
                used["output_axons"] += sum(len(set(where[target][row])) for row in mine)
        for limit in ("neurons", "input_axons", "synapse_bits", "memory_bits", "output_axons"):
            if limit in chip.limits and (limit, chip.architecture) != ("neurons", hw.Architecture.CROSSBAR_CORES):
                assert used[limit] <= chip.limit(limit), (c, limit)
            if limit in core.used and chip.architecture is not hw.Architecture.CROSSBAR_CORES:
                assert core.used[limit] == used[limit], (c, limit)


def axon_bits_by_hand(n, per_synapse):
    return sum(-(-(min(64, n - start) * per_synapse + 10) // 64) * 64 for start in range(0, n, 64))


@pytest.mark.parametrize("name", [name for name in CASES if "TrueNorth" in name])
def test_a_crossbar_has_a_copy_of_a_neuron_for_each_core_it_goes_to(placed, name):
    _, chip, stages, _, placement = placed[name]
    where = homes(stages, placement)
    copies = [np.zeros(stage.n_neurons, int) for stage in stages]
    for source, target, matrix in connections(stages):
        if source >= 0:
            copies[source] += [len(set(where[target][row])) for row in matrix]
    assert max(c.max() for c in copies) > 1  # or nothing is tested
    for c, core in enumerate(placement.cores):
        needed = sum(int(np.maximum(copies[k], 1)[where[k] == c].sum()) for k in range(len(stages)))
        assert needed <= core.used["neurons"] <= chip.limit("neurons")


@pytest.mark.parametrize("name", CASES)
def test_traffic_and_load_counted_again(placed, name):
    _, chip, stages, rates, placement = placed[name]
    where = homes(stages, placement)
    n = len(placement.cores)
    traffic, incoming, load = np.zeros((n, n)), np.zeros(n), np.zeros(n)
    copies = [np.ones(stage.n_neurons) for stage in stages]
    if chip.architecture is hw.Architecture.CROSSBAR_CORES:
        reach = [np.zeros(stage.n_neurons) for stage in stages]
        for source, target, matrix in connections(stages):
            if source >= 0:
                reach[source] += [len(set(where[target][row])) for row in matrix]
        copies = [np.maximum(1, r) for r in reach]
    for k in range(len(stages)):
        np.add.at(load, where[k], copies[k])
    for source, target, matrix in connections(stages):
        for i, row in enumerate(matrix):
            rate = rates[source + 1][i]
            np.add.at(load, where[target][row], rate * copies[target][row])
            for c in set(where[target][row].tolist()):
                if source < 0:
                    incoming[c] += rate
                else:
                    traffic[where[source][i], c] += rate
    assert placement.traffic == pytest.approx(traffic)
    assert placement.incoming == pytest.approx(incoming)
    assert [core.load for core in placement.cores] == pytest.approx(load.tolist())
    assert placement.load_most == pytest.approx(load.max())


@pytest.mark.parametrize("name", CASES)
def test_links_by_walking_every_message(placed, name):
    *_, placement = placed[name]
    mesh, links = placement.mesh, placement.links
    walked, hops = {}, 0.0
    for a, b in np.argwhere(placement.traffic).tolist():
        x, y = placement.cores[a].x, placement.cores[a].y
        goal = placement.cores[b].x, placement.cores[b].y
        while (x, y) != goal:
            step = (np.sign(goal[0] - x), 0) if x != goal[0] else (0, np.sign(goal[1] - y))
            key = (x, y, x + step[0], y + step[1])
            walked[key] = walked.get(key, 0) + placement.traffic[a, b]
            hops += placement.traffic[a, b]
            x, y = x + step[0], y + step[1]
    for y, x in itertools.product(range(mesh.height), range(mesh.width)):
        if x + 1 < mesh.width:
            assert links.east[y, x] == pytest.approx(walked.pop((x, y, x + 1, y), 0))
            assert links.west[y, x] == pytest.approx(walked.pop((x + 1, y, x, y), 0))
        if y + 1 < mesh.height:
            assert links.south[y, x] == pytest.approx(walked.pop((x, y, x, y + 1), 0))
            assert links.north[y, x] == pytest.approx(walked.pop((x, y + 1, x, y), 0))
    assert not walked
    assert placement.hops * placement.traffic.sum() == pytest.approx(hops)


@pytest.mark.parametrize("name", CASES)
def test_never_worse_than_greedy(placed, name):
    *_, placement = placed[name]
    assert placement.load_most <= placement.load_most_greedy * (1 + 1e-12)
    assert placement.hops <= placement.hops_greedy * 1.05  # of other cuts, so not strictly comparable


def test_the_search_helps(placed):
    found = [placement for *_, placement in placed.values() if placement.hops_greedy > 0]
    assert np.mean([p.hops / p.hops_greedy for p in found]) < 0.9
    assert np.mean([p.load_most / p.load_most_greedy for p in found]) < 0.98


def test_same_seed_same_placement():
    net, chip, shape = CASES["conv on small Loihi"]
    first, second = (hw.place(net, chip, shape, seed=3) for _ in range(2))
    assert str(first) == str(second)
    assert np.array_equal(first.traffic, second.traffic)


def test_small_assignments_against_all_of_them():
    """30 random nets of 6 cores on 7 places: never worse than the start, nearly always the best of all 5,040 ways."""
    rng = np.random.default_rng(1)
    best_found = 0
    for k in range(30):
        traffic = rng.random((6, 6)) * (rng.random((6, 6)) < 0.5)
        slots = np.stack([np.zeros(7, int), *np.divmod(np.arange(7), 3)], axis=1)
        far = distances(slots, 4.0)
        at = arrange.arranged(traffic, far, seed=k)
        assert len(set(at.tolist())) == 6
        costs = [arrange.cost(traffic, far, np.array(p)) for p in itertools.permutations(range(7), 6)]
        found = arrange.cost(traffic, far, at)
        assert found <= arrange.cost(traffic, far, np.arange(6)) + 1e-12
        assert found <= 1.1 * min(costs) + 1e-12
        best_found += found <= min(costs) + 1e-9
    assert best_found >= 25


def test_cuts_are_the_best_that_keep_the_order():
    """Against dynamic programming over all cuts of neurons of uneven load into as few cores as the greedy filling."""
    rng = np.random.default_rng(2)
    chip = edited(spinnaker1, neurons=20)
    for _ in range(5):
        net = pruned(sn.Sequential(sn.Linear(30, 70, seed=rng), sn.IF(), sn.Linear(70, 17, seed=rng), sn.IF()), 30)
        for layer in (net.layers[0], net.layers[2]):
            layer.weight.data *= rng.random(layer.weight.shape) < rng.random(layer.weight.shape[1])
        placement = hw.place(net, chip)
        load = np.concatenate([1 + (layer.weight.data != 0).sum(axis=0) for layer in (net.layers[0], net.layers[2])])
        sums = np.concatenate([[0], np.cumsum(load)])
        best = {0: [0.0] + [math.inf] * len(load)}
        for cores in range(1, len(placement.cores) + 1):
            best[cores] = [0.0] + [
                min(max(best[cores - 1][i], sums[j] - sums[i]) for i in range(max(0, j - 20), j))
                for j in range(1, len(load) + 1)
            ]
        optimum = min(best[cores][-1] for cores in best)
        assert len(placement.cores) == -(-len(load) // 20)
        assert optimum <= placement.load_most <= optimum * 1.001 + (placement.load_most_greedy - optimum) / 2**10


def test_several_chips_when_one_is_full():
    chip = edited(SMALL_LOIHI, cores=4, tiles_east_west=2, tiles_north_south=1, cores_per_tile=2)
    placement = hw.place(DENSE, chip)
    assert placement.n_chips == -(-len(placement.cores) // 4) > 1
    assert placement.mesh.chip_columns * placement.mesh.chip_rows >= placement.n_chips
    for core in placement.cores:
        assert core.chip == core.x // 2 + core.y * placement.mesh.chip_columns
    with pytest.raises(DoesNotFit, match=f"use {placement.n_chips} chips") as refused:
        hw.place(DENSE, chip, n_chips=1)
    (breach,) = refused.value.breaches
    assert breach.over == len(placement.cores) - 4
    assert hw.place(DENSE, chip, n_chips=placement.n_chips + 1).n_chips == placement.n_chips


def test_rates_move_the_cuts():
    """A layer whose inputs never fire has only its updates to do: more of its neurons share a core."""
    chip = edited(spinnaker1, neurons=200)
    quiet = hw.place(DENSE, chip, rates=[0, 1, 1])
    assert quiet.load_most == pytest.approx(max(core.load for core in quiet.cores))
    assert quiet.incoming.sum() == 0
    assert sum(core.load for core in quiet.cores) == pytest.approx(190 + 150 * 40)
    assert "sends one spike a step" in str(hw.place(DENSE, chip))
    assert "sends one spike a step" not in str(quiet)


def test_meshes_nobody_published_are_assumed_and_said():
    mesh = mesh_of(loihi2, 1)
    assert mesh.assumed
    assert mesh.width * mesh.height * mesh.cores == 128
    placement = hw.place(DENSE, loihi2)
    assert any("not published" in text for text in placement.assumptions)
    assert not mesh_of(loihi1, 1).assumed
    assert (mesh_of(loihi1, 3).width, mesh_of(loihi1, 3).height) == (16, 8)


def test_links_of_one_message():
    mesh = Mesh(4, 3, 1)
    links = link_traffic(mesh, np.array([[3, 2], [1, 0]]), np.array([[0, 2.0], [0, 0]]))
    assert np.argwhere(links.west).tolist() == [[2, 1], [2, 2]]
    assert np.argwhere(links.north).tolist() == [[0, 1], [1, 1]]
    assert (links.most, links.east.sum(), links.south.sum()) == (2.0, 0, 0)


def test_slots_are_all_there_once():
    mesh = Mesh(3, 2, 2, 2, 2)
    for slots in (mesh.slots(3), mesh.nearest(3, 100)):
        assert len(slots) == 3 * 3 * 2 * 2
        assert len(np.unique(slots, axis=0)) == len(slots)
        tiles, times = np.unique(slots[:, 1:3], axis=0, return_counts=True)
        assert len(tiles) == 18
        assert set(times) == {2}
    path = mesh.nearest(1, 12)[::2, 1:3]
    assert np.abs(np.diff(path, axis=0)).sum(axis=1).max() <= 2


def test_the_picture_has_every_core_and_message(placed):
    *_, placement = placed["dense on small Loihi"]
    load, horizontal, vertical, chip_tiles, shares, layers, title = placement.picture
    assert title == f"{placement.in_use}, load and traffic expected"
    assert np.isfinite(load).sum() == len(placement.cores)
    assert np.nansum(load) == pytest.approx(sum(core.load for core in placement.cores))
    assert horizontal.sum() + vertical.sum() == pytest.approx(placement.hops * placement.traffic.sum())
    assert chip_tiles == (8, 4)
    assert layers == ("0 Linear", "2 Linear")
    assert np.array_equal(shares.sum(axis=-1) > 0, np.isfinite(load))
    for core in placement.cores:
        mine = {part.layer: part.neurons.size / core.n_neurons for part in core.parts}
        assert shares[core.y, core.x, core.number] == pytest.approx([mine.get(name, 0.0) for name in layers])


def test_a_layer_a_core_on_speck():
    """Each on a core that holds it, none twice, and the memories taken the smallest in all of 9 x 8 x 7 ways."""
    placement = hw.place(CONV, speck, (2, 16, 16))
    taken = [core.number for core in placement.cores]
    assert len(set(taken)) == 3
    room = [(speck.limit(f"kernel_memory_{k}"), speck.limit(f"neuron_memory_{k}")) for k in range(9)]
    needs = [(core.used["kernel_memory"], core.used["neuron_memory"]) for core in placement.cores]

    def holds(cores):
        return all(k <= room[c][0] and n <= room[c][1] for (k, n), c in zip(needs, cores, strict=True))

    assert holds(taken)
    ways = [cores for cores in itertools.permutations(range(9), 3) if holds(cores)]
    assert sum(sum(room[c]) for c in taken) == min(sum(sum(room[c]) for c in cores) for cores in ways)
    assert [core.parts[0].layer for core in placement.cores] == list(placement.layers)
    assert np.count_nonzero(placement.traffic) == 2  # from the first to the second, from that to the third
    assert placement.traffic[0, 1] > 0 < placement.traffic[1, 2]
    program = hw.compile(CONV, speck, calibrate=np.ones((2, 1, 2, 16, 16)))
    placed = hw.place_program(program).placement
    assert [core.number for core in placed.cores] == taken
    assert placed.picture.load.shape == placement.picture.load.shape == (1, 1, 9)
    assert placement.hops == 0
    assert np.isfinite(placement.picture.load).sum() == 3


def test_one_core_for_all():
    net = sn.Sequential(sn.Linear(16, 60, seed=0), sn.LIF(), sn.Linear(60, 8, seed=1), sn.LIF())
    for chip in (xylo, brainscales2):
        (core,) = hw.place(net, chip).cores
        assert core.used == {"neurons": 68, "synapses": 16 * 60 + 60 * 8}
        assert core.load == 68 + 16 * 60 + 60 * 8


def test_weights_that_rounding_makes_0_take_no_more_cores(rng):
    """What `hw.check` finds to fit before compiling has room afterwards, too."""
    net = sn.Sequential(sn.Linear(40, 300, bias=False, seed=0), sn.LIF(tau_mem_s=20e-3, reset=sn.reset.to_zero))
    calibrate = (rng.random((6, 2, 40)) < 0.3).astype(np.float32)
    before = hw.place(net, edited(loihi1, synapse_bits=20_000))
    chip = edited(loihi1, synapse_bits=20_000, cores=len(before.cores))
    assert hw.check(net, chips=[chip])[chip].fits
    program = hw.compile(net, chip, calibrate=calibrate)
    assert (
        np.count_nonzero(net.layers[0].weight.data) == 40 * 300 > np.count_nonzero(program.layers[0].weights) > 11_000
    )
    after = hw.place_program(program, n_chips=1).placement
    assert len(after.cores) == len(before.cores)
    assert [core.used for core in after.cores] == [core.used for core in before.cores]


def test_what_cannot_be_placed_is_refused():
    with pytest.raises(DoesNotFit, match="528 over"):
        hw.place(sn.Sequential(sn.Linear(784, 9), sn.IF()), truenorth)
    with pytest.raises(DoesNotFit, match="BatchNorm"):
        hw.place(sn.Sequential(sn.BatchNorm(7), sn.Linear(7, 9), sn.IF()), loihi1, 7)
    with pytest.raises(TypeError, match="not published"):
        hw.place(DENSE, akida)
    with pytest.raises(DoesNotFit, match="60 channels, has 16"):
        hw.place(DENSE, xylo)
    with pytest.raises(ValueError, match="n_chips 1, got 2"):
        hw.place(DENSE, speck, n_chips=2)
    for rates, said in (
        ([1, 1], "expected 3"),
        ([1, -1, 1], ">= 0"),
        ([1, [1, 2], 1], "or 150"),
        ([1, np.nan, 1], "nan"),
    ):
        with pytest.raises(ValueError, match=said):
            hw.place(DENSE, loihi1, rates=rates)
    with pytest.raises(ValueError, match="seed"):
        hw.place(DENSE, loihi1, seed=-1)
