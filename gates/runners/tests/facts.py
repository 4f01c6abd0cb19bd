"""From raw output of pytest to facts: what ran, held against the inventory, and a finding for each failure."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from typing import Any

from gates.api import Examined, Facts, Finding, GateError, Kind, Location, Proof, Raw, Severity, Skip, count
from gates.runners.tests import coverage, proof
from gates.runners.tests.engine import RUN, retry_member
from gates.runners.tests.inventory import MEMBER as INVENTORY
from gates.runners.tests.results import Result, Run, Test, read_run

_MESSAGE_LINES = 12
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")
_WORKER_FOLDER = re.compile(r"popen-gw\d+")
HELP = "https://docs.pytest.org/en/stable/how-to/failures.html"


def read_facts(raw: Raw) -> Facts:
    """Facts of a run of pytest. Raises `GateError` where it can't be believed."""
    run = read_run(raw.json(RUN))
    inventory = raw.json(INVENTORY)
    passed_by = proof.check(run, inventory)
    ran = [(number, test) for number, test in enumerate(run.tests) if test.finished and test.id not in passed_by]
    flakes = _flakes(raw, ran, inventory)
    results = Counter(Result.PASSED if number in flakes else test.result for number, test in ran)
    passed_by_skips = (Skip(item=test, reason=proof.NOT_RUN) for test in sorted(passed_by))
    skipped = (*_not_run(run), *passed_by_skips, *_not_collected(run, inventory))
    done = len(ran) - results[Result.SKIPPED]
    findings = [
        *(_problem(raw, problem) for problem in run.problems if problem["outcome"] == "failed"),
        *(finding for number, test in ran for finding in _of_test(raw, test, number in flakes)),
    ]
    broken = sum(finding.rule == f"{raw.gate}/returned-value" and finding.kind is Kind.FAILURE for finding in findings)
    return raw.facts(
        examined=Examined(
            unit="tests",
            expected=done + len(skipped),
            done=done,
            skipped=skipped,
            proof=Proof.INVENTORY if inventory["whole"] else Proof.CLAIMED,
        ),
        findings=findings,
        measurements=(
            count("tests", len(run.tests), "tests"),
            count("passed", results[Result.PASSED] - broken, "tests"),
            count("skipped", len(skipped), "tests"),
            count("xfailed", results[Result.XFAILED], "tests"),
            count("flakes", len(flakes), "tests"),
            *coverage.measurements(raw),
        ),
    )


def _flakes(raw: Raw, ran: list[tuple[int, Test]], inventory: dict[str, Any]) -> set[int]:
    """Numbers of the tests that failed at first and then passed. A retry that can't be believed saves none."""
    passed_again: set[int] = set()
    attempt = 1
    while retry_member(attempt) in raw:
        data = raw.json(retry_member(attempt))
        with contextlib.suppress(GateError):
            again = read_run(data)
            passed = {test.id for test in again.tests if test.finished and test.result is Result.PASSED} - proof.check(again, inventory)
            passed_again |= {number for number, test in zip(data["origin"], again.tests, strict=True) if test.id in passed} - {None}
        attempt += 1
    return {
        number
        for number, test in ran
        if (test.result is Result.FAILED and number in passed_again) or (test.result is Result.PASSED and test.rerun)
    }


# -- what was not run


def _not_run(run: Run) -> Iterator[Skip]:
    for test in run.tests:
        if test.deselected:
            yield Skip(item=test.id, reason=run.deselection)
        elif not test.finished:
            yield Skip(item=test.id, reason=f"not run: {run.stopped or 'a file could not be collected'}")
        elif test.result is Result.SKIPPED:
            yield Skip(item=test.id, reason=_tidy(test.reason))


def _not_collected(run: Run, inventory: dict[str, Any]) -> Iterator[Skip]:
    """Tests that stand in the files and that pytest does not know of, each with the best reason at hand."""
    collected = {proof.function_of(test.id) for test in run.tests}
    holders = {test.id[: found.start()] for test in run.tests for found in re.finditer("::", test.id)}
    for test in inventory["tests"]:
        hidden = test["note"].startswith("line ")
        known = test["id"] in collected or test["id"] in holders or proof.is_expanded(test, collected)
        if hidden or not (known or (not test["sure"] and test["id"].partition("::")[0] in run.opened)):
            item = f"{test['id']} (line {test['line']})" if hidden else test["id"]
            yield Skip(item=item, reason=f"not collected: {_why_not(test, run, inventory)}")
    failed = {problem["id"] for problem in run.problems if problem["outcome"] == "failed"}
    for file in inventory["unreadable"]:
        if file["path"] not in failed:
            yield Skip(item=file["path"], reason=f"not collected: its source can't be read ({file['error']} in line {file['line']})")


