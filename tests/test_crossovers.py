"""Where events and BLAS meet: measured once, remembered on disk, never in the way."""

from __future__ import annotations

import json

import pytest

from spikenet.kernels import crossovers as room
from spikenet.kernels.crossovers import Crossovers, measure


@pytest.fixture
def measured(monkeypatch):
    """How often it was measured, with a stand-in for the measurement."""
    calls = []
    monkeypatch.setattr(room, "measure", lambda n_out: calls.append(n_out) or Crossovers(0.3, 0.4, 0.5))
    return calls


def test_measured_densities_are_densities():
    for n_out in (room.NARROW, room.WIDE):
        limits = measure(n_out)
        assert all(0 <= d <= 1 for d in (limits.forward, limits.weights, limits.error))


BOTH = (Crossovers(0.3, 0.4, 0.5), Crossovers(0.3, 0.4, 0.5))


def test_a_machine_is_measured_once(tmp_path, measured):
    file = tmp_path / "deep" / "crossovers.json"
    assert room._remembered(file) == room._remembered(file) == BOTH
    assert measured == [room.NARROW, room.WIDE]
    assert len(json.loads(file.read_text())) == 1


@pytest.mark.parametrize("content", ["", "[]", "{", '{"other": 1}', "\x00"])
def test_a_damaged_file_is_measured_again(tmp_path, measured, content):
    file = tmp_path / "crossovers.json"
    file.write_text(content)
    assert room._remembered(file) == BOTH
    assert len(measured) == 2
    assert room._remembered(file) == BOTH
    assert len(measured) == 2


def test_a_folder_that_cannot_be_written(tmp_path, measured):
    (tmp_path / "in the way").write_text("")
    assert room._remembered(tmp_path / "in the way" / "crossovers.json") == BOTH


def test_between_and_beyond_the_measured_sizes(monkeypatch):
    """Costs of 3 + 0.1 m an event and 1 m dense meet at m / (3 + 0.1 m) for any number of outputs m."""
    monkeypatch.setattr(room, "NARROW", 10)
    monkeypatch.setattr(room, "WIDE", 500)

    def meeting(m, each=0.1):
        return 0.02 * m / (3 + each * m)

    both = tuple(Crossovers(meeting(m), meeting(m), 0.0) for m in (10, 500))
    monkeypatch.setattr(room, "_remembered", lambda file: both)
    for m in (1, 10, 20, 77, 500, 2000):
        limits = room.crossovers.__wrapped__(m)
        assert limits.forward == limits.weights == pytest.approx(meeting(m))
        assert limits.error <= 1e-3
