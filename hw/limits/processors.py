"""Akida's first generation: what its mapper refuses a layer for. How many processors a net takes is not published."""

from __future__ import annotations

from collections.abc import Iterator

from hw.limits.held import held, most
from hw.lowering.stages import Layout
from hw.placement.core_room import Wired
from hw.records.breach import Breach
from hw.records.chip import Chip


def processors(layout: Layout, wired: Wired, chip: Chip, n_chips: int) -> Iterator[Breach]:
    """Filters, sizes and order of layers; a processor for each layer is the least."""
    stages = layout.stages
    yield from held(chip, "processors", "the net", len(stages), f"use {most(chip, 'processors')} layers at most")
    for k, stage in enumerate(stages):
        window = stage.window
        if window is None:
            yield from held(chip, "dense_inputs", stage.name, stage.n_sources, "pool in front of it")
            for kind, _ in stage.pools:
                what = f"{kind} between a convolution and a fully connected layer"
                yield Breach(chip.name, what, stage.name, None, None, "", "put a convolution behind the pooling")
            continue
        yield from held(chip, "filters", stage.name, stage.out_shape[0], f"use {most(chip, 'filters')} filters")
        yield from held(chip, "input_height", stage.name, stage.mid_shape[1], "pool or crop its input")
        yield from held(chip, "stride", stage.name, max(window.stride), f"use a stride of {most(chip, 'stride')}")
        wrong = [
            ("an even kernel", any(side % 2 == 0 for side in window.kernel), "use an odd one"),
            (f"dilation {window.dilation}", set(window.dilation) != {1}, "use a dilation of 1"),
            (f"groups {stage.groups}", stage.groups > 1, "use one group, or a separable convolution"),
        ]
        yield from (
            Breach(chip.name, what, stage.name, None, None, "", change) for what, is_so, change in wrong if is_so
        )
        if k and stages[k - 1].window is None:
            yield Breach(chip.name, "a convolution behind a dense layer", stage.name, None, None, "", "swap the two")
