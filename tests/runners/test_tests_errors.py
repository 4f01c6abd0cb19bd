"""Runs of pytest that can't be believed or did not happen, and what is listed of those that did."""

from __future__ import annotations

from pathlib import Path

import pytest

from gates.model import Kind, Outcome, Status
from tests.guarantees import judged
from tests.runners.tests_project import TWO_TESTS, WRONG, Project, counts, findings, skipped

pytestmark = pytest.mark.engine("pytest")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


UNTRUSTWORTHY = {
    "a test kills the process": (
        {"test_a.py": "import os\n\n\ndef test_a():\n    os.kill(os.getpid(), 9)\n"},
        "pytest was killed by SIGKILL in the middle of test_a.py::test_a",
    ),
    "conftest sets a code of failure": (
        {"test_a.py": TWO_TESTS, "conftest.py": "def pytest_sessionfinish(session):\n    session.exitstatus = 1\n"},
        "pytest ended with exit code 1, which the outcomes of its tests do not explain",
    ),
    "no tests at all": ({"shop.py": "VALUE = 1\n"}, "pytest found no tests"),
    "a conftest that can't be imported": (
        {"test_a.py": TWO_TESTS, "conftest.py": "import no_such_module\n"},
        "pytest could not start: ModuleNotFoundError: No module named 'no_such_module'",
    ),
    "an unknown argument in the settings": (
        {"test_a.py": TWO_TESTS, "pytest.ini": "[pytest]\naddopts = --no-such-thing\n"},
        "pytest could not start: unrecognized arguments: --no-such-thing",
    ),
    "a hook that breaks": (
        {"test_a.py": TWO_TESTS, "conftest.py": "def pytest_runtest_logstart():\n    raise RuntimeError('oh')\n"},
        "pytest itself broke: RuntimeError: oh",
    ),
}


@pytest.mark.parametrize("name", UNTRUSTWORTHY)
def test_a_run_that_can_not_be_believed_is_an_error(project: Project, name: str) -> None:
    files, reason = UNTRUSTWORTHY[name]
    facts = project.write(files).observe()
    assert facts.status is Status.ERROR
    assert facts.reason.startswith(reason)
    assert facts.remedy


def test_settings_can_not_block_our_plug_in(project: Project) -> None:
    facts = project.write({"test_a.py": WRONG, "pytest.ini": "[pytest]\naddopts = -p no:quality_gates_events\n"}).observe()
    assert len(findings(facts, "failure")) == 1


def test_what_the_policy_deselects_is_listed_and_counted(project: Project) -> None:
    facts = project.write({"test_a.py": TWO_TESTS + WRONG}).observe({"args": ["-k", "test_b"]})
    assert skipped(facts) == {f"test_a.py::test_{name}": "deselected by -k 'test_b'" for name in ("a", "wrong")}
    assert counts(facts) == {"tests": "3", "passed": "1", "skipped": "2", "xfailed": "0", "flakes": "0", "removed-tests": "0"}
    nothing = project.observe({"args": ["-k", "nothing"]})
    assert nothing.examined is not None
    assert (nothing.examined.done, nothing.examined.expected) == (0, 3)
    assert judged(nothing).outcome is Outcome.FAILED


