"""The list of tests that stand in the files: whatever hides one from pytest, it is listed with a reason."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gates.model import Outcome
from tests.guarantees import judged
from tests.runners.tests_project import TWO_TESTS, WRONG, Project, counts, findings, skipped

pytestmark = pytest.mark.engine("pytest")
LEFT_OUT = (
    "not collected: a setting, an argument, a conftest.py or a plug-in leaves it out (such as collect_ignore, norecursedirs or --ignore)"
)

#: Files of tests in all the ways to write one, and the item that stands for each where pytest does not look at it.
WAYS = {
    "class Base:\n    def test_x(self):\n        assert 0\n\n\nclass TestChild(Base):\n    pass\n": "::TestChild::test_x",
    "if 1:\n    class Base:\n        def test_x(self):\n            pass\n\n\nclass TestChild(Base):\n    pass\n": "::TestChild::test_x",
    "from shared import Base\n\n\nclass TestChild(Base):\n    pass\n": "::TestChild",
    "from unittest import TestCase\n\n\nclass Shop(TestCase):\n    def runTest(self):\n        assert 0\n": "::Shop::runTest",
    "import unittest as u\n\n\nclass Base(u.TestCase):\n    pass\n\n\nclass Shop(Base):\n    def test_x(self):\n        pass\n": (
        "::Shop::test_x"
    ),
    "class TestOff:\n    __test__ = False\n\n    def test_x(self):\n        assert 0\n\n\nclass TestOn(TestOff):\n    __test__ = True\n": (
        "::TestOn::test_x"
    ),
    "test_x = lambda: 1 / 0\n": "::test_x",
    "import functools\n\ntest_x = functools.partial(print)\n": "::test_x",
    "exec('def test_x(): assert 0')\n": "",
    "import sys\n\nsetattr(sys.modules[__name__], 'test_x', lambda: 1 / 0)\n": "",
    "for name in ('test_x', 'test_y'):\n    globals()[name] = lambda: 1 / 0\n": "",
    "from shared import *\n": "",
    "from shared import test_x\n": "",
    "async def test_x():\n    assert 0\n": "::test_x",
    "import pytest\n\n\n@pytest.mark.parametrize('x', [1, 2])\ndef test_x(x):\n    assert 0\n": "::test_x",
    "def pytest_generate_tests(metafunc):\n    metafunc.parametrize('x', [1])\n\n\ndef test_x(x):\n    assert 0\n": "::test_x",
    "# coding: latin-1\ndef test_x():\n    assert 'é' == ''\n": "::test_x",
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_every_way_to_write_a_test_is_listed_where_it_is_hidden(project: Project) -> None:
    hidden = {f"hidden/test_{number:02}.py": text for number, text in enumerate(WAYS)}
    project.write({"test_ok.py": TWO_TESTS, "hidden/conftest.py": "collect_ignore_glob = ['test_*']\n", **hidden})
    for path, text in hidden.items():
        (project.root / path).write_bytes(text.encode("latin-1"))
    project.write({"hidden/test_note.py": "NAME = 'no test'\n"})
    items = [path + item for path, item in zip(hidden, WAYS.values(), strict=True)]
    assert skipped(project.observe()) == dict.fromkeys(items, LEFT_OUT)


def test_of_two_tests_of_one_name_both_are_listed(project: Project) -> None:
    text = "class TestX:\n    def test_x(self):\n        assert 0\n\n    def test_x(self):\n        assert 0\n"
    project.write({"test_ok.py": TWO_TESTS, "test_a.py": text, "conftest.py": "collect_ignore = ['test_a.py']\n"})
    assert skipped(project.observe()) == {
        "test_a.py::TestX::test_x": LEFT_OUT,
        "test_a.py::TestX::test_x (line 2)": "not collected: line 5 defines the same name again",
    }


def test_what_a_file_says_of_its_tests_is_the_reason(project: Project) -> None:
    text = (
        "import sys\n\n\ndef test_deleted():\n    assert 0\n\n\ndel test_deleted\n\n\n"
        "def test_off():\n    assert 0\n\n\ntest_off.__test__ = False\n\n\n"
        "class TestOff:\n    __test__ = False\n\n    def test_x(self):\n        assert 0\n\n\n"
        "class TestMade:\n    def __init__(self):\n        pass\n\n    def test_x(self):\n        assert 0\n\n\n"
        "if sys.platform == 'none':\n\n    def test_never():\n        assert 0\n\n\n"
        "match sys.platform:\n    case 'none':\n\n        def test_no_match():\n            assert 0\n"
    )
    reasons = skipped(project.write({"test_a.py": text, "test_ok.py": TWO_TESTS}).observe())
    taken_out = "not collected: `__test__ = False` or `del` takes it out"
    condition = "not collected: it is defined under a condition"
    assert reasons == {
        "test_a.py::test_deleted": taken_out,
        "test_a.py::test_off": taken_out,
        "test_a.py::TestOff::test_x": "not collected: `__test__ = False` takes its class out",
        "test_a.py::TestMade::test_x": "not collected: its class has a constructor, so pytest passes over it",
        "test_a.py::test_never": condition,
        "test_a.py::test_no_match": condition,
    }


HOOKS = {
    "pytest_ignore_collect": "def pytest_ignore_collect(collection_path):\n    return collection_path.name == 'test_a.py' or None\n",
    "pytest_collect_file": (
        "import pytest\n\n\n@pytest.hookimpl(wrapper=True)\ndef pytest_collect_file(file_path):\n"
        "    found = yield\n    return [] if file_path.name == 'test_a.py' else found\n"
    ),
    "pytest_pycollect_makemodule": (
        "import pytest\n\n\nclass Empty(pytest.Module):\n    def collect(self):\n        return []\n\n\n"
        "def pytest_pycollect_makemodule(module_path, parent):\n"
        "    return Empty.from_parent(parent, path=module_path) if module_path.name == 'test_a.py' else None\n"
    ),
    "pytest_pycollect_makeitem": "def pytest_pycollect_makeitem(name):\n    return [] if name == 'test_wrong' else None\n",
    "pytest_make_collect_report": (
        "import pytest\n\n\n@pytest.hookimpl(wrapper=True)\ndef pytest_make_collect_report(collector):\n    report = yield\n"
        "    report.result = [node for node in report.result if node.name != 'test_wrong']\n    return report\n"
    ),
}


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_that_hides_a_test_shows(project: Project, hook: str) -> None:
    facts = project.write({"test_a.py": WRONG, "test_ok.py": TWO_TESTS, "conftest.py": HOOKS[hook]}).observe()
    assert skipped(facts) == {"test_a.py::test_wrong": LEFT_OUT}


def test_a_hook_that_breaks_the_collection_is_a_failure(project: Project) -> None:
    broken = "def pytest_ignore_collect(collection_path):\n    if collection_path.name == 'test_a.py':\n        raise RuntimeError('no')\n"
    facts = project.write({"test_a.py": WRONG, "test_ok.py": TWO_TESTS, "conftest.py": broken}).observe()
    assert judged(facts).outcome is Outcome.FAILED
    assert set(skipped(facts)) == {"test_a.py::test_wrong", "test_ok.py::test_a", "test_ok.py::test_b"}


def test_marks_that_a_hook_adds_are_listed(project: Project) -> None:
    adds = (
        "import pytest\n\n\ndef pytest_collection_modifyitems(items):\n"
        "    items[0].add_marker(pytest.mark.skip(reason='not now'))\n    items[1].add_marker(pytest.mark.xfail(reason='known'))\n"
    )
    facts = project.write({"test_a.py": WRONG + "\n\ndef test_also():\n    assert 0\n" + TWO_TESTS, "conftest.py": adds}).observe()
    assert skipped(facts) == {"test_a.py::test_wrong": "not now"}
    assert [finding.message for finding in findings(facts, "xfail")] == ["test_also is expected to fail: known"]
    assert counts(facts)["passed"] == "2"


def test_folders_behind_links_and_without_packages_have_their_tests(project: Project) -> None:
    project.write({"real/deep/test_a.py": TWO_TESTS})
    (project.root / "linked").symlink_to("real", target_is_directory=True)
    facts = project.observe()
    assert skipped(facts) == {}
    assert counts(facts)["passed"] == "4", "pytest follows the link"


def test_a_healthy_suite_of_every_kind_has_nothing_to_explain(project: Project) -> None:
    shutil.copytree(Path(__file__).parent.parent / "examples" / "tests" / "healthy", project.root, dirs_exist_ok=True)
    facts = project.observe()
    assert facts.findings == ()
    assert skipped(facts) == {}
    collected = project.alone("--collect-only").removeprefix("exit code 0, ")
    assert f"{counts(facts)['passed']} tests collected" == collected


ONE_OF_EACH = """
import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc):
    for mark in metafunc.definition.iter_markers("parametrize"):
        object.__setattr__(mark, "args", (mark.args[0], mark.args[1][:1]))
