"""Loaders of recordings: files made here, and the real ones where they are."""

from __future__ import annotations

import io
import wave
import zipfile
from pathlib import Path

import numpy as np
import pytest

import spikenet as sn
from spikenet.encode import AdaptiveDelta, Recorded, StepForward

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
real = pytest.mark.skipif(not SHARED.is_dir(), reason="the developers' recordings are not here")


def wav(samples, rate=8000, width=2, channels=1):
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(width)
        sound.setframerate(rate)
        sound.writeframes(samples.astype("<i2" if width == 2 else np.uint8).tobytes())
    return file.getvalue()


def tone(hz, n=4000):
    t = np.arange(n) / 8000
    envelope = np.exp(-(((t - 0.25) / 0.08) ** 2))
    return 12000 * envelope * np.sin(2 * np.pi * hz * t)


@pytest.fixture
def words(tmp_path):
    path = tmp_path / "words.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for word, hz in enumerate((300, 1000, 2500)):
            for speaker in ("anna", "ben"):
                for take in range(3):
                    archive.writestr(f"recordings/{word}_{speaker}_{take}.wav", wav(tone(hz * (1 + 0.02 * take))))
    return path


def test_a_wav_is_read_sample_by_sample():
    samples = np.array([0, 16384, -32768, 32767])
    sound, rate = sn.data.read_wav(wav(samples, 16000))
    assert rate == 16000
    assert sound.dtype == np.float32
    assert np.array_equal(sound, samples / 32768)
    assert np.array_equal(sn.data.read_wav(wav(np.array([0, 128, 255]), width=1))[0], [-1, 0, np.float32(127 / 128)])


