"""Programs in files: of every chip the loaded one does what was saved, and compiling like one gives its integers."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

import hw
import spikenet as sn
from hw.saving.values import Writer
from spikenet.train.checkpoint_file import read_checkpoint, write_checkpoint


def to_zero(**arguments):
    return sn.LIF(reset=sn.reset.to_zero, **arguments)


def two(first, second, **arguments):
    return lambda: sn.Sequential(
        sn.Linear(8, 12, seed=0, **arguments), first(), sn.Linear(12, 4, seed=1, **arguments), second()
    )


def looped():
    return sn.Sequential(
        sn.Delay([0, 1, 2, 3, 0, 1, 2, 3]), sn.Linear(8, 12, seed=0),
        sn.Recurrent(sn.IF(threshold=0.7), 12, seed=2), sn.Linear(12, 4, seed=1), sn.IF(threshold=0.3),
    )  # fmt: skip


def maps(activation, threshold=None):
    """On (2, 4, 4): a convolution, the maximum of its windows, a dense layer."""
    first = sn.Conv2d(2, 3, 3, padding=1, seed=0), activation
    if threshold is not None:
        return sn.Sequential(*first, sn.SumPool2d(2), sn.Flatten(3), sn.Linear(12, 4, seed=1), sn.IF(threshold=0.3))
    behind = sn.Conv2d(3, 2, 3, padding=1, seed=2), sn.ReLU(), sn.Flatten(3), sn.Linear(8, 4, seed=1)
    return sn.Sequential(*first, sn.MaxPool2d(2), *behind)


NETS = {
    "loihi1": (hw.chips.loihi1, two(to_zero, lambda: sn.LI(tau_mem_s=10e-3)), (8,)),
    "loihi1 in nengo_loihi": (hw.chips.loihi1, two(lambda: to_zero(refractory_s=2e-3), to_zero), (8,)),
    "loihi2": (hw.chips.loihi2, two(sn.AdaptiveLIF, lambda: sn.CubaLIF(tau_syn_s=3e-3)), (8,)),
    "loihi2 graded": (hw.chips.loihi2, two(sn.SigmaDelta, sn.GradedLIF, bias=False), (8,)),
    "spinnaker1": (hw.chips.spinnaker1, two(to_zero, lambda: sn.CubaLIF(reset=sn.reset.subtract)), (8,)),
    "truenorth": (hw.chips.truenorth, looped, (8,)),
    "xylo": (hw.chips.xylo, two(lambda: sn.MultiLevelCubaLIF(levels=31), sn.CubaLIF), (8,)),
    "speck": (hw.chips.speck, lambda: maps(sn.IF(threshold=0.4), 1), (2, 4, 4)),
    "akida": (hw.chips.akida, lambda: maps(sn.ReLU()), (2, 4, 4)),
    "akida2": (hw.chips.akida2, lambda: maps(sn.ReLU()), (2, 4, 4)),
    "brainscales2": (hw.chips.brainscales2, two(to_zero, lambda: sn.LI(tau_mem_s=10e-3)), (8,)),
}


def inputs(name, shape, rng):
    """Spikes (steps, batch, ...), of Akida numbers (batch, ...)."""
    if name.startswith("akida"):
        return rng.random((7, *shape), np.float32)
    fired = (rng.random((9, 7, *shape)) < 0.4).astype(np.float32)
    return fired * 0.7 if name.endswith("graded") else fired


def made(name, rng):
    chip, net, shape = NETS[name]
    x = inputs(name, shape, rng)
    return net(), x, hw.compile(net_of(name), chip, calibrate=x)


def net_of(name):
    return NETS[name][1]()


@pytest.mark.parametrize("name", NETS)
def test_what_is_loaded_is_what_was_saved(name, tmp_path, rng):
    net, x, program = made(name, rng)
    path = tmp_path / "program.npz"
    program.save(path, net)
    again = hw.load_program(path)
    first, second = program.run(x), again.run(x)
    assert second.output.tobytes() == first.output.tobytes()
    assert second.output.dtype == first.output.dtype
    assert (second.rates, second.words) == (first.rates, first.words)
    assert sum(first.rates.values()) > 0
    assert (str(again), again.report, again.chip) == (str(program), program.report, program.chip)
    placed, placed_again = (hw.place_program(one, calibrate=x, seed=1).run(x) for one in (program, again))
    assert placed_again.as_dict() == placed.as_dict()
    by_power = placed.as_dict()["energy_by_power"]  # of 1 ms neurons, in whose time these two chips' clocks run
    assert by_power is not None or not name.startswith(("xylo", "brainscales2"))
    again.save(tmp_path / "again.npz", sn.load(path))  # the net is in it, too, and all of the program came back
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("name", NETS)
def test_compiled_like_a_program_a_net_has_its_integers(name, tmp_path, rng):
    """With other calibration data, too, and from a file; other weights get the scales that were."""
    net, x, program = made(name, rng)
    program.save(tmp_path / "program.npz")
    less = x * (rng.random(x.shape) < 0.3)
    got = hw.compile(net, NETS[name][0], calibrate=less, like=hw.load_program(tmp_path / "program.npz"))
    assert plain(got.layers) == plain(program.layers)
    assert got.report != program.report  # it says what happens on its own data
    for p in net.parameters().values():
        p.data *= 0.9
    other = hw.compile(net, NETS[name][0], calibrate=x, like=program)
    assert plain(other.choices) == plain(program.choices)
    assert plain(other.layers) != plain(program.layers)


def plain(values):
    """All that a file would have of it."""
    writer = Writer("x")
    said = json.dumps(writer.plain(values))
    return said, {name: (a.dtype.str, a.shape, a.tobytes()) for name, a in writer.arrays.items()}


def test_a_program_does_not_follow_its_net(rng):
    """What is trained further afterwards leaves it as it was: thresholds of twins were read when it ran."""
    net = sn.Sequential(sn.Linear(8, 4, seed=0), sn.CubaLIF(learn=("threshold", "leak")))
    x = inputs("", (8,), rng)
    program = hw.compile(net, hw.chips.loihi2, calibrate=x)
    before = program.run(x).output
    for p in net.parameters().values():
        p.data *= 0.5
    assert np.array_equal(program.run(x).output, before)


def refusal(path, program):
    """What is said of a file that is no program, "" for one that is this program."""
    try:
        again = hw.load_program(path)
    except ValueError as error:
        return str(error)
    assert plain(again) == plain(program)
    return ""


def pulled(p, v, current):
    """A neuron of the test's own."""
    v = v + p.leak * (0.25 - v) + sn.neurons.primitives.where(current > 0.5, current, 0.5 * current)
    fired = sn.neurons.primitives.spike(v - p.threshold)
    return v - p.threshold * fired, fired


