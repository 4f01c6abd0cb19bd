"""Findings of the contracts gate: failed checks, operations that could not be tried, what the engine warns of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from gates.api import Finding, Kind, Raw, Severity
from gates.formats import openapi, schemathesis
from gates.formats.curl import Requests, plain
from gates.formats.openapi import Operation
from gates.formats.schemathesis import Failure, Run

#: Warnings that an operation only ever refused.
ABOUT_ANSWERS = frozenset({"missing_auth", "missing_test_data", "validation_mismatch", "method_not_allowed"})
#: Everything else is medium: the service answers, but not as documented.
SEVERE = frozenset({"not-a-server-error", "use-after-free", "ignored-auth", "object-level-authorization"})
#: Checks whose details hold what the contract asks and no data of the service: those may vary, or be secret.
SAY_DETAIL = frozenset(
    {
        "status-code-conformance",
        "negative-data-rejection",
        "positive-data-acceptance",
        "unsupported-method",
        "allow-header-conformance",
        "missing-required-header",
    }
)
HELP = "https://schemathesis.readthedocs.io/en/stable/reference/checks/"


def failure_of(raw: Raw, failure: Failure, operations: Mapping[str, Operation], requests: Requests) -> Finding:
    return raw.finding(
        rule=failure.check,
        severity=Severity.HIGH if failure.check in SEVERE else Severity.MEDIUM,
        kind=Kind.FAILURE,
        message=f"{failure.title}: {_detail(failure)} Try it: {requests.command(failure.request)}",
        location=openapi.place(failure.operation, operations),
        identity=failure.operation.split(" ", 1),
        remedy="mend the service, or the contract where the service is right",
        help_url=f"{HELP}#{failure.check.replace('-', '_')}",
        properties={"code": failure.code, "tool-severity": failure.severity},
    )


def _detail(failure: Failure) -> str:
    status = f"it answered {failure.status}." if failure.status is not None else "it did not answer."
    if failure.check in SAY_DETAIL:
        return f"{status} {plain('; '.join(line.strip() for line in failure.detail.splitlines() if line.strip()))}."
    place = re.search(r"^Schema at (\S+):$", failure.detail, re.MULTILINE)
    return f"{status} The answer breaks the schema at {plain(place[1])}." if place else status


def errors_of(raw: Raw, run: Run, operations: Mapping[str, Operation]) -> Iterator[Finding]:
    """Operations that broke the connection, or that the engine could make no request for: both are failures."""
    for name, seen in run.operations.items():
        for error in sorted({"" if error in schemathesis.NO_ANSWER else error for error in seen.errors}):
            yield raw.finding(
                rule="untestable" if error else "no-answer",
                severity=Severity.MEDIUM if error else Severity.HIGH,
                kind=Kind.FAILURE,
                message=f"schemathesis could not test it: {error}" if error else "The connection was dropped, or no answer came in time",
                location=openapi.place(name, operations),
                identity=name.split(" ", 1),
                remedy="mend this operation in the contract" if error else "look at the service's own output, kept with the evidence",
            )


def warnings_of(raw: Raw, run: Run, operations: Mapping[str, Operation], skipped: set[str]) -> Iterator[Finding]:
    """What the engine says it could not look into. That an operation refuses is proved, and said, without it."""
    proved = skipped | {name for name, operation in operations.items() if operation.refuses_always}
    for name, labels in run.warnings.items():
        for label in labels:
            if name not in ABOUT_ANSWERS or label not in proved:
                yield raw.finding(
                    rule=name.replace("_", "-"),
                    severity=Severity.LOW,
                    kind=Kind.NEEDS_REVIEW,
                    message=f"schemathesis warns: {name.replace('_', ' ')}",
                    location=openapi.place(label, operations),
                    identity=[label],
                    remedy="read its output, kept with the evidence: a part of the contract was not tried",
                )
