"""Nets side by side on devices, as records, text and plain data."""
