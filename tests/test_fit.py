"""Training: against a loop written out by hand, then property by property."""

import dataclasses
import os
import sys

import numpy as np
import pytest

from spikenet import data, encode, layers
from spikenet.graph import Tensor
from spikenet.train import EarlyStop, TrainingDiverged, evaluate, fit, loss, metrics, optim, regularise, streams


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def blobs(n=50, seed=0):
    """Three classes of points in the plane, well apart."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    centres = np.array([[0, 2], [2, -1], [-2, -1]])
    return data.arrays(centres[labels] + rng.normal(size=(n, 2)) * 0.4, labels, "blobs", classes=3)


def ann(seed=0):
    return layers.Sequential(layers.Linear(2, 16, seed=seed), layers.ReLU(), layers.Linear(16, 3, seed=seed + 1))


def snn(seed=0):
    return layers.Sequential(
        layers.Linear(2, 16, seed=seed),
        layers.LIF(tau_mem_s=5e-3, threshold=0.5),
        layers.Dropout(0.2),
        layers.Linear(16, 3, seed=seed + 1),
        layers.LI(),
    )


def train(net, samples=None, test=None, **changed):
    arguments = {
        "loss": loss.cross_entropy,
        "optimiser": optim.SGD(0.1),
        "epochs": 2,
        "batch_size": 16,
        "progress": False,
    }
    return fit(net, blobs() if samples is None else samples, test, **(arguments | changed))


def train_snn(net, test=None, **changed):
    return train(net, None, test, loss=loss.sum_membrane_cross_entropy, encode=encode.Constant(6), **changed)


def weights(net):
    return {name: p.data.copy() for name, p in net.parameters().items()}


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def test_equals_the_loop_written_out():
    net, twin, samples = ann(), ann(), blobs()
    train(net, samples, optimiser=optim.SGD(0.1, momentum=0.9), epochs=3, seed=5)
    velocity = dict.fromkeys(twin.parameters(), 0.0)
    for epoch in range(3):
        order = streams.order(5, epoch, 50)
        for rows in np.split(order, [16, 32, 48]):
            for p in twin.parameters().values():
                p.grad = None
            loss.cross_entropy(twin(samples.inputs[rows]), samples.labels[rows]).backward()
            for name, p in twin.parameters().items():
                velocity[name] = 0.9 * velocity[name] + p.grad
                p.data = p.data - 0.1 * velocity[name]
    for name, p in net.parameters().items():
        assert np.allclose(p.data, twin.parameters()[name].data, rtol=0, atol=1e-6)


def test_every_epoch_visits_every_sample_once_in_another_order():
    seen = []

    def noting(x, index, seed):
        seen.append(index)
        return np.broadcast_to(x, (2, *x.shape))

    train(snn(), loss=loss.sum_membrane_cross_entropy, encode=noting, epochs=2)
    _, *steps = seen  # the first is the rehearsal
    assert [len(rows) for rows in steps] == [16, 16, 16, 2] * 2  # what is left is used, not dropped
    first, second = np.concatenate(steps[:4]), np.concatenate(steps[4:])
    assert sorted(first) == sorted(second) == list(range(50))
    assert not np.array_equal(first, second)


def test_training_spikes_change_every_epoch_and_test_spikes_never():
    calls = []

    def noting(x, index, seed):
        calls.append((seed, tuple(index)))
        return np.broadcast_to(x, (2, *x.shape))

    train(snn(), None, blobs(20), loss=loss.sum_membrane_cross_entropy, encode=noting, epochs=3, batch_size=50, seed=4)
    learnt, tested = [c for c in calls if len(c[1]) == 50][1:], [c for c in calls if len(c[1]) == 20][1:]
    assert len({seed for seed, _ in learnt}) == 3
    assert {seed for seed, _ in tested} == {4}
    assert all(index == tuple(range(20)) for _, index in tested)


def test_the_seed_decides_everything():
    nets = [snn() for _ in range(3)]
    histories = [train_snn(net, blobs(20, 1), seed=seed) for net, seed in zip(nets, (7, 7, 8), strict=True)]
    assert same(weights(nets[0]), weights(nets[1]))
    assert histories[0] == histories[1]
    assert not same(weights(nets[0]), weights(nets[2]))


def test_no_gradients_stay_behind_and_old_ones_do_not_count():
    net, twin = ann(), ann()
    for p in twin.parameters().values():
        p.grad = np.ones_like(p.data)
    train(net)
    train(twin)
    assert same(weights(net), weights(twin))
    assert all(p.grad is None for p in net.parameters().values())


def test_inputs_are_not_changed():
    samples = blobs()
    samples.inputs.flags.writeable = samples.labels.flags.writeable = False
    train(ann(), samples, samples)


def test_a_mean_weighs_samples_alike_whatever_the_batches():
    net, samples = ann(), blobs()
    expected = evaluate(net, samples, loss=loss.cross_entropy, batch_size=50)
    y = net(samples.inputs)
    assert expected["loss"] == pytest.approx(loss.cross_entropy(y, samples.labels).item(), rel=1e-6)
    assert expected["accuracy"] == np.mean(y.data.argmax(axis=1) == samples.labels)
    assert evaluate(net, samples, loss=loss.cross_entropy, batch_size=7) == pytest.approx(expected, rel=1e-6)
    history = train(net, samples, samples, optimiser=optim.SGD(1e-30), epochs=1)
    assert history.epochs[0].train == pytest.approx(expected, rel=1e-6)
    assert history.epochs[0].test == pytest.approx(expected, rel=1e-6)


def test_evaluation_does_not_depend_on_the_batch_with_random_spikes():
    net, samples = snn(), data.arrays(np.random.default_rng(0).random((30, 2)), np.zeros(30, int), classes=3)
    one, other = (
        evaluate(net, samples, metrics=[metrics.output_rate], encode=encode.Rate(8), batch_size=size)
        for size in (4, 30)
    )
    assert one == pytest.approx(other, rel=1e-5)


def test_history_holds_every_epoch_and_its_curves():
    heard = []
    history = train(ann(), None, blobs(20, 1), epochs=3, callbacks=[heard.append])
    assert history.epochs == tuple(heard)
    assert [record.epoch for record in history.epochs] == [1, 2, 3]
    curves = history.curves()
    assert list(curves) == ["loss", "accuracy", "test loss", "test accuracy"]
    assert curves["test loss"] == [record.test["loss"] for record in heard]
    printed = str(history).split("\n")
    assert printed[0].split() == ["epoch", "loss", "accuracy", "test", "loss", "test", "accuracy", "seconds"]
    assert [float(number) for number in printed[3].split()[:4]] == pytest.approx(
        [3, curves["loss"][2], curves["accuracy"][2], curves["test loss"][2]], rel=1e-3
    )
    assert not history.interrupted
    assert not history.stopped_early


def test_own_metrics_and_values_as_targets(rng):
    x = rng.random((40, 1)).astype(np.float32)
    net = layers.Sequential(layers.Linear(1, 8, seed=0), layers.Tanh(), layers.Linear(8, 1, seed=1))
    history = train(net, (x, 2 * x**2 - 1), loss=loss.mse, metrics=[metrics.mean_absolute_error], epochs=30)
    assert list(history.epochs[0].train) == ["loss", "mean_absolute_error"]
    assert history.epochs[-1].train["loss"] < 0.2 * history.epochs[0].train["loss"]
    assert list(train(net, (x, x), loss=loss.mse).epochs[0].train) == ["loss"]  # no accuracy of values


def test_the_schedule_is_asked_for_every_step():
    asked = []

    def schedule(step):
        asked.append(step)
        return 0.5

    net, twin = ann(), ann()
    history = train(net, schedule=schedule)
    assert sorted(set(asked)) == list(range(8))
    train(twin, optimiser=optim.SGD(0.05))
    assert same(weights(net), weights(twin))
    assert history.epochs[0].rate_scale == 0.5


def test_clipping_bounds_the_step():
    net = ann()
    before = weights(net)
    train(net, epochs=1, batch_size=50, clip_norm=1e-3, optimiser=optim.SGD(1.0))
    moved = np.sqrt(sum(np.sum((p.data - before[name]) ** 2) for name, p in net.parameters().items()))
    assert moved == pytest.approx(1e-3, rel=1e-3)


def test_early_stop_ends_after_its_patience_and_restores_the_best_epoch():
    values = [3.0, 1.0, 2.0, 0.95, 2.0, 2.0, 2.0]
    after_epoch = []
    net = ann()
    history = train(
        net,
        None,
        blobs(20, 1),
        epochs=7,
        early_stop=EarlyStop(patience=3, min_delta=0.1, watch=lambda record: values[record.epoch - 1]),
        callbacks=[lambda record: after_epoch.append(weights(net))],
    )
    assert len(history.epochs) == 5  # 0.95 is no improvement by 0.1: the second epoch stays the best
    assert history.stopped_early
    assert history.best_epoch == 2
    assert same(weights(net), after_epoch[1])


def test_early_stop_restores_the_best_epoch_when_all_have_been_run():
    net, after_epoch = ann(), []
    history = train(
        net,
        None,
        blobs(20, 1),
        epochs=3,
        early_stop=EarlyStop(watch=lambda record: float(record.epoch)),
        callbacks=[lambda record: after_epoch.append(weights(net))],
    )
    assert (history.best_epoch, history.stopped_early) == (1, False)
    assert same(weights(net), after_epoch[0])


def test_bounds_of_parameters_hold_during_training():
    net = layers.Sequential(
        layers.Linear(2, 8, seed=0),
        layers.LIF(learn=("leak",)),
        layers.Linear(8, 3, seed=1),
        layers.LI(learn=("leak",)),
    )
    train_snn(net, optimiser=optim.SGD(10.0), clip_norm=1.0, epochs=2)
    assert 0 <= net.parameters()["1.leak"].item() <= 1
    assert 0 <= net.parameters()["3.leak"].item() <= 1


def test_silent_without_progress_and_a_bar_with_it(capfd):
    train(ann())
    assert capfd.readouterr() == ("", "")
    train(ann(), progress=True)
    shown = capfd.readouterr()
    assert shown.out == ""
    assert "epoch 2/2" in shown.err
    assert "accuracy=" in shown.err


def test_digits_are_learnt():
    samples, test = data.digits()
    net = layers.Sequential(layers.Linear(64, 64, seed=0), layers.ReLU(), layers.Linear(64, 10, seed=1))
    history = fit(
        net,
        samples,
        test,
        loss=loss.cross_entropy,
        optimiser=optim.Adam(5e-3),
        epochs=20,
        batch_size=64,
        progress=False,
    )
    assert history.epochs[-1].test["accuracy"] > 0.95
    net = layers.Sequential(
        layers.Linear(64, 64, seed=0), layers.LIF(tau_mem_s=5e-3), layers.Linear(64, 10, seed=1), layers.LI()
    )
    history = fit(
        net, samples, test, loss=loss.sum_membrane_cross_entropy, optimiser=optim.Adam(5e-3), epochs=5, batch_size=64,
        encode=encode.Constant(8), progress=False,
    )  # fmt: skip
    assert history.epochs[-1].test["accuracy"] > 0.93


def spikes(*rates):
    """(10, 1, n) spikes with the given rates."""
    return np.stack([np.arange(10) < 10 * rate for rate in rates], axis=1)[:, None].astype(np.float64)


@pytest.mark.parametrize(
    ("regulariser", "expected"),
    [
        (regularise.RateL1(2.0), 2 * (0.1 + 0.5 + 0) / 3),
        (regularise.RateL2(2.0), 2 * (0.01 + 0.25 + 0) / 3),
        (regularise.RateFloor(0.2, 3.0), 3 * (0.01 + 0 + 0.04) / 3),
        (regularise.RateCeiling(0.2, 3.0), 3 * (0 + 0.09 + 0) / 3),
    ],
)
def test_rate_regularisers_by_hand(regulariser, expected):
    fired = Tensor(spikes(0.1, 0.5, 0.0), requires_grad=True)
    value = regulariser(fired)
    assert value.item() == pytest.approx(expected, rel=1e-12)
    value.backward()
    for n, rate in enumerate((0.1, 0.5, 0.0)):
        slope = {
            "RateL1": 2.0,
            "RateL2": 4 * rate,
            "RateFloor": -6 * max(0, 0.2 - rate),
            "RateCeiling": 6 * max(0, rate - 0.2),
        }[type(regulariser).__name__]
        assert np.allclose(fired.grad[:, 0, n], slope / 30)  # 10 steps, 3 neurons


def test_regularisers_reach_the_spikes_of_hidden_layers():
    def hidden_rate(net):
        return layers.record(net, encode.Constant(6)(blobs().inputs))[1].output.mean()

    free, quiet, busy = snn(), snn(), snn()
    train_snn(free, epochs=5)
    train_snn(quiet, epochs=5, regularise=[regularise.RateCeiling(0.0, 200.0)])
    train_snn(busy, epochs=5, regularise=[regularise.RateFloor(1.0, 200.0)])
    assert hidden_rate(quiet) < 0.5 * hidden_rate(free)
    assert hidden_rate(busy) > 1.2 * hidden_rate(free)


def test_a_regulariser_of_no_strength_changes_nothing_also_in_nested_nets():
    def net():
        inner = layers.Residual(layers.Linear(2, 2, seed=1), layers.LIF(threshold=0.1), layers.Dropout(0.5))
        return layers.Sequential(inner, layers.Linear(2, 3, seed=2), layers.LI())

    plain, with_penalty, calls = net(), net(), []

    def nothing(fired):
        calls.append(fired.shape)
        return fired.sum() * 0.0

    assert train_snn(plain) == train_snn(with_penalty, regularise=[nothing])
    assert same(weights(plain), weights(with_penalty))
    assert (6, 16, 2) in calls


class Trouble:
    """A layer that gives NaN, or a gradient that is NaN, in one training step."""

    kind = "Trouble"

    def __init__(self, at, backward=False):
        self.at, self.backward, self.steps = at, backward, 0

    def __call__(self, x, *, training=None):
        self.steps += training is not None and x.requires_grad
        now = training is not None and self.steps == self.at
        factor = np.float32(np.nan)
        if self.backward:
            return Tensor(x.data, (x,), lambda g: (g * factor if now else g,))
        return x * factor if now else x

    def run(self, x, state=None, *, training=None):
        return self(x, training=training), ()

    def parameters(self):
        return {}

    def config(self):
        return {}


def troubled(**how):
    return layers.Sequential(*ann().layers[:2], Trouble(at=6, **how), ann().layers[2])


def test_nan_stops_training_with_epoch_step_and_layer_and_keeps_the_checkpoint(tmp_path):
    path, net, kept = tmp_path / "run.npz", troubled(), []
    with pytest.raises(
        ValueError, match=r"epoch 2, step 2: an output is not finite, first seen in layer 2 Trouble"
    ) as caught:
        train(net, checkpoint=path, callbacks=[lambda record: kept.append(path.read_bytes())])
    assert (caught.value.epoch, caught.value.step, caught.value.place) == (2, 2, "layer 2 Trouble")
    assert str(path) in str(caught.value)
    assert path.read_bytes() == kept[0]
    assert all(np.isfinite(p.data).all() for p in net.parameters().values())


def test_a_gradient_that_is_not_finite_stops_training_before_the_update():
    net = troubled(backward=True)
    with pytest.raises(ValueError, match=r"epoch 2, step 2: a gradient is not finite.*the gradient of 0\.weight"):
        train(net)
    assert all(np.isfinite(p.data).all() for p in net.parameters().values())


def test_overflow_is_reported_as_divergence_not_as_a_warning():
    with pytest.raises(ValueError, match=r"first seen in layer 2 Linear; lower the learning rate"):
        train(ann(), optimiser=optim.SGD(1e38), epochs=5)


@dataclasses.dataclass(frozen=True)
class SpoilingSGD:
    """SGD that writes `value` into the last parameter in its nth step."""

    at: int
    value: float
    steps: list = dataclasses.field(default_factory=list)

    def start(self, params):
        return {}

    def step(self, params, state, rate_scale=1.0):
        self.steps.append(rate_scale)
        optim.SGD(0.1).step(params, state, rate_scale)
        if len(self.steps) == self.at:
            params["2.bias"].data[1] = self.value
        return state


@pytest.mark.parametrize("at", [5, 8])  # 4 steps an epoch: the first and the last of the second one
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_update_that_is_not_finite_stops_training_and_keeps_the_checkpoint(at, value, tmp_path):
    path, kept = tmp_path / "run.npz", []
    with pytest.raises(TrainingDiverged, match="an update made a parameter NaN or infinite") as caught:
        train(
            ann(),
            optimiser=SpoilingSGD(at, value),
            checkpoint=path,
            callbacks=[lambda record: kept.append(path.read_bytes())],
        )
    assert (caught.value.epoch, caught.value.step, caught.value.place) == (2, at - 4, "parameter 2.bias")
    assert "The net holds the weights of that update, not finite; the checkpoint" in str(caught.value)
    assert "from before" not in str(caught.value)
    assert path.read_bytes() == kept[0]


def test_large_weights_are_no_divergence():
    net = ann()
    train(net, optimiser=SpoilingSGD(8, 3e38))  # the square of it is infinite
    assert net.parameters()["2.bias"].data[1] == np.float32(3e38)


def test_a_test_loss_that_is_not_finite_stops_training_and_keeps_the_checkpoint(tmp_path):
    class OnlyTest(Trouble):
        """NaN in evaluation, from the first batch of the second epoch on: 2 rehearsals and 2 batches come before."""

        def __call__(self, x, *, training=None):
            self.steps += training is None
            return x * np.float32(np.nan) if training is None and self.steps >= self.at else x

    path, kept = tmp_path / "run.npz", []
    net = layers.Sequential(*ann().layers[:2], OnlyTest(at=5), ann().layers[2])
    with pytest.raises(TrainingDiverged, match="a test output is not finite, first seen in layer 2 Trouble") as caught:
        train(net, None, blobs(20, 1), checkpoint=path, callbacks=[lambda record: kept.append(path.read_bytes())])
    assert (caught.value.epoch, caught.value.step) == (1 + len(kept), 4)
    assert "The net holds the weights from after this step" in str(caught.value)
    assert len(kept) == 1
    assert path.read_bytes() == kept[0]


@pytest.mark.parametrize("factor", [np.nan, np.inf, -0.1])
def test_a_schedule_that_gives_no_factor_is_refused(factor):
    with pytest.raises(ValueError, match=rf"fit: schedule: factor after 5 steps: expected .*, got {factor}"):
        train(ann(), schedule=lambda step: factor if step == 5 else 1.0)


def test_nan_is_never_the_best_epoch():
    values = [np.nan, 2.0, np.nan, np.nan]
    stop = EarlyStop(patience=2, watch=lambda record: values[record.epoch - 1])
    history = train(ann(), None, blobs(20, 1), epochs=4, early_stop=stop)
    assert history.best_epoch == 2
    history = train(ann(), None, blobs(20, 1), epochs=4, early_stop=EarlyStop(patience=2, watch=lambda record: np.nan))
    assert (len(history.epochs), history.stopped_early, history.best_epoch) == (2, True, None)


def accuracy_by_another_name(record):
    return -record.test["acuracy"]


def test_a_watch_that_cannot_work_is_refused_before_training():
    net = ann()
    before = weights(net)
    with pytest.raises(ValueError, match=r"accuracy_by_another_name.*'acuracy'.*'loss', 'accuracy'"):
        train(net, None, blobs(20, 1), early_stop=EarlyStop(watch=accuracy_by_another_name))
    with pytest.raises(TypeError, match=r"EarlyStop: watch <lambda>: expected a number, got 'small'"):
        train(net, None, blobs(20, 1), early_stop=EarlyStop(watch=lambda record: "small"))
    assert same(before, weights(net))


def changed_labels(value):
    samples = blobs()
    return samples.inputs, np.where(np.arange(50) == 17, value, samples.labels)


def spoiled_inputs(value):
    inputs = blobs().inputs.astype(np.float64)
    inputs[3, 1] = value
    return inputs, blobs().labels


def nan_weight():
    net = ann()
    net.parameters()["2.bias"].data[1] = np.nan
    return net


BAD = {
    "empty data": ({"samples": (np.zeros((0, 2)), np.zeros(0, int))}, ValueError, "at least one sample"),
    "not data": ({"samples": [1, 2, 3]}, TypeError, r"fit: train: expected sn\.data\.Arrays or a pair"),
    "lengths": ({"samples": (np.zeros((9, 2)), np.zeros(8, int))}, ValueError, "a target for each of 9 samples"),
    "batch": ({"batch_size": 51}, ValueError, "at most the 50 samples of train, got 51"),
    "batch 0": ({"batch_size": 0}, ValueError, "fit: batch_size: expected a whole number >= 1, got 0"),
    "epochs": ({"epochs": 0}, ValueError, "fit: epochs: expected a whole number >= 1, got 0"),
    "seed": ({"seed": -1}, ValueError, "fit: seed"),
    "half": ({"epochs": 1.5}, TypeError, "fit: epochs"),
    "label": ({"samples": changed_labels(3)}, ValueError, r"cross_entropy.*0\.\.2 for 3 classes, got 3 at position 17"),
    "label -1": ({"samples": changed_labels(-1)}, ValueError, r"cross_entropy.*got -1 at position 17"),
    "test label": ({"test": changed_labels(5)}, ValueError, r"cross_entropy.*got 5 at position 17"),
    "floats": ({"samples": (blobs().inputs, blobs().inputs[:, 0])}, TypeError, "whole-number labels"),
    "nan": ({"samples": spoiled_inputs(np.nan)}, ValueError, r"fit: train: inputs: .* got nan at index \(3, 1\)"),
    "inf": ({"test": spoiled_inputs(np.inf)}, ValueError, r"fit: test: inputs: .* got inf at index \(3, 1\)"),
    "too large": ({"samples": spoiled_inputs(1e300)}, ValueError, r"fit: train: inputs: .* got inf"),
    "features": ({"samples": (np.zeros((50, 3)), blobs().labels)}, ValueError, r"Linear: expected input \(\.\.\., 2\)"),
    "loss name": ({"loss": "cross_entropy"}, TypeError, "fit: loss: expected a function, got 'cross_entropy'"),
    "no loss": ({"loss": None}, TypeError, "fit: loss"),
    "timed loss": ({"loss": loss.count_cross_entropy}, ValueError, r"expected outputs \(steps, batch, classes\)"),
    "loss value": ({"loss": lambda y, t: 0.5}, TypeError, r"the loss to return a Tensor of shape \(\), got 0.5"),
    "optimiser class": ({"optimiser": optim.Adam}, TypeError, r"fit: optimiser: expected a record such as"),
    "optimiser": ({"optimiser": "adam"}, TypeError, "fit: optimiser"),
    "metrics": ({"metrics": metrics.accuracy}, TypeError, "fit: metrics: expected a sequence of functions"),
    "metric": ({"metrics": ["accuracy"]}, TypeError, r"fit: metrics\[0\]: expected a function, got 'accuracy'"),
    "metric value": ({"metrics": [lambda y, t: "good"]}, TypeError, "metric <lambda>: expected a number, got 'good'"),
    "metrics twice": ({"metrics": [metrics.accuracy] * 2}, ValueError, "functions of different names"),
    "encode class": ({"encode": encode.Constant}, TypeError, r"fit: encode: got the class Constant; make one"),
    "schedule": ({"schedule": 0.1}, TypeError, "fit: schedule: expected a function, got 0.1"),
    "clip": ({"clip_norm": -1}, ValueError, "fit: clip_norm: expected a number > 0, got -1"),
    "no test": ({"early_stop": EarlyStop()}, ValueError, "fit: early_stop: expected a test set"),
    "early stop": ({"early_stop": 3, "test": blobs()}, TypeError, r"fit: early_stop: expected sn\.EarlyStop"),
    "callbacks": ({"callbacks": [3]}, TypeError, r"fit: callbacks\[0\]"),
    "no spikes": ({"regularise": [regularise.RateL1(1.0)]}, ValueError, "a layer whose neurons fire, found none"),
    "folder": ({"checkpoint": "/no/such/folder/run.npz"}, ValueError, "folder that can be written, got /no/such"),
    "is folder": ({"checkpoint": os.path.dirname(__file__)}, ValueError, "name of a file, got the folder"),
    "not a path": ({"checkpoint": 3}, TypeError, "checkpoint: expected a path, got 3"),
    "no parameters": ({"net": layers.Sequential(layers.ReLU())}, ValueError, "at least one parameter to train"),
    "net class": ({"net": layers.Sequential}, TypeError, "fit: net: expected a layer"),
    "nan weight": ({"net": nan_weight()}, ValueError, r"fit: parameter 2\.bias: .*got nan at index \(1,\)"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_before_work(name):
    changed, error, message = BAD[name]
    net = changed.get("net", ann())
    before = weights(net) if not isinstance(net, type) else {}
    with pytest.raises(error, match=message):
        train(net, **{key: value for key, value in changed.items() if key != "net"})
    if name != "nan weight":
        assert same(before, weights(net) if not isinstance(net, type) else {})


def test_bad_records():
    for make, message in (
        (lambda: EarlyStop(patience=0), "EarlyStop: patience"),
        (lambda: EarlyStop(min_delta=-1), "EarlyStop: min_delta"),
        (lambda: regularise.RateL1(-1), "RateL1: strength"),
        (lambda: regularise.RateFloor(0, 1), "RateFloor: minimum"),
        (lambda: regularise.RateCeiling(1.5, 1), "RateCeiling: maximum"),
        (lambda: evaluate(ann(), blobs(), batch_size=0), "evaluate: batch_size"),
    ):
        with pytest.raises(ValueError, match=message):
            make()
    with pytest.raises(dataclasses.FrozenInstanceError):
        EarlyStop().patience = 3


def test_the_bar_is_imported_only_when_shown():
    code = "import spikenet.train, sys; sys.exit('tqdm' in sys.modules or 'matplotlib' in sys.modules)"
    assert os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", code]) == 0
