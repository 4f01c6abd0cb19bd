"""Traps of what pytest and coverage never see: tests that are not collected, don't run or don't fail, and lines that don't count."""

from __future__ import annotations

import importlib.util
import marshal
from pathlib import Path

import pytest
from _pytest.assertion.rewrite import PYC_TAIL

from tests.guarantees import Seen, errored, failed, judged, passed, trap
from tests.repository import Repository
from tests.runners.tests_project import TWO_TESTS, WRONG, Project

pytestmark = pytest.mark.engine("pytest")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def seen(project: Project, files: dict[str, str]) -> Seen:
    """Both answers for files beside two tests that pass."""
    project.write({"test_ok.py": TWO_TESTS, **files})
    return judged(project.observe(), alone=project.alone())


@trap(
    "P7",
    "`collect_ignore` hides a file of tests",
    alone="exit code 0, 2 passed",
    here=passed("tests/test_a.py::test_wrong: not collected: a setting, an argument, a conftest.py or a plug-in leaves it out"),
)
def test_p7_collect_ignore(project: Project) -> Seen:
    return seen(project, {"tests/test_a.py": WRONG, "tests/conftest.py": "collect_ignore = ['test_a.py']\n"})


@trap(
    "P7",
    "`testpaths` leaves a folder of tests out",
    alone="exit code 0, 2 passed",
    here=passed("more/test_a.py::test_wrong: not collected: it lies outside of the project's testpaths (test_ok.py)"),
)
def test_p7_testpaths(project: Project) -> Seen:
    return seen(project, {"more/test_a.py": WRONG, "pytest.ini": "[pytest]\ntestpaths = test_ok.py\n"})


@trap(
    "P7",
    "`norecursedirs` leaves a folder of tests out",
    alone="exit code 0, 2 passed",
    here=passed("slow/test_a.py::test_wrong: not collected: a setting,"),
)
def test_p7_norecursedirs(project: Project) -> Seen:
    return seen(project, {"slow/test_a.py": WRONG, "pytest.ini": "[pytest]\nnorecursedirs = slow\n"})


@trap(
    "P7",
    "two tests of one name: the first is never run",
    alone="exit code 0, 3 passed",
    here=passed("test_a.py::test_wrong (line 1): not collected: line 5 defines the same name again"),
)
def test_p7_two_tests_of_one_name(project: Project) -> Seen:
    return seen(project, {"test_a.py": WRONG + "\n\ndef test_wrong():\n    assert 1\n"})


@trap(
    "P7",
    "`python_files` no longer fits a file of tests",
    alone="exit code 0, 2 passed",
    here=passed("test_a.py::test_wrong: not collected: its file is none of the project's python_files (test_ok.py)"),
)
def test_p7_python_files(project: Project) -> Seen:
    return seen(project, {"test_a.py": WRONG, "pytest.ini": "[pytest]\npython_files = test_ok.py\n"})


@trap(
    "P7",
    "`__test__ = False` takes a module out",
    alone="exit code 0, 2 passed",
    here=passed("test_a.py::test_wrong: not collected: `__test__ = False` takes its module out"),
)
def test_p7_switched_off(project: Project) -> Seen:
    return seen(project, {"test_a.py": "__test__ = False\n\n\n" + WRONG})


@trap(
    "P8",
    "every test is skipped",
    alone="exit code 0, 1 skipped",
    here=failed("examined is 0, at least 1 required"),
)
def test_p8_all_skipped(project: Project) -> Seen:
    return seen(project, {"test_ok.py": "import pytest\n\npytestmark = pytest.mark.skip(reason='later')\n\n\n" + WRONG})


@trap(
    "P8",
    "every test is expected to fail",
    alone="exit code 0, 1 xfailed",
    here=passed("tests/xfail at test_ok.py:6: test_wrong is expected to fail: known (suppressed by xfail)"),
)
def test_p8_all_expected_to_fail(project: Project) -> Seen:
    return seen(project, {"test_ok.py": "import pytest\n\npytestmark = pytest.mark.xfail(reason='known')\n\n\n" + WRONG})


@trap(
    "P8",
    "a test is parametrized with nothing",
    alone="exit code 0, 2 passed, 1 skipped",
    here=passed("test_a.py::test_none[NOTSET]: got empty parameter set for (x)"),
)
def test_p8_no_parameters(project: Project) -> Seen:
    text = "import pytest\n\n\n@pytest.mark.parametrize('x', [])\ndef test_none(x):\n    assert 0\n"
    return seen(project, {"test_a.py": text})


@trap(
    "P8",
    "`importorskip` skips a whole module",
    alone="exit code 0, 2 passed, 1 skipped",
    here=passed("test_a.py::test_wrong: not collected: test_a.py: could not import 'no_such_module'"),
)
def test_p8_a_module_that_is_not_there(project: Project) -> Seen:
    return seen(project, {"test_a.py": "import pytest\n\npytest.importorskip('no_such_module')\n\n\n" + WRONG})


THREAD = (
    "import threading\n\n\ndef test_thread():\n    thread = threading.Thread(target=lambda: 1 / 0)\n    thread.start()\n    thread.join()\n"
)


@trap(
    "P9",
    "an exception in a thread of a test",
    alone="exit code 0, 3 passed, 1 warning",
    here=failed("test_thread failed: pytest.PytestUnhandledThreadExceptionWarning"),
)
def test_p9_an_exception_in_a_thread(project: Project) -> Seen:
    return seen(project, {"test_a.py": THREAD})


