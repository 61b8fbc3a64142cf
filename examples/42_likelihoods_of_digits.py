"""What a digit is worth in nats: variational autoencoders, conventional and spiking, and flows with exact likelihoods.

The autoencoders model black and white pixels and know a bound of log p(x), tightened by importance sampling. The flows
turn grey digits, with a little noise in place of the rounding, into normal numbers step by step and back; their
likelihood is exact, and is compared with that of a single normal distribution. Glow sees the digits as images: blocks
of 2 x 2 pixels are channels, which invertible 1 x 1 convolutions mix.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn
from spikenet.models import VariationalAutoencoder, glow, mlp, nice, real_nvp
from spikenet.train import descend

LATENT, BATCH = 8, 64
FLOW_EPOCHS = {False: 20, True: 6}  # by quick. In 60, RealNVP learns its digits by heart and test digits lose 80 nats


class Result(NamedTuple):
    """nats: mean log-likelihood of a test digit, by model; error: of each flow undone; pictures: samples by model."""

    nats: dict[str, float]
    error: dict[str, float]
    pictures: dict[str, np.ndarray]


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Trains five models; draws into the folder `out`. quick: few epochs. seed: of split, weights and noise."""
    train, test = sn.data.digits(seed)
    rng, epochs = np.random.default_rng(seed), 6 if quick else 60
    nats, pictures = {}, {"digits": test.inputs[:8]}
    black, black_test = (np.float32(part.inputs > 0.5) for part in (train, test))
    pixels = black.mean(axis=0).clip(0.01, 0.99)
    alone = black_test * np.log(pixels) + (1 - black_test) * np.log(1 - pixels)
    nats["independent pixels"] = float(alone.sum(axis=1).mean())
    for name, model in (("VAE", usual(seed)), ("spiking VAE", spiking(seed))):
        learn(model.parameters(), black, epochs, rng, lambda x, t, m=model: m.elbo(x, rng, training=t).loss)
        nats[name] = float(model.log_likelihood(black_test, rng, draws=20).mean())
        pictures[name] = model.sample(8, rng)

    grey, grey_test = (part.inputs + rng.uniform(-1, 1, part.inputs.shape) / 32 for part in (train, test))
    mean, sd = grey.mean(axis=0), np.cov(grey.T) + 1e-4 * np.eye(64)
    away = grey_test - mean
    quadratic = np.einsum("bi,ij,bj->b", away, np.linalg.inv(sd), away)
    nats["one normal"] = float(-0.5 * (quadratic.mean() + np.linalg.slogdet(2 * np.pi * sd)[1]))
    error: dict[str, float] = {}
    flows = {
        "NICE": nice(64, couplings=4, hidden=(128,), seed=seed),
        "RealNVP": real_nvp(64, couplings=4, hidden=(128,), seed=seed),
        "Glow": glow((1, 8, 8), couplings=2, hidden=32, seed=seed),
    }
    for name, flow in flows.items():
        given, new = (np.float32(part).reshape(-1, *flow.shape) for part in (grey, grey_test))
        flow.start(given)
        learn(flow.parameters(), given, FLOW_EPOCHS[quick], rng, lambda x, t, f=flow: -f.log_likelihood(x).mean())
        nats[name] = float(flow.log_likelihood(new).data.mean())
        pictures[name] = flow.sample(8, rng, temperature=0.7)
        error[name] = float(np.abs(flow.inverse(flow(new)[0].data) - new).max())
    result = Result(nats, error, pictures)
    draw(result, out)
    return result


def usual(seed: int) -> VariationalAutoencoder:
    return VariationalAutoencoder(mlp((64, 96, 2 * LATENT), seed=seed), mlp((LATENT, 96, 64), seed=seed + 1), LATENT)


def spiking(seed: int) -> VariationalAutoencoder:
    """The same sizes with LIF neurons in place of rectifiers, run for eight steps and averaged."""

    def net(sizes: tuple[int, int, int], seed: int) -> sn.MeanOverTime:
        first, last = sn.Linear(*sizes[:2], seed=seed), sn.Linear(*sizes[1:], seed=seed + 1)
        return sn.MeanOverTime(sn.Sequential(first, sn.LIF(tau_mem_s=5e-3, threshold=0.5), last), steps=8)

    return VariationalAutoencoder(net((64, 96, 2 * LATENT), seed), net((LATENT, 96, 64), seed + 2), LATENT)


def learn(params, data, epochs, rng, loss) -> None:  # type: ignore[no-untyped-def]
    """Adam on loss(batch, training)."""
    adam, state = sn.optim.Adam(2e-3), None
    for _ in range(epochs):
        order = rng.permutation(len(data))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            training = sn.Training(rng)
            x = data[order[start : start + BATCH]]
            state = descend(loss(x, training), params, adam, state, training=training, clip_norm=50.0)


def draw(result: Result, out: Path) -> None:
    """Samples of every model beside what it says of test digits."""
    figure = Figure(figsize=(9, 6), layout="constrained")
    for row, (name, images) in enumerate(result.pictures.items()):
        for column, image in enumerate(images):
            ax = figure.add_subplot(len(result.pictures), 8, 8 * row + column + 1)
            ax.imshow(np.clip(image, 0, 1).reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
            if column == 0:
                said = f"\n{result.nats[name]:.1f} nats" if name in result.nats else ""
                ax.set_ylabel(f"{name}{said}", rotation=0, ha="right", va="center")
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    result = main()
    for name, nats in result.nats.items():
        print(f"{name:20} {nats:8.2f} nats a digit")
    for name, error in result.error.items():
        print(f"{name} undone: largest error {error:.1e}")
