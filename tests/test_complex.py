"""Complex numbers in the graph and in layers: gradients against differences in both parts, known identities."""

from __future__ import annotations

import numpy as np
import pytest

import spikenet as sn
from spikenet import graph
from spikenet.graph import Tensor, check_gradient


def in_parts(f):
    """f of a complex tensor as a real function of two real ones, both parts of the result side by side."""

    def g(u, v, *rest):
        y = f(graph.as_complex(u, v), *rest)
        return graph.stack([graph.real(y), graph.imag(y)])

    return g


OPERATIONS = {
    "multiply": lambda z: z * z * (1 + 2j),
    "divide": lambda z: (2 - 1j) / z,
    "mixed": lambda z: z * graph.real(z),
    "square": graph.square,
    "power": lambda z: z**3,
    "exp": graph.exp,
    "log": graph.log,
    "sqrt": graph.sqrt,
    "sin": graph.sin,
    "cos": graph.cos,
    "tanh": graph.tanh,
    "abs": graph.abs,
    "angle": graph.angle,
    "conj": lambda z: graph.conj(z) * z * 1j,
    "matmul": lambda z: z @ graph.conj(z).T,
    "vectors": lambda z: z[0] @ z[1],
    "einsum": lambda z: graph.einsum("ij,kj->ik", z, z * 1j),
    "sum": lambda z: z.sum(axis=0) * z.mean(),
    "concatenate": lambda z: graph.concatenate([z, z * 1j]),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_wirtinger_gradients(name, rng):
    check_gradient(in_parts(OPERATIONS[name]), rng.normal(1, 0.3, (2, 3)), rng.normal(0.5, 0.3, (2, 3)))


def test_the_gradient_points_uphill():
    """Of |z - c|^2: 2 (z - c)."""
    z = Tensor(np.array(1 + 2j), requires_grad=True)
    graph.square(graph.abs(z - (3 - 1j))).backward()
    assert z.grad == pytest.approx(2 * (1 + 2j - (3 - 1j)))


def test_a_real_operand_gets_a_real_gradient():
    x = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    graph.real((x * (1 + 2j)).sum()).backward()
    assert x.grad.dtype == np.float64
    np.testing.assert_allclose(x.grad, [1, 1])
    with pytest.raises(TypeError, match="as_complex: expected two real tensors, got complex128 and float64"):
        graph.as_complex(np.ones(2) * 1j, np.ones(2))


def test_complex_linear_is_the_complex_product(rng):
    layer, x = (
        sn.cast(sn.ComplexLinear(3, 2, seed=0), np.float64),
        rng.normal(size=(4, 3)) + 1j * rng.normal(size=(4, 3)),
    )
    w = layer.weights
    w["bias_imag"].data[...] = 0.5
    expected = x @ (w["weight_real"].data + 1j * w["weight_imag"].data) + 0.5j
    np.testing.assert_allclose(layer(x).data, expected)
    names = list(w)

    def f(z, *values):
        return layer.function(z, dict(zip(names, values, strict=True)), None)

    check_gradient(in_parts(f), x.real, x.imag, *(p.data for p in w.values()))


def test_complex_convolution_is_made_of_real_ones(rng):
    layer = sn.cast(sn.ComplexConv2d(2, 3, 3, stride=2, padding=1, seed=0), np.float64)
    real, imag = (sn.cast(sn.Conv2d(2, 3, 3, stride=2, padding=1, bias=False), np.float64) for _ in range(2))
    real.weight.data, imag.weight.data = layer.weights["weight_real"].data, layer.weights["weight_imag"].data
    u, v = rng.normal(size=(2, 2, 5, 5)), rng.normal(size=(2, 2, 5, 5))
    expected = real(u).data - imag(v).data + 1j * (real(v).data + imag(u).data)
    np.testing.assert_allclose(layer(u + 1j * v).data, expected)
    check_gradient(in_parts(layer), u[:1, :, :3, :3], v[:1, :, :3, :3])


ACTIVATIONS = {
    "ModReLU": lambda: biased(sn.ModReLU(3)),
    "ZReLU": sn.ZReLU,
    "Cardioid": sn.Cardioid,
    "SplitReLU": sn.SplitReLU,
    "SplitTanh": sn.SplitTanh,
    "Magnitude": sn.Magnitude,
}


def biased(layer):
    layer.weights["bias"].data[...] = [-0.3, 0.2, -5.0]
    return sn.cast(layer, np.float64)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_gradients(name, rng):
    check_gradient(in_parts(ACTIVATIONS[name]()), rng.normal(size=(4, 3)), rng.normal(size=(4, 3)))


def test_activations_by_their_definitions():
    z = np.array([3 + 4j, -3 + 4j, 3 - 4j])
    np.testing.assert_allclose(biased(sn.ModReLU(3))(z).data, [z[0] * 4.7 / 5, z[1] * 5.2 / 5, 0])
    np.testing.assert_allclose(sn.ZReLU()(z).data, [z[0], 0, 0])
    np.testing.assert_allclose(sn.Cardioid()(z).data, z * [0.8, 0.2, 0.8])
    np.testing.assert_allclose(sn.SplitReLU()(z).data, [3 + 4j, 4j, 3])
    np.testing.assert_allclose(sn.Magnitude()(z).data, 5)
    assert np.isfinite(sn.ModReLU(2)(np.zeros(2, np.complex64)).data).all()
    assert np.isfinite(sn.Cardioid()(np.zeros(2, np.complex64)).data).all()
    with pytest.raises(TypeError, match="ZReLU: expected complex input, got float32"):
        sn.ZReLU()([1.0])


def test_mod_relu_and_cardioid_turn_with_their_input(rng):
    """Equivariance: turning the input's phase turns modReLU's output by as much; the cardioid's size changes."""
    z, turn = rng.normal(size=5) + 1j * rng.normal(size=5), np.exp(0.7j)
    layer = sn.ModReLU(5)
    np.testing.assert_allclose(layer(z * turn).data, layer(z).data * turn, rtol=1e-6)


def test_complex_batch_norm_whitens(rng):
    layer = sn.cast(sn.ComplexBatchNorm(2), np.float64)
    u = rng.normal(3, 2, (500, 2))
    x = u + 1j * (0.8 * u + rng.normal(size=(500, 2)))
    training = sn.Training(rng)
    y = layer(x, training=training).data
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-9)
    for k in range(2):
        np.testing.assert_allclose(np.cov(y[:, k].real, y[:, k].imag, bias=True), 0.5 * np.eye(2), atol=1e-4)
    before = layer.running_cov.data.copy()
    training.settle()
    assert not np.array_equal(before, layer.running_cov.data)
    assert np.isfinite(layer(x).data).all()
    check_gradient(in_parts(lambda z: layer(z, training=sn.Training(rng))), u[:6], rng.normal(size=(6, 2)))
    with pytest.raises(ValueError, match="ComplexBatchNorm: expected at least two numbers a channel"):
        layer(x[:1], training=training)


