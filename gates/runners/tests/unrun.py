"""What of the tests was not run, each with its reason: what pytest passed over, and what it does not know of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from gates.api import Skip
from gates.runners.tests import proof
from gates.runners.tests.results import Result, Run

_MESSAGE_LINES = 12
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")
_WORKER_FOLDER = re.compile(r"popen-gw\d+")
_SETS_LEFT_OUT = "a conftest.py or a plug-in leaves them out (such as by pytest_generate_tests)"


def not_run(run: Run) -> Iterator[Skip]:
    for test in run.tests:
        if test.deselected:
            yield Skip(item=test.id, reason=run.deselection)
        elif not test.finished:
            yield Skip(item=test.id, reason=f"not run: {run.stopped or 'a file could not be collected'}")
        elif test.result is Result.SKIPPED:
            yield Skip(item=test.id, reason=tidy(test.reason))


def not_collected(run: Run, inventory: dict[str, Any]) -> Iterator[Skip]:
    """Tests that stand in the files and that pytest does not know of, each with the best reason at hand."""
    known = _Known(run, inventory)
    for test in inventory["tests"]:
        missing = known.missing_sets(test)
        if _is_hidden(test):
            yield Skip(item=f"{test['id']} (line {test['line']})", reason=f"not collected: {_why_not(test, known)}")
        elif not known.holds(test) and not known.passes_over(test):
            yield Skip(item=test["id"], reason=f"not collected: {_why_not(test, known)}")
        elif missing:
            yield Skip(item=test["id"], reason=f"not collected: {missing} of at least {test['sets']} parameter sets: {_SETS_LEFT_OUT}")
    failed = {problem["id"] for problem in run.problems if problem["outcome"] == "failed"}
    for file in inventory["unreadable"]:
        if file["path"] not in failed:
            yield Skip(item=file["path"], reason=f"not collected: its source can't be read ({file['error']} in line {file['line']})")


def _is_hidden(test: dict[str, Any]) -> bool:
    """Whether another test of the same name takes its place."""
    return bool(test["note"].startswith("line "))


class _Known:
    """What pytest collected, and how what stands in the files is found again in it."""

    def __init__(self, run: Run, inventory: dict[str, Any]) -> None:
        self.run = run
        self.inventory = inventory
        self.collected = Counter(proof.function_of(test.id) for test in run.tests)
        self.holders = {test.id[: found.start()] for test in run.tests for found in re.finditer("::", test.id)}
        self.written = Counter(test["id"] for test in inventory["tests"] if not _is_hidden(test))
        #: What no file shows: made as the tests ran, or inherited from another file.
        self.made = self.collected.keys() - self.written.keys()
        self.inherited = {test.rpartition("::")[2] for test in self.made}
        self.places = {tuple(test.own) for test in run.tests if test.own is not None}

    def holds(self, test: dict[str, Any]) -> bool:
        return test["id"] in self.collected or test["id"] in self.holders or proof.is_expanded(test, self.made)

    def passes_over(self, test: dict[str, Any]) -> bool:
        """Whether there is nothing to say of what was not collected: its file was opened, and may show no test there."""
        if test["sure"] or not self._is_open(test):
            return False
        if not test["name"]:
            return True
        if _class_of(test) in self.holders:
            return not test["name"].startswith("test")  # what pytest takes from a class of `unittest`
        return test["base"] or self._is_inherited(test)

    def is_unclear(self, test: dict[str, Any]) -> bool:
        """Whether pytest may have passed over it since its class is none of tests."""
        return not test["sure"] and self._is_open(test) and _class_of(test) not in self.holders

    def missing_sets(self, test: dict[str, Any]) -> int:
        """How many of the parameter sets in a test's marks were not collected; none where it is not certain which `def` was."""
        collected = self.collected[test["id"]]
        return max(0, test["sets"] - collected) if collected and self.written[test["id"]] == 1 else 0

    def _is_open(self, test: dict[str, Any]) -> bool:
        return test["id"].partition("::")[0] in self.run.opened

    def _is_inherited(self, test: dict[str, Any]) -> bool:
        """Whether another class that was collected has the same method. A decorator's own function tells nothing but the name."""
        file = test["id"].partition("::")[0].rpartition("/")[2]
        lines = range(test["first"], test["line"] + 1)
        return any((file, line, test["name"]) in self.places for line in lines) or (not test["bare"] and test["name"] in self.inherited)


def _class_of(test: dict[str, Any]) -> str:
    return str(test["id"].rpartition("::")[0])


def _why_not(test: dict[str, Any], known: _Known) -> str:
    for problem in known.run.problems:
        place = problem["id"]
        if place and (test["id"].startswith(f"{place}::") or test["id"].startswith(f"{place}/")):
            words = "it can't be imported" if problem["outcome"] == "failed" else tidy(problem["text"].removeprefix("Skipped: "))
            return f"{place}: {words}"
    if test["note"]:
        return str(test["note"])
    if known.is_unclear(test):
        return "whether its class is a test class can't be told from its file"
    places = known.inventory["testpaths"]
    if places and not any(place == "." or test["id"].startswith((f"{place}/", f"{place}::")) for place in places):
        return f"it lies outside of the project's testpaths ({', '.join(places)})"
    return "a setting, an argument, a conftest.py or a plug-in leaves it out (such as collect_ignore, norecursedirs or --ignore)"


def tidy(text: str) -> str:
    """The first lines of a text, paths relative to the root, without what varies from run to run."""
    lines = text.strip().splitlines()
    kept = "\n".join(lines[:_MESSAGE_LINES]) + ("\n…" if len(lines) > _MESSAGE_LINES else "")
    return _WORKER_FOLDER.sub("popen-gw", _ADDRESS.sub("0x…", kept.replace("{root}/", ""))) or "no reason was given"
