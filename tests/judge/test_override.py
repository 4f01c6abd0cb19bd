"""An override takes the place of a verdict only for what it names, on its days, by somebody's word that no change could write."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gates.judge.strictest import judge
from gates.model import CHANGE_POLICY, Context, Decision, Facts, GatePolicy, Judging, Override, Verdict, WaiverRules
from gates.policy import approvers, signing
from tests.judge.making import DAY, NONE_AT_ALL, context, error, facts, finding, gate_policy, policy, waiver
from tests.judge.test_approval import KEY, public_of
from tests.judge.test_strictest import floor, own, tip

COMMIT = "c" * 40
CONTEXT = context(commit=COMMIT, ref="refs/heads/main", repository="https://example.org/shop")
GATE = gate_policy("security", NONE_AT_ALL)
FOUND = [facts(finding(1))]


ANNA, BEN = KEY, Ed25519PrivateKey.from_private_bytes(bytes(32))
NAMED = tuple(f"{name} {approvers.written(public_of(key))}" for name, key in (("@anna", ANNA), ("@ben", BEN)))


def override(key: Ed25519PrivateKey | None = None, **changes: Any) -> Override:
    values: dict[str, Any] = {
        "id": "O-1",
        "subject": {"commit": COMMIT},
        "of": ("failed",),
        "reason": "the shop is down",
        "owner": "@ben",
        "created": date(2026, 11, 20),
        "expires": date(2026, 11, 24),
    }
    made = Override(**(values | changes))
    return made if key is None else replace(made, signature=signing.written(key.sign(signing.payload(made))))


def laid_under(*overrides: Override, gates: tuple[GatePolicy, ...] = (), within: bool | None = None) -> Judging:
    made = floor(*gates)
    return replace(made, policy=replace(made.policy, overrides=overrides), within=within)


def decided(*judgings: Judging, about: Context = CONTEXT, found: list[Facts] | None = None) -> Decision:
    return judge(judgings, about, FOUND if found is None else found, [])


def why_not(decision: Decision) -> list[str]:
    return [reason for reason in decision.reasons if reason.startswith("the override")]


def test_one_of_a_policy_that_is_laid_under_takes_the_verdict_s_place_and_is_seen() -> None:
    decision = decided(own(GATE), laid_under(override()))
    assert (decision.verdict, decision.would_be) == (Verdict.PASSED, Verdict.FAILED)
    assert decision.gates[0].outcome == "failed"
    assert decision.reasons[0] == ("overridden by O-1 of the policy floor-1.yaml (owner @ben, until 2026-11-24): the shop is down")
    assert decision.override is not None
    assert (decision.override.id, decision.override.verdict) == ("O-1", Verdict.FAILED)


def test_what_passes_is_not_overridden() -> None:
    decision = decided(own(GATE), laid_under(override()), found=[facts()])
    assert (decision.verdict, decision.override, why_not(decision)) == (Verdict.PASSED, None, [])


def test_one_in_a_file_that_the_change_could_have_written_does_not_count() -> None:
    for judgings in (
        [own(GATE, overrides=(override(),))],
        [own(GATE), laid_under(override(), within=True)],
        [own(GATE), tip(GATE, overrides=(override(),))],
    ):
        decision = decided(*judgings)
        assert decision.verdict is Verdict.FAILED
        assert why_not(decision)[0].startswith("the override O-1 does not count: it is not signed: `gates waive O-1 --sign-key FILE`")


def test_one_that_an_approver_signed_counts_wherever_it_stands() -> None:
    signed = override(ANNA)
    for judgings in (
        [own(GATE, overrides=(signed,), approvers=NAMED)],
        [own(GATE, overrides=(signed,)), tip(GATE, approvers=NAMED)],
        [own(GATE), tip(GATE, overrides=(signed,), approvers=NAMED)],
        [own(GATE, approvers=NAMED), laid_under(signed, within=True)],
    ):
        decision = decided(*judgings)
        assert (decision.verdict, decision.override and decision.override.by) == (Verdict.PASSED, "@anna, who signed it")


def test_a_policy_that_is_laid_under_takes_the_word_of_its_own_approvers_alone() -> None:
    """Who may approve in a repository may not let it past its organisation."""
    signed = override(ANNA)
    repository = own(GATE, overrides=(signed,), approvers=NAMED)
    decision = decided(repository, laid_under(gates=(GATE,)))
    assert decision.verdict is Verdict.FAILED
    assert why_not(decision) == [
        "the override O-1 does not count: the policy floor-1.yaml stops it too, and none of its approvers signed it"
    ]
    lenient = laid_under(gates=(gate_policy("security"),))
    assert decided(repository, lenient).verdict is Verdict.PASSED
    agreed = laid_under(gates=(GATE,))
    agreed = replace(agreed, policy=replace(agreed.policy, approvers=NAMED))
    assert decided(repository, agreed).verdict is Verdict.PASSED


@pytest.mark.parametrize(("within", "verdict"), [(None, Verdict.PASSED), (True, Verdict.FAILED)])
def test_a_signed_waiver_that_names_no_folder_is_for_each_where_no_change_could_write_it(within: bool | None, verdict: Verdict) -> None:
    """Beside overrides, since the difference is the same: whose file it is."""
    made = waiver(owner="@ben")
    signed = replace(made, signature=signing.written(ANNA.sign(signing.payload(made))))
    rules = WaiverRules(approval="signed")
    under = laid_under(gates=(GATE,), within=within)
    under = replace(under, policy=replace(under.policy, waivers=(signed,), waiver_rules=rules, approvers=NAMED))
    assert decided(own(gate_policy("security")), under, about=replace(CONTEXT, folder="shop")).verdict is verdict


def test_approvers_are_those_where_the_change_goes() -> None:
    decision = decided(own(GATE, overrides=(override(ANNA),), approvers=NAMED), tip(GATE))
    assert (decision.verdict, len(why_not(decision))) == (Verdict.FAILED, 1)


def test_nobody_signs_for_themselves() -> None:
    decision = decided(own(GATE, overrides=(override(BEN),), approvers=NAMED))
    assert decision.verdict is Verdict.FAILED
    assert "none of the approvers but its owner signed it as it stands" in why_not(decision)[0]


@pytest.mark.parametrize("changed", [{"expires": date(2026, 11, 25)}, {"reason": "another"}, {"subject": {"ref": "refs/heads/main"}}])
def test_what_was_changed_after_it_was_signed_does_not_count(changed: dict[str, Any]) -> None:
    decision = decided(own(GATE, overrides=(replace(override(ANNA), **changed),), approvers=NAMED))
    assert (decision.verdict, len(why_not(decision))) == (Verdict.FAILED, 1)


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2026, 11, 19), "it counts from 2026-11-20 on"),
        (date(2026, 11, 20), None),
        (date(2026, 11, 24), None),
        (date(2026, 11, 25), "it was over on 2026-11-24"),
    ],
)
def test_it_counts_on_its_days(day: date, why: str | None) -> None:
    decision = decided(own(GATE), laid_under(override()), about=replace(CONTEXT, day=day))
    assert decision.verdict is (Verdict.FAILED if why else Verdict.PASSED)
    assert why_not(decision) == ([f"the override O-1 does not count: {why}"] if why else [])


SUBJECTS: list[tuple[dict[str, str], dict[str, Any], bool]] = [
    ({"commit": COMMIT}, {}, True),
    ({"commit": "d" * 40}, {}, False),
    ({"commit": COMMIT}, {"dirty": True}, False),
    ({"ref": "refs/heads/main"}, {}, True),
    ({"ref": "refs/heads/main"}, {"ref": "refs/heads/other"}, False),
    ({"ref": "refs/heads/main"}, {"ref": None}, False),
    ({"repository": "https://example.org/shop"}, {}, True),
    ({"repository": "https://example.org/shop"}, {"repository": None}, False),
    ({"repository": "https://example.org/shop", "ref": "refs/heads/main"}, {}, True),
    ({"repository": "https://example.org/shop", "ref": "refs/heads/other"}, {}, False),
]


@pytest.mark.parametrize(("subject", "about", "fits"), SUBJECTS)
def test_it_counts_for_what_it_names(subject: dict[str, str], about: dict[str, Any], fits: bool) -> None:
    decision = decided(own(GATE), laid_under(override(subject=subject)), about=replace(CONTEXT, **about))
    assert (decision.override is not None) is fits
    assert why_not(decision) == []


def test_what_could_not_be_known_passes_only_where_it_says_so() -> None:
    decision = decided(own(GATE), laid_under(override()), found=[error()])
    assert decision.verdict is Verdict.ERRORED
    assert why_not(decision) == ["the override O-1 does not count: it is for failed, and the verdict is errored"]
    both = override(of=("failed", "errored"))
    assert decided(own(GATE), laid_under(both), found=[error()]).verdict is Verdict.PASSED


def test_of_several_one_that_counts_is_enough() -> None:
    late = override(id="O-0", expires=date(2026, 11, 21))
    decision = decided(own(GATE, overrides=(override(id="O-2"),)), laid_under(late, override()))
    assert decision.override is not None
    assert decision.override.id == "O-1"


def test_a_policy_that_holds_overrides_alone_demands_nothing() -> None:
    decision = decided(own(GATE), laid_under(override(expires=DAY)), found=[facts()])
    assert decision.verdict is Verdict.PASSED
    assert decision.policies is not None
    assert [(item.name, item.counts, item.why) for item in decision.policies] == [
        (CHANGE_POLICY, True, ""),
        ("from-1", False, "it has no gates"),
    ]


def test_a_policy_with_gates_that_is_laid_under_still_judges() -> None:
    stricter = laid_under(gates=(gate_policy("security", NONE_AT_ALL),))
    assert decided(own(gate_policy("security")), stricter).verdict is Verdict.FAILED
    assert policy().overrides is None


@pytest.mark.parametrize(
    ("named", "judged", "by_floor", "counts"),
    [
        ("shop", "shop", False, True),
        ("shop", "post", False, False),
        (None, "shop", False, False),
        ("shop", None, False, False),
        (None, "shop", True, True),
        ("shop", "post", True, False),
        ("shop", "shop", True, True),
    ],
)
def test_one_for_a_folder_is_not_for_the_one_beside_it(named: str | None, judged: str | None, by_floor: bool, counts: bool) -> None:
    """Signed for one folder of a repository, it could be written into the policy of another; what is laid under all of them is for all."""
    subject = {"commit": COMMIT} | ({"folder": named} if named else {})
    item = override(None if by_floor else ANNA, subject=subject)
    judgings = [own(GATE), laid_under(item)] if by_floor else [own(GATE, approvers=NAMED, overrides=(item,))]
    decision = decided(*judgings, about=replace(CONTEXT, folder=judged))
    assert (decision.override is not None) is counts
    assert any("name that with `folder` under `for`" in why for why in why_not(decision)) is not counts
