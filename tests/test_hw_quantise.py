"""8-bit quantisation: integers exactly those of plain Python, errors within their bounds, bad input refused."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hw import min_max, percentile, quantise, with_int8_weights
from hw.int8.fixed_point import ACCUMULATOR, grid, multiplier, product
from hw.int8.integer_layers import quantised_weights
from spikenet.encode import Constant
from spikenet.graph import Tensor
from spikenet.layers import (
    GELU,
    LI,
    LIF,
    Dropout,
    Flatten,
    LIFRate,
    Linear,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    Softmax,
    Softplus,
    Tanh,
)


def with_weights(weight, bias=None):
    layer = Linear(*np.shape(weight), bias=bias is not None, seed=0)
    layer.weight = Tensor(np.array(weight, np.float32))
    if bias is not None:
        layer.bias = Tensor(np.array(bias, np.float32))
    return layer


def values(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


# Grids, products, multipliers


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_a_grid_holds_zero_exactly_and_its_range_to_half_a_step(a, b):
    low, high = min(a, b, 0.0), max(a, b, 0.0)
    points = grid(min(a, b), max(a, b))
    assert points.to_values(points.to_integers(np.array([0.0])))[0] == 0.0
    inside = np.linspace(low, high, 33)
    # the zero point is rounded, which shifts the grid by up to half a step: half a step more at the ends
    error = np.abs(points.to_values(points.to_integers(inside)) - inside)
    assert error.max() <= points.scale * (1 + 1e-9)
    assert 0 <= points.zero <= 255


def test_a_grid_without_range_is_that_of_0_to_1():
    assert grid(0.0, 0.0) == grid(0.0, 1.0)
    with pytest.raises(ValueError, match="nan"):
        grid(math.nan, 1.0)
    assert grid(0.0, 5e-324) == grid(0.0, 1.0)
    with pytest.raises(ValueError, match="no step"):
        grid(-1.7e308, 1.7e308)


def test_integers_saturate_and_halves_go_up():
    points = grid(0.0, 255.0)  # step 1
    assert points.to_integers(np.array([-9.0, 0.5, 1.5, 2.49, 1e30])).tolist() == [0, 1, 2, 2, 255]


def test_products_are_exact_at_the_largest_sums():
    n = 66_000  # 66,000 * 255 * 127 is just below 2^31
    x, w = np.full((1, n), 255, np.int64), np.full((n, 1), 127, np.int64)
    w[-1] = -126
    assert product(x, w)[0, 0] == 255 * 127 * (n - 1) - 255 * 126


@settings(max_examples=300)
@given(st.integers(-ACCUMULATOR - 1, ACCUMULATOR), st.floats(1e-30, 1e6))
def test_multiplying_by_a_fixed_point_number_rounds_to_nearest_halves_up(total, factor):
    scale = multiplier(np.array([factor]))
    mantissa, shift = int(scale.mantissa[0]), int(scale.shift[0])
    exact = Fraction(total) * Fraction(mantissa, 2**shift)
    assert int(scale(np.array([total]))[0]) == math.floor(exact + Fraction(1, 2))
    if factor > 1e-6:
        assert abs(Fraction(mantissa, 2**shift) / Fraction(factor) - 1) <= Fraction(1, 2**31)
    assert abs(int(scale(np.array([total]))[0]) - total * factor) <= 0.5 + abs(total * factor) * 2.0**-31 + 1e-9


@pytest.mark.parametrize("factor", [0.0, -1.0, math.nan, math.inf, 2.0**31])
def test_a_factor_that_is_no_scale_is_refused(factor):
    with pytest.raises(ValueError, match="channel 1"):
        multiplier(np.array([1.0, factor]))


def test_multiplier_near_a_power_of_two_keeps_31_bits():
    scale = multiplier(np.array([np.nextafter(1.0, 0.0)]))
    assert scale(np.array([1_000_000_007])).tolist() == [1_000_000_007]


# Weights


def test_each_channel_has_its_own_scale_and_its_largest_weight_is_127():
    w = np.array([[1.0, -0.01], [-0.5, 0.004]])
    q = quantised_weights("a", w, None, step=1.0)
    assert q.integers.tolist() == [[127, -127], [-64, 51]]  # -0.5 * 127 = -63.5 -> -64 (to even); 0.4 * 127 = 50.8
    assert np.abs(q.integers * q.scale - w).max(axis=0) == pytest.approx(q.scale / 2, rel=1.0)
    assert (np.abs(q.integers * q.scale - w) <= q.scale / 2 + 1e-15).all()


def test_a_channel_without_weights_keeps_its_bias():
    q = quantised_weights("a", np.zeros((3, 2)), np.array([0.7, 0.0]), step=0.01)
    assert q.integers.tolist() == [[0, 0]] * 3
    assert (q.bias * q.scale * 0.01).tolist() == pytest.approx([0.7, 0.0], rel=1e-9)


def test_sums_that_could_leave_int32_are_refused():
    with pytest.raises(ValueError, match=r"layer deep can reach 2\d{9}"):
        quantised_weights("deep", np.ones((70_000, 1)), None, step=1.0)


def test_weights_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="weights of layer a"):
        quantised_weights("a", np.array([[np.nan]]), None, step=1.0)
    with pytest.raises(ValueError, match="bias of layer a"):
        quantised_weights("a", np.array([[1.0]]), np.array([np.inf]), step=1.0)


# Whole nets


def naive(net, x):
    """The quantised net on one sample, in Python integers and nothing else; reads only the constants of `net`."""
    q = [min(255, max(0, math.floor(float(v) / net.before.scale + 0.5) + net.before.zero)) for v in x]
    for layer in net.layers:
        if hasattr(layer, "table"):
            q = [int(layer.table[v]) for v in q]
            continue
        if not hasattr(layer, "weights"):
            q = [max(v, layer.after.zero) for v in q]
            continue
        w, b = layer.weights.integers.tolist(), layer.weights.bias.tolist()
        out = []
        for j in range(len(b)):
            total = b[j] + sum((q[i] - layer.before.zero) * w[i][j] for i in range(len(q)))
            assert -(2**31) <= total < 2**31
            mantissa, shift = int(layer.rescale.mantissa[j]), int(layer.rescale.shift[j])
            scaled = (total * mantissa + (1 << (shift - 1))) >> shift
            out.append(min(layer.highest, max(layer.lowest, scaled + layer.after.zero)))
        q = out
    return q


NETS = {
    "relu": lambda: Sequential(Linear(6, 9, seed=0), ReLU(), Dropout(0.3), Linear(9, 4, seed=1)),
    "linear": lambda: Sequential(Linear(6, 9, seed=0), Linear(9, 4, seed=1)),
    "no bias": lambda: Sequential(Linear(6, 4, bias=False, seed=0)),
    "relu first": lambda: Sequential(ReLU(), Linear(6, 4, seed=0), ReLU()),
    "sigmoid": lambda: Sequential(Linear(6, 9, seed=0), Sigmoid(), Linear(9, 4, seed=1), Softmax()),
    "curves": lambda: Sequential(Linear(6, 9, seed=0), Tanh(), Linear(9, 9, seed=1), Softplus(), Linear(9, 4), GELU()),
    "nested": lambda: Sequential(Sequential(Linear(6, 9, seed=0), ReLU()), Linear(9, 4, seed=1)),
}


@pytest.mark.parametrize("name", NETS)
def test_a_quantised_net_is_exactly_its_integers(name):
    net, x = NETS[name](), values(20, 6)
    small = quantise(net, x[:12])
    got = small.run(x)
    assert got.dtype == np.int64
    assert got.tolist() == [naive(small, row) for row in x]


@pytest.mark.parametrize("name", NETS)
def test_outputs_stay_close_to_the_float_net(name):
    net, x = NETS[name](), values(200, 6)
    small = quantise(net, x)
    wanted = np.asarray(net(x).data)
    assert small(x).shape == wanted.shape
    assert np.sqrt(np.mean((small(x) - wanted) ** 2) / np.mean(wanted**2)) < 0.02


def test_the_error_of_one_layer_is_bounded_by_its_steps():
    """|error| <= sum_i (|x_i| step_w / 2 + |w_i| e_x + step_w e_x / 2) + bias step / 2 + one step of the output.

    e_x: largest error of an input on its grid.
    """
    w, b, x = values(8, 3, seed=1), values(3, seed=2), values(50, 8, seed=3)
    small = quantise(Sequential(with_weights(w, b)), x)
    layer = small.layers[0]
    step_w, step_x = layer.weights.scale, small.before.scale
    inside = np.abs(small.before.to_values(small.before.to_integers(x)) - x).max()
    bound = (np.abs(x).sum(1)[:, None] * step_w / 2) + np.abs(w).sum(0) * inside + 8 * step_w * inside / 2
    bound = bound + step_w * step_x / 2 + layer.after.scale
    assert (np.abs(small(x) - (x @ w + b)) <= bound).all()
    assert inside <= step_x


def test_a_channel_of_zeros_and_a_dead_layer_survive():
    net = Sequential(with_weights([[0.0, 1.0], [0.0, -1.0]], [0.0, 0.0]), ReLU(), Linear(2, 2, seed=0))
    x = values(9, 2)
    assert np.allclose(quantise(net, x)(x), net(x).data, atol=0.02)
    dead = Sequential(with_weights([[-1.0], [-1.0]], [0.0]), ReLU(), with_weights([[1.0]], [0.25]))
    assert np.allclose(quantise(dead, np.ones((3, 2), np.float32))(np.ones((3, 2))), 0.25, atol=1e-4)
    zero = Sequential(with_weights(np.zeros((2, 2))))
    assert (quantise(zero, x)(x) == 0).all()


def test_the_report_names_layers_and_measures_what_it_says():
    x = values(500, 6)
    net = NETS["relu"]()
    small = quantise(net, x)
    assert [e.name for e in small.report] == ["0 Linear", "2 Linear"]
    first = net.layers[0].weight.data.astype(np.float64)
    q = small.layers[0].weights
    wanted = np.sqrt(np.mean((q.integers * q.scale - first) ** 2) / np.mean(first**2))
    assert small.report[0].weight_error == pytest.approx(wanted, rel=1e-9)
    assert 0 < small.report[0].output_error < 0.02
    assert small.report[0].saturated == 0.0
    exact = quantise(Sequential(with_weights([[1.0], [-1.0]])), np.array([[0, 255], [255, 0]], np.float32))
    assert exact.report[0].output_error < 1e-7
    assert exact.report[0].weight_error < 1e-7


def test_a_percentile_narrows_the_range_and_the_report_says_what_saturates():
    x = values(2000, 6)
    x[0] = 50.0  # an outlier
    narrow, wide = (quantise(NETS["relu"](), x, choose=choose) for choose in (percentile(99.0), min_max))
    assert narrow.before.scale < wide.before.scale / 5
    assert wide.report[0].saturated == 0.0
    assert 0.0 < narrow.report[0].saturated < 0.03
    inside = x[1:]
    wanted = NETS["relu"]()(inside).data
    assert np.mean((narrow(inside) - wanted) ** 2) < np.mean((wide(inside) - wanted) ** 2)


def test_a_relu_holds_on_a_range_that_reaches_below_zero():
    def symmetric(seen):
        top = float(np.abs(seen).max())
        return -top, top

    net, x = NETS["relu"](), values(300, 6)
    small = quantise(net, x, choose=symmetric)
    assert small.layers[0].after.zero == 128
    assert small.layers[0](small.before.to_integers(x)).min() == 128
    assert np.abs(small(x) - net(x).data).max() < 0.05


@pytest.mark.parametrize("percent", [50, 101, math.nan, "all"])
def test_a_percentile_that_is_none_is_refused(percent):
    with pytest.raises((ValueError, TypeError), match="percentile"):
        percentile(percent)


def test_flatten_moves_integers_as_it_moves_values():
    net = Sequential(Flatten(2), Linear(6, 4, seed=0))
    x = values(5, 2, 3)
    flat = quantise(Sequential(net.layers[1]), x.reshape(5, 6))
    assert np.array_equal(quantise(net, x).run(x), flat.run(x.reshape(5, 6)))


@pytest.mark.parametrize(
    ("net", "error", "said"),
    [
        (Sequential(Linear(2, 2), LIF()), TypeError, "LIF"),
        (Sequential(Linear(2, 2), LIFRate()), TypeError, "LIFRate"),
        (Sequential(Residual(Linear(2, 2))), TypeError, "Residual"),
        (Sequential(Softmax(), Linear(2, 2)), TypeError, "Softmax"),
        (Sequential(ReLU()), ValueError, "Linear"),
        (Sequential(Softmax()), ValueError, "Linear"),
        (Linear(2, 2), TypeError, "Sequential"),
    ],
)
def test_a_net_without_integer_form_is_refused(net, error, said):
    with pytest.raises(error, match=said):
        quantise(net, np.ones((3, 2), np.float32))


@pytest.mark.parametrize("calibrate", [np.zeros((0, 6)), np.zeros(6), np.full((3, 6), np.nan)])
def test_bad_calibration_data_are_refused(calibrate):
    with pytest.raises(ValueError, match="calibrate"):
        quantise(NETS["relu"](), calibrate)


def test_inputs_that_are_not_finite_are_refused():
    small = quantise(NETS["relu"](), values(9, 6))
    with pytest.raises(ValueError, match="inf"):
        small(np.full((1, 6), np.inf))


# Spiking nets with int8 weights


def test_int8_weights_of_a_spiking_net_are_integers_times_a_scale_a_channel():
    net = Sequential(Linear(6, 9, seed=0), LIF(threshold=0.3), Linear(9, 4, seed=1), LI())
    before = [p.data.copy() for p in net.parameters().values()]
    x = Constant(steps=5)(np.abs(values(20, 6)))
    rounded = with_int8_weights(net, x)
    for old, new in zip((net.layers[0], net.layers[2]), (rounded.net.layers[0], rounded.net.layers[2]), strict=True):
        scale = np.abs(old.weight.data).max(axis=0) / 127
        integers = new.weight.data / scale
        assert np.abs(integers - np.rint(integers)).max() < 1e-4
        assert np.abs(new.weight.data - old.weight.data).max() <= scale.max() / 2 * 1.001
    assert all(np.array_equal(a, p.data) for a, p in zip(before, net.parameters().values(), strict=True))
    on_grid = rounded.on_grid(x)
    assert on_grid.strides[0] == 0
    assert len(np.unique(on_grid)) <= 256
    assert np.abs(on_grid - x).max() <= np.ptp(np.append(x, 0)) / 255


def test_spikes_need_no_grid():
    net = Sequential(Linear(6, 9, seed=0), LIF())
    x = (np.random.default_rng(0).random((5, 3, 6)) < 0.5).astype(np.float32)
    assert with_int8_weights(net, x).on_grid(x) is x


def test_int8_weights_refuse_what_has_no_grid():
    x = Constant(steps=3)(np.abs(values(4, 6)))
    with pytest.raises(ValueError, match="2 Linear is not 0/1"):
        with_int8_weights(Sequential(Linear(6, 6), LI(), Linear(6, 2)), x)
    with pytest.raises(TypeError, match="Residual"):
        with_int8_weights(Sequential(Residual(Linear(6, 6)), LIF()), x)
