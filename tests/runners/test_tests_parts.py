"""Tests that two machines shared, joined by the parser: nothing is lost, nothing counts twice, and no odd part makes a pass."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gates.api import GateError, Raw, Share
from gates.facts import read_facts
from gates.model import Facts, Status
from gates.observe import redacted
from gates.redact import Redactor
from gates.runners.tests import GATE, coverage, parts
from gates.testing import observe_raw
from tests.runners.tests_project import ENVIRONMENT, TWO_TESTS, WRONG, Project

pytestmark = pytest.mark.engine("pytest")

OPTIONS = {"retries": 1, "coverage": {"source": ["shop.py"]}}
FILES = {
    "shop.py": "def price(member):\n    if member:\n        return 1\n    return 2\n",
    "test_a.py": """\
import pytest, shop

@pytest.mark.parametrize("times", [1, 2, 3])
def test_member(times):
    assert shop.price(True) == 1

def test_broken():
    assert shop.price(True) == 2

def test_flaky(tmp_path_factory):
    mark = tmp_path_factory.getbasetemp().parent.parent / "seen-once"
    if not mark.exists():
        mark.write_text("")
        raise AssertionError("at first")
""",
    "test_b.py": """\
import pytest, shop

@pytest.mark.skip(reason="later")
def test_later():
    raise AssertionError

def test_other():
    assert shop.price(False) == 2

def test_wrong():
    assert shop.price(False) == 1
""",
    "test_c.py": "import shop\n\n\nclass TestC:\n    def test_c(self):\n        assert shop.price(0) == 2\n",
    "test_gone.py": "import nothing_of_this_name\n",
}
Members = dict[str, bytes]


def observed(project: Project, share: Share | None, options: Mapping[str, Any] = OPTIONS) -> Members:
    project.runs += 1
    work = project.folder / f"work-{project.runs}"
    work.mkdir()
    environment = {**ENVIRONMENT, "PART": str(share.part if share else 0)}
    chosen = {"python": sys.executable, **options}
    observation = observe_raw(GATE, root=project.root, work=work, options=chosen, environment=environment, share=share)
    return redacted(observation, Redactor(observation.secrets))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Members, Members, Members]:
    """One run of all, and two parts: one file is shared by its tests, one is in no list."""
    project = Project(tmp_path_factory.mktemp("tests")).write(FILES)
    items = {"test_b.py::test_other": 1, "test_b.py::test_wrong": 2, "test_b.py::test_later": 1}
    shares = [Share(part=number, parts=2, files={"test_a.py": 2, "test_gone.py": 1}, items=items) for number in (1, 2)]
    one, first, second = (observed(project, share) for share in (None, *shares))
    return one, first, second


def joined(*found: Members, many: int = 2) -> Facts:
    members = {"parts.json": json.dumps({"parts": many}).encode(), "observe.json": b'{"status": "completed"}'}
    for number, part in enumerate(found, 1):
        members |= {f"part-{number}/{name}": content for name, content in part.items()}
    return read_facts(GATE, "tests", members)


def test_two_parts_have_the_facts_of_one_run(runs: tuple[Members, Members, Members]) -> None:
    """Failures, skips, flakes, what can't be collected, coverage, tools: all of it."""
    one = read_facts(GATE, "tests", runs[0])
    assert one.status is Status.COMPLETED, one.reason
    assert joined(*runs[1:]) == one
    assert {finding.rule for finding in one.findings} == {"tests/failure", "tests/flake", "tests/error"}
    ran = [[event["test"] for event in events(json.loads(part["run.json"]), "started")] for part in runs[1:]]
    assert sorted(ran[0] + ran[1]) == list(range(9))
    assert min(map(len, ran)) > 1


def test_retries_of_both_parts_are_one_run_of_a_program(runs: tuple[Members, Members, Members]) -> None:
    again = [tool.argv for tool in joined(*runs[1:]).tools if any("retry-1" in word for word in tool.argv)]
    assert len(again) == 1
    assert again[0][-3:] == ("test_a.py::test_broken", "test_a.py::test_flaky", "test_b.py::test_wrong")


def test_durations_are_those_of_all_tests_in_parts_as_in_one(runs: tuple[Members, Members, Members]) -> None:
    members = {"parts.json": b'{"parts": 2}', "observe.json": b'{"status": "completed"}'}
    members |= {f"part-{number}/{name}": content for number, part in enumerate(runs[1:], 1) for name, content in part.items()}
    of_one, of_parts = (
        {test for tests in parts.milliseconds(Raw(gate="tests", uses="tests", parser=1, members=found)).values() for test in tests}
        for found in (runs[0], members)
    )
    assert of_one == of_parts
    assert len(of_one) == 9


