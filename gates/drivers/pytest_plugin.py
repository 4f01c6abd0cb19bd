"""A pytest plug-in that writes what pytest does, as it happens, to a stream of JSON lines.

It runs inside the project's interpreter, so it knows the standard library and pytest (7.4 to 9) alone. Each process of
pytest-xdist writes a stream of its own. A process that ends early leaves a stream without `finish`. Tests are referred
to by their number in the order of collection. What hooks of the project make of a result is written beside the
exception that the test really raised, and beside it which functions the interpreter saw running.

Where several machines share the tests, each collects all of them and runs those of its own share.

Each line begins with a digest under a key that changes with each line and that the plug-in forgets: what was written
can't be changed later, and other code can't write a line of its own. The first key lies in a file that is removed as soon
as it is read.
"""

from __future__ import annotations

import json
import os
import re
import sysconfig
import threading
import unittest
from collections.abc import Generator
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
import quality_gates_watch  # type: ignore[import-not-found] # `pytest_watch.py`, which is put beside this file
from _pytest.assertion import rewrite

_FOLDER = Path(os.environ["GATES_PYTEST_EVENTS"])
_KEY = _FOLDER / "key"
_MOST_TEXT = 4000
_SKIPPED = (pytest.skip.Exception, unittest.SkipTest)


def _take_key() -> bytes:
    """The first key of this process; empty where another process has taken it: a worker is given its own."""
    try:
        key = _KEY.read_bytes()
        _KEY.unlink()
    except OSError:
        return b""
    return key


_first_key = [_take_key()]


def _read_share() -> dict[str, Any]:
    """Which tests are run here: `{part, parts, files, tests}`, the last two from a name to the part that runs it; empty: all are."""
    try:
        found: dict[str, Any] = json.loads((_FOLDER / "share.json").read_text("utf-8"))
    except OSError:
        return {}
    return found


_share = _read_share()
_shared_files = {test.partition("::")[0] for test in _share.get("tests", ())}


def _from_source(read: Any, libraries: tuple[str, ...]) -> Any:
    """pytest's reading of compiled files, for the interpreter's own packages alone: elsewhere what runs is compiled from its source.

    A compiled test in the tree could hold anything. Of an installed package, whose other modules Python reads compiled too,
    it says no more than the package, and to compile all plug-ins anew takes longer than many a suite.
    """

    def read_pyc(source: Path, *words: Any, **more: Any) -> Any:
        return read(source, *words, **more) if os.fspath(source).startswith(libraries) else None

    return read_pyc


if hasattr(rewrite, "_read_pyc"):
    rewrite._read_pyc = _from_source(rewrite._read_pyc, tuple({sysconfig.get_path(name) + os.sep for name in ("purelib", "platlib")}))


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Events(config), "quality-gates-events")


class _Events:
    __slots__ = ("current", "deselected", "file", "key", "numbers", "process", "raised", "watch", "worker_key")

    def __init__(self, config: pytest.Config) -> None:
        given = getattr(config, "workerinput", {})
        worker = given.get("workerid", "main")
        self.key: bytes = given.pop("gates_key", b"") or _first_key.pop()
        self.worker_key = blake2b(b"workers", key=self.key).digest()
        self.file = os.open(_FOLDER / f"{worker}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.process = os.getpid()
        self.numbers: dict[str, int] = {}
        self.deselected: list[int] = []
        self.raised: type[BaseException] | None = None
        self.current: int | None = None
        self.watch = quality_gates_watch.make()
        self.write("start", pytest=pytest.__version__)

    def write(self, event: str, **data: Any) -> None:
        """One line at once, without a buffer that could be lost. A fork of the process keeps silent."""
        if os.getpid() == self.process:
            line = json.dumps({"event": event, **data}).encode()
            digest = blake2b(line, key=self.key, digest_size=16).hexdigest()
            self.key = blake2b(self.key).digest()
            os.write(self.file, digest.encode() + b" " + line + b"\n")

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """A worker of pytest-xdist gets a key of its own."""
        node.workerinput["gates_key"] = blake2b(node.workerinput["workerid"].encode(), key=self.worker_key).digest()

    def number(self, item: pytest.Item) -> int:
        """The test's number; it is written down when it is first seen, before anything can drop it."""
        if item.nodeid not in self.numbers:
            self.numbers[item.nodeid] = len(self.numbers)
            path, line, _ = item.location
            own = self.watch.expect(item)
            self.write("test", id=item.nodeid, path=path, line=None if line is None else line + 1, own=own)
        return self.numbers[item.nodeid]

    # -- collection

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        self.number(item)

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self.deselected += [self.number(item) for item in items]

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None, Any, None]:
        """Leave to the other machines what is theirs, when all hooks of the project have had their say."""
        yield
        if _share:
            elsewhere = [item for item in items if _part_of(item.nodeid) != _share["part"]]
            self.write("share", elsewhere=[self.number(item) for item in elsewhere])
            items[:] = [item for item in items if _part_of(item.nodeid) == _share["part"]]

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        selected = [self.number(item) for item in session.items]
        option = session.config.option
        self.write("collected", selected=selected, deselected=self.deselected, keyword=option.keyword, marks=option.markexpr)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.nodeid.endswith(".py"):
            self.write("opened", id=report.nodeid)
        if report.outcome != "passed":
            self.write("collect", id=report.nodeid, outcome=report.outcome, **_words(report))

    # -- tests

    def pytest_sessionstart(self) -> None:
        """Exceptions in threads are seen even where a filter of warnings hides them (from pytest 8.4 on)."""
        inner = threading.excepthook

        def outer(caught: threading.ExceptHookArgs) -> None:
            if self.current is not None:
                self.write("thread", test=self.current, exception=caught.exc_type.__name__)
            inner(caught)

        threading.excepthook = outer

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        if nodeid in self.numbers:
            self.current = self.numbers[nodeid]
            self.write("started", test=self.current)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, None]:
        self.watch.begin(item)
        yield
        seen = self.watch.end()
        self.write("ran", test=self.number(item), places=None if seen is None else [[*place, ended] for place, ended in seen.items()])

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
                ms=round(report.duration * 1000),
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
        changed = _changed()
        if changed:
            self.write("broken", message=f"something replaced {changed} in our plug-in")
        self.write("finish", stopped=str(session.shouldfail or session.shouldstop or ""))


def _part_of(test: str) -> int:
    """The part that runs a test. Of what nobody has listed every part thinks alike: a new file stays together."""
    path = test.partition("::")[0]
    known = _share["tests"].get(test) or _share["files"].get(path)
    if known is None:
        named = test if path in _shared_files else path
        known = int.from_bytes(blake2b(named.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") % _share["parts"] + 1
    return int(known)


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


def _parts() -> dict[str, Any]:
    """What the plug-in and its watch are made of, by name."""
    spaces: dict[str, Any] = {"": dict(globals()), "watch.": vars(quality_gates_watch)}
    for prefix, names in list(spaces.items()):
        kinds = [kind for kind in names.values() if isinstance(kind, type) and kind.__module__ == names["__name__"]]
        spaces.update({f"{prefix}{kind.__name__}.": vars(kind) for kind in kinds})
    return {prefix + name: value for prefix, names in spaces.items() for name, value in names.items()}


def _changed(parts: dict[str, Any] = _parts()) -> str:  # noqa: B008 - what it was when it was read
    """The name of a part that is no longer what it was; empty where all are."""
    now = _parts()
    return next((name for name, value in parts.items() if name != "_changed" and now.get(name) is not value), "")
