"""Overrides in a whole run: how they are written, who may, and that no bundle or report hides one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gates.evidence import archive
from tests.cli.conftest import FAILING, Outcome
from tests.cli.test_sign import payload
from tests.evidence.forging import closed, edited
from tests.repository import Repository

Gates = Callable[..., Outcome]
OVERRIDE = """\
overrides:
  - id: O-1
    for: {ref: refs/heads/main}
    reason: "the shop is down, and this mends it"
    owner: "@shop/platform"
    created: 2028-02-25
    expires: 2028-02-29
"""
ON = ("--as-of", "2028-02-29")


@pytest.fixture
def floor(tmp_path: Path) -> Path:
    path = tmp_path / "floor.yaml"
    path.write_text(f"version: 1\n{OVERRIDE}", "utf-8")
    return path


def test_a_policy_from_elsewhere_lets_it_pass_and_everything_says_so(
    gates: Gates, failing: Repository, tmp_path: Path, floor: Path
) -> None:
    made = tmp_path / "run.zip"
    done = gates("-C", failing.root, "run", *ON, "--policy-from", floor, "--bundle", made)
    assert done.code == 0
    assert done.out.startswith("PASSED, BY OVERRIDE  overridden by O-1 of the policy")
    report = json.loads(gates("report", made, "--format", "json").out)
    assert (report["verdict"], report["would_be"], report["override"]["verdict"]) == ("passed", "failed", "failed")
    assert report["override"]["owner"] == "@shop/platform"
    for kind in ("html", "markdown", "text"):
        assert "the shop is down, and this mends it" in gates("report", made, "--format", kind).out
    verified = gates("verify", made, "--allow-unsigned")
    assert verified.code == 0
    assert "failed but for the override O-1" in " ".join(verified.out.split())


def test_the_signature_of_such_a_bundle_says_it_too(gates: Gates, failing: Repository, tmp_path: Path, floor: Path) -> None:
    made = tmp_path / "run.zip"
    gates("keygen", tmp_path / "release")
    gates("-C", failing.root, "run", *ON, "--policy-from", floor, "--bundle", made)
    assert gates("sign", made, "--sign-key", tmp_path / "release").code == 0
    assert payload(made, "attestation.dsse.json")["predicate"]["override"] == "O-1"
    assert payload(made, "vsa.dsse.json")["predicate"]["verifiedLevels"] == ["QUALITY_GATES_OVERRIDDEN"]
    assert gates("verify", made, "--key", tmp_path / "release.pub").code == 0


def test_the_change_s_own_does_not_count_until_an_approver_signs_it(gates: Gates, repository: Repository, tmp_path: Path) -> None:
    gates("keygen", tmp_path / "anna")
    key = "".join(line for line in (tmp_path / "anna.pub").read_text().splitlines() if "-----" not in line)
    policy = f'{FAILING["gates.yaml"]}approvers: ["@anna ed25519:{key}"]\n{OVERRIDE}'
    repository.commit({**FAILING, "gates.yaml": policy})
    done = gates("-C", repository.root, "run", *ON)
    assert (done.code, "O-1" in done.out) == (1, True)
    assert gates("-C", repository.root, "waive", "O-1", "--sign-key", tmp_path / "anna").code == 0
    assert gates("-C", repository.root, "run", *ON).code == 0
    text = (repository.root / "gates.yaml").read_text()
    (repository.root / "gates.yaml").write_text(text.replace("2028-02-29", "2028-02-28"), "utf-8")
    assert gates("-C", repository.root, "run", "--as-of", "2028-02-28").code == 1


def test_a_floor_that_the_change_brings_can_not_override(gates: Gates, repository: Repository) -> None:
    repository.commit({**FAILING, "floor.yaml": f"version: 1\n{OVERRIDE}"})
    done = gates("-C", repository.root, "run", *ON, "--policy-from", str(repository.root / "floor.yaml"), "--format", "json")
    assert (done.code, done.json()["override"]) == (1, None)


def test_a_forged_one_does_not_follow(gates: Gates, failing: Repository, tmp_path: Path, floor: Path) -> None:
    made = tmp_path / "run.zip"
    late = ("--as-of", "2028-03-01")
    for when, name, change in (
        (late, "decision.json", lambda decision: decision.update(verdict="passed")),
        (ON, "context.json", lambda context: context["policies"][1].update(within=True)),
        (ON, "decision.json", lambda decision: decision.pop("override")),
    ):
        made.unlink(missing_ok=True)
        gates("-C", failing.root, "run", *when, "--policy-from", floor, "--bundle", made)
        made.write_bytes(archive.pack(closed(edited(archive.unpack(made.read_bytes()), name, change))))
        assert gates("verify", made, "--allow-unsigned").code == 8


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("expires: 2028-02-29", "expires: 2028-03-04", "it lasts at most 7 days"),
        ("expires: 2028-02-29", "expires: 2028-02-24", "it lasts at most 7 days"),
        ("{ref: refs/heads/main}", "{}", "commit"),
        ("refs/heads/main", "main", "a full name such as"),
        ('    owner: "@shop/platform"\n', "", "'owner'"),
        ("    reason", "    of: [passed]\n    reason", "failed"),
    ],
)
def test_what_is_wrong_with_one_is_said_with_its_line(gates: Gates, repository: Repository, old: str, new: str, error: str) -> None:
    repository.commit({**FAILING, "gates.yaml": FAILING["gates.yaml"] + OVERRIDE.replace(old, new)})
    done = gates("-C", repository.root, "policy", "check")
    assert (done.code, error in done.err, "where: gates.yaml:" in done.err) == (2, True, True), done.err
