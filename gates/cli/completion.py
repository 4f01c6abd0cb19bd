"""`gates completion SHELL`: print a script that was generated with this version, so that no shell waits for Python."""

from __future__ import annotations

import argparse
import sys
from importlib import resources

from gates.errors import ExitCode

#: Each has `completions/gates.SHELL` in this package, written by scripts/generate.py.
SHELLS = ("bash", "zsh", "fish")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, help="which shell")


def execute(options: argparse.Namespace) -> int:
    sys.stdout.write((resources.files("gates.cli") / "completions" / f"gates.{options.shell}").read_text("utf-8"))
    return ExitCode.PASSED
