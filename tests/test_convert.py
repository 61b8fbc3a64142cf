"""Fewer bits, fewer weights, spikes in place of numbers: exact where integers are, close where they are not."""

from __future__ import annotations

import numpy as np
import pytest

import spikenet as sn
from spikenet import convert
from spikenet.graph import Tensor, no_grad
from spikenet.kernels import integer_convolution, integer_products


@pytest.fixture(scope="module")
def digits():
    return sn.data.digits(0)


@pytest.fixture(scope="module")
def trained(digits):
    """A small convolutional net on digits, with batch norm, average and maximum pooling."""
    net = sn.Sequential(
        sn.Unflatten((1, 8, 8)),
        sn.Conv2d(1, 8, 3, padding=1, seed=0),
        sn.BatchNorm2d(8),
        sn.ReLU(),
        sn.MaxPool2d(2),
        sn.Conv2d(8, 12, 3, padding=1, seed=1),
        sn.ReLU(),
        sn.AvgPool2d(2),
        sn.Flatten(3),
        sn.Dropout(0.1),
        sn.Linear(48, 10, seed=2),
    )
    adam = sn.optim.Adam(5e-3)
    sn.fit(net, digits[0], loss=sn.loss.cross_entropy, optimiser=adam, epochs=8, progress=False)
    return net


def accuracy(net, data):
    with no_grad():
        y = net(data.inputs)
    return float((np.asarray(y).argmax(axis=1) == data.labels).mean())


# Ranges and grids


def test_ranges(rng):
    values = np.append(rng.normal(size=10_000), 50.0)
    assert convert.min_max(values)[1] == 50
    assert convert.percentile(99.9)(values)[1] < 5
    low, high = convert.entropy()(values)
    assert 2 < high < 10, "an outlier is not worth the resolution"
    assert low < 0
    flat = rng.uniform(0, 1, 10_000)
    assert convert.entropy()(flat)[1] > 0.9, "nothing to cut off where values are spread evenly"
    assert convert.entropy()(np.zeros(5)) == (0, 0)
    with pytest.raises(ValueError, match="entropy: bins: expected more than the 256 levels"):
        convert.entropy(8, bins=200)


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("bits", [8, 4, 2])
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_weights_on_a_grid(bits, axis, symmetric, rng):
    w = rng.normal(0, 1, (6, 5)) * (rng.random(5) + 0.1)
    levels = convert.quantise_weights(w, bits=bits, axis=axis, symmetric=symmetric)
    assert levels.low <= levels.integers.min() <= levels.integers.max() <= levels.high
    assert np.abs(levels.values() - w).max() <= np.max(levels.scale) * (0.5 if symmetric else 1.0) + 1e-6
    assert np.all(np.abs(levels.values() - w) <= levels.scale * (0.5 if symmetric else 1.0) + 1e-6)
    again = convert.quantise_weights(levels.values(), bits=bits, axis=axis, symmetric=symmetric)
    if symmetric:
        np.testing.assert_array_equal(again.integers, levels.integers)
    zeros = 0 if symmetric else np.size(levels.zero)
    assert levels.stored_bytes == int(np.ceil(30 * bits / 8)) + 4 * np.size(levels.scale) + zeros


def test_a_channel_of_zeros_stays_0():
    w = np.array([[0.0, 2.0], [0.0, -2.0]])
    levels = convert.quantise_weights(w, axis=1)
    assert levels.scale.ravel()[0] == pytest.approx(1 / 127)
    np.testing.assert_allclose(levels.values(), w, atol=1e-6)


def test_fake_quantisation_passes_the_gradient_within_its_range():
    x = Tensor(np.array([-3.0, -0.4, 0.26, 0.9]), requires_grad=True)
    y = convert.fake_quantise(x, np.asarray(0.25), np.asarray(0.0), -2, 2)
    assert y.data.tolist() == [-0.5, -0.5, 0.25, 0.5]
    y.backward(np.arange(1.0, 5))
    assert x.grad.tolist() == [0, 2, 3, 0]


# Integer products


