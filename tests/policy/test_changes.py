"""What one policy says otherwise than another, and whether that is looser."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from gates.model import Direction, Enforcement, GatePolicy, Limit, Policy, PolicyChange, Severity, Stage, WaiverRules
from gates.policy.changes import policy_changes

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
        (gate(options={"paths": ("a", "b")}), gate(options={"paths": ("a",)}), "options.paths", "[a, b]", "[a]"),
        (gate(options={"serve": {"ready": "/"}}), gate(options={"serve": {"ready": True}}), "options.serve", "{ready: /}", "{ready: true}"),
        (gate(timeout_seconds=5), gate(timeout_seconds=600), "timeout", "5 s", "600 s"),
        (gate(uses="tests"), gate(uses="external"), "uses", "tests", "external"),
        (gate(owner="@a"), gate(owner="@b"), "owner", "@a", "@b"),
        (gate(stages=(Stage.COMMIT,)), gate(stages=(Stage.RELEASE,)), "stages", "commit", "release"),
        (gate(not_applicable="a"), gate(not_applicable="b"), "not-applicable", "a", "b"),
        (
            limit(max=ZERO, severity=Severity.LOW),
            limit(max=FIVE, severity=Severity.INFO),
            "require.findings.max",
            "0 from low",
            "5",
        ),
    ],
)
def test_what_can_not_be_weighed_is_changed(before: GatePolicy, after: GatePolicy, where: str, then: str, now: str) -> None:
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
        ("changed", "approvers", "@a", ""),
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
