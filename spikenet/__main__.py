"""`python -m spikenet` is the `spikenet` command."""

import sys

from spikenet.cli import main

if __name__ == "__main__":
    sys.exit(main())
