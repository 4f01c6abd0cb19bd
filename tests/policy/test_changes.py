"""What one policy says otherwise than another, and whether that is looser."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from gates.model import Direction, Enforcement, GatePolicy, Limit, Policy, PolicyChange, Severity, Stage, Waiver, WaiverRules
from gates.policy.changes import policy_changes, waiver_changes

ZERO, FIVE = Decimal(0), Decimal(5)


def gate(**changes: Any) -> GatePolicy:
    return GatePolicy(**({"name": "tests", "uses": "tests"} | changes))


def policy(*gates: GatePolicy, **changes: Any) -> Policy:
    return Policy(**({"stage": Stage.CHANGE, "gates": gates} | changes))


def between(before: Policy, after: Policy) -> list[tuple[str, str, str, str]]:
    return [(change.direction.value, change.where, change.then, change.now) for change in policy_changes(before, after)]


def limit(**bounds: Any) -> GatePolicy:
    return gate(require=(Limit(**({"name": "findings"} | bounds)),))


@pytest.mark.parametrize(
    ("tighter", "looser", "where", "then", "now"),
    [
        (limit(max=ZERO), limit(max=FIVE), "require.findings.max", "0", "5"),
        (limit(max=ZERO), gate(), "require.findings.max", "0", ""),
        (limit(new_max=ZERO), limit(new_max=FIVE), "require.findings.new.max", "0", "5"),
        (limit(name="line-coverage", min=FIVE), limit(name="line-coverage", min=ZERO), "require.line-coverage.min", "5", "0"),
        (limit(regression=ZERO), limit(regression=Decimal("0.50")), "require.findings.regression", "0", "0.5"),
        (
            limit(max=ZERO, severity=Severity.HIGH),
            limit(max=ZERO, severity=Severity.CRITICAL),
            "require.findings.max",
            "0 from high",
            "0 from critical",
        ),
        (limit(max=ZERO), limit(max=ZERO, severity=Severity.LOW), "require.findings.max", "0", "0 from low"),
        (gate(), gate(enforcement=Enforcement.WARN), "enforcement", "block", "warn"),
        (gate(enforcement=Enforcement.SHADOW), gate(enforcement=Enforcement.OFF), "enforcement", "shadow", "off"),
        (gate(), gate(not_applicable="no pages"), "not-applicable", "", "no pages"),
        (gate(), gate(stages=(Stage.RELEASE,)), "stages", "change, release", "release"),
    ],
)
def test_looser_one_way_is_tighter_the_other(tighter: GatePolicy, looser: GatePolicy, where: str, then: str, now: str) -> None:
    assert between(policy(tighter), policy(looser)) == [("looser", f"gates.tests.{where}", then, now)]
    assert between(policy(looser), policy(tighter)) == [("tighter", f"gates.tests.{where}", now, then)]


def test_a_gate_that_goes_is_looser_and_one_that_comes_is_tighter() -> None:
    assert between(policy(gate()), policy()) == [("looser", "gates.tests", "tests, block", "")]
    assert between(policy(), policy(gate())) == [("tighter", "gates.tests", "", "tests, block")]


@pytest.mark.parametrize(
    ("before", "after", "where", "then", "now"),
    [
        (gate(), gate(options={"max_age": 7}), "options.max-age", "", "7"),
        (gate(options={"serve": {"ready": "/"}}), gate(options={"serve": {"ready": True}}), "options.serve", "{ready: /}", "{ready: true}"),
        (gate(options={"paths": ["a", "b"]}), gate(options={"paths": ["b", "c"]}), "options.paths", "[a, b]", "[b, c]"),
        (gate(uses="tests"), gate(uses="external"), "uses", "tests", "external"),
        (gate(stages=(Stage.COMMIT,)), gate(stages=(Stage.RELEASE,)), "stages", "commit", "release"),
        (
            limit(max=ZERO, severity=Severity.LOW),
            limit(max=FIVE, severity=Severity.INFO),
            "require.findings.max",
            "0 from low",
            "5",
        ),
    ],
)
def test_what_can_not_be_weighed_is_said_to_be(before: GatePolicy, after: GatePolicy, where: str, then: str, now: str) -> None:
    assert between(policy(before), policy(after)) == [("unweighed", f"gates.tests.{where}", then, now)]


@pytest.mark.parametrize(
    ("before", "after", "where", "then", "now"),
    [
        (gate(timeout_seconds=5), gate(timeout_seconds=600), "timeout", "5 s", "600 s"),
        (gate(owner="@a"), gate(owner="@b"), "owner", "@a", "@b"),
        (gate(not_applicable="a"), gate(not_applicable="b"), "not-applicable", "a", "b"),
    ],
)
def test_what_demands_as_much_as_before_is_changed(before: GatePolicy, after: GatePolicy, where: str, then: str, now: str) -> None:
    assert between(policy(before), policy(after)) == [("changed", f"gates.tests.{where}", then, now)]


def test_limits_of_one_name_are_paired_by_severity() -> None:
    high, low = Limit(name="findings", max=ZERO, severity=Severity.HIGH), Limit(name="findings", max=FIVE, severity=Severity.LOW)
    looser = Limit(name="findings", max=Decimal(9), severity=Severity.LOW)
    assert between(policy(gate(require=(high, low))), policy(gate(require=(looser, high)))) == [
        ("looser", "gates.tests.require.findings.max", "5 from low", "9 from low")
    ]


def test_rules_of_waivers_and_the_texts_of_a_policy_are_compared() -> None:
    looser = WaiverRules(max_days={**WaiverRules().max_days, "critical": 30}, unused="warn", too_long="warn")
    strict = WaiverRules(unused="fail", too_long="fail")
    assert between(policy(waiver_rules=strict, approvers=("@a",)), policy(waiver_rules=looser, runbook="r.md")) == [
        ("looser", "waiver-rules.max-days.critical", "14", "30"),
        ("looser", "waiver-rules.too-long", "fail", "warn"),
        ("looser", "waiver-rules.unused", "fail", "warn"),
        ("tighter", "approvers", "@a", ""),
        ("changed", "runbook", "", "r.md"),
    ]
    assert policy_changes(policy(waiver_rules=looser), policy(waiver_rules=strict))[0].direction is Direction.TIGHTER


@pytest.mark.parametrize(
    ("then", "now", "found"),
    [
        ("signed", "reviewed", [("looser", "waiver-rules.approval", "signed", "reviewed")]),
        ("reviewed", "signed", [("tighter", "waiver-rules.approval", "reviewed", "signed")]),
        ("asserted", None, [("looser", "waiver-rules.approval", "asserted", "self")]),
        (None, "self", []),
    ],
)
def test_a_weaker_approval_is_looser(then: Any, now: Any, found: list[tuple[str, str, str, str]]) -> None:
    rules = [policy(waiver_rules=WaiverRules(approval=least)) for least in (then, now)]
    assert between(*rules) == found


def test_the_same_policy_has_no_changes() -> None:
    assert policy_changes(policy(limit(max=ZERO)), policy(limit(max=ZERO))) == ()
    assert isinstance(policy_changes(policy(gate()), policy())[0], PolicyChange)


def waiver(**changes: Any) -> Waiver:
    said = {"id": "W-1", "gate": "tests", "match": {"rule": "a", "path": "b"}, "waiver_class": "mitigated", "reason": "r"}
    days = {"created": date(2026, 1, 1), "expires": date(2026, 2, 1)}
    return Waiver(**{**said, **days, "owner": "@a", "approver": "@b", **changes})


@pytest.mark.parametrize(
    ("tighter", "looser", "where"),
    [
        ((), (waiver(),), "waivers.W-1"),
        ((waiver(),), (waiver(expires=date(2026, 3, 1)),), "waivers.W-1.expires"),
        ((waiver(),), (waiver(match={"rule": "a"}),), "waivers.W-1.match"),
    ],
)
def test_a_waiver_that_covers_more_is_looser(tighter: tuple[Waiver, ...], looser: tuple[Waiver, ...], where: str) -> None:
    for before, after, direction in ((tighter, looser, Direction.LOOSER), (looser, tighter, Direction.TIGHTER)):
        assert [(change.direction, change.where) for change in waiver_changes(before, after)] == [(direction, where)]


@pytest.mark.parametrize(
    ("changed", "where", "direction"),
    [
        ({"match": {"rule": "c", "path": "b"}}, "match", Direction.UNWEIGHED),
        ({"approver": "@c"}, "approver", Direction.UNWEIGHED),
        ({"created": date(2026, 1, 2)}, "created", Direction.UNWEIGHED),
        ({"gate": "security"}, "gate", Direction.UNWEIGHED),
        ({"reason": "s"}, "reason", Direction.CHANGED),
        ({"waiver_class": "accepted-risk"}, "class", Direction.CHANGED),
    ],
)
def test_of_a_waiver_only_texts_change_nothing(changed: dict[str, Any], where: str, direction: Direction) -> None:
    [change] = waiver_changes((waiver(),), (waiver(**changed),))
    assert (change.direction, change.where) == (direction, f"waivers.W-1.{where}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterPolicy(Policy):
    """A policy of a version that has a field more."""

    self_approval: bool = False


def test_a_field_that_nobody_has_weighed_counts_as_looser() -> None:
    before, after = LaterPolicy(stage=Stage.CHANGE, gates=()), LaterPolicy(stage=Stage.CHANGE, gates=(), self_approval=True)
    [change] = policy_changes(before, after)
    assert (change.where, change.then, change.now, change.direction.counts_as_looser) == ("self-approval", "false", "true", True)