def test_a_part_that_is_missing_is_named(runs: tuple[Members, Members, Members]) -> None:
    assert joined(runs[1]).reason == "part 2 of 2 is missing"
    assert joined({}, runs[2]).reason == "part 1 of 2 is missing"
    assert joined(*runs[1:], many=3).reason == "part 3 of 3 is missing"
    assert "gates observe PLAN --part 2" in joined(runs[1]).remedy


@pytest.mark.parametrize("many", [1, 0, -1, 257, "2", None])
def test_parts_of_no_number_are_no_run(runs: tuple[Members, Members, Members], many: Any) -> None:
    assert joined(*runs[1:], many=many).status is Status.ERROR


def test_a_member_of_no_part_is_refused(runs: tuple[Members, Members, Members]) -> None:
    assert joined(*runs[1:], runs[1]).reason == "part-3/1-python.stdout is of no part"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"inventory.json": b"{}"}, "their inventory.json is not the same"),
        ({"inventory.json": None}, "their inventory.json is not the same"),
        ({"run.json": b"{}"}, "could not be read"),
        ({"run.json": None}, "did not write run.json"),
        ({"tools.json": None}, "did not write tools.json"),
        ({"coverage.json": b"[]"}, "coverage report is not coverage.py's JSON"),
        ({"coverage.json": None}, "did not write coverage.json"),
        ({"coverage-sources.json": b"[]"}, "their coverage-sources.json is not the same"),
        ({"changed-lines.json": b"{}"}, "their changed-lines.json is not the same"),
        ({"base-tests.json": b"{}"}, "their base-tests.json is not the same"),
        ({"observe.json": b'{"status": "error", "reason": "it broke"}'}, "part 2 of 2 could not tell: it broke"),
        ({"observe.json": b'{"status": "not-applicable"}'}, "part 2 of 2 could not tell: it gave no reason"),
        ({"observe.json": b"[]"}, "could not be read"),
        ({"observe.json": None}, "did not write observe.json"),
    ],
)
def test_a_part_with_other_raw_output_is_no_pass(
    runs: tuple[Members, Members, Members], changes: Mapping[str, bytes | None], words: str
) -> None:
    second = {name: content for name, content in {**runs[2], **changes}.items() if content is not None}
    facts = joined(runs[1], second)
    assert facts.status is Status.ERROR
    assert words in facts.reason


# -- what a part says of its tests


def told(part: Members, change: Callable[[Any], None]) -> Members:
    """A part whose record of its tests was changed."""
    data = json.loads(part["run.json"])
    change(data)
    return {**part, "run.json": json.dumps(data).encode()}


def events(data: Any, kind: str) -> Iterator[Any]:
    return (event for stream in data["streams"] for event in stream if event["event"] == kind)


def first(data: Any, kind: str) -> Any:
    return next(events(data, kind))


def leave(data: Any) -> None:
    """Say of a test of this part that it is another's."""
    lost = first(data, "collected")["selected"].pop(0)
    first(data, "share")["elsewhere"].append(lost)
    data["streams"] = [[event for event in stream if event.get("test") != lost] for stream in data["streams"]]


def drop(data: Any) -> None:
    first(data, "share")["elsewhere"].pop()


def rename(data: Any) -> None:
    first(data, "test")["id"] = "test_a.py::test_another"


def reverse(data: Any) -> None:
    one, two = list(events(data, "test"))[:2]
    one["id"], two["id"] = two["id"], one["id"]


def deselect(data: Any) -> None:
    first(data, "collected")["deselected"].append(first(data, "share")["elsewhere"].pop())


def collect(data: Any) -> None:
    data["streams"] = [[event for event in stream if event["event"] != "collect"] for stream in data["streams"]]


def other_version(part: Members) -> Members:
    return {**part, "tools.json": part["tools.json"].replace(b'"version": "', b'"version": "9')}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (leave, "was run in no part"),
        (drop, "part 2 of 2: 1 of 9 collected tests were dropped without a word"),
        (rename, "they collected different tests, such as test_a.py::test_member[1]"),
        (reverse, "they collected the same tests in another order"),
        (deselect, "one of them deselected test_"),
        (collect, "one of them could not collect test_gone.py, and the other could"),
    ],
)
def test_a_part_that_says_otherwise_which_tests_there_are_is_no_pass(
    runs: tuple[Members, Members, Members], change: Callable[[Any], None], words: str
) -> None:
    facts = joined(runs[1], told(runs[2], change))
    assert facts.status is Status.ERROR
    assert words in facts.reason


