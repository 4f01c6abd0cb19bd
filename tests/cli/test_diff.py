"""`gates diff` and `gates report --previous` on real bundles."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import FAILING, PASSING, POLICY, Outcome
from tests.repository import Repository

Gates = Callable[..., Outcome]


@pytest.fixture
def pair(gates: Gates, repository: Repository, tmp_path: Path) -> tuple[Path, Path]:
    """A run that passes, and a later one that fails by a policy that lets one failure pass, with a file less."""
    before, after = tmp_path / "before.zip", tmp_path / "after"
    repository.commit({**PASSING, "more.py": "print('more')\n"})
    assert gates("-C", repository.root, "run", "--bundle", before).code == 0
    (repository.root / "more.py").unlink()
    looser = POLICY.replace("secrets: {}", "secrets: {require: {findings: {max: 3}}}")
    repository.commit({**FAILING, "gates.yaml": looser})
    assert gates("-C", repository.root, "run", "--bundle", after).code == 1
    return before, after


def test_what_became_of_a_run_is_said_and_the_code_is_0(gates: Gates, pair: tuple[Path, Path]) -> None:
    done = gates("diff", *pair)
    assert done.code == 0
    assert done.out.startswith("FAILED  was passed\n")
    for words in (
        "checks: new (1)",
        "two is wrong",
        "mind: secrets examined fewer files: 3; before it was 4.",
        "looser  gates.secrets.require",
    ):
        assert words in done.out
    back = gates("diff", *reversed(pair))
    assert "checks: mended (1)" in back.out
    assert "name the earlier one first" in back.out


def test_the_json_holds_new_and_mended_findings_whole(gates: Gates, pair: tuple[Path, Path]) -> None:
    document = gates("diff", *pair, "--format", "json").json()
    assert (document["schema"], document["verdict_then"], document["verdict_now"]) == ("gates/comparison/v1", "passed", "failed")
    (checks,) = [gate for gate in document["gates"] if gate["gate"] == "checks"]
    assert [finding["message"] for finding in checks["new"]] == ["a::two failed: two is wrong"]
    assert (checks["outcome_then"], checks["outcome_now"], checks["mended"]) == ("passed", "failed", [])
    assert {change["direction"] for change in document["policy"]} == {"looser", "tighter"}
    assert document["previous"].startswith("sha256:")


def test_a_bundle_that_is_not_intact_is_refused_by_name(gates: Gates, pair: tuple[Path, Path]) -> None:
    before, after = pair
    (after / "decision.json").write_bytes(b"{}")
    done = gates("diff", before, after, "--format", "json")
    (error,) = done.json()["errors"]
    assert done.code == 2
    assert (error["error"], error["where"]) == ("a member is not what the manifest says", f"{after}: decision.json")
    missing = gates("diff", before.with_name("none.zip"), before, "--format", "json").json()["errors"][0]
    assert missing["where"] == str(before.with_name("none.zip"))


def test_the_page_shows_what_became_of_it(gates: Gates, pair: tuple[Path, Path]) -> None:
    before, after = pair
    alone = gates("report", after, "--format", "html").out
    held = gates("report", after, "--format", "html", "--previous", before).out
    assert "Since the previous bundle" not in alone
    assert "Since the previous bundle" in held
    assert "secrets examined fewer files: 3; before it was 4." in held
    refused = gates("report", after, "--previous", before)
    assert (refused.code, "for the page, not for text" in refused.err) == (2, True)
