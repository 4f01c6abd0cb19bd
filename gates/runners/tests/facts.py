"""From raw output of pytest to facts: what ran, held against the inventory, and a finding for each failure."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from typing import Any

from gates.api import MASK, Examined, Facts, Finding, GateError, Kind, Location, Proof, Raw, Severity, Skip, count
from gates.runners.tests import coverage, proof, removed, unrun
from gates.runners.tests.engine import RUN, retry_member
from gates.runners.tests.interpreter import lacks_module, where_to_look
from gates.runners.tests.inventory import MEMBER as INVENTORY
from gates.runners.tests.results import Result, Test, read_run
from gates.runners.tests.unrun import tidy

#: What parser 1 said, which was not told.
_BEFORE_2 = ("python", "-m", "pytest")
HELP = "https://docs.pytest.org/en/stable/how-to/failures.html"


def read_facts(raw: Raw) -> Facts:
    """Facts of a run of pytest. Raises `GateError` where it can't be believed."""
    run = read_run(raw.json(RUN))
    by_hand, ours = shlex.join(raw.json(RUN).get("by_hand", _BEFORE_2)), raw.json(RUN).get("ours") is True
    inventory = raw.json(INVENTORY)
    passed_by = proof.check(run, inventory)
    ran = [(number, test) for number, test in enumerate(run.tests) if test.finished and test.id not in passed_by]
    flakes = _flakes(raw, ran, inventory)
    results = Counter(Result.PASSED if number in flakes else test.result for number, test in ran)
    passed_by_skips = (Skip(item=test, reason=proof.NOT_RUN) for test in sorted(passed_by))
    skipped = (*unrun.not_run(run), *passed_by_skips, *unrun.not_collected(run, inventory))
    done = len(ran) - results[Result.SKIPPED]
    findings = [
        *(_problem(raw, by_hand, problem, ours=ours) for problem in run.problems if problem["outcome"] == "failed"),
        *(finding for number, test in ran for finding in _of_test(raw, by_hand, test, number in flakes)),
    ]
    gone = removed.gone(raw, inventory["tests"])
    findings += removed.findings(raw, gone or ())
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
            *([] if gone is None else [count("removed-tests", len(gone), "tests")]),
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


# -- findings


def _of_test(raw: Raw, by_hand: str, test: Test, flaked: bool) -> Iterator[Finding]:
    result = test.result
    alone = _alone(by_hand, test)
    if flaked:
        message = f"failed at first and passed when it was run again: {_failure_text(test)}"
        remedy = f"make it independent of time, order and chance; try `{alone}` many times"
        yield _finding(raw, test, "flake", message, Severity.MEDIUM, remedy=remedy, kind=Kind.FLAKE)
    elif result is Result.FAILED:
        when = (test.failure or {})["when"]
        words = "failed" if when == "call" else f"broke in its {when}"
        rule = "failure" if when == "call" else "error"
        yield _finding(raw, test, rule, f"{words}: {_failure_text(test)}", Severity.HIGH, remedy=f"run it alone: {alone}")
    elif result is Result.XFAILED:
        message = f"is expected to fail: {tidy(test.reason)}"
        remedy = "mend what it waits for and remove the mark"
        yield _finding(raw, test, "xfail", message, Severity.INFO, remedy=remedy, kind=Kind.FINDING, by="xfail")
    elif test.in_thread:
        message = f"passed although a thread of it died of {test.in_thread}: a filter of warnings hides that"
        remedy = "let the thread end in order, or catch and assert what it raises"
        yield _finding(raw, test, "thread-exception", message, Severity.MEDIUM, remedy=remedy, kind=Kind.NEEDS_REVIEW)
    elif test.returned:
        message = f"returns a value (type {test.returned}) instead of asserting something"
        certain = test.returned == "bool"
        severity, kind = (Severity.HIGH, Kind.FAILURE) if certain else (Severity.LOW, Kind.NEEDS_REVIEW)
        yield _finding(raw, test, "returned-value", message, severity, remedy="write `assert` instead of `return`", kind=kind)


def _alone(by_hand: str, test: Test) -> str:
    """The command that runs one test. Nothing has an id with a mask in it: the function is run with all of its parameters."""
    function = test.id.partition("[")[0]
    return f"{by_hand} {shlex.quote(function if MASK in test.id and '::' in function else test.id)}"


def _finding(
    raw: Raw, test: Test, rule: str, message: str, severity: Severity, *, remedy: str, kind: Kind = Kind.FAILURE, by: str | None = None
) -> Finding:
    return raw.finding(
        rule=rule,
        severity=severity,
        message=f"{test.id.partition('::')[2] or test.id} {message}",
        location=_location(test),
        identity=(test.id,),
        kind=kind,
        remedy=remedy,
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
    return tidy(failure["raised"]["message"] or failure["text"] or "no reason was given")


def _problem(raw: Raw, by_hand: str, problem: dict[str, Any], *, ours: bool) -> Finding:
    """A file that can't be collected: none of its tests ran. `ours`: they were to run in the environment of Quality Gates."""
    path = problem["id"].partition("::")[0]
    text = problem["text"]
    lines = re.findall(rf"^{re.escape(path)}:(\d+)", text, re.MULTILINE)
    reasons = [line[1:].strip() for line in text.splitlines() if line.startswith("E ")]
    elsewhere = f"; {where_to_look(raw.gate, ours=True)}" if ours and lacks_module(text) else ""
    located = path and path != "."
    return raw.finding(
        rule="error",
        severity=Severity.HIGH,
        message=f"can't be collected, so none of its tests ran: {tidy(' '.join(reasons) or text or 'no reason was given')}",
        location=Location(path=path, line=int(lines[-1]) if lines else 1) if located else Location(operation="collection"),
        identity=(problem["id"],),
        kind=Kind.FAILURE,
        remedy=f"mend what keeps it from being imported: {by_hand} --collect-only {shlex.quote(path)}{elsewhere}",
        help_url=HELP,
    )
