"""Every example runs, says what it claims, and leaves a picture. quick=True: the same code on less work."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from matplotlib.image import imread

import hw

EXAMPLES = sorted((Path(__file__).resolve().parent.parent / "examples").glob("*.py"))


def load(number: int) -> ModuleType:
    """The example whose file name starts with `number`, as a module."""
    (file,) = [path for path in EXAMPLES if path.name.startswith(f"{number:02}_")]
    spec = importlib.util.spec_from_file_location(f"example_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(number: int, out: Path):
    """What the example returns; checks the one picture it leaves in `out`, a folder it has to make."""
    module = load(number)
    result = module.main(quick=True, out=out / "new" / "folder")
    (picture,) = (out / "new" / "folder").iterdir()
    assert picture.name == f"{Path(module.__file__).stem}.png"
    pixels = imread(picture)
    assert pixels.shape[0] > 300
    assert pixels.shape[1] > 600
    ink = (pixels[..., :3].min(axis=2) < 0.95).mean()  # part of the picture that is not white
    assert 0.01 < ink < 0.9
    assert picture.stat().st_size > 10_000
    return result


def test_each_file_is_numbered_named_and_short():
    assert len({path.name[:2] for path in EXAMPLES}) == len(EXAMPLES) >= 10  # those from 40 on: conventional families
    for path in EXAMPLES:
        assert re.fullmatch(r"\d\d(_[a-z]+)+\.py", path.name)
        assert 40 <= len(path.read_text().splitlines()) <= 120


def test_shopping_basket(tmp_path):
    result = run(1, tmp_path)
    assert result.total == pytest.approx(799.2, abs=1e-10)
    expected = {"apples": 108, "apple price (yen)": 5.4, "oranges": 86.4, "orange price (yen)": 3.24, "tax factor": 740}
    assert result.gradients == pytest.approx(expected, abs=1e-10)


def test_backpropagation_needs_two_passes_where_differences_need_n_plus_one(tmp_path):
    costs = run(2, tmp_path)
    assert [c.n_weights for c in costs] == [10, 30, 100, 300]
    assert [c.numerical_forward for c in costs] == [11, 31, 101, 301]
    assert {(c.forward, c.backward) for c in costs} == {(1, 1)}
    assert max(c.difference for c in costs) < 1e-5
    assert costs[-1].numerical_s > 5 * costs[-1].backpropagation_s > 0


def test_both_descents_reach_the_valley(tmp_path):
    result = run(3, tmp_path)
    assert result.descent_path.shape == result.sgd_path.shape == (101, 2)
    assert np.array_equal(result.descent_path[0], result.sgd_path[0])
    assert result.descent_loss[0] > 2.0
    assert (np.diff(result.descent_loss) < 0).all()  # all points, a small step: always downhill
    assert (np.diff(result.sgd_loss) > 0).any()  # one point: sometimes uphill
    assert result.best_loss <= result.descent_loss[-1] < 1.02 * result.best_loss
    assert result.best_loss < result.sgd_loss[-1] < 2.5 * result.best_loss


def test_parabola_is_learnt(tmp_path):
    result = run(4, tmp_path)
    assert np.allclose(result.target, 2 * result.x**2 - 1)
    assert result.loss[-1] < 0.01 < 0.2 < result.loss[0]
    assert np.mean((result.fit - result.target) ** 2) < 0.01
    assert 0.5 < result.overshoot < 1.2


def test_the_usual_initial_weights_would_have_exploded():
    import spikenet as sn

    module = load(4)
    net = sn.Sequential(sn.Linear(1, 1024, seed=0), sn.ReLU(), sn.Linear(1024, 1, seed=1))
    assert 2 * module.LEARNING_RATE * module.sensitivity(net, at=1.0) == pytest.approx(3.4, abs=0.2)


def test_conventional_digits(tmp_path):
    result = run(5, tmp_path)
    assert result.accuracy > 0.94
    assert result.curves["test accuracy"][-1] == pytest.approx(result.accuracy)
    assert result.curves["loss"][-1] < result.curves["loss"][0] / 3
    assert np.allclose(result.probabilities.sum(axis=1), 1, atol=1e-5)
    doubt = {answer: nats.mean() for answer, nats in result.doubt.items()}
    assert doubt["wrong"] > 2 * doubt["right"] > 0
    assert doubt["no digit"] > 2 * doubt["right"]


def test_spiking_digits(tmp_path):
    result = run(6, tmp_path)
    assert result.accuracy > 0.9
    assert result.curves["loss"][-1] < result.curves["loss"][0] / 2
    assert [spikes.shape for spikes in result.spikes.values()] == [(25, 64), (25, 256), (25, 128), (25, 10)]
    for spikes in result.spikes.values():
        assert np.isin(spikes, (0, 1)).all()
        assert spikes.any()
    assert list(result.spikes.values())[-1].sum(axis=0).argmax() == result.label


def test_conventional_against_spiking(tmp_path):
    result = run(7, tmp_path)
    assert result.accuracy["ANN"] > 0.93
    assert result.accuracy["SNN"] > 0.93
    assert {row.device for row in result.table.rows} == {"45 nm CMOS", "Loihi 1"}
    energy = {(r.net, r.number_format): r.energy_j for r in result.table.rows if r.device == "45 nm CMOS"}
    assert 0 < energy["ANN", "int8"] < energy["ANN", "float32"]
    crossing = next(c for c in result.table.crossings if c.number_format == "float32" and c.with_memory)
    found = crossing.result
    slope = (found.spiking_j - found.fixed_j) / found.measured  # the crossing lies on both lines of the picture
    assert found.fixed_j + slope * found.rate == pytest.approx(found.conventional_j)
    assert "Break-even" in result.text


def test_your_own_neuron(tmp_path):
    result = run(8, tmp_path)
    assert result.accuracy > 0.93
    assert result.operations == {"multiply": 4, "add": 5, "compare": 1}
    assert result.jumps.shape == (256,)
    assert result.jumps.std() > 0.001  # they were all 0.2 before training
    assert (result.jumps >= 0).all()
    assert result.intervals_s[-1] > 1.5 * result.intervals_s[0] > 0


def test_digits_without_a_teacher(tmp_path):
    result = run(9, tmp_path)
    assert result.accuracy[-1] > 0.75  # 400 neurons and three passes: over 0.87 for each of three seeds
    assert result.weight.shape == (100, 64)
    assert np.allclose(result.weight.sum(axis=1), 8)
    assert set(result.assigned) >= set(range(10))
    assert result.confusion.sum() == 359


def test_which_chip(tmp_path):
    result = run(10, tmp_path)
    assert {"Loihi 1", "Speck"} <= set(result.fitting)
    assert result.broken["Xylo Audio 2"] >= 5
    assert set(result.broken) == {chip.name for chip in hw.chips.NEUROMORPHIC}
    assert result.hops[1] < result.hops[0]
    assert result.load_most[1] <= result.load_most[0]
    assert result.cores > 4
