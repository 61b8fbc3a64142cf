"""Sequential and Residual: composition, names, states, gradients, messages."""

from __future__ import annotations

import numpy as np
import pytest

from spikenet.graph import Tensor, check_gradient
from spikenet.layers import (
    LI,
    LIF,
    CubaLIF,
    Dropout,
    Flatten,
    Layer,
    Linear,
    ReLU,
    Residual,
    Sequential,
    Softmax,
    Spiking,
    Tanh,
    Training,
    cast,
)
from spikenet.neurons import lif, reset, surrogate

pytestmark = pytest.mark.usefixtures("interpreted")


def spiking_net():
    return Sequential(
        Linear(3, 5, seed=0),
        CubaLIF(tau_mem_s=5e-3),
        Residual(Linear(5, 5, seed=1), LIF(learn=("leak",))),
        Sequential(ReLU(), Linear(5, 2, seed=2)),
        LI(),
    )


def test_is_the_composition(rng):
    first, second, x = Linear(3, 4, seed=0), Linear(4, 2, seed=1), rng.normal(size=(5, 3)).astype(np.float32)
    np.testing.assert_array_equal(Sequential(first, ReLU(), second)(x).data, second(ReLU()(first(x))).data)


def test_residual_adds_its_input(rng):
    layer, x = Linear(3, 3, seed=0), rng.normal(size=(5, 3)).astype(np.float32)
    np.testing.assert_array_equal(Residual(layer, ReLU())(x).data, x + ReLU()(layer(x)).data)


def test_residual_of_held_input(rng):
    x = np.broadcast_to(rng.normal(size=(2, 3)).astype(np.float32), (4, 2, 3))
    for inner in (Linear(3, 3, seed=0), LIF()):
        np.testing.assert_array_equal(Residual(inner)(x).data, Residual(inner)(x.copy()).data)


def test_parameters_are_named_by_position():
    assert list(spiking_net().parameters()) == [
        *("0.weight", "0.bias", "2.0.weight", "2.0.bias", "2.1.leak", "3.1.weight", "3.1.bias"),
    ]


def test_time_can_be_split_through_a_whole_net(rng):
    """The state of a net is the states of its layers; handing it on equals never having stopped."""
    net, x = spiking_net(), rng.normal(0.5, 1, (20, 2, 3)).astype(np.float32)
    whole, end = net.run(x)
    head, state = net.run(x[:7])
    tail, last = net.run(x[7:], state)
    np.testing.assert_array_equal(whole.data, np.concatenate([head.data, tail.data]))
    assert [len(part) for part in state] == [0, 2, 2, 2, 1]
    assert [len(part) for part in state[2]] == [0, 1]
    np.testing.assert_array_equal(end[4][0].data, last[4][0].data)
    np.testing.assert_array_equal(end[2][1][0].data, last[2][1][0].data)


def test_calling_starts_from_rest(rng):
    net, x = spiking_net(), rng.normal(0.5, 1, (6, 2, 3)).astype(np.float32)
    first = net(x).data
    np.testing.assert_array_equal(net(x).data, first)
    np.testing.assert_array_equal(net.run(x, ())[0].data, first)
    np.testing.assert_array_equal(net.run(x, ((), (), (), (), ()))[0].data, first)


def test_a_batch_of_another_size_needs_a_new_state(rng):
    net = spiking_net()
    _, state = net.run(rng.normal(size=(4, 2, 3)))
    with pytest.raises(
        ValueError, match=r"expected state 'i' of shape \(3, 5\) .* got \(2, 5\); a state belongs to one"
    ):
        net.run(rng.normal(size=(4, 3, 3)), state)


@pytest.mark.parametrize(
    ("state", "error", "message"),
    [
        (((),), ValueError, r"Sequential: expected a state of 2 parts \(Linear, LIF\), got 1 parts"),
        (((), (), ()), ValueError, r"Sequential: expected a state of 2 parts"),
        (3, TypeError, r"Sequential: expected a state as run\(\) returns it, a tuple, got int"),
        (np.zeros((2, 3)), TypeError, r"Sequential: expected a state as run\(\) returns it, a tuple, got ndarray"),
        (((1,), ()), ValueError, r"Linear: expected no state"),
        (((), (1, 2)), ValueError, r"LIF: expected a state of 1 parts \(v\), got 2 parts"),
        (((), np.zeros((2, 4))), TypeError, r"LIF: expected a state as run\(\) returns it, a tuple, got ndarray"),
        (((), ("a",)), TypeError, r"LIF: state: expected an array of numbers, got 'a'"),
        (((), (np.full((2, 4), np.nan),)), ValueError, r"LIF: state: expected finite input, got nan at index \(0, 0\)"),
    ],
)
def test_wrong_states(state, error, message):
    with pytest.raises(error, match=message):
        Sequential(Linear(3, 4, seed=0), LIF()).run(np.zeros((5, 2, 3)), state)


def test_gradients_of_a_whole_net(rng):
    """Linear, smooth spikes, residual and readout together, in the input and in every weight, by finite differences."""
    spikes = {"reset": reset.subtract, "surrogate": surrogate.sigmoid, "smooth": True}
    net = Sequential(
        Linear(3, 4, seed=0),
        Spiking(lif.step, leak=0.8, threshold=0.4, learn=("leak", "threshold"), **spikes),
        Residual(Linear(4, 4, seed=1), Tanh()),
        Linear(4, 2, seed=2),
        LI(learn=("leak",)),
    )
    names = list(net.parameters())
    parts = {name: part.data.astype(np.float64) for name, part in net.parameters().items()}

    def f(x, *values):
        for name, value in zip(names, values, strict=True):
            put(net, name, value)
        return net(x)

    check_gradient(f, rng.normal(0.3, 1, (4, 2, 3)), *parts.values())


