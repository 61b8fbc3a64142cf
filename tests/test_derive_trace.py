"""Reading a step: what is kept of it, what it counts as, and what is said of one that cannot be read."""

from __future__ import annotations

import copy
import functools
import math
import pickle

import numpy as np
import pytest
from neuron_cases import ALL, named

from spikenet.derive.expression import constant, symbol
from spikenet.derive.trace import smoothed, trace
from spikenet.graph import Tensor
from spikenet.layers import LIF, Linear, Sequential, Spiking
from spikenet.neurons import lif, reset, surrogate
from spikenet.neurons.primitives import exp, maximum, minimum, spike, stop_gradient, where


def simple(p, v, x):
    v = p.leak * v + x
    return v, v


# Multiplications, additions (subtractions too), comparisons and others of one neuron in one step, by hand:
COUNTS = {
    # v + x; v - threshold; v > 0; threshold * fired, subtracted
    "IF-subtract": {"multiply": 1, "add": 3, "compare": 1},
    # leak * v more than IF
    "LIF-subtract": {"multiply": 2, "add": 3, "compare": 1},
    # leak * v + x; v - threshold, compared; v * (1 - fired)
    "LIF-to_zero": {"multiply": 2, "add": 3, "compare": 1},
    # that, and + reset_value * fired
    "LIF-to_value": {"multiply": 3, "add": 4, "compare": 1},
    # leak * v + x; v - threshold, compared
    "LIF-no_reset": {"multiply": 1, "add": 2, "compare": 1},
    # syn_leak * i + x more than LIF, whose input is i
    "CubaLIF-subtract": {"multiply": 3, "add": 4, "compare": 1},
    "LI": {"multiply": 1, "add": 1},
    # leak * r + (1 - leak) * tanh(x)
    "LeakyRate": {"multiply": 2, "add": 2, "tanh": 1},
    # x > 1 (once, used twice), x - 1, 1 / above, log1p, amplitude / (refractory + tau * rise)
    "LIFRate-exact": {"multiply": 1, "add": 2, "compare": 1, "divide": 2, "log": 1},
}


@pytest.mark.parametrize("case", named(*COUNTS), ids=str)
def test_operations_are_counted(case):
    assert case.make().model.operations == COUNTS[case.name]


@pytest.mark.parametrize("case", [c for c in ALL if c.name.endswith("-detached")], ids=str)
def test_stopping_a_gradient_costs_nothing(case):
    attached = named(case.name.removesuffix("-detached"))[0]
    assert case.make().model.operations == attached.make().model.operations


def test_shared_work_is_counted_once():
    def step(p, v, x):
        return v, exp(v * x) + exp(v * x)

    assert trace(step).operations == {"multiply": 1, "exp": 1, "add": 1}


def test_what_is_kept_of_a_step():
    model = trace(lif.step)
    assert (model.name, model.parameters, model.states) == ("step", ("leak", "threshold"), ("v",))
    assert model.spikes
    assert repr(model.output) == "spike(subtract(add(multiply(p_leak, s_v), current), p_threshold))"
    assert not trace(simple).spikes
    assert trace(simple).after == (trace(simple).output,)


def test_equal_steps_are_one_and_others_are_not():
    """The same text read twice compiles once: equal models hash alike."""
    again = {trace(lif.step), trace(lif.step, {"reset": reset.detached(reset.subtract)})}
    assert len(again) == 1
    different = {trace(lif.step), trace(lif.step, {"reset": reset.subtract}), trace(simple)}
    assert len(different) == 3
    assert trace(lif.step) != "LIF"


def test_a_copied_layer_learns_as_the_original_does(interpreted):
    """Expressions are compared by identity, which a copy must keep: otherwise its gradients are silently 0."""
    net = Sequential(Linear(3, 4, seed=0), LIF(tau_mem_s=5e-3, learn=("leak",)))
    twin = copy.deepcopy(net)
    x = np.random.default_rng(0).normal(1, 1, (6, 2, 3)).astype(np.float32)
    for one in (net, twin):
        one(x).sum().backward()
    assert np.abs(net.layers[1].values["leak"].grad) > 0
    for name, parameter in net.parameters().items():
        assert parameter is not twin.parameters()[name]
        np.testing.assert_array_equal(parameter.grad, twin.parameters()[name].grad)


def test_a_model_survives_pickling():
    model = trace(lif.step)
    again = pickle.loads(pickle.dumps(model))
    assert again == model
    assert again.output is model.output


def test_smooth_twin_has_no_spike_left():
    def twice(p, v, x):
        first = spike(v - 1.0)
        return v + x, spike(first - p.a * v)  # a spike whose distance depends on a spike

    model = smoothed(trace(twice), surrogate.sigmoid)
    assert not any(e.operation == "spike" for e in model.order())
    assert model.parameters == ("a", "surrogate_slope")


def test_numbers_become_constants():
    for value in (2, 2.0, True, np.float32(0.5), np.int64(3), math.inf, -0.0):
        model = trace(_adding(value))
        (number,) = [e.value for e in model.order() if e.operation == "constant"]
        assert number == float(value)
        assert math.copysign(1, number) == math.copysign(1, value)
    assert constant(0.0) is not constant(-0.0)
    assert constant(1) is constant(1.0)


def _adding(value):
    def step(p, x):
        return x + value

    return step


def test_constants_that_are_no_ordinary_numbers(interpreted):
    def step(p, x):
        return minimum(maximum(x, -math.inf), math.inf)

    assert Spiking(step)(np.array([[1.5]])).data.item() == 1.5

    def signed(p, x):
        return 1.0 / (x * 0.0 + -0.0)

    with np.errstate(divide="ignore"):
        assert Spiking(signed)(np.array([[-1.0]])).data.item() == -math.inf


