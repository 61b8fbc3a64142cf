"""spikenet: conventional, rate-coded and spiking networks on one layer interface, on a CPU.

    import spikenet as sn
    net = sn.Sequential(sn.Linear(64, 128), sn.LIF(tau_mem_s=20e-3), sn.Linear(128, 10), sn.LI(tau_mem_s=20e-3))

The public names stand in __init__.pyi; each is loaded when it is first used.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
