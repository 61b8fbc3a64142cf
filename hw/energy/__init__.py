"""Counts priced at the level that a table has, and where spiking stops winning."""
