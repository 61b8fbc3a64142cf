"""A model's trace computed with the operations of the graph: other arithmetic and other derivatives than the loops'.

What the derived adjoint is compared with, for whole models as they run, refractory periods and all.
"""

from __future__ import annotations

import numpy as np

from spikenet import graph
from spikenet.derive.expression import ordered
from spikenet.graph import Tensor
from spikenet.neurons import primitives

ELEMENTWISE = {name: getattr(graph, name) for name in ("add", "subtract", "multiply", "divide", "negate")}
ELEMENTWISE |= {name: getattr(graph, name) for name in ("exp", "log", "log1p", "sqrt", "sin", "cos", "tanh")}
ELEMENTWISE |= {"absolute": graph.abs, "stop_gradient": graph.stop_gradient}
COMPARED = {"greater": np.greater, "greater_equal": np.greater_equal}


def spikes(compare, surrogate):
    def fired(u):
        slope = surrogate.derivative(u.data)
        return Tensor(compare(u.data, 0).astype(u.dtype), (u,), lambda g: (g * slope,), operation="spike")

    return fired


def straight_through(value, like):
    value = np.broadcast_to(value.data, like.shape)
    return Tensor(value, (like,), lambda g: (g,), operation="straight_through")


def run(layer, x, states, parameters):
    """(output, states after the last step): `layer.model` step by step. parameters: name -> Tensor."""
    model = layer.model
    operations = ELEMENTWISE | {
        "spike": spikes(np.greater, layer.surrogate),
        "spike_inclusive": spikes(np.greater_equal, layer.surrogate),
        "straight_through": straight_through,
        "floor": lambda a: Tensor(np.floor(a.data)),
        "uniform": lambda *a: Tensor(primitives.uniform(*(np.asarray(part.data) for part in a))),
        "where": graph.where,
    }
    order = ordered((*model.after, model.output))
    out, now = [], tuple(states)
    for t in range(len(x)):
        known = {f"p_{name}": value for name, value in parameters.items()}
        known |= {f"s_{name}": value for name, value in zip(model.states, now, strict=True)} | {"current": x[t]}
        values = {}
        for e in order:
            operands = [values[id(a)] for a in e.operands]
            if e.operation == "symbol":
                values[id(e)] = known[e.value]
            elif e.operation == "constant":
                values[id(e)] = Tensor(np.float64(e.value))
            elif e.operation in COMPARED:
                values[id(e)] = COMPARED[e.operation](*(np.asarray(a.data) for a in operands))
            else:
                values[id(e)] = operations[e.operation](*operands)
        now = tuple(values[id(e)] for e in model.after)
        out.append(values[id(model.output)])
    return graph.stack(out), now
