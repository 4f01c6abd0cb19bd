"""The command `gates`: finds the command's module, runs it, and turns every error into words and an exit code."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Collection, Sequence
from io import TextIOWrapper
from itertools import pairwise
from pathlib import Path
from typing import NoReturn, TextIO

import gates
from gates.adapters import interrupts
from gates.cli.pages import ABOUT, EPILOG, PAGES
from gates.cli.parser import Parser, nearest
from gates.errors import EvidenceError, ExitCode, GatesError, Problem, UsageError

#: Command to the line of help that `gates --help` shows. Each is a module of this package, imported when it is used.
COMMANDS = {name: page.line for name, page in PAGES.items()}


def run() -> NoReturn:
    """Entry point of the console script. What starts others' programs runs under a guard, that ends what they leave behind."""
    _mend_streams()
    argv = sys.argv[1:]
    if not _starts_gates(argv):
        sys.exit(main(argv))
    from gates import redact
    from gates.adapters import guard, own

    own.withdraw_variables(os.environ.keys() - redact.child_environment(os.environ).keys())
    sys.exit(guard.guarded(lambda: main(argv), lambda number: _lost(number, json_wanted=_wants_json(argv))))


def main(argv: Sequence[str]) -> int:
    """Run one command and return its exit code. Raises nothing but `SystemExit` from `--help` and `--version`."""
    json_wanted = _wants_json(argv)
    with interrupts.listening():
        try:
            options = parse(argv)
            module = importlib.import_module(f"gates.cli.{options.command}")
            code = int(module.execute(options))
            sys.stdout.flush()
            return code
        except GatesError as error:
            return _report_problems(error.problems, error.exit_code, json_wanted=json_wanted)
        except KeyboardInterrupt:
            return _report_problems((Problem(error="interrupted"),), ExitCode.INTERRUPTED, json_wanted=json_wanted)
        except BrokenPipeError:
            # Whoever reads our output has gone (`gates … | head`): nothing more can be said.
            _to_nowhere(sys.stdout)
            return ExitCode.DEFECT
        except MemoryError:
            problem = Problem(
                error="there is too little memory, so nothing was judged", help="give the machine more memory, then run again"
            )
            return _report_problems((problem,), ExitCode.ERRORED, json_wanted=json_wanted)
        except Exception as error:
            return _report_problems((_defect(error, argv),), ExitCode.DEFECT, json_wanted=json_wanted)


