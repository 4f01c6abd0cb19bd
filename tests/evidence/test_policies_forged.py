"""A bundle of a change that the policy where it goes stopped, made into one of a change that passed: none is accepted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from gates.cli.main import main
from gates.evidence import archive, bundle, keys
from gates.evidence.keys import PrivateKey
from gates.judge.strictest import judge
from gates.model import Enforcement, FileChange, JudgingPolicy, Record, Review, Reviews, Verdict
from gates.report import html
from tests.evidence.forging import Members, closed, edited, signed
from tests.weakening.approved import ANNA, named
from tests.weakening.approved import signed as signed_policy
from tests.weakening.projects import SECURITY, VULNERABLE, policy
from tests.weakening.proposing import Proposal, PullRequest

BEFORE = {**SECURITY, "other.py": "", "gates.yaml": policy("security: {}", more='approvers: ["@anna"]\n')}
CHANGE = {"app.py": VULNERABLE, "gates.yaml": policy("security: {options: {exclude: [app.py]}}", more='approvers: ["@anna"]\n')}
#: Both look alike, and the change's own lets pass what it finds.
ALIKE = {**CHANGE, "gates.yaml": policy("security: {enforcement: warn}", more='approvers: ["@anna"]\n')}
_EFFECTIVE = "policies/@tip/effective.json"
_FACTS, _RAW = "facts/security@tip.json", "raw/security@tip/scan.json"


@dataclass(frozen=True)
class Stopped:
    """The bundles of two changes that were stopped, unsigned; a key that is trusted, and one that is not."""

    folder: Path
    apart: Members
    alike: Members
    enemy: PrivateKey

    def verify(self, members: Members, *options: str) -> int:
        path = self.folder / "forged.zip"
        path.write_bytes(archive.pack(members))
        return main(["verify", str(path), *options])


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Stopped:
    made = []
    for change in (CHANGE, ALIKE):
        request = PullRequest(tmp_path_factory.mktemp("stopped"), Proposal(before=BEFORE, change=change))
        ran = request.judge()
        assert ran.code == 1
        made.append(archive.unpack(ran.bundle.read_bytes()))
    folder = tmp_path_factory.mktemp("keys")
    for name in ("release", "enemy"):
        keys.write_pair(folder / name)
    return Stopped(folder, made[0], made[1], keys.load_private(folder / "enemy"))


def test_what_is_attacked_is_a_bundle_that_verifies(stopped: Stopped) -> None:
    assert _FACTS in stopped.apart
    assert _FACTS not in stopped.alike
    assert [stopped.verify(members, "--allow-unsigned") for members in (stopped.apart, stopped.alike)] == [1, 1]
    assert [stopped.verify(closed(members), "--allow-unsigned") for members in (stopped.apart, stopped.alike)] == [1, 1]


# -- edited, and closed again ------------------------------------------------------------------


def _decided(**changes: Any) -> Callable[[Any], object]:
    return lambda decision: decision["policies"][1].update(changes)


def _without(*names: str) -> Callable[[Members], Members]:
    return lambda members: {name: content for name, content in members.items() if not name.startswith(names)}


def _edit(name: str, change: Callable[[Any], object]) -> Callable[[Members], Members]:
    return lambda members: edited(members, name, change)


def _copied(members: Members) -> Members:
    """The change's own look at the gate, in the place of the one that the policy at the tip asks for."""
    raw = {name.replace("security/", "security@tip/"): content for name, content in members.items() if name.startswith("raw/security/")}
    found = edited({**members, **raw, _FACTS: members["facts/security.json"]}, _FACTS, lambda facts: facts.update(gate="security@tip"))
    return edited(found, "decision.json", lambda decision: decision.update(verdict="passed", would_be="passed", reasons=[]))


