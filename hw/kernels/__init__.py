"""Compiled loops of the chip models, apart from the records and checks around them."""
