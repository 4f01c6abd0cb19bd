"""JUnit XML, as test runners of all languages write it: cases, and what the report says of itself.

There is no standard; this reads what pytest, Maven Surefire, Gradle, Jest, Playwright, Google Test and PHPUnit agree on.
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from gates.api import Finding, GateError, Kind, Location, Raw, Severity, Skip, count
from gates.dataclass import dataclass
from gates.formats.report import Places, Report

_PARAMETERS = re.compile(r"\[.*\]$", re.DOTALL)
_MANY = 10**9
_DEPTH = 64
#: Longer names of suites and classes name no file.
_NAME_LENGTH = 4096
_DIGITS = 12
_SUITES = frozenset({"testsuites", "testsuite"})
#: Words of `status` and `result`, in small letters and without dashes. Any other is that of a test that did not end well.
_PASSED = frozenset({"", "run", "passed", "pass", "success", "successful", "completed", "ok", "executed"})
_NOT_RUN = frozenset({"notrun", "disabled", "skipped", "skip", "ignored", "suppressed", "pending"})
_FAILED = frozenset({"failed", "failure", "fail", "error", "errored", "broken"})
_WORD_LENGTH = 40
#: Elements that hold a traceback, and how much of it is looked at, a line and altogether.
_TOLD = frozenset({"failure", "error", "flakyFailure", "flakyError"})
_TEXT_LENGTH = 65536
_LINE_LENGTH = 1024
#: How the lines of a traceback begin.
_FRAME = ("at ", "\u276f ", "File ")
_PATH_START = re.compile(r"[\s()\"']")


class CaseOutcome(StrEnum):
    PASSED = "passed"
    FAILURE = "failure"
    ERROR = "error"
    SKIPPED = "skipped"


_BAD = (CaseOutcome.FAILURE, CaseOutcome.ERROR, CaseOutcome.SKIPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test. `file` is as the report gives it, `message` the first words of why it did not pass, `flaked` that a retry saved it.

    `text` is all that the report says of why, such as a traceback.
    """

    classname: str
    name: str
    file: str
    line: int | None
    outcome: CaseOutcome
    message: str = ""
    flaked: bool = False
    suite: str = ""
    text: str = ""

    @property
    def id(self) -> str:
        return f"{self.classname}::{self.name}" if self.classname else self.name


def read_cases(content: bytes, name: str) -> list[Case]:
    """All tests of a report in its order. Raises `GateError` for what is no JUnit XML, is dangerous, or lists less than it counts."""
    try:
        root = fromstring(content, forbid_dtd=True)
    except DefusedXmlException as error:
        raise GateError(
            f"{name} declares entities or a document type, which a test report never needs",
            remedy="find out what wrote it: it may be an attack",
        ) from error
    except (ParseError, ValueError) as error:
        raise GateError(
            f"{name} is not XML that can be read: {error}", remedy="the tool may have been stopped while it wrote it"
        ) from error
    if root.tag not in _SUITES:
        raise GateError(f"{name} is not JUnit XML: its first element is <{root.tag}>", remedy="let the tool write JUnit XML")
    _check_depth(root, name)
    cases = [_case(element, suite) for suite in root.iter("testsuite") for element in suite.findall("testcase")]
    strays = sum(str(element.tag).rpartition("}")[2] == "testcase" for element in root.iter()) - len(cases)
    if strays:
        raise GateError(
            f"{name} lists {strays} of its tests outside of every suite", remedy="let the tool write each <testcase> in a <testsuite>"
        )
    for suite in (element for element in root.iter() if element.tag in _SUITES):
        _check_counts(suite, name)
    return cases


def _check_depth(root: Any, name: str) -> None:
    """Suites in suites are counted once for each level: a report that is made of levels would take for ever."""
    level = list(root)
    for _ in range(_DEPTH):
        level = [child for element in level for child in element]
        if not level:
            return
    raise GateError(f"{name} nests its elements more than {_DEPTH} deep", remedy="find out what wrote it: it may be an attack")