EDITS: dict[str, tuple[int, Callable[[Members], Members]]] = {
    "the verdict": (8, _edit("decision.json", lambda decision: decision.update(verdict="passed"))),
    "the verdict of the tip's policy": (8, _edit("decision.json", _decided(verdict="passed"))),
    "that it counts": (8, _edit("decision.json", _decided(counts=False))),
    "why it does not count": (
        8,
        _edit("decision.json", _decided(counts=False, why="@anna, one of its approvers, approved this very change")),
    ),
    "that it judged": (8, _edit("decision.json", lambda decision: decision.pop("policies"))),
    "a row of it": (8, _edit("decision.json", lambda decision: decision["gates"].pop())),
    "what it demands": (8, _edit(_EFFECTIVE, lambda policy: policy["gates"][0].update(enforcement="warn"))),
    "that it may be loosened at once": (8, _edit(_EFFECTIVE, lambda policy: policy.update(self_approval=True))),
    "who approves": (8, _edit(_EFFECTIVE, lambda policy: policy.update(approvers=["@dev"]))),
    "its file": (5, lambda members: {**members, "policies/@tip/gates.yaml": members["policies/gates.yaml"]}),
    "its file is taken out": (5, _without("policies/@tip/gates.yaml")),
    "all of it is taken out": (5, _without("policies/@tip/")),
    "its name": (5, _edit("context.json", lambda context: context["policies"][1].update(name="from-1"))),
    "whose it is": (8, _edit("context.json", lambda context: context["policies"][1].update(words="a policy"))),
    "that the context names it": (8, _edit("context.json", lambda context: context.pop("policies"))),
    "what steers its gates": (8, _edit("context.json", lambda context: context["policies"][1].update(steered_by=["app.py"]))),
    "which gates look apart": (8, _edit("context.json", lambda context: context["policies"][1].update(apart=["security"]))),
    "facts by it": (8, _edit(_FACTS, lambda facts: facts.update(findings=[]))),
    "raw output by it": (8, _edit(_RAW, lambda scan: scan.update(issues=[]))),
    "facts by it are taken out": (8, _without(_FACTS)),
    "facts and raw output by it are taken out": (8, _without(_FACTS, "raw/security@tip/")),
    "its look is the change's own": (8, _copied),
    "the change is to the policy alone": (
        8,
        _edit("change.json", lambda change: change.update(files=[{"base": "gates.yaml", "path": "gates.yaml"}])),
    ),
    "the change is from another base": (8, _edit("change.json", lambda change: change.update(base="0" * 40))),
    "facts of a gate that nobody asked for": (
        8,
        lambda members: {**members, "facts/tests@tip.json": members[_FACTS].replace(b"security@tip", b"tests@tip")},
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_what_is_edited_does_not_follow(stopped: Stopped, name: str) -> None:
    code, edit = EDITS[name]
    assert stopped.verify(closed(edit(stopped.apart)), "--allow-unsigned") == code


# -- judged again, so that all of it follows ---------------------------------------------------


def _again(members: Members, change: Callable[[Record], Record]) -> Members:
    """The members of a run of which something else is said, judged and rendered anew."""
    contents = bundle.open_members(members)
    record = change(contents.record)
    decision = judge(record.judgings(), record.context, record.facts, record.base, record.change, reviews=record.reviews)
    record = replace(record, decision=decision)
    named = {policy.name for policy in record.others}
    others = [source for name, held in contents.others.items() if name in named for source in bundle.beside(name, held)]
    kept = {facts.gate for facts in record.facts}
    raw = {gate: held for gate, held in contents.raw.items() if gate in kept}
    made = bundle.members_of(record, (*contents.sources, *others), raw, contents.base_raw)
    record = replace(record, content_digest=bundle.content_digest(made), artifacts=bundle.artifacts(raw))
    made[bundle.PAGE] = html.render(record, bundle=None).encode()
    return closed({**{name: members[name] for name in ("manifest.json", "redactions.json")}, **made})


def _only_own(record: Record) -> Record:
    return replace(record, context=replace(record.context, policies=None), others=())


def _approved(record: Record) -> Record:
    commit = record.context.commit or ""
    review = Review(reviewer="anna", verdict="approved", commit=commit)
    return replace(record, reviews=Reviews(commit=commit, head=commit, url="https://example.org", author="dev", reviews=(review,)))


def _policy_alone(record: Record) -> Record:
    assert record.change is not None
    return replace(record, change=replace(record.change, files=(FileChange(base="gates.yaml", path="gates.yaml"),)))


def _steered(record: Record) -> Record:
    own, tip = record.context.policies or ()
    named = (own, JudgingPolicy(name=tip.name, words=tip.words, steered_by=("app.py",)))
    return replace(record, context=replace(record.context, policies=named), others=(replace(record.others[0], steered_by=("app.py",)),))


@pytest.mark.parametrize("lie", [_only_own, _approved, _policy_alone, _steered])
def test_whoever_lies_about_the_change_needs_a_key(stopped: Stopped, lie: Callable[[Record], Record]) -> None:
    """What a run was told of its change, it alone knows: that it was told so is what a signature vouches for."""
    forged = _again(stopped.alike, lie)
    assert bundle.open_members(forged).record.decision.verdict is Verdict.PASSED
    assert stopped.verify(forged) == 6
    assert stopped.verify(signed(forged, stopped.enemy), "--key", str(stopped.folder / "release.pub")) == 6


def test_an_approval_of_another_policy_does_not_become_one_of_this(tmp_path: Path, stopped: Stopped) -> None:
    """What both policies are, whole, follows from their files, whatever the context says of it."""
    text = policy("security: {}", more=named(anna=ANNA))
    change = {"app.py": VULNERABLE, "gates.yaml": policy("security: {enforcement: block}", more=named(anna=ANNA))}
    edit = signed_policy("@anna", ANNA, afterwards=("block", "warn"))
    request = PullRequest(tmp_path, Proposal(before={**BEFORE, "gates.yaml": text}, change=change, prepare=edit))
    ran = request.judge("--as-of", "2026-11-28")
    assert ran.code == 1

    def believed(record: Record) -> Record:
        assert record.policy.approved is not None
        own, tip = record.context.policies or ()
        own = replace(own, whole=record.policy.approved.to)
        return replace(record, context=replace(record.context, policies=(own, tip)))

    forged = _again(archive.unpack(ran.bundle.read_bytes()), believed)
    assert bundle.open_members(forged).record.decision.verdict is Verdict.PASSED
    assert stopped.verify(forged, "--allow-unsigned") == 8


def test_facts_that_are_gone_leave_a_run_that_is_not_whole(stopped: Stopped) -> None:
    def without(record: Record) -> Record:
        return replace(record, facts=tuple(facts for facts in record.facts if facts.gate != "security@tip"))

    forged = _again(stopped.apart, without)
    assert bundle.open_members(forged).record.decision.verdict is Verdict.ERRORED
    assert stopped.verify(forged, "--allow-unsigned") in {8, 9}


def test_a_policy_that_its_files_do_not_make_is_none(stopped: Stopped) -> None:
    def weaker(record: Record) -> Record:
        gates = tuple(replace(gate, enforcement=Enforcement.WARN) for gate in record.others[0].policy.gates)
        return replace(record, others=(replace(record.others[0], policy=replace(record.others[0].policy, gates=gates)),))

    forged = _again(stopped.alike, weaker)
    assert bundle.open_members(forged).record.decision.verdict is Verdict.PASSED
    assert stopped.verify(forged, "--allow-unsigned") == 8
