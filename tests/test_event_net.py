"""EventProp: spike times against an ODE solver and the layers' own steps, gradients against differences of times."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import spikenet as sn
from spikenet.learning import EventNet, EventProp, FirstTimes, maximum, mean_membrane

END = 0.04
NETS = {  # readout of spikes or of a membrane, currents that are held or decay, equal and different time constants
    "CubaLIF-LI": (sn.CubaLIF(tau_mem_s=10e-3, tau_syn_s=4e-3), sn.LI(tau_mem_s=15e-3), 0.3, 3.0),
    "LIF-LIF": (sn.LIF(tau_mem_s=10e-3), sn.LIF(tau_mem_s=8e-3), 3.0, 3.0),
    "equal taus": (
        sn.CubaLIF(tau_mem_s=10e-3, tau_syn_s=10e-3),
        sn.CubaLIF(tau_mem_s=8e-3, tau_syn_s=5e-3, reset=sn.reset.to_value, reset_value=-0.3),
        0.3,
        0.3,
    ),
    "LIF-LI": (sn.LIF(tau_mem_s=10e-3), sn.LI(), 3.0, 3.0),
}


def net(name, rng, scale=1.0):
    first, last, a, b = NETS[name]
    made = sn.cast(sn.Sequential(sn.Linear(5, 6, seed=rng), first, sn.Linear(6, 3, seed=rng), last), np.float64)
    for k, size in ((0, a), (2, b)):
        made.layers[k].weight.data = np.abs(made.layers[k].weight.data) * size * scale
        made.layers[k].bias.data = made.layers[k].bias.data * 0.02
    return made


@pytest.fixture
def times(rng):
    return np.sort(rng.uniform(0, END / 2, (2, 5, 3)), -1)


@pytest.mark.parametrize("name", NETS)
def test_gradients_are_those_of_differences_of_times(name, times, rng):
    """In input times, weights and biases, through all hidden spikes; asked for 1e-3, found below 2e-4."""
    made = net(name, rng)
    run = EventNet(made).at(times, END)
    assert run.grazing == 0
    assert run.layers[0].n_fired.sum() > 20
    factors = rng.normal(size=(3, 2, 3))

    def f(when, *weights):
        (made.layers[0].weight, made.layers[0].bias, made.layers[2].weight, made.layers[2].bias) = weights
        ran = EventNet(made).at(when, END)
        if made.layers[3].kind == "LI":
            return ran.mean * factors[1] + ran.maximum * factors[2]
        return ran.layers[-1].times[:, :, :2] * factors[0][..., None] * 100

    values = [p.data for p in made.parameters().values()]
    sn.check_gradient(f, times, *values, relative=1e-3, step=1e-7)


def loss_of(made, readout, times, labels):
    """The loss of the exact run, as a function of the weights alone."""
    run = EventNet(made).at(times, END)
    return sn.loss.cross_entropy(readout(run), labels).item()


@pytest.mark.parametrize("taus_s", [(10e-3, 10e-3), (10e-3, 4e-3)], ids=["equal taus", "different taus"])
@pytest.mark.parametrize("readout", [maximum, mean_membrane, FirstTimes(2e-3)], ids=["maximum", "mean", "first times"])
def test_gradients_of_losses_are_their_differences(taus_s, readout, times, rng):
    """First-spike, maximum and integral loss: dL/dw by the adjoint against L(w + h) - L(w - h) of exact runs."""
    tau_mem_s, tau_syn_s = taus_s
    cells = sn.CubaLIF(tau_mem_s=tau_mem_s, tau_syn_s=tau_syn_s)
    last = sn.CubaLIF(tau_mem_s=8e-3, tau_syn_s=5e-3) if isinstance(readout, FirstTimes) else sn.LI(tau_mem_s=15e-3)
    made = sn.cast(sn.Sequential(sn.Linear(5, 6, seed=rng), cells, sn.Linear(6, 3, seed=rng), last), np.float64)
    for k, size in ((0, 0.3), (2, 0.3 if last.kind == "CubaLIF" else 0.8)):
        made.layers[k].weight.data = np.abs(made.layers[k].weight.data) * size
        made.layers[k].bias.data = made.layers[k].bias.data * 0.02
    run = EventNet(made).at(times, END)
    assert run.grazing == 0
    assert run.layers[0].n_fired.min(axis=1).max() > 0
    labels = np.array([2, 0])
    sn.loss.cross_entropy(readout(run), labels).backward()
    for name, p in made.parameters().items():
        largest = np.abs(p.grad).max()
        assert largest > 0
        for index in [np.unravel_index(k, p.shape) for k in rng.permutation(p.data.size)[:4]]:
            centre, sides = p.data[index], []
            for side in (1e-6, -1e-6):
                p.data[index] = centre + side
                sides.append(loss_of(made, readout, times, labels))
            p.data[index] = centre
            slope = (sides[0] - sides[1]) / 2e-6
            assert p.grad[index] == pytest.approx(slope, rel=1e-3, abs=1e-3 * largest), name


def solved(made, k, arriving, sample, neuron):
    """Spike times of one neuron of layer k by a general ODE solver that stops at the threshold."""
    linear, cells = made.layers[k], made.layers[k + 1]
    taus, dt_s = cells.config(), 1e-3
    leak = np.exp(-dt_s / taus["tau_mem_s"])
    tau_syn = taus.get("tau_syn_s")
    if tau_syn is None:
        gamma, slow, held = 1 / (1 - leak), 0.0, dt_s
    else:
        slow, held = 1 / tau_syn, None
        syn = np.exp(-dt_s / tau_syn)
        gamma = (taus["tau_mem_s"] - tau_syn) / (tau_syn * (leak - syn))
    events = []
    for source, row in enumerate(arriving[sample]):
        for t in row[row < END]:
            w = linear.weight.data[source, neuron]
            events += [(t, w)] if held is None else [(t, w), (t + held, -w)]
    events = [*sorted(e for e in events if e[0] < END), (END, 0.0)]
    now, v, i, fired = 0.0, 0.0, 0.0, []

    def above(t, y):
        return y[0] - 1.0

    above.terminal, above.direction = True, 1
    for until, w in events:
        while now < until:
            found = solve_ivp(
                lambda t, y: ((-y[0] + gamma * y[1]) / taus["tau_mem_s"], -slow * y[1]), (now, until), (v, i),
                events=above, rtol=1e-10, atol=1e-12, max_step=2e-4,
            )  # fmt: skip
            now, (v, i) = found.t[-1], found.y[:, -1]
            if found.status == 1:
                fired.append(now)
                v = 0.0
        i += w
    return fired


@pytest.mark.parametrize("name", ["CubaLIF-LI", "LIF-LIF"])
def test_spike_times_are_those_of_the_differential_equation(name, times, rng):
    made = net(name, rng)
    for k in (0, 2):
        made.layers[k].bias.data[:] = 0
    run = EventNet(made).at(times, END)
    checked = 0
    for neuron in range(3):
        expected = solved(made, 0, times, 1, neuron)
        assert np.allclose(run.layers[0].times.data[1, neuron, : len(expected)], expected, atol=1e-9)
        assert run.layers[0].n_fired[1, neuron] == len(expected)
        checked += len(expected)
    assert checked > 5


@pytest.mark.parametrize("name", ["CubaLIF-LI", "LIF-LI"])
def test_without_spikes_membranes_are_those_of_the_steps(name, rng):
    """Below threshold the mean of membranes at the ends of steps lies near the exact mean; the maximum is not less."""
    first, _, _, _ = NETS[name]
    x = (rng.random((60, 2, 5)) < 0.2).astype(np.float64)
    made = sn.cast(sn.Sequential(sn.Linear(5, 4, seed=rng), sn.LI(tau_mem_s=10e-3)), np.float64)
    run = EventNet(made)(x)
    v = made(x).data
    assert np.allclose(run.mean.data, v.mean(axis=0), atol=0.1 * np.abs(v).max())
    assert np.allclose(run.maximum.data, np.maximum(v.max(axis=0), 0), atol=1e-9)  # extremes of LI lie at step ends
    hidden = sn.cast(sn.Sequential(sn.Linear(5, 4, seed=rng), first), np.float64)
    hidden.layers[0].weight.data *= 0.5
    steps = hidden(x).data
    run = EventNet(hidden)(x)
    for b, k in np.ndindex(2, 4):
        found = np.floor(run.layers[0].times.data[b, k, : run.layers[0].n_fired[b, k]] / 1e-3).astype(int)
        own = np.flatnonzero(steps[:, b, k])
        if len(own):  # up to the first spike nothing differs, and that falls into the step or the one before
            assert found[0] <= own[0]


def test_the_first_step_spike_is_the_steps_own(rng):
    """A CubaLIF's membrane at the ends of steps is exact: a neuron is above the threshold where the layer is."""
    x = np.zeros((30, 1, 1))
    x[[2, 5]] = 1
    made = sn.cast(sn.Sequential(sn.Linear(1, 1, bias=True), sn.CubaLIF(tau_mem_s=12e-3, tau_syn_s=3e-3)), np.float64)
    for weight in np.linspace(0.1, 0.6, 12):
        made.layers[0].weight.data[:] = weight
        made.layers[0].bias.data[:] = 0.004
        own = np.flatnonzero(made(x).data)
        run = EventNet(made)(x)
        fired = run.layers[0].times.data[0, 0, : run.layers[0].n_fired[0, 0]]
        if len(own):
            assert own[0] == np.floor(fired[0] / 1e-3) or (fired[0] < own[0] * 1e-3 < fired[0] + 3e-3)


