"""Spoken words: wav files to the energies of channels along the ear's frequency scale, frame by frame."""

from __future__ import annotations

import io
import wave
from os import PathLike
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.data.archive import files
from spikenet.data.record import Arrays
from spikenet.errors import Array, finite_values, flag, positive, whole

LOW_HZ, HIGH_HZ = 200.0, 3400.0  # of words cut by decibels
SILENCE = 1e-5  # of the loudest channel's energy


def read_wav(content: bytes, name: str = "read_wav") -> tuple[npt.NDArray[np.float32], int]:
    """(samples in -1 .. 1, rate in Hz) of a mono wav of 8 or 16 bits; ValueError naming it for anything else."""
    try:
        with wave.open(io.BytesIO(content)) as sound:
            channels, width, rate = sound.getnchannels(), sound.getsampwidth(), sound.getframerate()
            raw = sound.readframes(sound.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{name}: expected a wav file: {error or 'it is cut short'}") from error
    if channels != 1 or width not in (1, 2):
        raise ValueError(f"{name}: expected one channel of 8 or 16 bits, got {channels} of {8 * width}")
    if width == 1:
        return ((np.frombuffer(raw, np.uint8) - 128.0) / 128).astype(np.float32), int(rate)
    return (np.frombuffer(raw[: len(raw) // 2 * 2], "<i2") / 32768.0).astype(np.float32), int(rate)


def mel_energies(
    sound: npt.ArrayLike, rate_hz: int, channels: int = 32, step_s: float = 10e-3, frame_s: float = 25e-3,
    low_hz: float = 80.0, floor: float = 1e-7, high_hz: float | None = None,
) -> Array:  # fmt: skip
    """(steps, channels) log energies: triangles even on the mel scale, Hann frames.

    sound  : (samples,) numbers; the frame under way at the end is dropped, a sound shorter than one frame fills one
    low_hz, high_hz: where the lowest triangle begins and the highest ends; half the rate for None
    floor  : energy below which all is silence
    Source: Davis & Mermelstein 1980 (IEEE TASSP 28:357-366); mel(f) = 2595 log10(1 + f / 700)
    """
    given = finite_values("mel_energies: sound", sound)
    if given.ndim != 1 or not given.size:
        raise ValueError(f"mel_energies: expected a row of samples, at least one, got shape {given.shape}")
    n, rate = whole("mel_energies: channels", channels), whole("mel_energies: rate_hz", rate_hz)
    hop = max(1, round(positive("mel_energies: step_s", step_s) * rate))
    width = max(2, round(positive("mel_energies: frame_s", frame_s) * rate))
    lowest, silence = positive("mel_energies: low_hz", low_hz), positive("mel_energies: floor", floor)
    if lowest >= rate / 2:
        raise ValueError(f"mel_energies: low_hz: expected less than half the rate, {rate / 2:g} Hz, got {lowest:g}")
    highest = rate / 2 if high_hz is None else positive("mel_energies: high_hz", high_hz)
    if not lowest < highest <= rate / 2:
        raise ValueError(
            f"mel_energies: high_hz: expected above {lowest:g} and at most half the rate, {rate / 2:g}, got {highest:g}"
        )
    size = 1 << (width - 1).bit_length()
    edges = _edges_hz(n, lowest, highest)
    frequency = np.arange(size // 2 + 1) * rate / size
    rise = (frequency - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - frequency) / (edges[2:] - edges[1:-1])[:, None]
    filters = np.maximum(np.minimum(rise, fall), 0)
    bright = np.append(given[:1], given[1:] - 0.95 * given[:-1])  # as the outer ear lifts high frequencies
    bright = np.pad(bright, (0, max(0, width - len(bright))))
    frames = np.lib.stride_tricks.sliding_window_view(bright, width)[::hop] * np.hanning(width)
    power = np.abs(np.fft.rfft(frames, size)) ** 2
    energies: Array = np.log(power @ filters.T + silence)
    return energies


def spoken(
    path: str | PathLike[str], held_out: tuple[str, ...] = (), steps: int = 50, channels: int = 32, test_takes: int = 5,
    by_speaker: bool = False, cuts_db: tuple[float, ...] = (),
) -> tuple[Arrays, Arrays]:  # fmt: skip
    """(train, test) of wav files named <word number>_<speaker>_<take>.wav in a folder or zip, as FSDD names them.

    held_out  : speakers of whom no recording is in the training set; all of theirs are the test set. Empty: takes 0 to
                test_takes - 1 of everybody are the test set, as FSDD's authors have it
    steps     : every word is stretched or squeezed to as many, >= 2;  channels: of `mel_energies`

    by_speaker: also bring every channel to mean 0 and deviation 1 over the recordings of each speaker, as recognisers
                do that know whom they hear; no labels are used, but all of the speaker's recordings are, tested or not

    cuts_db   : where a word begins and ends: at the first and last frame within so many decibels of its loudest one.
                Each training recording is there once for every number, cut so, and a net learns not to rely on the
                cut; test recordings are cut at the middle number. Channels lie between 200 and 3400 Hz, as a telephone
                passes, and what is 50 dB below the loudest channel is silence. Empty: cut at the background's level

    inputs are (N, steps, channels) float32: log energies of the word, with the mean of the recording and half of each
    channel's own mean taken away, over their standard deviation.

    Raises ValueError naming the file that is no such wav or whose name does not say what it is, and for speakers that
    are not there.
    """
    length = whole("spoken: steps", steps, least=2)
    first = whole("spoken: test_takes", test_takes, least=0)
    if isinstance(held_out, str):
        raise TypeError(f'spoken: held_out: expected a tuple of speakers, got {held_out!r}; write ("{held_out}",)')
    cuts = _cuts(cuts_db)
    inputs, labels, speakers, takes = [], [], [], []
    for name, content in files("spoken", path, ".wav"):
        word, speaker, take = _said(name)
        sound, rate = read_wav(content, str(name))
        if cuts:
            energies = mel_energies(sound, rate, channels, floor=1e-9, low_hz=LOW_HZ, high_hz=HIGH_HZ)
            inputs.append(np.array([_within(energies, cut, length) for cut in cuts]))
        else:
            inputs.append(_word(mel_energies(sound, rate, channels), length)[None])
        labels.append(word)
        speakers.append(speaker)
        takes.append(take)
    if unknown := set(held_out) - set(speakers):
        raise ValueError(f"spoken: held_out: expected speakers of {sorted(set(speakers))}, got {sorted(unknown)}")
    if flag("spoken: by_speaker", by_speaker):
        inputs = list(_evened(np.array(inputs), np.array(speakers)))
    test = np.isin(speakers, held_out) if held_out else np.array(takes) < first
    if test.all() or not test.any():
        raise ValueError(f"spoken: expected recordings in both parts, got {int(test.sum())} of {len(test)} for testing")
    x, y = np.array(inputs, np.float32), np.array(labels, np.int64)  # (recordings, cuts, steps, channels)
    classes, copies = int(y.max()) + 1, x.shape[1]
    train = Arrays(x[~test].reshape(-1, *x.shape[2:]), np.repeat(y[~test], copies), "spoken", classes)
    return train, Arrays(x[test, copies // 2], y[test], "spoken", classes)


def _edges_hz(n: int, low_hz: float, high_hz: float) -> Array:
    """(n + 2,) where triangle k begins, peaks and ends: at k, k + 1, k + 2."""
    edges: Array = 700 * (10 ** (np.linspace(_mel(low_hz), _mel(high_hz), n + 2) / 2595) - 1)
    return edges


def _mel(hz: float) -> float:
    return float(2595 * np.log10(1 + hz / 700))


def _said(name: PurePosixPath) -> tuple[int, str, int]:
    parts = name.stem.split("_")
    if len(parts) != 3 or not parts[0].isdecimal() or not parts[2].isdecimal():
        raise ValueError(f"{name}: expected a name like 7_jackson_12.wav, <word>_<speaker>_<take>")
    return int(parts[0]), parts[1], int(parts[2])


def _evened(x: Array, speakers: Array) -> Array:
    """x (N, cuts, steps, channels) with every channel's mean and deviation over a speaker's recordings 0 and 1."""
    even = np.empty_like(x)
    for one in np.unique(speakers):
        own = x[speakers == one]
        even[speakers == one] = (own - own.mean(axis=(0, 1, 2))) / np.maximum(own.std(axis=(0, 1, 2)), 1e-6)
    return even


def _word(energies: Array, steps: int) -> Array:
    """The part of a recording above its background, in `steps` steps, without level and half of the colour."""
    loudness = energies.mean(axis=1)
    quiet = np.percentile(loudness, 5)
    loud = np.flatnonzero(loudness >= quiet + 0.35 * (loudness.max() - quiet))
    return _evenly(energies[loud[0] : loud[-1] + 1], steps)


def _within(energies: Array, cut_db: float, steps: int) -> Array:
    """The part within cut_db of the loudest frame, in `steps` steps, without level and half of the colour."""
    edges = _edges_hz(energies.shape[1], LOW_HZ, HIGH_HZ)
    power = np.exp(energies) / (edges[2:] - edges[:-2])  # a hertz, so that low channels, with the vowels, count
    loudness_db = 10 * np.log10(power.mean(axis=1))
    loud = np.flatnonzero(loudness_db > loudness_db.max() - cut_db)
    audible = np.log(power / power.max() + SILENCE)
    return _evenly(audible[loud[0] : loud[-1] + 1], steps)


def _cuts(cuts_db: Any) -> tuple[float, ...]:
    if not isinstance(cuts_db, (tuple, list)):
        raise TypeError(f"spoken: cuts_db: expected a tuple of decibels, got {cuts_db!r:.60}; write (15.0,)")
    return tuple(positive("spoken: cuts_db", cut) for cut in cuts_db)


def _evenly(word: Array, steps: int) -> Array:
    """(steps, channels): a word stretched or squeezed, without level and half of the colour, of deviation 1."""
    place = np.linspace(0, len(word) - 1, steps)
    below = np.minimum(place.astype(int), max(len(word) - 2, 0))
    above = np.minimum(below + 1, len(word) - 1)
    part = (place - below)[:, None]
    even = word[below] * (1 - part) + word[above] * part
    even = even - even.mean()
    even = even - 0.5 * even.mean(axis=0)
    scaled: Array = even / max(float(even.std()), 1e-6)
    return scaled
