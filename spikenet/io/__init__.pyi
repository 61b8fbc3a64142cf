"""Other people's formats: SONATA networks and spikes, neo's blocks."""

from .neo_blocks import NeoData, Signal, from_neo, to_neo
from .sonata_network import SonataNetwork, read_sonata
from .sonata_spikes import on_steps, read_sonata_spikes, write_sonata_spikes
from .sonata_writer import write_sonata

__all__ = [
    "NeoData",
    "Signal",
    "SonataNetwork",
    "from_neo",
    "on_steps",
    "read_sonata",
    "read_sonata_spikes",
    "to_neo",
    "write_sonata",
    "write_sonata_spikes",
]
