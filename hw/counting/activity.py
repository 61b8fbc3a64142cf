"""Which neuron updates count as active: the two readings of "active / inactive" in Loihi 1's energy table.

Davies et al. 2018, Table 2, prices an active update at 81 pJ and an inactive one at 52 pJ and does not define the
words. Each function here takes what a layer of neurons did and returns a boolean (steps, batch, ...).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from hw.lowering.kinds import neurons_of
from spikenet.layers import LayerRecord
from spikenet.layers.resting import at_rest

Active = Callable[[LayerRecord], npt.NDArray[np.bool_]]


def had_work(layer: LayerRecord) -> npt.NDArray[np.bool_]:
    """Neurons with something to update: a current (input or bias) arrived, a state was not at rest, or they fired.

    SANA-FE's reading (`models.cpp`: update energy if v != 0 or an input arrived or bias != 0 or it fired), and the one
    that never flatters the spiking net. A float state decays without ever reaching 0, so most neurons count.
    """
    active = np.asarray(layer.input) != 0
    for name, after in layer.states.items():
        (rest,) = at_rest(layer.name, {name: neurons_of(layer).rest[name]}, after.shape[1:], after.dtype, None)
        before = np.concatenate([rest[None], after[:-1]])
        active = active | (before != rest) | (after != rest)
    return _with_fired(active, layer)


def fired(layer: LayerRecord) -> npt.NDArray[np.bool_]:
    """Neurons that sent a spike: the cheapest reading."""
    return _with_fired(np.zeros(np.shape(layer.input), np.bool_), layer)


def _with_fired(active: npt.NDArray[np.bool_], layer: LayerRecord) -> npt.NDArray[np.bool_]:
    return active | (np.asarray(layer.output) != 0) if neurons_of(layer).runs.spikes else active