@trap(
    "P9",
    "an exception in a thread, and settings that switch its warning off",
    alone="exit code 0, 3 passed",
    here=failed("test_thread failed: pytest.PytestUnhandledThreadExceptionWarning"),
)
def test_p9_the_warning_is_switched_off(project: Project) -> Seen:
    settings = "[pytest]\naddopts = -p no:threadexception -p no:warnings\nfilterwarnings = ignore\n"
    return seen(project, {"test_a.py": THREAD, "pytest.ini": settings})


@trap(
    "P9",
    "an exception in a thread, and a mark on the test that hides its warning",
    alone="exit code 0, 3 passed",
    here=passed("test_thread passed although a thread of it died of ZeroDivisionError"),
)
def test_p9_the_warning_is_filtered(project: Project) -> Seen:
    hide = "import pytest\n\n\ndef pytest_collection_modifyitems(items):\n    for item in items:\n"
    mark = "        item.add_marker(pytest.mark.filterwarnings('ignore'))\n"
    return seen(project, {"test_a.py": THREAD, "conftest.py": hide + mark})


@trap(
    "P9",
    "a test says `return False`",
    alone="exit code 0, 3 passed, 1 warning",
    here=failed("test_returns returns a value (type bool) instead of asserting something"),
)
def test_p9_a_returned_verdict(project: Project) -> Seen:
    return seen(project, {"test_a.py": "def test_returns():\n    return 1 == 2\n"})


@trap(
    "P9",
    "`PYTHONOPTIMIZE` switches assertions off",
    alone="exit code 0, 1 passed, 1 warning",
    here=failed("test_wrong failed: AssertionError"),
)
def test_p9_assertions_are_switched_off(project: Project) -> Seen:
    environment = {"PYTHONOPTIMIZE": "1"}
    # What pytest rewrites is asserted all the same; what a test calls is not.
    helper = "def check(value):\n    assert value\n"
    project.write({"helper.py": helper, "test_a.py": "from helper import check\n\n\ndef test_wrong():\n    check(1 == 2)\n"})
    return judged(project.observe(environment=environment), alone=project.alone(environment=environment))


@trap(
    "P11",
    "a compiled test in `__pycache__` holds something else than its source",
    alone="exit code 0, 3 passed",
    here=failed("test_wrong failed: AssertionError"),
)
def test_p11_a_compiled_test(project: Project) -> Seen:
    plant(project, f"test_a{PYC_TAIL}", WRONG, "def test_wrong():\n    pass\n")
    return seen(project, {"test_a.py": WRONG})


@trap(
    "P12",
    "a compiled module that is committed holds something else than its source",
    alone="exit code 0, 3 passed",
    here=failed("test_shop failed: AssertionError"),
)
def test_p12_a_compiled_module(project: Project) -> Seen:
    (Repository(project.folder).root / ".git").rename(project.root / ".git")
    broken = "def total():\n    return 0\n"
    plant(project, Path(importlib.util.cache_from_source("shop.py")).name, broken, "def total():\n    return 3\n")
    test = "from shop import total\n\n\ndef test_shop():\n    assert total() == 3\n"
    return seen(project, {"shop.py": broken, "test_a.py": test})


def plant(project: Project, name: str, source: str, other: str) -> None:
    """Compile one text under the mark of another: the hash of the source, which anyone can make."""
    head = importlib.util.MAGIC_NUMBER + b"\x03\0\0\0" + importlib.util.source_hash(source.encode())
    folder = project.root / "__pycache__"
    folder.mkdir()
    (folder / name).write_bytes(head + marshal.dumps(compile(other, name, "exec")))


SHOP = {
    "shop/__init__.py": "",
    "shop/used.py": "def used():\n    return 1\n",
    "shop/gone.py": "def gone():\n    return 1\n",
    "test_a.py": "from shop.used import used\n\n\ndef test_used():\n    assert used()\n",
}
COVERED = {"coverage": {"source": ["shop"]}}


@trap("C1", "`omit` takes a file out of the coverage", alone="exit code 0, 100 %", here=passed("unmeasured-files: 1"))
def test_c1_omitted_files(project: Project) -> Seen:
    project.write({**SHOP, ".coveragerc": "[run]\nomit = shop/gone.py\n"})
    return judged(project.observe(COVERED), alone=project.covered_alone("--source=shop"))


@trap("C1", "`exclude_lines = def` takes every function out of the coverage", alone="exit code 0, 100 %", here=passed("excluded-lines: 4"))
def test_c1_excluded_lines(project: Project) -> Seen:
    project.write({**SHOP, "shop/__init__.py": "NAME = 1\n", ".coveragerc": "[report]\nexclude_lines = def\n"})
    return judged(project.observe(COVERED), alone=project.covered_alone("--source=shop"))


@trap(
    "C1",
    "measuring is switched off (as `--no-cov` does), and the report of an earlier run is left",
    alone="exit code 0, 100 %",
    here=errored("the tests did not write the coverage report coverage.json"),
)
def test_c1_an_old_report(project: Project) -> Seen:
    project.write({**SHOP, "shop/gone.py": ""})
    project.covered_alone("--source=shop")
    project.write({"test_a.py": TWO_TESTS, "coverage.json": "{}"})
    return judged(project.observe({"coverage": {"source": ["shop"], "report": "coverage.json"}}), alone=project.coverage_alone())
