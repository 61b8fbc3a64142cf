"""`spikenet warm`: compiles ahead what the built-in layers need, so that no first training step has to wait for it."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

Task = tuple[str, Callable[[], object]]
WIDE, NARROW = 128, 8  # neurons: spikes are listed from 128 on, below the batch is folded into them


def add_to(commands: Any) -> None:
    command = commands.add_parser(
        "warm",
        help="compile everything ahead",
        description="Compiles ahead, for float32, what the built-in layers need: every neuron model with every "
        "surrogate, products, optimisers. It is kept on disk; what is there already is not compiled again. Parameters "
        "that are learnt (learn=...), float64 and one's own neurons are compiled when first used, as ever.",
        epilog="example: spikenet warm products optimisers",
    )
    command.add_argument(
        "parts", nargs="*", metavar="PART", help=f"only these of: {', '.join(PARTS)}; all when left out"
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    if unknown := [part for part in options.parts if part not in PARTS]:
        raise ValueError(f"expected parts among {', '.join(PARTS)}, got {', '.join(map(repr, unknown))}")
    started = time.perf_counter()
    n_compiled, n_there = warm([task for part in options.parts or PARTS for task in PARTS[part]()])
    seconds = time.perf_counter() - started
    from spikenet.derive import cache

    print(f"compiled {n_compiled} functions in {seconds:.0f} s, {n_there} were there already ({cache.folder()})")


def warm(tasks: list[Task]) -> tuple[int, int]:
    """Runs all tasks, showing which; (functions compiled, functions read from the disk)."""
    from tqdm import tqdm

    from spikenet.derive.compile import compiled_count, loaded_count, without_notices

    before = compiled_count.total(), loaded_count.total()
    terminal = sys.stderr.isatty()
    with without_notices(), tqdm(tasks, unit="part", disable=not terminal, leave=False, dynamic_ncols=True) as bar:
        if not terminal:
            print(f"compiling ahead: {len(tasks)} parts ...", file=sys.stderr)
        for name, work in bar:
            bar.set_description(name)
            work()
    return compiled_count.total() - before[0], loaded_count.total() - before[1]


def neurons() -> Iterator[Task]:
    """Every model with every surrogate, wide and narrow, for input that changes over time and input that does not."""
    for name, make in _models():
        yield name, partial(_train_neurons, make)


def recurrent() -> Iterator[Task]:
    """Every model with every surrogate and the default reset, its outputs coming back to it."""
    from spikenet.layers import Recurrent

    for name, make in _models(recurrent=True):
        yield f"recurrent {name}", lambda make=make: _train(Recurrent(make(), WIDE, seed=0), _input(WIDE))  # type: ignore[misc]


def gated() -> Iterator[Task]:
    """LSTM, GRU and Elman, which have one loop."""
    from spikenet.layers import GRU

    yield "gated", lambda: _train(GRU(WIDE, NARROW, seed=0), _input(WIDE))


def products() -> Iterator[Task]:
    """Dense and by events, with few and with many outputs; and the densities where they meet are measured."""
    from spikenet.kernels.crossovers import remember

    for n_out in (10, 64):
        yield f"products with {n_out} outputs", partial(_multiply, n_out)
    yield "crossovers", remember


def convolutions() -> Iterator[Task]:
    """Dense and by events, for few and for many filters, pooled at once or not; pooling; batch norm."""
    for n_out in (12, 24, 64):
        yield f"convolutions with {n_out} filters", partial(_convolve, n_out)
    yield "pooling and batch norm", _pool


def delays() -> Iterator[Task]:
    """Delay and DelayedLinear."""
    from spikenet.layers import Delay, DelayedLinear, Linear, Sequential

    each = [[k % 3 for k in range(NARROW)] for _ in range(WIDE)]
    yield "Delay", lambda: _train(Sequential(Linear(WIDE, WIDE, seed=0), Delay(2)), _input(WIDE))
    yield "DelayedLinear", lambda: _train(DelayedLinear(WIDE, NARROW, delays=each, seed=0), _input(WIDE))


def optimisers() -> Iterator[Task]:
    """Every update, the norm of the gradients, and the check that they are finite."""
    from spikenet.train import optim

    chosen = (optim.SGD(0.1), optim.SGD(0.1, momentum=0.9), optim.RMSprop(), optim.Adam(), optim.AdamW())
    for one in chosen:
        yield type(one).__name__, partial(_update, one)


PARTS: dict[str, Callable[[], Iterator[Task]]] = {
    part.__name__: part for part in (neurons, recurrent, gated, products, convolutions, delays, optimisers)
}


def _models(recurrent: bool = False) -> Iterator[tuple[str, Callable[[], Any]]]:
    from spikenet import layers
    from spikenet.neurons import reset, surrogate

    spiking = (layers.IF, layers.LIF, layers.CubaLIF)
    for model, curve in product(spiking, surrogate.USUAL):
        yield f"{model.__name__} with {curve.name}", partial(model, surrogate=curve)
    resets = () if recurrent else (reset.subtract, reset.to_zero, reset.detached(reset.to_zero))
    for model, after in product(spiking, resets):
        yield f"{model.__name__} with {getattr(after, '__name__', after)}", partial(model, reset=after)
    for plain in (layers.LI, layers.LeakyRate) if recurrent else (layers.LI, layers.LeakyRate, layers.LIFRate):
        yield plain.__name__, plain


def _input(n: int, held: bool = False) -> Any:
    """(3, 4, n) spikes, or the same at every step."""
    import numpy as np

    spikes = (np.arange(3 * 4 * n).reshape(3, 4, n) % 7 == 0).astype(np.float32)
    return np.broadcast_to(spikes[:1], spikes.shape) if held else spikes


def _train(layer: Any, x: Any) -> None:
    """One forward and one backward pass, also as in evaluation."""
    from spikenet.graph import Tensor, no_grad

    with no_grad():
        layer(x)
    (layer(Tensor(x, requires_grad=bool(x.strides[0]))) * 1.0).sum().backward()


def _train_neurons(make: Callable[[], Any]) -> None:
    from spikenet.layers import Linear, Sequential

    for n, held in product((WIDE, NARROW), (False, True)):
        _train(Sequential(Linear(4, n, seed=0), make()), _input(4, held))
    _train(Sequential(Linear(4, WIDE, seed=0), make(), Linear(WIDE, 10, seed=0)), _input(4))


def _multiply(n_out: int) -> None:
    from dataclasses import replace

    import numpy as np

    from spikenet.kernels import blas, event_products, events, wanted_products

    x, w = _input(WIDE)[0], np.ones((WIDE, n_out), np.float32)
    g = np.ones((len(x), n_out), np.float32)
    blas.multiply(x, w), blas.multiply_transposed(g, w), blas.transposed_multiply(x, g)
    for binary in (False, True):
        listed = replace(events.found(x), binary=binary)
        event_products.multiply(lambda: x, listed, w)
        event_products.transposed_multiply(lambda: x, listed, g)
        wanted_products.multiply_transposed(g, w, listed)


def _convolve(n_out: int) -> None:
    from dataclasses import replace

    import numpy as np

    from spikenet.kernels import conv_events, conv_placed, conv_scatter, conv_wanted, convolution, events, placed
    from spikenet.kernels.filters import Filters
    from spikenet.kernels.window import Window

    pooling = Window((4, 4), (2, 2), (2, 2))
    for n_in in (1, 12):  # few and many numbers in a row of a window
        shape = Filters(n_in, n_out, 1, Window((8, 8), (5, 5)))
        x = _input(shape.n_x)[0]
        w, bias = np.ones((n_out, shape.depth), np.float32), np.ones(n_out, np.float32)
        g, found = np.ones((len(x), shape.n_y), np.float32), events.found(x)
        largest, place = convolution.largest(x, w, bias, shape, pooling)
        conv_scatter.largest(x, found, w, bias, shape, pooling)
        for listed in (found, replace(found, binary=False)):
            conv_events.largest(x, listed, w, bias, shape, pooling)
        behind = placed.Placed(largest, place, pooling)
        for one in (g, behind):
            conv_events.weight_gradient(x, found, one, shape), conv_wanted.input_gradient(one, w, found, shape)
        convolution.weight_gradient(x, g, shape), convolution.input_gradient(g, w, shape)
        conv_placed.weight_gradient(x, behind, shape), conv_placed.input_gradient(behind, w, shape)


def _pool() -> None:
    from spikenet.layers import LIF, AvgPool2d, BatchNorm2d, Conv2d, MaxPool2d, Sequential

    x = _input(3 * 8 * 8).reshape(3, 4, 3, 8, 8)
    spikes = Sequential(Conv2d(3, 4, 3, seed=0), LIF(), MaxPool2d(2))
    for layer in (MaxPool2d(2), AvgPool2d(2), BatchNorm2d(3), spikes):
        _train(layer, x)


def _update(optimiser: Any) -> None:
    import numpy as np

    from spikenet.graph import Tensor
    from spikenet.kernels.finite import LARGE, all_finite
    from spikenet.train.gradients import clip_gradients

    p = Tensor(np.ones(4, np.float32), requires_grad=True)
    p.grad = np.ones(4, np.float32)
    params = {"p": p}
    clip_gradients(params, 1.0)
    all_finite(np.zeros(LARGE, np.float32))
    optimiser.step(params, optimiser.start(params))
