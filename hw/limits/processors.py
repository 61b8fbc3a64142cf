"""Akida: what its mapper refuses a layer for, and how many processors a net takes at least.

A convolution with more filters, or a larger map, than a processor takes is divided over several, as the vendor's mapper
does it (akida 2.19.3: 505 filters, and maps of 300 rows, are mapped). How many it takes besides, for memory, is not
published. Fully connected layers need processors of their own kinds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from hw.limits.held import held, most
from hw.lowering.stages import Layout, Stage
from hw.placement.core_room import Wired
from hw.records.architecture import KERNELS
from hw.records.breach import Breach
from hw.records.chip import Chip
from spikenet.kernels.window import Window

OVERLAP = "take one whose kernel and stride are alike and divide the map"


def processors(layout: Layout, wired: Wired, chip: Chip, n_chips: int) -> Iterator[Breach]:
    """Sizes, windows and order of layers; the parts that convolutions are divided into."""
    stages = layout.stages
    yield from _processors(stages, chip, n_chips)
    yield from _dense(stages, chip, n_chips)
    for k, stage in enumerate(stages):
        before = stages[k - 1] if k else None
        if stage.window is None:
            change = f"pool in front of it, to {most(chip, 'dense_inputs')} inputs"
            yield from held(chip, "dense_inputs", stage.name, stage.n_sources, change)
            for kind, _ in stage.pools:
                what = f"{kind} between a convolution and a fully connected layer"
                yield Breach(chip.name, what, stage.name, None, None, "", "put a convolution behind the pooling")
            continue
        yield from held(chip, "stride", stage.name, max(stage.window.stride), f"use a stride of {most(chip, 'stride')}")
        side, channels = max(stage.window.kernel), stage.weight.shape[1]
        yield from held(chip, "kernel_side", stage.name, side, f"use kernels of {most(chip, 'kernel_side')}")
        if side in KERNELS:
            room = f"filter_channels_{side}"
            yield from held(chip, room, stage.name, channels, f"use {most(chip, room)} channels in front of it")
        wrong = _windows(stage, stage.window) + _pools(stage, before)
        yield from (Breach(chip.name, what, stage.name, None, None, "", change) for what, change in wrong)


def _processors(stages: tuple[Stage, ...], chip: Chip, n_chips: int) -> Iterator[Breach]:
    """Of all layers together, as often as the chip may be filled; of one layer, where that is not limited."""
    parts, passes = [_parts(stage, chip) for stage in stages], chip.limit("passes")
    largest = int(np.argmax(parts))
    where, taken = (stages[largest].name, parts[largest]) if passes is None else ("the net", sum(parts))
    allowed = most(chip, "processors") * n_chips * int(passes or 1)
    if taken > allowed > 0:
        chips = math.ceil(taken * n_chips / allowed)
        change = f"use {chips} chips, or take {taken - allowed} parts of layers out"
        unit = chip.limits["processors"].unit if n_chips == 1 else f"neural processors on {n_chips} chips"
        yield Breach(chip.name, "processors", where, taken, allowed, unit, change)


def _dense(stages: tuple[Stage, ...], chip: Chip, n_chips: int) -> Iterator[Breach]:
    """Fully connected layers: few processors take their weights from outside, others hold weights but not many."""
    dense = [stage for stage in stages if stage.window is None]
    room, outside, inside = (
        chip.limit(name) for name in ("dense_bytes", "processors_dense_external", "processors_dense_on_chip")
    )
    if outside is None:
        return
    if inside is not None:
        many = f"take {len(dense) - int((inside + outside) * n_chips)} fully connected layers out"
        needed, allowed = len(dense), (inside + outside) * n_chips
        if needed > allowed:
            unit = "processors of fully connected layers"
            yield Breach(chip.name, "processors_dense_on_chip", "the net", needed, allowed, unit, many)
    if room is None:
        return
    fits = {stage.name: int(room // _unit_bytes(stage, chip)) for stage in dense}
    large = sorted((s for s in dense if s.n_neurons > fits[s.name]), key=lambda s: s.n_neurons / max(fits[s.name], 0.5))
    if len(large) > outside * n_chips:
        some = large[: len(large) - int(outside * n_chips)]
        changes = [
            f"{stage.name} at most {fits[stage.name]} units" if fits[stage.name] else f"{stage.name} fewer inputs"
            for stage in some
        ]
        unit = f"layers of more than {room:.12g} bytes of weights"
        change = f"give {', '.join(changes)}"
        yield Breach(chip.name, "processors_dense_external", some[0].name, len(large), outside * n_chips, unit, change)


def _unit_bytes(stage: Stage, chip: Chip) -> int:
    """What a unit of a fully connected layer takes of a processor's memory; found by trial with akida 2.19.3's mapper.

    Of the first generation a head of 16 bytes and for each 32 inputs 4, 8 or 24 bytes at 1, 2 or 4 bits, 216 of 216
    boundaries; of the second 8 bytes and its inputs in fours, 40 of 40.
    """
    bits = int(chip.limit("weight_bits") or 4)
    if bits == 8:
        return 8 + 4 * math.ceil(stage.n_sources / 4)
    return 16 + {1: 4, 2: 8}.get(bits, 24) * math.ceil(stage.n_sources / 32)


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
        (f"an even kernel {window.kernel}", any(side % 2 == 0 for side in window.kernel), "use an odd one"),
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
