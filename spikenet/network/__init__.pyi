"""Networks as described: populations, projections, rules, distributions and inputs."""

from . import cells, draw, inputs, networks, plasticity, rules
from .cell import Cell
from .network import Network
from .records import Population, Projection

__all__ = ["Cell", "Network", "Population", "Projection", "cells", "draw", "inputs", "networks", "plasticity", "rules"]
