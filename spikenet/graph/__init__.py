"""The computational graph: tensors, operations each beside its vjp, and the check of gradients."""

import spikenet.graph.operators  # noqa: F401  (attaches the operators to Tensor)
from spikenet.graph.activation import gelu, relu, sigmoid, softplus, tanh
from spikenet.graph.arithmetic import abs, add, divide, multiply, negate, power, square, subtract
from spikenet.graph.attention import attention
from spikenet.graph.backward import backward
from spikenet.graph.broadcast import unbroadcast
from spikenet.graph.check import check_gradient, numerical_gradient
from spikenet.graph.complex_numbers import angle, as_complex, conj, imag, real
from spikenet.graph.determinant import log_abs_det
from spikenet.graph.edges import Edge, Flow, edge_gradients
from spikenet.graph.einsum import einsum
from spikenet.graph.elementwise import cos, exp, expm1, log, log1p, sin, sqrt
from spikenet.graph.factored import Factored
from spikenet.graph.gates import glu, hard_swish, log_sigmoid, mish, silu, softsign
from spikenet.graph.index import getitem, take, take_along_axis
from spikenet.graph.join import concatenate, split, stack, unstack
from spikenet.graph.late import Late
from spikenet.graph.matmul import matmul, outer
from spikenet.graph.operands import as_tensor, operands
from spikenet.graph.outputs import outputs
from spikenet.graph.recording import is_recording, no_grad
from spikenet.graph.rectifiers import celu, elu, hard_sigmoid, hard_tanh, leaky_relu, relu6, selu
from spikenet.graph.reduce import cumsum, max, mean, min, prod, std, sum, var
from spikenet.graph.repeat import repeat
from spikenet.graph.select import clip, maximum, minimum, stop_gradient, where
from spikenet.graph.shape import broadcast_to, expand_dims, flip, moveaxis, pad, reshape, squeeze, swapaxes, transpose
from spikenet.graph.softmax import log_softmax, logsumexp, softmax
from spikenet.graph.standardise import standardise
from spikenet.graph.tensor import Axis, Tensor, TensorLike

__all__ = [
    "Axis",
    "Edge",
    "Factored",
    "Flow",
    "Late",
    "Tensor",
    "TensorLike",
    "abs",
    "add",
    "angle",
    "as_complex",
    "as_tensor",
    "attention",
    "backward",
    "broadcast_to",
    "celu",
    "check_gradient",
    "clip",
    "concatenate",
    "conj",
    "cos",
    "cumsum",
    "divide",
    "edge_gradients",
    "einsum",
    "elu",
    "exp",
    "expand_dims",
    "expm1",
    "flip",
    "gelu",
    "getitem",
    "glu",
    "hard_sigmoid",
    "hard_swish",
    "hard_tanh",
    "imag",
    "is_recording",
    "leaky_relu",
    "log",
    "log1p",
    "log_abs_det",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "mish",
    "moveaxis",
    "multiply",
    "negate",
    "no_grad",
    "numerical_gradient",
    "operands",
    "outer",
    "outputs",
    "pad",
    "power",
    "prod",
    "real",
    "relu",
    "relu6",
    "repeat",
    "reshape",
    "selu",
    "sigmoid",
    "silu",
    "sin",
    "softmax",
    "softplus",
    "softsign",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "standardise",
    "std",
    "stop_gradient",
    "subtract",
    "sum",
    "swapaxes",
    "take",
    "take_along_axis",
    "tanh",
    "transpose",
    "unbroadcast",
    "unstack",
    "var",
    "where",
]
