"""`spikenet chips`: what is known of every chip, each number with its source."""

from __future__ import annotations

import argparse
from typing import Any


def add_to(commands: Any) -> None:
    command = commands.add_parser(
        "chips", help="the chips, their energies and limits", description="Every chip record with sources."
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    import hw

    print(hw.report.chips(hw.chips.ALL))
