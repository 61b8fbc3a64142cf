"""Speck: a stage on each core, the cores' memories of different sizes, so which goes where is a matching."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import maximum_bipartite_matching

from hw.limits.held import held, most
from hw.lowering.stages import Layout, Stage
from hw.placement.core_room import Wired
from hw.records.breach import Breach
from hw.records.chip import Chip

STRIDES, POOLS = (1, 2, 4, 8), (1, 2, 4)  # sinabs docs/speck/overview.md


def power(n: int) -> int:
    """The exponent of the smallest power of two that is not below n."""
    return max(n - 1, 0).bit_length()


def kernel_of(stage: Stage) -> tuple[int, int, int, int]:
    """(channels, height, width) of the input and (side) of the kernel; a dense stage covers its whole map."""
    shape = stage.mid_shape if len(stage.mid_shape) == 3 else (stage.mid_shape[0], 1, 1)
    if stage.window is not None:
        return (*_three(shape), max(stage.window.kernel))
    return (*_three(shape), max(shape[1:]))


def _three(shape: tuple[int, ...]) -> tuple[int, int, int]:
    return shape[0], shape[1], shape[2]


def kernel_memory(stage: Stage) -> int:
    """Weights' entries: channels * 2^(ceil(log2(kx ky)) + ceil(log2 filters)). Source: sinabs, as in its checks."""
    channels, height, width, side = kernel_of(stage)
    taps = height * width if stage.window is None else side * side
    return channels << (power(taps) + power(stage.out_shape[0]))


def neuron_memory(stage: Stage) -> int:
    """States' entries: filters * 2^(ceil(log2 height) + ceil(log2 width)). Source: sinabs, as in its checks."""
    rows, columns = stage.out_shape[1:] if len(stage.out_shape) == 3 else (1, 1)
    return stage.out_shape[0] << (power(rows) + power(columns))


def convolution_cores(layout: Layout, wired: Wired, chip: Chip, n_chips: int) -> Iterator[Breach]:
    """Shapes of each stage, then whether all of them find cores at once."""
    stages = layout.stages
    broken = False
    for stage in stages:
        for breach in (*_shapes(stage, chip), *_memories(stage, chip)):
            broken = True
            yield breach
    cores = most(chip, "cores") * n_chips
    yield from held(chip, "cores", "the net", math.ceil(len(stages) / n_chips), f"use {cores} stages at most")
    if not broken and len(stages) <= cores:
        unplaced = [stages[k].name for k, core in enumerate(matching(stages, chip, n_chips)) if core < 0]
        if unplaced:
            change = f"make {', '.join(unplaced)} smaller: the cores with enough memory are taken by other layers"
            yield Breach(chip.name, "no core left for a layer", unplaced[0], None, None, "", change)


def matching(stages: tuple[Stage, ...], chip: Chip, n_chips: int = 1) -> list[int]:
    """The core of each stage, -1 where none is left: a maximum matching of stages and cores that hold them."""
    sizes = [(most(chip, f"kernel_memory_{k}"), most(chip, f"neuron_memory_{k}")) for k in range(most(chip, "cores"))]
    fits = [[kernel_memory(s) <= k and neuron_memory(s) <= n for k, n in sizes * n_chips] for s in stages]
    found = maximum_bipartite_matching(sparse.csr_array(np.array(fits, np.int8)), perm_type="column")
    return [int(core) for core in found]


def _shapes(stage: Stage, chip: Chip) -> Iterator[Breach]:
    channels, _, _, side = kernel_of(stage)
    name, window = stage.name, stage.window
    yield from held(chip, "channels", name, max(channels, stage.out_shape[0]), f"use {most(chip, 'channels')} channels")
    yield from held(chip, "input_side", name, max(stage.in_shape[1:], default=1), "pool or crop the input")
    yield from held(
        chip, "output_side", name, max(stage.out_shape[1:], default=1), "raise the stride, or pool in front"
    )
    yield from held(chip, "kernel_side", name, side, f"use kernels of {most(chip, 'kernel_side')}, or pool in front")
    if stage.bias is not None:
        yield from held(chip, "bias_memory", name, stage.out_shape[0], "leave the bias out")
    if window is not None:
        yield from held(chip, "padding", name, max(window.padding), f"pad by {most(chip, 'padding')}")
        odd = [
            ("a kernel that is not square", len(set(window.kernel)) > 1, "make it square"),
            (f"stride {window.stride}", not set(window.stride) <= set(STRIDES), f"use a stride of {STRIDES}"),
            (f"dilation {window.dilation}", set(window.dilation) != {1}, "use a dilation of 1"),
            (f"groups {stage.groups}", stage.groups > 1, "use one group"),
        ]
        yield from (Breach(chip.name, what, name, None, None, "", change) for what, wrong, change in odd if wrong)
    for kind, pool in stage.pools:
        plain = pool.kernel == pool.stride and pool.padding == (0, 0) and len(set(pool.kernel)) == 1
        if not plain or pool.kernel[0] not in POOLS or len(stage.pools) > 1:
            what = f"{kind} of {pool.kernel}, stride {pool.stride}"
            yield Breach(
                chip.name, what, name, None, None, "", f"sum over one square of side {POOLS} that does not overlap"
            )


def _memories(stage: Stage, chip: Chip) -> Iterator[Breach]:
    for memory, needed in (("kernel_memory", kernel_memory(stage)), ("neuron_memory", neuron_memory(stage))):
        largest = max(range(most(chip, "cores")), key=lambda k, memory=memory: most(chip, f"{memory}_{k}"))  # type: ignore[misc]
        each = needed // (1 << power(stage.out_shape[0])) if memory == "kernel_memory" else needed // stage.out_shape[0]
        filters = most(chip, f"{memory}_{largest}") // max(each, 1)
        filters = 1 << (filters.bit_length() - 1) if memory == "kernel_memory" and filters else filters
        change = f"use {filters} filters" if filters else "use fewer channels, or smaller maps and kernels"
        yield from held(chip, f"{memory}_{largest}", stage.name, needed, change)
