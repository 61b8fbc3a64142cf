"""From trained nets to a chip's integers: one file for each kind of neuron, one driver for all."""
