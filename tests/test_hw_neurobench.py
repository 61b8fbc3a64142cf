"""NeuroBench's metrics, counted again in loops over every weight."""

from __future__ import annotations

import numpy as np
import pytest

import hw
import spikenet as sn


def pruned(net, rng):
    for p in net.parameters().values():
        if p.data.ndim > 1:
            p.data[...] *= rng.random(p.data.shape) < 0.7
    return net


def by_hand(w, x, bias_free_zero=True):
    """(effective, dense) operations of one row x through weights (inputs, n)."""
    effective = sum(int(x[i] != 0 and w[i, j] != 0) for i in range(w.shape[0]) for j in range(w.shape[1]))
    return effective, w.size


def test_a_spiking_net(rng):
    net = pruned(sn.Sequential(sn.Linear(12, 9, seed=0), sn.LIF(threshold=0.3), sn.Linear(9, 4, seed=1), sn.LI()), rng)
    inputs = (rng.random((7, 12)) * (rng.random((7, 12)) < 0.8)).astype(np.float32)
    encode = sn.encode.Rate(6)
    got = hw.neurobench(net, inputs, encode=encode, batch_size=7)
    x = encode(inputs, index=np.arange(7), seed=0)
    records = sn.record(net, x)
    effective = dense = 0
    for k, values in ((0, x), (2, records[1].output)):
        w = net.layers[k].weight.data
        for row in values.reshape(-1, values.shape[-1]):
            found = by_hand(w, row)
            effective, dense = effective + found[0], dense + found[1]
    assert got.effective_acs == pytest.approx(effective / 7)
    assert got.effective_macs == 0
    assert got.dense == dense / 7 == 6 * (12 * 9 + 9 * 4)
    outputs = np.concatenate([records[1].output.ravel(), records[3].output.ravel()])
    assert got.activation_sparsity == pytest.approx(np.mean(outputs == 0))
    weights = np.concatenate([net.layers[k].weight.data.ravel() for k in (0, 2)])
    assert got.connection_sparsity == round(float(np.mean(weights == 0)), 4)
    changed = sum(
        int((v[t, b, j] != v[t - 1, b, j]) if t else True)
        for v in (records[1].states["v"], records[3].states["v"])
        for t in range(6)
        for b in range(7)
        for j in range(v.shape[2])
    )
    assert got.membrane_updates == changed / 7
    assert got.samples == 7


def test_a_call_with_anything_but_spikes_is_all_macs(rng):
    """One image with a value between takes the whole call of its batch with it, as in NeuroBench."""
    net = sn.Sequential(sn.Linear(5, 3, seed=0), sn.LIF())
    x = np.zeros((4, 6, 5), np.float32)
    x[1, :, :2] = 1.0
    x[2] = rng.integers(-1, 2, (6, 5))
    x[3, 0, 0] = 0.5
    got = hw.neurobench(net, x[0] * 0 + 1, encode=lambda inputs, index, seed: x, batch_size=6)
    assert got.effective_acs == (12 + np.count_nonzero(x[2])) * 3 / 6
    assert got.effective_macs == 3 / 6


def test_a_convolution_counts_no_padding(rng):
    net = pruned(sn.Sequential(sn.Conv2d(2, 3, 3, padding=1, stride=2, seed=0), sn.ReLU(), sn.Flatten(3)), rng)
    x = (rng.normal(0, 1, (2, 2, 5, 5)) * (rng.random((2, 2, 5, 5)) < 0.7)).astype(np.float32)
    got = hw.neurobench(net, x)
    w, effective, dense = net.layers[0].weight.data, 0, 0
    for b, f, i, j, c, a, d in np.ndindex(2, 3, 3, 3, 2, 3, 3):
        y, z = 2 * i - 1 + a, 2 * j - 1 + d
        if 0 <= y < 5 and 0 <= z < 5:
            dense += 1
            effective += int(w[f, c, a, d] != 0 and x[b, c, y, z] != 0)
    assert got.effective_macs == effective / 2
    assert got.dense == dense / 2
    assert got.membrane_updates == 0
    assert got.footprint_bytes == 4 * (2 * 3 * 9 + 3)
    assert got.activation_sparsity == pytest.approx(np.mean(net.layers[1](net.layers[0](x)).data == 0))


