"""Projects that make their tests pass: hooks that answer for a test, and modules that stand in for what watches it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.guarantees import Seen, errored, failed, hostile, judged, passed
from tests.runners.tests_project import TWO_TESTS, WRONG, Project

pytestmark = pytest.mark.engine("pytest")

NEVER_RAN = "test_a.py::test_wrong was reported as passed, but its own function never ran"
SWALLOWED = "test_a.py::test_wrong raised an exception and was reported as passed"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def cheating(project: Project, conftest: str, tests: str = TWO_TESTS + "\n\n" + WRONG) -> Seen:
    """What is made of two tests that pass and one that fails, with a `conftest.py`."""
    return judged(project.write({"test_a.py": tests, "conftest.py": conftest}).observe())


# -- hooks that answer in a test's place


@hostile("a hook answers `pytest_pyfunc_call` without calling the test", here=errored(NEVER_RAN))
def test_a_hook_answers_for_the_test(project: Project) -> Seen:
    return cheating(project, "def pytest_pyfunc_call(pyfuncitem):\n    return pyfuncitem.name == 'test_wrong' or None\n")


@hostile("a hook gives a collected test another function", here=errored(NEVER_RAN))
def test_a_hook_exchanges_the_function(project: Project) -> Seen:
    return cheating(project, "def pytest_collection_modifyitems(items):\n    items[-1].obj = lambda: None\n")


@hostile("a hook exchanges a function's code, and leaves the function", here=errored(NEVER_RAN))
def test_a_hook_exchanges_the_code(project: Project) -> Seen:
    return cheating(project, "def pytest_collection_modifyitems(items):\n    items[-1].obj.__code__ = (lambda: None).__code__\n")


@hostile("a hook gives a collected test another `runtest`", here=errored(NEVER_RAN))
def test_a_hook_exchanges_runtest(project: Project) -> Seen:
    return cheating(project, "def pytest_collection_modifyitems(items):\n    items[-1].runtest = lambda: None\n")


@hostile("a hook puts another function in a module's place before it is collected", here=errored(NEVER_RAN))
def test_a_hook_exchanges_the_name(project: Project) -> Seen:
    exchange = "    if name == 'test_wrong':\n        setattr(collector.obj, name, lambda: None)\n"
    return cheating(project, f"def pytest_pycollect_makeitem(collector, name):\n{exchange}")


@hostile("a hook runs one test under another's name", here=errored(NEVER_RAN))
def test_a_hook_runs_another_test(project: Project) -> Seen:
    return cheating(project, "def pytest_collection_modifyitems(items):\n    items[-1].obj = items[0].obj\n")


@hostile("a hook wraps a test in `try` and swallows what it raises", here=errored(SWALLOWED))
def test_a_hook_swallows(project: Project) -> Seen:
    calm = (
        "import contextlib\n\n\ndef calm(function):\n    def inner():\n        with contextlib.suppress(Exception):\n"
        "            function()\n    return inner\n\n\ndef pytest_collection_modifyitems(items):\n"
        "    items[-1].obj = calm(items[-1].obj)\n"
    )
    return cheating(project, calm)


@hostile(
    "the project switches off how pytest hears of failures in `unittest`",
    here=errored("test_a.py::A::test_wrong raised an exception and was reported as passed"),
)
def test_failures_of_unittest_are_switched_off(project: Project) -> Seen:
    unit = "import unittest\n\n\nclass A(unittest.TestCase):\n    def test_wrong(self):\n        self.assertEqual(1, 2)\n"
    return cheating(
        project, "from _pytest.unittest import TestCaseFunction as T\n\nT.addFailure = T.addError = lambda *words: None\n", unit
    )


@hostile(
    "a decorator never calls the test that it is given",
    here=passed("test_a.py::test_wrong: reported as passed, but its own function never ran"),
)
def test_a_decorator_passes_by(project: Project) -> Seen:
    decorated = "def calm(function):\n    return lambda: None\n\n\n@calm\n" + WRONG
    return cheating(project, "", TWO_TESTS + "\n\n" + decorated)


@hostile("a profiler is started so that nobody can see what runs", here=errored("test_a.py::test_"))
def test_a_profiler_is_in_the_way(project: Project) -> Seen:
    start = "import cProfile\n\ncProfile.Profile().enable()\n"
    return cheating(project, start + "\n\ndef pytest_pyfunc_call():\n    return True\n")


@hostile("hooks run no tests at all: `pytest_runtestloop` answers at once", here=errored("3 of 3 collected tests were never run"))
def test_the_loop_is_answered(project: Project) -> Seen:
    return cheating(project, "def pytest_runtestloop():\n    return True\n")


# -- hooks that hide a test from pytest


HIDE = "def pytest_pycollect_makeitem(name):\n    return [] if name in {names!r} else None\n"
SETS = "import pytest\n\n\n@pytest.mark.parametrize('price', [1, 2])\ndef test_wrong(price):\n    assert price == 1\n"


@hostile(
    "a hook takes the parameters that fail out of a mark",
    here=passed("test_a.py::test_wrong: not collected: 1 of at least 2 parameter sets: a conftest.py or a plug-in leaves them out"),
)
def test_a_hook_drops_parameters(project: Project) -> Seen:
    drop = "    for mark in metafunc.definition.iter_markers('parametrize'):\n        del mark.args[1][1:]\n"
    hook = f"import pytest\n\n\n@pytest.hookimpl(tryfirst=True)\ndef pytest_generate_tests(metafunc):\n{drop}"
    return cheating(project, hook, SETS)


@hostile(
    "a hook hides a decorated test beside one whose name has a number more",
    here=passed("test_a.py::test_pay: not collected: a setting, an argument, a conftest.py or a plug-in leaves it out"),
)
def test_a_hook_hides_behind_a_number(project: Project) -> Seen:
    tests = "from unittest.mock import patch\n\n\n@patch('os.getcwd')\ndef test_pay(_):\n    assert 0\n\n\ndef test_pay_2():\n    pass\n"
    return cheating(project, HIDE.format(names=["test_pay"]), tests)


#: A class whose file does not tell that it is one of tests.
CART = (
    "from shared import Base\n\n\nclass CartChecks(Base):\n    def test_pay(self):\n        assert 0\n\n"
    "    def test_b(self):\n        pass\n"
)
SHARED = "from unittest import TestCase\n\n\nclass Base(TestCase):\n    pass\n"


@hostile(
    "a hook hides a class of tests whose base stands in another file",
    here=passed("test_a.py::CartChecks::test_pay: not collected: whether its class is a test class can't be told from its file"),
)
def test_a_hook_hides_a_class(project: Project) -> Seen:
    project.write({"shared.py": SHARED, "test_ok.py": TWO_TESTS})
    return cheating(project, HIDE.format(names=["CartChecks"]), CART)


@hostile(
    "a hook hides one method of a class whose base stands in another file",
    here=passed("test_a.py::CartChecks::test_pay: not collected: a setting, an argument, a conftest.py or a plug-in leaves it out"),
)
def test_a_hook_hides_a_method(project: Project) -> Seen:
    hide = "    report = yield\n    report.result = [node for node in report.result if node.name != 'test_pay']\n    return report\n"
    hook = f"import pytest\n\n\n@pytest.hookimpl(wrapper=True)\ndef pytest_make_collect_report(collector):\n{hide}"
    return cheating(project.write({"shared.py": SHARED}), hook, CART)


# -- what stands in for pytest, for Python or for ours


@hostile("a `json.py` in the root", here=errored("json.py in the root would be imported in the place of Python's own json"))
def test_a_module_of_python_is_shadowed(project: Project) -> Seen:
    return judged(project.write({"test_a.py": TWO_TESTS, "json.py": "dumps = str\n"}).observe())


@hostile("a package `_pytest` in the root", here=errored("_pytest in the root would be imported in the place of the installed _pytest"))
def test_pytest_is_shadowed(project: Project) -> Seen:
    return judged(project.write({"test_a.py": TWO_TESTS, "_pytest/__init__.py": ""}).observe())


@hostile("a module in the root with the name of our plug-in", here=errored("in the place of the plug-in that watches pytest"))
def test_our_plug_in_is_shadowed(project: Project) -> Seen:
    return judged(project.write({"test_a.py": TWO_TESTS, "quality_gates_events.py": ""}).observe())


@hostile("a `coverage.py` in the root, where coverage is measured", here=errored("in the place of the installed coverage"))
def test_coverage_is_shadowed(project: Project) -> Seen:
    files = {"test_a.py": TWO_TESTS, "shop/__init__.py": "NAME = 1\n", "coverage.py": ""}
    return judged(project.write(files).observe({"coverage": {"source": ["shop"]}}))


@hostile(
    "`gates.py`, `sitecustomize.py` and `usercustomize.py` in the root end the process", here=failed("test_wrong failed: AssertionError")
)
def test_what_is_not_imported_does_no_harm(project: Project) -> Seen:
    names = ("gates.py", "sitecustomize.py", "usercustomize.py")
    return judged(project.write({"test_a.py": WRONG, **dict.fromkeys(names, "import os\n\nos._exit(0)\n")}).observe())


@hostile("the project replaces `_pytest.runner` in `sys.modules`", here=failed("test_wrong failed: AssertionError"))
def test_a_module_is_replaced(project: Project) -> Seen:
    replaced = "import sys, types\n\nsys.modules['_pytest.runner'] = types.ModuleType('_pytest.runner')\n"
    return cheating(project, replaced)


@hostile(
    "settings name other settings, another root, and switch plug-ins off",
    here=failed("test_wrong failed: AssertionError"),
)
def test_settings_of_the_settings(project: Project) -> Seen:
    words = "-c other.ini --rootdir=/ -p no:unittest -p no:skipping -p no:warnings -p no:terminal -p no:quality_gates_events"
    other = "[pytest]\npython_functions = check\n"
    return judged(project.write({"test_a.py": WRONG, "pytest.ini": f"[pytest]\naddopts = {words}\n", "other.ini": other}).observe())


@hostile("settings override the names of tests (`-o python_functions=…`)", here=passed("test_a.py::test_wrong: not collected"))
def test_settings_override_settings(project: Project) -> Seen:
    ini = "[pytest]\naddopts = -o python_functions=check -o python_files=*.py\n"
    return judged(project.write({"test_a.py": WRONG, "test_b.py": "def check_b():\n    assert 1\n", "pytest.ini": ini}).observe())
