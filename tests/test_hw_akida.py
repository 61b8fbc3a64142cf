"""Akida's integers: against the plain-Python reading, against the vendor's engine, and what is refused."""

from __future__ import annotations

import naive_chips as naive
import numpy as np
import pytest

from hw.neurons import akida
from hw.neurons.akida import V1, V2, conv2d, dense

WEIGHTS = {1: (0, 2), 2: (-1, 2), 4: (-7, 8)}


def v1(rng, weight_bits, act_bits, filters):
    step = rng.uniform(1 / 16, 8, filters).astype(np.float32)
    return V1(weight_bits, act_bits, step, rng.integers(-30, 30, filters))


def v2(rng, relu, output_bits, buffer_bits, inputs, filters, big):
    return V2(
        input_shift=rng.integers(0, 9 if big else 3, inputs), bias=rng.integers(-128, 128, filters),
        bias_shift=rng.integers(0, 32 if big else 8, filters), relu=relu, max_value=rng.integers(0, 256, filters),
        max_value_shift=rng.integers(0, 22 if big else 12, filters), output_scale=rng.integers(0, 256, filters),
        output_shift=rng.integers(-20, 3, filters), output_bits=output_bits, buffer_bits=buffer_bits,
    )  # fmt: skip


V2_CASES = [(relu, out, buffer, big) for relu in (False, True) for out, buffer, big in (
    (8, 28, False), (8, 16, True), (4, 20, True), (2, 28, False), (16, 20, True), (32, 28, True))]  # fmt: skip


@pytest.mark.parametrize(("weight_bits", "act_bits"), [(1, 1), (2, 2), (4, 4), (1, 4), (4, 1), (4, None)])
def test_dense_v1_equals_the_plain_reading(weight_bits, act_bits):
    """6 x 4,200 samples x 40 units: a million outputs, 0 mismatches."""
    rng = np.random.default_rng([weight_bits, act_bits or 0])
    words = v1(rng, weight_bits, act_bits, 40)
    w = rng.integers(*WEIGHTS[weight_bits], (9, 40))
    x = rng.integers(0, 16, (4200, 9))
    sixteenths = [int(s * 16) for s in words.act_step.tolist()]
    columns = list(zip(w.T.tolist(), words.threshold.tolist(), sixteenths, strict=True))
    expected = [
        [naive.akida_v1(sum(map(int.__mul__, row, column)), theta, step, act_bits) for column, theta, step in columns]
        for row in x.tolist()
    ]
    assert dense(x, w, words).y.tolist() == expected


@pytest.mark.parametrize(("relu", "out", "buffer", "big"), V2_CASES)
def test_dense_v2_equals_the_plain_reading(relu, out, buffer, big):
    """12 x 2,100 samples x 40 units: a million outputs, 0 mismatches, sums and results overflowing in many."""
    rng = np.random.default_rng([relu, out, buffer, big])
    words = v2(rng, relu, out, buffer, 9, 40, big)
    w, x = rng.integers(-128, 128, (9, 40)), rng.integers(-128, 128, (2100, 9))
    shifted = [[v << s for v, s in zip(row, words.input_shift.tolist(), strict=True)] for row in x.tolist()]
    bias, top = (words.bias << words.bias_shift).tolist(), (words.max_value << words.max_value_shift).tolist()
    rest = zip(w.T.tolist(), bias, top, words.output_scale.tolist(), words.output_shift.tolist(), strict=True)
    columns = list(rest)
    expected = [
        [
            naive.akida_v2(sum(map(int.__mul__, row, column)), relu, b, t, scale, shift, out, buffer)
            for column, b, t, scale, shift in columns
        ]
        for row in shifted
    ]
    run = dense(x, w, words)
    assert run.y.tolist() == expected
    assert run.overflow > 0 or out == 32


SHAPES = [(3, 1, True, 0, 0), (3, 2, True, 0, 0), (3, 2, False, 0, 0), (5, 1, True, 2, 2), (3, 1, False, 2, 2),
          (3, 1, True, 3, 2), (3, 1, True, 2, 1), (1, 1, True, 0, 0), (7, 1, True, 3, 1)]  # fmt: skip


@pytest.mark.parametrize(("k", "stride", "same", "pool", "pool_stride"), SHAPES)
@pytest.mark.parametrize("size", [(8, 7), (7, 9)])
def test_conv2d_equals_the_plain_reading(k, stride, same, pool, pool_stride, size):
    rng = np.random.default_rng([k, stride, same, pool, *size])
    w = rng.integers(-7, 8, (4, 3, k, k))
    x = rng.integers(0, 16, (2, 2, 3, *size)) * (rng.random((2, 2, 3, *size)) < 0.5)
    words = v1(rng, 4, 2, 4)
    got = conv2d(x, w, words, stride=stride, same_size=same, pool=pool, pool_stride=pool_stride).y
    for maps, ours in zip(x.reshape(4, 3, *size).tolist(), got.reshape(4, *got.shape[2:]).tolist(), strict=True):
        sums = naive.true_convolution(maps, w.tolist(), stride, same)
        if pool:
            sums = [naive.max_pool(p, pool, pool_stride, same) for p in sums]
        steps = [(int(t), int(s * 16)) for t, s in zip(words.threshold, words.act_step, strict=True)]
        for p, y, (theta, step) in zip(sums, ours, steps, strict=True):
            assert [[naive.akida_v1(value, theta, step, 2) for value in row] for row in p] == y


