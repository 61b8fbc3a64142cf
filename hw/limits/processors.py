"""Akida: what its mapper refuses a layer for, and how many processors a net takes at least.

A convolution with more filters, or a larger map, than a processor takes is divided over several, as the vendor's mapper
does it (akida 2.19.3: 505 filters, and maps of 300 rows, are mapped). How many it takes besides, for memory, is not
published.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from hw.limits.held import held, most
from hw.lowering.stages import Layout, Stage
from hw.placement.core_room import Wired
from hw.records.breach import Breach
from hw.records.chip import Chip
from spikenet.kernels.window import Window

OVERLAP = "take one whose kernel and stride are alike and divide the map"


def processors(layout: Layout, wired: Wired, chip: Chip, n_chips: int) -> Iterator[Breach]:
    """Sizes, windows and order of layers; the parts that convolutions are divided into."""
    stages = layout.stages
    taken = sum(_parts(stage, chip) for stage in stages)
    allowed = most(chip, "processors") * n_chips
    if taken > allowed > 0:
        change = f"take {taken - allowed} parts of layers out, or {math.ceil(taken / most(chip, 'processors'))} chips"
        yield Breach(chip.name, "processors", "the net", taken, allowed, chip.limits["processors"].unit, change)
    for k, stage in enumerate(stages):
        before = stages[k - 1] if k else None
        if stage.window is None:
            yield from held(chip, "dense_inputs", stage.name, stage.n_sources, "pool in front of it")
            for kind, _ in stage.pools:
                what = f"{kind} between a convolution and a fully connected layer"
                yield Breach(chip.name, what, stage.name, None, None, "", "put a convolution behind the pooling")
            continue
        yield from held(chip, "stride", stage.name, max(stage.window.stride), f"use a stride of {most(chip, 'stride')}")
        wrong = _windows(stage, stage.window) + _pools(stage, before)
        yield from (Breach(chip.name, what, stage.name, None, None, "", change) for what, change in wrong)


def _parts(stage: Stage, chip: Chip) -> int:
    """Processors that the sizes alone ask for."""
    if stage.window is None:
        return 1
    sizes = (stage.out_shape[0], *stage.window.size)
    limits = (chip.limit(name) or math.inf for name in ("filters", "input_height", "input_width"))
    return math.prod(math.ceil(size / limit) or 1 for size, limit in zip(sizes, limits, strict=True))


def _windows(stage: Stage, window: Window) -> list[tuple[str, str]]:
    """(what is wrong, what to do) of a convolution."""
    found = [
        ("an even kernel", any(side % 2 == 0 for side in window.kernel), "use an odd one"),
        (f"stride {window.stride}", len(set(window.stride)) > 1, "use one stride both ways"),
        (f"dilation {window.dilation}", set(window.dilation) != {1}, "use a dilation of 1"),
        (f"groups {stage.groups}", stage.groups > 1, "use one group, or a separable convolution"),
    ]
    if any(window.padding) and not any(is_so for _, is_so, _ in found):
        what = f"padding {window.padding} of a kernel of {window.kernel}, stride {window.stride}, on {window.size}"
        change = f"pad by {window.kernel[0] // 2} with a stride of 1 (of 2: on odd sizes), or by nothing"
        found.append((what, not _begins_as_same(window, window.size), change))
    return [(what, change) for what, is_so, change in found if is_so]


def _pools(stage: Stage, before: Stage | None) -> list[tuple[str, str]]:
    """(what is wrong, what to do) of what stands in front of a convolution."""
    if not stage.pools:
        return []
    if before is None or before.window is None:
        return [(f"{stage.pools[0][0]} with no convolution in front of it", "pool the input before it enters the chip")]
    if len(stage.pools) > 1:
        return [("several poolings in a row", "take one")]
    kind, pool = stage.pools[0]
    if len(set(pool.kernel)) > 1 or len(set(pool.stride)) > 1:
        return [(f"{kind} of {pool.kernel}, stride {pool.stride}", "take square ones")]
    keeps_size = any(before.window.padding)
    if not _begins_as_same(pool, before.window.out) if keeps_size else any(pool.padding):
        return [(f"{kind} of {pool.kernel}, stride {pool.stride}, on {before.window.out}", OVERLAP)]
    return []


def _begins_as_same(window: Window, size: tuple[int, int]) -> bool:
    """Whether its windows are those that the chip's padding to the same size gives."""
    for extent, kernel, stride, pad, places in zip(
        size, window.kernel, window.stride, window.padding, window.out, strict=True
    ):
        wanted = -(-extent // stride)  # and as many zeros as these windows need, the odd one at the end
        if (places, pad) != (wanted, max((wanted - 1) * stride + kernel - extent, 0) // 2):
            return False
    return True
