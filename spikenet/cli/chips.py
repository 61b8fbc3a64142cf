"""`spikenet chips`: limits side by side, and what is known of every chip, each number with its source."""

from __future__ import annotations

import argparse
import json
from typing import Any


def add_to(commands: Any) -> None:
    command = commands.add_parser(
        "chips",
        help="the chips, their energies and limits",
        description="Limits of the chips side by side, then every chip record with sources.",
    )
    command.add_argument("--json", action="store_true", help="the records as JSON instead")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    import hw

    if options.json:
        print(json.dumps(hw.report.chips_dict(hw.chips.ALL), indent=2))
        return
    print(hw.report.limits(hw.chips.ALL))
    print(hw.report.chips(hw.chips.ALL))
