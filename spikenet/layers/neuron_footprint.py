"""The memory of neurons: what the way back needs of the way there, counted from sizes."""

from __future__ import annotations

import math
from typing import Any

from spikenet.derive.adjoint import adjoint
from spikenet.kernels import pass_bytes, recurrent_pass
from spikenet.kernels.time_loop import slope_is_all
from spikenet.layers.delayed_recurrent import DelayedRecurrent
from spikenet.layers.layer import Layer
from spikenet.layers.recurrent import Recurrent
from spikenet.layers.spiking import Spiking


def fires(layer: Layer) -> bool:
    """Whether these are neurons that send spikes."""
    neurons = layer.layers[0] if isinstance(layer, Recurrent) else layer
    return isinstance(neurons, Spiking) and bool(neurons.states) and neurons.model.spikes


def spends(layer: Layer, steps: int, batch: int, n: int, itemsize: int) -> bool:
    """Whether the way back through neurons does without the currents that reached them."""
    if isinstance(layer, Recurrent):
        neurons = layer.layers[0]
        rules = adjoint(neurons.runs, neurons.surrogate, neurons.learn)
        return recurrent_pass.is_taped(len(recurrent_pass.factors(rules)), steps, batch, n, itemsize)
    return isinstance(layer, Spiking) and pass_bytes.lists_events(fires(layer), n) and _needs_slopes_alone(layer)


def of_neurons(layer: Spiking | Recurrent, steps: int, batch: int, n: int, itemsize: int) -> dict[str, Any]:
    """Of `footprint.LayerMemory` what neurons keep and make, for n of them."""
    neurons = layer.layers[0] if isinstance(layer, Recurrent) else layer
    numbers = (len(neurons.states), steps, batch, n, itemsize, _is_compact(neurons))
    if isinstance(layer, Recurrent):  # the weight's gradient takes currents of every step, and spikes written out
        full, rules = steps * batch * n * itemsize, adjoint(neurons.runs, neurons.surrogate, neurons.learn)
        kept = pass_bytes.recurrent_kept_bytes(*numbers, fires(layer) and _needs_slopes_alone(neurons), rules)
        return {"kept": kept, "gradient": full, "backward_scratch": full}
    slopes = spends(neurons, steps, batch, n, itemsize)
    return {"kept": pass_bytes.kept_bytes(*numbers, slopes) if neurons.states else 0}


def of_late_loops(layer: DelayedRecurrent, steps: int, batch: int, n: int, itemsize: int) -> dict[str, Any]:
    """The same of neurons with delays in their loop: stretch by stretch, each with the sums on their way.

    On the way back each stretch has gradients of the weights, before and after the diagonal is taken out.
    """
    shortest, longest = 1 + int(layer.delays.min()), 1 + int(layer.delays.max())
    stretches, row = math.ceil(steps / shortest), batch * n * itemsize
    on_their_way = (longest + shortest) * row
    return {
        "kept": stretches * on_their_way + 2 * steps * row,
        "gradient": steps * row,
        "forward_scratch": 2 * (steps * row + on_their_way),
        "backward_scratch": 2 * (steps * row + stretches * n * n * itemsize) + stretches * on_their_way // 3,
    }


def _is_compact(neurons: Spiking) -> bool:
    return neurons.model.distance is not None and math.isfinite(neurons.surrogate.support)


def _needs_slopes_alone(neurons: Spiking) -> bool:
    rules = adjoint(neurons.runs, neurons.surrogate, neurons.learn)
    return _is_compact(neurons) and slope_is_all(rules, neurons.runs, neurons.surrogate)
