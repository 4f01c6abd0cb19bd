"""Where a secret can't be masked without judging something else, nothing is written, and no word of it is said."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from gates.cli import doctor
from gates.cli.main import main
from tests.hostile.running import POLICY, environment, gates, project
from tests.leaks.places import FOUND_MARK, canary
from tests.leaks.search import traces
from tests.repository import Repository

SECRET = canary("refused")
IN_ARGV = POLICY.replace('"{raw}/report.xml"]', f'"{{raw}}/report.xml", --token={SECRET}]')
IN_SERVICE = (
    POLICY
    + f"""\
  contracts:
    options: {{schema: a.yaml, serve: {{command: [x, "{{port}}"], environment: {{LOGIN: "{SECRET}"}}}}}}
"""
)


@pytest.mark.parametrize("policy", [IN_ARGV, IN_SERVICE], ids=["argv", "service"])
def test_the_value_of_a_variable_in_the_policy(repository: Repository, policy: str) -> None:
    repository.commit(project(policy=policy))
    check(repository.root, code=2, words="the policy holds the value of a secret variable", DEPLOY_TOKEN=SECRET)


def test_a_secret_in_the_policy_that_the_scan_finds(repository: Repository) -> None:
    repository.commit(project(policy=IN_ARGV))
    check(repository.root, code=2, words="the policy holds a secret: secrets/github-token\nwhere: gates.yaml:")


def test_a_secret_in_the_name_of_a_branch(repository: Repository) -> None:
    repository.commit(project())
    repository.git("checkout", "-q", "-b", f"fix-{SECRET}")
    check(repository.root, code=4, words="nothing was written", DEPLOY_TOKEN=SECRET)


@pytest.mark.parametrize("linked", ["", ".gates", ".gates/defect.txt"])
def test_the_report_of_a_defect_of_ours(
    repository: Repository, linked: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It holds an error's message, which may hold anything, and follows no link of the project's."""
    outside = repository.root.parent / "outside"
    if linked == ".gates":
        outside.mkdir()
        (repository.root / ".gates").symlink_to(outside)
    elif linked:
        outside.write_text("mine", "ascii")
        (repository.root / ".gates").mkdir()
        (repository.root / linked).symlink_to(outside)
    monkeypatch.chdir(repository.root)
    monkeypatch.setenv("DEPLOY_TOKEN", SECRET)
    monkeypatch.setattr(doctor, "execute", broken)
    code = main(["doctor"])
    told = "".join(capsys.readouterr())
    assert (code, "a defect of Quality Gates: RuntimeError: with [redacted]" in told) == (70, True)
    written = told + ("" if linked == ".gates" else (repository.root / ".gates" / "defect.txt").read_text("utf-8"))
    assert "RuntimeError: with [redacted]\n" in written
    assert SECRET not in written
    assert not list(outside.iterdir()) if linked == ".gates" else not linked or outside.read_text("ascii") == "mine"


def broken(options: argparse.Namespace) -> int:
    raise RuntimeError(f"with {SECRET}")


def check(root: Path, *, code: int, words: str, **variables: str) -> None:
    """A run is refused with a reason and a remedy; neither its streams nor a file hold the secret that was not there before."""
    before = set(root.rglob("*"))
    done = gates(root, "run", env=environment(**variables))
    assert (done.returncode, words in done.stderr, "help:" in done.stderr) == (code, True, True), done.stderr
    written = [path.read_bytes() for path in set(root.rglob("*")) - before if path.is_file()]
    for content in [done.stdout.encode(), done.stderr.encode(), *written]:
        assert traces(content, [SECRET], [FOUND_MARK]) == []
