"""From the streams of one run of pytest to its tests and their outcomes, or to the reason why they can't be believed."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import Any

from gates.api import GateError, signal_name
from gates.dataclass import dataclass
from gates.runners.tests.streams import Stream, is_whole, where_it_was

SEE_OUTPUT = "pytest's own output is kept with the evidence and says more"
_REPORTS_IN_PLACE = "a plug-in or a conftest.py reports in pytest's place; remove it"


class Result(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    XFAILED = "xfailed"


@dataclass(slots=True, kw_only=True)
class Test:
    """A collected test and what became of it. `line` counts from 1; None for what is no Python function.

    `own` is the place (file, line, name) of what pytest was to call, `ran` the places that began in the test and whether each
    returned; None where nothing could see that. `elsewhere`: another machine runs it.
    """

    id: str
    path: str
    line: int | None
    selected: bool = False
    deselected: bool = False
    elsewhere: bool = False
    started: bool = False
    finished: bool = False
    rerun: bool = False
    returned: str = ""
    in_thread: str = ""
    own: list[Any] | None = None
    ran: list[list[Any]] | None = field(default_factory=list)
    raw: dict[str, dict[str, Any]] = field(default_factory=dict)
    reports: list[dict[str, Any]] = field(default_factory=list)

    @property
    def failure(self) -> dict[str, Any] | None:
        """The first report of a failure, with what was `raised`."""
        return next((report for report in self.reports if report["outcome"] == "failed"), None)

    @property
    def reason(self) -> str:
        """Why it was skipped or expected to fail."""
        for report in self.reports:
            if report["xfail"] is not None:
                return str(report["xfail"]).removeprefix("reason: ") or "expected to fail, without a reason"
            if report["outcome"] == "skipped" and not report["part"]:
                return str(report["text"]).removeprefix("Skipped: ").strip() or "no reason was given"
        return ""

    @property
    def result(self) -> Result:
        if self.failure:
            return Result.FAILED
        whole = [report for report in self.reports if not report["part"]]
        if any(report["outcome"] == "skipped" and (report["xfail"] is None or "[NOTRUN]" in report["xfail"]) for report in whole):
            return Result.SKIPPED
        if any(report["outcome"] == "skipped" for report in whole):
            return Result.XFAILED
        if any(report["outcome"] == "passed" and report["when"] == "call" for report in whole):
            return Result.PASSED
        raise GateError(f"{self.id} ended without an outcome", remedy="a plug-in or a conftest.py keeps pytest from running its tests")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run that can be believed. `problems` are files that could not be collected, failed or skipped as a whole."""

    tests: list[Test]
    problems: list[dict[str, Any]]
    opened: set[str]
    deselection: str
    stopped: str


def read_run(data: dict[str, Any], *, shared: bool = False) -> Run:
    """The outcomes of a run; raises `GateError` where pytest was blind, broke off, or was made to lie.

    `shared`: it is one of several that share the tests, so it may leave some to the others.
    """
    streams: list[Stream] = data["streams"]
    _check_end(streams, data["exit_code"])
    tests: list[Test] = []
    for stream in streams:
        collected = [
            Test(id=event["id"], path=event["path"], line=event["line"], own=event["own"]) for event in stream if event["event"] == "test"
        ]
        if tests and collected and [test.id for test in tests] != [test.id for test in collected]:
            raise GateError(
                "the processes of pytest collected different tests", remedy="let the order of parameters be the same in each run"
            )
        tests = tests or collected
    for stream in streams:
        for event in stream:
            _apply(event, tests)
    if not shared and any(test.elsewhere for test in tests):
        raise GateError("pytest left tests to another machine, and there is none", remedy=_REPORTS_IN_PLACE)
    opened = {event["id"] for stream in streams for event in stream if event["event"] == "opened"}
    run = Run(tests=tests, problems=_problems(streams), opened=opened, deselection=_deselection(streams), stopped=_stopped(streams))
    _check_collection(run)
    _check_code(run, data["exit_code"])
    return run


def _apply(event: dict[str, Any], tests: list[Test]) -> None:
    match event["event"]:
        case "collected":
            for number in event["selected"]:
                tests[number].selected = True
            for number in event["deselected"]:
                tests[number].deselected = True
        case "share":
            for number in event["elsewhere"]:
                tests[number].elsewhere = True
        case "started":
            test = tests[event["test"]]
            test.rerun = test.rerun or test.failure is not None or _raised(test)
            test.started, test.finished, test.reports, test.ran, test.raw = True, False, [], [], {}
        case "ran":
            test = tests[event["test"]]
            test.rerun = test.rerun or _raised(test)
            test.ran = event["places"]
        case "thread":
            tests[event["test"]].in_thread = event["exception"]
        case "raw":
            test = tests[event["test"]]
            test.raw[event["when"]] = event
        case "report":
            _report(event, tests[event["test"]])
        case "finished":
            tests[event["test"]].finished = True
        case "returned":
            tests[event["test"]].returned = event["type"]


