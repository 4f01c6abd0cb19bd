"""Anyone's tool: a command, or a report that another job left, in SARIF, JUnit XML or CycloneDX.

The command's exit code is proof of nothing but a crash: what counts is a report that was written in this run, says that
the tool worked, and can be held against the files that it should have looked at.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from gates.api import RUNS_THE_PROJECT, Gate, GateError, Limit, Need, ObserveContext, Severity, ToolMissingError, ToolResult, program_needs
from gates.formats import named_files
from gates.formats.report import Places
from gates.runners.external.facts import parse, parse_1
from gates.runners.external.options import OBSERVED, Options

MAX_BYTES = 64 * 1024 * 1024
#: Without a word of the policy: 0, and 1 for a tool that found something, which its report must then hold.
USUAL_CODES = (0, 1)
UNITS = {"sarif": "files", "junit": "tests", "cyclonedx": "components"}


def observe(context: ObserveContext, options: Options) -> None:
    """Run the command or take the report, and write down what it should have looked at."""
    inventory = _inventory(context, options.inventory)
    done = _run(context, options) if options.command else None
    if done is not None:
        _check_written(context.raw_folder / options.report, options.report, done)
        if options.examined:
            name = options.examined.partition("#")[0]
            _check_written(context.raw_folder / name, name, done)
    else:
        _take(context, options)
    unexplained = done.exit_code if done is not None and not options.exit_codes else 0
    context.raw_json(
        OBSERVED,
        {
            "format": options.format,
            "report": options.report,
            "unit": options.unit or UNITS[options.format],
            "inventory": inventory,
            "examined": options.examined,
            "mistakable": named_files.mistakable(context.files, frozenset(inventory or ()), Places(known=context.places)),
            "ran": bool(options.command),
            "unexplained_exit_code": unexplained,
            "last_words": done.last_words() if done is not None and unexplained else "",
            "predates_commit": not options.command and context.predates_commit(context.inside(options.report)),
            "places": dict(context.places),
        },
    )


def _check_written(report: Path, name: str, done: ToolResult) -> None:
    """Raise `GateError` where the command has not written this file, with what it said instead."""
    if not report.is_file() or report.is_symlink():
        raise GateError(
            f"there is no report {name}; the command ended with exit code {done.exit_code}: {done.last_words()}",
            remedy=f"let the command write it below {{raw}}, as {{raw}}/{name}",
        )
    _check_size(report, name)


def _check_size(report: Path, name: str) -> None:
    if report.stat().st_size > MAX_BYTES:
        raise GateError(f"the report {name} is larger than {MAX_BYTES // 2**20} MiB", remedy="let the tool look at less, or write less")


def _take(context: ObserveContext, options: Options) -> None:
    """Keep the report that another job left."""
    report = context.inside(options.report)
    if not report.is_file() or report.is_symlink():
        raise GateError(
            f"there is no report {options.report}", remedy="run the job that writes it before this one, or give the `command` that does"
        )
    _check_size(report, options.report)
    _check_untracked(context, options)
    shutil.copyfile(report, context.raw_path(options.report))


def _check_untracked(context: ObserveContext, options: Options) -> None:
    """What git tracks came with the checkout: no job of this run needs to have written it."""
    if context.is_tracked(options.report):
        raise GateError(
            f"the report {options.report} is in the repository: it may be of any run",
            remedy=f"take it out (`git rm --cached {options.report}`, and a line in .gitignore) and let the job write it anew; "
            "or give the `command` that writes it",
        )


def _run(context: ObserveContext, options: Options) -> ToolResult:
    """Run the command; raises `GateError` where its exit code is not one of those that mean that it worked."""
    words = {"{raw}": str(context.raw_folder.absolute()), "{root}": str(context.root.absolute()), "{python}": context.python}
    argv = [_filled(word, words) for word in options.command]
    argv[0] = context.program(argv[0])
    for name in filter(None, (options.report, options.examined.partition("#")[0])):
        context.raw_path(name)
    context.report_progress(f"running {Path(options.command[0]).name}")
    try:
        done = context.run_tool(argv, tool=context.gate)
    except ToolMissingError as error:
        raise ToolMissingError(error.reason, remedy=f"install it, or mend `gates.{context.gate}.options.command`") from error
    allowed_codes = options.exit_codes or USUAL_CODES
    if done.exit_code not in allowed_codes:
        allowed = ", ".join(str(code) for code in allowed_codes)
        raise GateError(
            f"the command ended with exit code {done.exit_code}, not one of {allowed}: {done.last_words()}",
            remedy=f"mend the command, or name the code in `gates.{context.gate}.options.exit-codes` where it means that the tool worked",
        )
    return done


def _filled(word: str, words: dict[str, str]) -> str:
    for name, value in words.items():
        word = word.replace(name, value)
    return word


def _inventory(context: ObserveContext, globs: tuple[str, ...]) -> list[str] | None:
    """The repository's files that the globs name; None where the policy gives no globs."""
    if not globs:
        return None
    try:
        return list(context.select(globs))
    except GateError as error:
        raise GateError(error.reason.replace("`paths`", "`inventory`"), remedy=error.remedy) from error


def needs(root: Path, options: Options) -> Iterator[Need]:
    """The command's program."""
    return program_needs(root, options.command, where="command", environment=os.environ)


def why_no_base(options: Options) -> str:
    """A report of another job is of the change alone, and tests run the project's own code."""
    if not options.command:
        return "its report is made by another job, which looked at the change alone"
    return RUNS_THE_PROJECT if options.format == "junit" else ""


GATE = Gate(
    id="external",
    title="Anyone's tool",
    unit="items",
    options=Options,
    executes_project=True,
    parser=2,
    observe=observe,
    parse=parse,
    earlier={1: parse_1},
    limits=(
        Limit(name="findings", severity=Severity.HIGH, new_max=Decimal(0)),
        Limit(name="failures", max=Decimal(0)),
        Limit(name="needs-review", max=Decimal(0)),
    ),
    measurements={
        "tests": "tests that the JUnit report lists",
        "rules": "rules that the SARIF report names; many tools name only those that found something",
        "set-aside": "results that the SARIF report itself calls no problem (kinds pass, notApplicable, informational), or no longer there",
        "tool-warnings": "warnings of the tool about its own work (SARIF notifications)",
    },
    needs=needs,
    by_line=True,
    why_no_base=why_no_base,
)
