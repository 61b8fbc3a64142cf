"""The changes that hw.check proposes: applied as they are written, a net fits, and with any less it does not."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace

import numpy as np
import pytest

import hw
import spikenet as sn
from hw.chips import (
    akd1500,
    akida,
    akida2,
    brainscales2,
    loihi1,
    loihi2,
    speck,
    spinnaker1,
    truenorth,
    xylo,
    xylo_audio3,
    xylo_imu,
)
from hw.compilers.table import Options, compiler_of
from hw.limits.smaller import together
from hw.records.architecture import ASKED
from hw.records.fact import Evidence, Fact


def edited(chip, **limits):
    new = {name: Fact(value, chip.limits[name].unit, Evidence.DERIVED, "a test") for name, value in limits.items()}
    return replace(chip, limits={**chip.limits, **new})


@dataclass(frozen=True)
class Dense:
    """A net of fully connected layers, in the numbers that changes are about."""

    sizes: tuple[int, ...]
    thresholds: int = 1  # different ones in the first layer
    decays: int = 1  # likewise
    largest: int = 1 << 30  # weights of each neuron that are kept
    reaching: int = 1 << 30  # weights from each hidden neuron to hidden ones that are kept
    pruned: int = 0
    among: bool = False  # whether only weights among hidden neurons are pruned
    to_zero: bool = True
    chips: int = 1

    def net(self):
        layers = list[object]()
        pairs = list(itertools.pairwise(self.sizes))
        left = self.pruned
        for k, (a, b) in enumerate(pairs):
            linear = sn.Linear(a, b, seed=k)
            weight = np.random.default_rng(k).permutation(np.linspace(-1, 1, a * b + a * b % 2)[: a * b]).reshape(a, b)
            np.put_along_axis(weight, np.argsort(-np.abs(weight), axis=0)[self.largest :], 0, axis=0)
            if 0 < k < len(pairs) - 1:
                np.put_along_axis(weight, np.argsort(-np.abs(weight), axis=1)[:, self.reaching :], 0, axis=1)
            there = np.flatnonzero(weight if 0 < k < len(pairs) - 1 or not self.among else 0 * weight)
            cut = there[np.argsort(np.abs(weight.reshape(-1)[there]))][:left]
            weight.reshape(-1)[cut] = 0
            left -= len(cut)
            linear.weight.data = weight.astype(np.float32)
            reset = sn.reset.to_zero if self.to_zero else sn.reset.subtract
            many = {} if k else self._many(b)
            layers += [linear, sn.LIF(reset=reset, **many) if many else sn.IF(reset=reset)]
        return sn.Sequential(*layers)

    def _many(self, n):
        if self.thresholds == 1 == self.decays:
            return {}
        at = np.random.default_rng(0).permutation(n)
        threshold, tau = (
            0.5 + (at % self.thresholds) / self.thresholds,
            10e-3 * (1 + at // self.thresholds % self.decays),
        )
        return {"threshold": threshold.astype(np.float32), "tau_mem_s": tau.astype(np.float32)}

    def check(self, chip):
        return hw.check(self.net(), chips=chip, n_chips=self.chips)[chip]

    def changed(self, breach, text):
        """The net that a proposal asks for."""
        numbers = [int(n) for n in re.findall(r"(?<![\w])\d+(?![\w.])", text)]
        sizes, chips = list(self.sizes), self.chips
        if re.match(r"use \d+ chips", text):
            chips = max(chips, numbers[0])
        named = re.findall(r"(\d+) of the \d+ neurons of (\d+) Linear", text)
        if named or chips > self.chips:
            for left, at in named:
                sizes[int(at) // 2 + 1] = int(left)
            return replace(self, chips=chips, sizes=tuple(sizes))
        if re.match(r"use \d+ chips", text):
            return self
        if re.match(r"keep the \d+ largest weights from", text):
            return replace(self, reaching=numbers[0])
        if re.match(r"keep the \d+ largest weights", text):
            return replace(self, largest=min(self.largest, numbers[0]))
        if re.match(r"prune \d+ (weights|synapses)", text):
            return replace(self, pruned=self.pruned + numbers[0], among="among" in text)
        if re.match(r"take \d+ neurons out", text):
            sizes[1] -= numbers[0]
        elif re.match(r"give its neurons at most \d+ different ones", text):
            return replace(self, **{"thresholds" if "threshold" in breach.limit else "decays": numbers[0]})
        elif re.match(r"reduce the input to", text):
            sizes[0] = numbers[0]
        elif re.match(r"read out", text):
            sizes[-1] = numbers[0]
        else:
            raise AssertionError(f"nobody can follow: {text}")
        return replace(self, sizes=tuple(sizes))


RNG = np.random.default_rng(7)


def some(low, high):
    return int(RNG.integers(low, high))


DENSE = [  # chip, net
    *((edited(loihi1, cores=some(1, 4), neurons=some(20, 40)), Dense((some(5, 40), some(360, 500), 10), chips=c))
      for c in (1, 2, 3)),
    *((edited(loihi1, cores=some(2, 5), synapse_bits=some(4, 20) * 1024), Dense((60, some(100, 300), 12), chips=c))
      for c in (1, 2)),
    (edited(loihi1, cores=4, threshold_profiles=3, neurons=40), Dense((5, 90, 10), thresholds=50)),
    (edited(loihi1, cores=4, threshold_profiles=3, neurons=40), Dense((5, 90, 10), thresholds=50, chips=2)),
    (edited(loihi1, cores=3, compartment_profiles=5, neurons=60), Dense((5, 90, 10), decays=40)),
    (edited(loihi1, input_axons=30), Dense((some(40, 80), 20, 10))),
    *((edited(loihi2, cores=some(1, 4), memory_bits=some(4, 9) * 1024), Dense((40, some(100, 200), 10), chips=c))
      for c in (1, 2)),
    *((edited(truenorth, cores=some(3, 6)), Dense((100, some(1200, 2000), 200), chips=c)) for c in (1, 2)),
    (edited(truenorth, cores=60, input_axons=50), Dense((100, 90, 20))),
    *((edited(spinnaker1, cores=some(2, 5), neurons=30), Dense((20, some(200, 400), 10), chips=c)) for c in (1, 3)),
    *((edited(spinnaker1, synapse_bytes=some(1000, 3000)), Dense((20, some(200, 400), 10), chips=c)) for c in (1, 3)),
    (edited(loihi1, cores=3, neurons=50), Dense((5, 300, 250, 10))),
    (edited(loihi1, cores=2, synapse_bits=16 * 1024), Dense((60, 200, 180, 90, 12))),
    (edited(loihi2, cores=2, memory_bits=6 * 1024), Dense((40, 150, 160, 10))),
    (edited(spinnaker1, cores=3, neurons=30), Dense((20, 300, 280, 120))),
    (edited(loihi1, cores=2, threshold_profiles=3, neurons=40), Dense((5, 90, 80, 10), thresholds=50)),
    (edited(truenorth, neurons=16), Dense((8, 4, some(260, 400)))),
    (edited(truenorth, neurons=16), Dense((8, 3, 10, some(260, 400)))),
    (edited(loihi1, neurons=4, output_axons=5), Dense((8, 4, some(30, 80)))),
    (edited(xylo, neurons=30), Dense((some(17, 40), some(40, 60), some(9, 20)), to_zero=False)),
    (edited(xylo, synapses=500), Dense((10, some(40, 60), 8), to_zero=False)),
    (edited(xylo, fan_in=20), Dense((16, some(40, 60), 8), to_zero=False)),
    (edited(xylo, fan_out=20), Dense((16, some(40, 60), some(21, 60), 8), to_zero=False)),
    (edited(xylo, hidden_synapses=1000), Dense((16, some(40, 60), some(30, 60), 8), to_zero=False)),
    (xylo_audio3, Dense((16, some(129, 200), 40, some(33, 40)), to_zero=False)),
    (xylo_imu, Dense((17, 40, some(129, 200), 16), to_zero=False)),
    (edited(brainscales2, neurons=40, fan_in=40), Dense((16, some(40, 60), 10))),
    (edited(brainscales2, fan_in=20), Dense((some(21, 40), 30, 10))),
    (edited(brainscales2, synapses=300), Dense((10, 40, 10))),
]  # fmt: skip


@pytest.mark.parametrize("which", [0, -1], ids=["first alternative", "last alternative"])
@pytest.mark.parametrize(("chip", "net"), DENSE, ids=[f"{k} {chip.name}" for k, (chip, _) in enumerate(DENSE)])
def test_what_is_proposed_is_enough(chip, net, which):
    verdict = net.check(chip)
    assert not verdict.fits
    after = net
    for breach in verdict.breaches:
        assert breach.over
        assert breach.over > 0
        alternatives = re.split(r",? or (?=[a-z])", breach.change.split(": ")[-1])
        after = after.changed(breach, alternatives[which])
    again = after.check(chip)
    assert again.fits, f"{verdict.breaches}\n{again.breaches}"


def test_what_is_proposed_is_the_smallest():
    """Of chips, of neurons and of thresholds: one less change is too little."""
    chip, net = edited(loihi1, cores=3, neurons=50), Dense((5, 333, 10))
    (breach,) = net.check(chip).breaches
    said = r"cores are full of neurons: use (\d+) chips, or keep (\d+) of the 333 neurons of 0 Linear"
    chips, left = map(int, re.fullmatch(said, breach.change).groups())
    assert (chips, left) == (3, 140)  # 343 neurons on 7 cores, 3 of which a chip has; 3 cores hold 150
    assert not replace(net, chips=chips - 1).check(chip).fits
    assert not replace(net, sizes=(5, left + 1, 10)).check(chip).fits
    two = replace(net, chips=2).check(chip).breaches[0]
    assert (two.needed, two.allowed, two.unit) == (7, 6, "cores on 2 chips")
    assert "keep 290 of the 333 neurons" in two.change
    chip, net = edited(loihi1, cores=3, threshold_profiles=4), Dense((5, 60, 10), thresholds=40)
    (breach,) = net.check(chip).breaches
    assert (breach.limit, breach.needed, breach.where) == ("threshold_profiles", 40, "0 Linear")
    assert breach.allowed == 11  # 3 cores have 12 profiles, the second layer needs one
    assert "use 4 chips, or give its neurons at most 11 different ones" in str(breach)
    assert replace(net, thresholds=11).check(chip).fits
    assert not replace(net, thresholds=12).check(chip).fits


def test_a_neuron_that_reaches_too_many_cores_is_told_how_many_neurons_may_stay():
    """On TrueNorth it has a copy on its core for each core it reaches, on Loihi 1 its core an axon out for each."""
    for chip, net, over in (
        (edited(truenorth, neurons=16), Dense((8, 4, 300)), 3),
        (edited(loihi1, neurons=4, output_axons=5), Dense((8, 4, 60)), 10),
    ):
        (breach,) = net.check(chip).breaches
        assert breach.over == over
        (left,) = map(int, re.search(r"keep (\d+) of the \d+ neurons of 2 Linear", breach.change).groups())
        assert replace(net, sizes=(8, 4, left)).check(chip).fits
        assert not replace(net, sizes=(8, 4, left + 1)).check(chip).fits


def test_where_no_single_change_is_enough_several_are_tried_together():
    """Three layers on 3 cores of 50: neither hidden layer alone may be small enough, both together are, just."""
    chip, net = edited(loihi1, cores=3, neurons=50), Dense((5, 300, 250, 10))
    (breach,) = net.check(chip).breaches
    said = (
        r"cores are full of neurons: use 4 chips, or keep (\d+) of the 300 neurons of 0 Linear and (\d+) of the 250 .*"
    )
    first, second = map(int, re.fullmatch(said, breach.change).groups())
    assert first + second + 10 == 150  # what 3 cores hold, to the last neuron
    assert not replace(net, sizes=(5, first + 1, second, 10)).check(chip).fits
    assert not replace(net, sizes=(5, first, second + 1, 10)).check(chip).fits
    outputs = Dense((20, 300, 280, 120))  # more than 3 cores of 30 hold whatever stands in front
    few = edited(spinnaker1, cores=3, neurons=30)
    (breach,) = outputs.check(few).breaches
    assert re.search(r"use 8 chips, or use 2 chips and keep \d+ of the 300 .* and \d+ of the 280 .*", breach.change)
    assert not replace(outputs, sizes=(20, 1, 1, 120)).check(few).fits
    alone = Dense((5, 300, 10, 10))
    (breach,) = alone.check(chip).breaches
    assert breach.change.endswith("or keep 130 of the 300 neurons of 0 Linear")  # one change where one is enough


@pytest.mark.parametrize("seed", range(20))
def test_what_is_cut_together_fits_and_nothing_of_it_could_be_larger(seed):
    """Of a limit on a weighted sum, for which that can be checked by hand."""
    rng = np.random.default_rng(seed)
    sizes, cost = rng.integers(1, 400, 3), rng.integers(1, 9, 3)
    room = int(rng.integers(3, cost @ sizes))

    def fits(some):
        return int(np.dot(some, cost)) <= room

    found = together(tuple(int(n) for n in sizes), fits)
    if found is None:
        assert cost.sum() > room
        return
    assert fits(found)
    assert all(1 <= n <= size for n, size in zip(found, sizes, strict=True))
    for k in range(3):
        more = [n + (j == k) for j, n in enumerate(found)]
        assert found[k] == sizes[k] or not fits(more)


def speck_net(specs, linear=None):
    """(channels in, filters, kernel, padding, stride) of convolutions one behind the other."""
    layers = list[object]()
    for c, f, k, p, s in specs:
        layers += [sn.Conv2d(c, f, k, padding=p, stride=s, bias=f <= 1024, seed=0), sn.IF()]
    return sn.Sequential(*layers, *([] if linear is None else [sn.Flatten(3), sn.Linear(*linear, seed=0), sn.IF()]))


CONVOLUTIONS = [  # layers, input
    ([(2, 4096, 3, 1, 1)], (2, 8, 8)),
    ([(2, 100, 3, 1, 1)], (2, 64, 64)),
    ([(2, 16, 3, 1, 1), (16, 3000, 5, 2, 1)], (2, 16, 16)),
    ([(2, 8, 3, 1, 1)], (2, 120, 120)),
    ([(2, 8, 17, 0, 1)], (2, 40, 40)),
    ([(2, 8, 3, 8, 1)], (2, 40, 40)),
    ([(2, 64, 3, 1, 1), (64, 64, 3, 1, 1), (64, 64, 3, 1, 1)], (2, 32, 32)),
    ([(40, 600, 5, 2, 1), (600, 40, 5, 2, 1), (40, 500, 5, 2, 1)], (40, 12, 12)),
    ([(2, 200, 5, 2, 1), *[(200, 200, 5, 2, 1)] * 3, (200, 20, 5, 2, 1)], (2, 12, 12)),  # several at once
    ([(2, 30, 3, 1, 1), (30, 60, 3, 1, 1), (60, 60, 3, 1, 1), (60, 60, 3, 1, 1), (60, 8, 3, 1, 1)], (2, 32, 32)),
]


@pytest.mark.parametrize(("specs", "shape"), CONVOLUTIONS)
def test_what_is_proposed_for_speck_is_enough(specs, shape):
    verdict = hw.check(speck_net(specs), shape, chips=speck)[speck]
    assert not verdict.fits
    specs = list(map(list, specs))
    for breach in verdict.breaches:
        at = int(breach.where.split()[0]) // 2
        for said in breach.change.split(", "):
            numbers = list(map(int, re.findall(r"\d+", said)))
            if found := re.match(r"use (\d+) filters(?: in (\d+))?", said):
                at = at if found[2] is None else int(found[2]) // 2
                specs[at][1] = min(specs[at][1], numbers[0])
                if at + 1 < len(specs):
                    specs[at + 1][0] = specs[at][1]
            elif said.startswith("use a stride"):
                specs[at][4] = numbers[0]
            elif said.startswith("use kernels"):
                specs[at][2] = numbers[0]
            elif said.startswith("pad by"):
                specs[at][3] = numbers[0]
            else:
                raise AssertionError(f"nobody can follow: {said}")
    assert hw.check(speck_net(specs), shape, chips=speck)[speck].fits


def test_speck_says_where_no_number_of_filters_helps():
    """Maps of 32 x 32 in three layers, and two cores with room for one: each alone might have a core, not all."""
    chip = edited(speck, **{f"neuron_memory_{k}": 700 for k in range(2, 9)})
    verdict = hw.check(speck_net([(2, 30, 3, 1, 1), (30, 40, 3, 1, 1), (40, 50, 3, 1, 1)]), (2, 32, 32), chips=chip)[
        chip
    ]
    assert all("pool in front" in breach.change for breach in verdict.breaches)
    one_each = hw.check(speck_net([(2, 1, 3, 1, 1), (1, 1, 3, 1, 1), (1, 1, 3, 1, 1)]), (2, 32, 32), chips=chip)[chip]
    assert not one_each.fits


def akida_net(*sizes):
    layers = [(sn.Linear(a, b, seed=0), sn.ReLU()) for a, b in itertools.pairwise(sizes)]
    return sn.Sequential(*itertools.chain(*layers))


def test_akida_has_few_processors_for_fully_connected_layers():
    """As akida 2.19.3's mapper answered: 22 layers of 32 units, 4 of 1000; 55 units of 1000 inputs need an FNP2."""
    assert hw.check(akida_net(*[32] * 23), chips=akida)[akida].fits
    (many,) = hw.check(akida_net(*[32] * 24), chips=akida)[akida].breaches
    assert (many.limit, many.over, many.change) == ("processors_dense_on_chip", 1, "take 1 fully connected layers out")
    assert hw.check(akida_net(*[1000] * 5), chips=akida)[akida].fits
    (large,) = hw.check(akida_net(*[1000] * 6), chips=akida)[akida].breaches
    assert (large.limit, large.needed, large.allowed) == ("processors_dense_external", 5, 4)
    assert large.change == "give 0 Linear at most 54 units"
    assert hw.check(akida_net(1000, 54, *[1000] * 4), chips=akida)[akida].fits
    assert not hw.check(akida_net(1000, 55, *[1000] * 4), chips=akida)[akida].fits
    assert hw.check(akida_net(*[32] * 101), chips=akida2)[akida2].fits
    (two,) = hw.check(akida_net(1000, 1000, 1000), chips=akida2)[akida2].breaches
    assert two.change == "give 0 Linear at most 48 units"
    assert hw.check(akida_net(*[32] * 60), chips=akd1500)[akd1500].fits
    (two,) = hw.check(akida_net(1000, 1000, 1000), chips=akd1500)[akd1500].breaches
    assert two.change == "give 0 Linear at most 54 units"


