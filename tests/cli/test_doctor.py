"""`gates doctor`: each need once, what is missing with the command that gets it, and exit code 3 for it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata

import pytest

from gates.errors import ExitCode
from tests.cli.conftest import Outcome
from tests.repository import Repository
from tests.runners.advisories import PAGE, pypi, serving

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


# -- advisories --------------------------------------------------------------------------------

AUDITED = "version: 1\ngates: {dependencies: {options: {advisories: '%s'}}}\n"


def of_advisories(gates: Callable[..., Outcome], repository: Repository, advisories: str) -> tuple[int, str]:
    """The exit code of `gates doctor`, and the line that it has for advisories."""
    repository.commit({"gates.yaml": AUDITED % advisories, "requirements.txt": "jinja2==3.1.6\n"})
    outcome = gates("-C", repository.root, "doctor")
    [line] = [line for line in outcome.out.splitlines() if " advisories " in line]
    return outcome.code, line


def test_a_service_that_knows_what_is_known_is_there(gates: Callable[..., Outcome], repository: Repository) -> None:
    with serving(lambda path, _: pypi(path, {})) as address:
        code, line = of_advisories(gates, repository, f"pypi+{address}/pypi")
    assert (code, line.startswith(f"  ok       advisories pypi+{address}/pypi: they know ")) == (ExitCode.PASSED, True), line


@pytest.mark.parametrize(("answer", "said"), [((200, PAGE), "is not JSON"), ((200, "{}"), "is blind"), ((429, ""), "it answered 429")])
def test_a_service_whose_answer_says_nothing_is_missing(
    gates: Callable[..., Outcome], repository: Repository, answer: tuple[int, str], said: str
) -> None:
    asked: list[str] = []

    def answering(path: str, _: object) -> tuple[int, str]:
        asked.append(path)
        return answer

    with serving(answering) as address:
        code, line = of_advisories(gates, repository, address)
    assert code == ExitCode.ERRORED
    assert line.startswith(f"  MISSING  advisories {address}: the advisory ")
    assert said in line
    assert "give `advisories` a folder or .zip of OSV records: docs/gates/dependencies.md" in line
    assert len(asked) <= 3  # once each, without patience


def test_a_service_that_is_not_there_is_missing(gates: Callable[..., Outcome], repository: Repository) -> None:
    with serving(lambda *_: (200, "")) as address:
        pass
    code, line = of_advisories(gates, repository, address)
    assert (code, "gave no usable answer: it could not be reached; " in line) == (ExitCode.ERRORED, True), line


@pytest.mark.parametrize("is_there", [True, False])
def test_a_folder_of_advisories(gates: Callable[..., Outcome], repository: Repository, is_there: bool) -> None:
    repository.commit({"osv/a.json" if is_there else "other": "{}"})
    code, line = of_advisories(gates, repository, "./osv")
    place = repository.root / "osv"
    if is_there:
        assert (code, line) == (ExitCode.PASSED, f"  ok       advisories ./osv: {place}")
    else:
        missing = f"  MISSING  advisories ./osv: {place} is not there: put a folder or .zip of OSV records there, or mend `advisories`"
        assert (code, line) == (ExitCode.ERRORED, f"{missing} in the policy")
