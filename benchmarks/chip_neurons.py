"""The chips' integer neurons: time of a neuron and step, beside the vendors' simulators where they are installed.

    python benchmarks/chip_neurons.py [--rounds 5]

xylosim, akida and sinabs get the same parameters and input and must give the same output; each is left out, and said to
be, when it is missing. Times are medians, compiling not included.
"""

from __future__ import annotations

import argparse
import importlib
import platform
import statistics
import time

import numba
import numpy as np

from hw.neurons import akida, speck, spinnaker, truenorth, xylo


def median(work, rounds):
    work()
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        out = work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken), out


def found(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def line(name, seconds, neuron_steps, theirs=None, peer=""):
    each = f"{seconds * 1e3:9.2f} ms {seconds / neuron_steps * 1e9:9.3f} ns a neuron-step"
    beside = "" if theirs is None else f"   {peer} {theirs * 1e3:9.2f} ms, {theirs / seconds:.1f} times as long"
    print(f"{name:46}{each}{beside}{f'   {peer} is not installed' if peer and theirs is None else ''}")


def a_xylo(rounds):
    rng = np.random.default_rng(0)
    n, steps = 1000, 200
    sparse = rng.random((n, n)) < 63 / n
    params = xylo.Params(
        rng.integers(-40, 60, (16, n)), rng.integers(-30, 30, (n, n)) * sparse, rng.integers(-40, 40, (n, 8)),
        dash_mem=4, dash_syn=3, threshold=600, dash_mem_out=4, dash_syn_out=3, threshold_out=600,
    )  # fmt: skip
    raster = rng.poisson(0.3, (steps, 16))
    ours, out = median(lambda: xylo.run(params, raster), rounds)
    simulator, theirs = found("xylosim.v2"), None
    if simulator is not None:

        def synapses(w):
            return [[simulator.XyloSynapse(int(j), 0, int(row[j])) for j in np.flatnonzero(row)] for row in w]

        kept = [synapses(w) for w in (params.w_in[..., 0], params.w_rec[..., 0], params.w_out)]
        hidden, last = [int(x) for x in params.threshold], [int(x) for x in params.threshold_out]
        layer = simulator.XyloLayer(
            *kept,
            [[]] * n,
            hidden,
            last,
            False,
            [0] * n,
            [0] * 8,
            0,
            0,
            0,
            [4] * n,
            [4] * 8,
            [[3, 3]] * n,
            [[3]] * 8,
            "x",
        )

        def again():
            layer.reset_all()
            return layer.evolve(raster.tolist())

        theirs, spikes = median(again, rounds)
        assert np.array_equal(spikes, out.spikes)
        assert np.array_equal(np.array(layer.rec_v_mem).T, out.v)
    line(f"Xylo, 1,000 hidden, {steps} steps", ours, steps * (n + 8), theirs, "xylosim")
    batch = rng.poisson(0.3, (steps, 32, 16))
    ours, _ = median(lambda: xylo.run(params, batch), rounds)
    line("the same, 32 rows at once", ours, steps * 32 * (n + 8))


def a_truenorth(rounds):
    rng = np.random.default_rng(0)
    core = truenorth.Params(
        rng.random((256, 256)) < 0.5, rng.integers(0, 4, 256), rng.integers(-20, 25, (256, 4)), threshold=300, leak=-1
    )
    raster = rng.random((1000, 16, 256)) < 0.02
    ours, _ = median(lambda: truenorth.run(core, raster), rounds)
    line("TrueNorth, 16 cores of 256, 1,000 ticks", ours, raster.shape[0] * 16 * 256)


def a_spinnaker(rounds):
    rng = np.random.default_rng(0)
    params = spinnaker.from_physical(
        255, tau_m_ms=20, c_m_nf=1, v_rest_mv=-65, v_reset_mv=-65, v_thresh_mv=-50, shift_exc=4, shift_inh=4
    )
    exc, inh = rng.integers(0, 4000, (2, 1000, 16, 255))
    ours, _ = median(lambda: spinnaker.run(params, exc, inh // 2), rounds)
    line("SpiNNaker, 16 cores of 255, 1,000 steps", ours, 1000 * 16 * 255)


def a_speck(rounds):
    rng = np.random.default_rng(0)
    params = speck.Params(rng.integers(-40, 50, (16, 2, 3, 3)), 200, v_min=-200, padding=1, pool=2)
    raster = rng.poisson(0.02, (100, 4, 2, 32, 32))
    ours, out = median(lambda: speck.run(params, raster), rounds)
    layers, torch, theirs = found("sinabs.layers"), found("torch"), None
    if layers is not None and torch is not None:
        conv = torch.nn.Conv2d(2, 16, 3, padding=1, bias=False)
        conv.weight.data = torch.tensor(params.weights).float()
        x = torch.tensor(raster).float()

        def again():
            with torch.no_grad():
                iaf = layers.IAF(spike_threshold=200.0, min_v_mem=-200.0)
                current = conv(x.flatten(0, 1)).reshape(100, 4, 16, 32, 32).transpose(0, 1)
                return torch.nn.functional.avg_pool2d(iaf(current).flatten(0, 1), 2) * 4

        theirs, spikes = median(again, rounds)
        assert np.array_equal(spikes.reshape(4, 100, 16, 16, 16).transpose(0, 1).numpy(), out.spikes)
    line("Speck clocked, 16 x 32 x 32, 4 x 100 steps", ours, raster.shape[0] * 4 * 16 * 32 * 32, theirs, "sinabs")
    n = 20_000
    events = np.stack([np.sort(rng.integers(0, n, n)), *(rng.integers(0, m, n) for m in (2, 32, 32))], axis=1)
    ours, _ = median(lambda: speck.run_events(params, events, 32, 32), rounds)
    print(f"{'Speck event by event, 20,000 events':46}{ours * 1e3:9.2f} ms {ours / n * 1e9:9.0f} ns an event")


def an_akida(rounds):
    rng = np.random.default_rng(0)
    w, x = (
        rng.integers(-7, 8, (32, 16, 3, 3)),
        rng.integers(0, 16, (64, 16, 32, 32)) * (rng.random((64, 16, 32, 32)) < 0.3),
    )
    words = akida.V1(4, 4, act_step=2.0, threshold=10)
    ours, out = median(lambda: akida.conv2d(x, w, words), rounds)
    engine, theirs = found("akida"), None
    if engine is not None:
        model = engine.Model()
        model.add(engine.InputData((32, 32, 16), input_bits=4))
        model.add(engine.Convolutional(kernel_size=(3, 3), filters=32, weights_bits=4, act_bits=4))
        held = model.layers[1].variables
        held["weights"] = w.transpose(2, 3, 1, 0).astype(np.int8).copy()
        held["threshold"], held["act_step"] = np.full(32, 10, np.int32), np.full(32, 2.0, np.float32)
        maps = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).astype(np.uint8)
        theirs, y = median(lambda: model.forward(maps), rounds)
        assert np.array_equal(y.transpose(0, 3, 1, 2), out.y)
    line("Akida 1, 32 filters on 64 maps of 16 x 32 x 32", ours, out.y.size, theirs, "akida")


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--rounds", type=int, default=5)
    rounds = options.parse_args().rounds
    print(f"{platform.machine()}, {numba.get_num_threads()} threads, numpy {np.__version__}, medians of {rounds}")
    for work in (a_xylo, a_truenorth, a_spinnaker, a_speck, an_akida):
        work(rounds)


if __name__ == "__main__":
    main()