def test_what_neurobench_does_not_define_is_refused(rng):
    with pytest.raises(TypeError, match="LSTM"):
        hw.neurobench(sn.Sequential(sn.LSTM(4, 3, seed=0)), np.ones((2, 4), np.float32), encode=sn.encode.Constant(3))
    with pytest.raises(ValueError, match="neurons need time; give encode"):  # steps are no samples
        hw.neurobench(sn.Sequential(sn.Linear(4, 3, seed=0), sn.LIF()), np.ones((5, 2, 4), np.float32))
    with pytest.raises(ValueError, match="inputs"):
        hw.neurobench(sn.Sequential(sn.Linear(4, 3, seed=0)), np.ones((0, 4), np.float32))


@pytest.mark.parametrize("kind", ["spikes", "numbers"])
def test_equal_to_neurobench_itself(kind, rng):
    """NeuroBench 2.3.0 on the same net, our step in the class whose outputs and membranes its hooks read.

    Its footprint adds what snnTorch's own neurons hold besides: that of the weights alone is compared.
    """
    torch, leaky = pytest.importorskip("torch"), pytest.importorskip("snntorch").Leaky
    models, benchmarks = pytest.importorskip("neurobench.models"), pytest.importorskip("neurobench.benchmarks")
    static = pytest.importorskip("neurobench.metrics.static")
    workload = pytest.importorskip("neurobench.metrics.workload")

    class Neurons(leaky):
        def forward(self, x):
            v = self.beta * (self.mem if self.mem.shape == x.shape else torch.zeros_like(x)) + x
            fired = (v > self.threshold).to(v.dtype)
            self.mem = v - fired * self.threshold
            return (fired, self.mem) if self.output else fired

    lif = {"tau_mem_s": 8e-3, "threshold": 0.3}
    net = pruned(sn.Sequential(sn.Linear(12, 9, bias=False, seed=0), sn.LIF(**lif),
                               sn.Linear(9, 4, bias=False, seed=1), sn.LIF(**lif)), rng)  # fmt: skip
    x = (rng.random((6, 20, 12)) < 0.05).astype(np.float32)
    if kind == "numbers":
        x[:, :10] *= rng.normal(0.6, 0.5, (6, 10, 12)).astype(np.float32)
    theirs = []
    for k in (0, 2):
        w = net.layers[k].weight.data
        theirs.append(torch.nn.Linear(*w.shape, bias=False))
        theirs[-1].weight.data = torch.tensor(w.T.copy())
        beta = float(np.ravel(net.layers[k + 1].values["leak"].data)[0])
        theirs.append(Neurons(beta, threshold=0.3, init_hidden=True, output=k == 2))
    rows = torch.utils.data.TensorDataset(torch.tensor(x.transpose(1, 0, 2).copy()), torch.zeros(20))
    metrics = [static.ConnectionSparsity], [workload.ActivationSparsity, workload.SynapticOperations,
                                            workload.MembraneUpdates]  # fmt: skip
    wanted = benchmarks.Benchmark(
        models.SNNTorchModel(torch.nn.Sequential(*theirs)), torch.utils.data.DataLoader(rows, batch_size=5), [], [],
        [list(some) for some in metrics],
    ).run(quiet=True)  # fmt: skip
    got = hw.neurobench(net, x[0], encode=lambda inputs, index, seed: x[:, index], batch_size=5)
    operations = wanted["SynapticOperations"]
    assert got.connection_sparsity == wanted["ConnectionSparsity"]
    assert got.activation_sparsity == pytest.approx(wanted["ActivationSparsity"])
    assert got.effective_macs == pytest.approx(operations["Effective_MACs"])
    assert got.effective_acs == pytest.approx(operations["Effective_ACs"])
    assert got.dense == operations["Dense"]
    assert got.membrane_updates == pytest.approx(wanted["MembraneUpdates"])
    assert got.membrane_updates < 6 * 13
    assert (got.effective_macs > 0) == (kind == "numbers")
