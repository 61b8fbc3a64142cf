"""Spoken digits of 85 voices that nobody has: eSpeak NG's, each in eight accents or tempi, as wav files in a zip.

    pip install espeakng-loader          # the synthesiser, GPL-3; spikenet does not need it
    python benchmarks/synthetic_voices.py VOICES.zip

Files are named as FSDD's, <digit>_<voice>_<take>.wav, 8000 Hz, so that `sn.data.spoken` reads them. Speed, pitch and
its range, the length of the vocal tract, the accent, the end of the sentence and the noise behind are drawn, the same
ones each time. Foreign accents are English words spelled for a German, say.
"""

from __future__ import annotations

import ctypes
import io
import sys
import wave
import zipfile
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
ENGLISH = ("en", "en-us", "en-gb-scotland", "en-029", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd")
FOREIGN = {
    "de": "siero wann tuh srie for feif siks sewwen eht nein",
    "fr": "ziro ouane tou sri fôre faïve sikse sévène éïte naïne",
    "nl": "ziero wan toe srie foor faaif siks sevven eet nain",
    "it": "ziro uan tu tri for faiv siks seven eit nain",
    "es": "siro uan tu zri for faiv siks seven eit nain",
    "el": "ζίρο γουάν του θρι φορ φάιβ σιξ σέβεν έιτ νάιν",
}
TAKES, ABROAD, TRACT = 8, 0.25, 0.13  # of each voice; part of them with an accent; log of the longest tract
NO_SPEAKER = (
    "whisper", "croak", "Demonic", "robo", "UniRobot", "anikaRobot", "AnxiousAndy", "Mr serious", "Tweaky", "Storm",
    "fast",
)  # fmt: skip
RATE_HZ, LOUDEST = 8000, 0.3
SYNCHRONOUS, SPEED, PITCH, PITCH_RANGE, UTF8 = 1, 1, 3, 4, 1  # of espeak-ng/speak_lib.h
HEARD = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class Synthesiser:
    """eSpeak NG, which hands its samples to a function piece by piece."""

    def __init__(self) -> None:
        import espeakng_loader  # pip install espeakng-loader

        self.voices = Path(espeakng_loader.get_data_path()) / "voices" / "!v"
        self.espeak, self.pieces = ctypes.CDLL(espeakng_loader.get_library_path()), []
        self.rate_hz = self.espeak.espeak_Initialize(SYNCHRONOUS, 500, str(self.voices.parents[2]).encode(), 0)
        self.heard = HEARD(self._heard)  # kept: the library holds no reference to it
        self.espeak.espeak_SetSynthCallback(self.heard)

    def _heard(self, samples, n: int, events) -> int:
        if samples and n > 0:
            self.pieces.append(np.ctypeslib.as_array(samples, (n,)).copy())
        return 0

    def say(self, text: str, voice: str, **settings: int) -> np.ndarray:
        """(samples,) at 8000 Hz in -1 .. 1."""
        if self.espeak.espeak_SetVoiceByName(voice.encode()):
            raise ValueError(f"say: eSpeak NG has no voice {voice!r}")
        for name, value in settings.items():
            self.espeak.espeak_SetParameter(
                {"speed": SPEED, "pitch": PITCH, "pitch_range": PITCH_RANGE}[name], value, 0
            )
        self.pieces.clear()
        content = text.encode()
        self.espeak.espeak_Synth(content, len(content) + 1, 0, 1, 0, UTF8, None, None)
        self.espeak.espeak_Synchronize()
        return resample_poly(np.concatenate(self.pieces) / 32768.0, RATE_HZ, self.rate_hz)


def wav(samples: np.ndarray) -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as sound:
        sound.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        sound.writeframes((32767 * np.clip(samples, -1, 1)).astype("<i2").tobytes())
    return content.getvalue()


def main() -> None:
    (out,) = sys.argv[1:]
    synthesiser, rng = Synthesiser(), np.random.default_rng(0)
    speakers = sorted(p.name for p in synthesiser.voices.iterdir() if not p.name.startswith(NO_SPEAKER))
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for speaker in speakers:
            for take in range(TAKES):
                accent = rng.choice(list(FOREIGN) if rng.random() < ABROAD else ENGLISH)
                low, high = (110, 20, 30), (220, 70, 80)  # words a minute, and pitch and its range of 100
                speed, pitch, pitch_range = (int(value) for value in rng.integers(low, high))
                longer = float(np.exp(rng.uniform(-TRACT, TRACT)))
                for digit, word in enumerate(FOREIGN[accent].split() if accent in FOREIGN else WORDS):
                    sound = synthesiser.say(
                        word + rng.choice(("", ".", "!", "?")), f"{accent}+{speaker}", speed=speed, pitch=pitch,
                        pitch_range=pitch_range,
                    )  # fmt: skip
                    sound = np.interp(np.arange(0, len(sound) - 1, 1 / longer), np.arange(len(sound)), sound)
                    sound *= LOUDEST / np.abs(sound).max()
                    sound += rng.normal(0, LOUDEST * 10 ** rng.uniform(-3.5, -2), len(sound))
                    archive.writestr(f"{digit}_{speaker.replace('_', '-')}_{take}.wav", wav(sound))
    print(f"{out}: {len(speakers)} voices, {TAKES * len(WORDS) * len(speakers)} recordings")


if __name__ == "__main__":
    main()
