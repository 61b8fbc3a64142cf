"""The chips' own neurons as integers: one chip family a file, each with a plain `run` on arrays, time-major."""

from __future__ import annotations

from hw.neurons import akida, brainscales2, loihi, loihi2, ring_buffers, speck, spinnaker, truenorth, twin, xylo

__all__ = [
    "akida",
    "brainscales2",
    "loihi",
    "loihi2",
    "ring_buffers",
    "speck",
    "spinnaker",
    "truenorth",
    "twin",
    "xylo",
]
