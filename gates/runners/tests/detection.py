"""What `gates init` proposes for a repository with tests."""

from __future__ import annotations

import configparser
import fnmatch
import posixpath
import re
import shlex
import tomllib
from collections import Counter
from collections.abc import Iterator
from typing import Any

from gates.api import Suggestion, Survey
from gates.dataclass import dataclass

_SETTINGS = {"pytest.ini": "pytest", "tox.ini": "pytest", "setup.cfg": "tool:pytest"}
_COVERAGE = {".coveragerc": "", "setup.cfg": "coverage:", "tox.ini": "coverage:"}
_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile")
#: coverage.py or pytest-cov where a project says what it needs, in any of the ways to write that.
_NEEDS_COVERAGE = re.compile(r"""(?m)(?:^|["'])(?:coverage|pytest-cov)(?:\[[\w,-]+\])?(?:["']|\s*(?:[=<>~!;]|$))""")
_ON_DJANGO = """\
--ds needs pytest-django in the project's environment. A TEST_RUNNER in Django's settings has no effect under pytest: make what it \
sets up in pytest_configure of a conftest.py. Or keep `{runner}` and let it write JUnit XML: `command` in docs/gates/tests.md"""
_DJANGO = re.compile(r"""DJANGO_SETTINGS_MODULE["'](?:,|\]\s*=)\s*["']([\w.]+)["']""")
#: What tests a project elsewhere says by which settings: what passes there should pass here.
_CI = (".github/workflows/*.yml", ".github/workflows/*.yaml", ".gitlab-ci.yml", "tox.ini")
_DJANGO_IN_CI = re.compile(r"""(?:DJANGO_SETTINGS_MODULE["']?\s*[:=]|--(?:settings|ds)[= ])\s*["']?([\w.]+)""")
#: Modules of settings for tests, as most projects call them.
_FOR_TESTS = ("test", "testing", "tests", "ci")
#: Where a project on Django names its settings, and how it runs its tests from there. A project has the first, a reusable app the second
#: (https://docs.djangoproject.com/en/stable/topics/testing/advanced/#using-the-django-test-runner-to-test-reusable-applications).
_RUNNERS = {"manage.py": "manage.py test", "runtests.py": "runtests.py"}


def detect(survey: Survey) -> Suggestion | None:
    """Options for a project that pytest can test; None where there is no test file. A project in a folder is tested from there."""
    tests = [path for path in survey.files if _is_test(path)]
    if not tests:
        return None
    if (folder := _project_of_all(survey, tests)) is not None:
        there = f"`gates -C {shlex.quote(folder)} init`"
        return Suggestion(instead=f"the tests of {folder}/ are those of a project of its own, to be judged from there: {there}")
    options: dict[str, Any] = {}
    comments = [f"{_plural(tests)} found, {_where_most(tests)}"]
    if not _has_settings(survey):
        if django := _django(survey):
            options["args"] = [f"--ds={django.settings}"]
            comments += [f"--ds={django.settings}: {django.why}", _ON_DJANGO.format(runner=django.runner)]
        elif all(path.startswith("tests/") for path in tests):
            options["paths"] = ["tests"]
    _propose_coverage(survey, options, comments)
    return Suggestion(options=options, comments=tuple(comments))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Django:
    """The module of Django's settings for tests, where it was found, in words, and the command that tests with them."""

    settings: str
    why: str
    runner: str


def _django(survey: Survey) -> _Django | None:
    """What a project on Django is tested with: what its CI names, else settings called for tests, else those of its own command."""
    for path, runner in _RUNNERS.items():
        if named := _DJANGO.search(survey.read(path) or ""):
            own = named.group(1)
            settings, why = _of_ci(survey) or _called_for_tests(survey, own) or (own, f"what {path} names")
            return _Django(settings=settings, why=why, runner=runner)
    return None


def _of_ci(survey: Survey) -> tuple[str, str] | None:
    """Settings that a file of CI names and that are there, those called for tests first, and where it does."""
    files = [name for pattern in _CI for name in survey.files if fnmatch.fnmatch(name, pattern)]
    found = [
        (settings, name) for name in files for settings in _DJANGO_IN_CI.findall(survey.read(name) or "") if _is_there(survey, settings)
    ]
    found.sort(key=lambda item: "test" not in item[0].rpartition(".")[2])
    return (found[0][0], f"what {found[0][1]} tests with") if found else None


