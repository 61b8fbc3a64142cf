"""`hw.compile`: a trained net as a program in a chip's own integers."""

from __future__ import annotations

from typing import Any

from hw.compilers.driver import compiled
from hw.compilers.table import Options
from hw.programs.record import Program
from hw.records.chip import Chip


def compile(
    net: Any,
    chip: Chip,
    *,
    calibrate: Any,
    n_chips: int = 1,
    per_channel: bool = True,
    seed: int = 0,
    reading: str | None = None,
    like: Program | None = None,
) -> Program:
    """`net`, a trained Sequential or a Network, in the integers of `chip`; `.report` says what changed in each layer.

    chip       : one of hw.chips.NEUROMORPHIC, such as hw.chips.loihi1, or such a record edited by hand, whose limits
                 then hold; the widths of words are the chip's own and cannot be edited, but for Akida, whose layers
                 have 1, 2 or 4 bits
    calibrate  : (steps, batch, ...) spikes of training data, from which scales are chosen; for Akida (batch, ...) of
                 numbers, and so are a program's inputs; for Loihi 2 spikes or numbers
    n_chips    : how many of the chip there are
    per_channel: on Xylo and Akida, whose thresholds are a neuron's own, whether each has a weight scale of its own
    seed       : with which a Network's synapses and values are drawn, as `sn.simulate` has it; on BrainScaleS-2 also
                 which chip it is, whose fixed pattern all runs of the program meet
    reading    : on Loihi 1 which description of its integers, "lava", "nengo_loihi" or "brian2_loihi" (see
                 `hw.neurons.loihi`); None is "lava", for nets with a refractory period, which it lacks, "nengo_loihi"
    like       : a program of this chip, of a net with the same layers, whose scales, types of axons, words of inputs,
                 reading and, on BrainScaleS-2, chip are taken as they are; `calibrate` is then only what is reported
                 on. With what `hw.train_through` gave, the net that was trained gives the integers it was trained in

    What `hw.check` finds nothing against compiles: Linear, convolutions and pooling (as sparse weights), BatchNorm
    (folded), Flatten and Dropout, Recurrent, delays, in loops too, and the neurons, resets and refractory periods that
    the chip has. Akida takes conventional nets: Linear, Conv2d, BatchNorm, ReLU (or QCFS of its levels) and MaxPool2d.
    BrainScaleS-2 is a noisy model, not bit exact: `program.run(x, seed=1)` says which noise, its record how large it
    is. The input of a Network's program are the spikes of its sources, its output those of the last population of a
    chain, of all neurons where there is none (`hw.lowering.network`).

    Raises DoesNotFit listing every limit broken and construct lacking, with the smallest change that fits; ValueError
    for a chip that cannot be compiled for, for weights that are not finite, calibration data that are no spikes, or a
    layer whose numbers fit no words, or a `like` of another chip or other layers.
    """
    return compiled(net, chip, calibrate, Options(n_chips, per_channel, seed, reading, like))
