"""`gates help COMMAND`: what `gates COMMAND --help` says."""

from __future__ import annotations

import argparse
import contextlib

from gates.cli.pages import PAGES
from gates.errors import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("topic", nargs="?", choices=tuple(PAGES), metavar="COMMAND", help="one command (default: all of them)")


def execute(options: argparse.Namespace) -> int:
    from gates.cli import main

    topics = [options.topic] if options.topic else []
    with contextlib.suppress(SystemExit):  # argparse prints it and exits
        main.parse([*topics, "--help"])
    return ExitCode.PASSED
