"""What the command line will have and this version does not carry out: left out of the help, and refused rather than ignored."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from gates.errors import UsageError

#: By command: each option, and what it will do.
OPTIONS: dict[str, dict[str, str]] = {
    "run": {
        "only-failed": "running only what failed",
    },
}


def add_arguments(command: str, parser: argparse.ArgumentParser) -> None:
    """Make a command's parser refuse the options that it does not have yet."""
    for name, what in OPTIONS.get(command, {}).items():
        parser.add_argument(f"--{name}", nargs="?", action=_Refused, metavar=what, help=argparse.SUPPRESS)


class _Refused(argparse.Action):
    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> NoReturn:
        del namespace, values
        raise UsageError(f"{option_string} is planned and not built yet ({self.metavar})", help=f"leave it out; see `{parser.prog} --help`")