def _check_counts(suite: Any, name: str) -> None:
    """A suite that counts more than it and the suites in it list was cut, or hides a failure outside its tests."""
    cases = list(suite.iter("testcase"))
    bad = sum(len(case.findall("failure")) + len(case.findall("error")) for case in cases)
    claimed_bad = _number(suite.get("failures")) + _number(suite.get("errors"))
    claimed = _number(suite.get("tests"))
    title = suite.get("name") or "without a name"
    if claimed > len(cases):
        raise GateError(
            f"{name}: the suite {title} counts {claimed} tests and lists {len(cases)}",
            remedy="the report is not whole; let the tool write it again",
        )
    if claimed_bad > bad:
        raise GateError(
            f"{name}: the suite {title} counts {claimed_bad} failures and errors and lists {bad}",
            remedy="something failed outside the tests, such as a set-up; the tool's own output may say what",
        )


def _case(element: Any, suite: Any) -> Case:
    outcome, message = _outcome(element)
    line = _number(element.get("line"))
    return Case(
        classname=element.get("classname") or "",
        name=element.get("name") or "without a name",
        file=element.get("file") or suite.get("file") or "",
        line=line if 0 < line < _MANY else None,
        outcome=outcome,
        message=message,
        flaked=outcome is CaseOutcome.PASSED
        and len(element) > 0
        and any(element.find(tag) is not None for tag in ("flakyFailure", "flakyError")),
        suite=suite.get("name") or "",
        text=_text(element),
    )


def _text(element: Any) -> str:
    """What a failure says at length; empty for a test that passed."""
    child = next((child for child in element if child.tag in _TOLD), None)
    return ((child.text or "") if child is not None else "")[:_TEXT_LENGTH]


def _outcome(element: Any) -> tuple[CaseOutcome, str]:
    for outcome in _BAD if len(element) else ():
        child = element.find(outcome.value)
        if child is not None:
            return outcome, (child.get("message") or child.text or "").strip()
    words = [(element.get(name) or "").strip() for name in ("status", "result") if name in element.attrib]
    if not words:
        return CaseOutcome.PASSED, ""
    said = {re.sub(r"[\s_-]", "", word.lower()): word for word in words}
    if _FAILED & set(said):
        return CaseOutcome.FAILURE, "the report says that it failed, and not why"
    unknown = [word for key, word in said.items() if key not in _PASSED | _NOT_RUN]
    if unknown:
        return CaseOutcome.FAILURE, f"the report calls it {unknown[0][:_WORD_LENGTH]!r}, which is no word for a test that passed"
    if _NOT_RUN & set(said):
        return CaseOutcome.SKIPPED, "the report says that it was not run"
    return CaseOutcome.PASSED, ""


def _number(value: str | None) -> int:
    """A count or line; 0 for what is none, a billion for what is more."""
    digits = (value or "").strip()
    if not digits.isascii() or not digits.isdigit():
        return 0
    return min(int(digits[:_DIGITS]), _MANY) if len(digits) <= _DIGITS else _MANY


def report_of(raw: Raw, cases: Sequence[Case], places: Places, files: tuple[str, ...] | None = None) -> Report:
    """Failures and errors as findings; tests as what was examined, skipped ones with their reason.

    `files` are those that tests may come from: a suite or class that is called after one of them stands there, at the line that the failure
    names. None looks at the report's own attributes alone.
    """
    bad = [case for case in cases if case.outcome in {CaseOutcome.FAILURE, CaseOutcome.ERROR}]
    flaked = [case for case in cases if case.flaked]
    skipped = [case for case in cases if case.outcome is CaseOutcome.SKIPPED]
    inventory = _Inventory(files) if files is not None else None
    return Report(
        findings=tuple(_finding(raw, case, places, inventory) for case in (*bad, *flaked)),
        examined=tuple(case.id for case in cases if case.outcome is not CaseOutcome.SKIPPED),
        skipped=tuple(Skip(item=case.id, reason=places.scrub(case.message) or "no reason was given") for case in skipped),
        measurements=(count("tests", len(cases), "tests"),),
    )


