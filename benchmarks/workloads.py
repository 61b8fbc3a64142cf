"""The nets and inputs that are timed, as data; and the arrays given to every package, drawn once from a seed.

W1   784-1000-10, 25 steps, batch 128, every image shown at every step
W1r  the same with Bernoulli input, 13 % on
W2   784-800-800-800-10, 50 steps, batch 128, 5 % input spikes
W3   12C5-MP2-64C5-MP2-10, 50 steps, batch 128, every image shown at every step
W4   700-256 recurrent-20, 100 steps, batch 256, 2 % input spikes
MLP, CNN   the conventional twins of W1 and W3, batch 128
LSTM, GRU  28-128-10: the 28 rows of an image one after the other, the last output read, batch 128

In every spiking net v <- 15/16 v + current, a spike where v > 1, then v <- v - 1 with the gradient left to pass
through the spike. Outputs have the fast sigmoid, slope 25, as surrogate: with a count loss a silent output would
otherwise never learn. Hidden neurons of W1 and W1r have it too; those of W2 to W4 a triangle of half-width 0.2, and the
fast sigmoid in W2t, W3t and W4t (t for tails).

Weights and inputs are small multiples of powers of two: sums come out the same in any order, so that two packages
differ in no spike but by the rounding of the leak. Gains were chosen so that 5 to 10 % of the hidden neurons fire in a
step; the densities are measured anew in every run and printed.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

LEAK, THRESHOLD = 0.9375, 1.0
SLOPE, HALF_WIDTH = 25.0, 0.2


@dataclass(frozen=True)
class Linear:
    """Weights (n_in, n_out), uniform in +-gain / sqrt(n_in) around `mean` / n_in."""

    n_in: int
    n_out: int
    gain: float = 1.0
    mean: float = 0.0


@dataclass(frozen=True)
class Conv:
    """Weights (n_out, n_in, kernel, kernel), drawn as `Linear`'s; no padding, stride 1."""

    n_in: int
    n_out: int
    kernel: int
    gain: float = 1.0
    mean: float = 0.0


@dataclass(frozen=True)
class Neurons:
    """LIF; compact: whether its surrogate is the triangle."""

    compact: bool = False


@dataclass(frozen=True)
class Recurrent:
    """LIF whose spikes come back one step later through weights (n, n), drawn as `Linear`'s."""

    n: int
    gain: float
    compact: bool = False


@dataclass(frozen=True)
class Gated:
    """LSTM or GRU over (batch, steps, n_in), its last output going on; both products' weights as `Linear`'s.

    Blocks are in our order; the biases of the recurrent product, where there are any, are 0.
    """

    kind: str
    n_in: int
    n: int

    @property
    def blocks(self) -> int:
        return 4 if self.kind == "LSTM" else 3


@dataclass(frozen=True)
class Pool:
    """The largest of 2 x 2."""


@dataclass(frozen=True)
class Flatten:
    """Channels, height and width as one axis."""


@dataclass(frozen=True)
class ReLU:
    """max(x, 0)."""


Layer = Linear | Conv | Neurons | Recurrent | Gated | Pool | Flatten | ReLU


@dataclass(frozen=True)
class Workload:
    """A net and its input.

    steps  : of time; 0 for a conventional net
    shape  : of one input at one step, without the batch axis
    density: share of the inputs that spike in a step; 0 for images
    rated  : whether spikes are drawn from images, whose brightness is then their probability
    """

    name: str
    text: str
    layers: tuple[Layer, ...]
    shape: tuple[int, ...]
    steps: int
    batch: int = 128
    density: float = 0.0
    rated: bool = False

    @property
    def constant(self) -> bool:
        """Whether the same images are shown at every step."""
        return self.steps > 0 and not self.density and not self.rated


@dataclass(frozen=True)
class Given:
    """What every package starts from.

    x      : (steps, batch, ...), or (batch, ...) for images
    labels : (batch,) int64
    weights: "k.weight", "k.bias" of layer k, in the shapes of its record
    """

    x: Array
    labels: npt.NDArray[np.int64]
    weights: dict[str, Array]


def _with_tails(w: Workload) -> Workload:
    layers = tuple(dataclasses.replace(a, compact=False) if isinstance(a, Neurons | Recurrent) else a for a in w.layers)
    return dataclasses.replace(w, name=f"{w.name}t", text=f"{w.text}, fast sigmoid everywhere", layers=layers)


