"""`python -m spikenet` is the `spikenet` command."""

import sys

from spikenet.cli import main

sys.exit(main())
