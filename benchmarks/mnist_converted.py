"""What a trained MNIST net loses in fewer bits, with fewer weights and as spikes, beside what it may lose.

    python benchmarks/mnist_converted.py [int8 pruned spikes] [--of cnn mlp] [--nets FOLDER] [--seed 0] [--data FOLDER]

int8    weights and inputs of every layer on 8 bits, calibrated on 1000 training images   at most 0.2 point, MLP and CNN
pruned  9 of 10 weights taken out, the smallest first, in 8 of 20 epochs of fine-tuning   at most 0.3 point, MLP and CNN
        (without dropout: a net a tenth the size needs all its units; images shifted by up
        to a pixel, which the net before has not seen: the CNN loses 0.09, 0.08, 0.13 point
        by the seed)
spikes  the CNN's rectifiers as IF neurons, pixels held as currents, spikes counted       at most 0.5 point after 32
        (scales: 99.9th percentile of each layer on 1000 training images)                 steps, 0.1 after 128

FOLDER holds the nets that `mnist.py mlp cnn --keep FOLDER` wrote; without it they are trained first. All figures are of
the 10 000 test images. Points are hundredths; a negative loss is a gain.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import mnist
import numpy as np
import report

import spikenet as sn
from spikenet import convert

BATCH, CALIBRATION, STEPS = 250, 1000, 128
FINE_TUNING, PRUNING, SHARE, RATE = 20, 8, 0.9, 3e-3  # in 12 and 5 the CNN loses 0.11 to 0.33 point


def integers(net: sn.Sequential, data: sn.data.Arrays, test: sn.data.Arrays) -> float:
    """Accuracy of the net with products of integers."""
    small = convert.quantise(net, data.inputs[:CALIBRATION])
    said = [small(test.inputs[k : k + BATCH]).argmax(axis=1) for k in range(0, len(test.inputs), BATCH)]
    return float((np.concatenate(said) == test.labels).mean())


def shifted(x: np.ndarray, index: np.ndarray, seed: int) -> np.ndarray:
    """Images (batch, 784) moved by -1, 0 or 1 pixel along each axis, black from the border: an encoder for `fit`."""
    wide = np.pad(x.reshape(-1, mnist.SIDE, mnist.SIDE), ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(wide, (mnist.SIDE, mnist.SIDE), axis=(1, 2))
    down, right = np.random.default_rng([seed, int(index[0])]).integers(0, 3, (2, len(x)))
    return windows[np.arange(len(x)), down, right].reshape(x.shape)


def pruned(net: sn.Sequential, data: sn.data.Arrays, test: sn.data.Arrays, seed: int) -> tuple[float, float]:
    """(accuracy, share of weights that are 0) after fine-tuning; changes the net's weights."""
    net = sn.Sequential(*(layer for layer in net.layers if layer.kind != "Dropout"))
    steps = FINE_TUNING * -(-len(data.inputs) // mnist.BATCH)
    sn.fit(
        net, data, loss=sn.loss.cross_entropy, optimiser=sn.optim.Adam(RATE), schedule=sn.optim.Cosine(steps),
        epochs=FINE_TUNING, batch_size=mnist.BATCH, seed=seed + 1, progress=False, encode=shifted,
        callbacks=(convert.Gradually(net, convert.cubic(SHARE, PRUNING)),),
    )  # fmt: skip
    return sn.evaluate(net, test)["accuracy"], convert.sparsity(net)


def line(what: str, before: float, after: float, allowed: float) -> str:
    lost = 100 * (before - after)
    verdict = "within" if lost <= allowed + 1e-9 else "MORE THAN"
    return f"{what:28} {before:.2%} -> {after:.2%}, loss {lost:+.2f} point: {verdict} the {allowed} allowed"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help="int8, pruned, spikes; all when left out")
    parser.add_argument("--of", nargs="+", choices=("cnn", "mlp"), default=("cnn", "mlp"))
    parser.add_argument("--nets", type=Path, metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=mnist.DATA, metavar="FOLDER")
    options = parser.parse_args()
    parts = options.parts or ["int8", "pruned", "spikes"]
    if unknown := set(parts) - {"int8", "pruned", "spikes"}:
        parser.error(f"expected parts among int8, pruned, spikes, got {', '.join(sorted(unknown))}")
    data, test = sn.data.idx(options.data)
    print(report.machine(), flush=True)
    for name in options.of:
        if name == "mlp" and parts == ["spikes"]:
            continue
        if options.nets:
            net = sn.load(options.nets / f"{name}-{options.seed}.npz")
        else:
            net = mnist.train(mnist.SUBJECTS[name], data, options.seed, epochs=10)
        before = sn.evaluate(net, test)["accuracy"]
        if "int8" in parts:
            print(line(f"{name}: int8", before, integers(net, data, test), 0.2), flush=True)
        if "spikes" in parts and name == "cnn":
            spiking = convert.to_spiking(net, data.inputs[:CALIBRATION])
            curve = convert.accuracy_by_steps(spiking.net, test.inputs, test.labels, STEPS)
            print(
                f"{name}: accuracy after " + ", ".join(f"{k} steps {curve[k - 1]:.2%}" for k in (4, 8, 16, 32, 64, 128))
            )
            for steps, allowed in ((32, 0.5), (STEPS, 0.1)):
                print(line(f"{name}: spikes, {steps} steps", before, float(curve[steps - 1]), allowed), flush=True)
        if "pruned" in parts:
            after, share = pruned(net, data, test, options.seed)
            print(line(f"{name}: {share:.1%} pruned", before, after, 0.3), flush=True)


if __name__ == "__main__":
    main()
