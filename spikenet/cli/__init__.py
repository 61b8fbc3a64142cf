"""The `spikenet` command."""

from spikenet.cli.command import main

__all__ = ["main"]
