"""hw.check: every limit broken by exactly what is too much, and gone when the change it names is made."""

from __future__ import annotations

import copy
import itertools
import math
import pickle
from dataclasses import replace

import numpy as np
import pytest

import hw
import spikenet as sn
from hw.chips import akida, brainscales2, cmos45, loihi1, loihi2, speck, spinnaker1, truenorth, xylo
from hw.limits.convolution_cores import kernel_memory, matching, neuron_memory
from hw.lowering.connectivity import order, recurrent_synapses, synapse_count, synapses
from hw.lowering.layout import layout
from hw.placement.core_room import axon_bits, index_bits, stored_bits
from hw.records.breach import Breach, DoesNotFit
from hw.records.fact import Evidence, Fact, unknown


def edited(chip, **limits):
    """A record changed by hand."""
    new = {name: Fact(value, chip.limits[name].unit, Evidence.DERIVED, "a test") for name, value in limits.items()}
    return replace(chip, limits={**chip.limits, **new})


def to_zero():
    """Neurons that Loihi 1 has."""
    return sn.IF(reset=sn.reset.to_zero)


def dense(*sizes, neurons=sn.IF, bias=True):
    layers = [(sn.Linear(a, b, bias=bias, seed=a), neurons()) for a, b in itertools.pairwise(sizes)]
    return sn.Sequential(*itertools.chain(*layers))


def keeping(net, n):
    """The net with only the n largest weights of each neuron, as the reports advise."""
    net = copy.deepcopy(net)
    for layer in net.layers:
        if isinstance(layer, sn.Linear):
            small = np.argsort(-np.abs(layer.weight.data), axis=0)[n:]
            np.put_along_axis(layer.weight.data, small, 0, axis=0)
    return net


def conv(filters, *, channels=2, side=3, padding=1, pool=None, **more):
    between = (pool,) if pool is not None else ()
    return sn.Sequential(*between, sn.Conv2d(channels, filters, side, padding=padding, seed=0, **more), sn.IF())


def delayed(steps):
    layers = sn.DelayedLinear(4, 3, delays=steps, seed=0), to_zero(), sn.Linear(3, 2, seed=0), to_zero()
    return sn.Sequential(*layers)


def both_signs(n, out):
    net = dense(n, out, neurons=to_zero)
    net.layers[0].weight.data[:2] = [[1.0], [-1.0]]
    return net


def one_sign(n, out):
    net = dense(n, out, neurons=to_zero, bias=False)
    net.layers[0].weight.data = np.abs(net.layers[0].weight.data) + 1
    return net


ONE_TOO_MANY = [  # chip, a net that just fits, the limit that a little more breaks, that net, its input, over
    (loihi1, dense(4096, 2, neurons=to_zero), "input_axons", dense(4097, 2, neurons=to_zero), None, 1),
    (edited(loihi1, cores=2), dense(4096, 60, neurons=to_zero), "cores", dense(4096, 61, neurons=to_zero), None, 1),
    (edited(loihi1, cores=2), dense(8, 2048, neurons=to_zero), "cores", dense(8, 2049, neurons=to_zero), None, 1),
    (loihi1, delayed(62), "delay", delayed(63), None, 1),
    (loihi2, delayed(63), "delay", delayed(64), None, 1),
    (spinnaker1, delayed(15), "delay", delayed(16), None, 1),
    (edited(loihi2, cores=1), dense(8, 8192), "cores", dense(8, 8193), None, 1),
    (truenorth, dense(256, 3), "input_axons", dense(257, 3), None, 1),
    (edited(truenorth, cores=2), dense(100, 256), "cores", dense(256, 513), None, 1),
    (spinnaker1, dense(3, 16 * 255), "cores", dense(3, 16 * 255 + 1), None, 1),
    (edited(spinnaker1, synapse_bytes=4 * 300), dense(10, 30), "synapse_bytes", dense(10, 31), None, 40),
    (xylo, dense(16, 60, 8), "inputs", dense(17, 60, 8), None, 1),
    (xylo, keeping(dense(16, 1000, 8), 63), "neurons", keeping(dense(16, 1001, 8), 63), None, 1),
    (xylo, dense(16, 63, 8), "fan_in", dense(16, 64, 8), None, 1),
    (xylo, dense(16, 60, 8), "outputs", dense(16, 60, 9), None, 1),
    (edited(xylo, synapses=16 * 60 + 480), dense(16, 60, 8), "synapses", dense(16, 61, 8), None, 24),
    (speck, conv(64), "kernel_memory_5", conv(4096, side=3), (2, 16, 16), 2 * 16 * 4096 - 65536),
    (speck, conv(64, padding=7), "padding", conv(16, padding=8), (2, 16, 16), 1),
    (speck, conv(16), "input_side", conv(16, padding=0, stride=4), (2, 129, 129), 1),
    (speck, conv(16), "output_side", conv(8, padding=0), (2, 67, 67), 1),
    (speck, conv(16), "channels", conv(4, channels=1025), (1025, 8, 8), 1),
    (speck, conv(4, side=16, padding=0), "kernel_side", conv(4, side=17, padding=0), (2, 17, 17), 1),
    (brainscales2, one_sign(256, 300), "fan_in", one_sign(257, 300), None, 1),
    (brainscales2, both_signs(128, 300), "fan_in", both_signs(129, 300), None, 2),
    (brainscales2, dense(9, 512, neurons=to_zero), "neurons", dense(9, 513, neurons=to_zero), None, 1),
    (edited(brainscales2, synapses=900), dense(9, 100, neurons=to_zero), "synapses", dense(9, 101, neurons=to_zero),
     None, 9),
]  # fmt: skip


