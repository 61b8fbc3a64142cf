"""Other people's formats: NIR graphs, SONATA networks and spikes, neo's blocks."""

from .neo_blocks import NeoData, Signal, from_neo, to_neo
from .nir_graph import read_nir, write_nir
from .sonata_network import SonataNetwork, read_sonata
from .sonata_spikes import on_steps, read_sonata_spikes, write_sonata_spikes
from .sonata_writer import write_sonata

__all__ = [
    "NeoData",
    "Signal",
    "SonataNetwork",
    "from_neo",
    "on_steps",
    "read_nir",
    "read_sonata",
    "read_sonata_spikes",
    "to_neo",
    "write_nir",
    "write_sonata",
    "write_sonata_spikes",
]