def test_quaternions_multiply_by_hamiltons_rules():
    """i j = k, j k = i, k i = j, i i = -1."""
    layer = sn.QuaternionLinear(1, 1)
    one, i, j, k = np.eye(4)
    for left, right, product in ((i, j, k), (j, k, i), (k, i, j), (i, i, -one), (j, i, -k), (one, k, k)):
        layer.weights["weight"].data[:, 0, 0] = right
        np.testing.assert_allclose(layer(left).data, product, atol=1e-7)


def test_quaternion_linear(rng):
    layer = sn.cast(sn.QuaternionLinear(2, 3, seed=0), np.float64)
    x, names = rng.normal(size=(4, 8)), list(layer.weights)
    check_gradient(
        lambda v, *values: layer.function(v, dict(zip(names, values, strict=True)), None),
        x, *(p.data for p in layer.weights.values()),
    )  # fmt: skip
    layer.weights["bias"].data[...] = 0
    sizes = np.square(layer(x).data.reshape(4, 4, 3)).sum(axis=1)
    single = sn.cast(sn.QuaternionLinear(1, 1, seed=0), np.float64)
    w, q = np.linalg.norm(single.weights["weight"].data), rng.normal(size=4)
    assert np.linalg.norm(single(q).data) == pytest.approx(w * np.linalg.norm(q)), "sizes multiply"
    assert sizes.shape == (4, 3)
    with pytest.raises(ValueError, match=r"QuaternionLinear: expected input \(..., 8\), got \(4, 7\)"):
        layer(np.ones((4, 7)))


def test_a_complex_net_learns_with_an_ordinary_optimiser(rng):
    """To undo a rotation by 90 degrees."""
    net = sn.ComplexLinear(1, 1, seed=0)
    x = (rng.normal(size=(64, 1)) + 1j * rng.normal(size=(64, 1))).astype(np.complex64)
    state = None
    for _ in range(300):
        loss = graph.square(graph.abs(net(x * 1j) - x)).mean()
        state = sn.train.descend(loss, net.parameters(), sn.optim.Adam(0.05), state)
    assert net.weights["weight_real"].item() == pytest.approx(0, abs=1e-2)
    assert net.weights["weight_imag"].item() == pytest.approx(-1, abs=1e-2)


def test_whole_complex_nets_are_checked_against_differences_of_both_parts(rng):
    x = rng.normal(size=(2, 4)) + 1j * rng.normal(size=(2, 4))
    first = sn.ComplexLinear(4, 3, seed=0)
    for net in (first, sn.Sequential(first, sn.Cardioid(), sn.Magnitude())):
        found = sn.check_gradient(net, x)
        assert {one.name.rpartition(".")[2] for one in found.parameters} >= {"input", "weight_real", "weight_imag"}
        assert all(one.error < 1e-6 for one in found.parameters)


