"""Schemathesis: its configuration is written, its report (`report.json`) and events (`events.ndjson`) are read and compared.

A run that ended early, checked nothing, or says one thing in its exit code and another in its report proves nothing:
that is a `GateError`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any

from gates.api import GateError, Raw
from gates.dataclass import dataclass
from gates.formats.openapi import Operation

REPORT = "report.json"
EVENTS = "events.ndjson"
STOPPED = {
    "server_unavailable": "the service stopped answering while it was tested",
    "interrupted": "schemathesis was interrupted",
    "failure_limit": "schemathesis stopped at a number of failures",
    "max_time": "schemathesis stopped at its own time limit",
}
#: Errors of the connection, by the name of their class; all others are about the contract.
NO_ANSWER = frozenset(
    {
        "ConnectionError",
        "ConnectTimeout",
        "ReadTimeout",
        "Timeout",
        "ChunkedEncodingError",
        "ContentDecodingError",
        "UnresponsiveOperationError",
    }
)
#: What is recorded of one scenario: cases, interactions and checks by the identity of their case.
Recorder = Mapping[str, Any]
REFUSED = ("Connection refused", "NewConnectionError")
_LOOK = "look at the output of schemathesis and of the service, kept with the evidence, then run again"


def header_variable(number: int) -> str:
    """The variable that gives the engine the value of a header, so that it stands in no file and on no command line."""
    return f"GATES_HEADER_{number}"


def configuration(operations: Iterable[Operation], *, headers: tuple[str, ...], checks: tuple[str, ...]) -> str:
    """The engine's configuration (TOML), ours alone: a `schemathesis.toml` of the project could switch every check off.

    One failure must not hide the next, nothing may depend on the clock or on an earlier run, and an operation that
    documents refusals alone isn't asked to accept anything. A redirection is an answer: followed, the page of a login
    would be taken for the operation's success.
    """
    lines = ["continue-on-failure = true", "workers = 1", "max-redirects = 0", 'suppress-health-check = ["too_slow"]']
    lines += ["[cache]", "enabled = false", "[analysis.constants]", "enabled = false", "[warnings]", "fail-on = true"]
    lines += ["[output.truncation]", "max-recorded-payload-size = 4096", "[headers]"]
    lines += [f'{_quoted(name)} = "${{{header_variable(number)}}}"' for number, name in enumerate(headers)]
    if checks:
        lines += ["[checks]", "enabled = false"]
        lines += [line for check in checks for line in (f"[checks.{check.replace('-', '_')}]", "enabled = true")]
    for operation in operations:
        if operation.refuses_always:
            lines += ["[[operations]]", f"include-name = {_quoted(operation.name)}"]
            lines += ["[operations.checks.positive_data_acceptance]", "enabled = false"]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """The first failure of one check on one operation. `request` is as schemathesis recorded it: method, uri, headers, body."""

    operation: str
    check: str
    kind: str
    code: str
    title: str
    detail: str
    severity: str
    status: int | None
    request: Mapping[str, Any]


@dataclass(slots=True)
class Seen:
    """What came of one operation: how often each status was answered to its own method, and the errors met, by name."""

    answers: Counter[int] = field(default_factory=Counter)
    errors: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Run:
    """A run that came to its end. `tested` are the operations whose answers were checked."""

    cases: int
    tested: frozenset[str]
    operations: Mapping[str, Seen]
    failures: tuple[Failure, ...]
    warnings: Mapping[str, tuple[str, ...]]


def read(raw: Raw) -> Run:
    """The run that the raw output stands for. Raises `GateError` where it does not prove that the checks were made."""
    report = _report(raw)
    seen: dict[str, Seen] = {}
    failures: dict[tuple[str, str], Failure] = {}
    codes: set[str] = set()
    tested: set[str] = set()
    for kind, event in events(raw, EVENTS):
        if kind == "NonFatalError":
            seen.setdefault(event.get("label", ""), Seen()).errors.add(_error(event["value"]))
        elif kind == "ScenarioFinished":
            recorder = event["recorder"]
            tested |= _tested(event["phase"], recorder)
            for failure in _scenario(recorder, seen):
                codes.add(failure.code)
                failures.setdefault((failure.operation, failure.check), failure)
    if codes != {group["code"] for group in report["failures"]}:
        raise GateError("the report of schemathesis and its events name different failures", remedy=_LOOK)
    return Run(
        cases=report["test_cases"]["generated"],
        tested=frozenset(tested),
        operations=seen,
        failures=tuple(failures.values()),
        warnings={name: tuple(labels) for name, labels in report["warnings"].items() if labels},
    )


def _report(raw: Raw) -> Any:
    """The report, proved to be of a run that ended by itself, checked something, and says what its exit code says."""
    exit_code = next((run.exit_code for run in raw.tools() if run.tool == "schemathesis"), None)
    if REPORT not in raw:
        raise GateError(f"schemathesis ended with exit code {exit_code} and wrote no report", remedy=_LOOK)
    report = raw.json(REPORT)
    if report["exit_code"] != exit_code:
        raise GateError(f"schemathesis ended with exit code {exit_code}, but reports {report['exit_code']}", remedy=_LOOK)
    if not report["complete"]:
        raise GateError(f"schemathesis could not begin: {_fatal(raw)}", remedy="mend the contract, then run again")
    if report["stop_reason"] != "completed":
        raise GateError(STOPPED.get(report["stop_reason"], "schemathesis stopped before its end"), remedy=_LOOK)
    cases = report["test_cases"]
    if cases["generated"] == 0:
        raise GateError("schemathesis made no request", remedy="ask for phases that fit the contract with `phases`")
    if cases["without_checks"] >= cases["generated"]:
        raise GateError("no check was made of any answer", remedy="ask for checks that apply with `checks`, or leave it out for all")
    something = bool(report["failures"] or report["errors"] or any(report["warnings"].values()))
    if exit_code not in (0, 1) or (exit_code == 1) != something:
        raise GateError(f"schemathesis ended with exit code {exit_code}, which its report does not explain", remedy=_LOOK)
    return report


def events(raw: Raw, member: str) -> Iterator[tuple[str, Any]]:
    """Names and contents of the events, in their order; the last must say that the engine finished."""
    name = ""
    for line in raw.content(member).splitlines():
        try:
            ((name, event),) = json.loads(line).items()
        except (ValueError, AttributeError) as error:
            raise GateError("the events of schemathesis can't be read: a line is cut or not JSON", remedy=_LOOK) from error
        yield name, event
    if name != "EngineFinished":
        raise GateError("the events of schemathesis stop before its end", remedy=_LOOK)


def _fatal(raw: Raw) -> str:
    """Why the engine gave up, from its last event, without what differs between machines."""
    lines = raw.content(EVENTS).splitlines() if EVENTS in raw else []
    for line in reversed(lines):
        event = json.loads(line).get("FatalError")
        if event:
            return _said(event["exception"])
    return "it gave no reason"


def _tested(phase: str, recorder: Recorder) -> set[str]:
    """The operations whose answers a scenario checked: one, but for the phase that goes from one to the next."""
    checked = recorder.get("checks", {})
    if phase != "stateful":
        return {recorder["label"]} if checked else set()
    return {_name(node["value"]) for identity, node in recorder.get("cases", {}).items() if checked.get(identity)}


def _name(case: Mapping[str, Any]) -> str:
    return f"{case['method'].upper()} {case['path']}"


def _scenario(recorder: Recorder, seen: dict[str, Seen]) -> Iterator[Failure]:
    """Count the answers of a scenario and find its failed checks.

    A case counts for the operation of its own method: the engine also sends methods that a path does not have.
    """
    interactions = recorder.get("interactions", {})
    for identity, node in recorder.get("cases", {}).items():
        case = node["value"]
        interaction = interactions.get(identity, {})
        status = (interaction.get("response") or {}).get("status_code")
        if status is not None:
            seen.setdefault(_name(case), Seen()).answers[status] += 1
        for check in recorder.get("checks", {}).get(identity, ()):
            if check["status"] != "success":
                yield _failure(check, status, interaction.get("request") or {"method": case["method"], "uri": case["path"]})


def _failure(check: Mapping[str, Any], status: int | None, request: Mapping[str, Any]) -> Failure:
    failure = check["failure_info"]["failure"]
    return Failure(
        operation=failure["operation"],
        check=check["name"].replace("_", "-"),
        kind=failure["type"],
        code=failure["code"],
        title=failure["title"],
        detail=failure.get("message") or "",
        severity=failure.get("severity", ""),
        status=status,
        request=request,
    )


def _error(value: Mapping[str, str]) -> str:
    """What went wrong with an operation: the name of its class for a lost connection, with its words for the contract.

    Raises `GateError` where it says that the service is gone.
    """
    if value["type"] == "ServerUnavailable" or any(word in value["message"] for word in REFUSED):
        raise GateError(STOPPED["server_unavailable"], remedy=_LOOK)
    return value["type"] if value["type"] in NO_ANSWER else _said(value)


def _said(error: Mapping[str, str]) -> str:
    """An error of the engine's in one line, without folders of this machine."""
    lines = [line.strip() for line in error["message"].splitlines() if line.strip()]
    details = lines[lines.index("Error details:") + 1 :] if "Error details:" in lines else lines[:1]
    return re.sub(r"file:\S*/", "", f"{error['type']}: {' '.join(details)}").rstrip(": ")[:300]
