"""Anyone's tool: a command, or a report that another job left, in SARIF, JUnit XML or CycloneDX.

The command's exit code is proof of nothing but a crash: what counts is a report that was written in this run, says that
the tool worked, and can be held against the files that it should have looked at.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any

from gates.api import (
    Examined,
    Facts,
    Gate,
    GateError,
    Limit,
    Need,
    ObserveContext,
    Proof,
    Raw,
    Severity,
    Skip,
    ToolMissingError,
    ToolRun,
    option,
    program_needs,
)
from gates.formats import cyclonedx, junit, sarif
from gates.formats.report import Places, Report

OBSERVED = "external.json"
PREDATES = "it was written before the commit that is judged was made: it may be about another one"
#: Names in the raw folder that are ours.
RESERVED = frozenset({OBSERVED, "observe.json", "tools.json"})
MAX_BYTES = 64 * 1024 * 1024
#: Without a word of the policy: 0, and 1 for a tool that found something, which its report must then hold.
USUAL_CODES = (0, 1)
UNITS = {"sarif": "files", "junit": "tests", "cyclonedx": "components"}
READERS = {"sarif": sarif.read, "junit": junit.read, "cyclonedx": cyclonedx.read}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One command at most, exactly one report."""

    command: tuple[str, ...] = option(
        "program and arguments; `{raw}` stands for the folder of the report, `{root}` for the repository, "
        "`{python}` for the interpreter that runs Quality Gates",
        default=(),
    )
    sarif: str = option("a SARIF 2.1.0 report: below `{raw}` where a command is given, else a path that another job left", default="")
    junit: str = option("a JUnit XML report: below `{raw}` where a command is given, else a path that another job left", default="")
    cyclonedx: str = option(
        "a CycloneDX JSON report: below `{raw}` where a command is given, else a path that another job left", default=""
    )
    unit: str = option("what the report counts (default: files, tests or components)", default="")
    inventory: tuple[str, ...] = option(
        "globs of the files that the tool should have looked at; without it the proof is the tool's own word", default=()
    )
    exit_codes: tuple[int, ...] = option(
        "exit codes of the command which mean that it worked (default: 0, and 1 where the report says what it found)", default=()
    )

    def __post_init__(self) -> None:
        if sum(bool(path) for path in (self.sarif, self.junit, self.cyclonedx)) != 1:
            raise ValueError("external needs exactly one of `sarif`, `junit` and `cyclonedx`")
        if self.cyclonedx and self.inventory:
            raise ValueError("`inventory` names files and a CycloneDX report lists packages: leave it out")
        parts = PurePosixPath(self.report).parts
        if self.report.startswith("/") or ".." in parts or self.report.startswith("{") or self.report in RESERVED:
            raise ValueError(f"`{self.format}` is a path below {{raw}} or the repository, not {self.report!r}")

    @property
    def format(self) -> str:
        return "sarif" if self.sarif else "junit" if self.junit else "cyclonedx"

    @property
    def report(self) -> str:
        return self.sarif or self.junit or self.cyclonedx


# -- observe


def observe(context: ObserveContext, options: Options) -> None:
    """Run the command or take the report, and write down what it should have looked at."""
    inventory = _inventory(context, options.inventory)
    unexplained = 0
    if options.command:
        unexplained = _run(context, options)
        report = context.raw_folder / options.report
        remedy = f"let the command write it below {{raw}}, as {{raw}}/{options.report}"
    else:
        report = context.inside(options.report)
        remedy = "run the job that writes it before this one, or give the `command` that does"
    if not report.is_file() or report.is_symlink():
        raise GateError(f"there is no report {options.report}", remedy=remedy)
    if report.stat().st_size > MAX_BYTES:
        raise GateError(
            f"the report {options.report} is larger than {MAX_BYTES // 2**20} MiB", remedy="let the tool look at less, or write less"
        )
    if not options.command:
        _check_untracked(context, options)
        shutil.copyfile(report, context.raw_path(options.report))
    context.raw_json(
        OBSERVED,
        {
            "format": options.format,
            "report": options.report,
            "unit": options.unit or UNITS[options.format],
            "inventory": inventory,
            "ran": bool(options.command),
            "unexplained_exit_code": unexplained,
            "predates_commit": not options.command and context.predates_commit(report),
            "places": context.places(),
        },
    )


