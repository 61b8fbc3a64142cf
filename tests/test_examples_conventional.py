"""The examples of conventional families run, say what they claim, and leave a picture; on less work than by hand."""

from __future__ import annotations

import numpy as np
import pytest
from test_examples import load, run


def test_rows_read_in_order(tmp_path):
    result = run(40, tmp_path)
    assert all(curve[-1] > 0.8 for curve in result.curves.values())
    assert result.by_row[-1] > result.by_row[3] + 0.3, "half a digit is not enough"


def test_transformer_and_spiking_twin(tmp_path):
    result = run(41, tmp_path)
    assert result.curves["transformer"][-1] > 0.6
    assert result.curves["spiking"][-1] > 0.5
    assert all(0 < rate < 0.9 for rate in result.rates.values())


def test_likelihoods_of_digits(tmp_path):
    result = run(42, tmp_path)
    assert result.nats["VAE"] > result.nats["independent pixels"] + 1
    assert result.nats["spiking VAE"] > result.nats["independent pixels"] + 1
    assert result.nats["RealNVP"] > result.nats["one normal"]
    assert result.nats["Glow"] > result.nats["NICE"]
    assert max(result.error.values()) < 1e-4


def test_forger_and_critic(tmp_path):
    result = run(43, tmp_path)
    assert result.kinds >= 5
    assert np.isfinite(result.losses).all()
    assert result.images.min() >= 0
    assert result.images.max() <= 1


def test_pixels_one_by_one(tmp_path):
    result = run(44, tmp_path)
    assert result.bits["PixelCNN"] < result.bits["each place"] < result.bits["any pixel"]


def test_map_of_digits(tmp_path):
    result = run(45, tmp_path)
    assert result.topographic_error < 0.1
    assert result.map_accuracy > 0.8
    assert result.radial[60] > result.radial[20] > 0.85


def test_sampling_by_neurons(tmp_path):
    result = run(46, tmp_path)
    assert result.nats["neurons"] < 0.02
    assert result.nats["Gibbs"] < 0.02
    assert result.error["CD-1: mended"] < 0.9 * result.error["CD-1: spoilt"]
    assert result.accuracy["features"] > 0.85
    assert 0 < result.pictures[-1].std() < 1


def test_where_waves_come_from(tmp_path):
    """What is said holds for the small nets here: fewer numbers, better answers. Larger real ones catch up."""
    result = run(47, tmp_path)
    small, large = result.points["complex"][0], result.points["real"][0]
    assert small[0] < large[0]
    assert small[1] > large[1]


def test_fewer_bits_fewer_weights(tmp_path):
    result = run(48, tmp_path)
    assert abs(result.bits[8] - result.float32) < 0.01
    assert result.bits[2] < result.float32 - 0.02
    assert result.trained[2] > result.bits[2]
    assert result.pruned[0.8] > result.float32 - 0.03
    assert all(found > (0.3 if name == "by movement" else 0.75) for name, found in result.ways.items())
    assert all(0 <= share <= 1 for share in result.crossover.values())
    assert result.stored["int4"] < result.stored["int8"] < 0.3 * result.stored["float32"]


def test_numbers_become_spikes(tmp_path):
    result = run(49, tmp_path)
    assert result.curves["ReLU, from half-way"][-1] > result.numbers["ReLU"] - 0.02
    assert result.curves["QCFS, from half-way"][7] > result.numbers["QCFS"] - 0.03
    assert result.worst in {loss.name for loss in result.losses}
    assert len(result.pairs) == 3


def test_without_gradients(tmp_path):
    result = run(50, tmp_path)
    assert result.accuracy["random features, solved"] > 0.94
    assert result.accuracy["backpropagation"] > 0.6
    assert result.accuracy["CMA-ES"] > 0.4
    assert result.kept[0] > 0.9 * result.kept[1]


def test_spoilt_digits_mended(tmp_path):
    result = run(51, tmp_path)
    assert result.error["bottleneck"] < 0.7 * result.error["not mended"]
    assert result.error["U-Net"] < 0.6 * result.error["not mended"]
    assert all(curve[-1] < curve[0] for curve in result.curves.values())


def test_digits_in_symbols(tmp_path):
    result = run(52, tmp_path)
    assert result.error["learnt symbols"] < 0.4 * result.error["mean digit"]
    assert result.curve[-1] < result.curve[0]
    assert (result.used > 0).sum() >= 12


def test_heartbeats_foreseen(tmp_path):
    if not load(53).RECORD.exists():
        pytest.skip("the developers' recordings are not here")
    result = run(53, tmp_path)
    assert result.bits["WaveNet"] < result.bits["levels"] - 0.1
    assert result.real_mv.shape == result.written_mv.shape


def test_a_missing_record_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.dat: give 100\.dat of the MIT-BIH"):
        load(53).main(quick=True, out=tmp_path, record=tmp_path / "none.dat")


def test_with_and_without_shortcuts(tmp_path):
    result = run(54, tmp_path)
    assert all(found[5] > 0.4 for found in result.accuracy.values())  # so few layers learn either way
    assert all(curve[-1] > curve[0] for curve in result.curves.values())


def test_one_hand_all_digits(tmp_path):
    result = run(55, tmp_path)
    for found in result.kinds.values():
        assert found["error"] < result.mean_error
        assert found["obeyed"] > 0.3
        assert found["alike"] > 0.5
    plain, again = result.kinds.values()
    assert again["misread"] < 0.7 * plain["misread"]


def test_painting_grown(tmp_path):
    result = run(56, tmp_path)
    (spent, error), (all_spent, _) = result.curves["grown"], result.curves["whole from the start"]
    assert spent[-1] < 0.6 * all_spent[-1]
    assert error[-1] < error[0] / 3


def test_turning_tops(tmp_path):
    result = run(57, tmp_path)
    blind, lost = result.degrees["quaternions, fallen"], result.degrees["real numbers, fallen"]
    assert np.allclose(blind, result.degrees["quaternions, upright"], atol=0.3)
    assert max(blind) < 8 < 40 < min(lost)
    assert result.degrees["quaternions, upright"][0] < result.degrees["real numbers, upright"][0]


def test_five_labels_a_digit(tmp_path):
    result = run(58, tmp_path)
    assert np.mean(result.alone["and agreement"]) > np.mean(result.alone["labels alone"])
    assert all(result.ensemble[kind] > np.mean(members) - 0.01 for kind, members in result.alone.items())


def test_rates_before_learning(tmp_path):
    result = run(59, tmp_path)
    np.testing.assert_allclose(result.rates["rates matched"], 0.1, atol=0.01)
    assert result.rates["as drawn"][-1] < 0.01
    assert result.curves["rates matched"][0] > result.curves["as drawn"][0] + 0.1


def test_numbers_written_backwards(tmp_path):
    result = run(60, tmp_path)
    assert result.curve[-1][1] > 0.5  # chance: a tenth
    assert result.by_length[1] > result.by_length[4]


def test_there_and_back_again(tmp_path):
    alone, cycles = run(61, tmp_path).error.values()
    assert cycles["there and back"] < 0.8 * alone["there and back"]
    assert cycles["wiped clear"] < 0.97 * alone["wiped clear"]  # after all 800 steps: 0.64
    assert cycles["frosted"] < 0.06


def test_painted_on_maps(tmp_path):
    result = run(62, tmp_path)
    assert result.error["SPADE"] < 0.8 * result.error["means of paper, ink"]
