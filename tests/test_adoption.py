"""What adopting writes: limits that what is there meets, and that one thing more breaks."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates import registry
from gates.adoption import Adopted, adopt
from gates.api import Gate, Limit, Suggestion
from gates.judge.decide import decide
from gates.model import (
    Context,
    Decision,
    Examined,
    Facts,
    Finding,
    Kind,
    Location,
    Measurement,
    Outcome,
    Severity,
    Skip,
    Stage,
    Status,
    Verdict,
)
from gates.policy import load
from gates.policy.compose import compose
from gates.survey import Proposal
from tests.policy.making import GATES

CONTEXT = Context(day=date(2026, 1, 2), stage=Stage.RELEASE)


def finding(gate: str, severity: Severity, number: int = 0, **changes: Any) -> Finding:
    said = {"message": "m", "location": Location(path="a.py"), "fingerprint": f"{severity.word}-{number}", **changes}
    return Finding(gate=gate, rule=f"{gate}/R", severity=severity, **said)


def facts(gate: str, findings: Sequence[Finding] = (), **changes: Any) -> Facts:
    skipped = changes.pop("skipped", ())
    examined = Examined(unit="files", expected=9 + len(skipped), done=9, skipped=skipped)
    said = {"status": Status.COMPLETED, "examined": examined, "findings": tuple(findings), **changes}
    return Facts(gate=gate, uses=gate, parser=1, **said)


def unknown(gate: str, reason: str) -> Facts:
    return Facts(gate=gate, uses=gate, parser=1, status=Status.ERROR, reason=reason, remedy="mend it")


def proposal(**options: Mapping[str, Any]) -> Proposal:
    return Proposal(found={gate: Suggestion(options=said) for gate, said in options.items()}, missing=())


def adopted(what: Proposal, *seen: Facts) -> Adopted:
    return adopt("gates.yaml", what, CONTEXT, seen)


def judged(text: str, seen: Sequence[Facts], stage: Stage = Stage.RELEASE, base: Sequence[Facts] = ()) -> Decision:
    policy = compose(load.collect_from("gates.yaml", {"gates.yaml": text.encode()}.get), stage, registry.find).policy
    return decide(policy, dataclasses.replace(CONTEXT, stage=stage), seen, base)


def comment(text: str) -> str:
    """The comments of a policy as one line."""
    return " ".join(line.strip().removeprefix("#").strip() for line in text.splitlines() if line.strip().startswith("#"))


COUNTS = st.dictionaries(st.sampled_from(list(Severity)), st.integers(0, 5))


@given(COUNTS, COUNTS, st.sampled_from([Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL]))
def test_what_is_there_passes_and_one_more_does_not(found: dict[Severity, int], hidden: dict[Severity, int], worse: Severity) -> None:
    findings = [finding("security", level, number) for level, count in found.items() for number in range(count)]
    suppressed = [finding("security", level, number, suppressed_by="# nosec") for level, count in hidden.items() for number in range(count)]
    there = facts("security", [*findings, *suppressed])
    text = adopted(proposal(security={}), there).text
    assert judged(text, [there]).verdict is Verdict.PASSED
    assert judged(text, [there], Stage.CHANGE, [there]).verdict is Verdict.PASSED
    more = dataclasses.replace(there, findings=(*there.findings, finding("security", worse, 99)))
    assert judged(text, [more]).verdict is Verdict.FAILED
    assert judged(text, [more], Stage.CHANGE, [there]).verdict is Verdict.FAILED
    if worse >= Severity.HIGH:
        hiding = dataclasses.replace(there, findings=(*there.findings, finding("security", worse, 99, suppressed_by="# nosec")))
        assert judged(text, [hiding]).verdict is Verdict.FAILED


@given(COUNTS)
def test_a_worse_finding_does_not_take_the_place_of_a_milder_one(found: dict[Severity, int]) -> None:
    there = facts("security", [finding("security", level, number) for level, count in found.items() for number in range(count)])
    text = adopted(proposal(security={}), there).text
    for index, item in enumerate(there.findings):
        if Severity.MEDIUM <= item.severity < Severity.CRITICAL:
            worse = dataclasses.replace(item, severity=Severity.CRITICAL)
            traded = (*there.findings[:index], worse, *there.findings[index + 1 :])
            assert judged(text, [dataclasses.replace(there, findings=traded)]).verdict is Verdict.FAILED


def test_a_repository_without_old_findings_gets_what_init_writes() -> None:
    clean = adopted(proposal(security={}, secrets={}), facts("security"), facts("secrets"))
    assert clean.text.partition("# What a change")[2] == proposal(security={}, secrets={}).text.partition("# What a change")[2]
    assert (clean.remarks, clean.as_it_stands) == ((), Verdict.PASSED)


def test_failing_tests_are_held_at_a_change_too_and_coverage_may_only_rise() -> None:
    failures = [finding("tests", Severity.HIGH, number, kind=Kind.FAILURE) for number in range(3)]
    there = facts("tests", failures, measurements=(Measurement(name="line-coverage", value=Decimal("83.52"), unit="percent"),))
    found = adopted(proposal(tests={"coverage": {"source": ["shop"]}}), there)
    assert "    require:\n      failures: {max: 3}\n      line-coverage: {min: 83}\n" in found.text
    assert "line-coverage is 83.52 percent. A change and a release pass with no less: the number may only rise" in comment(found.text)
    assert found.as_it_stands is Verdict.FAILED
    lower = dataclasses.replace(there, measurements=(Measurement(name="line-coverage", value=Decimal("82.99"), unit="percent"),))
    assert [judged(found.text, [item], Stage.CHANGE, [item]).verdict for item in (there, lower)] == [Verdict.PASSED, Verdict.FAILED]


def test_where_no_base_can_be_had_what_is_there_is_held_at_a_change_too() -> None:
    options = {"pages": ["/"], "serve": {"command": ["shop"]}}
    there = facts("accessibility", [finding("accessibility", Severity.HIGH)])
    found = adopted(proposal(accessibility=options), there)
    assert judged(found.text, [there], Stage.CHANGE).verdict is Verdict.PASSED
    assert "A change and a release pass with as many" in comment(found.text)
    static = adopted(proposal(accessibility={**options, "serve": {"directory": "public"}}), there)
    assert "    at:\n      release:\n" in static.text


HOSTILE = "broken\u2028gates: {}\x85\r\nenforcement: off \u202e\x1b[2J # \ud800"


@pytest.mark.parametrize("reason", ["the tool is missing", HOSTILE])
def test_a_gate_that_could_not_tell_warns_with_its_reason(reason: str) -> None:
    there = [unknown("security", reason), facts("secrets", [finding("secrets", Severity.HIGH)])]
    found = adopted(proposal(security={}, secrets={}), *there)
    found.text.encode()
    decision = judged(found.text, there)
    assert (decision.verdict, decision.would_be) == (Verdict.PASSED, Verdict.ERRORED)
    assert [gate.outcome for gate in decision.gates] == [Outcome.ERRORED, Outcome.PASSED]
    assert "  security:\n    enforcement: warn\n" in found.text
    assert "It could not tell on 2026-01-02, so it warns and stops nobody: " in comment(found.text)
    assert "(mend it)" in comment(found.text)


@pytest.mark.parametrize(("passed", "held"), [(0, False), (1, True), (None, False)], ids=["none passed", "one passed", "nobody counts"])
def test_what_all_failed_is_no_debt_to_be_held(passed: int | None, held: bool) -> None:
    places = [Location(path=f"test_{number}.py") for number in range(2)]
    failures = [finding("tests", Severity.HIGH, number, kind=Kind.FAILURE, location=place) for number, place in enumerate(places)]
    counted = () if passed is None else (Measurement(name="passed", value=Decimal(passed), unit="tests"),)
    there = facts("tests", failures, examined=Examined(unit="tests", expected=2, done=2), measurements=counted)
    found = adopted(proposal(tests={}), there)
    assert ("failures: {max: 2}" in found.text, "tests" in found.unknown) == (held, not held)
    assert ("none of its tests passed, so is the set-up right?" in comment(found.text)) is not held
    assert (judged(found.text, [there]).verdict, judged(found.text, [there]).would_be) == (
        Verdict.PASSED,
        Verdict.PASSED if held else Verdict.FAILED,
    )


def test_a_gate_that_examined_nothing_warns() -> None:
    there = facts("security", examined=Examined(unit="files", expected=0, done=0))
    found = adopted(proposal(security={}), there)
    assert "nothing was examined. Mend that" in comment(found.text)
    assert judged(found.text, [there]).verdict is Verdict.PASSED


def test_a_gate_s_own_limits_are_held_each_as_it_is_and_the_whole_ones_stay() -> None:
    limits = (
        Limit(name="findings", severity=Severity.CRITICAL, max=Decimal(2)),
        Limit(name="findings", severity=Severity.LOW, new_max=Decimal(0)),
        Limit(name="skipped", max=Decimal(0)),
        Limit(name="lines", min=Decimal(100)),
        Limit(name="warnings", max=Decimal(1)),
    )
    gate: Gate = dataclasses.replace(GATES["security"], id="own", limits=limits, measurements={"lines": "lines", "warnings": "warnings"})
    there = facts(
        "own",
        [finding("own", Severity.CRITICAL), finding("own", Severity.LOW)],
        skipped=(Skip(item="b.py", reason="r"),),
        measurements=(Measurement(name="lines", value=Decimal("80.5"), unit="l"), Measurement(name="warnings", value=Decimal(1), unit="w")),
    )
    found = adopt("gates.yaml", proposal(own={}), CONTEXT, [there], find_gate={"own": gate}.__getitem__)
    assert "findings:\n          - {severity: critical, max: 2}\n          - {severity: medium, max: 1}\n" in found.text
    assert "          - {severity: low, max: 2}\n" in found.text
    assert "skipped: {max: 1}" in found.text
    assert "lines: {min: 80.5}" in found.text
    assert "warnings" not in found.text
    assert "80.5 lines. A change and a release pass with no less" in comment(found.text)


def test_the_text_depends_on_nothing_but_the_facts_and_the_day() -> None:
    there = facts("security", [finding("security", Severity.HIGH)])
    first, second = (adopted(proposal(security={}), there).text for _ in range(2))
    assert first == second
    later = adopt("gates.yaml", proposal(security={}), dataclasses.replace(CONTEXT, day=date(2026, 3, 4)), [there]).text
    assert later.replace("2026-03-04", "2026-01-02") == first
