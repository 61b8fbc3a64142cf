"""Clock cycles that a step takes on Xylo's core, as Rockpool's power_cycles_model.py has it for Audio 2 and for IMU.

    Nin (3.5 p_in Nhid_in + 1) + Nhid (7 fanout p_hid + 3) + Nhid_out p_hid (1 + 8 Nout) + Nhid (19 + 3 p_hid) + 12 Nout

Nin, Nhid, Nout inputs, hidden neurons and outputs; Nhid_in and Nhid_out hidden neurons that hear inputs and that feed
outputs; fanout: mean synapses of a hidden neuron onto hidden ones; p_in, p_hid: share of the inputs with an event and
of the hidden neurons that fire. No aliases. A step of dt needs a clock of 1.2 cycles / dt.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
MARGIN = 1.2  # of the clock over the cycles needed


def xylo_cycles(placed: Any, spikes: Array, flags: Array) -> Array:
    """(steps, batch) cycles of a net of hidden layers and outputs."""
    layers, steps = placed.program.layers, len(flags)
    hidden, last = layers[:-1], layers[-1]
    n_in, n_out = layers[0].n_inputs, int(np.prod(last.shape))
    ends = placed.axons.begins
    n_hidden = int(ends[-2])
    inside = [layer.connectivity for layer in hidden[1:]] + [k.recurrent for k in hidden if k.recurrent is not None]
    fan_out = sum(int(np.count_nonzero(w.data)) for w in inside) / max(n_hidden, 1)
    hear = int(np.count_nonzero(abs(layers[0].connectivity).sum(axis=0)))
    feed = int(np.count_nonzero(abs(last.connectivity).sum(axis=1)))
    p_in = np.zeros((steps, spikes.shape[1]))
    p_in[: len(spikes)] = (spikes != 0).mean(axis=2)
    p_hidden = ((flags[..., :n_hidden] >> 1) != 0).mean(axis=2) if n_hidden else np.zeros_like(p_in)
    cycles: Array = (
        n_in * (3.5 * p_in * hear + 1)
        + n_hidden * (7 * fan_out * p_hidden + 3)
        + feed * p_hidden * (1 + 8 * n_out)
        + n_hidden * (19 + 3 * p_hidden)
        + 12 * n_out
    )
    return cycles
