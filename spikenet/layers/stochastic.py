"""StochasticLIF as a layer, and what training by the score function needs of a net of them."""

from __future__ import annotations

from typing import Any

from spikenet import graph
from spikenet.errors import positive_values, whole
from spikenet.graph import Tensor
from spikenet.layers.firing import DT_S, firing
from spikenet.layers.layer import Layer, State
from spikenet.layers.resting import Stream
from spikenet.layers.spiking import Spiking
from spikenet.neurons import lif, stochastic_lif
from spikenet.neurons.reset import Reset, detached_subtract

NAME = "log_probability"


def StochasticLIF(
    *,
    tau_mem_s: Any = 20e-3,
    dt_s: float = DT_S,
    threshold: Any = 1.0,
    width: Any = 0.2,
    emit: stochastic_lif.Emit = stochastic_lif.straight_through,
    reset: Reset = detached_subtract,
    reset_value: Any = None,
    refractory_s: Any = None,
    seed: int = 0,
    learn: tuple[str, ...] = (),
) -> Spiking:
    """LIF that fires with probability sigmoid((v - threshold) / width) in a step.

    width: > 0, in units of the membrane
    emit : the gradient, sn.stochastic_lif.straight_through or .by_score (see `log_probability`)
    seed : of the noise of a run from rest, a whole number >= 0: the same run gives the same spikes. While training,
           each run draws new noise from the training's own generator
    tau_mem_s, dt_s, threshold, reset, reset_value, refractory_s: as of `LIF`
    learn: names among "leak", "threshold", "width", "reset_value"
    """
    described = dict(locals())
    seed = whole("StochasticLIF: seed", seed, least=0)
    values = lif.parameters(tau_mem_s, dt_s, threshold, "StochasticLIF")
    values["width"] = positive_values("StochasticLIF: width", width)
    rest = {"stream_high": Stream(seed, 0), "stream_low": Stream(seed, 1)}
    return firing(
        "StochasticLIF",
        stochastic_lif.step,
        described,
        values,
        functions=("emit", "reset"),
        rest=rest,
        holds=("v", NAME),
    )


def log_probability(net: Layer, state: State) -> Tensor:
    """The logarithm of the probability of all spikes that `net` fired by chance, one number a batch row.

    state: as net.run returns it. mean((loss - baseline) * log_probability), with the losses of the batch rows as
    constants, has the gradient of the expected loss (Williams 1992); baseline is any number that does not depend on
    the row's own spikes.

    Raises ValueError for a net without a StochasticLIF.
    """
    found = list(_logarithms(net, state))
    if not found:
        raise ValueError(f"log_probability: expected a net with a StochasticLIF, got {net!r:.60}")
    rows = [graph.sum(part.reshape((len(part), -1)), axis=1) for part in found]
    total = rows[0]
    for row in rows[1:]:
        total = total + row
    return total


def _logarithms(layer: Layer, state: State) -> Any:
    inner = list(getattr(layer, "layers", ()))
    if isinstance(layer, Spiking) or (len(inner) == 1 and isinstance(inner[0], Spiking)):
        names = layer.states if isinstance(layer, Spiking) else inner[0].states
        if NAME in names:
            yield state[names.index(NAME)]
        return
    for one, part in zip(inner, state, strict=False):
        if part is not None:
            yield from _logarithms(one, part)
