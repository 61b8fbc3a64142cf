"""A desktop CPU, a graphics card and a mobile CPU as keras-spiking prices them. Data only.

One figure a multiply-accumulate in float32, from performance per watt as reached in signal processing: control, caches
and memory are in it. Nobody there gives one for int8. The GPU's assumes large batches.
"""

from __future__ import annotations

from hw.records.chip import Chip
from hw.records.energies import ProcessorEnergies
from hw.records.fact import Evidence, Fact

TABLE = "keras-spiking model_energy.py, citing Degnan et al. 2015"
ROUGH = (
    "very rough, as keras-spiking says: one multiply-accumulate of an old device in float32, memory traffic included"
)


def _processor(name: str, vendor: str, process: str, each_nj: float) -> Chip:
    each = Fact(each_nj, "nJ", Evidence.QUOTED, TABLE)
    return Chip(name, vendor, process, {}, ProcessorEnergies(mac=each, neuron_update=each), (f"{name}: {ROUGH}",))


CPU = _processor("CPU i7-4960X", "Intel", "22 nm", 8.6)
GPU = _processor("GPU Titan Black", "NVIDIA", "28 nm", 0.3)
ARM = _processor("CPU Cortex-A", "ARM", "not said", 0.9)