@pytest.mark.parametrize(("inputs", "units"), [(16, 1075), (64, 672), (100, 384), (256, 206), (777, 69), (8000, 7)])
def test_akida_holds_as_many_weights_as_its_mapper_says(inputs, units):
    """The largest layers of 4 bits that akida 2.19.3 mapped onto an FNP3, whose weights are on the chip."""
    none = edited(akida, processors_dense_external=0)
    assert hw.check(akida_net(inputs, units), chips=none)[none].fits
    (breach,) = hw.check(akida_net(inputs, units + 1), chips=none)[none].breaches
    assert breach.change == f"give 0 Linear at most {units} units"


def test_akida_sees_so_many_channels():
    for chip, side, channels in ((akida, 3, 448), (akida, 7, 149), (akida2, 5, 204), (akida2, 1, 2048)):
        nets = (sn.Sequential(sn.Conv2d(c, 4, side, seed=0), sn.ReLU()) for c in (channels, channels + 1))
        fits, breaks = (hw.check(net, (channels + k, 8, 8), chips=chip)[chip] for k, net in enumerate(nets))
        assert fits.fits
        (breach,) = breaks.breaches
        assert (breach.limit, breach.over) == (f"filter_channels_{side}", 1)
        assert f"use {channels} channels in front of it" in breach.change
    (wide,) = hw.check(sn.Sequential(sn.Conv2d(1, 4, 9, seed=0), sn.ReLU()), (1, 12, 12), chips=akida)[akida].breaches
    assert (wide.limit, wide.over) == ("kernel_side", 2)


