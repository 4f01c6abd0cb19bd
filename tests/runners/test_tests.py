"""The tests gate on whole projects: what it reports, where, and how it drives the project's own pytest."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from gates import codec
from gates.api import Raw, Survey
from gates.model import Facts, Kind, Proof, Severity, Status
from gates.runners.tests import GATE, Coverage, Options
from gates.runners.tests.inventory import read_settings
from tests.runners.tests_project import TWO_TESTS, WRONG, Project, counts, findings, skipped

EXAMPLES = Path(__file__).parent.parent / "examples" / "tests"
SECRET = "AKIAIOSFODNN7EXAMPLE"

pytestmark = pytest.mark.engine("pytest")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def example(project: Project, name: str) -> Project:
    shutil.copytree(EXAMPLES / name, project.root, dirs_exist_ok=True)
    return project


def line_of(project: Project, path: str, text: str) -> int:
    lines = (project.root / path).read_text("utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_a_project_that_passes(project: Project) -> None:
    facts = example(project, "pass").observe()
    assert facts.status is Status.COMPLETED
    assert counts(facts) == {"tests": "8", "passed": "6", "skipped": "1", "xfailed": "1", "flakes": "0", "removed-tests": "0"}
    assert facts.examined is not None
    assert (facts.examined.done, facts.examined.expected, facts.examined.proof) == (7, 8, Proof.INVENTORY)
    assert skipped(facts) == {"tests/test_shop.py::TestEmpty::test_fractions": "prices in fractions come with version 2"}
    assert [finding.rule for finding in facts.findings if finding.suppressed_by is None] == []
    assert not list(project.root.rglob("__pycache__")) + list(project.root.rglob(".pytest_cache"))


def test_a_project_that_fails(project: Project) -> None:
    facts = example(project, "fail").observe()
    wrong, parameter = sorted(findings(facts, "failure"), key=lambda finding: finding.message, reverse=True)
    assert (wrong.kind, wrong.severity) == (Kind.FAILURE, Severity.HIGH)
    assert wrong.location.path == "tests/test_shop.py"
    assert wrong.location.line == line_of(project, "tests/test_shop.py", "assert total(prices) == expected")
    assert wrong.message.startswith("test_is_wrong failed: AssertionError: assert 3 == 4")
    assert wrong.remedy == "run it alone: python -m pytest tests/test_shop.py::test_is_wrong"
    assert parameter.message.startswith("test_discount[200] failed: ValueError: a discount is at most 100 percent")
    assert parameter.location.line == line_of(project, "tests/test_shop.py", "assert total([100], discount) < 100")
    (error,) = findings(facts, "error")
    assert error.message == "test_needs_a_database broke in its setup: ConnectionError: no database"
    assert error.location.line == line_of(project, "tests/test_shop.py", "raise ConnectionError")


def test_a_project_that_ends_its_own_tests(project: Project) -> None:
    facts = example(project, "broken").observe()
    assert facts.status is Status.ERROR
    assert facts.reason.endswith("the process exited with 0 in the middle of tests/test_shop.py::test_ends_the_process")


def test_facts_depend_neither_on_the_run_nor_on_the_folder(tmp_path: Path) -> None:
    seen = []
    for name in ("one", "another-name"):
        (tmp_path / name).mkdir()
        project = example(Project(tmp_path / name), "fail")
        project.write({"tests/test_tmp.py": "def test_tmp(tmp_path):\n    assert tmp_path == object()\n"})
        seen.append(codec.encode(project.observe()))
    assert seen[0] == seen[1]
    assert str(tmp_path) not in str(seen)


def test_a_failure_that_passes_when_run_again_is_a_flake(project: Project) -> None:
    project.write(
        {
            "test_a.py": "from pathlib import Path\n\n\ndef test_second_time():\n    mark = Path('mark')\n    known = mark.exists()\n"
            "    mark.touch()\n    assert known\n\n\ndef test_never():\n    assert 0\n\n\ndef test_always():\n    assert 1\n"
        }
    )
    facts = project.observe({"retries": 2})
    (flake,) = findings(facts, "flake")
    assert (flake.kind, flake.location.line) == (Kind.FLAKE, 8)
    assert [finding.message.split()[0] for finding in findings(facts, "failure")] == ["test_never"]
    assert counts(facts) == {"tests": "3", "passed": "2", "skipped": "0", "xfailed": "0", "flakes": "1", "removed-tests": "0"}
    again = [run.argv[-1] for run in facts.tools if run.tool == "pytest"][1:]
    assert again == ["test_a.py::test_never", "test_a.py::test_never"]


def test_a_file_that_can_not_be_imported_fails_and_the_rest_runs(project: Project) -> None:
    broken = "import json\nimport no_such_module\n\n\ndef test_lost():\n    assert 1\n"
    facts = project.write({"test_a.py": TWO_TESTS, "test_b.py": broken, "test_c.py": "def test_(:\n"}).observe()
    first, second = findings(facts, "error")
    assert (str(first.location), str(second.location)) == ("test_b.py:2", "test_c.py:1")
    assert "No module named 'no_such_module'" in first.message
    assert counts(facts)["passed"] == "2"
    assert skipped(facts) == {"test_b.py::test_lost": "not collected: test_b.py: it can't be imported"}


def test_secrets_in_parameters_and_messages_are_masked_everywhere(project: Project) -> None:
    text = (
        f"import pytest\n\n\n@pytest.mark.parametrize('key', ['{SECRET}', '{SECRET[:-1]}F'])\ndef test_key(key):\n    assert key == 'x'\n"
    )
    facts = project.write({"test_a.py": text + "\n\ndef test_word():\n    raise ValueError('password=hunter2')\n"}).observe()
    assert counts(facts)["tests"] == "3"
    assert len(findings(facts, "failure")) == 3
    assert SECRET not in str(facts)
    assert "hunter2" not in str(facts)
    assert SECRET.encode() not in project.raw("run.json")
    remedies = [finding.remedy for finding in findings(facts, "failure")]
    assert remedies == [f"run it alone: python -m pytest test_a.py::{name}" for name in ("test_key", "test_key", "test_word")]


def test_a_remedy_is_the_command_that_a_person_types(project: Project) -> None:
    project.write({"test_a.py": "def test_wrong():\n    assert 0\n", "test_b.py": "import no_such_module\n"})
    project.write({".venv/bin/python": f'#!/bin/sh\nexec {sys.executable} "$@"\n'})
    (project.root / ".venv/bin/python").chmod(0o755)
    facts = project.observe({"python": "", "args": ["-k", "wrong or lost"]})
    by_hand = ".venv/bin/python -m pytest -k 'wrong or lost'"
    assert [finding.remedy for finding in facts.findings] == [
        f"run it alone: {by_hand} test_a.py::test_wrong",
        f"mend what keeps it from being imported: {by_hand} --collect-only test_b.py",
    ]


def test_what_follows_a_failure_that_stops_pytest_is_listed(project: Project) -> None:
    facts = project.write({"test_a.py": "def test_wrong():\n    assert 0\n\n\n" + TWO_TESTS}).observe({"args": ["-x"]})
    assert len(findings(facts, "failure")) == 1
    assert skipped(facts) == {f"test_a.py::test_{name}": "not run: stopping after 1 failures" for name in "ab"}


def test_chosen_paths_bound_what_is_expected(project: Project) -> None:
    project.write({"a/test_a.py": TWO_TESTS, "b/test_b.py": TWO_TESTS})
    assert (counts(project.observe({"paths": ["a"]})), skipped(project.observe({"paths": ["b/test_b.py::test_a"]}))) == (
        {"tests": "2", "passed": "2", "skipped": "0", "xfailed": "0", "flakes": "0", "removed-tests": "0"},
        {},
    )
    missing = project.observe({"paths": ["nowhere"]})
    assert missing.status is Status.ERROR
    assert missing.reason == "pytest could not start: file or directory not found: nowhere"
    assert project.observe({"paths": ["../other"]}).reason == "'../other' leads out of the repository"


def test_a_test_that_hangs_is_named(project: Project) -> None:
    project.write({"test_a.py": "import threading\n\n\ndef test_hangs():\n    threading.Event().wait()\n"})
    facts = project.observe(timeout_seconds=6)
    assert facts.reason == "pytest did not end in time and was stopped in the middle of test_a.py::test_hangs"
    assert "gates.tests.timeout" in facts.remedy


def test_coverage_is_exact_and_never_rounded_up(project: Project) -> None:
    lines = "".join(f"    x = {number}\n" for number in range(4))
    project.write(
        {
            "src/shop/__init__.py": f"def used():\n    return 1\n\n\ndef unused():\n{lines}",
            "test_a.py": "from shop import used\n\n\ndef test_used():\n    assert used()\n",
            "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['src']\n",
        }
    )
    measured = counts(project.observe({"coverage": {"source": ["src/shop"]}}))
    assert (measured["line-coverage"], measured["unmeasured-files"]) == ("42.85", "0")


def test_a_coverage_report_must_be_of_this_run(project: Project) -> None:
    project.write({"shop.py": "VALUE = 1\n", "test_a.py": TWO_TESTS, "coverage.json": "{}"})
    facts = project.observe({"coverage": {"source": ["shop.py"], "report": "coverage.json"}})
    assert facts.reason == "the tests did not write the coverage report coverage.json"


@pytest.mark.parametrize(
    ("report", "code", "expected"),
    [
        ("<testsuite tests='2'><testcase name='a'/><testcase name='b'><failure message='no'/></testcase></testsuite>", 1, "completed"),
        ("<testsuite tests='1'><testcase name='a'/></testsuite>", 3, "exit code 3 although its report lists no failure"),
        ("<testsuite tests='0'/>", 0, "lists no tests"),
        ("", 0, "did not write"),
    ],
)
def test_any_command_that_writes_junit(project: Project, report: str, code: int, expected: str) -> None:
    script = f"import pathlib, sys\nif {report!r}:\n    pathlib.Path(sys.argv[1]).write_text({report!r})\nsys.exit({code})\n"
    project.write({"run.py": script, "out.xml": "<testsuite tests='1'><testcase name='old'/></testsuite>"})
    facts = project.observe({"python": "", "command": ["{python}", "run.py", "{raw}/out.xml"], "junit": "out.xml"})
    if expected != "completed":
        assert expected in facts.reason
        return
    assert facts.examined is not None
    assert (facts.examined.done, facts.examined.proof) == (2, Proof.CLAIMED)
    assert [finding.kind for finding in facts.findings] == [Kind.FAILURE]


def test_a_failure_that_a_command_reports_stands_where_its_suite_says(project: Project) -> None:
    report = (
        "<testsuite name='tests/cart.test.js' tests='1'><testcase classname='tests/cart.test.js' name='adds'>"
        "<failure message='no'>Error: no\n     at tests/cart.test.js:7:16</failure></testcase></testsuite>"
    )
    script = f"import pathlib, sys\npathlib.Path(sys.argv[1]).write_text({report!r})\nsys.exit(1)\n"
    project.write({"run.py": script, "tests/cart.test.js": "", "tests/other.test.js": ""})
    options = {"python": "", "command": ["{python}", "run.py", "{raw}/out.xml"], "junit": "out.xml"}
    (finding,) = project.observe(options).findings
    assert str(finding.location) == "tests/cart.test.js:7"
    assert json.loads(project.raw("command.json"))["files"] == ["tests/cart.test.js"]


def test_a_file_that_stands_for_a_module_of_python_s_is_told_by_what_it_broke(project: Project) -> None:
    facts = project.write({"test_a.py": TWO_TESTS, "copy.py": "VALUE = 1\n"}).observe()
    assert facts.status is Status.ERROR
    assert facts.reason.startswith("pytest could not start: ")
    assert "copy" in facts.reason


def test_evidence_of_the_first_parser_follows_still(project: Project) -> None:
    project.write({"test_a.py": WRONG}).observe()
    members = {name: project.raw(name) for name in ("run.json", "inventory.json", "tools.json")}
    run = json.loads(members["run.json"])
    assert run.pop("by_hand")[1:] == ["-m", "pytest"]
    members["run.json"] = json.dumps(run).encode()
    parse = GATE.parser_of(1)
    assert parse is not None
    (finding,) = parse(Raw(gate="tests", uses="tests", parser=1, members=members)).findings
    assert finding.remedy == "run it alone: python -m pytest test_a.py::test_wrong"


def test_an_interpreter_without_pytest_says_so(project: Project) -> None:
    project.write({"test_a.py": TWO_TESTS, "bin/python": f'#!/bin/sh\nexec {sys.executable} -S "$@"\n'})
    (project.root / "bin/python").chmod(0o755)
    facts = project.observe({"python": "bin/python"})
    assert facts.reason == "the project's interpreter has no pytest"
    assert "`bin/python -m pip install pytest`" in facts.remedy
    assert project.observe({"python": "bin/none"}).reason == "the project's interpreter bin/none was not found"


def test_its_own_virtual_environment_comes_first(project: Project) -> None:
    project.write({"test_a.py": TWO_TESTS, ".venv/bin/python": f'#!/bin/sh\nexec {sys.executable} "$@"\n'})
    (project.root / ".venv/bin/python").chmod(0o755)
    facts: Facts = project.observe({"python": ""})
    assert counts(facts)["passed"] == "2"
    interpreter, its_pytest = GATE.needs(project.root, Options()) if GATE.needs else ()
    assert interpreter.found == str(project.root / ".venv/bin/python")
    assert its_pytest.found == pytest.__version__  # asked, not looked for in folders: a shim has none beside it


def test_what_the_interpreter_lacks_is_needed(project: Project) -> None:
    project.write({".venv/bin/python": f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n'})
    (project.root / ".venv/bin/python").chmod(0o755)
    needed = GATE.needs(project.root, Options(coverage=Coverage(source=("shop",)))) if GATE.needs else ()
    assert [need.name for need in needed if need.found is None] == ["pytest of the project", "coverage of the project"]


def test_processes_of_xdist_are_joined(project: Project) -> None:
    project.write({"test_a.py": TWO_TESTS, "test_b.py": "def test_wrong():\n    assert 0\n"})
    facts = project.observe({"args": ["-p", "xdist", "-n", "2"]})
    assert counts(facts)["passed"] == "2"
    assert [str(finding.location) for finding in findings(facts, "failure")] == ["test_b.py:2"]


def test_the_settings_above_the_repository_steer_nothing(project: Project) -> None:
    (project.folder / "pytest.ini").write_text("[pytest]\naddopts = -k nothing\n", "utf-8")
    assert counts(project.write({"test_a.py": TWO_TESTS}).observe())["passed"] == "2"


@pytest.mark.parametrize(
    ("files", "options", "path", "words"),
    [
        ({"pytest.ini": ""}, {}, "pytest.ini", ["test"]),
        ({"tox.ini": "[pytest]\npython_functions = check_* it\n"}, {}, "tox.ini", ["check_*", "it"]),
        ({"setup.cfg": "[tool:pytest]\npython_functions = a\n", "tox.ini": "[tox]\n"}, {}, "setup.cfg", ["a"]),
        ({"pyproject.toml": "[tool.pytest]\npython_functions = ['b']\n"}, {}, "pyproject.toml", ["b"]),
        (
            {"part/tests/x.py": "", "part/pytest.ini": "[pytest]\npython_functions = c\n"},
            {"paths": ("part/tests",)},
            "part/pytest.ini",
            ["c"],
        ),
        ({"pytest.ini": "", "own.ini": "[pytest]\npython_functions = d\n"}, {"args": ("-c", "own.ini")}, "own.ini", ["d"]),
        ({}, {}, None, ["test"]),
    ],
)
def test_settings_are_read_as_pytest_reads_them(
    project: Project, files: dict[str, str], options: dict[str, tuple[str, ...]], path: str | None, words: list[str]
) -> None:
    project.write(files)
    settings = read_settings(project.root, Options(paths=options.get("paths", ()), args=options.get("args", ())), major=9)
    assert (settings.path, settings.words("python_functions", ["test"])) == (path, words)


def test_options_that_contradict_each_other_are_refused() -> None:
    contradictions: list[dict[str, object]] = [
        {"command": ["x"]},
        {"command": ["x"], "junit": "y", "retries": 1},
        {"coverage": {"source": []}},
    ]
    for wrong in contradictions:
        with pytest.raises(ValueError, match=r"belong together|leave out|needs a `source`"):
            codec.decode(Options, wrong)


def test_init_proposes_what_the_project_already_measures(project: Project) -> None:
    pyproject = "[tool.coverage.run]\nsource = ['shop']\n[tool.coverage.report]\nfail_under = 85\n"
    project.write({"pyproject.toml": pyproject, "tests/test_a.py": TWO_TESTS})
    assert GATE.detect is not None
    found = GATE.detect(Survey(root=project.root, files=("pyproject.toml", "tests/test_a.py")))
    assert found is not None
    assert found.options == {"paths": ["tests"]}, "settings alone don't install coverage.py"
    assert any("coverage: {source: [shop]}" in comment for comment in found.comments)
    project.write({"requirements-dev.txt": "pytest\ncoverage[toml]==7.6.0\n"})
    found = GATE.detect(Survey(root=project.root, files=("pyproject.toml", "requirements-dev.txt", "tests/test_a.py")))
    assert found is not None
    assert found.options == {"paths": ["tests"], "coverage": {"source": ["shop"]}}
    assert any("line-coverage: {min: 85}" in comment for comment in found.comments)
    assert GATE.detect(Survey(root=project.root, files=("shop.py",))) is None


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("[project.optional-dependencies]\ntest = ['pytest', 'pytest-cov>=5']\n", True),
        ("[dependency-groups]\ndev = ['coverage[toml]']\n", True),
        ("[tool.poetry.dev-dependencies]\npytest-cov = '^5'\n", True),
        ("[tool.coverage.report]\nshow_missing = true\n[project]\ndescription = 'coverage of maps'\n", False),
    ],
)
def test_init_measures_coverage_only_where_the_project_asks_for_it(project: Project, text: str, asked: bool) -> None:
    project.write({"pyproject.toml": f"{text}[tool.coverage.run]\nsource_pkgs = ['shop']\n", "tests/test_a.py": TWO_TESTS})
    assert GATE.detect is not None
    found = GATE.detect(Survey(root=project.root, files=("pyproject.toml", "tests/test_a.py")))
    assert found is not None
    assert ("coverage" in found.options) is asked


@pytest.mark.parametrize(
    ("name", "line", "kept"),
    [
        ("manage.py", "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')", "`manage.py test`"),
        ("runtests.py", 'os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"', "`runtests.py`"),
    ],
)
def test_init_proposes_the_settings_that_a_project_on_django_names(project: Project, name: str, line: str, kept: str) -> None:
    project.write({name: f"import os\n{line}\n", "shop/tests/test_a.py": TWO_TESTS})
    assert GATE.detect is not None
    found = GATE.detect(Survey(root=project.root, files=(name, "shop/tests/test_a.py")))
    assert found is not None
    assert found.options == {"args": ["--ds=shop.settings"]}
    assert any("pytest-django" in comment and "JUnit" in comment and kept in comment for comment in found.comments)
