"""The judge: outcomes, verdicts and the order among them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates import canonical, codec
from gates.judge.decide import NOTHING_ENFORCED, decide
from gates.model import (
    Decision,
    Enforcement,
    Examined,
    Facts,
    Finding,
    Kind,
    Limit,
    Outcome,
    Policy,
    Severity,
    Skip,
    Stage,
    State,
    Status,
    Verdict,
)
from tests.judge.making import NONE_AT_ALL, NOTHING_NEW, context, error, facts, finding, gate_policy, policy, waiver

ORDER = {Verdict.PASSED: 0, Verdict.ERRORED: 1, Verdict.FAILED: 2}


def judge(a_policy: Policy, *reported: Facts, base: tuple[Facts, ...] = (), **changes: Any) -> Decision:
    return decide(a_policy, context(**changes), reported, base)


def test_a_gate_within_its_limits_passes() -> None:
    decision = judge(policy(gate_policy("security", NOTHING_NEW)), facts())
    assert decision.verdict is Verdict.PASSED
    assert decision.enforced == 1
    assert decision.gates[0].outcome is Outcome.PASSED


def test_a_broken_limit_fails_and_says_how_far() -> None:
    decision = judge(policy(gate_policy("security", NONE_AT_ALL)), facts(finding(1), finding(2)))
    assert decision.verdict is Verdict.FAILED
    assert decision.gates[0].reasons == ("findings is 2, at most 0 allowed",)
    assert decision.reasons == ("security failed: findings is 2, at most 0 allowed",)


@pytest.mark.parametrize(
    ("enforcement", "broken", "unknown"),
    [
        (Enforcement.BLOCK, (Outcome.FAILED, Verdict.FAILED), (Outcome.ERRORED, Verdict.ERRORED)),
        (Enforcement.WARN, (Outcome.WARNED, Verdict.PASSED), (Outcome.ERRORED, Verdict.PASSED)),
        (Enforcement.SHADOW, (Outcome.WARNED, Verdict.PASSED), (Outcome.ERRORED, Verdict.PASSED)),
    ],
)
def test_enforcement_decides_what_counts(
    enforcement: Enforcement, broken: tuple[Outcome, Verdict], unknown: tuple[Outcome, Verdict]
) -> None:
    a_policy = policy(gate_policy("security", NONE_AT_ALL, enforcement=enforcement))
    failed, could_not_tell = judge(a_policy, facts(finding())), judge(a_policy, error())
    assert (failed.gates[0].outcome, failed.verdict) == broken
    assert (could_not_tell.gates[0].outcome, could_not_tell.verdict) == unknown
    assert failed.would_be is Verdict.FAILED
    assert could_not_tell.would_be is Verdict.ERRORED


def test_a_gate_that_is_off_or_of_another_stage_or_not_applicable_is_skipped_with_its_reason() -> None:
    decision = judge(
        policy(
            gate_policy("off", enforcement=Enforcement.OFF),
            gate_policy("later", stages=(Stage.RELEASE,)),
            gate_policy("absent", not_applicable="there are no pages"),
        )
    )
    assert [gate.outcome for gate in decision.gates] == [Outcome.SKIPPED] * 3
    assert [gate.reasons[0] for gate in decision.gates] == [
        "the policy switches it off",
        "not of the stage change",
        "not applicable: there are no pages",
    ]


def test_where_nothing_is_enforced_the_decision_says_so_aloud() -> None:
    decision = judge(policy(gate_policy("security", enforcement=Enforcement.WARN)), facts())
    assert (decision.verdict, decision.enforced) == (Verdict.PASSED, 0)
    assert decision.reasons == (NOTHING_ENFORCED,)


def test_a_gate_that_did_not_report_is_errored() -> None:
    decision = judge(policy(gate_policy("security"), gate_policy("tests")), facts())
    assert decision.verdict is Verdict.ERRORED
    assert "did not report" in decision.gates[1].reasons[0]


def test_failed_stands_above_errored_and_both_are_shown() -> None:
    decision = judge(policy(gate_policy("security", NONE_AT_ALL), gate_policy("tests")), facts(finding()), error("tests"))
    assert decision.verdict is Verdict.FAILED
    assert len(decision.reasons) == 2


def test_nothing_examined_never_passes() -> None:
    assert judge(policy(gate_policy("security")), facts(done=0)).verdict is Verdict.ERRORED


def test_what_is_neither_examined_nor_explained_is_errored() -> None:
    decision = judge(policy(gate_policy("security")), facts(done=3, expected=5))
    assert decision.gates[0].reasons == ("of 5 files, 2 are neither examined nor explained",)


def test_a_skipped_item_with_its_reason_is_explained() -> None:
    explained = replace(facts(), examined=Examined(unit="files", expected=4, done=3, skipped=(Skip(item="a.bin", reason="binary"),)))
    assert judge(policy(gate_policy("security")), explained).verdict is Verdict.PASSED
    limited = policy(gate_policy("security", Limit(name="skipped", max=Decimal(0))))
    assert judge(limited, explained).verdict is Verdict.FAILED


def test_a_limit_on_what_was_not_measured_is_errored() -> None:
    decision = judge(policy(gate_policy("security", Limit(name="line-coverage", min=Decimal(80)))), facts())
    assert decision.verdict is Verdict.ERRORED
    assert decision.gates[0].reasons == ("line-coverage was not measured, and the policy limits it",)


@pytest.mark.parametrize(
    ("value", "outcome"), [("85", Outcome.PASSED), ("84.999999999999999999", Outcome.FAILED), ("85.01", Outcome.PASSED)]
)
def test_measurements_are_compared_exactly(value: str, outcome: Outcome) -> None:
    a_policy = policy(gate_policy("security", Limit(name="line-coverage", min=Decimal(85))))
    assert judge(a_policy, facts(measured={"line-coverage": value})).gates[0].outcome is outcome


def test_severity_says_which_findings_count() -> None:
    from_high = Limit(name="findings", severity=Severity.HIGH, max=Decimal(0))
    medium = facts(finding(severity=Severity.MEDIUM))
    assert judge(policy(gate_policy("security", from_high)), medium).verdict is Verdict.PASSED
    assert judge(policy(gate_policy("security", from_high)), facts(finding(severity=Severity.CRITICAL))).verdict is Verdict.FAILED


def test_suppressed_findings_have_a_count_of_their_own() -> None:
    suppressed = facts(finding(suppressed_by="# nosec"))
    assert judge(policy(gate_policy("security", NONE_AT_ALL)), suppressed).verdict is Verdict.PASSED
    decision = judge(policy(gate_policy("security", Limit(name="suppressed", max=Decimal(0)))), suppressed)
    assert decision.verdict is Verdict.FAILED
    assert decision.gates[0].counts.suppressed == 1


def test_needs_review_and_flakes_are_limited_on_their_own() -> None:
    reported = facts(finding(1, kind=Kind.NEEDS_REVIEW), finding(2, kind=Kind.FLAKE), finding(3, kind=Kind.FAILURE))
    assert judge(policy(gate_policy("security", Limit(name="findings", max=Decimal(1)))), reported).verdict is Verdict.PASSED
    for name in ("needs-review", "flakes", "failures"):
        decision = judge(policy(gate_policy("security", Limit(name=name, max=Decimal(0)))), reported)
        assert decision.gates[0].reasons == (f"{name} is 1, at most 0 allowed",)
    assert decision.gates[0].counts.findings == 1


def test_only_what_is_new_counts_against_a_limit_on_the_new() -> None:
    base = (facts(finding(1), finding(2)),)
    decision = judge(policy(gate_policy("security", NOTHING_NEW)), facts(finding(1), finding(3)), base=base)
    assert decision.verdict is Verdict.FAILED
    assert [state.state for state in decision.gates[0].findings] == [State.EXISTING, State.NEW]
    assert decision.gates[0].mended == ("fp1:" + f"{2:032x}",)
    assert judge(policy(gate_policy("security", NOTHING_NEW)), facts(finding(1)), base=base).verdict is Verdict.PASSED


def test_twins_are_counted_not_merged() -> None:
    base = (facts(finding(1)),)
    decision = judge(policy(gate_policy("security", NOTHING_NEW)), facts(finding(1), finding(1)), base=base)
    assert (decision.gates[0].counts.new, decision.gates[0].counts.existing) == (1, 1)


def test_a_base_that_could_not_tell_makes_nothing_old() -> None:
    decision = judge(policy(gate_policy("security", NOTHING_NEW)), facts(finding(1)), base=(error(),))
    assert decision.gates[0].counts.new == 1


@pytest.mark.parametrize(("before", "outcome"), [("90", Outcome.FAILED), ("85.5", Outcome.PASSED), (None, Outcome.PASSED)])
def test_a_regression_is_held_against_the_base(before: str | None, outcome: Outcome) -> None:
    limit = Limit(name="line-coverage", regression=Decimal("0.5"))
    base = () if before is None else (facts(measured={"line-coverage": before}),)
    decision = judge(policy(gate_policy("security", limit)), facts(measured={"line-coverage": "85"}), base=base)
    assert decision.gates[0].outcome is outcome


def test_a_selection_makes_the_verdict_partial() -> None:
    decision = judge(policy(gate_policy("security"), gate_policy("tests")), facts(), selection=("security",))
    assert decision.partial == ("left out by the selection: tests",)
    assert decision.gates[1].outcome is Outcome.SKIPPED


def test_where_a_hook_named_nothing_of_a_gate_s_it_is_skipped_and_only_then() -> None:
    nothing = Facts(
        gate="security", uses="security", parser=1, status=Status.NOT_APPLICABLE, reason="none of the named files is a Python file"
    )
    a_policy = policy(gate_policy("security"), gate_policy("tests"))
    named = judge(a_policy, nothing, facts(gate="tests"), limited=("2 files that were named, not the whole tree",), named=2)
    assert (named.verdict, named.enforced, named.gates[0].outcome) == (Verdict.PASSED, 1, Outcome.SKIPPED)
    assert judge(a_policy, nothing, facts(gate="tests")).verdict is Verdict.ERRORED


@pytest.mark.parametrize("words", ["a.py was written to during the run", "3 files are not checked out", "the run was interrupted"])
def test_what_a_change_can_do_to_make_a_run_see_less_lets_no_gate_say_that_it_has_nothing_to_do(words: str) -> None:
    """Its tests may write to a tracked file, or stop the run: a gate that then claims to have nothing has not looked."""
    nothing = Facts(gate="security", uses="security", parser=1, status=Status.NOT_APPLICABLE, reason="nothing is here")
    decision = judge(policy(gate_policy("security"), gate_policy("tests")), nothing, facts(gate="tests"), limited=(words,))
    assert (decision.verdict, decision.gates[0].outcome) == (Verdict.ERRORED, Outcome.ERRORED)


def test_facts_that_nobody_asked_for_are_refused() -> None:
    with pytest.raises(ValueError, match="was not asked"):
        judge(policy(gate_policy("tests")), facts())
    with pytest.raises(ValueError, match="reports twice"):
        judge(policy(gate_policy("security")), facts(), facts())
    with pytest.raises(ValueError, match="the gate 'security' reports as 'security', and the policy asks for 'bandit'"):
        judge(policy(gate_policy("security", uses="bandit")), facts())


# -- properties ------------------------------------------------------------------------------------

findings = st.builds(
    finding,
    st.integers(1, 6),
    severity=st.sampled_from(Severity),
    kind=st.sampled_from(Kind),
    suppressed_by=st.sampled_from([None, "# nosec"]),
)
limits = st.builds(
    Limit,
    name=st.sampled_from(["findings", "failures", "suppressed", "skipped", "needs-review", "flakes"]),
    severity=st.sampled_from([None, *Severity]),
    max=st.sampled_from([None, Decimal(0), Decimal(2)]),
    new_max=st.sampled_from([None, Decimal(0), Decimal(1)]),
).filter(lambda limit: limit.name != "skipped" or limit.new_max is None)


@given(st.lists(findings, max_size=6), findings, st.lists(limits, max_size=4), st.lists(findings, max_size=3))
def test_one_more_finding_never_improves_a_verdict(found: list[Finding], extra: Finding, require: list[Limit], old: list[Finding]) -> None:
    a_policy, base = policy(gate_policy("security", *require)), (facts(*old),)
    before = judge(a_policy, facts(*found), base=base)
    after = judge(a_policy, facts(*found, extra), base=base)
    assert ORDER[after.verdict] >= ORDER[before.verdict]


@given(st.lists(findings, max_size=6), st.lists(limits, max_size=4), limits)
def test_one_more_limit_never_improves_a_verdict(found: list[Finding], require: list[Limit], extra: Limit) -> None:
    before = judge(policy(gate_policy("security", *require)), facts(*found))
    after = judge(policy(gate_policy("security", *require, extra)), facts(*found))
    assert ORDER[after.verdict] >= ORDER[before.verdict]


@given(st.lists(findings, max_size=6), st.lists(limits, max_size=4))
def test_the_same_inputs_give_the_same_bytes_and_survive_being_written(found: list[Finding], require: list[Limit]) -> None:
    a_policy = policy(gate_policy("security", *require), waivers=[waiver()])
    first, second = judge(a_policy, facts(*found)), judge(a_policy, facts(*found))
    assert canonical.of(first) == canonical.of(second)
    assert codec.decode(Decision, canonical.loads(canonical.of(first))) == first


@given(st.lists(findings, min_size=1, max_size=6), st.lists(limits, max_size=3))
def test_a_finding_of_a_gate_is_never_lost(found: list[Finding], require: list[Limit]) -> None:
    decision = judge(policy(gate_policy("security", *require)), facts(*found))
    gate = decision.gates[0]
    assert len(gate.findings) == len(found)
    assert gate.counts.new + gate.counts.existing == gate.counts.findings
