"""What the conventional recurrent units are: gates, states, and which of the compiled steps is theirs.

z is what comes from outside (input product and bias), r the product of the last output with the recurrent weight, both
in blocks of n columns; . is elementwise.
"""

from __future__ import annotations

from typing import NamedTuple

from spikenet.kernels import gated_loop


class Cell(NamedTuple):
    """code: of the step in gated_loop;  gates: blocks of n columns in the weights;  states: names, the output first;
    inner_bias: whether the last block of r has a bias of its own."""

    code: int
    gates: int
    states: tuple[str, ...]
    inner_bias: bool


TANH_CELL = Cell(gated_loop.TANH, 1, ("h",), False)
"""h = tanh(z + r). Source: Elman 1990, Cognitive Science 14:179-211."""

RELU_CELL = Cell(gated_loop.RELU, 1, ("h",), False)
"""h = max(z + r, 0). Source: Le, Jaitly & Hinton 2015 (arXiv:1504.00941)."""

LSTM_CELL = Cell(gated_loop.LSTM, 4, ("h", "c"), False)
"""Gates in the order input, forget, output, candidate: sigmoids of z + r, the candidate its tanh.

c = forget . c + input . candidate;  h = output . tanh(c).
Source: Hochreiter & Schmidhuber 1997, Neural Computation 9:1735-1780; forget gate: Gers et al. 2000, 12:2451-2471.
"""

GRU_CELL = Cell(gated_loop.GRU, 3, ("h",), True)
"""Gates in the order reset, update, candidate: reset and update are sigmoids of z + r.

candidate = tanh(z + reset . (r + inner bias));  h = (1 - update) . candidate + update . h.
Source: Cho et al. 2014 (arXiv:1406.1078), the reset behind the product as in Chung et al. 2014 (arXiv:1412.3555) and
torch.
"""
