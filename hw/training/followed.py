"""Weights that follow few values: training begins from what the chip holds and keeps to it in both directions.

Where a neuron has four weights for all its synapses, a net as it was trained is far from what the chip runs. Training
then begins from the weights that compiling has fitted, of which the hidden real ones become what moves: in the forward
pass each is rounded to its neuron's value of that type or to none, and the float layers of the backward pass have
those, too, their gradient going straight through to the hidden ones (Courbariaux et al. 2015; on this chip Esser et al.
2016, PNAS 113(41):11441).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hw.compilers.driver import Recipe
from hw.compilers.part import Held, Part
from hw.lowering.kinds import Loop, flat_layers
from spikenet.errors import Array
from spikenet.layers import DelayedLinear, Linear


@dataclass(frozen=True)
class Followed:
    """Weights of a layer that follow what the chip holds of them.

    at   : of the layer among the flat ones;  name: of the parameter
    part : number of the part they belong to;  first: where they begin among its weights
    """

    at: int
    name: str
    part: int
    first: int

    def held(self, layer: Any, every: Sequence[Held]) -> Array:
        """What the chip holds, in the shape of the layer's weights."""
        shape = getattr(layer, self.name).shape
        values = every[self.part].weights[self.first : self.first + int(np.prod(shape))]
        return values.reshape(shape)


def follow(net: Any, made: Recipe) -> tuple[Recipe, tuple[Followed, ...]]:
    """(the recipe as training goes on with it, the weights that follow), of a chip with few values to a neuron.

    Those of dense layers do; others, such as a convolution's or one into which a norm is folded, are put into the
    joints that were fitted, as before. The net's weights become those that the chip holds.
    """
    if made.compiler.follow is None:
        return made, ()
    choices, found = list(made.choices), list[Followed]()
    for k, part in enumerate(made.parts(net)):
        own = tuple(_weights(net, part, k))
        if own:
            choices[k] = made.compiler.follow(choices[k])
            found += own
    settle(net, made, tuple(found))
    return replace(made, choices=tuple(choices)), tuple(found)


def settle(net: Any, made: Recipe, followed: tuple[Followed, ...]) -> None:
    """Gives the net the weights that the chip holds."""
    if not followed:
        return
    (_, held), layers = made.program(net), flat_layers(net)
    for one in followed:
        getattr(layers[one.at], one.name).data[...] = one.held(layers[one.at], held)


def _weights(net: Any, part: Part, k: int) -> Iterator[Followed]:
    """All weights of a part, if each is one of a layer's; else none."""
    stage, layers = part.stage, flat_layers(net)
    fronts = (
        at
        for at, layer in enumerate(layers)
        if isinstance(layer, Linear | DelayedLinear) and layer.weight.data is stage.weight and not stage.pools
    )
    front, loop = next(fronts, None), layers[part.at]
    looped = isinstance(loop, Loop) and loop.recurrent_weight.data is stage.recurrent
    if front is None or (part.recurrent is not None and not looped):
        return
    yield Followed(front, "weight", k, 0)
    if looped:
        yield Followed(part.at, "recurrent_weight", k, stage.weight.size)
