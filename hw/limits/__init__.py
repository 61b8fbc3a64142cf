"""The rules of each architecture: what a net needs of it, held against a chip's record."""
