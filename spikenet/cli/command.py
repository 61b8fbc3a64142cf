"""Reads the command line and calls the command it names.

Exit codes: 0 done, 1 stopped by a failure during the work (a training that diverged, not enough memory), 2 a mistake
in what was asked for, 130 interrupted. Whatever it was gets one line on standard error, never a traceback.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

import spikenet
from spikenet.cli import chips, compare, deploy, info, simulate, warm

FAILED, MISTAKE, INTERRUPTED = 1, 2, 130


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        """One line, without the usage text: `--help` shows that."""
        print(f"{self.prog}: {_one_line(message)}; see {self.prog} --help", file=sys.stderr)
        raise SystemExit(MISTAKE)


def parser() -> argparse.ArgumentParser:
    top = _Parser(prog="spikenet", description="Conventional and spiking networks side by side, on a CPU.")
    top.add_argument("--version", action="version", version=f"spikenet {spikenet.__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    for command in (compare, simulate, deploy, info, chips, warm):
        command.add_to(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command given by `arguments` (the process's own when None); the exit code."""
    try:
        options = parser().parse_args(arguments)
    except SystemExit as leaving:  # --help, --version and mistakes end here
        return leaving.code if isinstance(leaving.code, int) else MISTAKE
    command = f"spikenet {options.command}"
    try:
        try:
            options.run(options)
        finally:
            _deliver_output()
    except KeyboardInterrupt as stop:
        print(f"{command}: interrupted{stop}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output (head, less) went away
        return 0
    except (spikenet.train.TrainingDiverged, MemoryError, FloatingPointError) as error:
        print(f"{command}: {_one_line(str(error) or 'not enough memory')}", file=sys.stderr)
        return FAILED
    except (ValueError, TypeError, OverflowError, OSError) as error:
        if not getattr(options, "traceback", False):
            said = getattr(error, "breaches", ())  # every limit that a net breaks, on a line of its own
            lines = [f"does not fit, {len(said)} limits broken", *map(str, said)] if len(said) > 1 else [_said(error)]
            print(f"{command}: " + "\n  ".join(map(_one_line, lines)), file=sys.stderr)
            return MISTAKE
        raise
    return 0


def _deliver_output() -> None:
    """Flushes standard output while it can still be reported that nobody takes it."""
    try:
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())  # or Python tries again at its end, and complains in its own words
        os.close(nowhere)
        raise


def _said(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _one_line(text: str) -> str:
    return " ".join(text.split())