@pytest.mark.parametrize(("chip", "fits", "limit", "breaks", "shape", "over"), ONE_TOO_MANY,
                         ids=[f"{c[0].name} {c[2]} {k}" for k, c in enumerate(ONE_TOO_MANY)])  # fmt: skip
def test_one_too_many(chip, fits, limit, breaks, shape, over):
    first = hw.check(fits, (2, 16, 16) if shape else None, chips=chip)
    assert first[chip].fits, str(first)
    (breach,) = [b for b in hw.check(breaks, shape, chips=chip)[chip].breaches if b.limit == limit]
    assert breach.over == over
    assert breach.allowed == chip.limit(limit)
    for text in (chip.name, f"{breach.needed:.12g}", f"{breach.allowed:.12g}", f"{over} over", breach.change):
        assert text in str(breach)


@pytest.mark.parametrize(
    ("chip", "net", "changed"),
    [
        (loihi1, dense(5000, 3, neurons=to_zero), lambda net: keeping(net, 4096)),
        (truenorth, dense(600, 3), lambda net: keeping(net, 256)),
        (xylo, dense(16, 100, 8), lambda net: keeping(net, 63)),
        (brainscales2, both_signs(300, 20), lambda net: keeping(net, 128)),
        (truenorth, dense(9, 5, neurons=sn.LIF), lambda _: dense(9, 5, neurons=sn.IF)),
        (speck, dense(64, 5, neurons=sn.LIF), lambda _: dense(64, 5, neurons=sn.IF)),
    ],
)
def test_the_change_that_is_named_is_enough(chip, net, changed):
    verdict = hw.check(net, chips=chip)[chip]
    assert not verdict.fits
    assert all(breach.change for breach in verdict.breaches)
    assert hw.check(changed(net), chips=chip)[chip].fits


def test_several_chips_are_enough_when_it_says_so():
    net = dense(3, 16 * 255 * 3 - 5)
    (breach,) = hw.check(net, chips=spinnaker1)[spinnaker1].breaches
    assert "use 3 chips" in breach.change
    assert not hw.check(net, chips=spinnaker1, n_chips=2)[spinnaker1].fits
    assert hw.check(net, chips=spinnaker1, n_chips=3)[spinnaker1].fits


def test_all_chips_at_once():
    report = hw.check(dense(784, 1000, 10, neurons=lambda: sn.LIF(reset=sn.reset.to_zero)))
    assert [verdict.chip for verdict in report.verdicts] == [chip.name for chip in hw.chips.NEUROMORPHIC]
    assert {"Loihi 1", "Loihi 2", "SpiNNaker 1", "SpiNNaker 2"} == set(report.fitting)
    assert {b.limit for b in report["Xylo Audio 2"].breaches} == {
        *("inputs", "outputs", "fan_in", "synapses", "LIF with reset to_zero")
    }
    text = str(report)
    assert all(str(b).removeprefix(f"{b.chip}: ") in text for v in report.verdicts for b in v.breaches)
    report.require(loihi1)
    with pytest.raises(DoesNotFit, match="784 channels, has 16") as refused:
        report.require(xylo)
    assert refused.value.breaches == report[xylo].breaches
    assert pickle.loads(pickle.dumps(refused.value)).breaches == refused.value.breaches
    with pytest.raises(KeyError, match="Loihi 3"):
        report["Loihi 3"]