@pytest.mark.parametrize("layer", [sn.ModReLU(4), sn.ZReLU(), sn.Cardioid(), sn.SplitReLU()], ids=lambda one: one.kind)
def test_activations_refuse_real_input(layer):
    with pytest.raises(TypeError, match="expected complex input, got float32"):
        layer(np.zeros((2, 4), np.float32))


@pytest.fixture(scope="module")
def turned():
    """Complex phasors, and the quarter of the circle that the first is in."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(120, 3)) + 1j * rng.normal(size=(120, 3))
    return x, (np.angle(x[:, 0]) // (np.pi / 2)).astype(np.int64) + 2


def phase_net():
    return sn.Sequential(
        sn.ComplexLinear(3, 12, seed=0), sn.ComplexBatchNorm(12), sn.ModReLU(12), sn.ComplexLinear(12, 4, seed=1),
        sn.Magnitude(),
    )  # fmt: skip


def test_fit_trains_complex_nets_on_complex_data(turned, tmp_path):
    """Complex data keep their imaginary part through fit, evaluate, a record of sn.data and a resumed run."""
    x, labels = turned
    asked = {"loss": sn.loss.cross_entropy, "optimiser": sn.optim.Adam(2e-2), "batch_size": 40, "progress": False}
    net, path = (
        sn.Sequential(sn.ComplexLinear(3, 12, seed=0), sn.SplitReLU(), sn.ComplexLinear(12, 4), sn.Magnitude()),
        (tmp_path / "run.npz"),
    )
    sn.fit(net, (x, labels), (x, labels), epochs=80, **asked)
    data = sn.data.arrays(x, labels)
    assert data.inputs.dtype == np.complex64
    found = sn.evaluate(net, data, loss=sn.loss.cross_entropy)
    assert found["accuracy"] > 0.9
    with sn.no_grad():
        right = (net(x.astype(np.complex64)).data.argmax(axis=-1) == labels).mean()
    assert found["accuracy"] == pytest.approx(right)
    assert sn.evaluate(net, (x.real, labels))["accuracy"] < 0.8, "the answer lies in both parts"
    once, halved, resumed = phase_net(), phase_net(), phase_net()
    sn.fit(once, data, epochs=3, **asked)
    sn.fit(halved, data, epochs=1, checkpoint=path, **asked)
    sn.fit(resumed, data, epochs=3, resume=path, **asked)
    for a, b in zip(once.parameters().values(), resumed.parameters().values(), strict=True):
        assert np.array_equal(a.data, b.data)
    assert sn.memory_estimate(net, data.inputs).input == x.size * 8


@pytest.mark.parametrize("loss", [sn.loss.mse, sn.loss.l1, sn.loss.huber], ids=lambda f: f.__name__)
def test_losses_of_complex_values(loss, turned, rng):
    """Means of functions of |d|, whose gradient points along d."""
    x, y = turned[0][:8], turned[0][8:16] * 1.5
    d = np.abs(x - y)
    expected = {"mse": d**2, "l1": d, "huber": np.where(d <= 1, d**2 / 2, d - 0.5)}[loss.__name__]
    assert loss(x, y).item() == pytest.approx(expected.mean(), rel=1e-12)
    check_gradient(lambda z: loss(z, y), x)
    net, wanted = sn.ComplexLinear(3, 2, seed=0), rng.normal(size=(3, 2)) + 1j * rng.normal(size=(3, 2))
    measured = [sn.metrics.mean_squared_error]
    history = sn.fit(
        net, (turned[0], turned[0] @ wanted), loss=loss, optimiser=sn.optim.Adam(5e-2), epochs=40, metrics=measured,
        progress=False,
    )  # fmt: skip
    assert history.epochs[-1].train["mean_squared_error"] < 1e-2


def test_complex_data_where_real_ones_are_meant_are_refused(turned):
    x, labels = turned
    broken = x.copy()
    broken[7, 1] = complex(0, np.inf)  # its real part is nowhere near the largest
    with pytest.raises(ValueError, match=r"data: inputs: expected finite values, got infj at index \(7, 1\)"):
        sn.evaluate(phase_net(), (broken, labels))
    with pytest.raises(TypeError, match=r"cross_entropy: expected real outputs, got complex64; Magnitude\(\)"):
        sn.evaluate(sn.ComplexLinear(3, 4), (x, labels), loss=sn.loss.cross_entropy)
    with pytest.raises(TypeError, match="mse: expected target numbers for outputs of float32, got dtype complex128"):
        sn.evaluate(phase_net(), (x, np.tile(x, 2)[:, :4]), loss=sn.loss.mse)
    with pytest.raises(TypeError, match="Constant: expected an array of real numbers, got complex64"):
        sn.evaluate(phase_net(), (x, labels), encode=sn.encode.Constant(2))