def test_ones_own_neuron_is_in_the_file_as_its_arithmetic(tmp_path, rng):
    neurons = sn.Spiking(pulled, leak=0.1, threshold=0.4, surrogate=sn.surrogate.fast_sigmoid(5.0))
    x = inputs("", (8,), rng)
    program = hw.compile(sn.Sequential(sn.Linear(8, 4, seed=0), neurons), hw.chips.loihi2, calibrate=x)
    program.save(tmp_path / "own.npz")
    again = hw.load_program(tmp_path / "own.npz")
    assert again.layers[0].neurons.twin.model == program.layers[0].neurons.twin.model
    got = again.run(x).output
    assert got.sum() > 10
    assert np.array_equal(got, program.run(x).output)


def test_wrong_files_are_refused_by_name(tmp_path, rng):
    net, _, program = made("loihi1", rng)
    path, of_net = tmp_path / "program.npz", tmp_path / "net.npz"
    sn.save(of_net, net)
    with pytest.raises(ValueError, match=r"net\.npz: expected a program, got a net without one"):
        hw.load_program(of_net)
    program.save(path)
    with pytest.raises(ValueError, match=r"program\.npz: expected a net, got a program without its net"):
        sn.load(path)
    with pytest.raises(ValueError, match=r"program\.npz: expected a net, got a program without its net"):
        sn.restore(path, net)
    with pytest.raises(ValueError, match=r"missing\.npz: .*No such file"):
        hw.load_program(tmp_path / "missing.npz")
    with pytest.raises(TypeError, match="expected a path, got 3"):
        hw.load_program(3)
    with pytest.raises(TypeError, match="save: net: expected a layer"):
        program.save(path, "net")
    with pytest.raises(ValueError, match="folder"):
        program.save(tmp_path / "nowhere" / "program.npz")
    whole, said = path.read_bytes(), []
    for at in rng.integers(0, len(whole) - 200, 40):
        (tmp_path / "damaged.npz").write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        said.append(refusal(tmp_path / "damaged.npz", program))
    assert all("damaged.npz: expected a whole checkpoint" in one for one in said if one)
    assert sum(map(bool, said)) > 30  # the others: a date or a size that nobody reads
    (tmp_path / "damaged.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"damaged\.npz: expected a whole checkpoint"):
        hw.load_program(tmp_path / "damaged.npz")


def changed(header, *way, to):
    """The header with another value at the end of a way through its fields."""
    at = header["program"]
    for step in way[:-1]:
        at = at[step]
    at[way[-1]] = to


LAYERS = ("record", "fields", "layers", "tuple")


@pytest.mark.parametrize(
    ("way", "to", "said"),
    [
        (("format",), 1, "expected program format 2, got 1"),
        (("record", "record"), "os.system", "expected a record of a program, got 'os.system'"),
        (("record", "record"), "hw.records.report.Absent", "expected a record of a program"),
        (("record",), {"eval": "1"}, "expected one of .*'eval'"),
        (("record",), {"tuple": []}, "expected a Program"),
        (("record", "fields", "late"), {"array": "program/999"}, "KeyError"),
        (("record", "fields", "later"), 3, "later"),
        ((*LAYERS, 0, "fields", "params", "fields", "reading"), "mine", "expected a reading"),
        ((*LAYERS, 0, "fields", "params", "fields", "vth"), 1 << 20, "vth: expected integers in 0..131071"),
        ((*LAYERS, 0, "fields", "shape"), {"tuple": [13]}, "expected 13 inputs, what 1 LIF sends, got 12"),
    ],
)
def test_edited_files_are_refused(way, to, said, tmp_path, rng):
    _, _, program = made("loihi1", rng)
    path = tmp_path / "edited.npz"
    program.save(path)
    header, arrays = read_checkpoint(path)
    changed(header, *way, to=to)
    write_checkpoint(path, header, arrays)
    with pytest.raises(ValueError, match=rf"edited\.npz: .*{said}"):
        hw.load_program(path)


def test_models_are_arithmetic_and_nothing_else(tmp_path, rng):
    _, _, program = made("loihi2", rng)
    path = tmp_path / "edited.npz"
    way = (*LAYERS, 0, "fields", "neurons", "fields", "twin", "fields", "model", "model")
    for name, to, said in (
        ("name", "f\nimport os", "one line"),
        ("expressions", [["symbol", "__import__"]], "expected an operation of a step"),
        ("expressions", [["system", None]], "expected an operation of a step"),
        ("expressions", [["add", None, 0, 1]], "expected an operation of a step"),
    ):
        program.save(path)
        header, arrays = read_checkpoint(path)
        changed(header, *way, name, to=to)
        write_checkpoint(path, header, arrays)
        with pytest.raises(ValueError, match=said):
            hw.load_program(path)


def test_what_no_file_has_is_refused(tmp_path, rng):
    _, _, program = made("loihi1", rng)

    @dataclasses.dataclass(frozen=True)
    class Own:
        name: str = "own"

    with pytest.raises(TypeError, match=r"Own is none of the records"):
        dataclasses.replace(program, layers=(Own(),)).save(tmp_path / "own.npz")
    with pytest.raises(TypeError, match="arrays of numbers"):
        dataclasses.replace(program, choices=(np.array(["a"]),)).save(tmp_path / "own.npz")
    with pytest.raises(TypeError, match="no complex"):
        dataclasses.replace(program, choices=(1j,)).save(tmp_path / "own.npz")
    assert not (tmp_path / "own.npz").exists()


def test_like_another_chip_or_net_is_refused(rng):
    net, x, program = made("loihi1", rng)
    fewer = dict(hw.chips.loihi1.limits, cores=dataclasses.replace(hw.chips.loihi1.limits["cores"], value=2))
    for chip, like, reading, said in (
        (hw.chips.loihi2, program, None, "expected a program of Loihi 2, got one of Loihi 1"),
        (dataclasses.replace(hw.chips.loihi1, limits=fewer), program, None, "another record of it"),
        (hw.chips.loihi1, program, "nengo_loihi", "reading: expected that of `like`, 'lava'"),
    ):
        with pytest.raises(ValueError, match=said):
            hw.compile(net, chip, calibrate=x, like=like, reading=reading)
    with pytest.raises(TypeError, match="like: expected a program"):
        hw.compile(net, hw.chips.loihi1, calibrate=x, like="program.npz")
    shorter = sn.Sequential(*net.layers[:2])
    with pytest.raises(ValueError, match=r"as in the program, 3 LI of 12 inputs and shape \(4,\), got no more"):
        hw.compile(shorter, hw.chips.loihi1, calibrate=x, like=program)
    wider = sn.Sequential(sn.Linear(9, 12, seed=0), *net.layers[1:])
    with pytest.raises(ValueError, match=r"1 LIF of 8 inputs and shape \(12,\), got 1 LIF of 9"):
        hw.compile(wider, hw.chips.loihi1, calibrate=x[..., :1].repeat(9, -1), like=program)


def test_a_program_without_its_net_knows_how_long_its_steps_are(tmp_path, rng):
    """Xylo draws 219 uW while 9 steps, and one for the second layer, of 2 ms last."""
    x = inputs("xylo", (8,), rng)
    alike = two(lambda: sn.CubaLIF(dt_s=2e-3), lambda: sn.CubaLIF(dt_s=2e-3))()
    differing = two(lambda: sn.CubaLIF(dt_s=2e-3), lambda: sn.CubaLIF(dt_s=1e-3))()
    for net, step_s in ((alike, None), (differing, 2e-3)):
        hw.compile(net, hw.chips.xylo, calibrate=x).save(tmp_path / "alone.npz")
        placed = hw.place_program(hw.load_program(tmp_path / "alone.npz"))
        assert (placed.run(x).energy_by_power() is None) == (net is differing)
        assert placed.run(x, step_s=step_s).energy_by_power().joules == pytest.approx(219e-6 * 10 * 2e-3, rel=1e-12)
    assert hw.compile(two(sn.IF, sn.IF)(), hw.chips.xylo, calibrate=x).step_s is None