def test_akida_and_conventional_nets():
    net = sn.Sequential(sn.Conv2d(1, 505, 4, stride=4), sn.ReLU(), sn.MaxPool2d(2), sn.Linear(505 * 4, 3))
    limits = {b.limit: b.over for b in hw.check(net, (1, 16, 16), chips=akida)[akida].breaches}
    assert limits.pop("stride") == 2
    assert limits.keys() == {"an even kernel (4, 4)", "MaxPool2d between a convolution and a fully connected layer"}
    good = sn.Sequential(sn.Conv2d(1, 448, 3, padding=1), sn.ReLU(), sn.MaxPool2d(2), sn.Conv2d(448, 3, 3), sn.ReLU())
    assert hw.check(good, (1, 16, 16), chips=akida)[akida].fits
    said = str(hw.check(good, (1, 16, 16), chips=loihi1))
    assert "conventional activation ReLU" in said
    assert "MaxPool2d of spikes is no sum; take SumPool2d" in said
    assert "live in time" in str(hw.check(dense(4, 3), chips=akida))
    (wide,) = hw.check(sn.Sequential(sn.Linear(57_335, 1)), chips=akida)[akida].breaches
    assert (wide.limit, wide.over) == ("dense_inputs", 1)
    divided = sn.Sequential(sn.Conv2d(1, 505, 3, padding=1, seed=0), sn.ReLU())  # twice the filters, three times the
    few = edited(akida, processors=5)  # columns of a processor
    (parts,) = hw.check(divided, (1, 8, 65), chips=few)[few].breaches
    assert (parts.limit, parts.needed, parts.over) == ("processors", 6, 1)
    assert hw.check(divided, (1, 8, 64), chips=few)[few].fits


def test_constructs_no_chip_has_are_obstacles_everywhere():
    nets = {
        "BatchNorm": sn.Sequential(sn.Linear(4, 3), sn.IF(), sn.BatchNorm(3), sn.Linear(3, 2), sn.IF()),
        "no neurons between": sn.Sequential(sn.Linear(4, 3), sn.Linear(3, 2), sn.IF()),
        "without a connection in front": sn.Sequential(sn.IF(), sn.Linear(4, 3), sn.IF()),
        "Softmax": sn.Sequential(sn.Linear(4, 3), sn.Softmax()),
        "Residual": sn.Sequential(sn.Residual(sn.Linear(4, 4)), sn.IF(), sn.Linear(4, 3), sn.IF()),
        "NaN": dense(4, 3),
    }
    nets["NaN"].layers[0].weight.data[0, 0] = np.nan
    for said, net in nets.items():
        for verdict in hw.check(net, (4,)).verdicts:
            assert any(said in str(b) for b in verdict.breaches), (said, verdict.chip)


def test_an_end_that_the_chip_has_is_proposed():
    report = hw.check(sn.Sequential(sn.Linear(4, 3), sn.ReLU(), sn.Linear(3, 2)), (4,))
    for verdict in report.verdicts:
        said = " ".join(str(b) for b in verdict.breaches if "ends without" in str(b))
        wanted = {"Speck": "put IF behind", "TrueNorth": "put IF behind", "Loihi 2": "put LIF or LI behind"}
        assert wanted.get(verdict.chip, "") in said, verdict.chip


def test_pooling_that_compares_has_no_place_in_front_of_neurons():
    """Nothing else is said of it: the neurons stand behind a connection, and there are neurons between connections."""
    net = sn.Sequential(
        sn.Conv2d(1, 2, 3), sn.MaxPool2d(2), sn.IF(), sn.Flatten(3), sn.Linear(18, 3), sn.IF(reset=sn.reset.to_zero)
    )
    said = "1 MaxPool2d: between 0 Conv2d and 2 IF, where a chip only adds up; "
    said += "take AvgPool2d, or put SumPool2d behind 2 IF"
    for verdict in hw.check(net, (1, 8, 8)).verdicts:
        assert [str(b) for b in verdict.breaches if "Pool" in str(b)] == [f"{verdict.chip}: {said}"]
        assert not any("no neurons" in str(b) or "without a connection" in str(b) for b in verdict.breaches)


@pytest.mark.parametrize(("value", "said"), [(0.0, "threshold of 0"), (-1.5, "threshold of -1.5"), (np.nan, "NaN")])
def test_thresholds_are_above_0_on_every_chip_with_fixed_neurons(value, said):
    for chip, neurons in ((loihi1, sn.LIF(reset=sn.reset.to_zero)), (xylo, sn.CubaLIF()), (speck, sn.IF()),
                          (truenorth, sn.IF())):  # fmt: skip
        net = sn.Sequential(sn.Linear(4, 3, seed=0), neurons, sn.Linear(3, 2, seed=0), copy.deepcopy(neurons))
        assert hw.check(net, chips=(chip,))[chip].fits
        threshold = net.layers[1].values["threshold"]
        threshold.data = np.full_like(threshold.data, value)
        (breach,) = hw.check(net, chips=(chip,))[chip].breaches
        assert said in str(breach)


