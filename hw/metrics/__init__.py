"""Metrics of a net as other benchmarks define them."""