"""


def test_parameter_sets_that_are_missing_are_counted(project: Project) -> None:
    text = (
        "import pytest\n\n\n@pytest.mark.parametrize('x', [1, 2, 2])\n@pytest.mark.parametrize('y', (1, 2))\n"
        "def test_stacked(x, y):\n    pass\n\n\n@pytest.mark.parametrize('x', [1, 2])\nclass TestOf:\n"
        "    @pytest.mark.parametrize('y', [1, 2, 3])\n    def test_class(self, x, y):\n        pass\n"
        "\n\nclass TestHeir(TestOf):\n    pass\n"
    )
    facts = project.write({"test_a.py": text, "conftest.py": ONE_OF_EACH}).observe()
    words = "parameter sets: a conftest.py or a plug-in leaves them out (such as by pytest_generate_tests)"
    assert skipped(facts) == {
        "test_a.py::test_stacked": f"not collected: 5 of at least 6 {words}",
        "test_a.py::TestOf::test_class": f"not collected: 5 of at least 6 {words}",
        "test_a.py::TestHeir::test_class": f"not collected: 5 of at least 6 {words}",
    }


def test_parameter_sets_that_are_left_out_in_the_open_are_none_that_are_missing(project: Project) -> None:
    text = (
        "import pytest\n\n\n@pytest.mark.parametrize('x', [1, pytest.param(2, marks=pytest.mark.skip(reason='later'))])\n"
        "def test_marked(x):\n    pass\n\n\n@pytest.mark.parametrize('x', [])\n@pytest.mark.parametrize('y', [1, 2])\n"
        "def test_none(x, y):\n    pass\n\n\n@pytest.mark.parametrize('x', ['one', 'two'])\ndef test_chosen(x):\n    pass\n"
    )
    project.write({"test_a.py": text})
    assert list(skipped(project.observe({"args": ["-k", "not two"]}))) == [
        "test_a.py::test_marked[2]",
        "test_a.py::test_none[1-NOTSET]",
        "test_a.py::test_none[2-NOTSET]",
        "test_a.py::test_chosen[two]",
    ]
    assert skipped(project.observe({"paths": ["test_a.py::test_chosen[one]"]})) == {}


def test_a_class_that_may_be_none_of_tests_is_listed_where_nothing_ran_of_it(project: Project) -> None:
    classes = (
        "import shared\n\n\nclass Checks(shared.Checks):\n    def __init__(self):\n        pass\n\n"
        "    def test_x(self):\n        pass\n\n    def other(self):\n        pass\n\n\nclass Fake(shared.Fake):\n    pass\n"
    )
    shared = "class Checks:\n    pass\n\n\nclass Fake:\n    pass\n"
    facts = project.write({"test_a.py": classes, "test_ok.py": TWO_TESTS, "shared.py": shared}).observe()
    assert skipped(facts) == {
        "test_a.py::Checks::test_x": "not collected: whether its class is a test class can't be told from its file",
    }


def test_of_a_class_of_unittest_only_what_unittest_would_take_is_missed(project: Project) -> None:
    case = (
        "from shared import Base\n\n\nclass Checks(Base):\n    def test_x(self):\n        self.check_x()\n\n"
        "    def check_x(self):\n        pass\n"
    )
    shared = "from unittest import TestCase\n\n\nclass Base(TestCase):\n    pass\n"
    ini = "[pytest]\npython_functions = test_* check_*\n"
    assert skipped(project.write({"test_a.py": case, "shared.py": shared, "pytest.ini": ini}).observe()) == {}
