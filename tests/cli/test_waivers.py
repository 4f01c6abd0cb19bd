"""Waivers of a whole run: on which days they count, and how the approval that they need comes into the evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gates.evidence import archive, bundle, rejudge
from gates.model import WaiverState
from gates.policy import load
from tests.adapters.code_host import TOKEN, CodeHost, code_host, job
from tests.cli.conftest import FAILING, PASSING, Outcome
from tests.evidence.forging import closed, edited
from tests.repository import Repository

WAIVER = """\
waivers:
  - id: W-1
    gate: checks
    match: {rule: failure, operation: "a::two"}
    class: accepted-risk
    reason: "mended in the next release"
    owner: "@shop/platform"
    approver: "@anna"
    created: 2028-02-20
    expires: 2028-02-29
"""
REVIEWED = 'approvers: ["@shop/security", "@anna"]\nwaiver-rules: {approval: reviewed}\n'
Gates = Callable[..., Outcome]
Run = Callable[..., Outcome]


@pytest.fixture
def waived(repository: Repository) -> Repository:
    repository.commit({**FAILING, "gates.yaml": FAILING["gates.yaml"] + WAIVER})
    return repository


@pytest.fixture
def run(gates: Gates, repository: Repository, tmp_path: Path) -> Run:
    """A run on a day (by default one on which the waiver counts), as one JSON document, with its bundle at `run.zip`."""

    def call(day: str = "2028-02-29", *more: str | Path) -> Outcome:
        (tmp_path / "run.zip").unlink(missing_ok=True)
        return gates("-C", repository.root, "run", "--format", "json", "--bundle", tmp_path / "run.zip", "--as-of", day, *more)

    return call


def waiver_of(done: Outcome) -> Any:
    (found,) = done.json()["waivers"]
    return found


@pytest.mark.parametrize(
    ("day", "code", "state"),
    [
        ("2028-02-19", 1, "not-yet"),
        ("2028-02-20", 0, "expires-soon"),
        ("2028-02-29", 0, "expires-soon"),
        ("2028-03-01", 1, "expired"),
    ],
)
def test_a_waiver_counts_from_its_first_day_to_its_last(waived: Repository, run: Run, day: str, code: int, state: str) -> None:
    done = run(day)
    assert (done.code, waiver_of(done)["state"]) == (code, state)


def test_a_waived_finding_stays_in_the_evidence_with_its_waiver(waived: Repository, run: Run, tmp_path: Path) -> None:
    assert run().code == 0
    record = bundle.read(tmp_path / "run.zip").record
    (finding,), (state,) = record.facts[1].findings, record.decision.gates[1].findings
    assert (finding.rule, state.waiver, record.policy.waivers[0].id) == ("checks/failure", "W-1", "W-1")


# -- reviewed -----------------------------------------------------------------------------------


@pytest.fixture
def host(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CodeHost]:
    """A pull request as a job of GitHub sees it: its head, merged into what its target has become meanwhile."""
    repository.commit({**FAILING, "gates.yaml": FAILING["gates.yaml"] + REVIEWED})
    repository.git("checkout", "-q", "-b", "change")
    head = repository.commit({"gates.yaml": FAILING["gates.yaml"] + REVIEWED + WAIVER})
    repository.git("checkout", "-q", "main")
    repository.commit({"app.py": "print('hello, again')\n"})
    repository.git("merge", "-q", "--no-ff", "-m", "merge", "change")
    with code_host() as made:
        made.head = head
        for name, value in job(made, tmp_path, {"pull_request": {"number": 7}}).items():
            monkeypatch.setenv(name, value)
        yield made


def test_a_review_of_the_head_lets_a_waiver_count_and_is_verified_offline(host: CodeHost, run: Run, gates: Gates, tmp_path: Path) -> None:
    host.review("anna")
    done = run()
    assert (done.code, waiver_of(done)["approval"], waiver_of(done)["approved_by"]) == (0, "reviewed", "@anna")
    asked = len(host.asked)
    verified = gates("verify", tmp_path / "run.zip", "--allow-unsigned")
    assert (verified.code, len(host.asked)) == (0, asked)


def test_a_review_lets_a_change_bring_a_fault_and_its_waiver_past_the_policy_where_it_goes(
    repository: Repository, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The policy at the tip knows no such waiver: one of its approvers has to agree."""
    base = repository.commit({**PASSING, "gates.yaml": FAILING["gates.yaml"] + REVIEWED})
    head = repository.commit({**FAILING, "gates.yaml": FAILING["gates.yaml"] + REVIEWED + WAIVER})
    with code_host() as host:
        host.head = head
        for name, value in job(host, tmp_path, {"pull_request": {"number": 7, "base": {"sha": base}}}).items():
            monkeypatch.setenv(name, value)
        without = run("2028-02-29", "--base", base)
        host.review("anna")
        done = run("2028-02-29", "--base", base)
    assert (without.code, waiver_of(without)["approval"]) == (1, "asserted")
    assert (done.code, waiver_of(done)["approval"]) == (0, "reviewed")


