"""Resuming equals never having stopped, bit for bit: weights, history, and the checkpoint file itself."""

import functools
import json
import os
import signal
import threading

import numpy as np
import pytest

from spikenet import data, encode, layers
from spikenet.train import EarlyStop, fit, load, loss, optim, save
from spikenet.train.checkpoint_file import read_checkpoint

OPTIMISERS = {
    "sgd": optim.SGD(0.05),
    "nesterov": optim.SGD(0.05, momentum=0.9, nesterov=True),
    "rmsprop": optim.RMSprop(1e-3),
    "adam": optim.Adam(5e-3),
    "adamw": optim.AdamW(5e-3),
}


def samples(n=40, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    return data.arrays(np.clip(0.3 * labels[:, None] + rng.random((n, 4)) * 0.3, 0, 1), labels, classes=3)


def snn():
    """Learns a leak, drops out, holds a residual block: whatever has a state or a random choice is in it."""
    return layers.Sequential(
        layers.Linear(4, 8, seed=0),
        layers.LIF(threshold=0.5, learn=("leak",)),
        layers.Residual(layers.Linear(8, 8, seed=1), layers.Dropout(0.3)),
        layers.Linear(8, 3, seed=2),
        layers.LI(),
    )


def train(net, **changed):
    arguments = {
        "loss": loss.sum_membrane_cross_entropy,
        "optimiser": OPTIMISERS["adam"],
        "epochs": 4,
        "batch_size": 12,
        "encode": encode.Rate(5),
        "schedule": optim.WarmUp(5, then=optim.Cosine(11)),
        "clip_norm": 1.0,
        "early_stop": EarlyStop(patience=2),
        "seed": 6,
        "progress": False,
    }
    return fit(net, samples(), **({"test": samples(20, 1)} | arguments | changed))


class Stop:
    """A loss that presses Ctrl-C in its nth training call."""

    def __init__(self, at, press):
        self.at, self.press, self.calls = at, press, 0

    def __call__(self, y, labels):
        value = loss.sum_membrane_cross_entropy(y, labels)
        self.calls += value.requires_grad
        if value.requires_grad and self.calls == self.at:
            self.press()
        return value


def ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)


def raises():
    raise KeyboardInterrupt


def stopped(path, at, press=ctrl_c, **changed):
    """A run stopped in its nth step; its loss goes by the name of the ordinary one."""
    stop = Stop(at, press)
    functools.update_wrapper(stop, loss.sum_membrane_cross_entropy)
    return train(snn(), loss=stop, checkpoint=path, **changed)