def test_processors_are_filled_again_where_the_chip_can():
    """akida 2.19.3: a 79th convolution is refused on an AKD1000; on six nodes and on an AKD1500 it is a later pass."""
    deep = sn.Sequential(*itertools.chain(*((sn.Conv2d(4, 4, 3, padding=1, seed=0), sn.ReLU()) for _ in range(79))))
    assert hw.check(deep, (4, 8, 8), chips=akida2)[akida2].fits
    assert hw.check(deep, (4, 8, 8), chips=akd1500)[akd1500].fits
    (breach,) = hw.check(deep, (4, 8, 8), chips=akida)[akida].breaches
    assert (breach.limit, breach.over) == ("processors", 1)
    assert "use 2 chips" in breach.change
    assert hw.check(deep, (4, 8, 8), chips=akida, n_chips=2)[akida].fits


def test_spikes_at_once_have_words():
    chip = edited(loihi2, spike_payload_bits=2)
    net = sn.Sequential(sn.Linear(4, 3, seed=0), sn.LIF(), sn.Linear(3, 2, seed=0), sn.MultiLevelLIF(levels=4))
    (breach,) = hw.check(net, chips=chip)[chip].breaches
    assert (breach.limit, breach.over, breach.change) == ("spike_payload_bits", 1, "give them 3 levels")
    layers = sn.Linear(4, 3, seed=0), sn.MultiLevelLIF(levels=32), sn.Linear(3, 2, seed=0), sn.LIF()
    (breach,) = hw.check(sn.Sequential(*layers), chips=xylo)[xylo].breaches
    assert (breach.limit, breach.over, breach.change) == ("spikes_hidden", 1, "give them 31 levels")


