"""The examples of conventional families run, say what they claim, and leave a picture; on less work than by hand."""

from __future__ import annotations

import numpy as np
from test_examples import run


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


def test_where_waves_come_from(tmp_path):
    """What is said holds for the small nets here: fewer numbers, better answers. Larger real ones catch up."""
    result = run(47, tmp_path)
    small, large = result.points["complex"][0], result.points["real"][0]
    assert small[0] < large[0]
    assert small[1] > large[1]


def test_without_gradients(tmp_path):
    result = run(50, tmp_path)
    assert result.accuracy["random features, solved"] > 0.94
    assert result.accuracy["backpropagation"] > 0.6
    assert result.accuracy["CMA-ES"] > 0.4
    assert result.kept[0] > 0.9 * result.kept[1]
