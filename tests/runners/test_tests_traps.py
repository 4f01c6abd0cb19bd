"""Every known way in which pytest says "passed" when it isn't so: each must end in an error, a failure or a skip with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from gates.model import Kind, Status
from tests.runners.tests_project import TWO_TESTS, Project, counts, findings, skipped

WRONG = "def test_wrong():\n    assert 1 == 2\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


UNTRUSTWORTHY = {
    "P1 a test ends the process": (
        {"test_a.py": "import os\n\n\ndef test_a():\n    assert True\n\n\ndef test_b():\n    os._exit(0)\n"},
        "pytest ended before its last test: the process exited with 0 in the middle of test_a.py::test_b",
    ),
    "P1 a file ends the process while it is imported": (
        {"test_a.py": "import os\nos._exit(0)\n"},
        "pytest ended before its last test: the process exited with 0 while it collected tests",
    ),
    "P1 a test kills the process": (
        {"test_a.py": "import os\n\n\ndef test_a():\n    os.kill(os.getpid(), 9)\n"},
        "pytest was killed by SIGKILL in the middle of test_a.py::test_a",
    ),
    "P2 pytest.exit with a code of its own": (
        {"test_a.py": "import pytest\n\n\ndef test_a():\n    pytest.exit('enough', returncode=0)\n\n\n" + WRONG},
        "pytest was made to stop in the middle of test_a.py::test_a",
    ),
    "P3 conftest sets a code": (
        {"test_a.py": TWO_TESTS, "conftest.py": "def pytest_sessionfinish(session):\n    session.exitstatus = 1\n"},
        "pytest ended with exit code 1, which the outcomes of its tests do not explain",
    ),
    "P4 conftest rewrites the report": (
        {
            "test_a.py": WRONG,
            "conftest.py": "import pytest\n\n\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport():\n"
            "    report = (yield).get_result()\n    report.outcome, report.longrepr = 'passed', None\n",
        },
        "test_a.py::test_wrong raised AssertionError and was reported as passed",
    ),
    "P4 conftest turns a failure into a skip": (
        {
            "test_a.py": WRONG,
            "conftest.py": "import pytest\n\n\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport():\n"
            "    report = (yield).get_result()\n    if report.failed:\n        report.outcome = 'skipped'\n"
            "        report.longrepr = ('a', 1, 'Skipped: later')\n",
        },
        "test_a.py::test_wrong raised AssertionError and was reported as skipped",
    ),
    "P4 conftest swallows the exception": (
        {
            "test_a.py": WRONG,
            "conftest.py": "import pytest\n\n\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_pyfunc_call():\n"
            "    outcome = yield\n    outcome.force_result(True)\n",
        },
        "test_a.py::test_wrong raised AssertionError and was reported as passed",
    ),
    "P4 conftest reports in pytest's place": (
        {
            "test_a.py": WRONG,
            "conftest.py": "from _pytest.reports import TestReport\n\n\ndef pytest_runtest_protocol(item):\n"
            "    hook, where = item.ihook, {'nodeid': item.nodeid, 'location': item.location}\n"
            "    hook.pytest_runtest_logstart(**where)\n"
            "    hook.pytest_runtest_logreport(report=TestReport(**where, keywords={}, outcome='passed', longrepr=None, when='call'))\n"
            "    hook.pytest_runtest_logfinish(**where)\n    return True\n",
        },
        "nothing stands behind the outcome of test_a.py::test_wrong: pytest reported passed and our plug-in saw no result",
    ),
    "P5 conftest drops a test": (
        {"test_a.py": TWO_TESTS + WRONG, "conftest.py": "def pytest_collection_modifyitems(items):\n    items.pop()\n"},
        "1 of 3 collected tests were dropped without a word, such as test_a.py::test_wrong",
    ),
    "P5 conftest swallows a test": (
        {
            "test_a.py": TWO_TESTS + WRONG,
            "conftest.py": "def pytest_runtest_protocol(item):\n    return item.name == 'test_wrong' or None\n",
        },
        "1 of 3 collected tests were never run, such as test_a.py::test_wrong",
    ),
    "P6 --collect-only in the settings": (
        {"test_a.py": WRONG, "pytest.ini": "[pytest]\naddopts = --collect-only\n"},
        "1 of 1 collected tests were never run, such as test_a.py::test_wrong",
    ),
    "P8 no tests at all": ({"shop.py": "VALUE = 1\n"}, "pytest found no tests"),
    "P10 conftest removes our plug-in": (
        {
            "test_a.py": WRONG,
            "conftest.py": "def pytest_sessionstart(session):\n    session.config.pluginmanager.unregister(name='quality-gates-events')\n",
        },
        "pytest ended before its last test: the process exited with 1 while it collected tests",
    ),
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


@pytest.mark.engine("pytest")
@pytest.mark.parametrize("name", UNTRUSTWORTHY)
def test_a_run_that_can_not_be_believed_is_an_error(project: Project, name: str) -> None:
    files, reason = UNTRUSTWORTHY[name]
    facts = project.write(files).observe()
    assert facts.status is Status.ERROR
    assert facts.reason.startswith(reason)
    assert facts.remedy


@pytest.mark.engine("pytest")
@pytest.mark.parametrize(
    "conftest",
    [
        "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n",
        "import atexit, os\n\natexit.register(os._exit, 0)\n",
    ],
    ids=["P3 sets the exit code", "P3 exits at exit"],
)
def test_a_failure_counts_whatever_the_exit_code(project: Project, conftest: str) -> None:
    facts = project.write({"test_a.py": WRONG, "conftest.py": conftest}).observe()
    (finding,) = findings(facts, "failure")
    assert finding.kind is Kind.FAILURE
    assert facts.tools[-1].exit_code == 0


@pytest.mark.engine("pytest")
def test_p10_settings_can_not_block_our_plug_in(project: Project) -> None:
    facts = project.write({"test_a.py": WRONG, "pytest.ini": "[pytest]\naddopts = -p no:quality_gates_events\n"}).observe()
    assert len(findings(facts, "failure")) == 1


@pytest.mark.engine("pytest")
def test_p6_deselected_tests_are_listed(project: Project) -> None:
    facts = project.write({"test_a.py": TWO_TESTS, "pytest.ini": "[pytest]\naddopts = -k test_a.py\n"}).observe({"args": ["-k", "test_b"]})
    assert skipped(facts) == {"test_a.py::test_a": "deselected by -k 'test_b'"}


@pytest.mark.engine("pytest")
def test_p6_nothing_left_is_nothing_done(project: Project) -> None:
    facts = project.write({"test_a.py": TWO_TESTS, "pytest.ini": "[pytest]\naddopts = -k nothing\n"}).observe()
    assert facts.examined is not None
    assert (facts.examined.done, facts.examined.expected) == (0, 2)


@pytest.mark.engine("pytest")
def test_p6_and_p9_the_environment_steers_nothing(project: Project) -> None:
    environment = {"PYTEST_ADDOPTS": "-k nothing", "PYTHONOPTIMIZE": "1"}
    facts = project.write({"test_a.py": TWO_TESTS + WRONG}).observe(environment=environment)
    assert counts(facts)["tests"] == "3"
    assert len(findings(facts, "failure")) == 1


@pytest.mark.engine("pytest")
def test_p7_tests_that_pytest_never_sees_are_listed(project: Project) -> None:
    project.write(
        {
            "pytest.ini": "[pytest]\ntestpaths = tests\nnorecursedirs = slow\n",
            "tests/conftest.py": "collect_ignore = ['test_ignored.py']\n",
            "tests/test_ignored.py": WRONG,
            "tests/slow/test_slow.py": WRONG,
            "elsewhere/test_other.py": WRONG,
            "tests/test_twice.py": TWO_TESTS + "\n\ndef test_a():\n    assert 2\n",
            "tests/test_made.py": "class TestMade:\n    def __init__(self):\n        pass\n\n    def test_c(self):\n        assert 0\n",
            "tests/test_if.py": "import sys\n\nif sys.platform == 'none':\n\n    def test_never():\n        assert 0\n",
        }
    )
    reasons = skipped(project.observe())
    assert set(reasons) == {
        "elsewhere/test_other.py::test_wrong",
        "tests/slow/test_slow.py::test_wrong",
        "tests/test_if.py::test_never",
        "tests/test_ignored.py::test_wrong",
        "tests/test_made.py::TestMade::test_c",
        "tests/test_twice.py::test_a (line 1)",
    }
    assert all(reason.startswith("not collected: ") for reason in reasons.values())
    assert reasons["elsewhere/test_other.py::test_wrong"].endswith("it lies outside of the project's testpaths (tests)")
    assert reasons["tests/test_twice.py::test_a (line 1)"].endswith("line 9 defines the same name again")
    assert reasons["tests/test_made.py::TestMade::test_c"].endswith("its class has a constructor, so pytest passes over it")
    assert reasons["tests/test_if.py::test_never"].endswith("it is defined under a condition")


@pytest.mark.engine("pytest")
def test_p8_what_did_not_run_is_listed_with_its_reason(project: Project) -> None:
    marked = (
        "import pytest\n\n\n@pytest.mark.skip(reason='later')\ndef test_a():\n    assert 0\n\n\n"
        "@pytest.mark.parametrize('x', [])\ndef test_b(x):\n    assert 0\n\n\n"
        "@pytest.mark.xfail(reason='known')\ndef test_c():\n    assert 0\n\n\n"
        "@pytest.mark.xfail(run=False, reason='crashes')\ndef test_d():\n    assert 0\n"
    )
    module = "import pytest\n\npytest.importorskip('no_such_module')\n\n\ndef test_e():\n    assert 0\n"
    facts = project.write({"test_a.py": marked, "test_m.py": module}).observe()
    assert counts(facts) == {"tests": "4", "passed": "0", "skipped": "4", "xfailed": "1", "flakes": "0"}
    reasons = skipped(facts)
    assert reasons["test_a.py::test_a"] == "later"
    assert "empty parameter set" in next(reason for item, reason in reasons.items() if item.startswith("test_a.py::test_b"))
    assert reasons["test_a.py::test_d"] == "[NOTRUN] crashes"
    assert "could not import 'no_such_module'" in reasons["test_m.py::test_e"]
    (xfail,) = findings(facts, "xfail")
    assert xfail.suppressed_by == "xfail"


@pytest.mark.engine("pytest")
def test_p9_an_exception_in_a_thread_and_a_returned_verdict_are_failures(project: Project) -> None:
    threads = (
        "import threading\n\n\ndef test_thread():\n    thread = threading.Thread(target=lambda: 1 / 0)\n"
        "    thread.start()\n    thread.join()\n"
        "\n\ndef test_returns():\n    return 1 == 2\n\n\ndef test_gives():\n    return {}\n"
    )
    facts = project.write({"test_a.py": threads}).observe()
    assert any("test_thread" in finding.message for finding in facts.findings if finding.kind is Kind.FAILURE)
    kinds = {finding.message.split()[0]: finding.kind for finding in findings(facts, "returned-value")}
    assert kinds == {"test_returns": Kind.FAILURE, "test_gives": Kind.NEEDS_REVIEW}


@pytest.mark.engine("coverage")
def test_c1_what_coverage_leaves_out_is_counted(project: Project) -> None:
    project.write(
        {
            "shop/__init__.py": "",
            "shop/used.py": "def used():\n    return 1\n",
            "shop/hidden.py": "def hidden():\n    return 1\n",
            "shop/gone.py": "def gone():\n    return 1\n",
            "test_a.py": "from shop.used import used\n\n\ndef test_used():\n    assert used()\n",
            ".coveragerc": "[run]\nomit = shop/gone.py\n[report]\nexclude_lines = def hidden\n",
        }
    )
    measured = counts(project.observe({"coverage": {"source": ["shop"]}}))
    assert (measured["line-coverage"], measured["excluded-lines"], measured["unmeasured-files"]) == ("100", "2", "1")


@pytest.mark.engine("coverage")
def test_c1_switched_off_coverage_is_an_error(project: Project) -> None:
    project.write({"shop.py": "VALUE = 1\n", "test_a.py": TWO_TESTS, ".coveragerc": "[run]\nomit = *\n"})
    facts = project.observe({"coverage": {"source": ["shop.py"]}})
    assert facts.status is Status.ERROR
    assert "coverage" in facts.reason
