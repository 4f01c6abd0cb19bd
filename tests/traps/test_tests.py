"""Traps of a run of pytest: it ends early, or what it says of itself is not what happened."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.guarantees import Seen, errored, failed, judged, passed, trap
from tests.runners.tests_project import TWO_TESTS, WRONG, Project

pytestmark = pytest.mark.engine("pytest")

#: The head of a hook of `conftest.py` that stands around pytest's own.
AROUND = "import pytest\n\n\n@pytest.hookimpl(hookwrapper=True)\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def seen(project: Project, tests: str, conftest: str = "", settings: str = "") -> Seen:
    """Both answers for one file of tests with its `conftest.py` and a line of settings."""
    files = {"test_a.py": tests, "conftest.py": conftest, "pytest.ini": f"[pytest]\n{settings}\n"}
    project.write({name: text for name, text in files.items() if text and text != "[pytest]\n\n"})
    return judged(project.observe(), alone=project.alone())


@trap(
    "P1",
    "a test ends the process with `os._exit(0)`",
    alone="exit code 0",
    here=errored("the process exited with 0 in the middle of test_a.py::test_b"),
)
def test_p1_a_test_ends_the_process(project: Project) -> Seen:
    return seen(project, "import os\n\n\ndef test_a():\n    assert True\n\n\ndef test_b():\n    os._exit(0)\n")


@trap(
    "P1",
    "a test file ends the process while it is imported",
    alone="exit code 0",
    here=errored("the process exited with 0 while it collected tests"),
)
def test_p1_a_file_ends_the_process(project: Project) -> Seen:
    return seen(project, "import os\n\nos._exit(0)\n\n\n" + WRONG)


@trap(
    "P2",
    "a test calls `pytest.exit(returncode=0)`",
    alone="exit code 0, no tests ran",
    here=errored("pytest was made to stop in the middle of test_a.py::test_a: _pytest.outcomes.Exit: enough"),
)
def test_p2_a_test_stops_pytest(project: Project) -> Seen:
    return seen(project, "import pytest\n\n\ndef test_a():\n    pytest.exit('enough', returncode=0)\n\n\n" + WRONG)


@trap("P3", "a `conftest.py` sets the exit status", alone="exit code 0, 1 failed", here=failed("test_wrong failed: AssertionError"))
def test_p3_conftest_sets_the_exit_status(project: Project) -> Seen:
    return seen(project, WRONG, "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n")


@trap(
    "P3",
    "a `conftest.py` ends the process as it exits",
    alone="exit code 0, 1 failed",
    here=failed("test_wrong failed: AssertionError"),
)
def test_p3_conftest_exits_at_exit(project: Project) -> Seen:
    return seen(project, WRONG, "import atexit, os, sys\n\natexit.register(lambda: (sys.stdout.flush(), os._exit(0)))\n")


@trap(
    "P4",
    "a `conftest.py` rewrites the report of a failure as passed",
    alone="exit code 0, 1 passed",
    here=errored("test_a.py::test_wrong raised AssertionError and was reported as passed"),
)
def test_p4_a_report_is_rewritten(project: Project) -> Seen:
    rewrite = "def pytest_runtest_makereport():\n    report = (yield).get_result()\n    report.outcome, report.longrepr = 'passed', None\n"
    return seen(project, WRONG, AROUND + rewrite)


@trap(
    "P4",
    "a `conftest.py` rewrites the report of a failure as skipped",
    alone="exit code 0, 1 passed, 1 skipped",
    here=errored("test_a.py::test_wrong raised AssertionError and was reported as skipped"),
)
def test_p4_a_failure_becomes_a_skip(project: Project) -> Seen:
    rewrite = (
        "def pytest_runtest_makereport():\n    report = (yield).get_result()\n    if report.failed:\n"
        "        report.outcome = 'skipped'\n        report.longrepr = ('a', 1, 'Skipped: later')\n"
    )
    return seen(project, WRONG + "\n\ndef test_right():\n    assert 1\n", AROUND + rewrite)


@trap(
    "P4",
    "a `conftest.py` swallows the exception of a test",
    alone="exit code 0, 1 passed",
    here=errored("test_a.py::test_wrong raised AssertionError and was reported as passed"),
)
def test_p4_an_exception_is_swallowed(project: Project) -> Seen:
    return seen(project, WRONG, AROUND + "def pytest_pyfunc_call():\n    (yield).force_result(True)\n")


@trap(
    "P4",
    "a `conftest.py` takes the exception out before pytest makes a report of it",
    alone="exit code 0, 1 passed",
    here=errored("test_a.py::A::test_wrong raised an exception and was reported as passed"),
)
def test_p4_an_exception_is_taken_out(project: Project) -> Seen:
    unit = "import unittest\n\n\nclass A(unittest.TestCase):\n    def test_wrong(self):\n        self.assertEqual(1, 2)\n"
    take = "def pytest_runtest_makereport(item, call):\n    call.excinfo = item._excinfo = None\n    yield\n"
    return seen(project, unit, AROUND.replace("=True", "=True, tryfirst=True") + take)


@trap(
    "P4",
    "a `conftest.py` reports in pytest's place",
    alone="exit code 0, 1 passed",
    here=errored("nothing stands behind the outcome of test_a.py::test_wrong: pytest reported passed and our plug-in saw no result"),
)
def test_p4_another_reports(project: Project) -> Seen:
    protocol = (
        "from _pytest.reports import TestReport\n\n\ndef pytest_runtest_protocol(item):\n"
        "    hook, where = item.ihook, {'nodeid': item.nodeid, 'location': item.location}\n"
        "    hook.pytest_runtest_logstart(**where)\n"
        "    hook.pytest_runtest_logreport(report=TestReport(**where, keywords={}, outcome='passed', longrepr=None, when='call'))\n"
        "    hook.pytest_runtest_logfinish(**where)\n    return True\n"
    )
    return seen(project, WRONG, protocol)


@trap(
    "P5",
    "a `conftest.py` drops a collected test",
    alone="exit code 0, 2 passed",
    here=errored("1 of 3 collected tests were dropped without a word, such as test_a.py::test_wrong"),
)
def test_p5_a_test_is_dropped(project: Project) -> Seen:
    return seen(project, TWO_TESTS + WRONG, "def pytest_collection_modifyitems(items):\n    items.pop()\n")


@trap(
    "P5",
    "a `conftest.py` swallows a test",
    alone="exit code 0, 2 passed",
    here=errored("1 of 3 collected tests were never run, such as test_a.py::test_wrong"),
)
def test_p5_a_test_is_swallowed(project: Project) -> Seen:
    return seen(project, TWO_TESTS + WRONG, "def pytest_runtest_protocol(item):\n    return item.name == 'test_wrong' or None\n")


@trap(
    "P6",
    "`-k` in the settings of pytest leaves a test out",
    alone="exit code 0, 1 passed, 2 deselected",
    here=passed("test_a.py::test_wrong: deselected by -k 'test_b'"),
)
def test_p6_a_keyword_in_the_settings(project: Project) -> Seen:
    return seen(project, TWO_TESTS + WRONG, settings="addopts = -k test_b")


@trap(
    "P6",
    "`--collect-only` in the settings of pytest",
    alone="exit code 0, 1 test collected",
    here=errored("1 of 1 collected tests were never run, such as test_a.py::test_wrong"),
)
def test_p6_only_collected(project: Project) -> Seen:
    return seen(project, WRONG, settings="addopts = --collect-only")


@trap(
    "P6",
    "`PYTEST_ADDOPTS` in the environment leaves a test out",
    alone="exit code 0, 2 passed, 1 deselected",
    here=failed("test_wrong failed: AssertionError"),
)
def test_p6_arguments_in_the_environment(project: Project) -> Seen:
    environment = {"PYTEST_ADDOPTS": "--deselect test_a.py::test_wrong"}
    project.write({"test_a.py": TWO_TESTS + WRONG})
    return judged(project.observe(environment=environment), alone=project.alone(environment=environment))


@trap(
    "P6",
    "`--setup-only` in the settings of pytest",
    alone="exit code 0, no tests ran",
    here=errored("test_a.py::test_wrong ended without an outcome"),
)
def test_p6_only_set_up(project: Project) -> Seen:
    return seen(project, WRONG, settings="addopts = --setup-only")


@trap(
    "P10",
    "a `conftest.py` removes the plug-in that watches",
    alone="exit code 0, 2 passed",
    here=errored("pytest ended before its last test: the process exited with 0 while it collected tests"),
)
def test_p10_our_plug_in_is_removed(project: Project) -> Seen:
    remove = "    manager = session.config.pluginmanager\n    if manager.hasplugin(name):\n        manager.unregister(name=name)\n"
    return seen(project, TWO_TESTS, f"def pytest_sessionstart(session):\n    name = 'quality-gates-events'\n{remove}")
