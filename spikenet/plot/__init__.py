"""Pictures: functions that take results and return matplotlib axes with labelled units. None of them shows anything."""

from spikenet.plot.contours import loss_surface
from spikenet.plot.energy import energy_bars
from spikenet.plot.graphs import graph
from spikenet.plot.layer_panels import layers_raster
from spikenet.plot.levels import accuracy_energy_levels, energy_levels
from spikenet.plot.membranes import traces
from spikenet.plot.meshes import mesh
from spikenet.plot.mosaic import weights
from spikenet.plot.populations import connectivity, distribution, populations
from spikenet.plot.rasters import raster
from spikenet.plot.saving import save
from spikenet.plot.surface import LossSurface, loss_surface_grid, loss_surface_path
from spikenet.plot.surrogate_curves import surrogates
from spikenet.plot.tradeoff import accuracy_energy, accuracy_latency
from spikenet.plot.training import training_curves, training_side_by_side

__all__ = [
    "LossSurface",
    "accuracy_energy",
    "accuracy_energy_levels",
    "accuracy_latency",
    "connectivity",
    "distribution",
    "energy_bars",
    "energy_levels",
    "graph",
    "layers_raster",
    "loss_surface",
    "loss_surface_grid",
    "loss_surface_path",
    "mesh",
    "populations",
    "raster",
    "save",
    "surrogates",
    "traces",
    "training_curves",
    "training_side_by_side",
    "weights",
]
