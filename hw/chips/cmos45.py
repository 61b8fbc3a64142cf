"""45 nm CMOS at 0.9 V: single operations and memory accesses. Data only.

M. Horowitz, "Computing's energy problem (and what we can do about it)", ISSCC 2014, Figure 1.1.9, read in sources that
quote it, not in the paper. int16 values of the figure are quoted more rarely than the rest.
"""

from __future__ import annotations

from hw.records.chip import Chip
from hw.records.energies import Memory, Sram, TechnologyEnergies
from hw.records.fact import Evidence, Fact
from hw.records.formats import Format

QUOTED, FROM_MEMORY = Evidence.QUOTED, Evidence.FROM_MEMORY

CMOS45 = Chip(
    name="45 nm CMOS",
    vendor="technology",
    process="45 nm, 0.9 V",
    limits={},
    energies=TechnologyEnergies(
        add={
            Format.INT8: Fact(0.03, "pJ", QUOTED, "Horowitz 2014"),
            Format.INT16: Fact(0.05, "pJ", QUOTED, "Horowitz 2014"),
            Format.INT32: Fact(0.1, "pJ", QUOTED, "Horowitz 2014"),
            Format.FP16: Fact(0.4, "pJ", QUOTED, "Horowitz 2014"),
            Format.FP32: Fact(0.9, "pJ", QUOTED, "Horowitz 2014"),
        },
        multiply={
            Format.INT8: Fact(0.2, "pJ", QUOTED, "Horowitz 2014"),
            Format.INT16: Fact(1.0, "pJ", QUOTED, "Horowitz 2014"),
            Format.INT32: Fact(3.1, "pJ", QUOTED, "Horowitz 2014"),
            Format.FP16: Fact(1.1, "pJ", QUOTED, "Horowitz 2014"),
            Format.FP32: Fact(3.7, "pJ", QUOTED, "Horowitz 2014"),
        },
        memory=Memory(
            word_bytes=8,  # Horowitz 2014: cache and DRAM accesses of 64 bits
            srams=(
                Sram(8 * 1024, Fact(10.0, "pJ", QUOTED, "Horowitz 2014, 64-bit access, 8 KB cache")),
                Sram(32 * 1024, Fact(20.0, "pJ", FROM_MEMORY, "Horowitz 2014, 64-bit access, 32 KB; unconfirmed")),
                Sram(
                    1024 * 1024,
                    Fact(100.0, "pJ", FROM_MEMORY, "Horowitz 2014, 64-bit access, 1 MB; unconfirmed"),
                ),
            ),
            dram=Fact(1300.0, "pJ", QUOTED, "Horowitz 2014, 64-bit access; lower end taken", high=2600.0),
        ),
    ),
    notes=(
        "45 nm totals are single operations and memory accesses (Horowitz 2014, 0.9 V): "
        "no control, no instruction fetch, no leakage.",
    ),
)