RUN_AGAIN = {
    # As pytest-rerunfailures does it: each attempt is reported, a failure as `rerun`.
    "reported": (
        "def pytest_runtest_protocol(item, nextitem):\n    where = {'nodeid': item.nodeid, 'location': item.location}\n"
        "    for _ in range(2):\n        item.ihook.pytest_runtest_logstart(**where)\n"
        "        reports = runtestprotocol(item, nextitem=nextitem, log=False)\n        again = any(report.failed for report in reports)\n"
        "        for report in reports:\n            report.outcome = 'rerun' if report.failed else report.outcome\n"
        "            item.ihook.pytest_runtest_logreport(report=report)\n"
        "        item.ihook.pytest_runtest_logfinish(**where)\n        if not again:\n            return True\n"
    ),
    # As flaky does it: a failure is kept back.
    "kept back": (
        "def pytest_runtest_protocol(item, nextitem):\n    where = {'nodeid': item.nodeid, 'location': item.location}\n"
        "    for _ in range(2):\n        item.ihook.pytest_runtest_logstart(**where)\n"
        "        reports = runtestprotocol(item, nextitem=nextitem, log=False)\n        item.ihook.pytest_runtest_logfinish(**where)\n"
        "        if all(report.passed for report in reports):\n            break\n"
        "    for report in reports:\n        item.ihook.pytest_runtest_logreport(report=report)\n    return True\n"
    ),
}


@pytest.mark.parametrize("way", RUN_AGAIN)
def test_what_a_plug_in_runs_again_until_it_passes_is_a_flake(project: Project, way: str) -> None:
    second = "TRIES = []\n\n\ndef test_second():\n    TRIES.append(1)\n    assert len(TRIES) > 1\n"
    conftest = "from _pytest.runner import runtestprotocol\n\n\n" + RUN_AGAIN[way]
    facts = project.write({"test_a.py": second, "test_b.py": TWO_TESTS, "conftest.py": conftest}).observe()
    (flake,) = findings(facts, "flake")
    assert flake.message.startswith("test_second failed at first and passed when it was run again")
    assert counts(facts) == {"tests": "3", "passed": "3", "skipped": "0", "xfailed": "0", "flakes": "1", "removed-tests": "0"}


def test_what_is_marked_to_be_left_out_keeps_its_reason(project: Project) -> None:
    marked = (
        "import pytest\n\n\n@pytest.mark.skip(reason='later')\ndef test_a():\n    assert 0\n\n\n"
        "@pytest.mark.xfail(reason='known')\ndef test_c():\n    assert 0\n\n\n"
        "@pytest.mark.xfail(run=False, reason='crashes')\ndef test_d():\n    assert 0\n\n\n"
        "def test_gives():\n    return {}\n"
    )
    facts = project.write({"test_a.py": marked}).observe()
    assert counts(facts) == {"tests": "4", "passed": "1", "skipped": "2", "xfailed": "1", "flakes": "0", "removed-tests": "0"}
    assert skipped(facts) == {"test_a.py::test_a": "later", "test_a.py::test_d": "[NOTRUN] crashes"}
    (xfail,) = findings(facts, "xfail")
    assert xfail.suppressed_by == "xfail"
    (returned,) = findings(facts, "returned-value")
    assert returned.kind is Kind.NEEDS_REVIEW


@pytest.mark.engine("coverage")
def test_what_coverage_leaves_out_is_counted(project: Project) -> None:
    project.write(
        {
            "shop.py": "def used():\n    return 1\n\n\ndef hidden():\n    return 1\n",
            "test_a.py": "from shop import used\n\n\ndef test_used():\n    assert used()\n",
            ".coveragerc": "[report]\nexclude_lines = def hidden\n",
        }
    )
    measured = counts(project.observe({"coverage": {"source": ["shop.py"]}}))
    assert (measured["line-coverage"], measured["excluded-lines"], measured["unmeasured-files"]) == ("100", "2", "0")
    nothing = project.write({".coveragerc": "[run]\nomit = *\n"}).observe({"coverage": {"source": ["shop.py"]}})
    assert nothing.reason == "coverage.py could not report: No data to report."


def test_no_settings_of_ours_stand_above_the_folders_of_tests(project: Project) -> None:
    """A test may start a pytest of its own there, which would take them for its root."""
    looks = "def test_a(tmp_path):\n    assert not [up for up in tmp_path.parents if (up / 'pytest.ini').exists()]\n"
    facts = project.write({"test_a.py": looks}).observe()
    assert counts(facts)["passed"] == "1"
