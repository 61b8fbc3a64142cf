"""Where neurons stand on cores, tiles and chips."""
