"""Checkpoints: what is saved comes back, what is damaged is refused, what was there is never lost."""

import errno
import os
import zipfile

import numpy as np
import pytest

from spikenet import layers
from spikenet.layers import Sequential, cast
from spikenet.neurons import reset, surrogate
from spikenet.train import load, restore, save
from spikenet.train.checkpoint_file import read_checkpoint, write_checkpoint


def small(seed=0):
    return Sequential(layers.Linear(3, 4, seed=seed), layers.LIF(learn=("leak",)), layers.Linear(4, 2, seed=seed + 1))


NETS = {
    "small": small,
    "conventional": lambda: Sequential(
        layers.Flatten(2), layers.Linear(12, 4, bias=False, seed=0), layers.GELU(), layers.Dropout(0.5),
        layers.Softplus(), layers.Sigmoid(), layers.Tanh(), layers.ReLU(), layers.Softmax(),
    ),
    "nested": lambda: Sequential(
        layers.Residual(layers.Linear(3, 3, seed=0), Sequential(layers.ReLU(), layers.Linear(3, 3, seed=1)))
    ),
    "neurons": lambda: Sequential(
        layers.Linear(3, 4, seed=0),
        layers.IF(threshold=[1.0, 2.0, 3.0, 4.0], reset=reset.to_zero, surrogate=surrogate.fast_sigmoid(10.0)),
        layers.CubaLIF(tau_syn_s=3e-3, reset=reset.to_value, reset_value=-0.1, learn=("leak", "threshold")),
        layers.LIF(reset=reset.detached(reset.no_reset), surrogate=surrogate.triangle),
        layers.LIFRate(), layers.LeakyRate(tau_s=10e-3), layers.LI(tau_mem_s=50e-3, learn=("leak",)),
    ),
    "double": lambda: cast(small(), np.float64),
}  # fmt: skip


def moved(net):
    """The net with weights that no constructor gives."""
    for k, p in enumerate(net.parameters().values()):
        p.data[...] = np.random.default_rng(k).uniform(0.1, 0.9, p.shape)
    return net


def same_weights(a, b):
    ours, theirs = a.parameters(), b.parameters()
    return ours.keys() == theirs.keys() and all(
        p.data.tobytes() == theirs[name].data.tobytes() and p.dtype == theirs[name].dtype for name, p in ours.items()
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.npz"


@pytest.mark.parametrize("name", NETS)
def test_a_loaded_net_computes_the_same(name, path):
    net = moved(NETS[name]())
    save(path, net)
    again = load(path)
    assert same_weights(net, again)
    assert repr(again) == repr(net)
    x = np.random.default_rng(0).random((5, 2, 4, 3) if name == "conventional" else (5, 2, 3)) * 5
    assert np.array_equal(again(x).data, net(x).data)
    bounds = {key: p.bounds for key, p in net.parameters().items()}
    assert bounds == {key: p.bounds for key, p in again.parameters().items()}
    fresh = NETS[name]()
    restore(path, fresh)
    assert same_weights(net, fresh)


def test_numpy_reads_the_file_without_pickle(path):
    save(path, small())
    with np.load(path, allow_pickle=False) as archive:
        assert set(archive.files) >= {"header", "weights/0.weight", "weights/1.leak"}


def test_equal_nets_make_equal_files(path, tmp_path):
    save(path, small())
    save(tmp_path / "other.npz", small())
    assert path.read_bytes() == (tmp_path / "other.npz").read_bytes()


def test_every_truncation_is_refused(path):
    save(path, small())
    whole = path.read_bytes()
    for length in [0, 1, 100, *range(200, len(whole), 97), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"net\.npz: expected a whole checkpoint"):
            load(path)


def test_every_flipped_bit_is_refused_or_harmless(path):
    net = moved(small())
    save(path, net)
    whole = bytearray(path.read_bytes())
    rng = np.random.default_rng(0)
    refused = 0
    places = rng.integers(0, len(whole), 400)
    for place, bit in zip(places, rng.integers(0, 8, 400), strict=True):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << bit
        path.write_bytes(damaged)
        try:
            again = load(path)
        except ValueError:
            refused += 1
        else:
            assert same_weights(again, net)  # padding, dates and attributes of the zip mean nothing
    assert refused > 200


@pytest.mark.parametrize("content", [b"", b"hello", b"\x93NUMPY\x01\x00", b"PK\x05\x06" + bytes(18)])
def test_other_files_are_refused(content, path):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"net\.npz: expected a whole checkpoint of spikenet"):
        load(path)


def rewritten(path, change):
    """The checkpoint with its header or arrays changed, CRCs and all."""
    header, arrays = read_checkpoint(path)
    change(header, arrays)
    write_checkpoint(path, {k: v for k, v in header.items() if k in ("network", "training")}, arrays)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h, a: a.pop("weights/0.bias"), r"expected weights '0\.bias' as \(4,\), got nothing"),
        (lambda h, a: a.update({"weights/9.bias": np.zeros(2)}), r"expected weights '9\.bias' as nothing, got \(2,\)"),
        (lambda h, a: a.update({"weights/0.bias": np.zeros(5)}), r"expected weights '0\.bias' as \(4,\), got \(5,\)"),
        (lambda h, a: h["network"]["layers"][0].update(kind="Conv9d"), "cannot make its net: .*'Conv9d'"),
        (lambda h, a: h["network"]["layers"][0]["config"].update(n_in=-1), "cannot make its net: .*n_in"),
        (lambda h, a: h["network"].pop("kind"), "cannot make its net"),
    ],
)
def test_files_that_do_not_fit_are_refused(change, message, path):
    save(path, small())
    rewritten(path, change)
    with pytest.raises(ValueError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_another_format_version_is_refused(path, monkeypatch):
    monkeypatch.setattr("spikenet.train.checkpoint_file.FORMAT_VERSION", 99)
    save(path, small())
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"net\.npz: expected checkpoint format 1, got 99"):
        load(path)


