"""Which of the chips' neurons a layer is, told by its step function, and its numbers one a neuron.

A user's own step that computes the same is the same neuron; a layer called LIF that computes something else (another
package's semantics, a refractory state) is not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.lowering.kinds import all_layers
from spikenet.derive.refractory import PARAMETER, refractory
from spikenet.derive.trace import Trace, trace
from spikenet.layers import Spiking
from spikenet.neurons import cuba_lif, integrate_and_fire, leaky_integrator, lif, multi_level_lif
from spikenet.neurons.reset import detached, no_reset, subtract, to_value, to_zero

Array = npt.NDArray[Any]
Shape = tuple[int, ...]


class Reset(Enum):
    """What a spike does to the membrane; the value is how the reset is written."""

    ZERO = "to_zero"
    SUBTRACT = "subtract"
    VALUE = "to_value"
    NONE = "no_reset"
    NEVER = "nothing: it never fires"


@dataclass(frozen=True)
class Model:
    """kind: "IF", "LIF", "CubaLIF" or "LI" (which never fires, so that its voltage is read).

    levels: spikes a step at most;  waits: whether they stand still for some steps after a spike
    """

    kind: str
    reset: Reset
    levels: int = 1
    waits: bool = False

    @property
    def reads_v(self) -> bool:
        return self.reset is Reset.NEVER


@dataclass(frozen=True, eq=False)
class Numbers:
    """A population's numbers, each (n,) float64.

    leak, syn_leak: kept of the membrane and of the synaptic current each step: 1 for no leak, 0 for no synapse
    threshold     : inf where it never fires;  reset_value: where a reset to a value goes
    refractory    : whole steps that it stands still after a spike
    """

    model: Model
    leak: Array
    syn_leak: Array
    threshold: Array
    reset_value: Array
    refractory: Array

    def gathered(self, steps: int) -> Array:
        """(n,) a constant current in the mean over the steps, as it comes through the synapse, over what it comes to in
        the end: of a bias, which some chips give to the membrane at once."""
        share: Array = 1 - self.syn_leak * (1 - self.syn_leak**steps) / (steps * (1 - self.syn_leak))
        return share


@cache
def _models() -> dict[Trace, Model]:
    """The steps that the chips' neurons compute, and which they are."""
    known = {_nameless(trace(leaky_integrator.step)): Model("LI", Reset.NEVER)}
    resets = ((to_zero, Reset.ZERO), (subtract, Reset.SUBTRACT), (to_value, Reset.VALUE), (no_reset, Reset.NONE))
    for kind, step in (("IF", integrate_and_fire.step), ("LIF", lif.step), ("CubaLIF", cuba_lif.step)):
        for reset, name in resets:
            for written in (reset, detached(reset)):
                plain = trace(step, {"reset": written})
                known[_nameless(plain)] = Model(kind, name)
                known[_nameless(refractory(plain, ("v",)))] = Model(kind, name, waits=True)
    return known


@cache
def _of_levels(levels: int) -> dict[Trace, Model]:
    """The steps of neurons that send up to so many spikes at once, which go down by a threshold for each."""
    known = dict[Trace, Model]()
    for kind, step in (("LIF", multi_level_lif.step), ("CubaLIF", multi_level_lif.cuba_step)):
        for count in (multi_level_lif.Levels(levels), multi_level_lif.StraightLevels(levels)):
            for reset in (subtract, detached(subtract)):
                step_of_it = trace(step, {"count": count, "reset": reset})
                known[_nameless(step_of_it)] = Model(kind, Reset.SUBTRACT, levels)
    return known


def model_of(layer: Any) -> Model | None:
    """Which neuron a layer is; None when it is none that the chips' arithmetic has."""
    if not isinstance(layer, Spiking):
        return None
    levels = layer.config().get("levels", 1)
    known = _models() if levels == 1 else _of_levels(levels)
    return known.get(_nameless(layer.model))


def _nameless(step: Trace) -> Trace:
    return replace(step, name="")


def numbers_of(layer: Any, shape: Shape) -> Numbers:
    """The numbers of a layer of this shape; of neurons that are none of ours, those that go by our names."""
    model = model_of(layer) or Model(layer.kind, Reset.NONE if layer.runs.spikes else Reset.NEVER)
    n = int(np.prod(shape))

    def each(name: str, otherwise: float) -> Array:
        given = np.asarray(layer.values[name].data, np.float64) if name in layer.values else np.float64(otherwise)
        return np.ascontiguousarray(np.broadcast_to(given, shape)).reshape(n)

    threshold = each("threshold", np.inf)
    return Numbers(
        model, each("leak", 1.0), each("syn_leak", 0.0), threshold, each("reset_value", 0.0), each(PARAMETER, 0.0)
    )


def step_of(net: Any) -> float | None:
    """Seconds that a step of a net's neurons stands for, their dt_s; None where they say none, or not the same."""
    own = [layer.config().get("dt_s") for layer in all_layers(net) if isinstance(layer, Spiking)]
    found = {float(step) for step in own if step is not None}
    return found.pop() if len(found) == 1 else None