def _called_for_tests(survey: Survey, own: str) -> tuple[str, str] | None:
    """A module for tests beside the settings that the project's command names, or in their package."""
    packages = [name for name in (own, own.rpartition(".")[0]) if "settings" in name.rpartition(".")[2]]
    found = [f"{package}.{name}" for package in packages for name in _FOR_TESTS if _is_there(survey, f"{package}.{name}")]
    return (found[0], f"settings for tests, beside {own}") if found and own not in found else None


def _is_there(survey: Survey, module: str) -> bool:
    """Whether a file of the repository is this module, in whatever folder its packages lie."""
    path = module.replace(".", "/")
    return any(f"/{name}".endswith((f"/{path}.py", f"/{path}/__init__.py")) for name in survey.files)


def _project_of_all(survey: Survey, tests: list[str]) -> str | None:
    """The folder with the one project that all tests belong to; None where that is the root, they are several, or pytest starts here."""
    if _has_settings(survey) or "setup.py" in survey.files or "project" in _toml(survey):
        return None
    projects = {posixpath.dirname(name) for name in survey.files if posixpath.basename(name) in ("pyproject.toml", "setup.py")} - {""}
    owners = {next((folder for folder in _folders_of(path) if folder in projects), "") for path in tests}
    return owners.pop() or None if len(owners) == 1 else None


def _folders_of(path: str) -> Iterator[str]:
    """The folders that hold a file, the nearest first."""
    while path := posixpath.dirname(path):
        yield path


def _plural(tests: list[str]) -> str:
    return f"{len(tests)} test file{'s' if len(tests) > 1 else ''}"


def _where_most(tests: list[str]) -> str:
    """The place of the tests in words: the first folder that most of them share."""
    [(folder, number)] = Counter(path.partition("/")[0] for path in tests).most_common(1)
    if number == 1:
        return f"such as {tests[0]}"
    return f"all in {folder}/" if number == len(tests) else f"most in {folder}/"


def _propose_coverage(survey: Survey, options: dict[str, Any], comments: list[str]) -> None:
    """Coverage as the project's settings say, switched on where coverage.py is among what the project asks for."""
    sources, minimum = _coverage(survey)
    if sources and _asks_for_coverage(survey):
        options["coverage"] = {"source": sources}
        comments.append("coverage is measured because the project's own settings do")
    elif sources:
        comments.append(f"to measure coverage, install coverage.py with the tests and add: coverage: {{source: [{', '.join(sources)}]}}")
    if minimum:
        comments.append(f"the project asks for {minimum} % coverage (fail_under): require: {{line-coverage: {{min: {minimum}}}}}")


def _asks_for_coverage(survey: Survey) -> bool:
    """Whether coverage.py stands in requirements, locks or pyproject.toml: settings alone don't install it."""
    files = [name for name in survey.files if fnmatch.fnmatch(name, "*requirements*.txt") or name in _LOCKS]
    return any(_NEEDS_COVERAGE.search(survey.read(name) or "") for name in ["pyproject.toml", "setup.cfg", "tox.ini", *files])


def _is_test(path: str) -> bool:
    name = path.rpartition("/")[2]
    return fnmatch.fnmatch(name, "test_*.py") or fnmatch.fnmatch(name, "*_test.py")


def _has_settings(survey: Survey) -> bool:
    return "pytest" in _pyproject(survey) or any(_ini(survey, name).has_section(section) for name, section in _SETTINGS.items())


def _coverage(survey: Survey) -> tuple[list[str], str]:
    """Sources of the project's coverage settings and its least coverage, empty where it says none."""
    own = _pyproject(survey).get("coverage", {})
    run = own.get("run", {})
    sources, minimum = run.get("source", run.get("source_pkgs", [])), str(own.get("report", {}).get("fail_under", ""))
    for name, prefix in _COVERAGE.items():
        parser = _ini(survey, name)
        sources = sources or parser.get(f"{prefix}run", "source", fallback="").replace(",", " ").split()
        minimum = minimum or parser.get(f"{prefix}report", "fail_under", fallback="")
    return ([sources] if isinstance(sources, str) else [str(source) for source in sources]), minimum


def _pyproject(survey: Survey) -> dict[str, Any]:
    return dict(_toml(survey).get("tool", {}))


def _toml(survey: Survey) -> dict[str, Any]:
    try:
        return tomllib.loads(survey.read("pyproject.toml") or "")
    except tomllib.TOMLDecodeError:
        return {}


def _ini(survey: Survey, name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(survey.read(name) or "")
    except configparser.Error:
        return configparser.ConfigParser()
    return parser
