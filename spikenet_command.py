"""The installed `spikenet` command: `spikenet.cli.main`, with Ctrl-C answered in one line from the first import on.

It stands beside the package because importing any part of the package loads all it builds on, for half a second or
more in which nothing inside could answer.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command named on the command line; the exit code."""
    try:
        from spikenet.cli import main as run

        return run()
    except KeyboardInterrupt:
        print("spikenet: interrupted", file=sys.stderr)
        return 130