def _why_not(test: dict[str, Any], run: Run, inventory: dict[str, Any]) -> str:
    for problem in run.problems:
        place = problem["id"]
        if place and (test["id"].startswith(f"{place}::") or test["id"].startswith(f"{place}/")):
            words = "it can't be imported" if problem["outcome"] == "failed" else _tidy(problem["text"].removeprefix("Skipped: "))
            return f"{place}: {words}"
    if test["note"]:
        return str(test["note"])
    places = inventory["testpaths"]
    if places and not any(place == "." or test["id"].startswith((f"{place}/", f"{place}::")) for place in places):
        return f"it lies outside of the project's testpaths ({', '.join(places)})"
    return "a setting, an argument, a conftest.py or a plug-in leaves it out (such as collect_ignore, norecursedirs or --ignore)"


# -- findings


def _of_test(raw: Raw, test: Test, flaked: bool) -> Iterator[Finding]:
    result = test.result
    if flaked:
        message = f"failed at first and passed when it was run again: {_failure_text(test)}"
        yield _finding(raw, test, "flake", message, Severity.MEDIUM, kind=Kind.FLAKE)
    elif result is Result.FAILED:
        when = (test.failure or {})["when"]
        words = "failed" if when == "call" else f"broke in its {when}"
        rule = "failure" if when == "call" else "error"
        yield _finding(raw, test, rule, f"{words}: {_failure_text(test)}", Severity.HIGH)
    elif result is Result.XFAILED:
        yield _finding(raw, test, "xfail", f"is expected to fail: {_tidy(test.reason)}", Severity.INFO, kind=Kind.FINDING, by="xfail")
    elif test.in_thread:
        message = f"passed although a thread of it died of {test.in_thread}: a filter of warnings hides that"
        yield _finding(raw, test, "thread-exception", message, Severity.MEDIUM, kind=Kind.NEEDS_REVIEW)
    elif test.returned:
        message = f"returns a value (type {test.returned}) instead of asserting something"
        certain = test.returned == "bool"
        yield _finding(
            raw,
            test,
            "returned-value",
            message,
            Severity.HIGH if certain else Severity.LOW,
            kind=Kind.FAILURE if certain else Kind.NEEDS_REVIEW,
        )


def _finding(
    raw: Raw, test: Test, rule: str, message: str, severity: Severity, *, kind: Kind = Kind.FAILURE, by: str | None = None
) -> Finding:
    alone = f"python -m pytest {shlex.quote(test.id)}"
    remedies = {
        "flake": f"make it independent of time, order and chance; try `{alone}` many times",
        "xfail": "mend what it waits for and remove the mark",
        "thread-exception": "let the thread end in order, or catch and assert what it raises",
        "returned-value": "write `assert` instead of `return`",
    }
    return raw.finding(
        rule=rule,
        severity=severity,
        message=f"{test.id.partition('::')[2] or test.id} {message}",
        location=_location(test),
        identity=(test.id,),
        kind=kind,
        remedy=remedies.get(rule, f"run it alone: {alone}"),
        help_url=HELP,
        suppressed_by=by,
    )


def _location(test: Test) -> Location:
    failure = test.failure
    line = failure["raised"]["line"] if failure else None
    if failure and line:
        return Location(path=test.id.partition("::")[0], line=line)
    path = test.path if test.path and not test.path.startswith(("/", "..")) else test.id.partition("::")[0]
    return Location(path=path, line=test.line)


def _failure_text(test: Test) -> str:
    """The exception and its first lines; without one, what pytest says (a strict xfail that passed)."""
    failure = test.failure
    if failure is None:
        return "its first attempt failed"
    return _tidy(failure["raised"]["message"] or failure["text"] or "no reason was given")


def _problem(raw: Raw, problem: dict[str, Any]) -> Finding:
    """A file that can't be collected: none of its tests ran."""
    path = problem["id"].partition("::")[0]
    text = problem["text"]
    lines = re.findall(rf"^{re.escape(path)}:(\d+)", text, re.MULTILINE)
    reasons = [line[1:].strip() for line in text.splitlines() if line.startswith("E ")]
    located = path and path != "."
    return raw.finding(
        rule="error",
        severity=Severity.HIGH,
        message=f"can't be collected, so none of its tests ran: {_tidy(' '.join(reasons) or text or 'no reason was given')}",
        location=Location(path=path, line=int(lines[-1]) if lines else 1) if located else Location(operation="collection"),
        identity=(problem["id"],),
        kind=Kind.FAILURE,
        remedy=f"mend what keeps it from being imported: python -m pytest --collect-only {shlex.quote(path)}",
        help_url=HELP,
    )


def _tidy(text: str) -> str:
    """The first lines of a text, paths relative to the root, without what varies from run to run."""
    lines = text.strip().splitlines()
    kept = "\n".join(lines[:_MESSAGE_LINES]) + ("\n…" if len(lines) > _MESSAGE_LINES else "")
    return _WORKER_FOLDER.sub("popen-gw", _ADDRESS.sub("0x…", kept.replace("{root}/", ""))) or "no reason was given"
