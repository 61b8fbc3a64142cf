"""The chips' own neurons as integers: one chip family a file, each with a plain `run` on arrays, time-major."""

from __future__ import annotations

from hw.neurons import akida, loihi, ring_buffers, spinnaker, truenorth, xylo

__all__ = ["akida", "loihi", "ring_buffers", "spinnaker", "truenorth", "xylo"]
