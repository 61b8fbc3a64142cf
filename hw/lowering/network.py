"""A Network as the Sequential of layers that chips are compiled for, where it can be one.

Sources become the input, in the order they were made; constant currents become biases. Populations that form a chain,
each hearing the one before and perhaps itself, become a layer each; any others become one recurrent layer of all
neurons, which then have to be of one model. A spike takes a step from one population to the next on a chip, and at
least one in a Network: what a synapse's delay has beyond it stays a delay. Step t of the input is what the Network's
sources send in step t, and arrives there a step later, so that constant currents have acted a step longer there.
"""

from __future__ import annotations

import copy
import inspect
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.records.breach import Breach, DoesNotFit
from spikenet.derive.refractory import PARAMETER
from spikenet.errors import whole
from spikenet.graph import Tensor
from spikenet.layers import DelayedLinear, DelayedRecurrent, Linear, Recurrent, Sequential, Spiking
from spikenet.network.draw import Distribution
from spikenet.network.inputs import Steps
from spikenet.network.network import Network
from spikenet.network.populations import PARAMETERS, drawn, stream
from spikenet.network.records import Population, Projection
from spikenet.simulate.explicit import explicit

Array = npt.NDArray[Any]


def as_layers(net: Any, seed: int = 0) -> Any:
    """A Network as a Sequential, drawn with this seed; anything else as it is."""
    return sequential_of(net, whole("seed", seed, least=0)) if isinstance(net, Network) else net


def sequential_of(network: Network, seed: int = 0) -> Sequential:
    """The layers that do what the network does, its synapses drawn as a simulation with this seed has them.

    Raises DoesNotFit for what no chip's compiler takes: start values, plasticity, drives that are not constant, several
    models that are no chain, two delays between the same two neurons.
    """
    sources = [p for p in network.populations if p.model is None]
    neurons = [p for p in network.populations if p.model is not None]
    if not sources or not neurons:
        raise _refused("the net", "no source of spikes, or no neurons", "Network.source is what the program's input is")
    for p in neurons:
        if p.start:
            raise _refused(p.name, "start values", "leave them out: neurons start from rest")
    for projection in network.projections:
        if projection.plasticity is not None:
            raise _refused(projection.name, "plasticity", "compile the weights that it has led to")
    made = [_layer(p, network.dt_s, seed) for p in neurons]
    if _is_chain(network, sources, neurons):
        groups = [[k] for k in range(len(neurons))]
    else:
        if any(PARAMETER in layer.values for layer in made):  # those without a refractory period have one of 0 steps
            made = [_layer(p, network.dt_s, seed, waits=True) for p in neurons]
        if any(layer.model != made[0].model for layer in made):
            change = "give all populations one model, or connect them as a chain"
            raise _refused("the net", "several models in one recurrent layer", change)
        groups = [list(range(len(neurons)))]
    layers, before = list[Any](), sources
    for group in groups:
        mine = [neurons[k] for k in group]
        layers.append(_connection(network, before, mine, seed))
        together = _together([made[k] for k in group], [p.n for p in mine])
        own = _weights(network, mine, mine, seed)
        if own is None:
            layers.append(together)
        else:
            layers.append(_loop(together, *own))
        before = mine
    return Sequential(*layers)


def _is_chain(network: Network, sources: list[Population], neurons: list[Population]) -> bool:
    """Whether each population hears only the one made before it, the first one the sources, and perhaps itself."""
    for projection in network.projections:
        k = neurons.index(projection.target)
        before = sources if k == 0 else [neurons[k - 1]]
        if projection.source is not projection.target and projection.source not in before:
            return False
    heard = {p.target.name for p in network.projections if p.source is not p.target}
    return all(p.name in heard for p in neurons)


def _connection(network: Network, before: list[Population], after: list[Population], seed: int) -> Any:
    n_in, n_out = sum(p.n for p in before), sum(p.n for p in after)
    weights, steps = _weights(network, before, after, seed) or (np.zeros((n_in, n_out)), np.ones((n_in, n_out), int))
    delays = _beyond_one(weights, steps)
    layer: Any = DelayedLinear(n_in, n_out, delays=delays, seed=0) if delays.any() else Linear(n_in, n_out, seed=0)
    layer.weight.data, layer.bias.data = weights.astype(np.float32), _currents(network, after)
    return layer


