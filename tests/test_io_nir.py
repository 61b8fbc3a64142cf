"""NIR graphs: the paper's own files, our nets there and back, the equations read plainly, and another reader."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import spikenet as sn
from spikenet import semantics

nir = pytest.importorskip("nir")
FILES = Path(__file__).resolve().parents[2] / "shared" / "data" / "nir"
needs_files = pytest.mark.skipif(not FILES.is_dir(), reason="the NIR paper's files are not at ../shared/data/nir")


@pytest.fixture
def spikes(rng):
    return (rng.random((40, 3, 12)) < 0.4).astype(np.float32)


@needs_files
@pytest.mark.parametrize("meant", [semantics.nir_exact, semantics.nir_euler], ids=lambda s: s.name)
def test_the_papers_neuron_fires_when_the_paper_says(meant):
    net = sn.io.read_nir(FILES / "lif_norse.nir", dt_s=1e-4, semantics=meant)
    x = np.loadtxt(FILES / "lif_exact.csv", delimiter=",")[:, 0].astype(np.float32)
    assert np.flatnonzero(net(x[:, None, None]).data).tolist() == [460, 510, 710, 760]


@needs_files
def test_the_papers_recurrent_net(spikes):
    """Against the equations, written out: tau_syn dI = -I + w S, tau_mem dv = v_leak - v + r I, weights from itself."""
    net = sn.cast(sn.io.read_nir(FILES / "braille_noDelay_bias_zero.nir", dt_s=1e-4), np.float64)
    assert [layer.kind for layer in net.layers] == ["Linear", "Recurrent", "Linear", "CubaLIF"]
    nodes = nir.read(str(FILES / "braille_noDelay_bias_zero.nir")).nodes
    hidden, back, last = nodes["lif1.lif"], nodes["lif1.w_rec"], nodes["lif2"]

    def stepper(node):
        i, v = (np.zeros((spikes.shape[1], len(node.tau_mem))) for _ in range(2))

        def step(s):
            a, b = np.exp(-1e-4 / node.tau_syn), np.exp(-1e-4 / node.tau_mem)
            i[:] = a * i + (1 - a) * node.w_in * s
            v[:] = b * v + (1 - b) * (node.v_leak + node.r * i)
            fired = v > node.v_threshold
            v[fired] = np.broadcast_to(node.v_reset, v.shape)[fired]
            return fired.astype(float)

        return step

    first, second, sent, expected = stepper(hidden), stepper(last), 0.0, []
    for x in spikes.astype(float):
        fc1, fc2 = nodes["fc1"], nodes["fc2"]
        recurrent = sent @ back.weight.T + back.bias if np.ndim(sent) else back.bias
        sent = first(x @ fc1.weight.T + fc1.bias + recurrent)
        expected.append(second(sent @ fc2.weight.T + fc2.bias))
    assert np.sum(expected) > 100
    np.testing.assert_array_equal(net(spikes.astype(np.float64)).data, expected)


def chain(*layers):
    return sn.Sequential(sn.Linear(12, 16, seed=0), *layers, sn.Linear(16, 4, bias=False, seed=1), sn.LI())


@pytest.mark.parametrize(
    "net",
    [
        lambda: chain(sn.LIF(learn=("leak", "threshold"), surrogate=sn.surrogate.triangle(0.5))),
        lambda: chain(
            sn.Recurrent(sn.CubaLIF(threshold=np.linspace(0.2, 0.5, 16)), 16, self_connections=False, seed=2)
        ),
        lambda: chain(sn.IF(), sn.Dropout(0.5), sn.Delay(3)),
        *(lambda s=s: chain(sn.LIF(semantics=s, threshold=0.2)) for s in (semantics.sinabs, semantics.norse_lifbox)),
    ],
    ids=["learnt", "recurrent", "delay", "sinabs", "norse"],
)
def test_a_net_comes_back_as_it_was(net, spikes, tmp_path):
    """Bit for bit, with semantics, surrogate and what is learnt."""
    net = net()
    sn.io.write_nir(tmp_path / "net.nir", net, (12,))
    again = sn.io.read_nir(tmp_path / "net.nir", dt_s=1e-3)
    out = net(spikes)
    np.testing.assert_array_equal(again(spikes).data, out.data)
    kept = [layer for layer in net.layers if layer.kind != "Dropout"]
    assert json.dumps([layer.config() for layer in again.layers]) == json.dumps([layer.config() for layer in kept])
    assert again.parameters().keys() == sn.Sequential(*kept).parameters().keys()


def test_a_convolutional_net_comes_back(rng, tmp_path):
    net = sn.Sequential(
        sn.Conv2d(2, 4, 3, padding=1, groups=2, seed=0), sn.IF(), sn.AvgPool2d(2),
        sn.Conv2d(4, 4, 2, bias=False, seed=1), sn.IF(), sn.SumPool2d(2, stride=1),
        sn.Flatten(3), sn.Linear(16, 3, seed=2), sn.IF(),
    )  # fmt: skip
    x = (rng.random((6, 2, 2, 8, 8)) < 0.5).astype(np.float32)
    sn.io.write_nir(tmp_path / "net.nir", net, (2, 8, 8))
    np.testing.assert_array_equal(sn.io.read_nir(tmp_path / "net.nir", dt_s=1e-3)(x).data, net(x).data)


@pytest.mark.parametrize("kind", ["LIF", "CubaLIF"])
def test_what_is_written_is_the_equation(kind, spikes, tmp_path):
    """Read as by others, without what we left in the metadata: the same spikes, for a reset that NIR has."""
    neurons = {"tau_mem_s": 7e-3, "threshold": 0.3, "reset": sn.reset.to_value, "reset_value": -0.1}
    net = chain(getattr(sn, kind)(**neurons))
    sn.io.write_nir(tmp_path / "net.nir", net, (12,))
    graph = nir.read(str(tmp_path / "net.nir"))
    for node in graph.nodes.values():
        node.metadata.clear()
    nir.write(str(tmp_path / "bare.nir"), graph)
    with pytest.raises(ValueError, match="expected an LI with r 1 and v_leak 0"):
        sn.io.read_nir(tmp_path / "bare.nir", dt_s=1e-3)
    del graph.nodes["4_LI" if "4_LI" in graph.nodes else "3_LI"]
    graph.edges = [e for e in graph.edges if "LI" not in e[0].split("_") and "LI" not in e[1].split("_")]
    graph.edges.append(("2_Linear", "output"))
    nir.write(str(tmp_path / "bare.nir"), graph)
    other = sn.cast(sn.io.read_nir(tmp_path / "bare.nir", dt_s=1e-3), np.float64)
    assert other.layers[1].values["threshold"].data == pytest.approx(
        0.3 * np.prod([1 - np.exp(-1e-3 / tau) for tau in ((7e-3, 5e-3) if kind == "CubaLIF" else (7e-3,))])
    )
    x = spikes.astype(np.float64)
    expected = sn.Sequential(*net.layers[:2])(x.astype(np.float32)).data
    np.testing.assert_array_equal(sn.Sequential(*other.layers[:2])(x).data, expected)


def test_boxes_are_opened(spikes, tmp_path):
    """A graph within the graph, as snnTorch writes recurrent layers."""
    net = sn.Sequential(sn.Linear(12, 8, seed=0), sn.Recurrent(sn.LIF(threshold=0.3), 8, seed=1))
    sn.io.write_nir(tmp_path / "flat.nir", net, (12,))
    nodes = nir.read(str(tmp_path / "flat.nir")).nodes
    size = {"input": np.array([8])}
    box = nir.NIRGraph(
        {"input": nir.Input(size), "lif": nodes["1_Recurrent"], "w": nodes["1_Recurrent_back"],
         "output": nir.Output({"output": np.array([8])})},
        [("input", "lif"), ("lif", "w"), ("w", "lif"), ("lif", "output")],
    )  # fmt: skip
    whole = nir.NIRGraph(
        {"input": nodes["input"], "fc": nodes["0_Linear"], "rnn": box, "output": nodes["output"]},
        [("input", "fc"), ("fc", "rnn"), ("rnn", "output")],
    )
    nir.write(str(tmp_path / "boxed.nir"), whole)
    again = sn.io.read_nir(tmp_path / "boxed.nir", dt_s=1e-3)
    np.testing.assert_array_equal(again(spikes).data, net(spikes).data)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of libraries below Norse
def test_norse_reads_the_same_net(spikes, tmp_path):
    torch, norse = pytest.importorskip("torch"), pytest.importorskip("norse.torch")
    layers = [sn.LIF(semantics=semantics.norse_lifbox, threshold=0.05) for _ in range(2)]
    net = sn.Sequential(sn.Linear(12, 30, seed=0), layers[0], sn.Linear(30, 4, seed=1), layers[1])
    sn.io.write_nir(tmp_path / "net.nir", net, (12,))
    theirs, state, sent = norse.from_nir(nir.read(str(tmp_path / "net.nir")), dt=1e-3), None, []
    for x in torch.tensor(spikes):
        out, state = theirs(x, state)
        sent.append(out.detach().numpy())
    assert np.sum(sent) > 20
    np.testing.assert_array_equal(net(spikes).data, sent)


def test_what_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"layer 1 ReLU: NIR has no ReLU"):
        sn.io.write_nir(tmp_path / "x.nir", sn.Sequential(sn.Linear(3, 3), sn.ReLU()), (3,))
    with pytest.raises(ValueError, match=r"layer 0 AdaptiveLIF: NIR has no such neuron; it has IF, LIF, CubaLIF, LI"):
        sn.io.write_nir(tmp_path / "x.nir", sn.Sequential(sn.AdaptiveLIF()), (3,))
    with pytest.raises(ValueError, match="never refractory"):
        sn.io.write_nir(tmp_path / "x.nir", sn.Sequential(sn.LIF(refractory_s=2e-3)), (3,))
    (tmp_path / "half.nir").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(20))
    with pytest.raises(ValueError, match=r"half.nir: no NIR graph"):
        sn.io.read_nir(tmp_path / "half.nir", dt_s=1e-3)
    with pytest.raises(FileNotFoundError):
        sn.io.read_nir(tmp_path / "none.nir", dt_s=1e-3)
    ends = {"input": nir.Input({"input": np.array([2])}), "output": nir.Output({"output": np.array([2])})}
    two = ends | {name: nir.Linear(np.eye(2)) for name in "ab"}
    edges = [("input", "a"), ("input", "b"), ("a", "output"), ("b", "output")]
    nir.write(str(tmp_path / "branches.nir"), nir.NIRGraph(two, edges))
    with pytest.raises(ValueError, match="expected a chain of nodes, got branches at 'input'"):
        sn.io.read_nir(tmp_path / "branches.nir", dt_s=1e-3)
    scaled = ends | {"s": nir.Scale(np.ones(2))}
    nir.write(str(tmp_path / "scale.nir"), nir.NIRGraph(scaled, [("input", "s"), ("s", "output")]))
    with pytest.raises(ValueError, match="node 's': no layer for NIR's Scale"):
        sn.io.read_nir(tmp_path / "scale.nir", dt_s=1e-3)