def chain(*layers):
    return sn.Sequential(*layers)


LOIHI_LIF = {
    "reset": sn.reset.to_zero,
    "tau_mem_s": np.linspace(5e-3, 3e-2, 12).astype(np.float32),
    "refractory_s": 5e-3,
}
DELAYED = sn.DelayedLinear(8, 12, delays=3, seed=0)
ASKING = {  # for each chip nets which between them ask for every entry
    "Loihi 1": [
        (chain(DELAYED, sn.LIF(**LOIHI_LIF), sn.Linear(12, 4, seed=0), sn.LIF(reset=sn.reset.to_zero)), (8,)),
        (chain(DELAYED, sn.IF(reset=sn.reset.to_zero, threshold=np.linspace(1, 2, 12))), (8,)),
    ],
    "Loihi 2": [(chain(DELAYED, sn.LIF(), sn.Linear(12, 4, seed=0), sn.MultiLevelLIF(levels=7)), (8,))],
    "TrueNorth": [(chain(DELAYED, sn.IF(), sn.Linear(12, 4, seed=0), sn.IF()), (8,))],
    "SpiNNaker 1": [(chain(DELAYED, sn.LIF(), sn.Linear(12, 4, seed=0), sn.LIF()), (8,))],
    "SpiNNaker 2": [(chain(DELAYED, sn.LIF(), sn.Linear(12, 4, seed=0), sn.LIF()), (8,))],
    "Xylo Audio 2": [
        (chain(sn.Linear(8, 12, seed=0), sn.MultiLevelLIF(levels=7), sn.Linear(12, 4, seed=0), sn.LIF()), (8,)),
        (chain(sn.Linear(8, 4, seed=0), sn.LIF()), (8,)),
        (chain(*(part for k in range(3) for part in (sn.Linear(4, 4, seed=0), sn.LIF()))), (4,)),
    ],
    "Speck": [
        (chain(sn.Conv2d(6, 3, 5, padding=2, seed=0), sn.IF(), sn.Conv2d(3, 6, 3, seed=0), sn.IF(), sn.Flatten(3),
               sn.Linear(864, 5, seed=0), sn.IF()), (6, 14, 14)),
    ],
    "Akida AKD1000": [
        (chain(sn.Conv2d(6, 6, 1, seed=0), sn.ReLU(), sn.Conv2d(6, 4, 3, stride=2, padding=1, seed=0), sn.ReLU(),
               sn.Conv2d(4, 6, 5, seed=0), sn.ReLU(), sn.Conv2d(6, 6, 7, seed=0), sn.ReLU(), sn.Linear(24, 40, seed=0),
               sn.ReLU(), sn.Linear(40, 40, seed=0), sn.ReLU(), sn.Linear(40, 40, seed=0)), (6, 24, 24)),
    ],
    "BrainScaleS-2": [
        (chain(sn.Linear(8, 12, seed=0), sn.LIF(reset=sn.reset.to_zero), sn.Linear(12, 4, seed=0), sn.LI()), (8,)),
    ],
}  # fmt: skip
ASKING["Akida AKD1500"] = ASKING["Akida 2"] = ASKING["Akida AKD1000"]
ASKING["Xylo Audio 3"] = ASKING["Xylo IMU"] = ASKING["Xylo Audio 2"]
NOT_REFUSED = {  # entries that change a placement, or a noise, and refuse nothing
    *("tiles_east_west", "tiles_north_south", "cores_per_tile", "membrane_noise"),
    *("synapse_spread", "threshold_spread", "tau_spread"),
}