@pytest.mark.parametrize(("k", "stride", "same", "pool", "pool_stride"), SHAPES)
@pytest.mark.parametrize(("relu", "out", "buffer", "big"), V2_CASES[::3])
def test_conv2d_of_the_second_generation_equals_the_plain_reading(k, stride, same, pool, pool_stride, relu, out, buffer,
                                                                  big):  # fmt: skip
    """Potentials go on rising with sums until they are pooled, so the largest sum is the largest potential."""
    rng = np.random.default_rng([k, stride, same, pool, relu, out])
    w, x = rng.integers(-128, 128, (4, 3, k, k)), rng.integers(-128, 128, (2, 3, 8, 7))
    words = v2(rng, relu, out, buffer, 3, 4, big)
    got = conv2d(x, w, words, stride=stride, same_size=same, pool=pool, pool_stride=pool_stride)
    met = 0
    for maps, ours in zip(x << words.input_shift[:, None, None], got.y, strict=True):
        sums = naive.true_convolution(maps.tolist(), w.tolist(), stride, same)
        if pool:
            sums = [naive.max_pool(p, pool, pool_stride, same) for p in sums]
        for f, (p, y) in enumerate(zip(sums, ours.tolist(), strict=True)):
            bias, top = (
                int(words.bias[f]) << int(words.bias_shift[f]),
                int(words.max_value[f]) << int(words.max_value_shift[f]),
            )
            rest = int(words.output_scale[f]), int(words.output_shift[f]), out, buffer
            assert [[naive.akida_v2(value, relu, bias, top, *rest) for value in row] for row in p] == y
            met += sum(abs(value) >= 1 << (buffer - 1) for row in p for value in row)
    assert got.overflow >= met


def engine_output(akida_engine, layer, x, bits, words):
    model = akida_engine.Model()
    model.add(akida_engine.InputData(x.shape[1:], input_bits=bits))
    model.add(layer)
    for name, value in words.items():
        held = layer.variables[name]
        layer.variables[name] = np.broadcast_to(value, held.shape).astype(held.dtype).copy()
    return model.forward(x)


def engine_words(words, relu):
    names = ["input_shift", "bias", "bias_shift", "output_shift"] + (["max_value", "max_value_shift"] if relu else [])
    return {name: getattr(words, name) for name in names} | {"output_scales": words.output_scale}


@pytest.mark.parametrize(("weight_bits", "act_bits"), [(1, 1), (2, 2), (4, 4), (4, None)])
def test_v1_equals_the_engine(weight_bits, act_bits):
    engine = pytest.importorskip("akida")
    rng = np.random.default_rng(weight_bits)
    for k, stride, same, pool, pool_stride in SHAPES:
        words = v1(rng, weight_bits, act_bits, 5)
        w = rng.integers(*WEIGHTS[weight_bits], (5, 3, k, k))
        x = rng.integers(0, 16, (3, 3, 8, 9))
        pooling = {"pool_type": engine.PoolType.Max, "pool_size": (pool,) * 2, "pool_stride": (pool_stride,) * 2}
        layer = engine.Convolutional(
            kernel_size=(k, k), filters=5, weights_bits=weight_bits, act_bits=act_bits or 1,
            activation=act_bits is not None, kernel_stride=(stride, stride),
            padding=engine.Padding.Same if same else engine.Padding.Valid, **(pooling if pool else {}),
        )  # fmt: skip
        values = {"weights": w.transpose(2, 3, 1, 0)}
        values |= {"threshold": words.threshold, "act_step": words.act_step} if act_bits else {}
        y = engine_output(engine, layer, x.transpose(0, 2, 3, 1).astype(np.uint8), 4, values)
        got = conv2d(x, w, words, stride=stride, same_size=same, pool=pool, pool_stride=pool_stride).y
        assert np.array_equal(y, got.transpose(0, 2, 3, 1))
    words, w, x = v1(rng, weight_bits, act_bits, 6), rng.integers(*WEIGHTS[weight_bits], (30, 6)), None
    x = rng.integers(0, 16, (200, 30))
    layer = engine.FullyConnected(6, weights_bits=weight_bits, act_bits=act_bits or 1, activation=act_bits is not None)
    values = {"weights": w} | ({"threshold": words.threshold, "act_step": words.act_step} if act_bits else {})
    y = engine_output(engine, layer, x.reshape(200, 1, 1, 30).astype(np.uint8), 4, values)
    assert np.array_equal(y[:, 0, 0], dense(x, w, words).y)