def _mend_streams() -> None:
    """Let every text be printed, whatever the locale; closed streams lead nowhere, so that no file of ours gets their number."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 (as long as we live)
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _to_nowhere(stream: TextIO) -> None:
    """What could not be written is given up, or the interpreter would try it again as it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _lost(number: int, *, json_wanted: bool) -> int:
    name = signal.Signals(number).name
    problem = Problem(
        error=f"the run was ended from outside by {name}, so nothing was judged",
        help="something killed it: a tool of the project, a lack of memory, a person; all that it had started was stopped",
    )
    return _report_problems((problem,), ExitCode.DEFECT, json_wanted=json_wanted)


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The command and its options. Raises `UsageError` for what the command line does not have, or not yet."""
    wanted = command_of(argv)
    if wanted is not None and wanted not in PAGES:
        raise UsageError(f"there is no command `{wanted}`", help=f"{nearest(wanted, PAGES, 'gates ')}`gates --help` lists all")
    options: argparse.Namespace
    options, left = parser_of([wanted] if wanted else []).parse_known_args(argv)
    if left:
        raise UsageError(f"`gates {wanted}` has no place for {' '.join(left)}", help=f"see `gates {wanted} --help`")
    if options.command is None:
        raise UsageError("no command is named", help="`gates run` judges this checkout; `gates --help` lists all commands")
    named, options.root = options.root, options.root.resolve()
    if not options.root.is_dir():
        raise UsageError(f"{options.root} is not a folder", help="name the repository's folder with -C")
    _refuse_links(named, options.root)
    return options


def _refuse_links(named: Path, real: Path) -> None:
    """Raise `UsageError` where a link of the repository leads to the folder that is judged: a change could let it lead to another one."""
    path = Path(os.path.abspath(named))  # noqa: PTH100 (no link of it may be followed)
    for place in (path, *path.parents):
        top = _top_of(place.parent.resolve()) if place.is_symlink() else None
        if top is not None and top == _top_of(real):
            raise UsageError(
                f"-C {named} leads through a link of the repository to {real.relative_to(top)}, whose policy may be another",
                where=str(place),
                help="name the folder itself; where a change put the link there, look at why",
            )


def _top_of(folder: Path) -> Path | None:
    return next((place for place in (folder, *folder.parents) if os.path.lexists(place / ".git")), None)


def parser_of(complete: Collection[str]) -> Parser:
    """The parser of all commands. Only the commands of `complete` have their options, since each imports what it needs."""
    parser = Parser(prog="gates", description=ABOUT, epilog=EPILOG, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"gates {gates.__version__}", help="print the version and exit")
    parser.add_argument("-C", dest="root", metavar="DIR", type=Path, default=Path(), help="run as though started in this folder")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", parser_class=Parser)
    for name, page in PAGES.items():
        command = commands.add_parser(name, help=page.line, description=page.about, epilog=page.epilog(), allow_abbrev=False)
        if name in complete:
            module = importlib.import_module(f"gates.cli.{name}")
            module.add_arguments(command)
            command.intermixed = getattr(module, "INTERMIXED", False)
    return parser


def command_of(argv: Sequence[str]) -> str | None:
    """The word that names the command, so that no other command's module is imported."""
    words = iter(argv)
    for word in words:
        if word == "-C":
            next(words, None)
        elif not word.startswith("-"):
            return word
    return None


def _starts_gates(argv: Sequence[str]) -> bool:
    """Whether the command runs gates: `run`, `observe`, `judge`, and `init --adopt`."""
    command = command_of(argv)
    return command in {"run", "observe", "judge"} or (command == "init" and "--adopt" in argv)


def _wants_json(argv: Sequence[str]) -> bool:
    return "--format=json" in argv or ("--format", "json") in pairwise(argv)


def _report_problems(problems: Sequence[Problem], code: ExitCode, *, json_wanted: bool) -> int:
    """Say what is wrong on standard error, and as the one JSON document where that was asked for."""
    from gates.report import json, text

    printed = json.render(None, exit_code=code, bundle=None, problems=problems) if json_wanted else ""
    told = text.render_problems(problems, color=sys.stderr.isatty() and not os.environ.get("NO_COLOR"))
    for stream, words in ((sys.stdout, printed), (sys.stderr, told)):
        try:
            stream.write(words)
            stream.flush()
        except OSError:
            _to_nowhere(stream)
    return code


def _defect(error: Exception, argv: Sequence[str]) -> Problem:
    """A paste-ready report of a defect of ours, written beside the evidence, without the values of secret variables."""
    from gates import redact
    from gates.adapters import files

    redactor = redact.Redactor(redact.secret_values(os.environ))
    lines = [
        f"gates {gates.__version__}, Python {sys.version.split()[0]}, {sys.platform}",
        f"arguments: {len(argv)}",
        "",
        traceback.format_exc(),
    ]
    text = redactor.text("\n".join(lines))
    path = Path(".gates") / "defect.txt"
    try:
        if path.parent.is_symlink():
            raise EvidenceError(f"{path.parent} is a link")
        files.write_atomically(path, text.encode("utf-8", "replace"))
        where = str(path)
    except EvidenceError:
        sys.stderr.write(text)
        where = "the lines above"
    return Problem(
        error=redactor.text(f"this is a defect of Quality Gates: {type(error).__name__}: {error}"),
        where=where,
        help="report it with that text; nothing was judged",
    )
