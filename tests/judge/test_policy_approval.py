"""A signature lets the policy of a change judge alone only for exactly that change of the policy, by somebody whom the tip names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gates import canonical, codec
from gates.judge.strictest import APPROVE, judge
from gates.model import Context, Decision, Enforcement, Judging, Override, Policy, PolicyApproval, Reviews, Verdict
from gates.policy import approvers, signing
from tests.judge.making import NONE_AT_ALL, context, facts, finding, gate_policy, waiver
from tests.judge.test_approval import KEY, public_of, reviews
from tests.judge.test_strictest import WORDS, floor, own, tip

ANNA, BEN = KEY, Ed25519PrivateKey.from_private_bytes(bytes(32))
ANNA_LINE, BEN_LINE = (f"{name} {approvers.written(public_of(key))}" for name, key in (("@anna", ANNA), ("@ben", BEN)))
OF, TO, OTHER = (f"sha256:{letter * 64}" for letter in "abc")
CONTEXT = context(commit="c" * 40, repository="git@Example.org:shop/web.git")
STRICT, LOOSE = gate_policy("security", NONE_AT_ALL), gate_policy("security", NONE_AT_ALL, enforcement=Enforcement.WARN)


def approval(key: Ed25519PrivateKey | None = ANNA, **changes: Any) -> PolicyApproval:
    values: dict[str, Any] = {
        "of": OF,
        "to": TO,
        "repository": "example.org/shop/web",
        "by": "@anna",
        "created": date(2026, 11, 20),
        "expires": date(2026, 11, 24),
    }
    made = PolicyApproval(**(values | changes))
    return made if key is None else replace(made, signature=signing.written(key.sign(signing.payload(made))))


def pair(approved: PolicyApproval | None, *, named: tuple[str, ...] = (ANNA_LINE,), **changes: Any) -> tuple[Judging, Judging]:
    """The policy of a change, which lets pass what it finds, and the one where it goes, which does not."""
    mine = replace(own(LOOSE, approved=approved, approvers=(ANNA_LINE, BEN_LINE)), whole=TO)
    return mine, replace(tip(STRICT, approvers=named), **({"whole": OF} | changes))


def decided(*judgings: Judging, about: Context = CONTEXT, said: Reviews | None = None) -> Decision:
    return judge(judgings, about, [facts(finding(1))], [], reviews=said)


def remedy(decision: Decision) -> str:
    """What is said of the tip's policy, which stops the change."""
    assert decision.verdict is Verdict.FAILED
    assert decision.policies is not None
    assert decision.policies[1].counts
    return decision.policies[1].remedy or ""


def test_an_approver_of_the_tip_lets_the_policy_of_the_change_judge_alone() -> None:
    decision = decided(*pair(approval()))
    assert decision.verdict is Verdict.PASSED
    assert decision.policies is not None
    assert [(item.counts, item.verdict) for item in decision.policies] == [(True, Verdict.PASSED), (False, Verdict.FAILED)]
    assert decision.policies[1].why == "@anna, one of its approvers, signed that this policy takes its place"


@pytest.mark.parametrize("day", [20, 24])
def test_its_first_and_its_last_day_count(day: int) -> None:
    assert decided(*pair(approval()), about=replace(CONTEXT, day=date(2026, 11, day))).verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("approved", "words"),
    [
        (approval(None), "not signed as it stands by a key that the `approvers` of gates.yaml of dddddddddddd"),
        (approval(BEN), "name for @anna"),
        (approval(BEN, by="@ben"), "name for @ben"),
        (approval(by="@ben"), "name for @ben"),
        (replace(approval(expires=date(2026, 11, 23)), expires=date(2026, 11, 24)), "not signed as it stands"),
        (replace(approval(), signature="ed25519:no"), "not signed as it stands"),
        (approval(of=OTHER), "for a change of another policy than gates.yaml of dddddddddddd"),
        (approval(of=TO, to=OF), "for a change of another policy"),
        (approval(to=OTHER), "edited after it was signed"),
        (approval(repository="example.org/shop/api"), "for example.org/shop/api, and this is example.org/shop/web"),
        (approval(repository=None), "for a repository without a name, and this is example.org/shop/web"),
        (approval(folder="shop"), "for the folder shop, and this is the whole repository"),
        (approval(expires=date(2026, 11, 21)), "over on 2026-11-21"),
        (approval(created=date(2026, 11, 23)), "from 2026-11-23 on"),
    ],
)
def test_one_that_is_not_of_exactly_this_does_not_count_and_says_why(approved: PolicyApproval, words: str) -> None:
    decision = decided(*pair(approved))
    assert remedy(decision).startswith(f"the approval by {approved.by} does not count: ")
    assert words in remedy(decision)
    assert remedy(decision).endswith(APPROVE)


