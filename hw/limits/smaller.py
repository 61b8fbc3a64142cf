"""The smallest change with which a net that needs too many cores fits: found by trying it.

One change where one is enough: chips, different thresholds, or neurons of the widest layer. Where it is not, several
together: neurons of all hidden layers, and as few more chips as those then need.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from hw.limits.held import most
from hw.lowering.connectivity import order
from hw.lowering.stages import Stage
from hw.placement.core_room import Wiring
from hw.placement.fill import Filled, fill, scarce
from hw.placement.used import scarcest
from hw.records.breach import Breach, DoesNotFit
from hw.records.chip import Chip
from hw.records.si import how_many

TRIED = 4_000_000  # synapses up to which a net is filled again and again, for a second or so
TRIED_TOGETHER = TRIED // 4  # likewise, where many changes are tried together
SHARES = 256  # of all sizes at once that are tried
REACHING = ("neurons", "output_axons")  # limits of a core that a single neuron breaks by reaching many


def largest(fits: Callable[[int], bool], below: int) -> int:
    """The largest n of 1..below-1 found to fit, by bisection; 0 when none was."""
    good, bad = 0, below
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if fits(middle) else (good, middle)
    return good


def together(sizes: Sequence[int], fits: Callable[[tuple[int, ...]], bool]) -> tuple[int, ...] | None:
    """Sizes found to fit, of which no single one could be larger: all cut to one share, then each grown back.

    sizes: of what there is, such as neurons of each layer; at least 1 of each is left. None: not even 1 of each fits
    """

    def share(n: int) -> tuple[int, ...]:
        return tuple(max(size * n // SHARES, 1) for size in sizes)

    found = largest(lambda n: fits(share(n)), SHARES)
    kept = list(share(found))
    if not found and not fits(tuple(kept)):
        return None
    for k in sorted(range(len(sizes)), key=lambda at: -sizes[at]):

        def grown(more: int, k: int = k) -> bool:
            return fits((*kept[:k], kept[k] + more, *kept[k + 1 :]))

        kept[k] += largest(grown, sizes[k] - kept[k] + 1)
    return tuple(kept)


def too_many_cores(
    wired: tuple[Wiring, ...], chip: Chip, filled: Filled, n_chips: int, *, only_chips: bool = False
) -> Breach:
    """What to say of a net that takes more cores than so many chips have.

    only_chips: whether to propose nothing but more chips, where something else changes the net already
    """
    each, taken = most(chip, "cores"), len(filled.cores)
    unit = chip.limits["cores"].unit if n_chips == 1 else f"cores on {n_chips} chips"
    full = scarcest(filled, chip).replace("_", " ")
    enough = f"cores are full of {full}: use {math.ceil(taken / each)} chips"
    found = Breach(chip.name, "cores", "the net", taken, each * n_chips, unit, enough)
    if only_chips or _synapses(wired) > TRIED:
        return found

    def fits(made: tuple[Wiring, ...], chips: int = n_chips) -> bool:
        return _fits(made, chip, chips)

    for name, limit in scarce(wired, chip).items():
        k, different = max(enumerate(np.unique(w.profiles[name]).size for w in wired), key=lambda found: found[1])
        allowed = largest(lambda n, name=name, k=k: fits(coarser(wired, k, name, n)), different)  # type: ignore[misc]
        if allowed:
            where, what = wired[k].stage.name, name.replace("_", " ")
            unit = f"different {what}, of which a core has {limit:g}, on {how_many(each * n_chips, 'core')}"
            return replace(found, limit=name, where=where, needed=different, allowed=allowed, unit=unit,
                           change=f"{enough}, or give its neurons at most {allowed} different ones")  # fmt: skip
    hidden = wired[:-1] or wired
    k = max(range(len(hidden)), key=lambda at: hidden[at].stage.n_neurons)
    stage = wired[k].stage
    left = largest(lambda n: fits(kept(wired, k, n)), stage.out_shape[0])
    if left:
        return replace(found, change=f"{enough}, or {_keep([(left, stage)])}")
    return replace(found, change=f"{enough}{_several(wired, fits, range(n_chips, math.ceil(taken / each)))}")


def too_many_targets(wired: tuple[Wiring, ...], chip: Chip, found: Breach, n_chips: int) -> Breach:
    """The same of a neuron that is too much for a core, with how many of the neurons that it reaches may stay."""
    at = [k for k, wiring in enumerate(wired) if found.where.startswith(f"{wiring.stage.name}, neuron")]
    if not at or found.limit not in REACHING or _synapses(wired) > TRIED:
        return found
    k = min(at[0] + 1, len(wired) - 1)  # the layer behind; of the last one its own, which its loops reach
    stage = wired[k].stage
    left = largest(lambda n: _fits(kept(wired, k, n), chip, n_chips), stage.out_shape[0])
    return replace(found, change=f"{found.change}: {_keep([(left, stage)])}") if left else found


def _synapses(wired: tuple[Wiring, ...]) -> int:
    return sum(int(matrix.nnz) for wiring in wired for matrix in wiring.columns)


def _fits(wired: tuple[Wiring, ...], chip: Chip, n_chips: int) -> bool:
    try:
        return len(fill(wired, chip).cores) <= most(chip, "cores") * n_chips
    except DoesNotFit:
        return False


def _several(wired: tuple[Wiring, ...], fits: Callable[..., bool], chips: Iterable[int]) -> str:
    """The fewest of some numbers of chips with which all hidden layers together can be made small enough, and how."""
    hidden = [wiring.stage for wiring in wired[:-1]]
    if len(hidden) < 2 or _synapses(wired) > TRIED_TOGETHER:
        return ""

    def small(sizes: Sequence[int]) -> tuple[Wiring, ...]:
        made = wired
        for k, n in enumerate(sizes):
            made = kept(made, k, n)
        return made

    least = small([1] * len(hidden))
    for more, n in enumerate(chips):
        if not fits(least, n):
            continue
        found = together([stage.out_shape[0] for stage in hidden], lambda sizes, n=n: fits(small(sizes), n))  # type: ignore[misc]
        assert found is not None
        cut = [(left, stage) for left, stage in zip(found, hidden, strict=True) if left < stage.out_shape[0]]
        return f", or {f'use {n} chips and ' if more else ''}{_keep(cut)}"
    return ""


def _keep(cut: Sequence[tuple[int, Stage]]) -> str:
    """What to say of layers of which only so many neurons or filters stay."""
    parts = []
    for left, stage in cut:
        what = "neurons" if len(stage.out_shape) == 1 else "filters"
        parts.append(f"{left} of the {stage.out_shape[0]} {what} of {stage.name}")
    return f"keep {' and '.join(parts)}"


def coarser(wired: tuple[Wiring, ...], k: int, name: str, n: int) -> tuple[Wiring, ...]:
    """The net with at most n different profiles of a kind in stage k, neighbours being made alike."""
    ranks = np.unique(wired[k].profiles[name], return_inverse=True)[1].reshape(-1)
    alike = ranks * n // (int(ranks.max()) + 1)
    others = max(int(wiring.profiles[name].max(initial=0)) for wiring in wired)
    changed = replace(wired[k], profiles={**wired[k].profiles, name: alike + others + 1})
    return (*wired[:k], changed, *wired[k + 1 :])


def kept(wired: tuple[Wiring, ...], k: int, n: int) -> tuple[Wiring, ...]:
    """The net with the first n neurons, or filters of a map, of stage k."""
    wiring = wired[k]
    stage = wiring.stage
    places = order(stage)
    first = n * (stage.n_neurons // stage.out_shape[0])
    stays = np.flatnonzero(places < first)
    matrix, *own = wiring.columns
    changed = replace(
        wiring,
        stage=replace(stage, out_shape=(n, *stage.out_shape[1:]), arranged=places[stays]),
        columns=(matrix[:, stays], *(among[stays][:, stays] for among in own)),
        profiles={name: ids[stays] for name, ids in wiring.profiles.items()},
    )
    if k + 1 == len(wired):
        return (*wired[:k], changed)
    behind = wired[k + 1]
    matrix, *own = behind.columns
    hears = replace(
        behind,
        stage=replace(behind.stage, in_shape=(n, *behind.stage.in_shape[1:])),
        columns=(matrix.tocsr()[:first].tocsc(), *own),
    )
    return (*wired[:k], changed, hears, *wired[k + 2 :])
