"""Where the console script enters. Its version is asked for by every hook and every CI job: that imports nothing else."""

from __future__ import annotations

import gc
import sys

import gates


def run() -> None:
    """Print the version, or run the command line; ends the process."""
    if sys.argv[1:] == ["--version"] and sys.stdout is not None:
        sys.stdout.write(f"gates {gates.__version__}\n")
        return
    # What is imported stays for as long as the process lives: to look through it again and again takes a tenth of a short run.
    gc.disable()
    from gates.cli.main import run as run_command

    gc.freeze()
    gc.enable()
    run_command()
