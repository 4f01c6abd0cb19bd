"""Comparing two runs: what is new, mended, excused since, and what of the run itself is another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates import codec
from gates.judge.compare import compare, disagreements
from gates.judge.decide import decide
from gates.model import (
    Amount,
    Comparison,
    Examined,
    Facts,
    GateComparison,
    GatePolicy,
    GateRun,
    Outcome,
    Policy,
    Record,
    Run,
    Skip,
    ToolRun,
    Verdict,
    Waiver,
    WaiverFate,
)
from tests.judge.making import DAY, NONE_AT_ALL, context, error, facts, finding, gate_policy, policy, waiver
from tests.report.record_factory import full, hostile, nothing, passed

DIGEST = "5e" * 32


def record(*reported: Facts, gates: Sequence[GatePolicy] | None = None, waivers: Sequence[Waiver] = (), **run: Any) -> Record:
    asked = gates if gates is not None else [gate_policy(item.gate, NONE_AT_ALL) for item in reported]
    made: Policy = policy(*asked, waivers=waivers)
    values: dict[str, Any] = {"started": "2026-11-22T10:00:00Z", "duration_ms": 10, "version": "1", "python": "3.12", "platform": "Linux"}
    return Record(
        context=context(),
        policy=made,
        facts=reported,
        base=(),
        decision=decide(made, context(), reported, ()),
        run=Run(**(values | run)),
    )


def held(before: Record, after: Record) -> Comparison:
    return compare(before, after, previous=f"sha256:{DIGEST}")


def only(comparison: Comparison) -> GateComparison:
    (gate,) = comparison.gates
    return gate


def test_a_run_held_against_itself_has_not_changed() -> None:
    for same in (full(), passed(), nothing(), hostile()):
        found = held(same, same)
        assert (found.previous, found.policy, found.waivers) == (DIGEST, (), ())
        for gate in found.gates:
            assert gate.outcome_then is gate.outcome_now
            assert (gate.new, gate.mended, gate.excused, gate.tools, gate.measurements) == ((),) * 5
        assert disagreements(found, same) == []


def test_what_is_new_mended_and_still_there_is_told_by_fingerprint() -> None:
    found = held(record(facts(finding(1), finding(2))), record(facts(finding(2), finding(3), finding(3))))
    gate = only(found)
    assert gate.new == (finding(3).fingerprint, finding(3).fingerprint)
    assert gate.mended == (finding(1),)
    assert (gate.still, gate.comparable) == (1, True)


@given(st.lists(st.integers(1, 4), max_size=8), st.lists(st.integers(1, 4), max_size=8))
def test_every_finding_of_either_side_is_accounted_for_once(then: list[int], now: list[int]) -> None:
    after = record(facts(*map(finding, now)))
    found = held(record(facts(*map(finding, then))), after)
    gate = only(found)
    assert len(gate.mended) + gate.still == len(then)
    assert len(gate.new) + gate.still == len(now)
    assert not set(gate.new) & {item.fingerprint for item in gate.mended}
    assert disagreements(found, after) == []


@pytest.mark.parametrize(("then", "now"), [(error(), facts(finding(1))), (facts(finding(1)), error())])
def test_a_side_that_could_not_tell_makes_nothing_new_and_nothing_mended(then: Facts, now: Facts) -> None:
    gate = only(held(record(then), record(now)))
    assert (gate.comparable, gate.new, gate.mended, gate.still) == (False, (), (), 0)


def test_a_finding_that_a_waiver_or_a_marker_took_out_of_the_count_is_named() -> None:
    now = facts(finding(1), finding(2, suppressed_by="# nosec"), finding(3))
    after = record(now, waivers=[waiver()])
    gate = only(held(record(facts(finding(1), finding(2), finding(3))), after))
    assert gate.excused == (finding(1).fingerprint, finding(2).fingerprint)
    assert only(held(after, after)).excused == ()


def test_a_gate_that_came_and_one_that_went_have_one_side() -> None:
    found = held(record(facts(), error("old")), record(facts(), facts(gate="new")))
    assert [(gate.gate, gate.outcome_then, gate.outcome_now) for gate in found.gates] == [
        ("security", Outcome.PASSED, Outcome.PASSED),
        ("new", None, Outcome.PASSED),
        ("old", Outcome.ERRORED, None),
    ]
    assert (found.verdict_then, found.verdict_now) == (Verdict.ERRORED, Verdict.PASSED)


def test_what_was_examined_is_there_on_both_sides() -> None:
    fewer = replace(facts(), examined=Examined(unit="files", expected=3, done=2, skipped=(Skip(item="a.py", reason="syntax"),)))
    gate = only(held(record(facts()), record(fewer)))
    assert gate.examined_then == Amount(unit="files", expected=3, done=3, skipped=0)
    assert gate.examined_now == Amount(unit="files", expected=3, done=2, skipped=1)


def test_versions_of_tools_and_measurements_that_moved_are_named_and_no_others() -> None:
    def run(*versions: str) -> tuple[ToolRun, ...]:
        return tuple(ToolRun(tool="bandit", version=version, argv=(), exit_code=0) for version in versions)

    same = ToolRun(tool="git", version="2", argv=(), exit_code=0)
    then = replace(facts(measured={"coverage": "87", "branches": "5"}), tools=(*run("1.9.4", "1.9.4"), same))
    now = replace(facts(measured={"coverage": "86.5", "branches": "5", "lines": "7"}), tools=(*run("1.9.5"), same))
    gate = only(held(record(then), record(now)))
    assert [(tool.tool, tool.then, tool.now) for tool in gate.tools] == [("bandit", "1.9.4", "1.9.5")]
    assert [(item.name, item.then, item.now) for item in gate.measurements] == [
        ("coverage", Decimal(87), Decimal("86.5")),
        ("lines", None, Decimal(7)),
    ]


def test_times_are_of_gates_that_ran_not_of_the_cache() -> None:
    ran, cached = (GateRun(gate="security", started_ms=0, duration_ms=900, cached=cached) for cached in (False, True))
    gate = only(held(record(facts()), record(facts())))
    assert (gate.duration_then_ms, gate.duration_now_ms) == (None, None)
    before, after = record(facts()), record(facts())
    gate = only(held(replace(before, run=replace(before.run, gates=(ran,))), replace(after, run=replace(after.run, gates=(cached,)))))
    assert (gate.duration_then_ms, gate.duration_now_ms) == (900, None)


def test_waivers_that_came_went_ended_or_were_changed() -> None:
    ended = waiver(id="W-2", expires=DAY - timedelta(days=1))
    before = record(facts(), waivers=[waiver(), waiver(id="W-3"), replace(ended, expires=DAY)])
    after = record(facts(), waivers=[waiver(expires=DAY + timedelta(days=60)), ended, waiver(id="W-4")])
    fates = [(change.id, change.fate) for change in held(before, after).waivers]
    assert fates == [
        ("W-1", WaiverFate.CHANGED),
        ("W-2", WaiverFate.EXPIRED),
        ("W-2", WaiverFate.CHANGED),
        ("W-4", WaiverFate.ADDED),
        ("W-3", WaiverFate.GONE),
    ]
    assert held(before, after).waivers[0].words == "ends: 2027-01-21, was 2026-11-30"
    signed = record(facts(), waivers=[waiver(signature="ed25519:AAAA")])
    assert held(record(facts(), waivers=[waiver()]), signed).waivers[0].words == "signature: ed25519:AAAA, was none"


@pytest.mark.parametrize("after", [full(), hostile(), nothing()])
def test_a_comparison_is_the_same_after_it_was_written_and_read(after: Record) -> None:
    found = held(passed(), after)
    assert codec.decode(Comparison, codec.encode(found)) == found


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"verdict_now": Verdict.PASSED}, "another verdict"),
        ({"gates": ()}, "other gates"),
        ({"outcome_now": Outcome.PASSED}, "otherwise of security"),
        ({"examined_now": Amount(unit="files", expected=9, done=9, skipped=0)}, "otherwise of security"),
        ({"new": ()}, "findings of security"),
        ({"still": 3}, "findings of security"),
        ({"excused": ("fp1:0",)}, "findings of security"),
    ],
)
def test_a_comparison_that_says_otherwise_than_the_record_is_found_out(change: dict[str, Any], words: str) -> None:
    after = record(facts(finding(1)))
    found = held(record(facts()), after)
    assert disagreements(found, after) == []
    of_all = set(change) <= {"verdict_now", "gates"}
    lying = replace(found, **(change if of_all else {"gates": (replace(only(found), **change),)}))
    (said,) = disagreements(lying, after)
    assert words in said
