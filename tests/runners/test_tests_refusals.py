"""What the tests gate refuses: interpreters, settings, coverage and streams of events that prove nothing."""

from __future__ import annotations

import json
import py_compile
import sys
from pathlib import Path
from typing import Any

import pytest

from gates import codec
from gates.api import GateError, Status
from gates.runners.tests import GATE, Options, tampering
from gates.runners.tests.inventory import read_settings
from gates.runners.tests.results import read_run
from tests.api.making import a_context
from tests.runners.tests_project import TWO_TESTS, WRONG, Project, skipped

pytestmark = pytest.mark.engine("pytest")
COVERED = {"coverage": {"source": ["shop.py"]}}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path).write({"shop.py": "VALUE = 1\n", "test_a.py": TWO_TESTS})


def interpreter(project: Project, *lines: str) -> str:
    """An interpreter of the project: ours, but for what these lines of a shell script do first."""
    path = project.write({"bin/python": "\n".join(["#!/bin/sh", *lines, f'exec {sys.executable} "$@"\n'])}).root / "bin/python"
    path.chmod(0o755)
    return "bin/python"


def says(versions: str) -> str:
    return f"if [ \"$1\" = -c ]; then echo '{versions}'; exit; fi"


# -- interpreters


@pytest.mark.parametrize(
    ("line", "options", "reason"),
    [
        ("echo 'no such library' >&2; exit 127", {}, "the project's interpreter could not be asked for its pytest: no such library"),
        (says("[]"), {}, "the project's interpreter could not be asked for its pytest: []"),
        (says('{"pytest": "7.3.2"}'), {}, "the project's pytest is 7.3.2, and the oldest that can be observed is 7.4"),
        (says('{"pytest": "8.4.2"}'), COVERED, "the project's interpreter has no coverage.py"),
        ('if [ "$1" = -I ]; then echo no room >&2; exit 3; fi', {}, "the test files could not be listed: no room"),
    ],
)
def test_an_interpreter_that_will_not_do_is_refused(project: Project, line: str, options: dict[str, Any], reason: str) -> None:
    facts = project.observe({"python": interpreter(project, line), **options})
    assert (facts.status, facts.reason) == (Status.ERROR, reason)
    assert facts.remedy


def test_the_program_of_another_runner_is_needed(tmp_path: Path) -> None:
    assert GATE.needs is not None
    (need,) = GATE.needs(tmp_path, Options(command=("no-such-program-of-ours",), junit="out.xml"))
    assert (need.name, need.found) == ("no-such-program-of-ours", None)


