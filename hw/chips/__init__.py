"""One chip a file, literals only, each with its source; `ALL` is what `hw.compare` prices by default."""

from __future__ import annotations

from hw.chips.cmos45 import CMOS45 as cmos45
from hw.chips.loihi1 import LOIHI1 as loihi1

ALL = (cmos45, loihi1)

__all__ = ["ALL", "cmos45", "loihi1"]
