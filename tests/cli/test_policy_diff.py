"""`gates policy diff`: what a change makes looser, from commits and files as they stand, in words and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gates.errors import ExitCode
from tests.cli.conftest import Outcome
from tests.repository import Repository

STRICT = """\
version: 1
extends: [baseline, team/limits.yaml]
gates:
  secrets: {}
  security: {options: {skips: [B101]}}
"""
LIMITS = "version: 1\ndefaults:\n  security:\n    require: {findings: {severity: high, max: %s}}\n"
LOOSE = STRICT.replace("[B101]", "[B101, B602]").replace("  secrets: {}\n", "")


@pytest.fixture
def changed(repository: Repository) -> Repository:
    """Three policies: of the branch `old`, of the last commit, and of the working tree."""
    repository.commit({"gates.yaml": STRICT, "team/limits.yaml": LIMITS % 0})
    repository.git("branch", "old")
    repository.commit({"team/limits.yaml": LIMITS % 3})
    (repository.root / "gates.yaml").write_text(LOOSE, "utf-8")
    return repository


def places(outcome: Outcome) -> list[tuple[str, str, str | None, str | None]]:
    return [(item["change"], item["where"], item["was_at"], item["is_at"]) for item in outcome.json()["changes"]]


def test_a_commit_is_compared_with_the_working_tree(gates: Callable[..., Outcome], changed: Repository) -> None:
    outcome = gates("-C", changed.root, "policy", "diff", "HEAD", "--format", "json")
    assert outcome.code == ExitCode.PASSED
    assert places(outcome) == [
        ("looser", "gates.security.options.skips", "gates.yaml:5", "gates.yaml:4"),
        ("looser", "gates.secrets", "gates.yaml:4", "gates.yaml"),
    ]
    assert outcome.json()["looser"] == 2
    assert outcome.json()["base"]["commit"] == changed.git("rev-parse", "HEAD")


def test_each_commit_is_read_with_the_files_that_it_has(gates: Callable[..., Outcome], changed: Repository) -> None:
    outcome = gates("-C", changed.root, "policy", "diff", "old", "HEAD", "--format", "json")
    assert places(outcome) == [("looser", "gates.security.require.findings.max", "team/limits.yaml:4", "team/limits.yaml:4")]
    [change] = outcome.json()["changes"]
    assert (change["was"], change["is"], change["stages"]) == ("0 from high", "3 from high", ["commit", "change", "release"])


def test_a_person_reads_what_is_looser_first_with_its_place(gates: Callable[..., Outcome], changed: Repository) -> None:
    outcome = gates("-C", changed.root, "policy", "diff", "old")
    assert outcome.out.startswith("The policy is looser in 3 places.\n  base  old (commit ")
    assert (
        "gates.security.require.findings.max\n    3 from high, was 0 from high\n    more is allowed\n    at team/limits.yaml:4"
        in outcome.out
    )
    assert "adds B602 (bandit's rules" in outcome.out
    assert "the gate is gone\n    at gates.yaml, was at gates.yaml:4" in outcome.out
    assert "alone" not in outcome.out
    assert gates("-C", changed.root, "policy", "diff", "HEAD", "HEAD").out.startswith("The policies demand the same.")


def test_with_exit_code_what_is_looser_ends_with_1_and_what_is_tighter_does_not(gates: Callable[..., Outcome], changed: Repository) -> None:
    assert gates("-C", changed.root, "policy", "diff", "HEAD", "--exit-code").code == ExitCode.FAILED
    assert gates("-C", changed.root, "policy", "diff", "HEAD", "old", "--exit-code").code == ExitCode.PASSED
    (changed.root / "gates.yaml").write_text(STRICT.replace("skips: [B101]", "skips: [B102]"), "utf-8")
    unweighed = gates("-C", changed.root, "policy", "diff", "HEAD", "--exit-code")
    assert (unweighed.code, "can't be weighed, so it counts as looser" in unweighed.out) == (ExitCode.FAILED, True)


@pytest.mark.parametrize("argv", [["--exit-code", "HEAD", "old"], ["HEAD", "--exit-code", "old"], ["HEAD", "old", "--exit-code"]])
def test_options_stand_where_one_likes(gates: Callable[..., Outcome], changed: Repository, argv: list[str]) -> None:
    outcome = gates("-C", changed.root, "policy", "diff", *argv)
    assert (outcome.code, outcome.out.startswith("Nothing is looser; 1 change is tighter.")) == (ExitCode.PASSED, True), outcome.err


def test_a_text_for_people_is_neither_looser_nor_tighter(gates: Callable[..., Outcome], passing: Repository) -> None:
    policy = passing.root / "gates.yaml"
    policy.write_text(policy.read_text("utf-8") + "runbook: docs/release.md\n", "utf-8")
    outcome = gates("-C", passing.root, "policy", "diff", "HEAD", "--exit-code")
    assert (outcome.code, outcome.out.startswith("Nothing is looser or tighter.")) == (ExitCode.PASSED, True)


def test_one_stage_can_be_looked_at_alone(gates: Callable[..., Outcome], repository: Repository) -> None:
    repository.commit({"gates.yaml": "version: 1\ngates: {secrets: {at: {release: {require: {findings: {max: 0}}}}}}\n"})
    (repository.root / "gates.yaml").write_text("version: 1\ngates: {secrets: {}}\n", "utf-8")
    assert "gates.secrets.require.findings.max  (at release alone)" in gates("-C", repository.root, "policy", "diff", "HEAD").out
    assert gates("-C", repository.root, "policy", "diff", "HEAD", "--stage", "change").out.startswith("The policies demand the same.")


def test_two_files_are_compared_wherever_they_lie(gates: Callable[..., Outcome], repository: Repository, tmp_path: Path) -> None:
    repository.commit({"a.txt": ""})
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text("version: 1\ngates: {secrets: {}}\n", "utf-8")
    other.write_text("version: 1\ngates: {secrets: {enforcement: warn}}\n", "utf-8")
    assert places(gates("-C", repository.root, "policy", "diff", one, other, "--format", "json")) == [
        ("looser", "gates.secrets.enforcement", "default of secrets", "other.yaml:2")
    ]


def test_the_first_policy_and_one_that_is_gone_are_said_to_be(gates: Callable[..., Outcome], repository: Repository) -> None:
    repository.commit({"a.txt": ""})
    repository.git("branch", "before")
    repository.commit({"gates.yaml": "version: 1\nextends: [baseline]\ngates: {secrets: {}}\n"})
    first = gates("-C", repository.root, "policy", "diff", "before", "HEAD", "--exit-code")
    assert (first.code, "before has no policy: this is the first one, and all of it is new" in first.out) == (ExitCode.PASSED, True)
    gone = gates("-C", repository.root, "policy", "diff", "HEAD", "before", "--exit-code")
    assert (gone.code, "before has no policy: nothing is judged any more" in gone.out) == (ExitCode.FAILED, True)
    neither = gates("-C", repository.root, "policy", "diff", "before", "before")
    assert (neither.code, "there is no gates.yaml, neither in before nor in before" in neither.err) == (ExitCode.USAGE, True)


WRONG = {
    "no revision": ([], "takes BASE and, where it is not the working tree, HEAD"),
    "too many": (["HEAD", "HEAD", "HEAD"], "takes BASE and, where it is not the working tree, HEAD"),
    "no such commit": (["nowhere"], "'nowhere' is neither a file nor a commit of this repository"),
    "an option for git": (["--", "--output=x"], "'--output=x' is neither a file nor a commit of this repository"),
    "a policy elsewhere": (["HEAD", "--policy", "/etc/gates.yaml"], "/etc/gates.yaml lies outside"),
}


@pytest.mark.parametrize(("argv", "error"), WRONG.values(), ids=WRONG)
def test_what_can_not_be_compared_is_said(gates: Callable[..., Outcome], passing: Repository, argv: list[str], error: str) -> None:
    outcome = gates("-C", passing.root, "policy", "diff", *argv)
    assert (outcome.code, error in outcome.err) == (ExitCode.USAGE, True), outcome.err


def test_a_policy_that_is_wrong_is_named_with_its_commit(gates: Callable[..., Outcome], repository: Repository) -> None:
    repository.commit({"gates.yaml": "version: 1\ngates: {secrets: {enforcment: warn}}\n"})
    repository.git("tag", "broken")
    repository.commit({"gates.yaml": "version: 1\ngates: {secrets: {}}\n"})
    outcome = gates("-C", repository.root, "policy", "diff", "broken", "--format", "json")
    assert outcome.code == ExitCode.USAGE
    assert outcome.json()["errors"][0]["where"] == "gates.yaml:2:19 (of broken)"


def test_a_link_in_a_commit_is_no_policy(gates: Callable[..., Outcome], repository: Repository) -> None:
    repository.commit({"real.yaml": "version: 1\ngates: {secrets: {}}\n"})
    (repository.root / "gates.yaml").symlink_to("real.yaml")
    repository.commit({})
    outcome = gates("-C", repository.root, "policy", "diff", "HEAD", "--policy", repository.root / "real.yaml")
    assert outcome.out.startswith("The policies demand the same.")
    assert "HEAD has no policy" in gates("-C", repository.root, "policy", "diff", "HEAD").out


def test_only_diff_takes_revisions(gates: Callable[..., Outcome], passing: Repository) -> None:
    outcome = gates("-C", passing.root, "policy", "check", "HEAD")
    assert (outcome.code, "`gates policy check` takes no revision" in outcome.err) == (ExitCode.USAGE, True)


def test_no_text_of_a_policy_commands_a_runner(gates: Callable[..., Outcome], passing: Repository) -> None:
    match = "{rule: '::error::z', path: a.py}"
    said = {"class": "mitigated", "reason": "'##[error]x ::error::y'", "owner": "a", "approver": "b", "match": match}
    waiver = "".join(f"    {key}: {value}\n" for key, value in {**said, "created": "2026-01-01", "expires": "2026-01-02"}.items())
    policy = passing.root / "gates.yaml"
    policy.write_text(policy.read_text("utf-8") + f"waivers:\n  - id: W-1\n    gate: checks\n{waiver}", "utf-8")
    for kind in ("text", "json"):
        lines = gates("-C", passing.root, "policy", "diff", "HEAD", "--format", kind).out.splitlines()
        assert any("W-1" in line for line in lines)
        assert not [line for line in lines if "##[" in line or line.lstrip().startswith("::")]


def test_the_same_policies_give_the_same_document(gates: Callable[..., Outcome], changed: Repository) -> None:
    first, second = (gates("-C", changed.root, "policy", "diff", "old", "--format", "json").out for _ in range(2))
    assert first == second
    assert json.loads(first)["schema"] == "gates/policy-diff/v1"