def refusals(chip, name, value):
    """What `hw.check` and the choice of a compiler say of the nets on a chip with another value of an entry."""
    changes = {"dense_bytes": {"processors_dense_external": 0}, "passes": {"processors": 2},
               "processors_dense_on_chip": {"processors_dense_external": 0},
               "processors_dense_external": {"dense_bytes": 200}}.get(name, {})  # fmt: skip
    if "memory_" in name and chip is speck:  # all cores' memories: a layer goes to another core otherwise
        changes = {other: value for other in chip.limits if other.startswith(name[:-1])}
    few = {"cores": 1} if "tiles_east_west" in chip.limits else {}
    try:
        spoilt = edited(chip, **{**few, **changes, name: value})
        compiler_of(spoilt, Options())
    except ValueError as refused:
        return str(refused)
    return "\n".join(str(hw.check(net, shape, chips=spoilt)) for net, shape in ASKING[chip.name])


@pytest.mark.parametrize("chip", hw.chips.NEUROMORPHIC, ids=lambda chip: chip.name)
def test_every_entry_that_rules_ask_for_can_refuse_a_net(chip):
    """Made small enough, each entry is named in what is said against one of the nets."""
    silent = []
    for name in ASKED[chip.architecture]:
        if name in NOT_REFUSED:
            continue
        words = name, re.sub(r"_\d+$", "", name).replace("_", " ")
        if not any(word in refusals(chip, name, value) for value in (0, 1, 2, 3) for word in words):
            silent.append(name)
    assert not silent