def test_comparisons_are_numbers_where_numbers_are_asked_for(interpreted):
    def step(p, v, x):
        above = v > p.threshold
        return v + x, 2.0 * above + (x >= 1.0) - where(v, 1.0, 0.0) + (x <= 0.0) + (v < 0.0)

    x, v = np.array([-1.0, 0.0, 1.0, 2.0]), np.array([[3.0, 0.0, -1.0, 0.5]])
    out = Spiking(step, threshold=0.4).run(x[None, None], (v,))[0].data.ravel()
    wanted = 2.0 * (v > 0.4) + (x >= 1) - (v != 0) + (x <= 0) + (v < 0)
    np.testing.assert_array_equal(out, wanted.ravel())


def test_a_comparison_as_output_or_state_is_0_or_1(interpreted):
    def step(p, was_above, x):
        return x > 0.5, was_above

    x = Tensor(np.array([1.0, 0.0, 2.0])[:, None, None], requires_grad=True)
    y, (last,) = Spiking(step).run(x)
    assert y.data.ravel().tolist() == [0, 1, 0]
    assert last.data.item() == 1
    y.sum().backward()
    assert not x.grad.any()


def test_steps_of_other_kinds():
    """A method, a partial function, a callable object, keyword arguments with a default."""

    class Neuron:
        def step(self, p, v, x):
            return simple(p, v, x)

        def __call__(self, p, v, x, *, f=exp):
            return v, f(x)

    assert trace(Neuron().step).states == ("v",)
    assert trace(Neuron()).name == "Neuron"
    assert trace(functools.partial(lif.step, reset=reset.no_reset)) != trace(lif.step)


def if_(p, v, x):
    return (v if v > 1 else x), v


def and_(p, v, x):
    return where((v > 1) and (x > 1), v, x), v


def equal(p, v, x):
    return where(v == 1, v, x), v


def unequal(p, v, x):
    return where(v != 1, v, x), v


def math_exp(p, v, x):
    return v, math.exp(v)


def numpy_exp(p, v, x):
    return v, np.exp(v)


def numpy_where(p, v, x):
    return v, np.where(v > 0, v, x)


def builtin_max(p, v, x):
    return v, max(v, x)


def root(p, v, x):
    return v, v**0.5


def power_of_two(p, v, x):
    return v, 2.0**v


def remainder(p, v, x):
    return v, v % 1.0


def array_inside(p, v, x):
    return v, np.ones(3) * x


def text_inside(p, v, x):
    return v, x + "1"


def one_value(p, v, x):
    return v


def three_values(p, v, x):
    return v, v, v


def a_list(p, v, x):
    return [v, v]


def nothing(p, v, x):
    v = v + x


def nothing_stateless(p, x):
    x = x + 1.0


def subscript(p, v, x):
    return v, p["leak"] * x


def star(p, *states):
    return states


def double_star(p, v, x, **more):
    return v, x


def parameters_only(p):
    return p.a


def missing_function(p, v, x, *, reset):
    return v, x


UNREADABLE = {
    if_: "a symbolic value has no truth; write where",
    and_: "a symbolic value has no truth; write where",
    builtin_max: "a symbolic value has no truth; write where",
    numpy_where: "a symbolic value has no truth; write where",
    equal: "== and != on floats are chance; compare with > or >=",
    unequal: "== and != on floats are chance; compare with > or >=",
    math_exp: "use the functions of spikenet.neurons.primitives, not math or numpy",
    numpy_exp: "does not support ufuncs",
    root: "a power needs a whole exponent from 1 to 8, got 0.5",
    power_of_two: "unsupported operand",
    remainder: "unsupported operand",
    array_inside: r"got array\(\[1., 1., 1.\]\) of type ndarray; an array belongs into a parameter",
    text_inside: "expected a symbolic value or a number, got '1' of type str",
    one_value: r"one_value: expected to return \(v after, output\), got 1 values",
    three_values: r"three_values: expected to return \(v after, output\), got 3 values",
    a_list: r"a_list: expected to return \(v after, output\), got 1 values",
    nothing: r"nothing: expected to return \(v after, output\), got 1 values",
    nothing_stateless: "got None of type NoneType",
    subscript: "not subscriptable",
    star: r"star: a step names its states; \*args and \*\*kwargs cannot be read",
    double_star: r"double_star: a step names its states; \*args and \*\*kwargs cannot be read",
    parameters_only: r"expected step\(p, \*states, current\), got arguments \['p'\]",
    missing_function: "reset",
    dict: "expected a function step",
    3: "expected a function step",
    "lif": "expected a function step",
    None: "expected a function step",
}


@pytest.mark.parametrize("step", UNREADABLE, ids=lambda s: getattr(s, "__name__", repr(s)))
def test_a_step_that_cannot_be_read(step):
    for reader in (trace, Spiking):
        with pytest.raises(TypeError, match=UNREADABLE[step]) as caught:
            reader(step)
        named_in_note = any("primitives" in note for note in getattr(caught.value, "__notes__", ()))
        assert named_in_note or "expected" in str(caught.value) or "a step names" in str(caught.value)


def test_a_parameter_with_an_underscore():
    with pytest.raises(AttributeError, match="a parameter's name begins with a letter, got '_leak'"):
        trace(lambda p, v, x: (p._leak * v, x))


def test_unknown_function():
    with pytest.raises(TypeError, match=r"step: takes no function named \['rest'\]; it takes \['reset'\]"):
        trace(lif.step, {"rest": reset.subtract})


def test_symbols_describe_themselves():
    v = symbol("s_v")
    assert repr(2.0 * v + 1.0) == "add(multiply(2.0, s_v), 1.0)"
    assert +v is v
    assert (v**3) is (v * v * v)
    assert stop_gradient(3.0) == 3.0