def test_one_part_twice_is_no_run(runs: tuple[Members, Members, Members]) -> None:
    assert joined(runs[2], runs[2]).reason.endswith("was run in the parts 1 and 2")


def test_parts_by_different_versions_of_a_tool_are_not_of_one_run(runs: tuple[Members, Members, Members]) -> None:
    assert "and the other 9" in joined(runs[1], other_version(runs[2])).reason


def test_a_part_alone_is_not_a_whole_run(runs: tuple[Members, Members, Members]) -> None:
    assert read_facts(GATE, "tests", runs[1]).reason == "pytest left tests to another machine, and there is none"


def test_the_processes_of_pytest_xdist_share_what_their_machine_has(tmp_path: Path) -> None:
    project = Project(tmp_path).write({"test_a.py": TWO_TESTS, "test_b.py": WRONG})
    options = {"args": ["-p", "xdist", "-n", "1"]}
    found = [observed(project, Share(part=part, parts=2, files={"test_a.py": 2, "test_b.py": 1}, items={}), options) for part in (1, 2)]
    ran = [[event["test"] for event in events(json.loads(part["run.json"]), "started")] for part in found]
    assert ran == [[2], [0, 1]]
    facts = joined(*found)
    assert [finding.rule for finding in facts.findings] == ["tests/failure"], facts.reason
    assert {tool.tool: tool.exit_code for tool in facts.tools}["pytest"] == 1


def test_a_conftest_can_t_invent_another_machine(tmp_path: Path) -> None:
    """The workers of pytest-xdist read what they are to share after the project's code has begun."""
    share = json.dumps({"part": 1, "parts": 2, "files": {"test_a.py": 1, "test_b.py": 2}, "tests": {}})
    conftest = f"import os, pathlib\n\npathlib.Path(os.environ['GATES_PYTEST_EVENTS'], 'share.json').write_text({json.dumps(share)})\n"
    project = Project(tmp_path).write({"test_a.py": TWO_TESTS, "test_b.py": WRONG, "conftest.py": conftest})
    facts = project.observe({"args": ["-p", "xdist", "-n", "1"]})
    assert facts.reason == "pytest left tests to another machine, and there is none"


# -- coverage


def report(missing: list[int], executed: list[int], **summary: int) -> dict[str, Any]:
    counted = {"num_statements": 4, "excluded_lines": 0, "covered_lines": 4 - len(missing), **summary}
    return {"files": {"a.py": {"missing_lines": missing, "executed_lines": executed, "summary": counted}}}


def test_a_line_that_ran_in_one_part_was_run() -> None:
    found = coverage.combined([report([2, 3], [1, 4]), report([3, 4], [1, 2]), {"files": {}}])["files"]["a.py"]
    assert (found["missing_lines"], found["executed_lines"], found["summary"]["covered_lines"]) == ([3], [1, 2, 4], 3)


@pytest.mark.parametrize("other", [{"num_statements": 5}, {"excluded_lines": 1}])
def test_parts_that_counted_different_lines_are_refused(other: Mapping[str, int]) -> None:
    with pytest.raises(GateError, match=r"counted different lines of a\.py"):
        coverage.combined([report([2], [1]), report([2], [1], **other)])


# -- which tests are looked for while a run is planned


def test_files_are_those_that_the_project_s_settings_name(tmp_path: Path) -> None:
    options = GATE.options()
    names = ["a_test.py", "app.py", "check_a.py", "test_a.py"]
    assert parts.files(tmp_path, names, options) == ["a_test.py", "test_a.py"]
    (tmp_path / "pytest.ini").write_text("[pytest]\npython_files = check_*.py\n")
    assert parts.files(tmp_path, names, options) == ["a_test.py", "check_a.py", "test_a.py"]
    (tmp_path / "pytest.ini").write_text("[pytest\n")
    assert parts.files(tmp_path, names, options) == ["a_test.py", "test_a.py"]


def test_another_test_runner_is_not_shared() -> None:
    assert GATE.division is not None
    assert GATE.division.why_not(GATE.options(command=("make", "test"), junit="report.xml"))
    assert not GATE.division.why_not(GATE.options())
