"""A neuron layer as a function of everything it can be differentiated in, for check_gradient and for comparisons."""

from __future__ import annotations

from spikenet import graph


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
