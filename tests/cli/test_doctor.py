"""`gates doctor`: each need once, what is missing with the command that gets it, and exit code 3 for it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata

import pytest

from gates.errors import ExitCode
from tests.cli.conftest import Outcome
from tests.repository import Repository

POLICY = """\
version: 1
gates:
  secrets: {}
  security: {}
  checks:
    uses: external
    options: {command: ["%s", "{raw}/report.xml"], junit: report.xml}
"""


def test_everything_is_there(gates: Callable[..., Outcome], repository: Repository) -> None:
    repository.commit({"gates.yaml": POLICY % "{python}"})
    outcome = gates("-C", repository.root, "doctor")
    assert outcome.code == ExitCode.PASSED
    assert outcome.out.count("detect-secrets") == 1
    assert outcome.out.count("bandit") == 1
    assert outcome.out.endswith("everything is there\n")


@pytest.mark.parametrize("program", ["no-such-program", "tools/no-such-program"])
def test_what_is_missing_is_named_with_its_remedy(gates: Callable[..., Outcome], repository: Repository, program: str) -> None:
    repository.commit({"gates.yaml": POLICY % program})
    outcome = gates("-C", repository.root, "doctor")
    assert outcome.code == ExitCode.ERRORED
    assert f"  MISSING  {program}: install {program}, or mend `command` in the policy\n" in outcome.out


def test_an_engine_of_another_version_is_missing(
    gates: Callable[..., Outcome], repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "version", lambda _: "1.0")
    repository.commit({"gates.yaml": POLICY % "{python}"})
    outcome = gates("-C", repository.root, "doctor")
    assert outcome.code == ExitCode.ERRORED
    needed = "bandit 1.0 is installed, and >=1.9.4 is needed: pip install quality-gates 'bandit>=1.9.4'"
    assert f"  MISSING  bandit: {needed}\n" in outcome.out


def test_a_program_below_the_root_is_found(gates: Callable[..., Outcome], repository: Repository) -> None:
    repository.commit({"gates.yaml": POLICY % "tools/check", "tools/check": "#!/bin/sh\n"})
    (repository.root / "tools" / "check").chmod(0o755)
    outcome = gates("-C", repository.root, "doctor")
    assert outcome.code == ExitCode.PASSED
    assert f"  ok       tools/check: {repository.root / 'tools/check'}\n" in outcome.out


def test_the_extras_of_a_policy(gates: Callable[..., Outcome], repository: Repository) -> None:
    repository.commit({"gates.yaml": "version: 1\ngates:\n  secrets: {}\n  tests: {}\n  dependencies: {}\n"})
    assert gates("-C", repository.root, "doctor", "--extras").out == "dependencies,tests\n"