def test_too_few_layers_are_said_to_be_too_few():
    net = sn.Sequential(sn.Linear(4, 3, seed=0), sn.CubaLIF())
    (breach,) = hw.check(net, chips=xylo)[xylo].breaches
    assert (breach.limit, breach.over) == ("neuron_layers", -1)
    assert "neuron layers: has 1, expected 2 layers of neurons at least (1 too few); put a hidden" in str(breach)


def test_limits_nobody_published_are_reported_as_not_checked():
    unsure = replace(xylo, limits={**xylo.limits, "fan_in": unknown("synapses", "nowhere")})
    verdict = hw.check(dense(16, 100, 8), chips=unsure)[unsure]
    assert verdict.unchecked == ("fan_in",)
    assert verdict.fits
    assert "not published, not checked: fan_in" in str(hw.check(dense(16, 100, 8), chips=unsure))


def test_wrong_calls():
    with pytest.raises(TypeError, match="chips: expected records"):
        hw.check(dense(4, 3), chips=["loihi1"])
    with pytest.raises(TypeError, match="process technology"):
        hw.check(dense(4, 3), chips=cmos45)
    with pytest.raises(TypeError, match="Sequential"):
        hw.check(sn.Linear(4, 3))
    with pytest.raises(ValueError, match="input_shape"):
        hw.check(conv(3))
    with pytest.raises(ValueError, match=r"takes \(2, height"):
        hw.check(conv(3), (5, 8, 8))
    with pytest.raises(ValueError, match="takes 4 values"):
        hw.check(dense(4, 3), (5,))
    with pytest.raises(ValueError, match="at least one Linear"):
        hw.check(sn.Sequential(sn.IF()), (3,))
    with pytest.raises(ValueError, match="n_chips"):
        hw.check(dense(4, 3), n_chips=0)


NETS = {
    "dense": (sn.Sequential(sn.Linear(7, 5, seed=1), sn.IF()), (7,)),
    "padded": (conv(3), (2, 5, 4)),
    "strided": (conv(3, stride=2, dilation=2, padding=2), (2, 9, 8)),
    "grouped": (conv(4, channels=4, groups=2), (4, 5, 5)),
    "pooled": (conv(3, pool=sn.SumPool2d(2)), (2, 8, 9)),
    "overlapping": (conv(3, pool=sn.SumPool2d(3, stride=2, padding=1)), (2, 8, 8)),
    "summed": (
        sn.Sequential(sn.Conv2d(2, 3, 3, stride=2, dilation=2, padding=2), sn.SumPool2d(2), sn.IF()),
        (2, 11, 12),
    ),
    "a summed line": (sn.Sequential(sn.Conv1d(4, 4, 2, groups=2), sn.AvgPool1d(3, stride=2), sn.IF()), (4, 12)),
    "flattened": (sn.Sequential(sn.SumPool2d(2), sn.Flatten(3), sn.Linear(18, 4, seed=2), sn.IF()), (2, 6, 7)),
}


@pytest.mark.parametrize("name", NETS)
def test_connectivity_is_that_of_the_layers(name):
    """A source reaches a neuron when an impulse there moves its sum; weights made positive, some of them 0."""
    net, shape = copy.deepcopy(NETS[name][0]), NETS[name][1]
    rng = np.random.default_rng(0)
    linear = [layer for layer in net.layers if layer.kind != "IF"]
    for layer in linear:
        if "weight" in layer.parameters():
            layer.weight.data = (rng.random(layer.weight.shape) * (rng.random(layer.weight.shape) < 0.7)).astype("f4")
            layer.bias.data[...] = 0
    (stage,) = layout(net, shape).stages
    impulses = np.eye(math.prod(shape), dtype=np.float32).reshape(1, -1, *shape)
    sums = sn.Sequential(*linear)(impulses).data.reshape(math.prod(shape), -1)
    assert stage.n_neurons == sums.shape[1]
    assert np.array_equal(synapses(stage).toarray(), sums[:, order(stage)] > 0)
    assert synapse_count(stage) >= synapses(stage).nnz
    assert sorted(order(stage).tolist()) == list(range(stage.n_neurons))


def test_recurrent_synapses_stay_within_the_stage():
    net = sn.Sequential(sn.Linear(3, 6), sn.Recurrent(sn.LIF(), 6, self_connections=False, seed=0), sn.Linear(6, 2))
    first, second = layout(net).stages
    weight = first.recurrent
    assert np.array_equal(recurrent_synapses(first).toarray(), weight != 0)
    assert recurrent_synapses(second) is None
    assert synapse_count(first) == 18 + np.count_nonzero(weight)