def put(layer, name, value):
    """Replaces a parameter by its name."""
    place, _, rest = name.partition(".")
    if rest:
        put(layer.layers[int(place)], rest, value)
    elif isinstance(layer, Spiking):
        layer.values[name] = value
    else:
        setattr(layer, name, value)


def test_conventional_net_takes_any_leading_axes(rng):
    net, x = (
        Sequential(Linear(3, 4, seed=0), ReLU(), Linear(4, 2, seed=1)),
        rng.normal(size=(6, 5, 3)).astype(np.float32),
    )
    whole = net(x).data
    np.testing.assert_allclose(net(x[2]).data, whole[2], rtol=1e-6)
    np.testing.assert_allclose(net(x[2, 3]).data, whole[2, 3], rtol=1e-6)


def test_every_layer_is_a_layer():
    for layer in (Linear(1, 1), ReLU(), Flatten(1), Dropout(0.1), LIF(), LI(), Sequential(ReLU()), Residual(ReLU())):
        assert isinstance(layer, Layer)


@pytest.mark.parametrize("container", [Sequential, Residual])
def test_what_is_no_layer(container):
    with pytest.raises(ValueError, match=f"{container.__name__}: expected at least one layer"):
        container()
    for wrong in (ReLU, "ReLU", None, np.zeros(3), [ReLU()]):
        with pytest.raises(
            TypeError, match=rf"{container.__name__}: expected layers, got .* at position 1; write ReLU\(\)"
        ):
            container(ReLU(), wrong)


def test_residual_must_keep_the_shape():
    with pytest.raises(ValueError, match=r"Residual: the layers must keep the shape \(4, 3\), they gave \(4, 2\)"):
        Residual(Linear(3, 2))(np.zeros((4, 3)))


@pytest.mark.parametrize("container", [Sequential, Residual])
@pytest.mark.parametrize("between", [(), (ReLU(), Dropout(0.1), LIF(), Softmax())], ids=["adjacent", "between"])
def test_sizes_that_clash_are_refused_at_construction(container, between):
    with pytest.raises(
        ValueError, match=r"expected layer \d to take the 4 values that layer 1, Linear\(3, 4\), gives, got"
    ):
        container(ReLU(), Linear(3, 4), *between, Linear(5, 2))
    container(Linear(3, 4), *between, Linear(4, 3))


def test_sizes_behind_layers_that_change_them_are_not_guessed():
    Sequential(Linear(3, 4), Flatten(2), Linear(20, 2))
    Sequential(Linear(3, 4), Sequential(ReLU()), Linear(5, 2))


def test_an_error_says_in_which_layer_it_arose():
    with pytest.raises(ValueError, match=r"Linear: expected input \(\.\.\., 9\)") as caught:
        Sequential(Linear(3, 4), Residual(ReLU(), Linear(9, 4)))(np.zeros((5, 3)))
    assert caught.value.__notes__ == [
        "in layer 1 of Residual: Linear(9, 4)",
        "in layer 1 of Sequential: Residual(ReLU(), Linear(9, 4))",
    ]


def test_training_reaches_inner_layers(rng):
    net, x = Sequential(ReLU(), Residual(Dropout(0.5))), rng.uniform(1, 2, (4, 50))
    dropped = net(x, training=Training(np.random.default_rng(0))).data
    assert set(np.round(np.unique(dropped / x), 6)) == {1.0, 3.0}
    np.testing.assert_array_equal(net(x).data, 2 * x)


def test_cast_changes_all_weights_and_back():
    net = spiking_net()
    before = {name: p.data.copy() for name, p in net.parameters().items()}
    assert cast(net, np.float64) is net
    assert {p.dtype for p in net.parameters().values()} == {np.dtype(np.float64)}
    assert net(np.ones((2, 1, 3))).dtype == np.float64
    cast(net, "float32")
    for name, p in net.parameters().items():
        np.testing.assert_array_equal(p.data, before[name])
    with pytest.raises(ValueError, match="cast: expected float32 or float64, got int64"):
        cast(net, np.int64)


def test_a_shared_layer_gets_the_sum_of_its_gradients(rng):
    shared, x = Linear(3, 3, bias=False, seed=0), rng.normal(size=(2, 3)).astype(np.float32)
    Sequential(shared, shared)(x).sum().backward()
    w = shared.weight.data
    wanted = x.T @ np.ones((2, 3), np.float32) @ w.T + (x @ w).T @ np.ones((2, 3), np.float32)
    np.testing.assert_allclose(shared.weight.grad, wanted, rtol=1e-5)


def test_a_state_carries_gradients_on(rng):
    """Truncation is the caller's choice: detach what is handed on, or do not."""
    layer, x = LI(), Tensor(rng.normal(size=(3, 1, 2)), requires_grad=True)
    _, (v,) = layer.run(x)
    assert v.requires_grad
    y, _ = layer.run(np.zeros((1, 1, 2)), (v,))
    y.sum().backward()
    assert (x.grad > 0).all()
    x.grad = None
    y, _ = layer.run(np.zeros((1, 1, 2)), (v.detach(),))
    assert not y.requires_grad


def test_repr_reads_like_the_code():
    assert repr(Sequential(Linear(3, 4), ReLU(), Residual(Dropout(0.5)))) == (
        "Sequential(Linear(3, 4), ReLU(), Residual(Dropout(0.5)))"
    )