@pytest.mark.parametrize("plain", [None, True], ids=["as the processor can", "for any"])
@pytest.mark.parametrize(("rows", "n", "m"), [(1, 1, 1), (7, 5, 3), (6, 4, 16), (13, 33, 40)])
def test_integer_products_are_exact(rows, n, m, plain, rng):
    x, w = rng.integers(0, 256, (rows, n)), rng.integers(-127, 128, (n, m))
    filled = integer_products.rows_of(rows, n)
    filled[:rows, :n] = x
    sums = integer_products.multiply(filled, integer_products.packed(w), plain=plain)
    assert sums.dtype == np.int32
    np.testing.assert_array_equal(sums[:rows, :m], x @ w)


def test_extremes_do_not_overflow():
    n = 20_000
    filled = integer_products.rows_of(1, n)
    filled[:] = 255
    sums = integer_products.multiply(filled, integer_products.packed(np.full((n, 1), -127)))
    assert sums[0, 0] == -127 * 255 * n


@pytest.mark.parametrize("plain", [None, True], ids=["as the processor can", "for any"])
@pytest.mark.parametrize(
    ("options", "pooling"),
    [
        ({}, None),
        ({"padding": (1, 2), "stride": (2, 1)}, None),
        ({"dilation": 2, "groups": 2}, sn.MaxPool2d(2)),
        ({"groups": 4, "padding": 1, "dilation": (1, 2)}, sn.MaxPool2d(3, stride=2, padding=1)),
    ],
)
def test_integer_convolutions_are_exact(options, pooling, plain, rng):
    """Beside float64 convolutions of the same integers, which are exact."""
    n_in, n_out = 4 if "groups" in options else 3, 20
    layer = sn.cast(sn.Conv2d(n_in, n_out, 3, seed=0, bias=False, **options), "float64")
    w = rng.integers(-127, 128, layer.weight.shape)
    layer.weight.data = w.astype(np.float64)
    q, zero, scale = rng.integers(0, 256, (5, n_in, 9, 8)), 37, rng.random(n_out) + 0.5
    wanted = layer(np.float64(q - zero)).data
    wanted = wanted if pooling is None else pooling(wanted).data

    columns = w.reshape(n_out, -1).T
    shape, start = layer.filters_on(q.shape), (-zero * scale * columns.sum(axis=0)).astype(np.float32)
    y = integer_convolution.convolve(
        ((q - zero) / 8).astype(np.float32).reshape(5, -1), (1 / 8, zero),
        integer_convolution.packed_filters(columns, n_in // layer.groups, 3, layer.groups), scale.astype(np.float32),
        start, True, shape, pooling and pooling.window_on((5, n_out, *shape.window.out)), plain=plain,
    )  # fmt: skip
    close = np.maximum(wanted * scale[:, None, None], 0)
    np.testing.assert_allclose(y.reshape(wanted.shape), close, atol=1e-6 * np.abs(close).max())


# Integer nets


@pytest.mark.parametrize("kind", ["static", "percentile", "entropy", "dynamic", "int4", "per tensor"])
def test_an_integer_net_answers_as_its_float_one(kind, trained, digits):
    train, test = digits
    ranges = {"percentile": convert.percentile(99.9), "entropy": convert.entropy()}
    options = {"weight_bits": 4} if kind == "int4" else {"per_channel": False} if kind == "per tensor" else {}
    calibrate = None if kind == "dynamic" else train.inputs[:200]
    net = convert.quantise(trained, calibrate, choose=ranges.get(kind, convert.min_max), **options)
    y, wanted = net(test.inputs), trained(test.inputs).data
    error = np.sqrt(np.mean(np.square(y - wanted)) / np.mean(np.square(wanted)))
    assert error < (0.25 if kind == "int4" else 0.12 if kind == "entropy" else 0.03)
    assert accuracy(net, test) > accuracy(trained, test) - (0.03 if kind == "int4" else 0.012)
    bits = 4 if kind == "int4" else 8
    assert net.weight_bytes < (72 + 864 + 480) * bits / 8 + 8 * 2 * 30


def test_the_integers_are_those_of_the_grid(rng):
    """One Linear, by hand: round the input, round the weights, sum integers, scale back."""
    layer = sn.Linear(5, 3, seed=0)
    x = rng.normal(size=(4, 5)).astype(np.float32)
    y = convert.quantise(sn.Sequential(layer), x)(x)
    scale, zero = convert.grid_of(x.min(), x.max(), 8, False)
    q = np.clip(np.rint(x / np.float32(scale)) + zero, 0, 255)
    w = convert.quantise_weights(layer.weight.data, axis=1)
    sums = (q - zero) @ w.integers
    np.testing.assert_allclose(y, sums * scale * w.scale.ravel() + layer.bias.data, rtol=1e-4, atol=1e-5)


def test_ranges_of_nothing_but_0_are_no_error(rng):
    net = sn.Sequential(sn.Linear(4, 3, seed=0))
    net.layers[0].weight.data[:, 1], net.layers[0].bias.data[...] = 0, (0.5, -0.25, 2)
    x = rng.random((6, 4), np.float32) * 2
    assert (convert.quantise(net, x)(x)[:, 1] == -0.25).all()
    never_seen = convert.quantise(net, np.zeros((3, 4)))  # rounded within [0, 1]
    assert np.abs(never_seen(x) - net(np.minimum(x, 1)).data).max() < 0.01


def test_quantise_refuses(trained):
    with pytest.raises(ValueError, match=r"quantise: expected calibration data \(samples, ...\), at least one, got"):
        convert.quantise(trained, np.zeros((0, 64), np.float32))
    with pytest.raises(TypeError, match="quantise: no integer form is known of LIF"):
        convert.quantise(sn.Sequential(sn.Linear(2, 2), sn.LIF()))
    with pytest.raises(ValueError, match="quantise: expected a net with at least one Linear or convolution"):
        convert.quantise(sn.Sequential(sn.ReLU()))
    with pytest.raises(ValueError, match="bits: expected at most 8, got 9"):
        convert.quantise(sn.Sequential(sn.Linear(2, 2)), weight_bits=9)
    with pytest.raises(TypeError, match="quantise: per_channel: expected True or False, got 'yes'"):
        convert.quantise(sn.Sequential(sn.Linear(2, 2)), per_channel="yes")
    net = convert.quantise(sn.Sequential(sn.Linear(2, 2)))
    with pytest.raises(ValueError, match=r"Linear\(2, 2\): expected input \(..., 2\), got \(1, 3\)"):
        net(np.zeros((1, 3)))
    with pytest.raises(ValueError, match="IntegerNet: expected finite input"):
        net(np.full((1, 2), np.nan))
    assert net(np.zeros((0, 2))).shape == (0, 2)


def test_training_under_rounding_recovers_few_bits(digits):
    train, test = digits
    net = sn.Sequential(sn.Linear(64, 32, seed=0), sn.ReLU(), sn.Linear(32, 10, seed=1))
    fit = {"loss": sn.loss.cross_entropy, "progress": False, "epochs": 8}
    sn.fit(net, train, optimiser=sn.optim.Adam(5e-3), **fit)
    rounded = convert.with_qdq(net, weight_bits=2)
    sn.fit(rounded, train, optimiser=sn.optim.Adam(1e-9), **(fit | {"epochs": 1}))  # only the ranges of activations
    before = accuracy(lambda x: rounded(x).data, test)
    sn.fit(rounded, train, optimiser=sn.optim.Adam(2e-3), **fit)
    after = accuracy(lambda x: rounded(x).data, test)
    assert after > before + 0.05
    assert after > 0.9
    values = np.unique(np.round(convert.quantise_weights(net.layers[0].weight.data, bits=2, axis=1).integers))
    assert set(values) <= {-1, 0, 1}


def test_rounding_of_a_norm_folded_is_that_of_the_integers(rng):
    """Trained under rounding and quantised are the same, also with one grid for weights of very different norms."""
    net = sn.Sequential(sn.Sequential(sn.Linear(6, 8, seed=0)), sn.BatchNorm(8), sn.ReLU(), sn.Linear(8, 3, seed=1))
    norm, x = net.layers[1], rng.random((50, 6)).astype(np.float32)
    norm.weight.data[...] = [4, -1, 0.1, 0, 2, -3, 1, 0.5]
    norm.running_var.data[...] = rng.random(8) * 4 + 0.1
    for options in ({"per_channel": False}, {}):
        rounded = convert.with_qdq(net, weight_bits=2, **options)
        exact = convert.quantise(net, weight_bits=2, **options)(x)
        assert np.square(rounded(x).data - exact).mean() < 0.01**2 * np.square(exact).mean(), "that of 8-bit inputs"


def test_rounding_reaches_every_connection_or_says_which_it_does_not():
    net = sn.models.resnet((1, 8, 8), 3, widths=(4, 6), seed=0)
    rounded = convert.with_qdq(net)
    n = sum(p.ndim > 1 for p in net.parameters().values())
    assert repr(rounded).count("QdqConnection") == n == 7
    assert {id(p) for p in net.parameters().values()} <= {id(p) for p in rounded.parameters().values()}
    with pytest.raises(TypeError, match=r"with_qdq: no integer form is known of ConvTranspose2d.* would stay float"):
        convert.with_qdq(sn.Sequential(sn.Residual(sn.ConvTranspose2d(1, 1, 3))))


def test_branches_are_in_integers_too_and_what_would_stay_float_is_refused(rng):
    net, x = sn.models.resnet((1, 8, 8), 3, widths=(4, 6), seed=0), rng.random((40, 64)).astype(np.float32)
    y, exact = convert.quantise(net, x), net(x).data
    assert np.square(y(x) - exact).mean() < 0.03**2 * np.square(exact).mean()
    n = sum(p.data.size for p in net.parameters().values() if p.ndim > 1)
    assert n < y.weight_bytes < n + 8 * 50, "a scale and a bias for each output"
    whole = sn.Sequential(sn.Linear(4, 4, seed=0), sn.Residual(sn.Linear(4, 4, seed=1), sn.PReLU(4)))
    some = rng.random((9, 4)).astype(np.float32)
    np.testing.assert_allclose(convert.quantise(whole, some)(some), whole(some).data, atol=0.03)
    assert convert.quantise(whole).weight_bytes == 2 * (16 + 8 * 4) + 4 * 4
    for layer in (sn.ConvTranspose2d(1, 1, 3), sn.MultiHeadAttention(4, 2), sn.Maxout(4, 4, 2), sn.ComplexLinear(4, 4)):
        with pytest.raises(TypeError, match=rf"quantise: no integer form is known of {layer.kind}.* would stay float"):
            convert.quantise(sn.Sequential(sn.Linear(4, 4), sn.Residual(layer)))


def test_imaginary_parts_are_not_lost_without_a_word():
    layer, x = sn.Linear(2, 2, seed=0), np.ones((3, 2))
    net = sn.Sequential(layer, sn.ReLU())
    for name, make in (("quantise", convert.quantise), ("to_spiking", convert.to_spiking)):
        with pytest.raises(TypeError, match=f"{name}: calibrate: expected real numbers, got complex ones"):
            make(net, x + 1j)
    layer.weight.data = layer.weight.data.astype(np.complex64)
    for name, make in (("quantise", convert.quantise), ("to_spiking", convert.to_spiking)):
        with pytest.raises(TypeError, match=rf"{name}: expected real weights, 'weight' of Linear\(2, 2\) is complex64"):
            make(net, x)
    with pytest.raises(TypeError, match="IntegerNet: expected real numbers, got complex ones"):
        convert.quantise(sn.Sequential(sn.Linear(2, 2)))(x + 1j)
    with pytest.raises(TypeError, match="QdqConnection: expected real weights"):
        convert.with_qdq(net)


def test_bytes_of_levels_are_those_of_packed_ones(rng):
    w = rng.normal(size=(6, 5))
    assert convert.quantise_weights(w, bits=4, axis=1).stored_bytes == 15 + 4 * 5
    assert convert.quantise_weights(w, bits=4, axis=1, symmetric=False).stored_bytes == 15 + 4 * 5 + 5
    with pytest.raises(ValueError, match=r"quantise_weights: weight: expected at least one number, got shape \(0, 3\)"):
        convert.quantise_weights(np.zeros((0, 3)))


# Pruning


def test_magnitude_pruning_takes_the_smallest():
    net = sn.Sequential(sn.Linear(20, 10, seed=0), sn.ReLU(), sn.Linear(10, 5, seed=1))
    sizes = np.abs(np.concatenate([p.data.ravel() for p in convert.weights_of(net).values()]))
    convert.prune(net, 0.6)
    left = np.concatenate([p.data.ravel() for p in convert.weights_of(net).values()])
    assert convert.sparsity(net) == pytest.approx(0.6, abs=0.01)
    assert np.abs(left[left != 0]).min() >= np.quantile(sizes, 0.59)
    taken = convert.prune(net, 0.8, together=False)
    assert all(share == pytest.approx(0.8, abs=0.03) for share in taken.values())


def test_pruned_weights_stay_0_while_others_learn(rng):
    net = sn.Sequential(sn.Linear(8, 6, seed=0), sn.ReLU(), sn.Linear(6, 2, seed=1))
    convert.prune(net, 0.5)
    zero = {name: p.data == 0 for name, p in convert.weights_of(net).items()}
    x, labels = rng.random((64, 8)).astype(np.float32), rng.integers(0, 2, 64)
    sn.fit(net, (x, labels), loss=sn.loss.cross_entropy, optimiser=sn.optim.Adam(1e-2), epochs=3, progress=False)
    for name, p in convert.weights_of(net).items():
        assert not p.data[zero[name]].any()
        assert (p.data[~zero[name]] != 0).all()


def test_a_schedule_prunes_step_by_step(digits):
    train, test = digits
    net = sn.Sequential(sn.Linear(64, 128, seed=0), sn.ReLU(), sn.Linear(128, 10, seed=1))
    shares = convert.cubic(0.9, 10)
    assert shares(0) == 0
    assert shares(10) == shares(20) == pytest.approx(0.9)
    assert shares(1) > 0.9 / 10, "fast at first"
    sn.fit(
        net, train, loss=sn.loss.cross_entropy, optimiser=sn.optim.Adam(5e-3), epochs=14, progress=False,
        callbacks=[convert.Gradually(net, shares)],
    )  # fmt: skip
    assert convert.sparsity(net) == pytest.approx(0.9, abs=0.01)
    assert accuracy(lambda x: net(x).data, test) > 0.93


def test_movement_scores_tell_where_weights_go():
    net = sn.Linear(2, 1, bias=False)
    net.weight.data[...] = [[1.0], [0.2]]
    movement = convert.Movement(sn.optim.SGD(0.01))
    state, params = movement.start(net.parameters()), net.parameters()
    for _ in range(5):  # the large weight shrinks, the small one grows
        net.weight.grad = np.array([[1.0], [-1.0]], np.float32)
        state = movement.step(params, state)
    scores = movement.scores["weight"]
    assert scores[0] < 0 < scores[1]
    convert.prune(net, 0.5, scores=movement.scores)
    assert net.weight.data[0] == 0 != net.weight.data[1]


def test_whole_channels_are_pruned():
    net = sn.Sequential(sn.Conv2d(2, 8, 3, seed=0), sn.ReLU(), sn.Flatten(3), sn.Linear(8, 4, seed=1))
    convert.prune_channels(net, 0.5)
    conv = net.layers[0]
    silent = ~conv.weight.data.any(axis=(1, 2, 3))
    assert silent.sum() == 4
    assert not conv.bias.data[silent].any()
    assert net.layers[3].weight.data.all()


def test_pruning_everything_is_refused():
    net = sn.Sequential(sn.Linear(4, 3, seed=0))
    with pytest.raises(ValueError, match="prune: share: expected less than 1; pruning everything leaves no net"):
        convert.prune(net, 1.0)
    with pytest.raises(ValueError, match=r"prune: share 0.99 would leave nothing of '0\.weight'"):
        convert.prune(net, 0.99)
    with pytest.raises(ValueError, match=r"prune: expected scores \(4, 3\) of '0.weight', got \(2,\)"):
        convert.prune(net, 0.5, scores={"0.weight": np.ones(2)})
    with pytest.raises(ValueError, match=r"prune: expected scores of '0\.weight'; \['0\.weight'\] are missing"):
        convert.prune(net, 0.5, scores={})
    assert convert.sparsity(net) == 0, "what is refused prunes nothing"


def test_of_equal_weights_as_many_go_as_asked_for():
    net = sn.Sequential(sn.Linear(4, 5), sn.Linear(5, 2))
    for layer in net.layers:
        layer.weight.data[...] = 1
    assert convert.prune(net, 0.4) == {"0.weight": 12 / 20, "1.weight": 0}
    assert convert.prune(net, 0.5, together=False) == {"0.weight": 12 / 20, "1.weight": 0.5}


def test_deep_r_keeps_its_number_of_connections(digits):
    train, test = digits
    net = sn.Sequential(sn.Linear(64, 100, seed=0), sn.ReLU(), sn.Linear(100, 10, seed=1))
    rule = convert.DeepR(learning_rate=0.5, density=0.1)
    wired = []

    def watch(record):
        wired.append(net.layers[0].weight.data != 0)

    sn.fit(net, train, loss=sn.loss.cross_entropy, optimiser=rule, epochs=15, progress=False, callbacks=[watch])
    assert {int(w.sum()) for w in wired} == {640}
    assert (wired[0] & ~wired[-1]).sum() > 10, "some went, others came"
    assert accuracy(lambda x: net(x).data, test) > 0.85
    with pytest.raises(ValueError, match="DeepR: density: expected a number between 0 and 1, got 1"):
        convert.DeepR(density=1.0)


# Sparse formats


@pytest.mark.parametrize("form", [convert.csr, convert.blocks], ids=["CSR", "blocks"])
@pytest.mark.parametrize(("n_in", "n_out"), [(20, 12), (7, 5), (16, 8)])
def test_sparse_formats_give_the_dense_product(form, n_in, n_out, rng):
    layer = sn.Linear(n_in, n_out, seed=0)
    layer.weight.data[rng.random((n_in, n_out)) < 0.8] = 0
    layer.weight.data[:, 1] = 0
    x = rng.normal(size=(9, n_in)).astype(np.float32)
    made = form(layer)
    np.testing.assert_allclose(made(x), layer(x).data, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match=rf"expected input \(batch, {n_in}\), got \(9, {n_in + 1}\)"):
        made(np.ones((9, n_in + 1), np.float32))
    with pytest.raises(ValueError, match="expected finite input, got nan at index"):
        made(np.full((9, n_in), np.nan))
    with pytest.raises(TypeError, match="expected real input, got complex64"):
        made(np.ones((9, n_in), np.complex64))


def test_sparse_formats_are_small():
    layer = sn.Linear(256, 256, seed=0)
    layer.weight.data[64:] = 0
    assert convert.blocks(layer).stored_bytes < 0.3 * layer.weight.data.nbytes
    assert convert.csr(layer).stored_bytes < 0.6 * layer.weight.data.nbytes
    assert 0 <= convert.crossover(64, 64, 32) <= 1
    assert 0 <= convert.crossover(64, 64, 32, form=convert.blocks, block=8) <= 1


# To spikes


@pytest.mark.parametrize("per_channel", [False, True])
def test_rates_approach_activations(per_channel, trained, digits):
    train, test = digits
    made = convert.to_spiking(trained, train.inputs[:300], per_channel=per_channel)
    early, late = (convert.losses(trained, made, test.inputs[:100], steps) for steps in (16, 128))
    assert len(late) == 2
    assert all(b.rate_error < a.rate_error for a, b in zip(early, late, strict=True))
    assert max(one.rate_error for one in late) < 0.1
    assert convert.worst(early) in early
    curve = convert.accuracy_by_steps(made.net, test.inputs, test.labels, 64)
    assert curve[-1] >= accuracy(lambda x: trained(x).data, test) - 0.01
    assert curve[-1] > curve[0]


def _grouped(groups):
    layers = sn.Conv2d(12, 24, 3, seed=1, groups=groups), sn.ReLU(), sn.AvgPool2d(2), sn.Flatten(3)
    return sn.Sequential(sn.Conv2d(2, 12, 3, seed=0), sn.ReLU(), *layers, sn.Linear(24, 3, seed=2)), (2, 6, 6)


@pytest.mark.parametrize(
    ("net", "shape"),
    [
        _grouped(4),
        _grouped(12),
        (sn.Sequential(sn.Linear(5, 16, seed=0), sn.ReLU(), sn.Unflatten((4, 2, 2)),
                       sn.Conv2d(4, 4, 2, seed=1), sn.ReLU(), sn.Flatten(3), sn.Linear(4, 3, seed=2)), (5,)),
        (sn.Sequential(sn.Conv2d(2, 4, 3, seed=0), sn.Flatten(3), sn.ReLU(), sn.Linear(64, 3, seed=2)), (2, 6, 6)),
        (sn.Sequential(sn.Linear(5, 8, seed=0), sn.ReLU(), sn.Flatten(2), sn.Linear(24, 3, seed=1)), (3, 5)),
    ],
    ids=["groups", "depthwise", "unflatten", "flatten before its rectifier", "several places"],
)  # fmt: skip
def test_scales_of_channels_go_through_groups_and_shapes(net, shape, rng):
    x = rng.random((10, *shape)).astype(np.float32)
    spiking = convert.to_spiking(net, x, percent=100, per_channel=True)
    y = spiking.net(np.broadcast_to(x, (800, *x.shape))).data.mean(axis=0)
    np.testing.assert_allclose(y, net(x).data, atol=0.02)
    assert max(one.rate_error for one in convert.losses(net, spiking, x, 100)) < 0.1
    assert all(s.size > 1 for s in spiking.scales)


def test_a_linear_over_channels_of_several_scales_is_refused(rng):
    net = sn.Sequential(sn.Conv2d(2, 4, 3, seed=0), sn.ReLU(), sn.Linear(4, 3, seed=1))
    x = rng.random((5, 2, 6, 6))
    convert.to_spiking(net, x)
    with pytest.raises(TypeError, match=r"to_spiking: per_channel: Linear\(4, 3\) weighs numbers of several scales"):
        convert.to_spiking(net, x, per_channel=True)


def test_without_pooling_the_rate_is_the_activation_to_half_a_spike(rng):
    """One layer, from half the threshold: |rate - activation| <= 1 / (2 steps) while nothing saturates."""
    net = sn.Sequential(sn.Linear(6, 40, seed=0), sn.ReLU(), sn.Linear(40, 3, seed=1))
    x = rng.random((20, 6)).astype(np.float32)
    made = convert.to_spiking(net, x, percent=100)
    activation = np.maximum(net.layers[0](x).data, 0) / made.scales[0]
    for steps in (8, 32):
        held = np.broadcast_to(x, (steps, *x.shape))
        rate = made.net.layers[1](made.net.layers[0](held)).data.mean(axis=0)
        assert np.abs(rate - activation).max() <= 0.5 / steps + 1e-4
    before = convert.to_spiking(net, x, percent=100, start=0.0)
    rate = before.net.layers[1](before.net.layers[0](held)).data.mean(axis=0)
    assert (rate <= activation + 1e-4).all(), "from 0 it always rounds down"


def test_qcfs_is_what_neurons_say_after_as_many_steps(digits):
    """Trained with 8 levels, read after 8 steps: next to nothing is lost."""
    train, test = digits
    layers = sn.Linear(64, 64, seed=0), sn.QCFS(8), sn.Linear(64, 48, seed=1), sn.QCFS(8), sn.Linear(48, 10, seed=2)
    net = sn.Sequential(*layers)
    sn.fit(net, train, loss=sn.loss.cross_entropy, optimiser=sn.optim.Adam(5e-3), epochs=10, progress=False)
    made = convert.to_spiking(net, train.inputs[:300])
    curve = convert.accuracy_by_steps(made.net, test.inputs, test.labels, 8)
    assert curve[7] > accuracy(lambda x: net(x).data, test) - 0.015
    assert [float(s[0]) for s in made.scales] == [float(layers[k].weights["threshold"].data) for k in (1, 3)]


def test_qcfs_by_hand():
    layer = sn.QCFS(4, threshold=2.0)
    x = Tensor(np.array([-1.0, 0.2, 0.3, 1.1, 1.9, 5.0], np.float32), requires_grad=True)
    y = layer(x)
    np.testing.assert_allclose(y.data, [0, 0, 0.5, 1.0, 2.0, 2.0])
    y.backward(np.ones(6, np.float32))
    assert x.grad.tolist() == [0, 1, 1, 1, 1, 0]
    share = np.array([0.4, 0.6, 2.2, 3.8])
    expected = ((np.floor(share + 0.5) - share) / 4).sum() + 1
    assert layer.weights["threshold"].grad == pytest.approx(expected, rel=1e-5)


def test_the_maximum_of_rates_goes_through(rng):
    rates = np.array([[0.9, 0.1], [0.3, 0.5]])
    spikes = (rng.random((400, 1, 1, 2, 2)) < rates).astype(np.float32)
    layer = sn.SpikingMaxPool2d(2)
    assert layer(spikes).data.mean() == pytest.approx(0.9, abs=0.05)
    whole, _ = layer.run(spikes)
    head, state = layer.run(spikes[:150])
    tail, _ = layer.run(spikes[150:], state)
    np.testing.assert_array_equal(whole.data, np.concatenate([head.data, tail.data]))
    with pytest.raises(ValueError, match="SpikingMaxPool2d: expected spikes"):
        layer(spikes[..., :1])


def test_a_maximum_before_its_rectifier_is_taken_behind_it(rng):
    """Conv, maximum, ReLU is the same function as Conv, ReLU, maximum, and so is what is made of it."""
    conv, x = sn.Conv2d(1, 3, 3, seed=0), rng.random((20, 1, 8, 8)).astype(np.float32)
    before, behind = (
        convert.to_spiking(sn.Sequential(conv, *pair, sn.Flatten(3), sn.Linear(27, 4, seed=1)), x)
        for pair in ((sn.MaxPool2d(2), sn.ReLU()), (sn.ReLU(), sn.MaxPool2d(2)))
    )
    held = np.broadcast_to(x, (40, *x.shape))
    np.testing.assert_array_equal(before.net(held).data, behind.net(held).data)


def test_a_mean_before_its_rectifier_is_one_of_currents(rng):
    net = sn.Sequential(sn.Conv2d(1, 3, 3, seed=0), sn.AvgPool2d(2), sn.ReLU(), sn.Flatten(3), sn.Linear(27, 4, seed=1))
    x = rng.random((20, 1, 8, 8)).astype(np.float32)
    spiking = convert.to_spiking(net, x, percent=100)
    y = spiking.net(np.broadcast_to(x, (400, *x.shape))).data.mean(axis=0)
    np.testing.assert_allclose(y, net(x).data, atol=0.02)


def test_to_spiking_refuses(trained):
    x = np.ones((4, 6), np.float32)
    linear = sn.Linear(6, 6, seed=0)
    with pytest.raises(ValueError, match="to_spiking: expected calibration data"):
        convert.to_spiking(trained, np.zeros((0, 64)))
    with pytest.raises(TypeError, match="to_spiking: no spiking form of Tanh"):
        convert.to_spiking(sn.Sequential(linear, sn.Tanh()), x)
    silent = sn.Linear(6, 6)
    silent.bias.data[...] = -100
    with pytest.raises(ValueError, match="is silent on the calibration data"):
        convert.to_spiking(sn.Sequential(silent, sn.ReLU()), x)
    with pytest.raises(TypeError, match="to_spiking: a maximum needs square windows side by side"):
        convert.to_spiking(sn.Sequential(sn.Unflatten((1, 2, 3)), sn.MaxPool2d(2, stride=1)), x)
