"""A pytest plug-in that writes what pytest does, as it happens, to a stream of JSON lines.

It runs inside the project's interpreter, so it knows the standard library and pytest (7.4 to 9) alone. Each process of
pytest-xdist writes a stream of its own. A process that ends early leaves a stream without `finish`. Tests are referred
to by their number in the order of collection. What hooks of the project make of a result is written beside the
exception that the test really raised.
"""

from __future__ import annotations

import json
import os
import re
import unittest
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

_MOST_TEXT = 4000
_SKIPPED = (pytest.skip.Exception, unittest.SkipTest)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Events(config), "quality-gates-events")


class _Events:
    def __init__(self, config: pytest.Config) -> None:
        worker = getattr(config, "workerinput", {}).get("workerid", "main")
        path = Path(os.environ["GATES_PYTEST_EVENTS"], f"{worker}.jsonl")
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.process = os.getpid()
        self.numbers: dict[str, int] = {}
        self.deselected: list[int] = []
        self.raised: type[BaseException] | None = None
        self.write("start", pytest=pytest.__version__)

    def write(self, event: str, **data: Any) -> None:
        """One line at once, without a buffer that could be lost. A fork of the process keeps silent."""
        if os.getpid() == self.process:
            os.write(self.file, (json.dumps({"event": event, **data}) + "\n").encode())

    def number(self, item: pytest.Item) -> int:
        """The test's number; it is written down when it is first seen, before anything can drop it."""
        if item.nodeid not in self.numbers:
            self.numbers[item.nodeid] = len(self.numbers)
            path, line, _ = item.location
            self.write("test", id=item.nodeid, path=path, line=None if line is None else line + 1)
        return self.numbers[item.nodeid]

    # -- collection

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        self.number(item)

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self.deselected += [self.number(item) for item in items]

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        selected = [self.number(item) for item in session.items]
        option = session.config.option
        self.write("collected", selected=selected, deselected=self.deselected, keyword=option.keyword, marks=option.markexpr)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.outcome != "passed":
            self.write("collect", id=report.nodeid, outcome=report.outcome, **_words(report))

    # -- tests

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        if nodeid in self.numbers:
            self.write("started", test=self.numbers[nodeid])

    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_pyfunc_call(self) -> Generator[None, Any, None]:
        outcome = yield
        self.raised = outcome.excinfo[1].__class__ if outcome.excinfo else None

    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
        yield
        raised, self.raised = self.raised, None
        kind = call.excinfo.type if call.excinfo else raised
        self.write(
            "raw",
            test=self.number(item),
            when=call.when,
            exception=kind.__name__ if kind else None,
            kind=_kind(kind),
            marked=any(item.iter_markers("xfail")),
            message=_cut(call.excinfo.exconly()) if call.excinfo else None,
            line=_line(call.excinfo.value, str(item.path)) if call.excinfo else None,
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.nodeid in self.numbers:
            self.write(
                "report",
                test=self.numbers[report.nodeid],
                when=report.when,
                outcome=report.outcome,
                xfail=getattr(report, "wasxfail", None),
                part=hasattr(report, "context"),
                **_words(report),
            )

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        if nodeid in self.numbers:
            self.write("finished", test=self.numbers[nodeid])

    def pytest_warning_recorded(self, warning_message: Any, nodeid: str) -> None:
        if warning_message.category.__name__ == "PytestReturnNotNoneWarning" and nodeid in self.numbers:
            # pytest 7 gives the value, later ones its type.
            text = str(warning_message.message)
            found = re.search(r"returned <class '([^']*)'>", text)
            kind = found.group(1) if found else "bool" if re.search(r"returned (True|False)\b", text) else "unknown"
            self.write("returned", test=self.numbers[nodeid], type=kind)

    # -- the end

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        self.write("broken", message=_cut(excinfo.exconly()))

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        self.write("interrupted", message=_cut(excinfo.exconly()))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, Any, None]:
        yield
        self.write("finish", stopped=str(session.shouldfail or session.shouldstop or ""))


def _kind(exception: type[BaseException] | None) -> str:
    if exception is None:
        return "passed"
    if issubclass(exception, _SKIPPED):
        return "skipped"
    return "xfailed" if issubclass(exception, pytest.xfail.Exception) else "failed"


def _line(exception: BaseException, path: str) -> int | None:
    """The last line of the test's own file that the exception came through."""
    line, traceback = None, exception.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == path:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


def _words(report: pytest.TestReport | pytest.CollectReport) -> dict[str, str]:
    """Why a report is not a pass, in pytest's words."""
    if report.outcome == "passed" or not report.longrepr:
        return {"text": ""}
    if isinstance(report.longrepr, tuple):
        return {"text": _cut(str(report.longrepr[2]))}
    return {"text": str(report.longrepr)[-_MOST_TEXT:]}


def _cut(text: str) -> str:
    return text[:_MOST_TEXT]
