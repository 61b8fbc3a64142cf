"""A limit that a network breaks: by how much, and the smallest change with which it would not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Breach:
    """One limit of one chip broken at one place of a network.

    limit  : its name in the chip's record, or what the chip lacks
    where  : the layer, or "the net"
    needed, allowed: in `unit`, `needed` the smaller where a chip wants at least so many of something; both None where
             a construct is lacking rather than too large
    change : the smallest change that fits
    """

    chip: str
    limit: str
    where: str
    needed: float | None
    allowed: float | None
    unit: str
    change: str

    @property
    def over(self) -> float | None:
        """How far beyond the limit, in `unit`; negative for too few."""
        return None if self.needed is None or self.allowed is None else self.needed - self.allowed

    def __str__(self) -> str:
        if self.needed is None or self.allowed is None:
            return f"{self.chip}: {self.where}: {self.limit}; {self.change}"
        name = self.limit.replace("_", " ")
        if self.needed < self.allowed:
            return (
                f"{self.chip}: {self.where}: {name}: has {self.needed:.12g}, expected {self.allowed:.12g} {self.unit} "
                f"({self.allowed - self.needed:.12g} too few); {self.change}"
            )
        return (
            f"{self.chip}: {self.where}: {name}: needs {self.needed:.12g} {self.unit}, has {self.allowed:.12g} "
            f"({self.needed - self.allowed:.12g} over); {self.change}"
        )


class DoesNotFit(ValueError):
    """A network does not fit on a chip; `breaches` lists every limit broken, `str()` prints them."""

    def __init__(self, breaches: Iterable[Breach]) -> None:
        self.breaches = tuple(breaches)
        super().__init__("\n".join(map(str, self.breaches)))

    def __reduce__(self) -> tuple[type[DoesNotFit], tuple[tuple[Breach, ...]]]:
        return type(self), (self.breaches,)
