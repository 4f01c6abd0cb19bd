"""Whether a test that pytest calls passed ran at all: the interpreter saw its own function begin and return, or it did not pass."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from gates.api import GateError
from gates.runners.tests.results import Result, Run, Test

NOT_RUN = "reported as passed, but its own function never ran: a decorator, a hook or a plug-in passes it by"
_REMEDY = (
    "a conftest.py or a plug-in answers in the test's place, or swallows what it raises "
    "(pytest_pyfunc_call, pytest_runtest_call, item.obj, item.runtest): remove that"
)


def check(run: Run, inventory: dict[str, Any]) -> set[str]:
    """Ids of the tests that passed without having run, where their source leaves room for that.

    Raises `GateError` where it leaves none: nothing but marks stands between the test and pytest.
    """
    written = defaultdict(list)
    for entry in inventory["tests"]:
        if entry["name"]:
            written[entry["id"]].append(entry)
    return {
        test.id for test in run.tests if test.finished and test.result is Result.PASSED and _passed_by(test, written[function_of(test.id)])
    }


def _passed_by(test: Test, written: list[dict[str, Any]]) -> bool:
    if test.ran is None:
        raise GateError(
            f"it can't be known whether {test.id} ran: a profiler was at work in its process",
            remedy="run the tests without a profiler, or with Python 3.12 or later, where both can be",
        )
    if not written:
        return test.own is not None and test.own not in [place[:3] for place in test.ran]
    fitting = [place for place in test.ran if any(_fits(place, test.id, entry) for entry in written)]
    bare = all(entry["bare"] for entry in written)
    if bare and not fitting:
        raise GateError(f"{test.id} was reported as passed, but its own function never ran", remedy=_REMEDY)
    if bare and not any(place[3] for place in fitting):
        raise GateError(f"{test.id} raised an exception and was reported as passed", remedy=_REMEDY)
    return not fitting


def _fits(place: list[Any], test: str, entry: dict[str, Any]) -> bool:
    file, line, name, _ = place
    same_file = file == test.partition("::")[0].rpartition("/")[2]
    # A function that is inherited stands in another line than the class; the file and the name are what is known.
    return bool(same_file and name == entry["name"] and entry["first"] <= line <= entry["line"])


def function_of(node_id: str) -> str:
    """A test's id without its parameters."""
    path, separator, inner = node_id.partition("::")
    return path + separator + inner.partition("[")[0]


def is_expanded(entry: dict[str, Any], made: Iterable[str]) -> bool:
    """Whether a decorator has made numbered tests of one, as `parameterized.expand` does. `made` are those that no file shows."""
    numbered = re.compile(rf"{re.escape(entry['id'])}_?\d")
    return not entry["bare"] and any(numbered.match(test) for test in made)