def _finding(raw: Raw, case: Case, places: Places, inventory: _Inventory | None) -> Finding:
    reason = places.scrub(case.message.splitlines()[0]) if case.message else "no reason was given"
    verb = (
        "failed at first and passed on a retry"
        if case.flaked
        else f"{'failed' if case.outcome is CaseOutcome.FAILURE else 'broke'}: {reason}"
    )
    return raw.finding(
        rule="flake" if case.flaked else case.outcome.value,
        severity=Severity.MEDIUM if case.flaked else Severity.HIGH,
        message=f"{case.id} {verb}",
        location=_location(case, places, inventory),
        identity=(_PARAMETERS.sub("[…]", case.id),),
        kind=Kind.FLAKE if case.flaked else Kind.FAILURE,
        remedy="make the test not depend on chance"
        if case.flaked
        else "mend the code or the test; the report in the evidence holds its whole output",
    )


def _location(case: Case, places: Places, inventory: _Inventory | None) -> Location:
    path = posixpath.normpath(places.scrub(case.file.replace("\\", "/"))) if case.file else ""
    if path and not path.startswith(("/", "../")) and path != "." and ":" not in path:
        return Location(path=path, line=case.line)
    found = _file_of(case, inventory) if inventory is not None else None
    return Location(path=found, line=case.line or _line_in(case.text, found)) if found else Location(operation=case.id)


def _file_of(case: Case, inventory: _Inventory) -> str | None:
    """The one file that the report's names of file, class or suite stand for, in this order."""
    names = [name.replace("\\", "/") for name in (case.file, case.classname, case.suite) if 0 < len(name) <= _NAME_LENGTH]
    return next((next(iter(files)) for name in names if len(files := inventory.named(name)) == 1), None)


def _line_in(text: str, path: str) -> int | None:
    """The line of a file that a traceback names: of its first frame there, else of its first mention."""
    mentions: list[int] = []
    for line in text.splitlines():
        number = _mentioned(line[:_LINE_LENGTH].strip(), path)
        if number and line.strip().startswith(_FRAME):
            return number
        mentions += [number] if number else []
    return mentions[0] if mentions else None


def _mentioned(line: str, path: str) -> int | None:
    """The number in `path:number`, where the line names the file by its path, or by the end or a longer form of it."""
    before, found, after = line.partition(f"{posixpath.basename(path)}:")
    number = re.match(r"\d{1,9}", after)
    if not found or number is None:
        return None
    named = _PATH_START.split(before)[-1] + found[:-1]
    fits = f"/{path}".endswith(f"/{named}") or f"/{named}".endswith(f"/{path}")
    return int(number[0]) or None if fits else None


def unnamed_files(cases: list[Case], files: tuple[str, ...]) -> list[str]:
    """Those of the files that no test names by file, suite or class, or only by what fits others too: nothing says that they ran."""
    if not files:
        return []
    named = {name.replace("\\", "/") for case in cases for name in (case.file, case.suite, case.classname) if name}
    inventory = _Inventory(files)
    fits = [inventory.named(name) for name in named if len(name) <= _NAME_LENGTH]
    explained = {file for found in fits if len(found) == 1 for file in found}
    return [file for file in files if file not in explained]


class _Inventory:
    """Files by the ends of their paths, and by their paths with dots and without an ending, as modules and classes are called."""

    def __init__(self, files: tuple[str, ...]) -> None:
        self._files = frozenset(files)
        self._by_end: defaultdict[str, set[str]] = defaultdict(set)
        self._dotted: defaultdict[str, set[str]] = defaultdict(set)
        for file in files:
            self._dotted[posixpath.splitext(file)[0].replace("/", ".")].add(file)
            for end in _ends(file):
                self._by_end[end].add(file)

    def named(self, name: str) -> set[str]:
        """The files that a name of the report may stand for: more than one where it does not say which."""
        if "/" in name and name in self._files:
            return {name}
        longest = next((end for end in _ends(name) if end in self._files), None)
        found = self._by_end.get(name) or ({longest} if longest else set())
        return found or next((self._dotted[start] for start in _dotted_starts(name) if start in self._dotted), set())


def _ends(path: str) -> Iterator[str]:
    """`a/b/c`, `b/c`, `c`."""
    parts = path.split("/")
    return ("/".join(parts[start:]) for start in range(len(parts)))


def _dotted_starts(name: str) -> Iterator[str]:
    """`a.b.c`, `a.b`, `a`."""
    parts = name.split(".")
    return (".".join(parts[:end]) for end in range(len(parts), 0, -1))
