"""From a report to facts: what it found, and what it says it looked at."""

from __future__ import annotations

import dataclasses
from typing import Any

from gates.api import Examined, Facts, GateError, Proof, Raw, Skip, ToolRun
from gates.formats import cyclonedx, junit, named_files, sarif
from gates.formats.report import Places, Report
from gates.runners.external.options import OBSERVED

MISTAKABLE = "a file called {!r} is there too, and what names one may mean the other: give that another name"
PREDATES = "it was written before the commit that is judged was made: it may be about another one"


def parse(raw: Raw) -> Facts:
    """Facts of the report: what it found, and what it says it looked at, held against the inventory."""
    return _facts(raw, version=2)


def parse_1(raw: Raw) -> Facts:
    """The same with the place of a test only where the report names its file as such, and without what a rule says of itself."""
    return _facts(raw, version=1)


def _facts(raw: Raw, *, version: int) -> Facts:
    observed = raw.json(OBSERVED)
    name, kind = observed["report"], observed["format"]
    places = Places(known=observed["places"])
    cases = junit.read_cases(raw.content(name), name) if kind == "junit" else []
    if kind == "junit":
        report = junit.report_of(raw, cases, places, tuple(observed["inventory"] or ()) if version > 1 else None)
    elif kind == "sarif":
        report = sarif.read(raw, name, places, in_full=version > 1)
    else:
        report = cyclonedx.read(raw, name, places)
    _check_explained(raw.gate, report, observed["unexplained_exit_code"], places.scrub(observed.get("last_words", "")))
    if observed.get("examined"):
        listed = named_files.read(raw, observed["examined"], places)
        report = dataclasses.replace(report, examined=_named_by_both(report.examined, listed))
    if observed["predates_commit"]:
        report = dataclasses.replace(report, skipped=(*report.skipped, Skip(item=name, reason=PREDATES)))
    examined = _tests_examined(report, cases, observed) if kind == "junit" else _examined(report, observed)
    facts = raw.facts(examined=examined, findings=report.findings, measurements=report.measurements)
    return dataclasses.replace(facts, tools=_tools(facts.tools, report))


def _named_by_both(reported: tuple[str, ...] | None, listed: tuple[str, ...]) -> tuple[str, ...]:
    """A list beside a report that names files itself takes away from it, and never adds to it."""
    return listed if reported is None else tuple(path for path in reported if path in set(listed))


def _check_explained(gate: str, report: Report, code: int, words: str) -> None:
    """An exit code that says "something was found", beside a report of nothing, is what a crash looks like."""
    if code and not report.findings:
        raise GateError(
            f"the command ended with exit code {code}, and nothing in its report explains that" + (f": {words}" if words else ""),
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
    seen, doubted = set(report.examined), observed.get("mistakable") or {}
    unnamed = {path: "the report does not name it as examined" for path in inventory if path not in seen}
    unnamed |= {path: MISTAKABLE.format(doubted[path]) for path in inventory if path in seen and path in doubted}
    missed = tuple(Skip(item=path, reason=unnamed[path]) for path in inventory if path in unnamed)
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
