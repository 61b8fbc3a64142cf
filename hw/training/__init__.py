"""Training whose forward pass is a chip's integers."""
