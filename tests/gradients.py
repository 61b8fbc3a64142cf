"""A neuron layer as a function of everything it can be differentiated in, for check_gradient and for comparisons."""

from __future__ import annotations

import numpy as np

from spikenet import graph
from spikenet.graph import Tensor


def as_function(layer, learnt):
    """f(x, *states, *parameters named in `learnt`) -> output and last states, as one vector.

    layer must have been made with learn=learnt; its parameters are replaced.
    """
    n_states = len(layer.states)

    def f(x, *rest):
        states, parameters = rest[:n_states], rest[n_states:]
        layer.values.update(zip(learnt, parameters, strict=True))
        y, after = layer.run(x, states)
        return joined(y, after)

    return f


def joined(y, states):
    return graph.concatenate([y.reshape(-1), *(s.reshape(-1) for s in states)])


def numbers(layer, learnt):
    """The values of the parameters named, in float64."""
    return [layer.values[name].data.astype("float64") for name in learnt]


def all_gradients(layer, run, x, states, seed=0):
    """Output, last states and gradients in input, states and parameters, of one random weighting of all."""
    leaves = [Tensor(np.array(a), requires_grad=True) for a in (x, *states)]
    for p in layer.parameters().values():
        p.grad = None
    y, after = run(leaves[0], tuple(leaves[1:]))
    rng = np.random.default_rng(seed)
    loss = graph.sum(y * rng.normal(size=y.shape))
    for s in after:
        loss = loss + graph.sum(s * rng.normal(size=s.shape))
    loss.backward()
    nothing = np.zeros(())
    found = [leaf.grad for leaf in leaves] + [p.grad for p in layer.parameters().values()]
    return [y.data, *(s.data for s in after)], [nothing if g is None else g for g in found]


def assert_close(ours, theirs, relative):
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=relative, atol=relative * max(np.abs(b).max(), 1e-3))
