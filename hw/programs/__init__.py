"""Nets in a chip's integers: one record for all chips, and how each chip's layers run."""