W1 = Workload(
    "W1",
    "784-1000-10, constant input",
    (Linear(784, 1000, 1.25), Neurons(), Linear(1000, 10, 2.4), Neurons()),
    (784,),
    25,
)
W1R = Workload(
    "W1r",
    "784-1000-10, Bernoulli input",
    (Linear(784, 1000, 1.25), Neurons(), Linear(1000, 10, 2.4), Neurons()),
    (784,),
    25,
    rated=True,
)
W2 = Workload(
    "W2",
    "784-800-800-800-10",
    (
        *(Linear(784, 800, 3.0, 1.2), Neurons(compact=True), Linear(800, 800, 2.0, 0.9), Neurons(compact=True)),
        *(Linear(800, 800, 2.0, 0.9), Neurons(compact=True), Linear(800, 10, 2.0), Neurons()),
    ),
    (784,),
    50,
    density=0.05,
)
W3 = Workload(
    "W3",
    "12C5-MP2-64C5-MP2-10, constant input",
    (
        *(Conv(1, 12, 5, 0.5), Pool(), Neurons(compact=True), Conv(12, 64, 5, 0.77), Pool(), Neurons(compact=True)),
        *(Flatten(), Linear(1024, 10, 2.7), Neurons()),
    ),
    (1, 28, 28),
    50,
)
W4 = Workload(
    "W4",
    "700-256 recurrent-20",
    (Linear(700, 256, 5.0, 2.8), Recurrent(256, 1.0, compact=True), Linear(256, 20, 2.3, 0.4), Neurons()),
    (700,),
    100,
    batch=256,
    density=0.02,
)
MLP = Workload("MLP", "784-1000-10, ReLU", (Linear(784, 1000), ReLU(), Linear(1000, 10)), (784,), 0)
CNN = Workload(
    "CNN",
    "12C5-MP2-64C5-MP2-10, ReLU",
    (Conv(1, 12, 5), Pool(), ReLU(), Conv(12, 64, 5), Pool(), ReLU(), Flatten(), Linear(1024, 10)),
    (1, 28, 28),
    0,
)
LSTM, GRU = (
    Workload(kind, f"28-128 {kind}-10, rows of images", (Gated(kind, 28, 128), Linear(128, 10)), (28, 28), 0)
    for kind in ("LSTM", "GRU")
)

ALL = {w.name: w for w in (W1, W1R, W2, W3, W4, MLP, CNN, LSTM, GRU, _with_tails(W2), _with_tails(W3), _with_tails(W4))}
USUAL = ("W1", "W1r", "W2", "W3", "W4", "MLP", "CNN", "LSTM", "GRU")


def given(workload: Workload, seed: int = 0) -> Given:
    """The arrays of a workload; the same for the same seed on every machine."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, _classes(workload), workload.batch)
    x = _spikes(workload, rng) if workload.density or workload.rated else _images(workload, rng)
    weights: dict[str, Array] = {}
    for k, layer in enumerate(workload.layers):
        match layer:
            case Linear(n_in, n_out):
                weights[f"{k}.weight"] = _weights(rng, (n_in, n_out), n_in, layer.gain, layer.mean)
                weights[f"{k}.bias"] = np.full(n_out, 2.0**-13, np.float32)  # no membrane lands on the threshold
            case Conv(n_in, n_out, kernel):
                shape = (n_out, n_in, kernel, kernel)
                weights[f"{k}.weight"] = _weights(rng, shape, n_in * kernel**2, layer.gain, layer.mean)
                weights[f"{k}.bias"] = np.full(n_out, 2.0**-13, np.float32)
            case Gated(_, n_in, n):
                m = n * layer.blocks
                weights[f"{k}.weight"] = _weights(rng, (n_in, m), n_in, 1.0, 0.0)
                weights[f"{k}.recurrent_weight"] = _weights(rng, (n, m), n, 1.0, 0.0)
                weights[f"{k}.bias"] = np.full(m, 2.0**-13, np.float32)
            case Recurrent(n):
                weights[f"{k}.weight"] = _weights(rng, (n, n), n, layer.gain, 0.0)
    return Given(x, labels, weights)


def _classes(workload: Workload) -> int:
    return next(layer.n_out for layer in reversed(workload.layers) if isinstance(layer, Linear))


def _weights(rng: np.random.Generator, shape: tuple[int, ...], n_in: int, gain: float, mean: float) -> Array:
    drawn = rng.uniform(-gain, gain, shape) / np.sqrt(n_in) + mean / n_in
    on_grid: Array = (np.round(drawn * 2**12) / 2**12).astype(np.float32)
    return on_grid


def _images(workload: Workload, rng: np.random.Generator) -> Array:
    """As dense as MNIST's: 19 % of the pixels not black, of mean brightness 0.68, most of them nearly white."""
    shape = (workload.batch, *workload.shape)
    bright = rng.beta(0.6, 0.28, shape) * (rng.random(shape) < 0.19)
    return (np.round(bright * 255) / 256).astype(np.float32)


def _spikes(workload: Workload, rng: np.random.Generator) -> Array:
    chance = _images(workload, rng) if workload.rated else workload.density
    spikes = np.empty((workload.steps, workload.batch, *workload.shape), np.float32)
    for now in spikes:  # all steps drawn at once would be the largest array of the whole process
        now[...] = rng.random(now.shape) < chance
    return spikes
