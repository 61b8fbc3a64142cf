"""Other people's formats: SONATA networks and spikes, neo's blocks."""

from .sonata_network import SonataNetwork, read_sonata
from .sonata_spikes import read_sonata_spikes, write_sonata_spikes
from .sonata_writer import write_sonata

__all__ = ["SonataNetwork", "read_sonata", "read_sonata_spikes", "write_sonata", "write_sonata_spikes"]