def _check_untracked(context: ObserveContext, options: Options) -> None:
    """What git tracks came with the checkout: no job of this run needs to have written it."""
    if context.is_tracked(options.report):
        raise GateError(
            f"the report {options.report} is in the repository: it may be of any run",
            remedy=f"take it out (`git rm --cached {options.report}`, and a line in .gitignore) and let the job write it anew; "
            "or give the `command` that writes it",
        )


def _run(context: ObserveContext, options: Options) -> int:
    """Run the command; returns its exit code where the report must explain it, else 0."""
    words = {"{raw}": str(context.raw_folder.absolute()), "{root}": str(context.root.absolute()), "{python}": context.python}
    argv = [_filled(word, words) for word in options.command]
    argv[0] = context.program(argv[0])
    context.raw_path(options.report)
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
    return 0 if options.exit_codes else done.exit_code


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


# -- parse


def parse(raw: Raw) -> Facts:
    """Facts of the report: what it found, and what it says it looked at, held against the inventory."""
    observed = raw.json(OBSERVED)
    name, kind = observed["report"], observed["format"]
    places = Places(known=observed["places"])
    report = READERS[kind](raw, name, places)
    _check_explained(raw.gate, report, observed["unexplained_exit_code"])
    if observed["predates_commit"]:
        report = dataclasses.replace(report, skipped=(*report.skipped, Skip(item=name, reason=PREDATES)))
    if kind == "junit":
        examined = _tests_examined(report, junit.read_cases(raw.content(name), name), observed)
    else:
        examined = _examined(report, observed)
    facts = raw.facts(examined=examined, findings=report.findings, measurements=report.measurements)
    return dataclasses.replace(facts, tools=_tools(facts.tools, report))


def _check_explained(gate: str, report: Report, code: int) -> None:
    """An exit code that says "something was found", beside a report of nothing, is what a crash looks like."""
    if code and not report.findings:
        raise GateError(
            f"the command ended with exit code {code}, and nothing in its report explains that",
            remedy=f"run it by hand; where the code means that the tool worked, name it in `gates.{gate}.options.exit-codes`",
        )


def _examined(report: Report, observed: dict[str, Any]) -> Examined:
    """What the report says was looked at; without such words, the inventory, where the tool is known to have worked."""
    unit, inventory = observed["unit"], observed["inventory"]
    if report.examined is None and (inventory is None or not (observed["ran"] or report.succeeded)):
        raise GateError(
            "the report does not say what was examined",
            remedy="name the files in `inventory`, as globs; a report that another job left must also say that its tool succeeded",
        )
    if inventory is None:
        items = report.examined or ()
        return Examined(unit=unit, expected=len(items) + len(report.skipped), done=len(items), skipped=report.skipped)
    if report.examined is None:
        skipped = report.skipped
        return Examined(unit=unit, expected=len(inventory) + len(skipped), done=len(inventory), skipped=skipped)
    seen = set(report.examined)
    missed = tuple(Skip(item=path, reason="the report does not name it as examined") for path in inventory if path not in seen)
    skipped, done = (*report.skipped, *missed), len(inventory) - len(missed)
    return Examined(unit=unit, expected=done + len(skipped), done=done, skipped=skipped, proof=Proof.INVENTORY)


def _tests_examined(report: Report, cases: list[junit.Case], observed: dict[str, Any]) -> Examined:
    """The tests of the report, and each file of the inventory that none of them comes from."""
    inventory = observed["inventory"]
    unnamed = junit.unnamed_files(cases, tuple(inventory or ()))
    skipped = (*report.skipped, *(Skip(item=path, reason="no test of the report comes from this file") for path in unnamed))
    done = len(report.examined or ())
    proof = Proof.CLAIMED if inventory is None else Proof.INVENTORY
    return Examined(unit=observed["unit"], expected=done + len(skipped), done=done, skipped=skipped, proof=proof)


def _tools(runs: tuple[ToolRun, ...], report: Report) -> tuple[ToolRun, ...]:
    """The command's run with the name and version that the report gives; without a command, the report's word alone."""
    if not report.tool:
        return runs
    known = runs or (ToolRun(tool=report.tool, version="", argv=(), exit_code=None),)
    return tuple(dataclasses.replace(run, tool=report.tool, version=report.version) for run in known)


# -- the rest of the gate


def needs(root: Path, options: Options) -> Iterator[Need]:
    """The command's program."""
    return program_needs(root, options.command, where="command", environment=os.environ)


GATE = Gate(
    id="external",
    title="Anyone's tool",
    unit="items",
    options=Options,
    executes_project=True,
    parser=1,
    observe=observe,
    parse=parse,
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
)
