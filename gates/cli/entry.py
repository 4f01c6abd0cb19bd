"""Where the console script enters. Its version is asked for by every hook and every CI job: that imports nothing else."""

from __future__ import annotations

import sys

import gates


def run() -> None:
    """Print the version, or run the command line; ends the process."""
    if sys.argv[1:] == ["--version"] and sys.stdout is not None:
        sys.stdout.write(f"gates {gates.__version__}\n")
        return
    from gates.cli.main import run as run_command

    run_command()
