"""How a waiver was approved, whose word counts, and what is said where none does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gates import canonical, codec
from gates.judge import approval
from gates.judge.decide import decide
from gates.model import Approval, Decision, Review, Reviews, Team, Verdict, Waiver, WaiverRules, WaiverState
from gates.policy import approvers, signing
from tests.judge.making import DAY, NONE_AT_ALL, context, facts, finding, gate_policy, policy, waiver

COMMIT, HEAD, EARLIER = "c" * 40, "d" * 40, "e" * 40
SECURITY = ("@shop/security", "@anna")


def review(reviewer: str = "anna", verdict: Any = "approved", commit: str = HEAD, *, person: bool = True) -> Review:
    return Review(reviewer=reviewer, verdict=verdict, commit=commit, person=person)


def reviews(*given: Review, **changes: Any) -> Reviews:
    known = Reviews(commit=COMMIT, head=HEAD, url="https://github.com/shop/web/pull/7", author="dev", reviews=given)
    return replace(known, **changes)


def ask(
    given: Reviews | None, *, named: Sequence[str] = SECURITY, but_not: str = "", dirty: bool = False, commit: str | None = COMMIT
) -> approval.Approved:
    return approval.of_change(named, context(commit=commit, dirty=dirty), given, but_not=but_not)


# -- a change -----------------------------------------------------------------------------------


def test_a_review_of_the_head_by_an_approver_approves() -> None:
    assert ask(reviews(review())) == approval.Approved(by="@anna")


def test_names_are_compared_as_the_code_host_does() -> None:
    assert ask(reviews(review("Anna")), named=["@ANNA"]).by == "@Anna"


def test_a_member_of_a_team_approves() -> None:
    team = Team(name="@Shop/security", members=("Ben",))
    assert ask(reviews(review("ben"), teams=(team,))).by == "@ben"
    assert ask(reviews(review("ben"), teams=(replace(team, name="@shop/design"),))).by == ""


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ((), "none of @shop/security, @anna has approved dddddddddddd"),
        ((review("carl"),), "none of @shop/security, @anna has approved"),
        ((review(commit=EARLIER),), "@anna approved eeeeeeeeeeee, which is not the head any more"),
        ((review(verdict="changes-requested"),), "@anna asks for changes"),
        ((review(), review(verdict="changes-requested")), "@anna asks for changes"),
        ((review(), review(verdict="changes-requested", commit=EARLIER)), "@anna asks for changes"),
        ((review(verdict="dismissed"),), "the approval of @anna was dismissed"),
        ((review(), review(verdict="dismissed")), "the approval of @anna was dismissed"),
        ((review(person=False),), "none of @shop/security, @anna has approved"),
    ],
)
def test_what_is_no_approval_says_why(given: tuple[Review, ...], why: str) -> None:
    found = ask(reviews(*given))
    assert found.by == ""
    assert why in found.missing


def test_the_last_word_of_a_person_counts() -> None:
    assert ask(reviews(review(verdict="changes-requested"), review())).by == "@anna"
    assert ask(reviews(review(commit=EARLIER), review())).by == "@anna"


def test_a_no_of_one_takes_nothing_from_the_yes_of_another() -> None:
    assert ask(reviews(review("anna", "changes-requested"), review("ben")), named=["@anna", "@ben"]).by == "@ben"


def test_nobody_approves_their_own_change() -> None:
    found = ask(reviews(review(), author="Anna"))
    assert (found.by, "@anna opened the change" in found.missing) == ("", True)


def test_nor_what_they_own() -> None:
    found = ask(reviews(review()), but_not="@Anna")
    assert (found.by, "@anna owns what is to be approved" in found.missing) == ("", True)


def test_a_team_that_can_not_be_known_approves_nothing_and_is_named() -> None:
    team = Team(name="@shop/security", members=("ben",), unknown="the token may not read it")
    found = ask(reviews(review("ben"), teams=(team,)))
    assert (found.by, "who belongs to @shop/security is not known: the token may not read it" in found.missing) == ("", True)


def test_a_person_is_not_their_namesake_in_a_team() -> None:
    """`@shop/security` names no login, and a name that is no login names nobody on the code host."""
    assert ask(reviews(review("shop/security"))).by == ""
    assert ask(reviews(review("anna")), named=["anna"]).by == ""


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (ask(None), "no reviews were fetched"),
        (ask(reviews(review()), named=[]), "the policy names no `approvers`"),
        (ask(reviews(review()), dirty=True), "there are changes that were not committed"),
        (ask(reviews(review()), commit=None), "there are changes that were not committed"),
        (ask(reviews(review()), commit=HEAD), "the reviews are of another commit than dddddddddddd"),
        (ask(Reviews(unknown="this run is not about a pull request")), "this run is not about a pull request"),
    ],
)
def test_what_can_not_be_known_is_not_approved(found: approval.Approved, why: str) -> None:
    assert (found.by, why in found.missing) == ("", True)


# -- a waiver -----------------------------------------------------------------------------------


def public_of(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NAMED = f"@anna {approvers.written(public_of(KEY))}"


def signed(a_waiver: Waiver, key: Ed25519PrivateKey = KEY) -> Waiver:
    return replace(a_waiver, signature=signing.written(key.sign(signing.payload(a_waiver))))


def judge(
    a_waiver: Waiver,
    least: Approval | None = None,
    given: Reviews | None = None,
    *,
    named: Sequence[str] = (NAMED,),
    rules: WaiverRules | None = None,
    day: date = DAY,
    folder: str | None = None,
) -> Decision:
    settled = replace(rules or WaiverRules(), approval=least)
    a_policy = policy(gate_policy("security", NONE_AT_ALL), waivers=[a_waiver], rules=settled, approvers=named)
    return decide(a_policy, context(day, commit=COMMIT, folder=folder), [facts(finding(1))], (), reviews=given)


OWN = waiver(approver="@Team")
KINDS: dict[Approval, tuple[Waiver, Reviews | None]] = {
    "self": (OWN, None),
    "asserted": (waiver(), None),
    "reviewed": (OWN, reviews(review())),
    "signed": (signed(OWN), None),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("least", KINDS)
def test_a_waiver_counts_from_the_approval_that_the_policy_wants(kind: Approval, least: Approval) -> None:
    a_waiver, given = KINDS[kind]
    decision = judge(a_waiver, least, given)
    enough = list(KINDS).index(kind) >= list(KINDS).index(least)
    assert decision.waivers[0].approval == kind
    assert decision.verdict is (Verdict.PASSED if enough else Verdict.FAILED)
    assert (decision.waivers[0].state is WaiverState.NOT_APPROVED) is not enough
    assert decision.gates[0].findings[0].waiver == ("W-1" if enough else None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_policy_that_does_not_say_takes_any_approval(kind: Approval) -> None:
    a_waiver, given = KINDS[kind]
    assert judge(a_waiver, None, given).verdict is Verdict.PASSED


def test_who_reviewed_or_signed_is_said() -> None:
    assert [judge(a_waiver, None, given).waivers[0].approved_by for a_waiver, given in KINDS.values()] == [None, None, "@anna", "@anna"]


@pytest.mark.parametrize(
    ("least", "a_waiver", "words"),
    [
        ("asserted", OWN, "its owner approved it: name another `approver`"),
        ("reviewed", waiver(), "no reviews were fetched: let one of them approve the change on the code host, or sign it"),
        ("signed", waiver(), "it is not signed: sign it with `gates waive W-1 --sign-key FILE`"),
        ("signed", replace(signed(waiver()), reason="other"), "its signature is not one of this text by a key of `approvers`"),
        ("reviewed", replace(signed(waiver()), reason="other"), "its signature is not one of this text by a key of `approvers`"),
        ("signed", signed(waiver(owner="@Anna")), "its owner signed it, and nobody approves for themselves"),
    ],
)
def test_what_is_missing_is_said_with_how_to_get_it(least: Approval, a_waiver: Waiver, words: str) -> None:
    message = judge(a_waiver, least).waivers[0].message
    assert f"this policy wants `{least}`" in message
    assert words in message


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "W-2"},
        {"gate": "payments"},
        {"match": {"rule": "security/B2"}},
        {"waiver_class": "mitigated"},
        {"reason": "another"},
        {"owner": "@else"},
        {"approver": "@else"},
        {"created": date(2026, 11, 11)},
        {"expires": date(2026, 12, 1)},
        {"folder": "shop"},
    ],
)
def test_a_signature_is_over_everything_that_a_waiver_says(changes: dict[str, Any]) -> None:
    assert signing.signer(signed(waiver()), [NAMED]) is not None
    assert signing.signer(replace(signed(waiver()), **changes), [NAMED]) is None


def test_every_field_of_a_waiver_is_signed() -> None:
    said = set(codec.encode(signed(waiver())))
    assert said - {"signature"} == set(canonical.loads(signing.payload(signed(waiver())).partition(b"\n")[2]))


@pytest.mark.parametrize(
    ("named", "judged", "words"),
    [
        (None, "shop", "it is for the whole repository, and this is the folder shop: name that with `folder`"),
        ("pay", "shop", "it is for the folder pay, and this is the folder shop"),
        ("pay", None, "it is for the folder pay, and this is the whole repository"),
    ],
)
def test_what_was_signed_for_one_folder_is_no_signature_in_another(named: str | None, judged: str | None, words: str) -> None:
    """Places are relative to the folder: a waiver of one fits the file of the same name in the next."""
    decision = judge(signed(waiver(folder=named)), "signed", folder=judged)
    assert (decision.verdict, decision.waivers[0].state) == (Verdict.FAILED, WaiverState.NOT_APPROVED)
    assert words in decision.waivers[0].message


@pytest.mark.parametrize("folder", [None, "shop"])
def test_what_was_signed_for_a_folder_counts_there(folder: str | None) -> None:
    decision = judge(signed(waiver(folder=folder)), "signed", folder=folder)
    assert (decision.verdict, decision.waivers[0].approval) == (Verdict.PASSED, "signed")


def test_whoever_approved_it_a_waiver_that_names_another_folder_does_not_count() -> None:
    decision = judge(waiver(folder="pay"), None, reviews(review()), folder="shop")
    assert (decision.verdict, decision.waivers[0].state) == (Verdict.FAILED, WaiverState.NOT_APPROVED)
    assert decision.waivers[0].message.endswith("does not count: it is for the folder pay, and this is the folder shop")


def test_a_waiver_of_a_folder_that_names_none_counts_by_any_word_but_a_signature() -> None:
    assert judge(signed(waiver()), "asserted", folder="shop").waivers[0].approval == "asserted"
    assert judge(waiver(), "reviewed", reviews(review()), folder="shop").verdict is Verdict.PASSED


def test_a_signature_of_a_key_that_the_policy_does_not_name_is_none() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    assert judge(signed(waiver(), other), "signed").waivers[0].approval == "asserted"
    assert judge(signed(waiver()), "signed", named=["@anna"]).waivers[0].approval == "asserted"
    assert judge(signed(waiver(), other), "signed", named=[NAMED, f"@ben {approvers.written(public_of(other))}"]).verdict is Verdict.PASSED


@pytest.mark.parametrize("signature", ["", "ed25519:A", "ed25519:AAAA", "no base64"])
def test_what_is_no_signature_is_none(signature: str) -> None:
    assert judge(replace(waiver(), signature=signature), "signed").waivers[0].state is WaiverState.NOT_APPROVED


def test_a_signature_that_was_made_for_something_else_is_none() -> None:
    """What else the same key signs begins with other words: a signature over the bare text does not pass for one."""
    bare = signing.payload(waiver()).partition(b"\n")[2]
    forged = replace(waiver(), signature=signing.written(KEY.sign(bare)))
    assert judge(forged, "signed").waivers[0].approval == "asserted"


def test_a_review_by_the_owner_is_no_review_of_the_waiver() -> None:
    decision = judge(waiver(owner="@anna"), "reviewed", reviews(review()))
    assert (decision.verdict, decision.waivers[0].approval) == (Verdict.FAILED, "asserted")


def test_an_approver_with_a_key_reviews_too() -> None:
    assert judge(waiver(), "reviewed", reviews(review())).waivers[0].approved_by == "@anna"


def test_a_waiver_that_is_over_is_called_so_whoever_approved_it() -> None:
    over = waiver(expires=DAY - timedelta(days=1))
    assert judge(over, "signed").waivers[0].state is WaiverState.EXPIRED


def test_a_waiver_that_lacks_approval_and_lasts_too_long_hears_both() -> None:
    long = waiver(created=DAY, expires=DAY + timedelta(days=31))
    decision = judge(long, "signed", rules=WaiverRules(too_long="warn"))
    assert decision.waivers[0].state is WaiverState.NOT_APPROVED
    assert decision.waivers[0].message.endswith("; it lasts 31 days; at most 30 for what it covers")


def test_approvers_are_read_as_they_are_written() -> None:
    key = public_of(KEY)
    assert approvers.parse(f"  Jane Doe   {approvers.written(key)} ") == approvers.Approver(name="Jane Doe", key=key)
    assert (approvers.parse("@a/b").team, approvers.parse("@a/b").login, approvers.parse("a/b").team) == (True, "", False)
    assert (approvers.parse("@Ann").login, approvers.parse("Ann").login) == ("ann", "")


def test_a_named_key_is_the_line_of_its_public_file() -> None:
    pem = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    assert approvers.written(public_of(KEY)) == f"ed25519:{pem.splitlines()[1]}"


@pytest.mark.parametrize("key", ["", "x", "MCowBQYDK2VwAyEA", "MCowBQYDK2VuAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="])
def test_what_is_no_key_of_ed25519_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="none of Ed25519"):
        approvers.parse(f"@anna ed25519:{key}")