@pytest.mark.parametrize(("relu", "out", "buffer", "big"), V2_CASES)
def test_v2_equals_the_engine(relu, out, buffer, big):
    engine = pytest.importorskip("akida")
    activation = engine.ActivationType.ReLU if relu else engine.ActivationType.NoActivation
    for seed in range(3):
        rng = np.random.default_rng([seed, out])
        words = v2(rng, relu, out, buffer, 40, 6, big)
        w, x = rng.integers(-127, 128, (40, 6)), rng.integers(-128, 128, (64, 40))
        layer = engine.Dense1D(6, output_bits=out, buffer_bits=buffer, activation=activation)
        values = {"weights": w} | engine_words(words, relu)
        y = engine_output(engine, layer, x.reshape(64, 1, 1, 40).astype(np.int8), 8, values)
        assert np.array_equal(y[:, 0, 0], dense(x, w, words).y)
    for k, stride, same, pool, pool_stride in SHAPES:
        words = v2(rng, relu, out, buffer, 3, 5, big)
        w, x = rng.integers(-127, 128, (5, 3, k, k)), rng.integers(-128, 128, (2, 3, 8, 9))
        pooling = {"pool_type": engine.PoolType.Max, "pool_size": pool, "pool_stride": pool_stride} if pool else {}
        layer = engine.Conv2D(
            filters=5, kernel_size=k, kernel_stride=stride, output_bits=out, buffer_bits=buffer, activation=activation,
            padding=engine.Padding.Same if same else engine.Padding.Valid, **pooling,
        )  # fmt: skip
        values = {"weights": w.transpose(2, 3, 1, 0)} | engine_words(words, relu)
        y = engine_output(engine, layer, x.transpose(0, 2, 3, 1).astype(np.int8), 8, values)
        got = conv2d(x, w, words, stride=stride, same_size=same, pool=pool, pool_stride=pool_stride).y
        assert np.array_equal(y, got.transpose(0, 2, 3, 1))


def test_any_leading_axes():
    rng = np.random.default_rng(0)
    words, w = v1(rng, 4, 4, 3), rng.integers(-7, 8, (5, 3))
    x = rng.integers(0, 16, (4, 2, 5))
    assert np.array_equal(dense(x, w, words).y[3, 1], dense(x[3, 1], w, words).y)


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: V1(3), ValueError, "weight_bits.*1, 2 or 4.*3"),
        (lambda: V1(4, 8), ValueError, "act_bits.*8"),
        (lambda: V1(4, 4, act_step=0.01), ValueError, r"act_step.*1/16.*0\.01"),
        (lambda: V1(4, 4, act_step=-1), ValueError, "act_step"),
        (lambda: V2(bias=128), ValueError, "bias.*128"),
        (lambda: V2(output_scale=256), ValueError, "output_scale.*256"),
        (lambda: V2(output_bits=33), ValueError, "output_bits.*33"),
        (lambda: dense([[1]], [[-8]], V1(4)), ValueError, r"weights.*-7\.\.7.*-8"),
        (lambda: dense([[1]], [[-1]], V1(1)), ValueError, r"weights.*0\.\.1.*-1"),
        (lambda: dense([[16]], [[1]], V1(4)), ValueError, "x.*16"),
        (lambda: dense([[np.nan]], [[1]], V1(4)), ValueError, "nan"),
        (lambda: dense([[1, 1]], [[1]], V1(4)), ValueError, "inputs"),
        (lambda: dense([[1]], [[1]], "v1"), TypeError, "V1"),
        (lambda: conv2d(np.ones((1, 1, 4, 4)), np.ones((1, 1, 2, 2)), V1(1)), ValueError, "odd"),
        (lambda: conv2d(np.ones((1, 1, 4, 4)), np.ones((1, 1, 3, 3)), V1(1), stride=3), ValueError, "stride"),
        (lambda: conv2d(np.ones((1, 1, 2, 2)), np.ones((1, 1, 3, 3)), V1(1), same_size=False), ValueError, "fit"),
        (lambda: conv2d(np.ones((2, 4, 4)), np.ones((1, 1, 3, 3)), V1(1)), ValueError, "channels"),
    ],
)
def test_bad_input_is_refused(make, error, said):
    with pytest.raises(error, match=said):
        make()


@pytest.mark.parametrize("name", ["act_step", "threshold", "bias", "output_scale", "output_shift", "input_shift"])
@pytest.mark.parametrize("n", [1, 2])
def test_values_are_one_or_one_each(name, n):
    """Three of one filter were three filters."""
    words = V1(4, 4, **{name: [1, 1, 1]}) if name in ("act_step", "threshold") else V2(**{name: [1, 1, 1]})
    said = f"akida: {name}: expected one value or {n}, one each, got shape \\(3,\\)"
    with pytest.raises(ValueError, match=said):
        dense(np.ones((4, n), int), np.ones((n, n), int), words)
    with pytest.raises(ValueError, match=said):
        akida.conv2d(np.ones((n, 4, 4), int), np.ones((n, n, 3, 3), int), words)


def test_overflow_is_counted():
    """127 * 127 * 3 = 48387 against 16 bits; the result 32767 >> 8 = 128 against 8."""
    run = dense([[127, 127, 127]], [[127]] * 3, V2(buffer_bits=16, output_shift=-8))
    assert (run.y.item(), run.overflow) == (127, 2)
    assert akida.POST_OP_BITS == 32
