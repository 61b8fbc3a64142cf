"""Networks of papers, ready to be simulated."""

from spikenet.network.benchmark import coba, cuba
from spikenet.network.brunel import REGIMES, brunel
from spikenet.network.inhibition import vogels
from spikenet.network.microcircuit import microcircuit

__all__ = ["REGIMES", "brunel", "coba", "cuba", "microcircuit", "vogels"]