def test_arrays_that_are_not_in_the_header_are_refused(path):
    save(path, small())
    with zipfile.ZipFile(path, "a") as archive, archive.open("weights/extra.npy", "w") as entry:
        np.lib.format.write_array(entry, np.zeros(3))
    with pytest.raises(ValueError, match=r"expected array 'weights/extra' as None, got \['<f8', \[3\]\]"):
        load(path)


def test_pickles_are_never_read(path):
    save(path, small())
    with zipfile.ZipFile(path, "a") as archive, archive.open("weights/extra.npy", "w") as entry:
        np.lib.format.write_array(entry, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="Object arrays cannot be loaded"):
        load(path)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (lambda: Sequential(layers.Linear(3, 5), layers.LIF(), layers.Linear(5, 2)), r"layer 0 of net was Linear\(.*5"),
        (lambda: Sequential(layers.Linear(3, 4), layers.IF(), layers.Linear(4, 2)), "layer 1 of net was LIF"),
        (lambda: Sequential(layers.Linear(3, 4)), "net had 3 layers, has 1"),
        (lambda: cast(small(), np.float64), r"expected weights '0\.bias' as \(4,\) float64, got \(4,\) float32"),
    ],
)
def test_restore_checks_the_net_first_and_changes_nothing_when_it_differs(other, message, path):
    save(path, moved(small()))
    net = other()
    before = {name: p.data.copy() for name, p in net.parameters().items()}
    with pytest.raises(ValueError, match=message) as caught:
        restore(path, net)
    assert str(path) in str(caught.value)
    assert all(np.array_equal(p.data, before[name]) for name, p in net.parameters().items())


def own_step(p, v, x):
    v = p.leak * v + x
    return v, v


def test_a_users_own_neuron_is_restored_but_not_loaded(path):
    def net(leak):
        return Sequential(layers.Linear(3, 2, seed=0), layers.Spiking(own_step, leak=leak, learn=("leak",)))

    save(path, net(0.5))
    with pytest.raises(ValueError, match=r"restore\(path, net\)"):
        load(path)
    again = net(0.1)
    restore(path, again)
    assert again.parameters()["1.leak"].item() == 0.5


@pytest.mark.parametrize("broken", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_an_existing_file_survives_when_saving_fails(broken, error, path, monkeypatch):
    save(path, small())
    before = path.read_bytes()

    def fails(*arguments):
        raise error

    monkeypatch.setattr(os, broken, fails)
    with pytest.raises(type(error)):
        save(path, moved(small()))
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_saving_through_a_link_keeps_the_link(path, tmp_path):
    link = tmp_path / "latest.npz"
    save(path, small())
    link.symlink_to(path)
    save(link, moved(small()))
    assert link.is_symlink()
    assert same_weights(load(path), moved(small()))


def test_weights_that_are_not_finite_are_refused(path):
    save(path, small())
    header, arrays = read_checkpoint(path)
    arrays["weights/0.bias"][0] = np.nan
    write_checkpoint(path, {"network": header["network"]}, arrays)
    for read in (load, lambda file: restore(file, small())):
        with pytest.raises(ValueError, match=r"weights '0\.bias': expected finite values, got nan at index \(0,\)"):
            read(path)


def test_what_cannot_be_saved_is_said_before_anything_is_written(path, tmp_path):
    save(path, small())
    before = path.read_bytes()
    spoiled = small()
    spoiled.parameters()["0.bias"].data[0] = np.inf
    with pytest.raises(ValueError, match=r"save: parameter 0\.bias: expected finite values, got inf"):
        save(path, spoiled)
    with pytest.raises(TypeError, match="save: net: expected a layer"):
        save(path, "net")
    with pytest.raises(ValueError, match="folder that can be written"):
        save(tmp_path / "no" / "net.npz", small())
    with pytest.raises(ValueError, match="name of a file, got the folder"):
        save(tmp_path, small())
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("read", [load, lambda path: restore(path, small())], ids=["load", "restore"])
def test_what_cannot_be_read_is_named(read, path):
    with pytest.raises(ValueError, match=r"net\.npz: expected a readable checkpoint: No such file"):
        read(path)
    path.mkdir()
    with pytest.raises(ValueError, match=r"net\.npz: expected a readable checkpoint: Is a directory"):
        read(path)
    with pytest.raises(ValueError, match="net\x00: expected a readable checkpoint: embedded null byte"):
        read("net\0")
    for thing in (3, None, b"net.npz", small()):
        with pytest.raises(TypeError, match="checkpoint: expected a path, got"):
            read(thing)