@pytest.mark.parametrize("named", ["anna", "ben"])
def test_a_signature_by_an_approver_of_the_tip_does_so_too(
    repository: Repository, run: Run, gates: Gates, tmp_path: Path, named: str
) -> None:
    """That the change names the signer an approver is not enough: the policy where it goes has to."""
    signers = {name: naming(tmp_path / name, gates) for name in ("anna", "ben")}
    base = repository.commit({**PASSING, "gates.yaml": FAILING["gates.yaml"] + signers[named]})
    repository.commit({**FAILING, "gates.yaml": FAILING["gates.yaml"] + signers["anna"] + WAIVER})
    assert gates("-C", repository.root, "waive", "W-1", "--sign-key", tmp_path / "anna").code == 0
    repository.commit({})
    done = run("2028-02-29", "--base", base)
    assert (done.code, waiver_of(done)["approval"], waiver_of(done)["state"]) == (int(named != "anna"), "signed", "expires-soon")


def naming(key: Path, gates: Gates) -> str:
    """A new pair of keys, and a policy's lines that name its holder."""
    assert gates("keygen", key).code == 0
    line = key.with_name(f"{key.name}.pub").read_text("ascii").splitlines()[1]
    return f'approvers: ["@{key.name} ed25519:{line}"]\nwaiver-rules: {{approval: signed}}\n'


def test_a_member_of_a_team_approves_where_the_token_may_know(host: CodeHost, run: Run) -> None:
    host.review("ben")
    host.teams["shop/security"] = {"ben": "active"}
    assert run().code == 0


def test_without_a_review_the_finding_counts_and_it_is_said_how_to_get_one(host: CodeHost, run: Run) -> None:
    host.review("ben")
    done = run()
    assert (done.code, waiver_of(done)["state"], waiver_of(done)["approval"]) == (1, "not-approved", "asserted")
    message = waiver_of(done)["message"]
    assert "this policy wants `reviewed`" in message
    assert "none of @shop/security, @anna has approved" in message
    assert "who belongs to @shop/security is not known" in message
    assert "let one of them approve the change on the code host" in message


def test_a_review_of_what_was_there_before_does_not_count(host: CodeHost, run: Run, repository: Repository) -> None:
    host.review("anna", commit=repository.git("rev-parse", "HEAD^1"))
    done = run()
    assert (done.code, "which is not the head any more" in waiver_of(done)["message"]) == (1, True)


def test_what_was_not_committed_was_not_reviewed(host: CodeHost, run: Run, repository: Repository) -> None:
    host.review("anna")
    (repository.root / "app.py").write_text("print('not committed')\n", "utf-8")
    done = run()
    assert (done.code, "there are changes that were not committed" in waiver_of(done)["message"]) == (1, True)


def test_the_token_stands_nowhere_in_the_evidence(host: CodeHost, run: Run, tmp_path: Path) -> None:
    host.review("anna")
    assert run().code == 0
    assert TOKEN.encode() not in (tmp_path / "run.zip").read_bytes()


def test_a_review_that_somebody_makes_up_does_not_follow(host: CodeHost, run: Run, gates: Gates, tmp_path: Path) -> None:
    """Reviews are part of what is judged: with others the decision is another."""
    host.review("ben")
    assert run().code == 1
    members = archive.unpack((tmp_path / "run.zip").read_bytes())
    forged = closed(edited(members, "reviews.json", lambda data: data["reviews"][0].update(reviewer="anna")))
    (tmp_path / "forged.zip").write_bytes(archive.pack(forged))
    assert forged["manifest.json"] != members["manifest.json"]
    assert gates("verify", tmp_path / "forged.zip", "--allow-unsigned").code == 8


def test_reviews_are_part_of_the_content_digest(host: CodeHost, run: Run) -> None:
    first = run().json()["content_digest"]
    host.review("carl", "CHANGES_REQUESTED")
    assert run().json()["content_digest"] != first


def test_nothing_is_asked_where_no_waiver_needs_it(host: CodeHost, run: Run, repository: Repository) -> None:
    repository.commit({"gates.yaml": FAILING["gates.yaml"] + WAIVER})
    assert run().code == 0
    repository.commit({"gates.yaml": FAILING["gates.yaml"] + REVIEWED})
    assert run().code == 1
    assert host.asked == []


def test_another_policy_judges_by_the_reviews_of_then(host: CodeHost, run: Run, repository: Repository, tmp_path: Path) -> None:
    host.review("anna")
    assert run().code == 0
    sources = load.collect(repository.root, repository.root / "gates.yaml")
    again = rejudge.by_another(bundle.read(tmp_path / "run.zip"), sources, date(2028, 2, 28))
    assert [(waiver.approval, waiver.state) for waiver in again.decision.waivers] == [("reviewed", WaiverState.EXPIRES_SOON)]