def _loop(neurons: Spiking, weights: Array, steps: Array) -> Recurrent | DelayedRecurrent:
    """Neurons and the synapses among them."""
    n, delays = len(weights), _beyond_one(weights, steps)
    made = DelayedRecurrent(neurons, n, delays=delays, seed=0) if delays.any() else Recurrent(neurons, n, seed=0)
    made.recurrent_weight.data = weights.astype(np.float32)
    return made


def _beyond_one(weights: Array, steps: Array) -> Array:
    """What a delay has beyond the step that every connection takes, 0 where there is no synapse."""
    found: Array = np.where(weights != 0, steps - 1, 0)
    return found


def _weights(
    network: Network, before: list[Population], after: list[Population], seed: int
) -> tuple[Array, Array] | None:
    """(weights, delays in steps) of all synapses from some populations to others; None without any."""
    rows, columns = _offsets(before), _offsets(after)
    projections = [p for p in network.projections if p.source.name in rows and p.target.name in columns]
    if not projections:
        return None
    shape = sum(p.n for p in before), sum(p.n for p in after)
    weights, steps = np.zeros(shape), np.zeros(shape, np.int64)
    for p in projections:
        _add(p, network.dt_s, seed, rows[p.source.name], columns[p.target.name], weights, steps)
    return weights, steps


def _add(p: Projection, dt_s: float, seed: int, row: int, column: int, weights: Array, steps: Array) -> None:
    drawn_ones = explicit(p, dt_s, seed)
    i, j = drawn_ones.source + row, drawn_ones.target + column
    np.add.at(weights, (i, j), drawn_ones.weight * p.factor)
    there = steps[i, j]
    steps[i, j] = drawn_ones.delay_steps
    if np.any((there != 0) & (there != drawn_ones.delay_steps)) or np.any(steps[i, j] != drawn_ones.delay_steps):
        raise _refused(p.name, "two delays between the same two neurons", "give them one: there is one synapse a pair")


def _offsets(populations: list[Population]) -> dict[str, int]:
    ends = np.cumsum([0, *(p.n for p in populations)])
    return {p.name: int(end) for p, end in zip(populations, ends, strict=False)}


def _currents(network: Network, after: list[Population]) -> Array:
    """(n,) constant currents into these populations."""
    found, places = np.zeros(sum(p.n for p in after), np.float32), _offsets(after)
    for driven in network.drives:
        if driven.target.name not in places:
            continue
        given = driven.drive
        if not isinstance(given, Steps) or len(given.starts_s) != 1 or given.starts_s[0] != 0:
            change = "make it a source of spikes, or a constant current"
            raise _refused(driven.target.name, "a drive that is not constant", change)
        low = places[driven.target.name]
        found[low : low + driven.target.n] += driven.weight * given.values[0]
    return found


def _layer(p: Population, dt_s: float, seed: int, *, waits: bool = False) -> Spiking:
    """The layer of neurons that a population is made of, distributions drawn; waits: with a refractory period, if 0."""
    model: Any = p.model
    if isinstance(model, Spiking) and not p.values:
        return model
    values = {
        name: drawn(value, p.n, seed, stream(PARAMETERS, p.index, name)) if isinstance(value, Distribution) else value
        for name, value in p.values.items()
    }
    if callable(model) and not isinstance(model, Spiking):
        known = inspect.signature(model).parameters
        if "dt_s" in known:
            values.setdefault("dt_s", dt_s)
        for name in ("refractory_s", "refractory_steps") if waits else ():
            if name in known:
                values.setdefault(name, 0)
        try:
            made = model(**values)
        except TypeError as reason:
            change = "give the arguments that the model takes, or another model"
            raise _refused(p.name, f"values that make no neurons ({reason})", change) from None
        if isinstance(made, Spiking):
            return made
    raise _refused(p.name, "a model that no chip has", "take sn.IF, sn.LIF or sn.CubaLIF")


def _together(layers: list[Spiking], sizes: list[int]) -> Spiking:
    """One layer of the neurons of several, with the values of each."""
    if len(layers) == 1:
        return layers[0]
    whole = copy.copy(layers[0])
    whole.values = {
        name: Tensor(
            np.concatenate(
                [np.broadcast_to(layer.values[name].data, n) for layer, n in zip(layers, sizes, strict=True)]
            )
        )
        for name in layers[0].values
        if name in layers[0].model.parameters
    } | {name: value for name, value in layers[0].values.items() if name not in layers[0].model.parameters}
    return whole


def _refused(where: str, what: str, change: str) -> DoesNotFit:
    return DoesNotFit([Breach("any chip", what, where, None, None, "", change)])
