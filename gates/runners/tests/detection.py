"""What `gates init` proposes for a repository with tests."""

from __future__ import annotations

import configparser
import fnmatch
import tomllib
from typing import Any

from gates.api import Suggestion, Survey

_SETTINGS = {"pytest.ini": "pytest", "tox.ini": "pytest", "setup.cfg": "tool:pytest"}
_COVERAGE = {".coveragerc": "", "setup.cfg": "coverage:", "tox.ini": "coverage:"}


def detect(survey: Survey) -> Suggestion | None:
    """Options for a project that pytest can test; None where there is no test file."""
    tests = [path for path in survey.files if _is_test(path)]
    if not tests:
        return None
    options: dict[str, Any] = {}
    comments = [f"{len(tests)} test file{'s' if len(tests) > 1 else ''} found, such as {tests[0]}"]
    if not _has_settings(survey) and all(path.startswith("tests/") for path in tests):
        options["paths"] = ["tests"]
    sources, minimum = _coverage(survey)
    if sources:
        options["coverage"] = {"source": sources}
        comments.append("coverage is measured because the project's own settings do")
    if minimum:
        comments.append(f"the project asks for {minimum} % coverage (fail_under): require: {{line-coverage: {{min: {minimum}}}}}")
    return Suggestion(options=options, comments=tuple(comments))


def _is_test(path: str) -> bool:
    name = path.rpartition("/")[2]
    return fnmatch.fnmatch(name, "test_*.py") or fnmatch.fnmatch(name, "*_test.py")


def _has_settings(survey: Survey) -> bool:
    return "pytest" in _pyproject(survey) or any(_ini(survey, name).has_section(section) for name, section in _SETTINGS.items())


def _coverage(survey: Survey) -> tuple[list[str], str]:
    """Sources of the project's coverage settings and its least coverage, empty where it says none."""
    own = _pyproject(survey).get("coverage", {})
    sources, minimum = own.get("run", {}).get("source", []), str(own.get("report", {}).get("fail_under", ""))
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
