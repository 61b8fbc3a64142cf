"""NIR, the Neuromorphic Intermediate Representation: nets of other packages read, and ours written for them.

    net = sn.io.read_nir("net.nir", dt_s=1e-4)
    sn.io.write_nir("net.nir", net, shape=(2, 34, 34))

A graph that is read is a chain of nodes, in which neurons may send to themselves through weights; graphs inside the
graph are taken out of their box first.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from spikenet.errors import positive
from spikenet.io.nir_layers import layer_node, layer_of, shape_after
from spikenet.io.nir_neurons import KINDS, OURS, described, neuron_node, neurons_of
from spikenet.io.optional import library
from spikenet.layers.firing import DT_S
from spikenet.layers.recurrent import Recurrent
from spikenet.layers.sequential import Sequential
from spikenet.layers.spiking import Spiking
from spikenet.neurons.semantics import nir_exact
from spikenet.neurons.semantics_record import Semantics
from spikenet.neurons.surrogate import Surrogate, atan

Edges = list[tuple[str, str]]
WEIGHTS = ("Affine", "Linear")
LEFT_OUT = ("Dropout", "Dropout1d", "Dropout2d", "Identity")


def write_nir(path: str | os.PathLike[str], net: Sequential, shape: Sequence[int], *, dt_s: float = DT_S) -> None:
    """Writes `net` as a NIR graph.

    shape: of a sample at one step, without steps and batch
    dt_s : seconds of a step, for layers that know no time (IF, Delay)

    Of Linear, Conv1d, Conv2d, AvgPool2d, SumPool2d, Flatten, Delay, IF, LIF, CubaLIF, LI and Recurrent around these;
    dropout is left out. `read_nir` makes the same net again, semantics and surrogates included; other packages read the
    equations. Needs the library nir (extra `nir`).

    Raises ValueError naming the layer that NIR has no node for.
    """
    nir = library("nir", "write_nir", "nir")
    step_s = positive("write_nir: dt_s", dt_s)
    if not isinstance(net, Sequential):
        raise TypeError(f"write_nir: net: expected a Sequential, got {net!r:.60}")
    here = tuple(int(n) for n in shape)
    nodes: dict[str, Any] = {"input": nir.Input({"input": np.array(here)})}
    edges: Edges = []
    last = "input"
    for k, layer in enumerate(_flat(net)):
        if layer.kind in LEFT_OUT:
            continue
        label, name = f"write_nir: layer {k} {layer.kind}", f"{k}_{layer.kind}"
        after = shape_after(label, layer, here)
        if isinstance(layer, Recurrent):
            (neurons,) = layer.layers
            nodes[name] = neuron_node(nir, label, neurons, after, step_s)
            weight = layer.recurrent_weight.data * (1 if layer.self_connections else 1 - np.eye(layer.n))
            kept = {"self_connections": layer.self_connections, "through_reset": layer.through_reset}
            transposed = np.ascontiguousarray(weight.T.astype(layer.recurrent_weight.dtype))
            nodes[f"{name}_back"] = nir.Linear(transposed, metadata={OURS: json.dumps(kept)})
            edges += [(name, f"{name}_back"), (f"{name}_back", name)]
        elif isinstance(layer, Spiking):
            nodes[name] = neuron_node(nir, label, layer, after, step_s)
        else:
            nodes[name] = layer_node(nir, label, layer, here, step_s)
        edges.append((last, name))
        last, here = name, after
    nodes["output"] = nir.Output({"output": np.array(here)})
    nir.write(os.fspath(path), nir.NIRGraph(nodes, [*edges, (last, "output")], type_check=False))


def _flat(net: Sequential) -> list[Any]:
    return [one for layer in net.layers for one in (_flat(layer) if isinstance(layer, Sequential) else [layer])]


def read_nir(
    path: str | os.PathLike[str], *, dt_s: float, semantics: Semantics = nir_exact, surrogate: Surrogate = atan
) -> Sequential:
    """The net in a NIR file, for steps of dt_s seconds.

    semantics: how the equations are computed, sn.semantics.nir_exact or nir_euler, or another package's, where the file
               says nothing of it; membranes are in units of their drive, above v_leak
    surrogate: likewise

    Raises ValueError for a file that is no NIR graph, and naming the node for one that is no chain, or that has a node
    we have no layer for.
    """
    nir = library("nir", "read_nir", "nir")
    step_s = positive("read_nir: dt_s", dt_s)
    try:
        graph = nir.read(os.fspath(path), type_check=False)  # which takes groups of a convolution for a mistake
    except FileNotFoundError:
        raise
    except Exception as error:  # the library lets through whatever a damaged file comes to
        raise ValueError(f"{os.fspath(path)}: no NIR graph: {error}") from error
    nodes, edges = _unboxed(graph)
    back = _loops(nodes, edges)
    chain = _chain(nodes, [(a, b) for a, b in edges if a not in back and b not in back])
    shape = tuple(int(n) for n in np.atleast_1d(nodes[chain[0]].input_type["input"]))
    layers: list[Any] = []
    ways = {to: name for name, (to, _) in back.items()}
    for name in chain[1:-1]:
        node, label = nodes[name], f"{os.fspath(path)}: node {name!r}"
        if type(node).__name__ not in KINDS:
            layers.append(layer_of(label, node, shape, step_s))
        else:
            layers.append(neurons_of(label, node, step_s, semantics, surrogate))
        if name in ways:
            layers[-1] = _recurrent(label, layers, nodes[ways[name]])
        shape = shape_after(label, layers[-1], shape)
    return Sequential(*layers)


def _unboxed(graph: Any, prefix: str = "") -> tuple[dict[str, Any], Edges]:
    """Nodes and edges, those of inner graphs in place of their boxes, whose inputs and outputs vanish."""
    nodes: dict[str, Any] = {}
    edges: Edges = []
    enter: dict[str, list[str]] = {}
    leave: dict[str, list[str]] = {}
    for name, node in graph.nodes.items():
        full = prefix + name
        if type(node).__name__ != "NIRGraph":
            nodes[full] = node
            continue
        inner, inside = _unboxed(node, f"{full}.")
        gates = {k for k, n in inner.items() if type(n).__name__ in ("Input", "Output")}
        enter[full] = [b for a, b in inside if a in gates and b not in gates]
        leave[full] = [a for a, b in inside if b in gates and a not in gates]
        nodes |= {k: n for k, n in inner.items() if k not in gates}
        edges += [(a, b) for a, b in inside if a not in gates and b not in gates]
    for a, b in graph.edges:
        ends = (leave.get(prefix + a, [prefix + a]), enter.get(prefix + b, [prefix + b]))
        edges += [(source, target) for source in ends[0] for target in ends[1]]
    return nodes, edges


def _loops(nodes: dict[str, Any], edges: Edges) -> dict[str, tuple[str, str]]:
    """Weights from a population to itself: {their node: (the population, again)}."""
    found = {}
    for name, node in nodes.items():
        ends = [a for a, b in edges if b == name] + [b for a, b in edges if a == name]
        if type(node).__name__ in WEIGHTS and len(ends) == 2 and ends[0] == ends[1]:
            found[name] = (ends[0], ends[1])
    return found


def _chain(nodes: dict[str, Any], edges: Edges) -> list[str]:
    """The names from input to output, each with one edge in and one out."""
    after: dict[str, str] = {}
    for a, b in edges:
        if a in after or b in after.values():
            raise ValueError(f"read_nir: expected a chain of nodes, got branches at {a!r} and {b!r}")
        after[a] = b
    starts = [name for name, node in nodes.items() if type(node).__name__ == "Input"]
    if len(starts) != 1:
        raise ValueError(f"read_nir: expected one input, got {starts}")
    chain = [starts[0]]
    while chain[-1] in after and len(chain) <= len(nodes):
        chain.append(after[chain[-1]])
    if type(nodes[chain[-1]]).__name__ != "Output":
        raise ValueError(f"read_nir: expected a chain of nodes to an output, got one that ends at {chain[-1]!r}")
    return chain


def _recurrent(label: str, layers: list[Any], way: Any) -> Recurrent:
    """The last layer with its weights back; a bias of theirs goes into the connection in front."""
    weight, bias = np.asarray(way.weight), np.asarray(getattr(way, "bias", 0.0))
    made = Recurrent(layers[-1], len(weight), seed=0, **described(way.metadata))
    made.recurrent_weight.data[...] = weight.T
    if bias.any():
        front = layers[-2] if len(layers) > 1 else None
        if getattr(front, "bias", None) is None:
            raise ValueError(f"{label}: expected a bias in front of neurons whose weights back have one")
        front.bias.data += bias.astype(front.bias.dtype)  # type: ignore[union-attr]
    return made
