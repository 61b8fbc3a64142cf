"""Speck: a stage on each core, the cores' memories of different sizes, so which goes where is a matching."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import maximum_bipartite_matching

from hw.limits.held import held, most
from hw.limits.smaller import largest, together
from hw.lowering.stages import Layout, Stage
from hw.placement.core_room import Wired
from hw.records.breach import Breach
from hw.records.chip import Chip
from spikenet.kernels.window import Window

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
    """Shapes of each stage, then whether all of them find cores at once, of one chip: nets are not divided."""
    stages = layout.stages
    large = [stage for stage in stages if not any(_holds(stage, *core) for core in memories(chip))]
    several = ", ".join(_of_several(stages, chip)) if len(large) > 1 and len(stages) <= most(chip, "cores") else ""
    broken = False
    for stage in stages:
        for breach in (*_shapes(stage, chip), *(_memories(stage, chip, several) if stage in large else ())):
            broken = True
            yield breach
    cores = most(chip, "cores")
    yield from held(chip, "cores", "the net", len(stages), f"use {cores} stages at most")
    if broken or len(stages) > cores:
        return
    left = [k for k, core in enumerate(matching(stages, chip)) if core < 0]
    if not left:
        return
    placed = [stage for k, stage in enumerate(stages) if k not in left]
    changes = list[str]()
    for stage in (stages[k] for k in left):

        def fits(n: int, stage: Stage = stage) -> bool:
            return min(matching((*placed, of_filters(stage, n)), chip)) >= 0

        filters = largest(fits, stage.out_shape[0])
        if not filters:
            changes = _of_several(stages, chip)
            break
        changes.append(f"use {filters} filters in {stage.name}")
        placed.append(of_filters(stage, filters))
    change = f"{', '.join(changes)}: the cores with enough memory are taken by other layers"
    yield Breach(chip.name, "no core left for a layer", stages[left[0]].name, None, None, "", change)


def _of_several(stages: tuple[Stage, ...], chip: Chip) -> list[str]:
    """Filters of several layers with which there is a core for each; the last layer's stay where that is enough.

    Fewer filters are fewer channels of the layer behind, so that together they are less of a change than each alone.
    """
    last = stages[-1].out_shape[0]

    def fits(filters: tuple[int, ...]) -> bool:
        made, channels = list[Stage](), stages[0].mid_shape[0]
        for stage, n in zip(stages, filters, strict=True):
            mid = (channels, *stage.mid_shape[1:]) if made else stage.mid_shape
            made.append(replace(of_filters(stage, n), mid_shape=mid))
            channels = n
        return min(matching(tuple(made), chip)) >= 0

    sizes = [stage.out_shape[0] for stage in stages]
    inside = together(sizes[:-1], lambda some: fits((*some, last)))
    found = together(sizes, fits) if inside is None else (*inside, last)
    if found is None:
        return ["pool in front, or use smaller kernels: even with one filter in each layer too few cores hold them"]
    cut = ((n, stage) for n, stage in zip(found, stages, strict=True) if n < stage.out_shape[0])
    return [f"use {n} filters in {stage.name}" for n, stage in cut]


def matching(stages: tuple[Stage, ...], chip: Chip) -> list[int]:
    """The core of each stage, -1 where none is left: a maximum matching of stages and cores that hold them."""
    fits = [[_holds(stage, k, n) for k, n in memories(chip)] for stage in stages]
    found = maximum_bipartite_matching(sparse.csr_array(np.array(fits, np.int8)), perm_type="column")
    return [int(core) for core in found]


def memories(chip: Chip) -> list[tuple[int, int]]:
    """(kernel memory, neuron memory) of every core."""
    return [(most(chip, f"kernel_memory_{k}"), most(chip, f"neuron_memory_{k}")) for k in range(most(chip, "cores"))]


def of_filters(stage: Stage, n: int) -> Stage:
    """What the memories would have to hold of the stage with n filters."""
    return replace(stage, out_shape=(n, *stage.out_shape[1:]))


def _holds(stage: Stage, kernels: int, neurons: int) -> bool:
    return kernel_memory(stage) <= kernels and neuron_memory(stage) <= neurons


def _shapes(stage: Stage, chip: Chip) -> Iterator[Breach]:
    channels, _, _, side = kernel_of(stage)
    name, window = stage.name, stage.window
    to = f"use {most(chip, 'channels')}"
    yield from held(chip, "channels", name, channels, f"{to} channels in front of it")
    yield from held(chip, "channels", name, stage.out_shape[0], f"{to} filters")
    to = f"crop it to {most(chip, 'input_side')}, or pool in front of the chip"
    yield from held(chip, "input_side", name, max(stage.in_shape[1:], default=1), to)
    to = "pool in front" if window is None else _stride(window, most(chip, "output_side"))
    yield from held(chip, "output_side", name, max(stage.out_shape[1:], default=1), to)
    to = f"{'pool maps in front to' if window is None else 'use kernels of'} {most(chip, 'kernel_side')}"
    yield from held(chip, "kernel_side", name, side, to)
    if stage.bias is not None:
        yield from held(chip, "bias_memory", name, stage.out_shape[0], "leave the bias out")
    if window is not None:
        yield from held(chip, "padding", name, max(window.padding), f"pad by {most(chip, 'padding')}")
        odd = [
            (f"a kernel {window.kernel} that is not square", len(set(window.kernel)) > 1, "make it square"),
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


def _stride(window: Window, side: int) -> str:
    """The smallest stride with which the map is small enough."""
    sizes = zip(window.size, window.padding, window.dilation, window.kernel, strict=True)
    reach = max(n + 2 * pad - dilation * (kernel - 1) - 1 for n, pad, dilation, kernel in sizes)
    enough = next((stride for stride in STRIDES if reach // stride + 1 <= side), None)
    return "pool in front" if enough is None else f"use a stride of {enough}"


def _memories(stage: Stage, chip: Chip, several: str) -> Iterator[Breach]:
    """A stage that no core holds: which memory is too small, and with how many filters a core has both.

    several: what to do where it is not the only such stage
    """
    cores = memories(chip)
    filters = largest(lambda n: any(_holds(of_filters(stage, n), *core) for core in cores), stage.out_shape[0])
    change = several or (f"use {filters} filters" if filters else _for_one_filter(stage, cores))
    broken = False
    for at, (memory, needed) in enumerate(
        (("kernel_memory", kernel_memory(stage)), ("neuron_memory", neuron_memory(stage)))
    ):
        core = max(range(len(cores)), key=lambda k, at=at: cores[k][at])  # type: ignore[misc]
        for breach in held(chip, f"{memory}_{core}", stage.name, needed, change):
            broken = True
            yield breach
    if not broken:
        yield Breach(chip.name, "no core with enough of both memories", stage.name, None, None, "", change)


def _for_one_filter(stage: Stage, cores: list[tuple[int, int]]) -> str:
    one = of_filters(stage, 1)
    map_size = max(neurons for _, neurons in cores)
    if neuron_memory(one) > map_size:
        return f"pool in front, or raise the stride: a map may have {map_size} places, sides counted as powers of two"
    channels = max(kernels * kernel_of(one)[0] // kernel_memory(one) for kernels, n in cores if neuron_memory(one) <= n)
    return f"use {channels} channels in front of it, and one filter" if channels else "use smaller kernels"