def _raised(test: Test) -> bool:
    """Whether what ran so far raised: a plug-in like `flaky` runs a test again without a report of its first failure."""
    return any(not returned for *_, returned in test.ran or ())


def _report(event: dict[str, Any], test: Test) -> None:
    """Hold what is reported against what was raised."""
    raw = test.raw.pop(event["when"], None)
    if event["outcome"] == "rerun":
        test.rerun = True
        return
    if raw is None:
        raise GateError(
            f"nothing stands behind the outcome of {test.id}: pytest reported {event['outcome']} and our plug-in saw no result",
            remedy=_REPORTS_IN_PLACE,
        )
    expected = event["xfail"] is not None and raw["marked"]
    if raw["kind"] == "failed" and (event["outcome"] == "passed" or (event["outcome"] == "skipped" and not expected)):
        raise GateError(
            f"{test.id} raised {raw['exception']} and was reported as {event['outcome']}",
            remedy="a plug-in or a conftest.py rewrites outcomes (pytest_runtest_makereport, pytest_runtest_call); remove that",
        )
    test.reports.append({**event, "raised": raw})


def _check_end(streams: list[Stream], code: int) -> None:
    """Whether each process came to its end by itself."""
    for event in (event for stream in streams for event in stream):
        if event["event"] == "broken":
            raise GateError(f"pytest itself broke: {_first_line(event['message'])}", remedy=SEE_OUTPUT)
    if code < 0:
        raise GateError(f"pytest was killed by {signal_name(-code)} {where_it_was(streams)}", remedy=SEE_OUTPUT)
    for event in (event for stream in streams for event in stream):
        if event["event"] == "interrupted":
            raise GateError(
                f"pytest was made to stop {where_it_was(streams)}: {_first_line(event['message'])}",
                remedy="remove the call of pytest.exit, or skip the tests with a reason",
            )
    if not is_whole(streams):
        raise GateError(
            f"pytest ended before its last test: the process exited with {code} {where_it_was(streams)}",
            remedy="a test, a conftest.py or a plug-in ends the process (os._exit) or removes our plug-in; find it and remove it",
        )


def _check_collection(run: Run) -> None:
    """Whether each collected test was run, deselected or explained."""
    dropped = [test for test in run.tests if not (test.selected or test.deselected or test.elsewhere)]
    if dropped:
        raise GateError(
            f"{len(dropped)} of {len(run.tests)} collected tests were dropped without a word, such as {dropped[0].id}",
            remedy="let what drops them call config.hook.pytest_deselected(items=…), or skip them with a reason",
        )
    selected = [test for test in run.tests if test.selected]
    silent = [test for test in selected if not test.finished]
    if silent and not run.stopped and not any(problem["outcome"] == "failed" for problem in run.problems):
        raise GateError(
            f"{len(silent)} of {len(selected)} collected tests were never run, such as {silent[0].id}",
            remedy="remove `--collect-only`, or the plug-in or conftest.py that runs the tests in pytest's place",
        )


def _check_code(run: Run, code: int) -> None:
    """Whether the exit code can be true. A code of 0 beside failures changes nothing: they are reported."""
    ran = [test for test in run.tests if test.finished]
    failed = any(test.failure for test in ran)
    broken = any(problem["outcome"] == "failed" for problem in run.problems)
    if not run.tests and not run.problems:
        raise GateError(
            "pytest found no tests",
            remedy="name the folder of the tests in `paths`, or take the gate out of the policy until there are some",
        )
    explained = code == 0 or (code == 1 and (failed or broken)) or (code == 2 and broken) or (code == 5 and not ran)
    if not explained:
        raise GateError(
            f"pytest ended with exit code {code}, which the outcomes of its tests do not explain",
            remedy=f"{SEE_OUTPUT}: a plug-in may have a limit of its own, such as --cov-fail-under; put it into the policy instead",
        )


def _problems(streams: list[Stream]) -> list[dict[str, Any]]:
    found = {event["id"]: event for stream in streams for event in stream if event["event"] == "collect"}
    return list(found.values())


def _deselection(streams: list[Stream]) -> str:
    """What deselected the tests, as far as pytest says."""
    for event in (event for stream in streams for event in stream if event["event"] == "collected"):
        by = [f"{option} {text!r}" for option, text in (("-k", event["keyword"]), ("-m", event["marks"])) if text]
        return f"deselected by {' and '.join(by)}" if by else "deselected by an argument, a plug-in or a conftest.py"
    return "deselected"


def _stopped(streams: list[Stream]) -> str:
    """Why pytest left out the rest: it does so after a failure (`-x`)."""
    failed = any(event["event"] == "report" and event["outcome"] == "failed" for stream in streams for event in stream)
    ends = [event["stopped"] for stream in streams for event in stream if event["event"] == "finish"]
    return next((text for text in ends if text and text != "False"), "") if failed else ""


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else "it gave no reason"
