"""`gates verify --policy`: would this run have passed by another policy?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import POLICY, Outcome
from tests.repository import Repository

Gates = Callable[..., Outcome]
#: For the last gate of the policy.
LENIENT = "    require: {failures: {max: 1}, findings: {max: 1}}\n"


@pytest.fixture
def made(gates: Gates, failing: Repository, tmp_path: Path) -> Path:
    path = tmp_path / "bundle.zip"
    assert gates("-C", failing.root, "run", "--bundle", path, "--as-of", "2026-01-10").code == 1
    return path


@pytest.fixture
def judged(gates: Gates, made: Path, tmp_path: Path) -> Callable[[str], tuple[int, Any]]:
    """The exit code of the bundle by a policy's text, and what that policy says."""

    def judge(policy: str) -> tuple[int, Any]:
        path = tmp_path / "today" / "gates.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(policy, "utf-8")
        done = gates("verify", made, "--allow-unsigned", "--policy", path, "--format", "json")
        document = done.json()
        assert (done.code, document["verdict"]) == (document["exit_code"], "failed")
        return done.code, document["by_policy"]

    return judge


def outcomes(said: Any) -> dict[str, str]:
    return {gate["gate"]: gate["outcome"] for gate in said["gates"]}


def test_the_same_policy_says_the_same(judged: Callable[[str], tuple[int, Any]]) -> None:
    code, said = judged(POLICY)
    assert (code, said["verdict"], outcomes(said)) == (1, "failed", {"secrets": "passed", "checks": "failed"})


def test_another_limit_gives_another_verdict(judged: Callable[[str], tuple[int, Any]]) -> None:
    code, said = judged(POLICY + LENIENT)
    assert (code, said["verdict"]) == (0, "passed")


def test_a_waiver_of_today_counts_as_on_today(judged: Callable[[str], tuple[int, Any]]) -> None:
    waiver = """\
waivers:
  - {id: W-1, gate: checks, match: {rule: failure, operation: "a::two"}, class: accepted-risk, reason: "known", owner: a, approver: b, %s}
"""
    assert judged(POLICY + waiver % "created: 2026-02-01, expires: 2999-01-01")[0] == 0
    assert judged(POLICY + waiver % "created: 2026-01-01, expires: 2026-01-31")[0] == 1


def test_a_gate_that_did_not_run_then_can_not_be_judged(judged: Callable[[str], tuple[int, Any]]) -> None:
    code, said = judged(POLICY.replace("secrets: {}", "secrets: {}\n  security: {}") + LENIENT)
    assert (code, outcomes(said)) == (3, {"secrets": "passed", "security": "errored", "checks": "passed"})


def test_nor_can_one_that_ran_with_other_options(judged: Callable[[str], tuple[int, Any]]) -> None:
    code, said = judged(POLICY.replace("secrets: {}", "secrets: {options: {mode: compat}}") + LENIENT)
    (secrets,) = [gate for gate in said["gates"] if gate["gate"] == "secrets"]
    assert (code, secrets["outcome"]) == (3, "errored")
    assert secrets["reasons"] == ["it was observed with another `mode` than this policy asks for"]


def test_an_option_that_is_said_as_its_default_is_the_same(judged: Callable[[str], tuple[int, Any]]) -> None:
    said = judged(POLICY.replace("secrets: {}", "secrets: {options: {mode: strict}}"))[1]
    assert outcomes(said)["secrets"] == "passed"


def test_nor_can_one_that_was_another_gate_of_the_same_name(judged: Callable[[str], tuple[int, Any]]) -> None:
    said = judged("version: 1\nextends: [baseline]\ngates: {secrets: {}, checks: {uses: security}}\n")[1]
    (checks,) = [gate for gate in said["gates"] if gate["gate"] == "checks"]
    assert checks["reasons"] == ["it was observed with another gate (external) than this policy asks for"]


def test_what_it_does_not_ask_for_is_said(judged: Callable[[str], tuple[int, Any]]) -> None:
    code, said = judged("version: 1\nextends: [baseline]\ngates: {secrets: {}}\n")
    assert (code, said["notes"]) == (0, ["checks was observed, and this policy does not ask for it at the stage change"])


def test_it_says_so_in_words(gates: Gates, made: Path, tmp_path: Path) -> None:
    (tmp_path / "gates.yaml").write_text(POLICY)
    done = gates("verify", made, "--allow-unsigned", "--policy", tmp_path / "gates.yaml")
    assert "verdict: failed, of a commit that you did not name\n" in done.out
    assert "  checks failed: new findings from high is 1, at most 0 allowed; failures is 1, at most 0 allowed\n" in done.out


def test_a_bundle_that_can_not_be_relied_on_is_not_judged_by_another(gates: Gates, made: Path, tmp_path: Path) -> None:
    (tmp_path / "gates.yaml").write_text("version: 1\nextends: [baseline]\ngates: {secrets: {}}\n")
    done = gates("verify", made, "--policy", tmp_path / "gates.yaml", "--format", "json")
    assert (done.code, "by_policy" in done.json()) == (6, False)


def test_a_policy_that_is_wrong_is_an_error_of_its_own(gates: Gates, made: Path, tmp_path: Path) -> None:
    (tmp_path / "gates.yaml").write_text("version: 1\ngates: {secrets: {enforcment: block}}\n")
    done = gates("verify", made, "--allow-unsigned", "--policy", tmp_path / "gates.yaml")
    assert (done.code, "gates.yaml:2" in done.err) == (2, True)
    assert gates("verify", made, "--allow-unsigned", "--policy", tmp_path / "nowhere.yaml").code == 2
