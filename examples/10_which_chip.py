"""Which chip could hold this net? Every limit at once, before training; then its places on the cores of one of them.

A small convolutional net for an event camera is held against every chip, and laid onto the cores of Loihi 1; the
picture shows how busy each core is and what travels between the tiles.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import hw
import spikenet as sn

SHAPE = (2, 16, 16)  # on and off events of a small camera
RATES = (0.02, 0.05, 0.08, 0.05)  # spikes a step, as guessed before there is anything to measure


class Result(NamedTuple):
    """fitting: names of chips; broken: limits broken, by chip; hops, load_most: greedy and arranged; cores in use."""

    fitting: tuple[str, ...]
    broken: dict[str, int]
    hops: tuple[float, float]
    load_most: tuple[float, float]
    cores: int


def main(quick: bool = False, out: Path = Path("example-figures")) -> Result:
    """Checks, places and draws into the folder `out`. quick: fewer filters."""
    filters = 8 if quick else 24
    net = sn.Sequential(
        sn.Conv2d(2, filters, 3, padding=1, seed=0), sn.IF(reset=sn.reset.to_zero), sn.SumPool2d(2),
        sn.Conv2d(filters, filters, 3, padding=1, seed=1), sn.IF(reset=sn.reset.to_zero), sn.SumPool2d(2),
        sn.Flatten(3), sn.Linear(filters * 16, 10, seed=2), sn.IF(reset=sn.reset.to_zero),
    )  # fmt: skip
    report = hw.check(net, SHAPE)
    print(report)
    placement = hw.place(net, hw.chips.loihi1, SHAPE, rates=RATES)
    print(placement)
    axes = sn.plot.mesh(*placement.picture)
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(axes, out / "10_which_chip.png")
    return Result(
        report.fitting,
        {verdict.chip: len(verdict.breaches) for verdict in report.verdicts},
        (placement.hops_greedy, placement.hops),
        (placement.load_most_greedy, placement.load_most),
        len(placement.cores),
    )


if __name__ == "__main__":
    main()