def test_a_constant_current_gives_the_closed_form():
    """LIF with a bias alone: spikes every tau log(I / (I - threshold)), and the derivative of that."""
    made = sn.cast(sn.Sequential(sn.Linear(1, 1), sn.LIF(tau_mem_s=10e-3)), np.float64)
    made.layers[0].weight.data[:], made.layers[0].bias.data[:] = 0, 0.2
    size = 0.2 / (1 - np.exp(-0.1))
    run = EventNet(made).at(np.full((1, 1), np.inf), 0.05)
    period = 10e-3 * np.log(size / (size - 1))
    n = run.layers[0].n_fired.item()
    assert n == int(0.05 / period)
    assert np.allclose(run.layers[0].times.data[0, 0, :n], period * np.arange(1, n + 1), rtol=1e-12)
    run.layers[0].times[0, 0, 2].backward()
    slope = 10e-3 * (1 / size - 1 / (size - 1)) / (1 - np.exp(-0.1))
    assert made.layers[0].bias.grad[0] == pytest.approx(3 * slope, rel=1e-10)


@pytest.mark.parametrize(
    ("last", "readout", "offset", "size", "rate"),
    [
        (sn.LI(tau_mem_s=10e-3), maximum, 0.0, 2.0, 1e-2),
        (sn.LI(tau_mem_s=10e-3), mean_membrane, 0.0, 2.0, 1e-2),
        (sn.CubaLIF(), FirstTimes(2e-3), 0.06, 0.15, 2e-3),
    ],
    ids=["maximum", "mean", "first times"],
)
def test_fit_learns_digits_with_it(last, readout, offset, size, rate):
    """All three losses; spikes that come late carry little, so pixels come as latencies."""
    train = sn.data.digits(0)[0].take(np.arange(200))
    made = sn.Sequential(sn.Linear(64, 40, seed=0), sn.CubaLIF(tau_mem_s=20e-3), sn.Linear(40, 10, seed=1), last)
    for k, more, factor in ((0, 0.06, 0.25), (2, offset, size)):
        made.layers[k].weight.data = (made.layers[k].weight.data + np.float32(more)) * np.float32(factor)
        made.layers[k].bias.data[:] = 0
    history = sn.fit(
        made, train, loss=sn.loss.cross_entropy, optimiser=sn.optim.Adam(rate), epochs=6, batch_size=40,
        encode=sn.encode.LatencyLinear(20), rule=EventProp(readout), progress=False,
    )  # fmt: skip
    assert history.epochs[-1].train["accuracy"] > 0.45  # 0.1 is chance


