"""Waivers: what each covers, and on which days."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from gates.judge import waivers
from gates.judge.decide import decide
from gates.model import Decision, Facts, Finding, Location, Severity, Verdict, Waiver, WaiverRules, WaiverState
from tests.judge.making import DAY, NONE_AT_ALL, context, error, facts, finding, gate_policy, policy, waiver
from tests.policy import making as policies

WHO = "class: mitigated, reason: r, owner: o, approver: a, created: 2026-01-01, expires: 2026-01-01"


def judge(a_waiver: Waiver, *, day: date = DAY, reported: Facts | None = None, rules: WaiverRules | None = None) -> Decision:
    a_policy = policy(gate_policy("security", NONE_AT_ALL), waivers=[a_waiver], rules=rules)
    return decide(a_policy, context(day), [reported or facts(finding(1))], ())


def test_a_waived_finding_does_not_count_and_is_still_there() -> None:
    decision = judge(waiver())
    assert decision.verdict is Verdict.PASSED
    assert decision.gates[0].findings[0].waiver == "W-1"
    assert decision.gates[0].counts.waived == 1
    assert decision.gates[0].counts.findings == 1


@pytest.mark.parametrize(
    ("day", "state", "verdict"),
    [
        (date(2026, 11, 9), WaiverState.NOT_YET, Verdict.FAILED),
        (date(2026, 11, 10), WaiverState.ACTIVE, Verdict.PASSED),
        (date(2026, 11, 16), WaiverState.EXPIRES_SOON, Verdict.PASSED),
        (date(2026, 11, 30), WaiverState.EXPIRES_SOON, Verdict.PASSED),
        (date(2026, 12, 1), WaiverState.EXPIRED, Verdict.FAILED),
    ],
)
def test_the_last_day_counts_and_the_next_does_not(day: date, state: WaiverState, verdict: Verdict) -> None:
    decision = judge(waiver(), day=day)
    assert decision.waivers[0].state is state
    assert decision.verdict is verdict


def test_a_leap_day_is_a_day() -> None:
    leap = waiver(created=date(2028, 2, 20), expires=date(2028, 2, 29))
    assert judge(leap, day=date(2028, 2, 29)).verdict is Verdict.PASSED
    assert judge(leap, day=date(2028, 3, 1)).verdict is Verdict.FAILED


def test_an_expired_waiver_says_why_the_finding_is_back() -> None:
    assert "ended on 2026-11-30" in judge(waiver(), day=date(2026, 12, 24)).waivers[0].message


def test_a_waiver_that_matches_nothing_is_called_unused_after_a_while() -> None:
    stale = waiver(match={"rule": "security/B9"}, created=DAY - timedelta(days=15), expires=DAY + timedelta(days=10))
    young = waiver(match={"rule": "security/B9"}, created=DAY - timedelta(days=14), expires=DAY + timedelta(days=20))
    assert judge(stale, reported=facts()).waivers[0].state is WaiverState.UNUSED
    assert judge(young, reported=facts()).waivers[0].state is WaiverState.ACTIVE


def test_an_unused_waiver_fails_where_the_policy_says_so() -> None:
    stale = waiver(match={"rule": "security/B9"}, created=DAY - timedelta(days=15), expires=DAY + timedelta(days=10))
    assert judge(stale, reported=facts()).verdict is Verdict.PASSED
    strict = judge(stale, reported=facts(), rules=WaiverRules(unused="fail"))
    assert strict.verdict is Verdict.FAILED
    assert "matches nothing any more" in strict.gates[0].reasons[0]


def test_a_gate_that_could_not_tell_makes_no_waiver_unused() -> None:
    stale = waiver(match={"rule": "security/B9"}, created=DAY - timedelta(days=15), expires=DAY + timedelta(days=10))
    assert judge(stale, reported=error()).waivers[0].state is WaiverState.EXPIRES_SOON


@pytest.mark.parametrize(
    ("severity", "days", "state"), [(Severity.CRITICAL, 14, None), (Severity.CRITICAL, 15, "long"), (Severity.LOW, 180, None)]
)
def test_the_longest_life_is_by_the_worst_finding_that_it_covers(severity: Severity, days: int, state: str | None) -> None:
    lasting = waiver(created=DAY, expires=DAY + timedelta(days=days))
    reported = facts(finding(1, severity=severity))
    warned = judge(lasting, reported=reported)
    assert (warned.waivers[0].state is WaiverState.TOO_LONG) is (state == "long")
    assert warned.verdict is Verdict.PASSED
    strict = judge(lasting, reported=reported, rules=WaiverRules(too_long="fail"))
    assert (strict.verdict is Verdict.FAILED) is (state == "long")


def test_an_own_approval_is_called_so() -> None:
    assert judge(waiver(approver="@team")).waivers[0].approval == "self"
    assert judge(waiver()).waivers[0].approval == "asserted"


@pytest.mark.parametrize(
    ("match", "covers"),
    [
        ({"rule": "security/B1"}, True),
        ({"rule": "B1"}, True),
        ({"rule": "B2"}, False),
        ({"rule": "B1", "path": "src/*.py"}, True),
        ({"rule": "B1", "path": "lib/*.py"}, False),
        ({"fingerprint": f"fp1:{1:032x}"}, True),
        ({"fingerprint": "fp1:"}, False),
        ({"advisory": "CVE-2024-0001"}, True),
        ({"advisory": "CVE-2024-0002"}, False),
        ({"advisory": "CVE-2024-0001", "package": "Ruamel_Yaml"}, True),
        ({"package": "jinja2"}, False),
        ({"url": "/cart"}, False),
        ({"unheard-of": "x"}, False),
    ],
)
def test_every_part_of_a_match_must_hold(match: dict[str, str], covers: bool) -> None:
    found = finding(1, properties={"aliases": "CVE-2024-0001, GHSA-1", "package": "ruamel.yaml"})
    assert waivers.matches(waiver(match=match), found) is covers


def test_pages_and_operations_match_by_their_own_places() -> None:
    page = finding(1, location=Location(url="/cart", selector="img"))
    assert waivers.matches(waiver(match={"rule": "B1", "url": "/c*", "selector": "img"}), page)
    bracketed = finding(1, location=Location(url="/", selector="img[alt]"))
    assert waivers.matches(waiver(match={"rule": "B1", "selector": "img[alt]"}), bracketed)
    assert waivers.matches(waiver(match={"operation": "GET /a"}), finding(1, location=Location(operation="GET /a")))


PLACES: dict[str, Finding] = {
    "a file": finding(1, location=Location(path="src/app.py", line=3)),
    "a file with a star in its name": finding(1, location=Location(path="src/*.py", line=3)),
    "a page": finding(1, location=Location(url="/cart", selector="img")),
    "an element with a star": finding(1, location=Location(url="/cart", selector="ul > *")),
    "an operation": finding(1, location=Location(operation="GET /orders/{id}")),
    "a package": finding(1, location=Location(purl="pkg:pypi/jinja2@2.0"), properties={"package": "jinja2", "aliases": "CVE-1"}),
}


@pytest.mark.parametrize("place", PLACES)
def test_the_match_of_a_finding_is_right_in_a_policy_and_covers_nothing_beside_it(place: str) -> None:
    found = PLACES[place]
    match = waivers.match_of(found)
    assert not any("*" in part for part in match.values())
    text = f"gates: {{tests: {{}}}}\nversion: 1\nwaivers: [{{id: W-1, gate: tests, match: {json.dumps(match)}, {WHO}}}]\n"
    (a_waiver,) = policies.policy(text).waivers
    assert waivers.matches(a_waiver, found)
    others = [
        replace(found, rule="security/B2"),
        replace(found, fingerprint=f"fp1:{2:032x}"),
        replace(found, properties={"package": "flask"}),
    ]
    assert [waivers.matches(a_waiver, other) for other in others] == (
        [False, True, False] if place == "a package" else [False, False, True]
    )
