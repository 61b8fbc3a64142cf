"""Where events and BLAS meet: measured once, remembered on disk, never in the way."""

from __future__ import annotations

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


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "_file", lambda: tmp_path / "deep" / "crossovers.json")
    return tmp_path / "deep" / "crossovers.json"


def test_a_machine_is_measured_once_and_only_when_asked(file, measured):
    """Measuring in the middle of a run would make its rounding depend on a stopwatch."""
    assert room.crossovers.__wrapped__(room.WIDE) == pytest.approx(room.USUAL[1])
    assert not measured
    assert not file.parent.exists()
    assert room.remember()
    assert not room.remember()
    assert measured == [room.NARROW, room.WIDE]
    assert room.remembered(file) == BOTH
    assert room.crossovers.__wrapped__(room.WIDE) == pytest.approx(BOTH[1])


@pytest.mark.parametrize("content", ["", "[]", "{", '{"other": 1}', "\x00", '{"KEY": null}', '{"KEY": [1, 2]}'])
def test_a_damaged_file_is_measured_again(file, measured, content):
    file.parent.mkdir()
    file.write_text(content.replace("KEY", room._key()))
    assert room.remembered(file) is None
    assert room.remember()
    assert room.remembered(file) == BOTH


@pytest.mark.parametrize("value", ["null", '"a"', "-0.1", "2.0", "NaN", "true"])
def test_what_is_no_density_is_not_believed(file, value):
    one = '{"forward": %s, "weights": 0.1, "error": 0.1}' % value  # noqa: UP031
    file.parent.mkdir()
    file.write_text(f'{{"{room._key()}": [{one}, {one}]}}')
    assert room.remembered(file) is None


def test_a_folder_that_cannot_be_written(file, measured):
    file.parent.write_text("")
    assert room.remember()
    assert room.remembered(file) is None


def test_between_and_beyond_the_measured_sizes(monkeypatch):
    """Costs of 3 + 0.1 m an event and 1 m dense meet at m / (3 + 0.1 m) for any number of outputs m."""
    monkeypatch.setattr(room, "NARROW", 10)
    monkeypatch.setattr(room, "WIDE", 500)

    def meeting(m, each=0.1):
        return 0.02 * m / (3 + each * m)

    both = tuple(Crossovers(meeting(m), meeting(m), 0.0) for m in (10, 500))
    monkeypatch.setattr(room, "remembered", lambda file: both)
    for m in (1, 10, 20, 77, 500, 2000):
        limits = room.crossovers.__wrapped__(m)
        assert limits.forward == limits.weights == pytest.approx(meeting(m))
        assert limits.error <= 1e-3