def one_layer(**neurons):
    return sn.Sequential(sn.Linear(2, 2), sn.LIF(**neurons))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: EventNet(sn.Sequential(sn.Linear(2, 2))), TypeError, "expected Sequential"),
        (lambda: EventNet(sn.Sequential(sn.Linear(2, 2), sn.ReLU())), TypeError, "expected LIF, CubaLIF or LI"),
        (lambda: EventNet(sn.Sequential(sn.Linear(2, 2), sn.IF())), TypeError, "expected LIF, CubaLIF or LI"),
        (lambda: EventNet(sn.Sequential(sn.Linear(2, 2), sn.LIF(learn=("leak",)))), ValueError, "leave out learn"),
        (lambda: EventNet(one_layer(reset=sn.reset.no_reset)), ValueError, "choose a reset"),
        (lambda: EventNet(one_layer(semantics=sn.semantics.spyx)), ValueError, "own semantics, got those of spyx"),
        (lambda: EventNet(sn.Sequential(sn.Linear(2, 2), sn.LI(), sn.Linear(2, 2), sn.LI())), TypeError, "LI does not"),
        (
            lambda: EventNet(sn.Sequential(sn.Linear(2, 2), sn.LIF(dt_s=1e-3), sn.Linear(2, 2), sn.LIF(dt_s=1e-4))),
            ValueError, "one dt_s",
        ),
        (lambda: EventNet(sn.Sequential(sn.Linear(2, 2), sn.LIF()), most=0), ValueError, "most"),
        (lambda: EventNet(one_layer()).at(-np.ones((1, 2)), 1), ValueError, "got -1"),
        (lambda: EventNet(one_layer()).at(np.ones((1, 3)), 1), ValueError, "batch, 2"),
        (lambda: EventNet(one_layer()).at(np.ones((1, 2)), 0), ValueError, "end_s"),
        (lambda: EventProp("max"), TypeError, "readout"),
        (lambda: FirstTimes(0), ValueError, "tau_s"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_neuron_that_never_stops_is_named():
    made = sn.Sequential(sn.Linear(1, 2), sn.LIF())
    made.layers[0].bias.data[:] = 5
    with pytest.raises(ValueError, match="neuron 0 fires more than most=8 times in sample 0"):
        EventNet(made, most=8).at(np.zeros((1, 1)), 0.1)
    with pytest.raises(ValueError, match="expected LI as the last layer"):
        _ = EventNet(made).at(np.zeros((1, 1)), 0.01).maximum