def test_axon_bits_by_the_block():
    """One block after another, as nengo-loihi's block.py 527-549 counts them."""
    for per_synapse in (8, 9, 14, 20):
        for n in (1, 2, 6, 7, 63, 64, 65, 128, 129, 1000):
            bits = 0
            for start in range(0, n, 64):
                block = min(64, n - start) * per_synapse + 4 + 6
                bits += -(-block // 64) * 64
            assert axon_bits(np.array([n]), per_synapse) == bits
    assert axon_bits(np.array([3, 3, 70]), 8) == 2 * 64 + 576 + 64
    assert index_bits(np.array([5, 5]), 5) == 0
    assert [index_bits(np.array([1]), n) for n in (2, 64, 65, 1024)] == [6, 6, 7, 10]


def test_synapses_are_stored_in_what_takes_less_room():
    """Of 64 neurons 8 words and 10 bits full, or 14 bits a synapse: 37 of them are as large as all 64 without index."""
    assert stored_bits(np.array([64, 64]), 64, 8) == (2 * 576, True)
    assert stored_bits(np.array([64, 63]), 64, 8) == (2 * 576, True)
    assert stored_bits(np.array([40]), 64, 8) == (576, True)  # 9 words with an index, too, but more bits in them
    assert stored_bits(np.array([36]), 64, 8) == (576, False)
    assert stored_bits(np.array([30]), 64, 8) == (448, False)
    assert stored_bits(np.array([3, 2]), 3, 8) == (2 * 64, True)
    assert stored_bits(np.array([1]), 3, 8) == (64, False)
    assert stored_bits(np.array([], int), 3, 8) == (0, True)


def test_speck_matching_finds_a_way_when_there_is_one():
    """Against all ways of giving up to 4 stages to cores of random sizes."""
    rng = np.random.default_rng(0)
    found = 0
    for _ in range(60):
        sizes = {f"kernel_memory_{k}": int(2 ** rng.integers(6, 12)) for k in range(9)}
        sizes |= {f"neuron_memory_{k}": int(2 ** rng.integers(6, 12)) for k in range(9)}
        chip = edited(speck, **sizes, cores=4)
        shapes = [(int(rng.integers(1, 17)), int(rng.integers(1, 9))) for _ in range(rng.integers(1, 5))]
        stages = tuple(layout(conv(f, channels=c), (c, 8, 8)).stages[0] for f, c in shapes)
        room = [(sizes[f"kernel_memory_{k}"], sizes[f"neuron_memory_{k}"]) for k in range(4)]
        needs = [(kernel_memory(stage), neuron_memory(stage)) for stage in stages]
        possible = any(
            all(k <= room[c][0] and n <= room[c][1] for (k, n), c in zip(needs, cores, strict=True))
            for cores in itertools.permutations(range(4), len(stages))
        )
        cores = matching(stages, chip)
        assert (min(cores) >= 0) == possible
        assert len({c for c in cores if c >= 0}) == sum(c >= 0 for c in cores)
        found += possible
    assert 5 < found < 55  # both answers were met


def test_speck_memories_by_hand():
    """Worked from sinabs' formulas; its own checks cannot be asked, for they load samna."""
    (stage,) = layout(conv(20, channels=3, side=5, padding=0), (3, 14, 20)).stages
    assert kernel_memory(stage) == 3 * 32 * 32  # 25 taps and 20 filters take 32 each
    assert neuron_memory(stage) == 20 * 16 * 16  # 10 x 16 states
    (stage,) = layout(sn.Sequential(sn.Flatten(3), sn.Linear(2 * 4 * 4, 10)), (2, 4, 4)).stages
    assert (kernel_memory(stage), neuron_memory(stage)) == (2 * 16 * 16, 10)


def test_a_net_too_large_to_list_is_still_answered():
    """Sums alone: 64 x 2^20 synapses of 8 bits need at least 512 cores of Loihi 1; in a blink."""
    layer = sn.Linear(8, 8)
    layer.n_in, layer.n_out, layer.bias = 1 << 13, 1 << 13, None
    layer.weight.data = np.broadcast_to(np.float32(1), (1 << 13, 1 << 13))
    breaches = hw.check(sn.Sequential(layer, sn.IF()), chips=loihi1)[loihi1].breaches
    assert next(b for b in breaches if b.limit == "cores").needed == 512
    assert isinstance(breaches[0], Breach)
