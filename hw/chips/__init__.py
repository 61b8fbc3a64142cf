"""One chip a file, literals only, each with its source; what nobody published is unknown, never zero.

`ALL` has every record, `NEUROMORPHIC` those a spiking net can be laid onto, `PROCESSORS` the CPUs and the GPU that run
any net densely in float32, `PRICED` those that `hw.compare` prices by default. `loihi1_sanafe` is Loihi 1 with another
table of energies and times, not in `ALL`.
"""

from __future__ import annotations

from hw.chips.akida import AKD1500 as akd1500
from hw.chips.akida import AKIDA as akida
from hw.chips.akida import AKIDA2 as akida2
from hw.chips.brainscales2 import BRAINSCALES2 as brainscales2
from hw.chips.cmos45 import CMOS45 as cmos45
from hw.chips.loihi1 import LOIHI1 as loihi1
from hw.chips.loihi1_sanafe import LOIHI1_SANAFE as loihi1_sanafe
from hw.chips.loihi2 import LOIHI2 as loihi2
from hw.chips.processors import ARM as arm
from hw.chips.processors import CPU as cpu
from hw.chips.processors import GPU as gpu
from hw.chips.speck import SPECK as speck
from hw.chips.spinnaker import SPINNAKER1 as spinnaker1
from hw.chips.spinnaker import SPINNAKER2 as spinnaker2
from hw.chips.truenorth import TRUENORTH as truenorth
from hw.chips.xylo import XYLO as xylo
from hw.chips.xylo import XYLO_AUDIO3 as xylo_audio3
from hw.chips.xylo import XYLO_IMU as xylo_imu

NEUROMORPHIC = (
    *(loihi1, loihi2, truenorth, spinnaker1, spinnaker2, xylo, xylo_audio3, xylo_imu, speck),
    *(akida, akd1500, akida2, brainscales2),
)
PROCESSORS = (cpu, gpu, arm)
ALL = (cmos45, *PROCESSORS, *NEUROMORPHIC)
PRICED = (cmos45, loihi1)

__all__ = [
    "ALL",
    "NEUROMORPHIC",
    "PRICED",
    "PROCESSORS",
    "akd1500",
    "akida",
    "akida2",
    "arm",
    "brainscales2",
    "cmos45",
    "cpu",
    "gpu",
    "loihi1",
    "loihi1_sanafe",
    "loihi2",
    "speck",
    "spinnaker1",
    "spinnaker2",
    "truenorth",
    "xylo",
    "xylo_audio3",
    "xylo_imu",
]
