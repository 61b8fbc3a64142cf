"""What an inference costs, as bars. An unknown cost is written out, never drawn as zero."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import EngFormatter, NullFormatter, NullLocator

from spikenet.errors import finite_number
from spikenet.plot.style import BLACK, BLUE, GREY, colour, one_axes, tint

Energy = float | None  # joules; None and NaN mean that nobody knows
JOULES = EngFormatter(unit="J")
NAMED = 2  # unknown parts up to which each is named


Table = Mapping[str, Energy | Mapping[str, Energy]]


def energy_bars(table: Table, *, ax: Axes | None = None) -> Axes:
    """Axes with a horizontal bar per entry on a logarithmic scale, first entry on top, its energy written at its end.

    table : name -> joules per inference, or name -> {term: joules}; None or NaN for an unknown cost
    Of terms, the wide bar is the sum and the narrow bars inside it are the terms, all from the same edge: on a
    logarithmic scale lengths do not add, so that parts laid end to end would show wrong proportions. A sum with an
    unknown term is a lower bound, written with a "≥". Where no entry has two known terms there are no narrow bars.

    Raises ValueError for an empty table and for negative or infinite energies.
    """
    if not table:
        raise ValueError("energy_bars: expected at least one entry, got none")
    entries = {name: checked_terms(name, given) for name, given in table.items()}
    split = is_split(entries)
    kinds = list(dict.fromkeys(term for terms in entries.values() for term in terms if term)) if split else []
    known = [joule for terms in entries.values() for joule in (*terms.values(), total(terms)) if joule]
    left = 10.0 ** math.floor(math.log10(min(known)) - 0.3) if known else 1e-12
    right = max(known) if known else 1e-6
    ax = one_axes(ax, *size_inch(table))

    for row, terms in enumerate(entries.values()):
        whole_bar = total(terms)
        if whole_bar:
            ax.barh(
                row,
                whole_bar - left,
                left=left,
                height=0.8 if split else 0.6,
                color=tint(BLUE, 0.25) if split else BLUE,
            )
        write_at(ax, words(terms), max(whole_bar, left), row, BLACK if whole_bar else GREY)
        named = [term for term in kinds if term in terms]
        height = 0.7 / max(len(named), 1)
        for k, term in enumerate(named):
            y, joule = row - 0.35 + height * (k + 0.5), terms[term]
            if joule:
                ax.barh(y, joule - left, left=left, height=0.8 * height, color=colour(kinds.index(term)))
            elif joule is None and whole_bar:
                write_at(ax, "unknown", left, y, GREY, "x-small")

    ax.set_xscale("log")
    ax.set_xlim(left, max(right * (right / left) ** 0.45, 11 * left))  # room for words at the end of the longest bar
    ax.set_ylim(len(entries) - 0.5, -0.5)
    ax.set_yticks(range(len(entries)), list(entries))
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_formatter(JOULES)
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("energy per inference (J, logarithmic)" if known else "energy per inference (J): nothing is known")
    if not known:  # a scale would say what no bar does
        ax.xaxis.set_major_locator(NullLocator())
        ax.xaxis.set_minor_locator(NullLocator())
    ax.spines[["top", "right"]].set_visible(False)
    if kinds:
        drawn = {term for terms in entries.values() for term, joule in terms.items() if joule}
        handles = [Patch(color=colour(k), label=term) for k, term in enumerate(kinds) if term in drawn]
        handles.append(Patch(color=tint(BLUE, 0.25), label="sum"))
        ax.legend(
            handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=min(len(handles), 4), frameon=False
        )
    return ax


def is_split(entries: Mapping[str, Mapping[str, Energy]]) -> bool:
    """Whether any entry has two known terms, which are then drawn inside its bar."""
    return any(sum(joule is not None for joule in terms.values()) > 1 for terms in entries.values())


def size_inch(table: Table) -> tuple[float, float]:
    """Width and height of a picture of the table."""
    entries = {name: checked_terms(name, given) for name, given in table.items()}
    most = max(map(len, table), default=0) + max((len(words(terms)) for terms in entries.values()), default=0)
    width = max(7.0, 3.5 + 0.08 * most)  # names at the left, words at the right
    if not is_split(entries):
        return width, 1.2 + 0.42 * len(entries)
    most = max(len(terms) for terms in entries.values())
    return width, 1.2 + (0.36 + 0.14 * most) * len(entries)


def write_at(ax: Axes, text: str, joule: float, row: float, ink: str, size: str = "medium") -> None:
    """Words just right of an energy."""
    spot = (joule, row)
    ax.annotate(text, spot, xytext=(4, 0), textcoords="offset points", va="center", color=ink, fontsize=size)


def checked_terms(name: str, given: Energy | Mapping[str, Energy]) -> dict[str, Energy]:
    """The energies of one entry by term, NaN as None; a single figure is a term without a name."""
    terms = dict(given) if isinstance(given, Mapping) else {"": given}
    return {term: checked_energy(f"energy_bars: {name!r} {term}".rstrip(), joule) for term, joule in terms.items()}


def checked_energy(where: str, joule: Energy) -> Energy:
    """`joule` as a float >= 0, or None where it is None or NaN."""
    if joule is None or (isinstance(joule, (float, np.floating)) and math.isnan(joule)):
        return None
    number = finite_number(where, joule)
    if number < 0:
        raise ValueError(f"{where}: expected joules >= 0 or None for unknown, got {number}")
    return number


def total(terms: Mapping[str, Energy]) -> float:
    """The sum of what is known, joules."""
    return sum(joule for joule in terms.values() if joule is not None)


def words(terms: Mapping[str, Energy]) -> str:
    """The energy of one entry in words, honest about what is missing."""
    missing = [term for term, joule in terms.items() if joule is None]
    if len(missing) == len(terms):
        return "unknown"
    text = JOULES(float(f"{total(terms):.3g}"))
    some = "; ".join(missing) if len(missing) <= NAMED else f"{len(missing)} parts"
    return f"≥ {text} ({some} unknown)" if missing else text
