"""Where a secret can't be masked without judging something else, nothing is written, and no word of it is said."""

from __future__ import annotations

import argparse
import hashlib
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


TEAM = f"""\
version: 1
extends: [baseline]
gates:
  checks:
    uses: external
    options:
      command: ["{{python}}", make_report.py, "{{raw}}/report.xml", --token,
        {SECRET}]
      junit: report.xml
"""


@pytest.mark.parametrize("known", [{"DEPLOY_TOKEN": SECRET}, {}], ids=["of a variable", "found"])
def test_a_secret_in_a_file_that_the_policy_extends(repository: Repository, known: dict[str, str]) -> None:
    """Whoever knows it: the file and the line are named, with what it is."""
    what = "the value of a secret variable of this environment: DEPLOY_TOKEN" if known else "a secret: secrets/github-token"
    repository.commit({**project(policy="version: 1\nextends: [team.yaml]\ngates: {secrets: {}}\n"), "team.yaml": TEAM})
    check(repository.root, code=2, words=f"error: the policy holds {what}\nwhere: team.yaml:8\nhelp: revoke it, take it out, and", **known)


def test_a_secret_of_several_lines_in_the_policy(repository: Repository) -> None:
    """Each of its lines is named."""
    first, second = canary("first line"), canary("second line")
    policy = POLICY + f"# {first}\n# {second}\n"
    repository.commit(project(policy=policy))
    line = policy.count("\n")
    check(repository.root, code=2, words=f"where: gates.yaml:{line}", SIGNING_KEY=f"-----BEGIN-----\n{first}\n{second}\n-----END-----\n")


def test_words_of_ours_that_are_somebodys_password_stop_no_run(repository: Repository) -> None:
    """They stand in every policy and every report, and can't be masked there."""
    repository.commit(project())
    words = {"MYSQL_ROOT_PASSWORD": "password", "POSTGRES_PASSWORD": "extends", "A_SECRET": "completed", "B_SECRET": "findings"}
    done = gates(repository.root, "run", env=environment(**words))
    assert done.returncode == 0, done.stderr


def test_what_a_policy_says_of_digests_is_no_secret(repository: Repository) -> None:
    """The fingerprint of a waiver and the digest of a script are as random as a key."""
    digest = hashlib.sha256(b"x").hexdigest()
    match = f"gate: secrets, match: {{fingerprint: 'fp1:{digest[:32]}'}}"
    who = "class: accepted-risk, reason: known for long, owner: bob, approver: eve, created: 2026-01-01, expires: 2099-01-01"
    waiver = f"waivers:\n  - {{id: known, {match}, {who}}}\n"
    policy = "version: 1\nextends: [baseline]\ngates:\n  secrets: {}\n" + waiver + f"# axe-sha256: {digest}\n"
    repository.commit(project(policy=policy))
    done = gates(repository.root, "run", env=environment())
    assert done.returncode == 0, done.stderr


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