@pytest.mark.parametrize("hz", [300, 1000, 2500])
def test_a_tone_is_loudest_in_its_own_channel(hz):
    energies = sn.data.mel_energies(tone(hz), 8000, channels=24)
    assert energies.shape == (1 + (4000 - 200) // 80, 24)
    edges = 700 * (10 ** (np.linspace(2595 * np.log10(1 + 80 / 700), 2595 * np.log10(1 + 4000 / 700), 26) / 2595) - 1)
    assert abs(int(energies[20].argmax()) - int(np.abs(edges[1:-1] - hz).argmin())) <= 1


def test_silence_is_the_floor():
    assert np.allclose(sn.data.mel_energies(np.zeros(1000), 8000, floor=1e-5), np.log(1e-5))
    assert len(sn.data.mel_energies(np.ones(3), 8000)) == 1


def test_words_are_split_by_speaker_or_by_take(words):
    train, test = sn.data.spoken(words, held_out=("ben",), steps=20)
    assert train.inputs.shape == test.inputs.shape == (9, 20, 32)
    assert sorted(train.labels) == sorted(test.labels) == [0] * 3 + [1] * 3 + [2] * 3
    assert train.classes == 3
    assert np.allclose(train.inputs.std(axis=(1, 2)), 1, atol=1e-3)
    train, test = sn.data.spoken(words, test_takes=1)
    assert (len(train), len(test)) == (12, 6)


def test_each_speaker_can_be_evened_by_himself(words):
    for part in sn.data.spoken(words, held_out=("ben",), steps=20, by_speaker=True):
        assert np.allclose(part.inputs.mean(axis=(0, 1)), 0, atol=1e-4)
        assert np.allclose(part.inputs.std(axis=(0, 1)), 1, atol=1e-3)
    with pytest.raises(TypeError, match="by_speaker: expected True or False, got 'ben'"):
        sn.data.spoken(words, by_speaker="ben")


def test_training_words_are_there_once_for_each_cut(words):
    """The tones swell and fade: the fewer decibels, the shorter the word, but every copy has as many steps."""
    train, test = sn.data.spoken(words, held_out=("ben",), steps=20, cuts_db=(3.0, 10.0, 20.0))
    assert (len(train), len(test)) == (27, 9)
    assert np.array_equal(train.labels, np.repeat(sn.data.spoken(words, held_out=("ben",))[0].labels, 3))
    alone = [sn.data.spoken(words, held_out=("ben",), steps=20, cuts_db=(cut,)) for cut in (3.0, 10.0, 20.0)]
    for k, (part, asked) in enumerate(alone):
        assert np.array_equal(train.inputs[k::3], part.inputs)
        assert np.array_equal(asked.inputs, test.inputs) == (k == 1)
    loudness = sn.data.mel_energies(tone(1000), 8000, 24, low_hz=200, high_hz=3400)
    assert np.argmax(loudness[20]) == np.argmin(np.abs(_centres(24) - 1000))


def _centres(n):
    mel = np.linspace(2595 * np.log10(1 + 200 / 700), 2595 * np.log10(1 + 3400 / 700), n + 2)
    return 700 * (10 ** (mel / 2595) - 1)[1:-1]


def test_touch_is_split_by_repetition(tmp_path, rng):
    x = rng.integers(50, 256, (12, 7, 3)).astype(np.uint8)
    path = tmp_path / "touch.npz"
    np.savez(path, x=x, y=np.arange(12) % 3, repetition=np.arange(12) // 3)
    train, test = sn.data.touch(path, test_repetitions=1)
    assert (len(train), len(test), train.classes) == (9, 3, 3)
    assert np.allclose(test.inputs, (255 - x[9:].astype(float)) / 255)
    with pytest.raises(ValueError, match="fewer than the 4"):
        sn.data.touch(path, test_repetitions=4)


def event(x, y, polarity, time):
    return bytes([x, y, polarity << 7 | time >> 16, time >> 8 & 255, time & 255])


@pytest.fixture
def recordings(tmp_path):
    for part, digit, content in (
        ("Train", 3, event(0, 1, 1, 0) + event(33, 32, 0, 299_999) + event(0, 0, 1, 100_000) * 2),
        ("Test", 1, event(5, 5, 1, 8_000_000)),
    ):
        folder = tmp_path / "set" / part / str(digit)
        folder.mkdir(parents=True)
        (folder / "00001.bin").write_bytes(content)
    return tmp_path / "set"


def test_events_fall_into_their_bins(recordings):
    train, test = sn.data.saccades(recordings, steps=3, pool=2)
    expected = np.zeros((3, 2, 17, 17))
    expected[0, 1, 0, 0], expected[2, 0, 16, 16], expected[1, 1, 0, 0] = 1, 1, 2
    assert np.array_equal(train.inputs[0], expected)
    assert (train.labels.tolist(), test.labels.tolist(), train.classes) == ([3], [1], 4)
    assert not test.inputs.any()  # later than 0.3 s
    x, y, polarity, time = sn.data.read_saccades(event(3, 4, 1, 8_000_000))
    assert (x[0], y[0], polarity[0], time[0]) == (3, 4, 1, 8_000_000)


def test_recorded_brings_time_to_the_front_and_splits_signs(rng):
    x = np.cumsum(rng.normal(size=(3, 20, 4)), axis=1).astype(np.float32)
    assert np.array_equal(Recorded()(x), x.transpose(1, 0, 2))
    spikes = Recorded(StepForward(0.5))(x)
    assert spikes.shape == (20, 3, 8)
    signed = StepForward(0.5)(x.transpose(1, 0, 2))
    assert np.array_equal(spikes[..., :4] - spikes[..., 4:], signed)
    assert Recorded(AdaptiveDelta(0.1, 0.2)).config()["code"]["kind"] == "AdaptiveDelta"
    assert Recorded().config() == {"code": None}
    with pytest.raises(TypeError, match="code"):
        Recorded(StepForward)
    with pytest.raises(ValueError, match="finite"):
        Recorded()(np.full((1, 2, 3), np.nan))


def damaged(path, name, content):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("call", "error", "words_of"),
    [
        (lambda p: sn.data.spoken(p / "none.zip"), ValueError, "none.zip: expected a folder or a readable zip"),
        (lambda p: sn.data.spoken(p), ValueError, "expected files .wav in this folder"),
        (lambda p: sn.data.spoken(3), TypeError, "expected a path"),
        (lambda p: sn.data.spoken(damaged(p / "a.zip", "one.wav", wav(tone(300)))), ValueError, "7_jackson_12.wav"),
        (lambda p: sn.data.spoken(damaged(p / "a.zip", "1_a_1.wav", b"RIFF")), ValueError, "1_a_1.wav: expected a wav"),
        (
            lambda p: sn.data.spoken(damaged(p / "a.zip", "1_a_1.wav", wav(tone(300), channels=2))),
            ValueError, "one channel of 8 or 16 bits, got 2",
        ),
        (
            lambda p: sn.data.spoken(damaged(p / "a.zip", "1_a_1.wav", wav(tone(300))), ("bob",)),
            ValueError, r"speakers of \['a'\], got \['bob'\]",
        ),
        (lambda p: sn.data.spoken(p, held_out="bob"), TypeError, "tuple of speakers"),
        (lambda p: sn.data.mel_energies(np.zeros(0), 8000), ValueError, "at least one"),
        (lambda p: sn.data.mel_energies(np.ones(9), 8000, low_hz=4000), ValueError, "half the rate, 4000"),
        (lambda p: sn.data.mel_energies(np.ones(9), 8000, high_hz=5e3), ValueError, "at most half the rate, 4000, got"),
        (lambda p: sn.data.spoken(p, cuts_db=15.0), TypeError, r"cuts_db: expected a tuple of decibels, got 15.0"),
        (lambda p: sn.data.spoken(p, cuts_db=(0,)), ValueError, "cuts_db: expected a number > 0, got 0"),
        (lambda p: sn.data.touch(p / "none.npz"), ValueError, "none.npz: expected an npz"),
        (lambda p: sn.data.touch(damaged(p / "b.npz", "x.npy", b"")), ValueError, "expected an npz"),
        (
            lambda p: sn.data.saccades(damaged(p / "c.zip", "Train/1/1.bin", b"1234567")), ValueError,
            "1.bin: expected events of 5 bytes, got 7",
        ),
        (
            lambda p: sn.data.saccades(damaged(p / "c.zip", "Train/1/1.bin", event(40, 0, 0, 1))), ValueError,
            "pixels below 34, got 40",
        ),
        (lambda p: sn.data.saccades(damaged(p / "c.zip", "1.bin", b"")), ValueError, "Train/<digit>"),
        (lambda p: sn.data.saccades(damaged(p / "c.zip", "Train/1/1.bin", b"")), ValueError, "files in Test"),
        (lambda p: sn.data.saccades(p, pool=40), ValueError, "at most 34"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(call, error, words_of, tmp_path):
    with pytest.raises(error, match=words_of):
        call(tmp_path)


@real
def test_the_real_recordings_are_what_their_makers_say():
    train, test = sn.data.touch(SHARED / "braille" / "braille.npz")
    assert (len(train), len(test), train.classes, train.inputs.shape[1:]) == (864, 216, 27, (76, 12))
    train, test = sn.data.spoken(SHARED / "fsdd" / "fsdd_4speakers.zip", held_out=("jackson",))
    assert (len(train), len(test), train.classes) == (600, 200, 10)


@real
def test_real_saccades_have_the_events_that_are_in_the_file():
    train, test = sn.data.saccades(SHARED / "nmnist_small" / "nmnist_small.zip", steps=5, pool=17, duration_s=10.0)
    assert (len(train), len(test), train.classes, train.inputs.shape[1:]) == (500, 50, 10, (5, 2, 2, 2))
    with zipfile.ZipFile(SHARED / "nmnist_small" / "nmnist_small.zip") as archive:
        size = sum(one.file_size for one in archive.infolist() if one.filename.endswith(".bin"))
    assert train.inputs.sum(dtype=np.float64) + test.inputs.sum(dtype=np.float64) == size // 5
