"""Conventional nets in 8-bit integers."""
