"""Every built-in neuron has a fixed-point twin: its lines against its expressions on plain fixed-point numbers."""

from __future__ import annotations

import math
import operator
from fractions import Fraction

import numpy as np
import pytest
from naive_fixed_point import Arithmetic, Number
from test_hw_twin import interpreted

from hw.neurons import twin
from spikenet import layers
from spikenet.derive.fixed_point import Rounding, Word, Words
from spikenet.layers import Spiking

BINARY = {"add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv}
BINARY |= {"greater": operator.gt, "greater_equal": operator.ge}


def built_in():
    """Every layer of neurons that can be made without arguments, by name."""
    made = {}
    for name in layers.__all__:
        try:
            layer = getattr(layers, name)()
        except (TypeError, ValueError):
            continue
        if isinstance(layer, Spiking):
            made[name] = layer
    return made


MODELS = built_in()


def value_of(e, arithmetic, symbols, known):
    """The expression on plain numbers; operands have their values in `known`."""
    operands = [known[id(a)] for a in e.operands]
    if e.operation == "symbol":
        return symbols[e.value]
    if e.operation == "constant":
        return Number(arithmetic, arithmetic.constant(e.value))
    if e.operation in BINARY:
        return BINARY[e.operation](*operands)
    if e.operation == "where":
        return operands[1] if operands[0] else operands[2]
    if e.operation in ("stop_gradient", "straight_through"):
        return operands[0]
    if e.operation == "negate":
        return -operands[0]
    if e.operation == "absolute":
        return abs(operands[0])
    if e.operation == "floor":
        return Number(arithmetic, Fraction(math.floor(operands[0].value)))
    if e.operation in ("spike", "spike_inclusive"):
        x = operands[0].value
        return Number(arithmetic, Fraction(int(x > 0 or (x == 0 and e.operation == "spike_inclusive"))))
    return arithmetic.table(getattr(math, e.operation), operands[0].value)


@pytest.mark.parametrize("name", [name for name in MODELS if name != "StochasticLIF"])
@pytest.mark.parametrize(("bits", "fraction"), [(32, 16), (18, 7)])
def test_every_built_in_neuron_in_fixed_point(name, bits, fraction, rng):
    layer = MODELS[name]
    work = Word(bits, fraction, Rounding.NEAREST)
    one = twin.twin(layer, Words(work))
    model, arithmetic = one.model, Arithmetic(bits, fraction, "nearest")
    run = interpreted(model, Words(work))
    unit = Fraction(2) ** fraction
    p = {
        n: int(np.clip(np.rint(float(layer.values[n].data) * 2.0**fraction), work.lowest, work.highest))
        for n in model.parameters
    }
    s = {n: int(v) for n, v in zip(model.states, rng.integers(-20, 20, len(model.states)), strict=True)}
    for current in rng.integers(-2 << fraction, 3 << fraction, 15).tolist():
        arithmetic.overflows = 0
        symbols = {f"p_{n}": Number(arithmetic, p[n] / unit) for n in p}
        symbols |= {f"s_{n}": Number(arithmetic, s[n] / unit) for n in s}
        symbols["current"], known = Number(arithmetic, current / unit), {}
        for e in model.order():
            known[id(e)] = value_of(e, arithmetic, symbols, known)
        lost = arithmetic.overflows
        s, output, counts = run(p, s, current)
        assert [s[n] for n in model.states] == [
            arithmetic.within(arithmetic.rounded(known[id(e)].value)) for e in model.after
        ]
        word = one.words.sent(model)
        sending = Arithmetic(word.bits, word.fraction, "down" if word != work else "nearest")
        assert output == sending.within(sending.rounded(known[id(model.output)].value))
        assert counts[0] == lost


def test_a_random_neuron_has_no_twin():
    with pytest.raises(TypeError, match="uniform has no fixed-point form"):
        twin.twin(layers.StochasticLIF(), Words(Word(32, 16)))


def test_there_are_models_to_test():
    assert {"LIF", "CubaLIF", "AdEx", "Izhikevich"} <= MODELS.keys()