def content(path):
    """All that a checkpoint holds, without wall times and how many epochs were asked for."""
    header, arrays = read_checkpoint(path)
    for record in header["training"]["records"]:
        del record["seconds"]
    del header["training"]["epochs"]
    return json.dumps(header, sort_keys=True), {name: array.tobytes() for name, array in arrays.items()}


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("at", [1, 3, 4, 5, 10])  # 4 steps an epoch: first, middle, last, first of the next, later
def test_stopped_in_any_step_and_resumed_equals_never_stopped(name, at, tmp_path):
    optimiser = OPTIMISERS[name]
    whole, part = tmp_path / "whole.npz", tmp_path / "part.npz"
    net = snn()
    history = train(net, optimiser=optimiser, checkpoint=whole)
    first = stopped(part, at, optimiser=optimiser)
    assert first.interrupted
    assert first.epochs == history.epochs[: at // 4] if at % 4 else first.epochs == history.epochs[: at // 4 - 1]
    twin = snn()
    for p in twin.parameters().values():
        p.data += 0.01  # whatever it holds is replaced
    resumed = train(twin, optimiser=optimiser, checkpoint=part, resume=part)
    assert resumed == history
    for name_, p in net.parameters().items():
        assert p.data.tobytes() == twin.parameters()[name_].data.tobytes()
    assert content(whole) == content(part)


def test_stopped_again_and_again(tmp_path):
    path, whole = tmp_path / "part.npz", tmp_path / "whole.npz"
    history = train(snn(), checkpoint=whole)
    stopped(path, 2)
    for _ in range(3):
        assert stopped(path, 3, resume=path).interrupted
    assert train(snn(), resume=path, checkpoint=path) == history
    assert content(path) == content(whole)


def test_more_epochs_continue_a_finished_run(tmp_path):
    path, net, twin = tmp_path / "run.npz", snn(), snn()
    train(net, epochs=2, early_stop=None, checkpoint=path)
    history = train(net, epochs=3, early_stop=None, resume=path)
    assert history == train(twin, epochs=3, early_stop=None)
    assert all(np.array_equal(p.data, twin.parameters()[name].data) for name, p in net.parameters().items())


def test_a_finished_run_resumed_is_only_read(tmp_path):
    path, net, twin = tmp_path / "run.npz", snn(), snn()
    history = train(net, checkpoint=path)
    before = path.read_bytes()
    assert train(twin, resume=path, checkpoint=path) == history
    assert path.read_bytes() == before
    assert all(np.array_equal(p.data, twin.parameters()[name].data) for name, p in net.parameters().items())


@pytest.mark.parametrize("press", [ctrl_c, raises])
def test_ctrl_c_leaves_the_weights_of_the_last_whole_step_and_the_old_handler(press, tmp_path):
    path, handler = tmp_path / "run.npz", signal.getsignal(signal.SIGINT)
    history = stopped(path, 3, press)
    assert history.interrupted
    assert history.epochs == ()
    header, _ = read_checkpoint(path)
    assert header["training"]["step"] == (
        3 if press is ctrl_c else 2
    )  # a signal waits for its step, an exception ends it
    assert signal.getsignal(signal.SIGINT) is handler
    assert isinstance(load(path), layers.Sequential)


def test_ctrl_c_without_a_checkpoint_is_raised(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        stopped(None, 3)


def test_a_second_ctrl_c_does_not_wait_and_leaves_the_checkpoint_as_it_was(tmp_path):
    path = tmp_path / "run.npz"
    stopped(path, 5)
    before = path.read_bytes()

    def twice():
        ctrl_c()
        ctrl_c()

    with pytest.raises(KeyboardInterrupt):
        stopped(path, 3, twice, resume=path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["run.npz"]


def test_ctrl_c_in_a_callback_stops_after_the_epoch(tmp_path):
    path = tmp_path / "run.npz"
    history = train(snn(), checkpoint=path, callbacks=[lambda record: ctrl_c()])
    assert history.interrupted
    assert len(history.epochs) == 1
    assert train(snn(), resume=path) == train(snn())


def test_training_in_another_thread_leaves_signals_alone(tmp_path):
    got = []
    thread = threading.Thread(target=lambda: got.append(train(snn(), epochs=1)))
    thread.start()
    thread.join()
    assert got[0] == train(snn(), epochs=1)


CHANGES = {
    "seed": ({"seed": 7}, "expected seed 6, got 7"),
    "batch_size": ({"batch_size": 10}, "expected batch_size 12, got 10"),
    "optimiser": ({"optimiser": optim.Adam(1e-3)}, r"expected optimiser Adam\(learning_rate=0\.005"),
    "loss": ({"loss": loss.count_cross_entropy}, "expected loss .*sum_membrane_cross_entropy"),
    "encode": ({"encode": encode.Rate(6)}, r"expected encode Rate\(steps=5"),
    "schedule": ({"schedule": None}, r"expected schedule WarmUp\(steps=5, then=Cosine\(steps=11"),
    "clip_norm": ({"clip_norm": 2.0}, r"expected clip_norm 1\.0, got 2\.0"),
    "early_stop": ({"early_stop": EarlyStop(patience=3)}, r"expected early_stop EarlyStop\(patience=2"),
    "epochs": ({"epochs": 1}, "expected epochs >= the 2 done, got 1"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_another_run_is_not_resumed(name, tmp_path):
    changed, message = CHANGES[name]
    path, net = tmp_path / "run.npz", snn()
    stopped(path, 10)
    before = {key: p.data.copy() for key, p in net.parameters().items()}
    with pytest.raises(ValueError, match=message) as caught:
        train(net, resume=path, **changed)
    assert str(path) in str(caught.value)
    assert all(np.array_equal(p.data, before[key]) for key, p in net.parameters().items())


def test_other_data_or_nets_or_saved_nets_are_not_resumed(tmp_path):
    path = tmp_path / "run.npz"
    stopped(path, 5)
    arguments = {
        "loss": loss.sum_membrane_cross_entropy,
        "optimiser": OPTIMISERS["adam"],
        "epochs": 4,
        "batch_size": 12,
    }
    arguments |= {"seed": 6, "resume": path, "progress": False, "encode": encode.Rate(5)}
    with pytest.raises(ValueError, match=r"expected training inputs .* crc32"):
        fit(snn(), samples(seed=9), **arguments)
    with pytest.raises(ValueError, match="expected test data"):
        train(snn(), resume=path, test=samples(20, 2))
    other = layers.Sequential(layers.Linear(4, 3), layers.LI())
    with pytest.raises(ValueError, match="the net differs from the saved one: net had 5 layers, has 2"):
        fit(other, samples(), **arguments)
    save(path, snn())
    with pytest.raises(ValueError, match="written by fit"):
        fit(snn(), samples(), **arguments)
    with pytest.raises(ValueError, match=r"nothing\.npz: expected a readable checkpoint"):
        fit(snn(), samples(), **(arguments | {"resume": tmp_path / "nothing.npz"}))
    with pytest.raises(TypeError, match="expected a path, got 3"):
        fit(snn(), samples(), **(arguments | {"resume": 3}))
