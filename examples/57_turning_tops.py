"""Where will a spinning top point? Orientations are quaternions, and a layer of quaternions knows how they multiply.

Tops of one kind turn about their own axis while the axis goes round the vertical. From four noisy orientations in a row
a linear map says the one six steps on: one of quaternions, 16 weights, or one of real numbers, 64. The first is blind
to the frame of the room: turning it multiplies from the left, the weights from the right. So a few examples teach it,
and it answers as well in a room that lies on its side. The second needs more of them, does better then where it was
trained, for it learns that tops stand upright, and is lost in the fallen room.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn

SEEN, AHEAD, DT_S, NOISE = 4, 6, 0.01, 0.05
SPIN_HZ, CIRCLING_HZ, TILT_RAD = 4.0, 0.5, 0.4
COUNTS = (8, 16, 32, 64, 128, 512)


class Result(NamedTuple):
    """degrees: mean angle between foreseen and true orientation, by layer and room, for each of `counts` examples;
    weights: real numbers learnt, by layer"""

    degrees: dict[str, list[float]]
    counts: list[int]
    weights: dict[str, int]


def times(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Hamilton's product of (..., 4)."""
    a, b, c, d = np.moveaxis(p, -1, 0)
    e, f, g, h = np.moveaxis(q, -1, 0)
    parts = (
        a * e - b * f - c * g - d * h, a * f + b * e + c * h - d * g, a * g - b * h + c * e + d * f,
        a * h + b * g - c * f + d * e,
    )  # fmt: skip
    return np.stack(parts, axis=-1)


def about(axis: tuple[int, int, int], angle: np.ndarray) -> np.ndarray:
    """(..., 4) turns by angles (rad) about an axis."""
    half = np.asarray(angle)[..., None] / 2
    return np.concatenate([np.cos(half), np.sin(half) * np.array(axis)], axis=-1)


def tops(n: int, room: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(n, 4 SEEN) noisy orientations, all real parts first, then i, j, k; and (n, 4) what they are AHEAD steps on."""
    t = DT_S * np.append(np.arange(SEEN), SEEN - 1 + AHEAD)
    phase = rng.uniform(-np.pi / 3, np.pi / 3, (2, n, 1))
    circling, spin = (
        about((0, 0, 1), 2 * np.pi * hz * t + p) for hz, p in zip((CIRCLING_HZ, SPIN_HZ), phase, strict=True)
    )
    q = times(room, times(times(circling, about((1, 0, 0), np.array(TILT_RAD))), spin))
    seen = q[:, :SEEN] + NOISE * rng.normal(size=(n, SEEN, 4))
    return seen.transpose(0, 2, 1).reshape(n, -1).astype(np.float32), q[:, -1].astype(np.float32)


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Trains both on ever more tops; draws into the folder `out`. quick: fewer counts and steps. seed: of all drawn."""
    upright, fallen = np.array([1.0, 0, 0, 0]), about((1, 0, 0), np.array(np.pi / 2))
    rooms = {
        name: tops(2000, room, np.random.default_rng(seed + 1))
        for name, room in (("upright", upright), ("fallen", fallen))
    }
    counts, degrees, weights = list(COUNTS[1::4] if quick else COUNTS), {}, {}
    for name in ("quaternions", "real numbers"):
        for n in counts:
            x, y = tops(n, upright, np.random.default_rng(seed + 2))
            layer = (
                sn.QuaternionLinear(SEEN, 1, seed=seed) if name == "quaternions" else sn.Linear(4 * SEEN, 4, seed=seed)
            )
            layer.parameters()["bias"].bounds = (0.0, 0.0)  # no orientation is there before the first is seen
            sn.fit(
                net := sn.Sequential(layer), (x, y), loss=sn.loss.mse, optimiser=sn.optim.Adam(2e-2), epochs=300,
                schedule=sn.optim.Cosine(300), batch_size=n, progress=False, metrics=(),
            )  # fmt: skip
            for room, (given, wanted) in rooms.items():
                degrees.setdefault(f"{name}, {room}", []).append(apart(net(given).data, wanted))
        weights[name] = layer.parameters()["weight"].size
    result = Result(degrees, counts, weights)
    draw(result, out)
    return result


def apart(q: np.ndarray, wanted: np.ndarray) -> float:
    """Mean angle of the turn between two orientations, degrees."""
    cosine = np.abs((q * wanted).sum(axis=1)) / np.linalg.norm(q, axis=1)
    return float(np.degrees(2 * np.arccos(np.minimum(cosine, 1))).mean())


def draw(result: Result, out: Path) -> None:
    """Errors against the number of examples."""
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    ax = figure.subplots()
    for name, degrees in result.degrees.items():
        layer, room = name.split(", ")
        style = {
            "color": "#0072B2" if layer == "quaternions" else "#D55E00",
            "linestyle": "-" if room == "upright" else "--",
        }
        ax.loglog(
            result.counts, degrees, marker="o", label=f"{layer} ({result.weights[layer]} weights), {room}", **style
        )
    ax.set(xlabel="tops seen in training, in an upright room", ylabel="error of the orientation foreseen (degrees)")
    ax.legend(frameon=False)
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    result = main()
    for name, degrees in result.degrees.items():
        print(f"{name:24}" + ", ".join(f"{n} tops {d:.1f}°" for n, d in zip(result.counts, degrees, strict=True)))
