"""What holds for all neuron models, found among the public names themselves so that none can be left out.

A model is every public layer that keeps states and is made without arguments.
"""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest

from spikenet import layers
from spikenet.diagnosis import check_gradient
from spikenet.layers import Layer, LIFRate, Linear, Sequential

NO_NUMBERS = {
    *("reset", "method", "surrogate", "learn", "seen", "activation", "payload", "count", "emit", "semantics"),
    *("levels", "seed", "kind"),
}
NOT_ASKED = {
    "StochasticLIF",  # draws: `check_gradient` refuses it; test_neuron_models.py has its adjoint
    "ParallelLIF",  # compiles a scan of its own: test_parallel_neurons.py
}


def made_without_arguments(name):
    try:
        layer = getattr(layers, name)()
    except (TypeError, ValueError):
        return None
    return layer if isinstance(layer, Layer) and getattr(layer, "states", ()) else None


MODELS = {name: getattr(layers, name) for name in layers.__all__ if made_without_arguments(name)}
ASKED = [
    (make, name)
    for make in (*MODELS.values(), LIFRate)
    for name in inspect.signature(make).parameters
    if name not in NO_NUMBERS
]


def test_the_models_the_field_uses_are_among_them():
    assert len(MODELS) > 30
    assert {"LIF", "AdEx", "Izhikevich", "ResonateAndFire", "SigmaDelta", "WilsonCowan", "ParallelLIF"} <= set(MODELS)


@pytest.mark.parametrize("name", [name for name in MODELS if name not in NOT_ASKED])
def test_gradients_are_those_of_differences(name, rng, interpreted):
    """Of weights before it, input and its own parameters, to 1e-6; the input makes most of them fire."""
    high = {"AdEx": 60.0, "ExponentialIF": 60.0, "Izhikevich": 200.0}.get(name, 3.0)
    net = Sequential(Linear(4, 3, seed=1), MODELS[name]())
    found = check_gradient(net, high * rng.random((6, 2, 4)), entries=6)
    assert found.error <= 1e-6
    assert [one.name for one in found.parameters][:3] == ["input", "0.weight", "0.bias"]


@pytest.mark.parametrize(("make", "name"), ASKED, ids=lambda v: getattr(v, "__name__", v))
def test_numbers_are_finite_real_and_no_flags(make, name):
    """Each refusal names the model, or what it is made of, and the argument."""
    for bad in (math.nan, -math.inf, "fast", [], True, 1j, [1.0, math.nan]):
        with pytest.raises((ValueError, TypeError), match=rf"\w+: .*{name.removesuffix('_s').removeprefix('v_')}"):
            make(**{name: bad})


@pytest.mark.parametrize(
    "name",
    [n for n, make in MODELS.items() if "refractory_s" in inspect.signature(make).parameters and "Rate" not in n],
)
def test_after_a_spike_all_are_silent_for_the_period(name, rng, interpreted):
    """Driven so that they would fire again at once; 3 ms, the step being 1 ms where it can be."""
    high = {"AdEx": 400.0, "ExponentialIF": 400.0, "Izhikevich": 400.0, "ConductanceLIF": 20.0}.get(name, 5.0)
    layer = MODELS[name](refractory_s=3e-3)
    fired = layer(np.full((40, 1, 1), high)).data.ravel() != 0
    gaps = np.diff(np.flatnonzero(fired))
    assert len(gaps), "it never fired twice"
    assert gaps.min() > round(3e-3 / layer.config()["dt_s"])
