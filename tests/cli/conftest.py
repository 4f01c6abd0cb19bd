"""A small repository that passes quickly: one gate by a real engine, one by a command that writes JUnit XML."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gates.cli.main import main
from tests.repository import Repository

POLICY = """\
version: 1
extends: [baseline]
gates:
  secrets: {}
  checks:
    uses: external
    options: {command: ["{python}", make_report.py, "{raw}/report.xml"], junit: report.xml}
"""
REPORT = """\
import sys
open(sys.argv[1], "w").write(
    '<testsuites><testsuite name="s" tests="2"><testcase classname="a" name="one"/>'
    '<testcase classname="a" name="two">%s</testcase></testsuite></testsuites>'
)
"""
PASSING = {"gates.yaml": POLICY, "make_report.py": REPORT.replace("%s", ""), "app.py": "print('hello')\n"}
FAILING = {**PASSING, "make_report.py": REPORT.replace("%s", '<failure message="two is wrong"/>')}


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def gates(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Runs a command as the console script does."""

    def call(*argv: str | Path) -> Outcome:
        capsys.readouterr()
        code = main([str(word) for word in argv])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


@pytest.fixture
def passing(repository: Repository) -> Repository:
    repository.commit(PASSING)
    return repository


@pytest.fixture
def failing(repository: Repository) -> Repository:
    repository.commit(FAILING)
    return repository
