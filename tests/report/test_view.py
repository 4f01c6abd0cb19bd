"""Facts and decisions are paired once, in one order, in the same words."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from gates.model import GateDecision, Kind, Severity, State, WaiverRules, WaiverState
from gates.report import view
from tests.report.record_factory import full, nothing, passed


def gate(name: str) -> view.GateView:
    return next(item for item in view.gate_views(full()) if item.name == name)


def test_findings_carry_their_state_and_waiver() -> None:
    states = {item.finding.rule: (item.state, item.waiver, item.excused) for item in gate("dependencies").findings}
    assert states["dependencies/PYSEC-2026-114"] == (State.EXISTING, None, "")
    assert states["dependencies/CVE-2024-0001"] == (State.EXISTING, "W-12", "waived by W-12")


def test_flakes_and_reviews_are_no_findings() -> None:
    assert [item.finding.kind for item in gate("tests").findings] == [Kind.FAILURE, Kind.FAILURE]
    assert [item.finding.kind for item in gate("tests").notices] == [Kind.FLAKE]
    assert [item.finding.kind for item in gate("accessibility").notices] == [Kind.NEEDS_REVIEW]


def test_counts_of_the_decision_agree_with_what_is_shown() -> None:
    for item in view.gate_views(full()):
        assert len(item.findings) == item.decision.counts.findings


def test_findings_of_a_gate_that_was_not_judged_are_excused_by_nothing() -> None:
    record = full()
    decisions = tuple(replace(decision, findings=()) for decision in record.decision.gates)
    views = view.gate_views(replace(record, decision=replace(record.decision, gates=decisions)))
    assert {(item.state, item.waiver) for gate in views for item in gate.findings} == {(State.NEW, None)}


def test_a_gate_without_facts_is_shown() -> None:
    decision: GateDecision = gate("load").decision
    assert (gate("load").facts, decision.reasons) == (None, ("not of the stage change",))


def test_what_counts_comes_first_then_new_then_severe() -> None:
    order = view.ranked(item for gate in view.gate_views(full()) for item in gate.findings)
    keys = [(bool(item.excused), item.state is not State.NEW, -item.finding.severity) for item in order]
    assert keys == sorted(keys)
    assert order[-1].excused
    assert order[0].finding.severity is Severity.HIGH


@pytest.mark.parametrize(
    ("state", "rules", "note"),
    [
        (WaiverState.EXPIRED, WaiverRules(), "W-7 waived it until 2026-11-20, and is over"),
        (WaiverState.NOT_YET, WaiverRules(), "W-7 waives it from 2026-11-01 on"),
        (WaiverState.NOT_APPROVED, WaiverRules(), "W-7 would waive it, and is not approved as the policy wants"),
        (WaiverState.TOO_LONG, WaiverRules(too_long="fail"), "W-7 would waive it, and lasts longer than the policy allows"),
        (WaiverState.TOO_LONG, WaiverRules(too_long="warn"), ""),
        (WaiverState.ACTIVE, WaiverRules(), ""),
    ],
)
def test_a_finding_that_is_back_says_why(state: WaiverState, rules: WaiverRules, note: str) -> None:
    record = full()
    decisions = tuple(replace(item, state=state) if item.id == "W-7" else item for item in record.decision.waivers)
    record = replace(record, policy=replace(record.policy, waiver_rules=rules), decision=replace(record.decision, waivers=decisions))
    (finding,) = [item for gate in view.gate_views(record) for item in gate.findings if item.finding.rule == "security/B602"]
    assert finding.note == note


def test_a_waiver_of_another_folder_says_which() -> None:
    record = full()
    waivers = tuple(replace(item, folder="services/tea") if item.id == "W-7" else item for item in record.policy.waivers)
    states = tuple(replace(item, state=WaiverState.NOT_APPROVED) if item.id == "W-7" else item for item in record.decision.waivers)
    record = replace(record, policy=replace(record.policy, waivers=waivers), decision=replace(record.decision, waivers=states))
    (finding,) = [item for gate in view.gate_views(record) for item in gate.findings if item.finding.rule == "security/B602"]
    assert finding.note == "W-7 would waive it in the folder services/tea"


def test_a_finding_that_is_waived_says_so_whatever_another_waiver_lacks() -> None:
    record = full()
    states = [replace(state, waiver="W-9") for state in gate("security").decision.findings]
    gates = tuple(replace(item, findings=tuple(states)) if item.gate == "security" else item for item in record.decision.gates)
    record = replace(record, decision=replace(record.decision, gates=gates))
    (finding,) = [item for gate in view.gate_views(record) for item in gate.findings if item.finding.rule == "security/B602"]
    assert finding.note == "waived by W-9"


def test_waivers_that_need_somebody_come_first() -> None:
    assert [(item.decision.id, item.needs_person) for item in view.waiver_views(full())] == [("W-7", True), ("W-12", True), ("W-15", False)]


def test_only_gates_that_speak_disturb_people() -> None:
    assert [item.name for item in view.gate_views(full()) if item.needs_person] == ["tests", "security", "dependencies", "contracts"]


def test_the_reason_is_one_line() -> None:
    assert view.why(full()) == "tests failed: failures is 2, at most 0 allowed (and 2 more reasons)"
    assert view.why(passed()) == "1 gate is enforced, and every limit is met"
    assert view.why(nothing()) == "no gate is enforced at this stage: nothing could stop this"


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "0 ms"), (999, "999 ms"), (1000, "1.0 s"), (59_999, "60.0 s"), (60_000, "1 min 0 s"), (125_400, "2 min 5 s")],
)
def test_durations_are_for_people(milliseconds: int, text: str) -> None:
    assert view.duration(milliseconds) == text


def test_what_is_suppressed_is_not_counted_as_new_besides() -> None:
    item = gate("security")
    without_limits = replace(item, decision=replace(item.decision, checks=()))
    assert view.counts(without_limits) == "1 new, 1 existing, 1 suppressed"


def test_what_is_suppressed_and_counts_all_the_same_is_not_told_to_be_suppressed() -> None:
    marked = next(item for item in gate("security").findings if item.finding.suppressed_by)
    assert "waive it with the reason" in marked.remedy
    assert replace(marked, waiver="W-7").remedy == marked.finding.remedy
    others = [item for item in gate("security").findings if not item.finding.suppressed_by]
    assert [item.remedy for item in others] == [item.finding.remedy for item in others]


def test_one_more_than_allowed_says_how_the_one_is_found() -> None:
    item = gate("tests")
    (check,) = [check for check in item.decision.checks if check.met is False]
    one_allowed = replace(item.decision, checks=(replace(check, limit=replace(check.limit, max=Decimal(1))),))
    assert view.advice(item) == ()
    assert "`gates diff EARLIER LATER`" in view.advice(replace(item, decision=one_allowed))[0]
    told = tuple(replace(finding, state=State.EXISTING) for finding in item.findings[:1])
    assert view.advice(replace(item, decision=one_allowed, findings=(*told, *item.findings[1:]))) == ()


def test_counts_in_words() -> None:
    assert view.counts(gate("security")) == "1 over a limit, 1 within, 1 suppressed"
    assert view.counts(gate("accessibility")) == "1 existing, 1 to review"
    assert view.counts(gate("secrets")) == "none"
    assert view.counts(gate("contracts")) == ""
