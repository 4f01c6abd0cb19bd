"""The command `gates`: finds the command's module, runs it, and turns every error into words and an exit code."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import NoReturn

import gates
from gates.cli import planned
from gates.errors import ExitCode, GatesError, Problem, UsageError

#: Command to the line of help that `gates --help` shows. Each is a module of this package, imported when it is used.
COMMANDS = {
    "run": "judge this checkout: plan, observe, judge, report and bundle in one go",
    "init": "look at the repository and write a gates.yaml that fits it; never overwrites",
    "policy": "check, show (with where each line comes from) or schema",
    "explain": "a gate, a rule, a finding or an exit code: what it means, how to mend it",
    "verify": "is a bundle intact, trusted, about this commit, and does its verdict follow",
    "report": "render a bundle as text, json, markdown, html, sarif, junit or github",
    "doctor": "what the policy needs on this machine, what is there, how to get the rest",
}


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are ours: data, so that `--format json` can print them."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, help=f"see `{self.prog} --help`")


def run() -> NoReturn:
    """Entry point of the console script."""
    sys.exit(main(sys.argv[1:]))


def main(argv: Sequence[str]) -> int:
    """Run one command and return its exit code. Raises nothing but `SystemExit` from `--help` and `--version`."""
    signal.signal(signal.SIGTERM, _terminated)
    json_wanted = _wants_json(argv)
    try:
        options = parse(argv)
        module = importlib.import_module(f"gates.cli.{options.command}")
        return int(module.execute(options))
    except GatesError as error:
        return _report_problems(error.problems, error.exit_code, json_wanted=json_wanted)
    except KeyboardInterrupt:
        return _report_problems((Problem(error="interrupted"),), ExitCode.INTERRUPTED, json_wanted=json_wanted)
    except BrokenPipeError:
        # Whoever reads our output has gone (`gates … | head`): nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DEFECT
    except Exception as error:
        return _report_problems((_defect(error, argv),), ExitCode.DEFECT, json_wanted=json_wanted)


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The command and its options. Raises `UsageError` for what the command line does not have, or not yet."""
    parser = Parser(
        prog="gates", description="One policy, many gates, one verdict, and the evidence to judge it again.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"gates {gates.__version__}")
    parser.add_argument("-C", dest="root", metavar="DIR", type=Path, default=Path(), help="run as though started in this folder")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    wanted = _command(argv)
    if wanted in planned.COMMANDS:
        planned.refuse_command(wanted)
    for name, help_line in COMMANDS.items():
        command = commands.add_parser(name, help=help_line, description=help_line, allow_abbrev=False)
        if name == wanted:
            importlib.import_module(f"gates.cli.{name}").add_arguments(command)
            planned.add_arguments(name, command)
    options = parser.parse_args(argv)
    options.root = options.root.resolve()
    if not options.root.is_dir():
        raise UsageError(f"{options.root} is not a folder", help="name the repository's folder with -C")
    return options


def _command(argv: Sequence[str]) -> str | None:
    """The word that names the command, so that no other command's module is imported."""
    words = iter(argv)
    for word in words:
        if word == "-C":
            next(words, None)
        elif not word.startswith("-"):
            return word
    return None


def _wants_json(argv: Sequence[str]) -> bool:
    return "--format=json" in argv or ("--format", "json") in pairwise(argv)


def _report_problems(problems: Sequence[Problem], code: ExitCode, *, json_wanted: bool) -> int:
    """Say what is wrong on standard error, and as the one JSON document where that was asked for."""
    from gates.report import json, text

    if json_wanted:
        sys.stdout.write(json.render(None, exit_code=code, bundle=None, problems=problems))
    sys.stderr.write(text.render_problems(problems, color=sys.stderr.isatty() and not os.environ.get("NO_COLOR")))
    return code


def _defect(error: Exception, argv: Sequence[str]) -> Problem:
    """A paste-ready report of a defect of ours, written beside the evidence."""
    lines = [
        f"gates {gates.__version__}, Python {sys.version.split()[0]}, {sys.platform}",
        f"arguments: {len(argv)}",
        "",
        traceback.format_exc(),
    ]
    path = Path(".gates") / "defect.txt"
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines), "utf-8")
        where = str(path)
    except OSError:
        sys.stderr.write("\n".join(lines))
        where = "the lines above"
    return Problem(
        error=f"this is a defect of Quality Gates: {type(error).__name__}: {error}",
        where=where,
        help="report it with that text; nothing was judged",
    )


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    del frame
    signal.signal(number, signal.SIG_IGN)  # `timeout` sends it twice: the second would end what keeps the finished part
    raise KeyboardInterrupt
