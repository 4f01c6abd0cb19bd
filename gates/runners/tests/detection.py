"""What `gates init` proposes for a repository with tests."""

from __future__ import annotations

import configparser
import fnmatch
import re
import tomllib
from collections import Counter
from typing import Any

from gates.api import Suggestion, Survey

_SETTINGS = {"pytest.ini": "pytest", "tox.ini": "pytest", "setup.cfg": "tool:pytest"}
_COVERAGE = {".coveragerc": "", "setup.cfg": "coverage:", "tox.ini": "coverage:"}
_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile")
#: coverage.py or pytest-cov where a project says what it needs, in any of the ways to write that.
_NEEDS_COVERAGE = re.compile(r"""(?m)(?:^|["'])(?:coverage|pytest-cov)(?:\[[\w,-]+\])?(?:["']|\s*(?:[=<>~!;]|$))""")
_ON_DJANGO = """\
--ds needs pytest-django in the project's environment. A TEST_RUNNER in Django's settings has no effect under pytest: make what it \
sets up in pytest_configure of a conftest.py. Or keep `{runner}` and let it write JUnit XML: `command` in docs/gates/tests.md"""
_DJANGO = re.compile(r"""DJANGO_SETTINGS_MODULE["'](?:,|\]\s*=)\s*["']([\w.]+)["']""")
#: Where a project on Django names its settings, and how it runs its tests from there. A project has the first, a reusable app the second
#: (https://docs.djangoproject.com/en/stable/topics/testing/advanced/#using-the-django-test-runner-to-test-reusable-applications).
_RUNNERS = {"manage.py": "manage.py test", "runtests.py": "runtests.py"}


def detect(survey: Survey) -> Suggestion | None:
    """Options for a project that pytest can test; None where there is no test file."""
    tests = [path for path in survey.files if _is_test(path)]
    if not tests:
        return None
    options: dict[str, Any] = {}
    comments = [f"{_plural(tests)} found, {_where_most(tests)}"]
    if not _has_settings(survey):
        if django := _django(survey):
            settings, runner = django
            options["args"] = [f"--ds={settings}"]
            comments.append(_ON_DJANGO.format(runner=runner))
        elif all(path.startswith("tests/") for path in tests):
            options["paths"] = ["tests"]
    _propose_coverage(survey, options, comments)
    return Suggestion(options=options, comments=tuple(comments))


def _django(survey: Survey) -> tuple[str, str] | None:
    """The module of Django's settings that a project names, and the command that tests with them."""
    for path, runner in _RUNNERS.items():
        if settings := _DJANGO.search(survey.read(path) or ""):
            return settings.group(1), runner
    return None


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
    try:
        tool = tomllib.loads(survey.read("pyproject.toml") or "").get("tool", {})
    except tomllib.TOMLDecodeError:
        return {}
    return dict(tool)


def _ini(survey: Survey, name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(survey.read(name) or "")
    except configparser.Error:
        return configparser.ConfigParser()
    return parser
