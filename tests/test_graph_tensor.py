"""Tensor as a value: what it accepts, how it converts, what it remembers."""

from __future__ import annotations

import copy
import pickle
import threading

import numpy as np
import pytest

import spikenet.graph as G
from spikenet.graph import Tensor, no_grad


@pytest.mark.parametrize("data", [1, 2.5, True, [1, 2], [[1.5], [2.5]], np.arange(3), np.array([True]), np.float16(2)])
def test_numbers_become_float32(data):
    x = Tensor(data)
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x.data, data)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
def test_float_arrays_are_shared_not_copied(dtype):
    array = np.ones((2, 3), dtype)
    assert Tensor(array).data is array
    assert Tensor(array[0, 0]).dtype == dtype


def test_foreign_byte_order_becomes_native():
    assert Tensor(np.array([1.5, 2.5], ">f8")).dtype.isnative


@pytest.mark.parametrize("data", ["1", None, ["a"], object(), np.array(["2020-01-01"], "M8[D]"), {}, 10**400])
def test_what_is_no_number_is_refused(data):
    with pytest.raises(TypeError, match="Tensor: expected numbers, got"):
        Tensor(data)


def test_a_tensor_of_a_tensor_is_refused():
    with pytest.raises(TypeError, match=r"detach\(\)"):
        Tensor(Tensor(1.0))


def test_a_complex_constant_makes_a_complex_result():
    y = Tensor([1.0, 2.0]) * 1j
    assert y.dtype == np.complex64
    np.testing.assert_array_equal(y.data, [1j, 2j])


def test_attributes():
    x = Tensor(np.zeros((2, 3)), requires_grad=True, name="weight", bounds=(0, 1))
    assert (x.shape, x.ndim, x.size, len(x), x.dtype) == ((2, 3), 2, 6, 2, np.float64)
    assert (x.name, x.operation, x.bounds, x.grad, x.parents, x.vjp) == ("weight", "", (0, 1), None, (), None)
    assert x.T.shape == (3, 2)
    y = x + 1
    assert (y.operation, y.requires_grad) == ("add", True)
    assert y.parents[0] is x


def test_arrays_on_the_left_leave_the_operation_to_the_tensor():
    x = Tensor([1.0, 2.0], requires_grad=True)
    for y in (
        np.ones(2) + x,
        np.ones((3, 2)) - x,
        np.float64(2) * x,
        np.ones(2) / x,
        np.ones((2, 2)) @ x,
        np.ones(2) ** x,
    ):
        assert isinstance(y, Tensor)
        assert y.requires_grad


def test_numpy_functions_do_not_lose_the_graph_in_silence():
    with pytest.raises(TypeError):
        np.exp(Tensor([1.0]))


def test_asarray_gives_the_values():
    x = Tensor([1.0, 2.0])
    assert np.asarray(x) is x.data
    assert np.array(x, np.float64).dtype == np.float64
    assert not np.shares_memory(np.array(x), x.data)


def test_comparisons_are_boolean_arrays():
    x = Tensor([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(x > 2, [False, False, True])
    np.testing.assert_array_equal(x <= 2, [True, True, False])
    np.testing.assert_array_equal(x == np.array([1, 5, 3]), [True, False, True])
    np.testing.assert_array_equal(x != x, [False] * 3)
    np.testing.assert_array_equal(x <= Tensor([1.0]), [True, False, False])
    assert (x == None) is False  # noqa: E711
    assert {x: 1}[x] == 1


def test_one_number():
    x = Tensor([[2.5]])
    assert x.item() == 2.5
    assert float(x) == 2.5
    assert bool(x > 2)
    assert type(x.item()) is float
    with pytest.raises(ValueError, match=r"item: expected a tensor of size 1, got shape \(2,\)"):
        Tensor([1.0, 2.0]).item()
    with pytest.raises(ValueError, match="ambiguous"):
        bool(Tensor([1.0, 2.0]))
    with pytest.raises(TypeError, match="without axes"):
        iter(Tensor(1.0))


def test_repr_says_what_it_is():
    x = Tensor([1.0, 2.0], requires_grad=True, name="w")
    assert repr(x) == "Tensor([1., 2.], float32, name='w', requires_grad=True)"
    assert repr(x * 2) == "Tensor([2., 4.], float32, operation='multiply')"
    assert len(repr(Tensor(np.zeros((1000, 1000))))) < 300


def test_nothing_is_remembered_without_need():
    y = Tensor([1.0]) * 2 + 1
    assert (y.parents, y.vjp, y.requires_grad) == ((), None, False)


def test_no_grad():
    x = Tensor([1.0], requires_grad=True)
    with no_grad():
        with no_grad():
            pass
        y = x * 2  # leaving the inner block must not switch recording on again
        assert not G.is_recording()
    assert (y.parents, y.vjp, y.requires_grad) == ((), None, False)
    assert (x * 2).requires_grad


def test_no_grad_ends_with_an_error():
    with pytest.raises(RuntimeError), no_grad():
        raise RuntimeError
    assert G.is_recording()


def test_no_grad_decorates():
    @no_grad()
    def f(x):
        return x * 2

    assert not f(Tensor([1.0], requires_grad=True)).requires_grad
    assert G.is_recording()


def test_no_grad_holds_for_its_own_thread_only():
    seen = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append(G.is_recording()))
        thread.start()
        thread.join()
        assert not G.is_recording()
    assert seen == [True]


def test_detach_shares_data_and_forgets():
    x = Tensor([1.0], requires_grad=True, name="x")
    y = (x * 2).detach()
    assert not y.requires_grad
    assert x.detach().data is x.data


def test_leaves_can_be_pickled_and_copied():
    x = Tensor([1.0, 2.0], requires_grad=True, name="w", bounds=(0, 1))
    for y in (pickle.loads(pickle.dumps(x)), copy.deepcopy(x)):
        np.testing.assert_array_equal(y.data, x.data)
        assert (y.name, y.bounds, y.requires_grad) == ("w", (0, 1), True)
        assert y.data is not x.data


def test_repeat_is_a_view_that_knows_what_it_repeats():
    x = Tensor(np.ones((2, 3)), requires_grad=True)
    y = G.repeat(x, 5)
    assert y.shape == (5, 2, 3)
    assert y.data.strides[0] == 0
    assert y.repeated is x
    assert (y * 2).repeated is None
    assert y.detach().repeated.data is x.data
    assert not y.detach().repeated.requires_grad


def test_a_constant_view_with_stride_0_is_recognised():
    array = np.ones((2, 3), np.float32)
    constant = Tensor(np.broadcast_to(array, (5, 2, 3)))
    assert np.shares_memory(constant.repeated.data, array)
    assert constant.repeated is constant.repeated
    assert Tensor(array).repeated is None
    assert Tensor(np.broadcast_to(array, (1, 2, 3))).repeated is None
    learnt = Tensor(np.broadcast_to(array, (5, 2, 3)), requires_grad=True)
    assert learnt.repeated is None  # its steps have gradients of their own