# -- settings and options


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("pyproject.toml", "[tool.pytest", "TOMLDecodeError"),
        ("pytest.ini", "addopts = -q\n", "MissingSectionHeaderError"),
        ("setup.cfg", "[tool:pytest]\n\u00e9\n", "ParsingError"),
        ("pyproject.toml", "tool = 1\n", "AttributeError"),
        ("pyproject.toml", "[tool.pytest]\nini_options = 4\n", "TypeError"),
    ],
)
def test_settings_that_can_not_be_read_are_not_passed_over(tmp_path: Path, name: str, text: str, kind: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(GateError) as raised:
        read_settings(tmp_path, Options(), major=9)
    said, _, why = raised.value.reason.rpartition(": ")
    # detect-secrets gives Python's own error of that name a longer one, where it is loaded in this process.
    assert (said, why.removeprefix("Efficient")) == (f"the settings of pytest in {name} can't be read", kind)
    assert raised.value.remedy == f"mend {name}"


def test_a_command_can_not_be_measured_from_here() -> None:
    with pytest.raises(ValueError, match="with `command`, coverage needs a `report` that the command writes"):
        codec.decode(Options, {"command": ["x"], "junit": "y", **COVERED})
    assert codec.decode(Options, {"command": ["x"], "junit": "y", "coverage": {"source": ["shop.py"], "report": "z"}}).coverage


# -- coverage

WRITE = "import os, sys; open(sys.argv[1], 'w').write('<testsuite tests=\"1\"><testcase name=\"a\"/></testsuite>'); "


def test_a_source_without_a_file_measures_nothing(project: Project) -> None:
    facts = project.observe({"coverage": {"source": ["shop.py", "lib"]}})
    assert (facts.status, facts.reason) == (Status.ERROR, "coverage.source 'lib' names no Python file of the repository")
    assert facts.remedy


@pytest.mark.parametrize(
    ("then", "reason"),
    [
        ("os.remove('coverage.json')", "the tests did not write the coverage report coverage.json"),
        ("open('coverage.json', 'w').write('[]')", "the coverage report is not coverage.py's JSON"),
        ("open('coverage.json', 'w').write('{\"files\": {}}')", "coverage.py counted no line of `coverage.source`"),
    ],
)
def test_a_report_of_coverage_must_be_there_and_say_something(project: Project, then: str, reason: str) -> None:
    project.write({"coverage.json": json.dumps({"files": {}, "of": "an earlier run"})})
    command = ["{python}", "-c", WRITE + then, "{raw}/out.xml"]
    options = {"python": "", "command": command, "junit": "out.xml", "coverage": {"source": ["shop.py"], "report": "coverage.json"}}
    facts = project.observe(options)
    assert (facts.status, facts.reason) == (Status.ERROR, reason)
    assert facts.remedy


# -- what was run


def test_a_file_that_can_not_be_read_and_is_left_out_is_listed(project: Project) -> None:
    project.write({"old/conftest.py": "collect_ignore = ['test_old.py']\n", "old/test_old.py": "def test_old():\n    print 1\n"})
    assert skipped(project.observe()) == {"old/test_old.py": "not collected: its source can't be read (SyntaxError in line 2)"}


def process(collected: str, *, ran: int) -> list[dict[str, Any]]:
    """What one process of pytest says that collected these tests and ran the one of this number, which passed."""
    tests = [{"event": "test", "id": f"test_a.py::{id}", "path": "test_a.py", "line": 1, "own": None} for id in collected.split()]
    outcome = {"event": "report", "when": "call", "outcome": "passed", "xfail": None, "part": False, "text": ""}
    return [
        *tests,
        {"event": "collected", "selected": [*range(len(tests))], "deselected": [], "keyword": "", "marks": ""},
        {"event": "started", "test": ran},
        {"event": "raw", "test": ran, "when": "call", "kind": "passed", "marked": False},
        {"test": ran, **outcome},
        {"event": "finished", "test": ran},
        {"event": "finish", "stopped": ""},
    ]


def test_processes_that_collected_different_tests_are_refused() -> None:
    """Each names its tests by number: what passed in the second would be taken for another test."""
    first = process("test_a test_b", ran=0)
    run = read_run({"streams": [first, process("test_a test_b", ran=1)], "exit_code": 0})
    assert [test.result for test in run.tests] == ["passed", "passed"]
    with pytest.raises(GateError, match="the processes of pytest collected different tests") as raised:
        read_run({"streams": [first, process("test_b test_a", ran=1)], "exit_code": 0})
    assert raised.value.remedy


def test_a_link_among_the_evidence_is_refused(project: Project) -> None:
    """pytest itself writes through it, to wherever it leads."""
    conftest = "import os\n\n\ndef pytest_configure(config):\n    os.symlink(os.path.abspath('elsewhere.xml'), config.option.xmlpath)\n"
    facts = project.write({"conftest.py": conftest}).observe()
    assert facts.status is Status.ERROR
    assert facts.reason == "something wrote 'run-junit.xml' among the evidence while the tests ran"


# -- what would be taken in the place of what is to be examined


@pytest.mark.parametrize("name", ["pytest", "_pytest", "pluggy", "quality_gates_events", "quality_gates_watch"])
def test_a_module_in_the_place_of_what_the_proof_is_made_of_is_refused(tmp_path: Path, name: str) -> None:
    given = a_context(tmp_path)
    (given.root / f"{name}.py").write_text("", "utf-8")
    with pytest.raises(GateError, match=f"{name}.py in the root would be imported in the place of"):
        tampering.check_names(given, covered=False)


def test_a_compiled_module_in_a_cache_is_held_against_its_source(tmp_path: Path) -> None:
    """Python believes one that says of itself that it needs no check. No gate looks into a cache: it is nobody's source."""
    test = "import shop\n\n\ndef test_one():\n    assert shop.one() == 1\n"
    project = Project(tmp_path).write({"shop.py": "def one():\n    return 1\n", "test_a.py": test})
    py_compile.compile(str(project.root / "shop.py"), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    project.write({"shop.py": "def one():\n    return 2\n"})
    assert project.alone() == "exit code 0, 1 passed"
    assert [finding.rule for finding in project.observe().findings] == ["tests/failure"]


def test_settings_do_not_end_a_run_at_its_first_failure(tmp_path: Path) -> None:
    files = {"pytest.ini": "[pytest]\naddopts = --maxfail=1\n", "test_a.py": f"{WRONG}\n\n{WRONG.replace('test_wrong', 'test_also')}"}
    project = Project(tmp_path).write(files)
    assert project.alone() == "exit code 1, 1 failed"
    assert [finding.rule for finding in project.observe().findings] == ["tests/failure"] * 2
