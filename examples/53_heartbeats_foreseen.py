"""An electrocardiogram foreseen sample by sample: a waveform net of dilated causal convolutions, half a second in mind.

The net gives a probability to every level the next sample may take, so its bits per sample can be compared with those
of simpler models: levels by themselves, and levels counted after each pair of levels. Then it writes a curve of its
own from what it has written.

The record is number 100 of the MIT-BIH arrhythmia database (https://physionet.org/content/mitdb/1.0.0/100.dat): two
leads, 30 minutes at 360 Hz, 12 bits a sample; the first lead is taken, three samples averaged into one.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn
from spikenet.models import WaveNet, pixel_nats
from spikenet.train import descend

RECORD = Path(__file__).resolve().parents[2] / "shared" / "data" / "ecg_mitdb100" / "100.dat"
RATE_HZ, LEVELS, LOW_MV, HIGH_MV = 120, 32, -0.8, 1.2
LENGTH, BATCH, DILATIONS = 192, 16, (1, 2, 4, 8, 16, 32)


class Result(NamedTuple):
    """bits: per sample of the record's last minutes, by model; reach_s: what the net sees; two curves as long."""

    bits: dict[str, float]
    reach_s: float
    real_mv: np.ndarray
    written_mv: np.ndarray


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0, record: Path = RECORD) -> Result:
    """Trains and writes; draws into the folder `out`. quick: few steps. seed: of weights, windows and drawing.

    Raises FileNotFoundError without the record.
    """
    level, rng = levels(record), np.random.default_rng(seed)
    train, test = np.split(level, [25 * 60 * RATE_HZ])
    net = WaveNet(1, LEVELS, width=16, dilations=DILATIONS, seed=seed)
    state, params, steps = None, net.parameters(), 100 if quick else 600
    falling = sn.optim.Cosine(steps)
    for k in range(steps):
        start = rng.integers(0, len(train) - LENGTH - 1, (BATCH, 1))
        loss = nats(net, train[start + np.arange(LENGTH + 1)])
        state = descend(loss, params, sn.optim.Adam(1e-2 * max(falling(k), 1e-3)), state, clip_norm=1.0)
    windows = test[: len(test) // (LENGTH + 1) * (LENGTH + 1)].reshape(-1, LENGTH + 1)
    bits = simple_models(train, test)
    with sn.no_grad():
        bits["WaveNet"] = nats(net, windows).item() / math.log(2)
    n = (2 if quick else 8) * RATE_HZ
    mv = LOW_MV + (np.stack([test[:n], written(net, test, n, rng)]) + 0.5) * (HIGH_MV - LOW_MV) / LEVELS
    result = Result(bits, net.reach / RATE_HZ, *mv)
    draw(result, out)
    return result


def levels(record: Path) -> np.ndarray:
    """(samples,) whole numbers below LEVELS: the first lead at RATE_HZ. Two 12-bit samples stand in three bytes."""
    if not record.exists():
        raise FileNotFoundError(f"there is no {record}: give 100.dat of the MIT-BIH arrhythmia database as record=")
    low, high, _ = np.fromfile(record, np.uint8).reshape(-1, 3).astype(np.int16).T
    sample = ((low | (high & 15) << 8) + 2048) % 4096 - 2048
    mv = (sample[: len(sample) // 3 * 3].reshape(-1, 3).mean(axis=1) - 1024) / 200  # of the record's header
    return np.clip((mv - LOW_MV) / (HIGH_MV - LOW_MV) * LEVELS, 0, LEVELS - 1).astype(np.int64)


def nats(net: WaveNet, level: np.ndarray) -> sn.Tensor:
    """Of a sample, foreseen from those before it in (batch, length) levels, the first aside."""
    return pixel_nats(net(shown(level[:, :-1])), level[:, 1:]) / (level.shape[1] - 1)


def shown(level: np.ndarray) -> np.ndarray:
    return (level[:, None] / (LEVELS / 2) - 1).astype(np.float32)


def simple_models(train: np.ndarray, test: np.ndarray) -> dict[str, float]:
    """Bits per sample of the test record, one count being added everywhere."""
    each = np.bincount(train, minlength=LEVELS) + 1.0
    pairs = np.ones((LEVELS, LEVELS, LEVELS))
    np.add.at(pairs, (train[:-2], train[1:-1], train[2:]), 1)
    pairs /= pairs.sum(axis=2, keepdims=True)
    after_two = -np.log2(pairs[test[:-2], test[1:-1], test[2:]])
    return {"levels": float(-np.log2(each / each.sum())[test].mean()), "after two": float(after_two.mean())}


def written(net: WaveNet, begin: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """(n,) levels, each drawn from what the net says after those before; `begin` is what it has in mind at first."""
    level = list(begin[: net.reach])
    with sn.no_grad():
        for _ in range(n):
            p = sn.Softmax()(net(shown(np.array(level[-net.reach :])[None])).data[0, :, -1].astype(np.float64)).data
            level.append(int(min((p.cumsum() < rng.random()).sum(), LEVELS - 1)))
    return np.array(level[net.reach :])


def draw(result: Result, out: Path) -> None:
    """Bits per sample by model, and seconds of the record beside what the net has written."""
    figure = Figure(figsize=(12, 4), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1, 2), squeeze=False)[0]
    ax = left.subplots()
    ax.bar(list(result.bits), list(result.bits.values()), color=["0.8", "0.6", "#0072B2"])
    ax.set(ylabel="bits per sample of the last minutes", title=f"the net sees {result.reach_s:.2f} s")
    curves = {"the record": result.real_mv, "written by the net": result.written_mv}
    for ax, (name, mv) in zip(right.subplots(2, 1, sharex=True), curves.items(), strict=True):
        ax.plot(np.arange(len(mv)) / RATE_HZ, mv, linewidth=0.9)
        ax.set(ylabel="lead II (mV)", title=name)
    ax.set(xlabel="time (s)")
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    for name, bits in main().bits.items():
        print(f"{name:12} {bits:.3f} bits per sample")