def test_one_of_a_folder_counts_in_that_folder_alone() -> None:
    """Folders that are judged by themselves often have the same policy: what was signed for one loosens no other."""
    shop, api = (replace(CONTEXT, folder=name) for name in ("shop", "api"))
    assert decided(*pair(approval(folder="shop")), about=shop).verdict is Verdict.PASSED
    assert "for the folder shop, and this is the folder api" in remedy(decided(*pair(approval(folder="shop")), about=api))
    assert "for the whole repository, and this is the folder api" in remedy(decided(*pair(approval()), about=api))


def test_another_signature_of_the_same_key_is_none() -> None:
    """Everything that a key signs for a policy begins with what it is: a waiver's signature can't stand under an approval."""
    unsigned = approval(None)
    said = canonical.of(unsigned)
    for before in (b"", b"quality-gates waiver v1\n", b"quality-gates override v1\n"):
        made = replace(unsigned, signature=signing.written(ANNA.sign(before + said)))
        assert "not signed as it stands" in remedy(decided(*pair(made)))


def test_whom_only_the_change_names_approves_nothing() -> None:
    assert "name for @ben" in remedy(decided(*pair(approval(BEN, by="@ben"))))
    assert decided(*pair(approval(BEN, by="@ben"), named=(ANNA_LINE, BEN_LINE))).verdict is Verdict.PASSED


def test_nobody_signs_their_own_change_where_its_author_is_known() -> None:
    assert "@anna opened the change" in remedy(decided(*pair(approval()), said=reviews(author="Anna")))
    assert decided(*pair(approval()), said=reviews(author="ben")).verdict is Verdict.PASSED


def test_files_by_which_gates_look_are_a_reviewer_s_alone() -> None:
    decision = decided(*pair(approval(), touched=(".secrets.baseline",)))
    assert "gates look by .secrets.baseline, changed too" in remedy(decision)
    assert APPROVE not in remedy(decision)


def test_one_that_stands_at_the_tip_was_for_what_was_merged_with_it() -> None:
    mine, there = pair(approval())
    decision = decided(mine, replace(there, policy=replace(there.policy, approved=approval())))
    assert "does not count" not in remedy(decision)


def test_it_sets_no_policy_aside_but_the_tip_s() -> None:
    decision = decided(*pair(approval()), replace(floor(STRICT), whole=OF))
    assert decision.verdict is Verdict.FAILED


def test_who_could_sign_is_told_how_and_who_could_not_is_not() -> None:
    stopped = decided(*pair(None))
    assert remedy(stopped) == f"the policy of the change judges without it once one of its approvers signs that: {APPROVE}"
    assert remedy(decided(*pair(None, whole=None))) == ""
    mine, there = pair(None)
    assert remedy(decided(replace(mine, policy=replace(mine.policy, gates=(STRICT,))), there)) == ""


@pytest.mark.parametrize("side", [0, 1])
def test_where_a_policy_is_not_known_whole_nothing_is_approved(side: int) -> None:
    judgings = list(pair(approval()))
    judgings[side] = replace(judgings[side], whole=None)
    said = remedy(decided(*judgings))
    assert ("the policy of the change says at every stage is not known" in said, f"what {WORDS} says" in said) == (side == 0, side == 1)
    assert APPROVE not in said


@pytest.mark.parametrize("make", [approval, waiver])
def test_what_is_signed_is_everything_but_the_signature(make: Callable[[], Any]) -> None:
    item: PolicyApproval | Override = make()
    assert signing.payload(item) == signing.payload(replace(item, signature="ed25519:x"))
    assert codec.encode(replace(item, signature=None)) == canonical.loads(signing.payload(item).partition(b"\n")[2])


def test_a_policy_without_one_is_written_as_before() -> None:
    mine: Policy = own(LOOSE).policy
    assert b"approved" not in canonical.of(mine)
