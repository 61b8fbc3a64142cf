"""The semantics of other packages by name: as read from their sources, differentiated right, kept by checkpoints."""

from __future__ import annotations

import json
import math
from pathlib import Path

import naive
import naive_semantics
import numpy as np
import pytest
import trace_on_graph
from gradients import all_gradients, assert_close
from neuron_cases import rows

from spikenet.graph import Tensor
from spikenet.layers import LIF, CubaLIF, Sequential, build, cast, record
from spikenet.neurons import reset, semantics, surrogate
from spikenet.neurons.semantics_record import Semantics

pytestmark = pytest.mark.usefixtures("interpreted")
NAMES = [s.name for s in semantics.ALL]
CUBA = pytest.mark.parametrize("cuba", [False, True], ids=["LIF", "CubaLIF"])
EVERY = pytest.mark.parametrize("name", NAMES)
N = 3
TRACES = Path(__file__).resolve().parents[2] / "shared" / "data" / "nir"


def made(name, cuba, **more):
    more |= {"tau_syn_s": 3e-3} if cuba else {}
    return (CubaLIF if cuba else LIF)(tau_mem_s=4e-3, semantics=getattr(semantics, name), **more)


def current(rng, steps=40, batch=2):
    return rng.normal(0.8, 1.6, (steps, batch, N))


@EVERY
@CUBA
def test_step_is_that_of_the_package(name, cuba, rng):
    layer, x = made(name, cuba), current(rng)
    if name == "lava_dl":
        x = np.round(x * 4096) / 4096
    start = tuple(np.zeros((2, N)) for _ in layer.states)
    wanted, states = naive.run(naive_semantics.step(name, cuba), rows(layer, N, np.float64), x, start)
    out, after = layer.run(x, start)
    np.testing.assert_array_equal(out.data, wanted)
    assert 0.01 < (wanted != 0).mean() < 0.95
    for ours, theirs in zip(after, states, strict=True):
        np.testing.assert_allclose(ours.data, theirs[-1], rtol=1e-14, atol=1e-14)


@EVERY
@CUBA
def test_gradient_is_that_of_the_graph_step_by_step(name, cuba, rng):
    learn = ("leak", "threshold", "syn_leak") if cuba else ("leak", "threshold")
    layer = cast(made(name, cuba, learn=learn), np.float64)
    x, start = current(rng, 9), tuple(rng.normal(0, 0.3, (2, N)) for _ in layer.states)
    ours, slopes = all_gradients(layer, layer.run, x, start)
    theirs, wanted = all_gradients(layer, lambda x, s: trace_on_graph.run(layer, x, s, layer.values), x, start)
    assert_close(ours, theirs, 1e-10)
    assert_close(slopes, wanted, 1e-9)
    assert np.abs(wanted[0]).max() > 0


@EVERY
def test_checkpoints_carry_the_name(name):
    layer = made(name, True, learn=("leak",), refractory_s=2e-3)
    again = build(layer.kind, json.loads(json.dumps(layer.config(), allow_nan=False)))
    assert again.model == layer.model
    assert again.config()["semantics"] == {"semantics": name}
    assert name in repr(layer.model.name)


def test_every_name_is_one():
    assert list(naive_semantics.LIF) == NAMES
    assert all(getattr(semantics, name).name == name for name in NAMES)


def test_retentions():
    assert made("norse_lif", True).values["leak"].data == 0.75
    assert made("nir_exact", False).values["leak"].data == pytest.approx(math.exp(-0.25), rel=1e-15)
    assert made("lava_dl", False).values["leak"].data * 4096 == round(4096 * math.exp(-0.25))


def test_lava_dl_is_differentiated_as_a_leak_that_is_never_reset(rng):
    """Its backward pass knows no reset: the gradient from the last membrane to every input is a power of the leak."""

    layer, x = made("lava_dl", False), Tensor(current(rng, 12), requires_grad=True)
    out, (v,) = layer.run(x)
    assert out.data.any()
    v.backward(np.ones(v.shape))
    leak = float(layer.values["leak"].data)
    np.testing.assert_allclose(x.grad, (leak ** np.arange(11, -1, -1))[:, None, None] * np.ones(x.shape), rtol=1e-12)


@pytest.mark.skipif(not TRACES.is_dir(), reason="the reference traces are not at ../shared/data/nir")
def test_nir_traces():
    """The LIF of the NIR paper at dt 1e-4 s: Norse's by Euler's method, and the exact one, until and between spikes."""
    for name, reference, error in (("nir_euler", "norse", 1e-7), ("nir_exact", "exact", 1e-6)):
        x, v, fired = np.loadtxt(TRACES / f"lif_{reference}.csv", delimiter=",").T
        layer = LIF(tau_mem_s=2.5e-3, dt_s=1e-4, threshold=0.1, semantics=getattr(semantics, name))
        (kept,) = record(Sequential(layer), x[:, None, None])
        np.testing.assert_array_equal(kept.output.ravel(), fired)
        assert np.flatnonzero(fired).tolist() == [460, 510, 710, 760]
        before = slice(460) if reference == "exact" else slice(None)  # the exact one is reset within a step
        np.testing.assert_allclose(kept.states["v"].ravel()[before], v[before], atol=error)


def test_a_layer_of_ones_own_semantics_runs_and_is_not_built_again():
    mine = Semantics(
        "mine", semantics.exact, semantics.plain, semantics.strictly, reset.subtract, semantics.charge_fire_reset,
        semantics.kept_then_used, "me", semantics.leaky,
    )  # fmt: skip
    layer = LIF(semantics=mine)
    x = np.full((8, 1, 1), 0.6)
    np.testing.assert_array_equal(layer(x).data, LIF()(x).data)
    with pytest.raises(ValueError, match="own semantics"):
        build("LIF", layer.config())


def test_a_layer_shows_its_semantics_and_what_it_learns():
    layer = LIF(semantics=semantics.norse_lifbox, learn=("leak", "threshold"))
    shown = "tau_mem_s=0.02, dt_s=0.001, threshold=1, semantics=norse_lifbox, learn=('leak', 'threshold')"
    assert repr(layer) == f"LIF({shown})"


def test_a_name_that_is_none_is_told_the_near_ones():
    with pytest.raises(AttributeError, match=r"sn\.semantics: no 'norse_lifbx'; did you mean norse_lifbox"):
        semantics.norse_lifbx  # noqa: B018
    with pytest.raises(AttributeError, match=r"sn\.surrogate: no 'superspike'; did you mean super_spike"):
        surrogate.superspike  # noqa: B018
    with pytest.raises(AttributeError, match=f"there are {', '.join(sorted(NAMES))}"):
        semantics.qqq  # noqa: B018
    assert not hasattr(semantics, "__wrapped__")


def test_what_is_refused():
    with pytest.raises(
        TypeError, match=r"LIF: semantics: expected one of sn.semantics, such as norse_lifbox, got 'norse'"
    ):
        LIF(semantics="norse")
    with pytest.raises(TypeError, match=r"reset: semantics sinabs have their own"):
        LIF(semantics=semantics.sinabs, reset=reset.to_zero)
    with pytest.raises(ValueError, match=r"dt_s: expected at most tau_mem_s = 0.0005 s, got 0.001; take shorter steps"):
        LIF(semantics=semantics.norse_lifbox, tau_mem_s=5e-4)
    with pytest.raises(TypeError, match="unknown parameters"):
        LIF(semantics=semantics.snntorch_subtract, reset_value=0.3)
